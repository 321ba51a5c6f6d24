-- Tables of the public hierarchy from what the graph answered.
--
-- places, sensors, measured, pairs   answers of ancestors, sensors_with_places, measured and adjacent_pairs
create temp table paths as
select
    id,
    any_value(type) as type,
    any_value(name) as name,
    any_value(level) as level,
    any_value(coordinates) as coordinates,
    any_value(ancestor_id) filter (where ancestor_level = level - 1) as parent_id,
    string_agg(ancestor_id, ' > ' order by ancestor_level) as path_ids,
    string_agg(ancestor_name, ' > ' order by ancestor_level) as path_names,
    any_value(ancestor_id) filter (where ancestor_type = 'Building') as building_id,
    any_value(ancestor_name) filter (where ancestor_type = 'Floor') as floor,
    any_value(ancestor_name) filter (where ancestor_type = 'Zone') as zone,
    any_value(ancestor_name) filter (where ancestor_type = 'Room') as room
from places
group by id;

create temp table hierarchy as
select
    * exclude (coordinates),
    null::varchar as source,
    null::varchar as measurements,
    nullif(coordinates, '') as coordinates,
    null::date as valid_from,
    null::date as valid_to
from paths
union all by name
select
    sensors.id,
    'Sensor' as type,
    sensors.name,
    sensors.level,
    sensors.place_id as parent_id,
    paths.path_ids || ' > ' || sensors.id as path_ids,
    paths.path_names || ' > ' || sensors.name as path_names,
    paths.building_id,
    paths.floor,
    paths.zone,
    paths.room,
    sensors.source,
    (select string_agg(measurement, ';' order by measurement) from measured where measured.sensor_id = sensors.id) as measurements,
    nullif(sensors.coordinates, '') as coordinates,
    nullif(sensors.valid_from, '0001-01-01')::date as valid_from,
    nullif(sensors.valid_to, '9999-12-31')::date as valid_to
from sensors
inner join paths on sensors.place_id = paths.id;

create temp table adjacency as
select * from pairs;
