{{ config(materialized="parquet_batches", batches="windows") }}

{{ aggregate("month") }}
