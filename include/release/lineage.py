"""lineage.json: from what a release was made, what was counted on the way, and what was refused."""

from collections import Counter
from typing import Any

from include.core.version import code_version
from include.ledger.ledger import FileVersion, Ledger
from include.planning.plan import models_fingerprint
from include.registry import Registry, Run
from include.release.history import HistoryFile
from include.store.readings import FATES, OUTCOMES, read_accounting, totals
from include.store.store import Store


def lineage(run: Run, version: str, history: list[HistoryFile]) -> dict[str, Any]:
    """A pure function of ledger, manifests and seeds: no clock, no machine."""
    ledger = Ledger.read(run.settings.paths)
    accounting = read_accounting(run.settings)
    by_file: dict[tuple[str, int], dict[str, int]] = {}
    unmapped: dict[tuple[str, int], set[str]] = {}
    for row in accounting.to_pylist():
        key = row["building_id"], row["source_file"]
        sums = by_file.setdefault(key, dict.fromkeys((*OUTCOMES, *FATES, "outliers"), 0))
        for name in sums:
            sums[name] += row[name]
        unmapped.setdefault(key, set()).update(row["unmapped_names"] or [])
    withdrawn = run.registry.withdrawn(run.as_of)
    seen = [version for version in ledger.versions if version.first_seen <= run.as_of]
    return {
        "version": version,
        "code_version": code_version(),
        "as_of": run.as_of.isoformat(),
        "conservation": totals(accounting),
        "models": models_fingerprint("models"),
        "seeds": {
            building.building_id: run.registry.fingerprint_of(building.building_id)
            for building in run.registry.published_buildings
        },
        "history": [file.to_json() for file in history],
        "archive": [
            {**unit.__dict__, "revision": e.revision, "rows": e.rows, "sha256": e.sha256}
            for unit, e in sorted(Store(run.settings).published_units.items(), key=str)
        ],
        "inputs": [
            {
                **_input(v),
                "accounting": by_file.get(v.key, {}),
                **_first(unmapped.get(v.key, set())),
            }
            for v in seen
            if v.verdict == "accepted"
            and v.sha256 not in withdrawn
            and run.registry.uses(v.building_id, v.datasource_id)
        ],
        "withdrawn": [
            {
                **_input(v),
                "reason": withdrawn[v.sha256].reason,
                "owner": withdrawn[v.sha256].owner,
                "from": withdrawn[v.sha256].since.isoformat(),
            }
            for v in seen
            if v.sha256 in withdrawn
        ],
        "removed": [
            {
                "building_id": building_id,
                "datasource_id": datasource_id,
                "files": files,
                "reason": f"removed from {where}",
            }
            for (building_id, datasource_id, where), files in _removed(run.registry, seen).items()
        ],
        "refused": [{**_input(v), "reasons": v.reasons} for v in ledger.refused() if v in seen],
        "datasources": [
            {
                "datasource_id": d.datasource_id,
                "status": d.status,
                "files": sum(v.datasource_id == d.datasource_id for v in seen),
            }
            for d in run.registry.datasources
        ],
    }


def _removed(registry: Registry, seen: list[FileVersion]) -> dict[tuple[str, str, str], int]:
    """How many file versions are out of use because their datasource or building was removed from
    which seed.
    """
    buildings = {
        building.building_id for building in registry.buildings if building.status != "removed"
    }
    unused = [v for v in seen if not registry.uses(v.building_id, v.datasource_id)]
    where = {
        v.key: "datasources_config.csv" if v.building_id in buildings else "buildings_config.csv"
        for v in unused
    }
    return dict(
        sorted(Counter((v.building_id, v.datasource_id, where[v.key]) for v in unused).items())
    )


def _first(unmapped: set[str], shown: int = 20) -> dict[str, Any]:
    return (
        {"unmapped": sorted(unmapped)[:shown], "unmapped_names": len(unmapped)} if unmapped else {}
    )


def _input(version: FileVersion) -> dict[str, Any]:
    found: dict[str, Any] = {
        "source_file": version.number,
        "building_id": version.building_id,
        "datasource_id": version.datasource_id,
        "path": version.path,
        "size": version.size,
        "sha256": version.sha256,
        "rows": version.rows,
        "rejected_lines": version.rejected,
        "cells": version.cells,
    }
    if version.layout:
        found["date_format"] = version.layout.date_format
    if warnings := [str(finding) for finding in version.findings if finding.severity == "warning"]:
        found["warnings"] = warnings
    if version.skipped_checks:
        found["skipped_checks"] = list(version.skipped_checks)
    return found
