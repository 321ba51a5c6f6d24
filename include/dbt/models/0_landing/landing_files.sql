select
    number as file_number,
    datasource_id,
    building_id,
    device,
    precedence,
    landed_values,
    columns
from {{ plan("files") }}
