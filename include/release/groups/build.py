"""Builds the release of a grouped publication from the last releases of its buildings."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from include.contract.kpis import query_of_kpis
from include.core import files
from include.core.duckdb_session import scratch_database
from include.core.plain_text import plain
from include.core.version import code_version
from include.registry import Run
from include.release.documents import datapackage, schema, write_sums
from include.release.groups import gate
from include.release.readme import dictionary
from include.release.release import Release, latest, latest_folder, promote
from include.release.views import KPIS_BY
from include.store.published_groups import PUBLISHED_GROUPS, read_groups, remember_groups

NEEDED = ("kpi_day", "kpi_month")  # tables of the restricted releases


def make(run: Run, made_by: dict[str, Any]) -> Release | None:
    """Weigh, write, check and promote; None if there is nothing new, or nothing yet.

    Args:
        run: of a grouped publication.
        made_by: see `release.build`.

    Raises:
        ContractError: nothing may be published, or a name of a household would be.
    """
    if run.settings.replay:
        return None
    releases = _restricted_releases(run)
    fingerprint = _made_from(run, releases)
    last = latest(run.settings)
    if not releases or (last and last.made_from == fingerprint):
        return None
    staging = files.empty_folder(run.settings.paths.releases / ".staging")
    with scratch_database(run.settings) as database:
        _load(database, releases)
        earlier = _published_before(run)
        fresh = gate.weigh(database, run.publication, gate.open_month(run), earlier)
        rows = gate.write_tables(database, run.publication, staging)
        households = gate.households_of(database)
    if not any(rows.values()):
        files.remove(staging)
        return None
    sums = "".join(files.sha256(staging / name) for name in rows)
    version = f"{run.as_of:%Y-%m-%d}-{hashlib.sha256(sums.encode()).hexdigest()[:8]}"
    _write_documents(run, version, rows, staging)
    gate.refuse_names(run, staging, households)
    facts = {"code_version": code_version(), "as_of": run.as_of.isoformat()}
    content = {**made_by, "version": version, **facts, "made_from": fingerprint}
    files.write_json(staging / "run.json", content)
    remember_groups(run.settings.paths, fresh)  # first: what is published is always remembered
    return promote(run.settings, Release(version, run.as_of, "", staging))


def _restricted_releases(run: Run) -> dict[Path, list[str]]:
    """The last releases that have KPIs of the buildings, each with those of them that it is asked
    for.
    """
    found: dict[Path, list[str]] = {}
    closed = [row for row in run.registry.publications if row.access == "restricted"]
    for building in run.registry.buildings:
        for row in closed:
            if row.names(building.building_id) and {*NEEDED} <= {*row.tables}:
                folder = latest_folder(replace(run.settings, publication=row.publication_id))
                if folder:
                    found.setdefault(folder, []).append(building.building_id)
                break
    return found


def _made_from(run: Run, releases: dict[Path, list[str]]) -> str:
    """Fingerprint of all that the release depends on."""
    facts = [
        run.publication.model_dump_json(exclude={"line"}),
        gate.open_month(run),
        gate.QUERY,
        query_of_kpis(KPIS_BY["kpi_month"]),
        *(f"{folder.name} {sorted(names)}" for folder, names in releases.items()),
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _load(database: duckdb.DuckDBPyConnection, releases: dict[Path, list[str]]) -> None:
    for name in NEEDED:
        parts = [
            f"select * from read_parquet('{folder / name}.parquet')"
            f" where list_contains({sorted(own)}, building_id)"
            for folder, own in releases.items()
        ]
        database.execute(f"create view {name} as {' union all '.join(parts)}")


def _published_before(run: Run) -> pa.Table:
    """Of all publications and of every building that there ever was: groups may overlap."""
    paths = replace(run.settings.paths, buildings=None)
    return pa.concat_tables(
        [
            PUBLISHED_GROUPS.empty_table(),
            *(read_groups(paths, building_id) for building_id in paths.known_buildings),
        ]
    )


def _write_documents(run: Run, version: str, rows: dict[str, int], staging: Path) -> None:
    publication = run.publication
    tables = gate.group_tables()
    described = [schema(table, rows[table.file]) for table in tables]
    files.write_json(staging / "schema.json", {"version": version, "tables": described})
    package = datapackage(publication.title, [publication.licence], version, staging, tables)
    files.write_json(staging / "datapackage.json", package)
    # its values are traced in the restricted releases, by those who may read them
    files.write_json(staging / "lineage.json", {"version": version, "history": []})
    files.write_text(staging / "README.md", _readme(run, version, rows))
    licence = f"{publication.licence}, https://spdx.org/licenses/{publication.licence}.html"
    head = f"{publication.title}, release {version}"
    files.write_text(staging / "LICENSE", f"{head}\n\nLicence: {licence}\n")
    write_sums(staging)


def _readme(run: Run, version: str, rows: dict[str, int]) -> str:
    publication, tables = run.publication, gate.group_tables()
    listed = (f"| `{one.file}` | {rows[one.file]:,} | {one.description} |" for one in tables)
    return files.read_source(Path(__file__).with_name("readme.md")).format(
        title=plain(publication.title),
        version=version,
        as_of=f"{run.as_of:%Y-%m-%d %H:%M}",
        settled=gate.SETTLED.days,
        min_households=publication.min_households,
        min_days=publication.min_days,
        tables="\n".join(listed),
        columns=dictionary(tables),
    )
