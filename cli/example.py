"""`make example NAME=water`: a further site from its sample to its release, with a DATA_DIR of its
own. What else is given goes to `make run`.

Its rows are in the seeds, of a building with the status `example`; for this run they are copied,
and that building is the only one. Its sample is `include/sample_data/<name>`: `drive/`, and in
`as_of` the date that is "now".
"""

import argparse
import csv
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from include.core.drives import active_locations, remotes_of  # noqa: E402
from include.core.errors import PlatformError  # noqa: E402
from include.core.settings import SEEDS, alias_variables  # noqa: E402
from include.registry import load_registry  # noqa: E402
from include.registry.cells import EXAMPLE  # noqa: E402

BUILDINGS = "buildings_config.csv"
DRIVE = "remote"  # not `drive`, which is where `make run` has its own sample
OF_OWN_DATA = ("STATE_REMOTE", "PUBLISH_REMOTE", "AIRFLOW_CONN_", "EXPORT_LEGACY")


def main() -> int:
    """Prepare the example and become `make run` (or `make ui`). Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the building_id of a building with the status example")
    parser.add_argument("--ui", action="store_true", help="show it in Airflow's pages")
    parser.add_argument("--as-of", help="what 'now' means; default: the end of its sample")
    chosen, more = parser.parse_known_args()
    try:
        known = sorted(load_registry(SEEDS).examples)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.name not in known:
        print(f"no example {chosen.name!r}; NAME is one of: {', '.join(known)}", file=sys.stderr)
        return 1
    sample = PROJECT / "include/sample_data" / chosen.name
    data_dir = (
        Path(os.environ.get("DATA_DIR") or PROJECT / "data").resolve() / EXAMPLE / chosen.name
    )
    write_seeds(SEEDS, data_dir / "seeds", chosen.name)
    copy_drive(sample / "drive", data_dir / DRIVE)
    as_of = chosen.as_of or (sample / "as_of").read_text().strip()
    command = str(PROJECT / "cli" / ("ui.py" if chosen.ui else "run.py"))
    variables = environment(os.environ, data_dir, as_of)
    os.execve(sys.executable, [sys.executable, command, *more], variables)  # noqa: S606  # ours


def environment(own: Mapping[str, str], data_dir: Path, as_of: str) -> dict[str, str]:
    """The variables of its run: it writes nothing where the user's own data are, and notifies
    nobody.
    """
    found = {name: text for name, text in own.items() if not name.startswith(OF_OWN_DATA)}
    for remote in remotes_of(active_locations(data_dir / "seeds")):
        found |= alias_variables(remote, data_dir / DRIVE)
    return found | {
        "DATA_DIR": str(data_dir),
        "SEEDS_DIR": str(data_dir / "seeds"),
        "AS_OF": as_of,
    }


def copy_drive(sample: Path, drive: Path) -> None:
    """Copy the sample to a drive that is not there yet; one that is there is whole."""
    if drive.exists():
        return
    part = drive.with_name(f"{drive.name}.part")
    shutil.copytree(sample, part, dirs_exist_ok=True)
    part.rename(drive)


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
