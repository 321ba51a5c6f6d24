{{
    config(
        materialized="parquet_batches",
        batches="months",
        same_bytes=true,
        pre_hook=[
            "{{ enums(ref('landing_files'), ['building_id']) }}",
            "{{ enums(ref('stg_series'), ['source', 'location', 'sensor_id', 'measurement']) }}",
        ],
    )
}}

{% set columns = ["timestamp", "series_id", "mapping_id", "value", "is_outlier", "source_file", "source_line"] %}

with contested as (
    select * from {{ batch_of(ref("int_contested_readings")) }}
),

kept as (
    select {{ columns | join(", ") }}
    from {{ batch_of(ref("stg_cells")) }} as readings
    where
        outcome = 'reading'
        and not exists (
            select 1 from contested
            where contested.series_id = readings.series_id and contested.timestamp = readings.timestamp
        )
    union all
    select {{ columns | join(", ") }} from contested
    where fate = 'kept'
),

-- looked up once for each series, not once for each reading
series as materialized (
    select
        mapping_id,
        source::source_enum as source,
        location::location_enum as location,
        sensor_id::sensor_id_enum as sensor_id,
        measurement::measurement_enum as measurement
    from {{ ref("stg_series") }}
)

select
    kept.timestamp,
    getvariable('building_id')::building_id_enum as building_id,
    series.source,
    series.location,
    series.sensor_id,
    series.measurement,
    kept.value,
    case when kept.is_outlier then 'outlier' else 'ok' end::enum('ok', 'outlier') as quality,
    kept.source_file,
    kept.source_line
from kept
inner join series on kept.mapping_id = series.mapping_id
order by kept.series_id, kept.timestamp
