-- which row of datasource_mappings describes a column; names and regexes are compared in Python, as validation does
select
    datasource_id,
    raw_column,
    value_column
from {{ plan("value_columns") }}
