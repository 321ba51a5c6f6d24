"""The documents of a release: schema.json, datapackage.json, lineage.json, README, LICENSE and
SHA256SUMS.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from include.contract.tables import TYPES, Table
from include.core import files
from include.registry import Run
from include.release import explorer_data
from include.release.readme import licence, readme


def write_documents(
    run: Run,
    version: str,
    rows: dict[str, int],
    lineage_of_release: dict[str, Any],
    staging: Path,
    published: Sequence[Table],
) -> None:
    """Write them beside the tables.

    Args:
        run: of the publication.
        version: of the release.
        rows: of each table, by its file.
        lineage_of_release: what lineage.json says.
        staging: where the release is built.
        published: its tables.
    """
    title, own_licence = run.publication.title, run.publication.licence
    buildings = [
        building.model_copy(update={"licence": own_licence} if own_licence else {})
        for building in run.registry.published_buildings
    ]
    files.write_json(
        staging / "schema.json",
        {"version": version, "tables": [schema(table, rows[table.file]) for table in published]},
    )
    licences = [building.licence for building in buildings]
    package = datapackage(title, licences, version, staging, published)
    files.write_json(staging / "datapackage.json", package)
    files.write_json(staging / "lineage.json", lineage_of_release)
    files.write_text(
        staging / "README.md",
        readme(
            title,
            buildings,
            run.as_of,
            version,
            rows,
            lineage_of_release,
            published,
            explorer_data.described(staging),
        ),
    )
    files.write_text(staging / "LICENSE", licence(title, buildings, version))
    write_sums(staging)


def write_sums(staging: Path) -> None:
    """Write SHA256SUMS of all files that are there, but for run.json."""
    summed = [name for name in files.names_below(staging) if name != "run.json"]
    files.write_text(
        staging / "SHA256SUMS",
        "".join(f"{files.sha256(staging / name)}  {name}\n" for name in summed),
    )


def schema(table: Table, rows: int) -> dict[str, Any]:
    """A table as schema.json describes it."""
    return {
        "file": table.file,
        "description": table.description,
        "rows": rows,
        "key": list(table.key),
        "columns": [asdict(column) for column in table.columns],
    }


def datapackage(
    title: str,
    licences: Iterable[str],
    version: str,
    staging: Path,
    published: Iterable[Table],
) -> dict[str, Any]:
    """Frictionless Data Package 2.0."""

    def resource(table: Table) -> dict[str, Any]:
        return {
            "name": table.file.removesuffix(".parquet").replace("_", "-"),
            "path": table.file,
            "format": "parquet",
            "mediatype": "application/vnd.apache.parquet",
            "description": table.description,
            "hash": f"sha256:{files.sha256(staging / table.file)}",
            "schema": {
                "fields": [
                    {
                        "name": c.name,
                        "type": TYPES[c.type],
                        "description": c.description,
                        **({"unit": c.unit} if c.unit else {}),
                    }
                    for c in table.columns
                ],
                "primaryKey": list(table.key),
            },
        }

    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "building-sensor-data",
        "title": title,
        "version": version,
        "licenses": [
            {"name": name, "path": f"https://spdx.org/licenses/{name}.html"}
            for name in sorted(set(licences))
        ],
        "resources": [resource(table) for table in published],
    }
