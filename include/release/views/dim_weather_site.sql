select distinct
    building_id,
    regexp_extract(location, '^(.+)/\+\d+h$', 1) as site
from dim_location
where regexp_matches(location, '/\+\d+h$')
