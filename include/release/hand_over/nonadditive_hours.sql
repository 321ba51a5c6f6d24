select * from hours
where measurement = 'nonadditive' and strftime(time, '%Y-%m') = $month
order by all
