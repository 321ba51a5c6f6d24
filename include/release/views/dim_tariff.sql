select
    building_id,
    provider,
    valid_from,
    nullif(valid_to, date '9999-12-31') as valid_to,
    list_reduce(weekdays, lambda text, day: text || day, '') as weekdays,
    from_minute,
    to_minute,
    chf_per_kwh
from tariffs
