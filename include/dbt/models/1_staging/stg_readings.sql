with cells as (
    select *, null::varchar as raw_measurement from {{ ref("stg_wide_csv") }}
    union all by name
    select * from {{ ref("stg_narrow_csv") }}
),

named as (
    select
        cells.* exclude (device),
        files.file_number,
        files.datasource_id,
        files.building_id,
        files.precedence,
        case
            when cells.raw_measurement is not null
                then coalesce(cells.device, files.device) || '/' || cells.raw_measurement
            else coalesce(cells.device, nullif(files.device, ''), cells.raw_column)
        end as raw_name
    from cells
    inner join {{ ref("landing_files") }} as files on cells.landed_text = files.landed_text
)

select
    named.timestamp,
    named.building_id,
    series.source,
    series.location,
    series.sensor_id,
    series.measurement,
    series.series_id,
    named.number * series.scale + series."offset" as value,
    case when value between series.value_min and series.value_max then 'ok' else 'outlier' end as quality,
    named.file_number::integer as source_file,
    named.source_line,
    named.precedence,
    named.datasource_id,
    named.raw_name,
    named.raw_column,
    named.raw_value,
    case
        when series.series_id is null then 'unmapped'
        when series.disposition = 'ignored' then 'ignored'
        when named.number is not null then 'reading'
        when named.is_null then 'null'
        else 'unparsable'
    end as outcome
from named
left join {{ ref("stg_series") }} as series
    on
        named.datasource_id = series.datasource_id
        and named.raw_name = series.raw_name
        and named.raw_column = series.raw_column
        and named.timestamp >= series.valid_from
        and named.timestamp < series.valid_to
