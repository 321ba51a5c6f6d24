"""The README and the LICENSE that go with every release.

They name only what their reader has: the release and its history.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from include.contract.tables import Table, file_of
from include.core.plain_text import plain, some
from include.registry.rows import Building

SHOWN = 100  # refused files in the README; lineage.json has all


def licence(title: str, buildings: Iterable[Building], version: str) -> str:
    """Whose data it is, under which licence, and how to cite it."""
    head = f"{title}, release {version}\n"
    return head + "".join(
        f"""
Data of {b.name} ({b.building_id})
Licence: {b.licence}, https://spdx.org/licenses/{b.licence}.html
Cite as: {b.name}: {title}, release {version}, {b.licence}. Add the address from which you got it.
Changes: made from the raw sensor files of the building. Times were converted to UTC, duplicates removed, outliers flagged, hours to
months aggregated; see README.md. If you change the data further, say so.
"""
        for b in buildings
    )


def readme(
    title: str,
    buildings: Iterable[Building],
    as_of: datetime,
    version: str,
    rows: dict[str, int],
    lineage: dict[str, Any],
    published: Sequence[Table],
    explorer: str,
) -> str:
    """Markdown: what it is, how to read it, what every column means; `explorer`: what is said of
    explorer/data.
    """
    listed = "\n".join(
        f"- `{b.building_id}`: {plain(b.name)}, time zone {b.timezone}, licence {plain(b.licence)}"
        for b in buildings
    )
    files = "\n".join(
        f"| `{table.file}` | {rows[table.file]:,} | {table.description} |" for table in published
    )
    counted = lineage["conservation"]
    return f"""# {title}, release {version}

State of {as_of:%Y-%m-%d %H:%M} UTC. `LICENSE` says whose data it is and how to cite it.

{listed}

Times are UTC and name the start of their window; `local_date` is the building's own date. Days, weeks (from Monday)
and months follow the building's calendar, so a day has 23, 24 or 25 hours. Only windows that were over are in.
Values outside a sensor's physical bounds are flagged `outlier` in the readings and left out of the aggregates.

| file | rows | what |
|---|---:|---|
{files}

## Read it

Run these in the folder of this file.

```sql
-- DuckDB
select location, avg(value_mean) from '{file_of("agg_daily")}' where measurement = 'temp_indoor' group by location;
```

```python
import pandas, polars
hourly = pandas.read_parquet("{file_of("agg_hourly")}")
readings = polars.scan_parquet("{file_of("fct_sensor_readings")}")
```

Verify with `sha256sum --check SHA256SUMS`.
{explorer}
## Where a number comes from

Every aggregate is made from readings, and every reading comes from one line of a raw file.

1. `{file_of("fct_sensor_readings")}` has the readings of the last months. The readings of all months are published once, one Parquet file a
   building and month, with the same columns. `history` in `lineage.json` names each file: `path`, `sha256`, `rows`, `bytes`. The path
   begins at the address that holds `latest.json` and the folder of releases. A corrected month is another file; the old one stays as
   long as a published release names it.
2. `source_file` of a reading is a number of its building in `inputs` of `lineage.json`, which gives the raw file's name and sha256. Join on
   `building_id` and `source_file`. `source_line` is the line in that file, counted from 1.

```python
import json, pandas
public = "../.."  # the folder or address that holds latest.json
lineage = json.load(open("lineage.json"))
hourly = pandas.read_parquet("{file_of("agg_hourly")}")
value = hourly.iloc[0]
month = next(file for file in lineage["history"] if file["building_id"] == value.building_id and file["month"] == f"{{value.local_date:%Y-%m}}")
readings = pandas.read_parquet(f"{{public}}/{{month['path']}}")
series = ["building_id", "source", "location", "measurement"]
readings = readings[readings["quality"] == "ok"]
lines = readings[(readings[series] == value[series]).all(axis=1) & (readings["timestamp"].dt.floor("h") == value.timestamp)]
inputs = pandas.DataFrame(lineage["inputs"])[["building_id", "source_file", "path"]]
print(value.value_mean, lines.merge(inputs, on=["building_id", "source_file"])[["timestamp", "value", "path", "source_line"]])
```

Of {counted["cells"]:,} cells in the accepted files, {counted["readings"]:,} were readings, {counted["nulls"]:,} empty,
{counted["unmapped"]:,} unmapped, {counted["ignored"]:,} ignored by declaration and {counted["unparsable"]:,} unreadable; of the readings,
{counted["kept"]:,} are kept, {counted["duplicates"]:,} were duplicates and {counted["superseded"]:,} superseded by later exports.

## Refused files

{_refused(lineage["refused"])}

## Columns

{dictionary(published)}
"""


def _refused(entries: list[dict[str, Any]]) -> str:
    lines = [
        f"- {plain(entry['path'])}: {plain(some(entry['reasons'], separator='; '))}"
        for entry in entries[:SHOWN]
    ]
    if len(entries) > SHOWN:
        lines.append(f"- … and {len(entries) - SHOWN:,} more: see `refused` in `lineage.json`")
    return "\n".join(lines) or "None."


def dictionary(published: Iterable[Table]) -> str:
    """What every column of the tables means, as Markdown."""
    return "\n\n".join(map(_dictionary, published))


def _dictionary(table: Table) -> str:
    lines = "\n".join(
        f"| `{c.name}` | {c.type} | {c.unit} | {c.description} |" for c in table.columns
    )
    return f"### {table.file}\n\n| column | type | unit | meaning |\n|---|---|---|---|\n{lines}"
