{{ config(materialized="parquet_batches", batches="months", compression="snappy") }}

with named as (
    select
        raw_cells.source_line,
        raw_cells.timestamp,
        raw_cells.raw_column,
        raw_cells.number,
        raw_cells.unreadable,
        files.file_number,
        files.datasource_id,
        files.building_id,
        files.precedence,
        case
            when raw_cells.raw_measurement is not null
                then coalesce(raw_cells.device, files.device) || '/' || raw_cells.raw_measurement
            else coalesce(raw_cells.device, nullif(files.device, ''), raw_cells.raw_column)
        end as raw_name
    from {{ ref("stg_landed_cells") }} as raw_cells
    inner join {{ ref("landing_files") }} as files on raw_cells.landed_values = files.landed_values
),

judged as (
    select
        named.*,
        series.mapping_id,
        series.series_id,
        named.number * series.scale + series."offset" as value,
        value not between series.value_min and series.value_max as is_outlier,
        case
            when series.series_id is null then 'unmapped'
            when series.disposition = 'ignored' then 'ignored'
            when named.number is not null then 'reading'
            when named.unreadable is null then 'null'
            else 'unparsable'
        end::enum('reading', 'null', 'unmapped', 'ignored', 'unparsable') as outcome
    from named
    left join {{ ref("stg_series") }} as series
        on
            named.datasource_id = series.datasource_id
            and named.raw_name = series.raw_name
            and named.raw_column = series.raw_column
            and named.timestamp >= series.valid_from
            and named.timestamp < series.valid_to
    where
        named.building_id = getvariable('building_id')
        and named.timestamp >= getvariable('start')
        and named.timestamp < getvariable('stop')
)

select
    timestamp,
    series_id,
    mapping_id,
    value,
    is_outlier,
    file_number::integer as source_file,
    source_line,
    precedence::integer as precedence,
    outcome,
    case
        when outcome = 'unmapped' then raw_name || ': ' || raw_column
        when outcome = 'unparsable' then unreadable
    end as raw_text
from judged
