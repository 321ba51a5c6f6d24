-- Lengths of windows for which an answer is not whole: a moment is missing, or it counts fewer readings than another length.
-- (An error in mid-answer comes with the status of a success, as one more table.)
select every
from moments
group by every
having
    sum(count) is distinct from (select max(total) from (select sum(count) as total from moments group by every))
    or bool_or(start is null or value_sum is null or value_min is null or value_max is null)
order by every
