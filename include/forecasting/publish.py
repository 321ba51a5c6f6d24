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
from include.forecasting.inputs import KINDS, load
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
TABLES, HELD = (files.read_source(HERE / f"{name}.sql") for name in ("tables", "held"))
MADE_BY = ("forecast", "inputs", "model")
# all that says how a forecast is made
CODE = [
    files.read_source(path)
    for path in sorted((*HERE.glob("*.sql"), *(HERE / f"{name}.py" for name in MADE_BY)))
]
HELD_FOR = timedelta(days=7)
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\dZ-[0-9a-f]{8}")  # the issue, and a hash of all inputs
SUMS = "SHA256SUMS"  # sent last: what has it is whole


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
        end = load(database, run.registry, release.path, rows)
        if end is None:
            return []
        at = datetime.fromtimestamp(end, UTC)
        name = f"{at:%Y-%m-%dT%HZ}-{_inputs(database, rows)[:8]}"
        is_new = not (folder / name).exists() and not _is_whole(run, building_id, name)
        if is_new:
            staging = files.empty_folder(folder / ".staging")
            _make_tables(database, run, rows, end)
            _held(database, rows, _of_last_week(run, building_id, at))
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


def _inputs(database: duckdb.DuckDBPyConnection, rows: list[Forecast]) -> str:
    """Hash of all that the forecast depends on."""
    facts = [row.model_dump_json(exclude={"line"}) for row in rows]
    found = hashlib.sha256("\n".join([*facts, *CODE, str(is_available())]).encode())
    for row in rows:
        for kind in KINDS:
            table = database.sql(f"from {kind}_{row.forecast_id} order by all").fetchnumpy()
            for column in table.values():
                found.update(str(column.tolist()).encode())
    return found.hexdigest()


def _make_tables(
    database: duckdb.DuckDBPyConnection, run: Run, rows: list[Forecast], end: int
) -> None:
    """Make the tables that forecasts.yml declares, and fill those of what is expected."""
    for table in forecast_tables():
        columns = ", ".join(f"{one.name} {one.type}" for one in table.columns)
        database.execute(f"create table {table.model} ({columns})")
    units = {row.measurement: row.unit for row in run.registry.measurements}
    for row in rows:
        for kind in KINDS:
            database.execute(f"create or replace view {kind} as from {kind}_{row.forecast_id}")
        if not database.sql("select count(*) from known").fetchall()[0][0]:
            log.warning("%s: the release has no %s", row.forecast_id, row.measurement)
            continue
        minutes = row.minutes
        task = Task(
            ahead=row.hours * 60 // minutes,
            weeks=row.weeks,
            last=end // (minutes * 60) - 1,
            zone=run.registry.building(row.building_id).timezone,
            models=run.settings.paths.models,
            minutes=minutes,
            is_presence=row.is_presence,
        )
        forecast(database, task)
        given = {
            "forecast_id": row.forecast_id,
            "building_id": row.building_id,
            "measurement": row.measurement,
            "unit": units.get(row.measurement, "1"),
            "covariates": ";".join((*row.covariates, *row.weather)),
            "hours": row.hours,
            "minutes": minutes,
            "is_presence": row.is_presence,
            "end": end,
        }
        run_statements(database, TABLES, given)


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
    file = file_of("fact_prediction")
    own = {name: f"{name}/{file}" for name in wanted}
    absent = [path for name, path in own.items() if not (folder / name).exists()]
    copies = run.settings.paths.work / "forecasts"
    if absent:
        rclone.fetch(_remote(run, building_id), files.empty_folder(copies), absent)
    found = ((copies if path in absent else folder) / path for path in own.values())
    return [str(path) for path in found if path.exists()]


def _held(database: duckdb.DuckDBPyConnection, rows: list[Forecast], paths: list[str]) -> None:
    """Fill `forecast_held`: what was issued, beside what came."""
    for row in rows if paths else ():
        database.execute(
            HELD.replace("of_row", row.forecast_id),
            {"forecast_id": row.forecast_id, "paths": paths, "minutes": row.minutes},
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
