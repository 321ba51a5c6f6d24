select * from hours
where measurement = 'additive' and strftime(time, '%Y-%m') = $month
order by all
