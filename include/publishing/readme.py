"""The README that goes with every release."""

from datetime import datetime
from typing import Any

from include.plain_text import plain, some
from include.publishing.dataset import AGGREGATES, RAW, tables
from include.registry import Registry

SHOWN = 100  # refused files in the README; lineage.json has all


def readme(registry: Registry, as_of: datetime, version: str, rows: dict[str, int], lineage: dict[str, Any]) -> str:
    """Markdown: what it is, how to read it, what every column means."""
    buildings = "\n".join(f"- `{b.building_id}`: {plain(b.name)}, time zone {b.timezone}, licence {plain(b.licence)}" for b in registry.published_buildings)
    files = "\n".join(f"| `{table.file}` | {rows[table.file]:,} | {table.description} |" for table in tables())
    dictionary = "\n\n".join(_dictionary(table.file, table.columns) for table in tables())
    counted = lineage["conservation"]
    return f"""# Open building sensor data, release {version}

State of {as_of:%Y-%m-%d %H:%M} UTC.

{buildings}

Times are UTC and name the start of their window; `local_date` is the building's own date. Days, weeks (from Monday)
and months follow the building's calendar, so a day has 23, 24 or 25 hours. Only windows that were over are in.
Values outside a sensor's physical bounds are flagged `outlier` in the readings and left out of the aggregates.

| file | rows | what |
|---|---:|---|
{files}

## Read it

```sql
-- DuckDB
select location, avg(value_mean) from '{AGGREGATES["daily"]}.parquet' where measurement = 'temp_indoor' group by location;
```

```python
import pandas, polars
hourly = pandas.read_parquet("{AGGREGATES["hourly"]}.parquet")
readings = polars.scan_parquet("{RAW}.parquet")
```

## Where a number comes from

`source_file` and `source_line` of a reading name the raw line: `lineage.json` lists every file with that number, its
name and sha256. Of {counted["cells"]:,} cells in the accepted files, {counted["readings"]:,} were readings,
{counted["nulls"]:,} empty, {counted["unmapped"]:,} unmapped, {counted["ignored"]:,} ignored by declaration and
{counted["unparsable"]:,} unreadable; of the readings, {counted["kept"]:,} are kept, {counted["duplicates"]:,} were
duplicates and {counted["superseded"]:,} superseded by later exports.

Verify with `sha256sum --check SHA256SUMS`.

## Refused files

{_refused(lineage["refused"])}

## Columns

{dictionary}
"""


def _refused(entries: list[dict[str, Any]]) -> str:
    lines = [f"- {plain(entry['path'])}: {plain(some(entry['reasons'], separator='; '))}" for entry in entries[:SHOWN]]
    if len(entries) > SHOWN:
        lines.append(f"- … and {len(entries) - SHOWN:,} more: see `refused` in `lineage.json`")
    return "\n".join(lines) or "None."


def _dictionary(file: str, columns: Any) -> str:
    lines = "\n".join(f"| `{c.name}` | {c.type} | {c.unit} | {c.description} |" for c in columns)
    return f"### {file}\n\n| column | type | unit | meaning |\n|---|---|---|---|\n{lines}"
