"""explorer/data/ of a release: what the explorer's page draws, cut in advance, so that the
page needs no server but one that hands out files.

A pack is a JSON file with some series of a building's year. While nothing of a year changes, later
releases take its packs over. Values are rounded, see explorer_data.sql; `decimals` says how.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from include.contract.tables import file_of
from include.core import files
from include.core.duckdb_session import for_each
from include.core.errors import StorageError
from include.registry import Run
from include.registry.rows import Measurement
from include.store.store import Store

FOLDER = "explorer/data"
FORMAT = 1  # of the packs
MOST_SERIES = 500  # of a release; with more there are no packs
MOST_PACKS = 40  # of a building's year: each day uploads as many
QUERY = files.read_source(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True)
class Series:
    """A series of a release: its first and last hour in UTC, and the number of its pack by year."""

    id: str
    building_id: str
    source: str
    location: str
    measurement: str
    first: str
    last: str
    packs: dict[str, int]


@dataclass(frozen=True)
class Year:
    """A building's year of a release; `made_from` is a hash of all that its packs depend on."""

    building_id: str
    year: str
    made_from: str

    @property
    def folder(self) -> str:
        """Below FOLDER."""
        return f"{self.building_id}/{self.year}"


def write_explorer_data(
    database: duckdb.DuckDBPyConnection,
    run: Run,
    staging: Path,
    last: Path | None,
    lineage: dict[str, Any],
) -> None:
    """Write the packs, and index.json, which names them.

    Args:
        database: with one thread.
        run: of a publication; those that are not public have no packs.
        staging: folder of a release with its tables.
        last: folder of the last release, if there is one.
        lineage: what lineage.json will say.
    """
    found = series_of(database, staging)
    has_packs = run.publication.access == "public" and len(found) <= MOST_SERIES
    years = _years(run, found) if has_packs else []
    kept = _packs_of(last, years) if last else {}
    for year in kept:
        for path in kept[year]:
            files.link(path, staging / FOLDER / year.folder / path.name)
    new = [year for year in years if year not in kept]
    packs = for_each(
        database,
        new,
        lambda cursor, year: year_packs(cursor, staging, year, found, run.registry.measurements),
    )
    for year, contents in zip(new, packs, strict=True):
        for number, content in contents.items():
            files.write_text(staging / FOLDER / year.folder / f"{number}.json", content)
    index = _index(database, run, staging, found, years, lineage)
    files.write_json(staging / FOLDER / "index.json", index)


def has_packs(release: Path) -> bool:
    """Whether a page can draw a release from its files alone."""
    index = files.read_or(release / FOLDER / "index.json", None)
    return isinstance(index, dict) and bool(index.get("packs"))


def described(release: Path) -> str:
    """What the README of a release says of it; nothing where there is none."""
    index = files.read_or(release / FOLDER / "index.json", None)
    if index is None:
        return ""
    packs = (
        f"`{FOLDER}/<building_id>/<year>/<pack>.json` has the hours\n"
        "and days of some series, rounded to `decimals`: the first value and then the differences\n"
        "to the value before, in units of the last decimal; `null` is a gap."
        if index["packs"]
        else f"There are no files of values:\nthe release has more than {MOST_SERIES} series, or is"
        " not public."
    )
    return f"""
## As JSON

`{FOLDER}/index.json` has the buildings, their places and all series. {packs}
"""


def series_of(database: duckdb.DuckDBPyConnection, release: Path) -> list[Series]:
    """The series of a release, in the order of its hourly table."""
    rows = database.execute(
        """
        select
            building_id,
            source,
            location,
            measurement,
            year(local_date)::varchar as year,
            strftime(min(timestamp), '%Y-%m-%dT%H:%M:%SZ') as first,
            strftime(max(timestamp), '%Y-%m-%dT%H:%M:%SZ') as last
        from read_parquet($hourly)
        group by all
        order by all
        """,
        {"hourly": str(release / file_of("agg_hourly"))},
    ).fetchall()
    number = _pack_numbers(rows)
    found = []
    for (building_id, *names), of_years in groupby(rows, key=lambda row: row[:4]):
        source, location, measurement = names
        own = list(of_years)
        packs = {row[4]: number[building_id, row[4], source, location] for row in own}
        series_id = "~".join(map(_quoted, names))
        found.append(
            Series(
                series_id,
                building_id,
                source,
                location,
                measurement,
                own[0][5],
                own[-1][6],
                packs,
            )
        )
    return found


def _quoted(name: str) -> str:
    """A name in which ~ can join names, and a comma ids."""
    return name.replace("%", "%25").replace("~", "%7E").replace(",", "%2C")


def _pack_numbers(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, str, str, str], int]:
    """The pack of each place of a building's year: places that follow one another share one if
    there are more than MOST_PACKS.
    """
    places: dict[tuple[str, str], dict[tuple[str, str], None]] = defaultdict(dict)
    for building_id, source, location, _, year, *_ in rows:
        places[building_id, year][source, location] = None
    numbers = {}
    for (building_id, year), own in places.items():
        size = math.ceil(len(own) / MOST_PACKS)
        for n, (source, location) in enumerate(sorted(own)):
            numbers[building_id, year, source, location] = n // size
    return numbers


def year_packs(
    database: duckdb.DuckDBPyConnection,
    release: Path,
    year: Year,
    series: Iterable[Series],
    measurements: Iterable[Measurement],
) -> dict[int, str]:
    """The packs of a building's year, as JSON by number."""
    rows = database.execute(
        QUERY,
        {
            "hourly": str(release / file_of("agg_hourly")),
            "daily": str(release / file_of("agg_daily")),
            "building": year.building_id,
            "first": date(int(year.year), 1, 1),
            "last": date(int(year.year), 12, 31),
            "measurements": [_shown(row) for row in measurements],
        },
    ).fetchall()
    contents = {row[:3]: row[3:] for row in rows}
    packs: dict[int, list[str]] = defaultdict(list)
    for one in series:
        if one.building_id == year.building_id and year.year in one.packs:
            decimals, hours, days = contents[one.source, one.location, one.measurement]
            text = f'"decimals":{decimals},"hours":{hours},"days":{days or "null"}'
            packs[one.packs[year.year]].append(f"{json.dumps(one.id)}:{{{text}}}")
    head = json.dumps({"building_id": year.building_id, "year": year.year})[:-1]
    return {
        number: f'{head}, "series": {{\n' + ",\n".join(own) + "\n}}\n"
        for number, own in packs.items()
    }


def _shown(row: Measurement) -> dict[str, Any]:
    """What explorer_data.sql needs to know of a measurement."""
    return {
        "measurement": row.measurement,
        "decimals": row.decimals,
        "is_added": row.aggregation == "additive",
    }


def _years(run: Run, series: Iterable[Series]) -> list[Year]:
    """The building's years of a release."""
    units: dict[tuple[str, str], list[str]] = defaultdict(list)
    for unit, entry in sorted(Store(run.settings).published_units.items(), key=str):
        if unit.grain in ("hourly", "daily") and entry.rows:
            units[unit.building_id, unit.month[:4]].append(f"{unit} {entry.sha256}")
    shown = {row.measurement: json.dumps(_shown(row)) for row in run.registry.measurements}
    measured: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in series:
        for year in one.packs:
            measured[one.building_id, year].add(shown[one.measurement])
    found = []
    for (building_id, year), names in sorted(measured.items()):
        facts = [f"{FORMAT} {MOST_PACKS}", QUERY, *sorted(names), *units[building_id, year]]
        digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
        found.append(Year(building_id, year, digest))
    return found


def _packs_of(release: Path, years: Iterable[Year]) -> dict[Year, list[Path]]:
    """The packs of these years in another release, where they are whole and made from the same."""
    try:
        made_from = files.read_json(release / FOLDER / "index.json")["made_from"]
        sums = dict(
            line.split("  ")[::-1] for line in (release / "SHA256SUMS").read_text().splitlines()
        )
        found = {}
        for year in years:
            if made_from.get(year.folder) == year.made_from:
                prefix = f"{FOLDER}/{year.folder}/"
                paths = [release / name for name in sums if name.startswith(prefix)]
                if paths and all(
                    files.sha256(path) == sums[path.relative_to(release).as_posix()]
                    for path in paths
                ):
                    found[year] = paths
        return found
    except (OSError, StorageError, KeyError, TypeError, AttributeError, ValueError):
        return {}  # they are made again


def _index(
    database: duckdb.DuckDBPyConnection,
    run: Run,
    staging: Path,
    series: list[Series],
    years: list[Year],
    lineage: dict[str, Any],
) -> dict[str, Any]:
    measured = {one.measurement for one in series}

    def table(model: str, columns: str) -> list[dict[str, Any]]:
        rows = database.sql(
            f"select {columns} from read_parquet($path) order by all",
            params={"path": str(staging / file_of(model))},
        )
        return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]

    return {
        "format": FORMAT,
        "version": lineage["version"],
        "as_of": lineage["as_of"],
        "title": run.publication.title,
        "buildings": table("dim_building", "*"),
        "hierarchy": table(
            "hierarchy",
            "id, parent_id, type, name, level, building_id, valid_from::varchar as valid_from,"
            " valid_to::varchar as valid_to",
        ),
        "measurements": [
            {
                "measurement": row.measurement,
                "unit": row.unit,
                "aggregation": row.aggregation,
                "decimals": row.decimals,
                "description": row.description,
            }
            for row in run.registry.measurements
            if row.measurement in measured
        ],
        "series": [asdict(one) for one in series],
        "labels": _labels(run, measured),
        "packs": bool(years),
        "made_from": {year.folder: year.made_from for year in years},
        "rejections": _rejections(lineage),
    }


def _labels(run: Run, measured: Collection[str]) -> dict[str, dict[str, dict[str, str]]]:
    """What its measurements and kinds of places are called."""
    labels = run.registry.labels_of("measurement", "type")
    own = {name: texts for name, texts in labels["measurement"].items() if name in measured}
    return {**labels, "measurement": own}


def _rejections(lineage: dict[str, Any]) -> list[dict[str, Any]]:
    """The files that were refused, with the reasons, and those of which lines were rejected."""
    names = ("building_id", "datasource_id", "path", "sha256", "rejected_lines")
    refused = [
        {name: row[name] for name in names} | {"reasons": row["reasons"]}
        for row in lineage["refused"]
    ]
    partly = [
        {name: row[name] for name in names} | {"reasons": []}
        for row in lineage["inputs"]
        if row["rejected_lines"]
    ]
    return [*refused, *partly]
