"""`make example NAME=water`: a further site from its sample to its release, with a DATA_DIR of its
own.

Its rows are in the seeds, of a building with the status `example`; for this run they are copied,
and that building is the only one. Its sample is `include/sample_data/<name>`: `drive/`, and in
`as_of` the date that is "now".
"""

import argparse
import csv
import os
import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from include.core.drives import active_locations, remotes_of  # noqa: E402
from include.core.settings import SEEDS, alias_variables  # noqa: E402
from include.registry.rows import EXAMPLE  # noqa: E402

BUILDINGS = "buildings_config.csv"


def main() -> int:
    """Prepare the example and become `make run` (or `make ui`). Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the building_id of a building with the status example")
    parser.add_argument("--ui", action="store_true", help="show it in Airflow's pages")
    chosen = parser.parse_args()
    if chosen.name not in (known := examples(SEEDS)):
        print(f"NAME is {chosen.name!r}, and there are: {', '.join(known)}", file=sys.stderr)
        return 1
    sample = PROJECT / "include/sample_data" / chosen.name
    data_dir = (
        Path(os.environ.get("DATA_DIR") or PROJECT / "data").resolve() / EXAMPLE / chosen.name
    )
    write_seeds(SEEDS, data_dir / "seeds", chosen.name)
    drive = data_dir / "drive"
    if not drive.exists():
        shutil.copytree(sample / "drive", drive)
    for remote in remotes_of(active_locations(data_dir / "seeds")):
        os.environ.update(alias_variables(remote, drive))
    os.environ |= {
        "DATA_DIR": str(data_dir),
        "SEEDS_DIR": str(data_dir / "seeds"),
        "AS_OF": os.environ.get("AS_OF") or (sample / "as_of").read_text().strip(),
    }
    command = PROJECT / "cli" / ("ui.py" if chosen.ui else "run.py")
    os.execv(sys.executable, [sys.executable, str(command)])  # noqa: S606  # both are ours
    return 0


def examples(seeds: Path) -> list[str]:
    """The buildings that are examples."""
    with (seeds / BUILDINGS).open(encoding="utf-8", newline="") as file:
        return [row["building_id"] for row in csv.DictReader(file) if row["status"] == EXAMPLE]


def write_seeds(seeds: Path, folder: Path, building_id: str) -> None:
    """Copy the seeds; in the copy that building is active, and each other one an example."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(seeds, folder)
    with (seeds / BUILDINGS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["status"] = "active" if row["building_id"] == building_id else EXAMPLE
    with (folder / BUILDINGS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
