// One moment of each series in blocks of plain UTC time, labelled by the block's start. The storage engine makes it
// without reading points one by one: 5 million in a fifth of a second.
//
// Flux's stddev() does read every point (30 s for 5 million). So each reading is stored with its squared distance from a
// constant near its series' mean, too, and deviations follow from the sums of both (include/engines/timeseries/influxdb/aggregates.sql).
//
// _bucket  the readings of one floating window
// _start   start of the first block
// _stop    end of the last block, exclusive
// _field   "value", or "square"
// _moment  "count", "sum", "min" or "max"
// _every   length of a block, such as "3600s"
of_block = if _moment == "count" then count else if _moment == "sum" then sum else if _moment == "min" then min else max

from(bucket: _bucket)
    |> range(start: _start, stop: _stop)
    |> filter(fn: (r) => r._measurement == "readings" and r._field == _field)
    |> aggregateWindow(every: duration(v: _every), fn: of_block, createEmpty: false, timeSrc: "_start")
    |> drop(columns: ["_start", "_stop", "_field", "_measurement"])
