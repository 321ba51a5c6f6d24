{{ config(materialized="parquet_batches", batches="fact_months", same_bytes=true, may_be_idle=true) }}

{{ presence_by("local_date") }}
