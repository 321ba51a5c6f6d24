-- what rows of fact_columns.csv say of what is measured in the room
with said as (
    select distinct
        measured.building_id,
        measured.location,
        fact_columns."column"
    from (select distinct
        building_id,
        location,
        measurement
    from public_dataset_daily) as measured
    inner join fact_columns
        on
            measured.building_id = fact_columns.building_id
            and list_contains(fact_columns.measurements, measured.measurement)
)

select
    rooms.id as room_id,
    rooms.building_id,
    rooms.name as location,
    -- the public name of a room begins with that of its apartment
    if(starts_with(rooms.name, apartments.name || '/'), rooms.name[len(apartments.name) + 2:], rooms.name) as room,
    apartments.id as apartment_id,
    apartments.name as apartment,
    apartments.floor,
    exists(
        select 1 from said
        where
            said.building_id = rooms.building_id
            and said.location = rooms.name
            and said."column" = 'is_outdoor'
    ) as is_outdoor,
    exists(
        select 1 from said
        where
            said.building_id = rooms.building_id
            and said.location = rooms.name
            and said."column" = 'motion_count'
    ) as is_watched
from public_dataset_hierarchy as rooms
inner join public_dataset_hierarchy as apartments on rooms.parent_id = apartments.id
where rooms.type = 'Room' and apartments.type = 'Apartment'
