select
    id as apartment_id,
    building_id,
    name as apartment,
    floor
from public_dataset_hierarchy
where type = 'Apartment'
