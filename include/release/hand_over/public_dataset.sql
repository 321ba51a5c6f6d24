select * from hours
order by time, location, data_key, source
