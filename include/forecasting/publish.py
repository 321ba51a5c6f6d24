"""Issues forecasts of a building's published hours, and publishes them beside its releases."""

import hashlib
import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from include.contract.tables import Table, file_of, tables_of
from include.core import files, rclone
from include.core.drives import below
from include.core.duckdb_session import run_statements, scratch_database
from include.core.errors import PlatformError
from include.core.plain_text import plain
from include.core.settings import Settings
from include.forecasting.forecast import Task, forecast
from include.forecasting.model import is_available
from include.registry import Run
from include.registry.forecast_rows import Forecast
from include.release.documents import schema, write_sums
from include.release.publications import publication_runs
from include.release.publish import raise_together
from include.release.readme import dictionary
from include.release.release import latest

log = logging.getLogger(__name__)
HERE = Path(__file__).parent
TABLES = files.read_source(HERE / "tables.sql")
# all that says how a forecast is made
CODE = [
    files.read_source(path)
    for path in (HERE / "forecast.py", HERE / "model.py", *sorted(HERE.glob("*.sql")))
]
HELD_FOR = timedelta(days=7)
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\dZ-[0-9a-f]{8}")  # the issue, and a hash of all inputs
SUMS = "SHA256SUMS"  # sent last: what has it is whole
HOUR = 3600
# A year and its seasons: what a day costs does not grow with the history. It begins with a month,
# so that models, which are named by all that they have seen, are those of the day before.
RECENT = """
create table hourly as
with own as (
    select source, location, measurement, timestamp, value_mean
    from read_parquet($path) where building_id = $building
)
select * from own
where timestamp >= (select date_trunc('month', max(timestamp)) - interval 13 months from own)
"""


@dataclass(frozen=True)
class Issued:
    """A forecast on this machine."""

    building_id: str
    name: str
    path: Path


def forecast_tables() -> tuple[Table, ...]:
    """The tables of a published forecast."""
    return tables_of("forecast")


def latest_forecast(settings: Settings, building_id: str) -> Path | None:
    """The folder of a building's last forecast on this machine; None if there is none."""
    pointer = settings.paths.forecasts(building_id) / "latest"
    return pointer.resolve() if pointer.exists() else None


def issue_of(name: str) -> str:
    """The issue in the name of a forecast, such as 2026-03-01T00Z."""
    return name.rpartition("-")[0]


def issue(run: Run) -> list[Issued]:
    """Issue and publish forecasts of every building whose rows ask for it; those that are new.

    Equal inputs make no new one, and what was issued stays as it was. A replay issues nothing.

    Raises PlatformError: those of a building could not be published; those of the others were.
    """
    if run.settings.replay:
        return []
    rows: dict[str, list[Forecast]] = {}
    for row in run.registry.forecasts:
        if row.status == "active":
            rows.setdefault(row.building_id, []).append(row)
    made, failed = [], {}
    for building_id, own in rows.items():
        try:
            if (published := _publication_of(run, building_id)) is not None:
                made += _issue(published, building_id, own)
        except PlatformError as error:
            failed[building_id] = error
    raise_together(failed, "forecast of")
    return made


def _publication_of(run: Run, building_id: str) -> Run | None:
    """The run of the first publication that holds the building, if it has a release."""
    for own in publication_runs(run):
        if building_id in (own.settings.buildings or ()):
            return own if latest(own.settings) else None
    return None


def _remote(run: Run, building_id: str) -> str:
    return below(run.settings.publish_remote, f"forecasts/{building_id}")


def _issue(run: Run, building_id: str, rows: list[Forecast]) -> list[Issued]:
    """The forecast of the building, if it is new; it is published in any case."""
    release = latest(run.settings)
    assert release
    folder = run.settings.paths.forecasts(building_id)
    with scratch_database(run.settings) as database:
        path = {"path": str(release.path / file_of("agg_hourly")), "building": building_id}
        database.execute(RECENT, path)
        loaded = [_load(database, row) for row in rows]
        known = max((last for last in loaded if last), default=None)
        if known is None:
            return []
        at = datetime.fromtimestamp((known + 1) * HOUR, UTC)
        name = f"{at:%Y-%m-%dT%HZ}-{_inputs(database, rows)[:8]}"
        is_new = not (folder / name).exists() and not _is_whole(run, building_id, name)
        if is_new:
            staging = files.empty_folder(folder / ".staging")
            _make_tables(database, run, rows, known)
            _held(database, _of_last_week(run, building_id, at))
            counts = {table.file: _write(database, table, staging) for table in forecast_tables()}
            _document(run, building_id, release.version, name, at, counts, staging)
            files.move(staging, folder / name)
    if (folder / name).exists():
        files.point(folder / "latest", name)
    _offer(run, building_id, name)
    return [Issued(building_id, name, folder / name)] if is_new else []


def _is_whole(run: Run, building_id: str, name: str) -> bool:
    """Whether another machine has published it."""
    return rclone.get_text(f"{_remote(run, building_id)}/{name}/{SUMS}") is not None


def _load(database: duckdb.DuckDBPyConnection, row: Forecast) -> int | None:
    """Make `known` and `outside` of a row as tables of its own; its last hour."""
    name, given = row.forecast_id, {"measurement": row.measurement, "globs": list(row.locations)}
    database.execute(
        f"create table series_{name} as select row_number() over (order by source, location) as"
        " series, source, location from (select distinct source, location from hourly where"
        " measurement = $measurement and (len($globs) = 0 or exists("
        "select 1 from unnest($globs) as globs (one) where location glob one)))",
        given,
    )
    database.execute(
        f"create table known_{name} as select series, epoch(timestamp)::bigint // 3600 as hour,"
        f" value_mean as value from hourly inner join series_{name} using (source, location)"
        " where measurement = $measurement",
        {"measurement": row.measurement},
    )
    database.execute(
        f"create table outside_{name} as select measurement as name,"
        " epoch(timestamp)::bigint // 3600 as hour,"
        " avg(value_mean order by source, location) as value"
        " from hourly where list_contains($names, measurement) group by all",
        {"names": list(row.covariates)},
    )
    [(last,)] = database.sql(f"select max(hour) from known_{name}").fetchall()
    return int(last) if last is not None else None


def _inputs(database: duckdb.DuckDBPyConnection, rows: list[Forecast]) -> str:
    """Hash of all that the forecast depends on."""
    facts = [row.model_dump_json(exclude={"line"}) for row in rows]
    found = hashlib.sha256("\n".join([*facts, *CODE, str(is_available())]).encode())
    for row in rows:
        for kind in ("series", "known", "outside"):
            table = database.sql(f"from {kind}_{row.forecast_id} order by all").fetchnumpy()
            for column in table.values():
                found.update(str(column.tolist()).encode())
    return found.hexdigest()


def _make_tables(
    database: duckdb.DuckDBPyConnection, run: Run, rows: list[Forecast], last: int
) -> None:
    """Make the tables that forecasts.yml declares, and fill those of what is expected."""
    for table in forecast_tables():
        columns = ", ".join(f"{one.name} {one.type}" for one in table.columns)
        database.execute(f"create table {table.model} ({columns})")
    for row in rows:
        name = row.forecast_id
        for kind in ("known", "outside"):
            database.execute(f"create or replace view {kind} as from {kind}_{name}")
        if not database.sql("select count(*) from known").fetchall()[0][0]:
            log.warning("%s: there are no hours of %s", name, row.measurement)
            continue
        zone = run.registry.building(row.building_id).timezone
        forecast(database, Task(row.hours, row.weeks, last, zone, run.settings.paths.models))
        given = {
            "forecast_id": name,
            "building_id": row.building_id,
            "measurement": row.measurement,
            "last_hour": last,
        }
        run_statements(database, TABLES.replace("of_series", f"series_{name}"), given)


def _of_last_week(run: Run, building_id: str, at: datetime) -> list[str]:
    """The predictions that were issued in the last week, here or there; of an issue one revision:
    the last one where that is known.
    """
    folder = run.settings.paths.forecasts(building_id)
    here = sorted(folder.glob("2*"), key=lambda path: path.stat().st_mtime)
    there = filter(NAME.fullmatch, rclone.folders(_remote(run, building_id)))
    issued = {issue_of(name): name for name in (*there, *(path.name for path in here))}
    since = f"{at - HELD_FOR:%Y-%m-%dT%HZ}"
    wanted = [name for day, name in sorted(issued.items()) if day >= since]
    own = {name: f"{name}/{forecast_tables()[0].file}" for name in wanted}
    absent = [file for name, file in own.items() if not (folder / name).exists()]
    copies = run.settings.paths.work / "forecasts"
    if absent:
        rclone.fetch(_remote(run, building_id), files.empty_folder(copies), absent)
    found = ((copies if file in absent else folder) / file for file in own.values())
    return [str(path) for path in found if path.exists()]


def _held(database: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    """Fill `forecast_held`: what was issued, beside what came."""
    if paths:
        database.execute(
            "insert into forecast_held by name"
            " select earlier.* exclude (baseline, baseline_value), hourly.value_mean as actual"
            f" from read_parquet({paths}) as earlier inner join hourly"
            " on earlier.source = hourly.source and earlier.location = hourly.location"
            " and earlier.measurement = hourly.measurement"
            " and earlier.target_time = hourly.timestamp"
        )


def _write(database: duckdb.DuckDBPyConnection, table: Table, staging: Path) -> int:
    query = f"from {table.model} order by {', '.join(table.key)}"
    files.write_parquet(staging / table.file, database.sql(query).to_arrow_table())
    return int(pq.read_metadata(staging / table.file).num_rows)


def _document(
    run: Run,
    building_id: str,
    version: str,
    name: str,
    at: datetime,
    counts: dict[str, int],
    staging: Path,
) -> None:
    tables = forecast_tables()
    described = [schema(table, counts[table.file]) for table in tables]
    content = {"forecast": name, "made_from": version, "tables": described}
    files.write_json(staging / "schema.json", content)
    listed = (f"- `{one.file}`, {counts[one.file]:,} rows: {one.description}" for one in tables)
    text = files.read_source(HERE / "readme.md").format(
        title=plain(run.publication.title),
        building_id=building_id,
        issue=f"{at:%Y-%m-%d %H:%M}",
        version=version,
        revision=name.rpartition("-")[2],
        rows="\n".join(listed),
        columns=dictionary(tables),
    )
    files.write_text(staging / "README.md", text)
    write_sums(staging)


def withdraw_forecasts(run: Run, building_id: str) -> None:
    """Delete all forecasts of a building, here and where they are published."""
    published = _publication_of(run, building_id)
    if published is not None:
        rclone.delete_folder(_remote(published, building_id), for_good=True)
    files.remove(run.settings.paths.forecasts(building_id))
    files.remove(run.settings.paths.models)


def _offer(run: Run, building_id: str, name: str) -> None:
    """Let latest.json of the publish remote name the forecast, if it names no later issue; its
    files are sent before, if this machine has them.
    """
    folder = run.settings.paths.forecasts(building_id) / name
    remote = _remote(run, building_id)
    text = json.dumps({"path": name}) + "\n"
    offered = rclone.get_text(f"{remote}/latest.json") or ""
    if offered == text or _issue_in(offered) > issue_of(name):
        return
    if folder.exists():
        names = files.names_below(folder)
        rclone.send(folder, f"{remote}/{name}", [one for one in names if one != SUMS])
        rclone.send(folder, f"{remote}/{name}", [SUMS])
    pointer = run.settings.paths.work / "latest_forecast.json"
    files.write_text(pointer, text)
    rclone.put(pointer, f"{remote}/latest.json")


def _issue_in(text: str) -> str:
    """The issue that a latest.json names; empty if it is damaged."""
    found = NAME.search(text)
    return issue_of(found[0]) if found else ""
