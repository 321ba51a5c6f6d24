select
    number as file_number,
    datasource_id,
    building_id,
    device,
    precedence,
    landed_text,
    columns
from {{ plan("files") }}
