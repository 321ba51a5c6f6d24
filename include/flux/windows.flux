// One moment of each series in days, weeks or months of a calendar, labelled by the window's start. It is made from
// blocks: the storage engine makes no smallest and largest of calendar windows, and would hand out every point.
//
// _bucket  the readings of one floating window
// _start   start of the first window; one that begins earlier is cut here, and labelled by it
// _stop    end of the last window, exclusive
// _moment  "count", "sum", "min" or "max"
// _block   length of the blocks that the windows consist of, such as "3600s"
// _every   length of a window: "1d", "1w", "1mo"
// _offset  "0s", or "4d" so that weeks begin on Monday (the epoch began on a Thursday)
// _zone    whose calendar it is: IANA name
import "timezone"

of_block = if _moment == "count" then count else if _moment == "sum" then sum else if _moment == "min" then min else max
of_window = if _moment == "min" then min else if _moment == "max" then max else sum

from(bucket: _bucket)
    |> range(start: _start, stop: _stop)
    |> filter(fn: (r) => r._measurement == "readings" and r._field == "value")
    |> aggregateWindow(every: duration(v: _block), fn: of_block, createEmpty: false, timeSrc: "_start")
    |> aggregateWindow(
        every: duration(v: _every),
        offset: duration(v: _offset),
        location: timezone.location(name: _zone),
        fn: of_window,
        createEmpty: false,
        timeSrc: "_start",
    )
    |> drop(columns: ["_start", "_stop", "_field", "_measurement"])
