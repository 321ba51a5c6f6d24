select distinct
    datasource_id,
    unnest(from_json(columns, '["varchar"]')) as raw_column
from {{ ref("landing_files") }}
