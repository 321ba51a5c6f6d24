"""Adds a datasource from a sample file: python cli/new_datasource.py FILE [options].

Reads the file, shows what would be read of it, and writes the seed rows that read it. Nothing
is written if the seeds would not accept the rows or the sample cannot be read. Exit code 0:
written, or shown with --dry-run. 1: not possible, and why.
"""

import argparse
import re
import sys
import tempfile
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

import duckdb  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.markup import escape  # noqa: E402
from rich.table import Table  # noqa: E402
from rich.text import Text  # noqa: E402

from cli.command import run_locked  # noqa: E402
from include.core.errors import ConfigurationError  # noqa: E402
from include.core.plain_text import counted, visible  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.monitoring.seed_rows import csv_line  # noqa: E402
from include.onboarding.describe import Said, describe, plain  # noqa: E402
from include.onboarding.propose import Rows, Wanted, propose  # noqa: E402
from include.onboarding.sniff import Sample, sniff  # noqa: E402
from include.onboarding.write import Tried, try_rows, write_rows  # noqa: E402
from include.registry import Registry, load_registry  # noqa: E402
from include.registry.cells import ADDRESSES  # noqa: E402

FIRST_ROWS = """
    select
        strftime(timestamp at time zone 'UTC', '%Y-%m-%d %H:%M:%S') as at,
        coalesce(device, ''), coalesce(measurement, ''), {columns}
    from read_parquet($path) order by source_line limit 5
"""


def main() -> int:
    """Add a datasource. Returns the exit code."""
    chosen = parser().parse_args()
    return run_locked(lambda settings: add(settings, chosen, Console(soft_wrap=True)))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="a sample of its files")
    parser.add_argument("--id", default="", help="of the datasource; default: from the file's name")
    parser.add_argument(
        "--building", default="", help="default: the only one, or the one asked for"
    )
    parser.add_argument(
        "--location",
        default="",
        help="the folder of its files, such as drive:rooms; default: the sample's; or the address"
        " that is asked, such as 'https://host/path?from={start}&to={end}'",
    )
    parser.add_argument(
        "--window", default="day", help="what an answer of an address covers: hour, day or month"
    )
    parser.add_argument("--first", default="", help="date of the first window; default: only now")
    parser.add_argument(
        "--settle-days", default="0", help="days in which an answer may still be corrected"
    )
    parser.add_argument("--connection", default="", help="Airflow's, which holds the key")
    parser.add_argument(
        "--pattern", default="", help="which files there are its, such as Graph*.csv"
    )
    parser.add_argument("--timezone", default="", help="of its clocks; default: the building's")
    parser.add_argument("--place", default="", help="where its one sensor is")
    parser.add_argument("--make", default="", help="what makes the devices; default: the id")
    parser.add_argument("--device", default="", help="the column that names the device")
    parser.add_argument("--value", default="", help="the column that holds all values")
    parser.add_argument("--date-format", default="", help="such as %%d.%%m.%%y (strptime)")
    parser.add_argument("--encoding", default="", help="of its text, such as cp1250")
    parser.add_argument(
        "--measure",
        action="append",
        default=[],
        metavar="NAME=MEASUREMENT[:UNIT]",
        help="what a column, or a name in the file, measures; may be repeated",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the rows, and write nothing")
    return parser


def add(settings: Settings, chosen: argparse.Namespace, console: Console) -> None:
    """Show what is found in the sample and write the rows.

    Raises ConfigurationError if it cannot be read, or the seeds do not accept the rows.
    """
    raw: Path = chosen.file.resolve()
    if not raw.is_file():
        raise ConfigurationError("file not found", where=str(raw), cure="check the path: FILE=…")
    registry = load_registry(settings.seeds_dir)
    datasource_id = chosen.id or _id_of(raw)
    building_id = chosen.building or _building(registry)
    if any(row.datasource_id == datasource_id for row in registry.datasources):
        raise ConfigurationError(
            f"datasource {datasource_id} already exists",
            where="datasources_config.csv",
            cure="set another --id, or compare the file with it: make diff-datasource",
        )
    sample = sniff(raw, datasource_id, chosen.encoding)
    location, request = _request(chosen, f"{datasource_id}_{{window}}{raw.suffix}")
    wanted = Wanted(
        datasource_id,
        building_id,
        location or str(raw.parent),
        f"{datasource_id}_*{raw.suffix}"
        if request
        else chosen.pattern or pattern_of_names(raw.name),
        chosen.timezone or sample.zone or registry.building(building_id).timezone,
        chosen.place,
        chosen.make or datasource_id,
        request,
    )
    said = Said(_measures(chosen.measure), chosen.device, chosen.value, chosen.date_format)
    rows = propose(sample, describe(sample, said), wanted, registry)
    with tempfile.TemporaryDirectory() as scratch:
        tried = try_rows(settings, rows, wanted, raw, datetime.now(UTC), Path(scratch))
        _show(console, sample, tried, rows, wanted)
    doubled = [f for f in tried.found.findings if f.check == "duplicate_timestamps"]
    if doubled and not chosen.device:
        raise ConfigurationError(
            f"duplicate timestamps: {doubled[0].message}",
            where=f"{raw}, {doubled[0].where}",
            cure="set --device to the column that identifies the device; nothing was written",
        )
    if not tried.found.accepted:
        raise ConfigurationError(
            "the sample is rejected: " + "; ".join(map(str, tried.found.findings)),
            where=str(raw),
            cure="correct the sample, or set more options; nothing was written",
        )
    if chosen.dry_run:
        console.print("\nNothing was written (--dry-run).")
        return
    write_rows(settings.seeds_dir, rows)
    if not chosen.location and (others := _others_beside(raw, wanted)):
        console.print(
            f"\n{counted(others, 'other file')} in {raw.parent}: each run reports them as"
            " unclaimed. Use a folder of its own.",
            markup=False,
            style="yellow",
        )
    console.print(
        f"\nWritten to {settings.seeds_dir}. `make run` reads {wanted.file_pattern} from"
        f" {wanted.location}.",
        markup=False,
    )


def _id_of(raw: Path) -> str:
    """The words of a file's name."""
    words = [word for word in plain(raw.name.partition(".")[0]).split("_") if not word.isdigit()]
    name = "_".join(words)
    return name if re.match("[a-z]", name) else f"source_{name}".rstrip("_")


def _others_beside(raw: Path, wanted: Wanted) -> int:
    """How many files there are in the sample's folder that the datasource does not read."""
    paths = (path for path in raw.parent.rglob("*") if path.is_file())
    return sum(not fnmatch(path.name, wanted.file_pattern) for path in paths)


def pattern_of_names(name: str) -> str:
    """A glob for files called like this one, with other dates or long numbers."""
    stem, dot, suffix = name.partition(".")
    return re.sub(r"\d{4,}([-_.T]?\d+)*", "*", stem) + dot + suffix


def _request(chosen: argparse.Namespace, file: str) -> tuple[str, dict[str, str]]:
    """The location, and what is asked of it if it is an address."""
    if not chosen.location.startswith(ADDRESSES):
        return chosen.location, {}
    address = urlsplit(chosen.location)
    cells = {
        "file": file,
        "path": address.path.lstrip("/"),
        "query": address.query,
        "window": chosen.window,
        "first": chosen.first,
        "settle_days": chosen.settle_days,
        "connection": chosen.connection,
    }
    return f"{address.scheme}://{address.netloc}", cells


def _building(registry: Registry) -> str:
    known = [row.building_id for row in registry.active_buildings]
    if len(known) == 1:
        return known[0]
    if known and sys.stdin.isatty():
        return input(f"Which building ({', '.join(known)})? ").strip()
    raise ConfigurationError(
        "the building is ambiguous" if known else "no active building",
        where="option --building",
        cure=f"use one of: {', '.join(known)}" if known else "add one: make new-building",
    )


def _measures(given: list[str]) -> dict[str, str]:
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise ConfigurationError(
            f"invalid measurement {wrong[0]!r}",
            where="option --measure",
            cure="write NAME=MEASUREMENT, such as 'T1=temp_indoor' or 'Flow=flow_rate:l/s'",
        )
    return {name: said for name, _, said in (text.rpartition("=") for text in given)}


def _show(console: Console, sample: Sample, tried: Tried, rows: Rows, wanted: Wanted) -> None:
    """How the file is written, its time range, its sensors, its first rows, and the rows."""
    found, format_ = tried.found, sample.format_
    how = {
        "delimited": f"delimited by {format_.delimiter!r}, decimal mark {format_.decimal_mark!r},"
        f" header in line {format_.header_line}",
    }.get(format_.reader, format_.reader)
    console.print(f"Format    {how}", markup=False)
    dates = rows["file_formats.csv"][0]["date_formats"]
    proven = found.layout.date_format if found.layout else "not proven"
    console.print(f"Times     {dates} ({proven}), {wanted.timezone}", markup=False)
    if found.first_reading and found.last_reading:
        console.print(
            f"Range     {found.first_reading:%Y-%m-%d %H:%M} to {found.last_reading:%Y-%m-%d %H:%M}"
            f" UTC, {counted(found.rows, 'line')}, {found.rejected:,} rejected",
            markup=False,
        )
    _show_sensors(console, tried, wanted)
    if found.layout:
        _show_first_rows(console, tried)
    for finding in found.findings:
        console.print(f"  · {visible(str(finding))}", markup=False, style="yellow")
    for seed, added in rows.items():
        if added:
            console.print(f"\n{seed}", style="bold", markup=False)
        for row in added:
            console.print("  " + visible(csv_line(row.values())), markup=False, style="dim")


def _show_sensors(console: Console, tried: Tried, wanted: Wanted) -> None:
    units = {row.measurement: row.unit for row in tried.registry.measurements}
    source = tried.registry.datasource(wanted.datasource_id)
    table = Table("in the file", "sensor", "place", "measures", "unit", box=None, pad_edge=False)
    columns = tried.registry.mappings_of(source)
    for row in tried.registry.sensor_mappings:
        if row.datasource_id != wanted.datasource_id:
            continue
        own = [c for c in columns if row.raw_name in (c.value_column, *c.value_column.split("|"))]
        measured = [row.measurement] if row.measurement else [c.measurement for c in own or columns]
        written = [row.unit] if row.unit else [c.unit for c in own or columns]
        name = Text(visible(row.raw_name))
        if row.disposition == "ignored":
            table.add_row(name, "", "", Text(f"ignored: {row.reason}"), "")
            continue
        said = (
            f"{unit or units[m]} → {units[m]}" for m, unit in zip(measured, written, strict=False)
        )
        place = tried.registry.public_location(source.building_id, row.location)
        cells = (row.sensor_id, place, ", ".join(measured), ", ".join(said))
        table.add_row(name, *map(Text, cells))
    console.print(table)


def _show_first_rows(console: Console, tried: Tried) -> None:
    assert tried.found.layout is not None
    names = tried.found.layout.columns
    columns = ", ".join(f"coalesce(n{n}::varchar, t{n}, '')" for n in range(len(names)))
    table = Table(
        "UTC",
        "device",
        "measurement",
        *(escape(visible(name)) for name in names),
        box=None,
        pad_edge=False,
    )
    found = duckdb.connect().execute(
        FIRST_ROWS.format(columns=columns), {"path": str(tried.values)}
    )
    for row in found.fetchall():
        table.add_row(*(Text(visible(cell)) for cell in row))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
