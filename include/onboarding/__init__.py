"""From a sample file to the seed rows that let it be read: how it is written, what its columns
mean, and which rows say so.
"""
