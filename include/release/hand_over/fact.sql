-- readings of the floating window; the wall clock of the building with Z written on it, as the old job did
select
    strftime(timestamp at time zone $timezone, '%Y-%m-%dT%H:%M:%SZ') as timestamp,
    location,
    measurement as data_key,
    value
from public_dataset_raw
where building_id = $building_id and source = $source and $measurement in ('', measurement)
order by all
