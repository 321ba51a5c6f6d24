"""Seeds of generated buildings: all files that the project has, so that a new one is not missed."""

import csv
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from include.core.settings import PROJECT_DIR

SEEDS = PROJECT_DIR / "include/dbt/seeds"


def copy_seeds(folder: Path, shared: Collection[str]) -> None:
    """Copy the project's seeds that describe no building, and the checks of its health; the others
    get their header only.
    """
    shutil.copytree(SEEDS / "health", folder / "health")
    for path in SEEDS.glob("*.csv"):
        if path.stem in shared:
            shutil.copy(path, folder)
        else:
            write(folder, path.stem, ())


def write(folder: Path, seed: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows by the names of the project's own columns; a column that a row omits is empty."""
    with (SEEDS / f"{seed}.csv").open(newline="", encoding="utf-8") as own:
        columns = next(csv.reader(own))
    with (folder / f"{seed}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
