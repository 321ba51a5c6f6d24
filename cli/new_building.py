"""Adds a building: python cli/new_building.py ID --timezone ZONE [options].

Writes its rows of buildings_config.csv and building_hierarchy.csv; `make new-datasource` adds what
is read of it. Exit code 0: written. 1: not possible, and why.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.command import run_locked  # noqa: E402
from include.core import files  # noqa: E402
from include.core.errors import ConfigurationError  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.onboarding.propose import Rows, with_rows  # noqa: E402
from include.registry import load_registry  # noqa: E402


def main() -> int:
    """Add a building. Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("id", help="in lower case, such as home")
    parser.add_argument("--name", default="", help="as people call it; default: the id")
    parser.add_argument("--timezone", required=True, help="of its calendar, such as Europe/Prague")
    parser.add_argument("--licence", default="CC-BY-4.0", help="of its data (SPDX)")
    parser.add_argument("--retention-months", default="2", help="whole months of its readings")
    chosen = parser.parse_args()
    return run_locked(lambda settings: add(settings, chosen))


def add(settings: Settings, chosen: argparse.Namespace) -> None:
    """Write the rows. Raises ConfigurationError if the seeds do not accept them."""
    name = chosen.name or chosen.id
    rows: Rows = {
        "buildings_config.csv": [
            {
                "building_id": chosen.id,
                "name": name,
                "timezone": chosen.timezone,
                "latitude": "",
                "longitude": "",
                "retention_months": chosen.retention_months,
                "licence": chosen.licence,
                "on_refusal": "publish",
                "status": "active",
            }
        ],
        "building_hierarchy.csv": [
            {
                "id": chosen.id,
                "parent_id": "",
                "type": "Building",
                "name": name,
                "level": "0",
                "coordinates": "",
                "valid_from": "",
                "valid_to": "",
            }
        ],
    }
    if any(row.building_id == chosen.id for row in load_registry(settings.seeds_dir).buildings):
        raise ConfigurationError(
            f"there is a building {chosen.id} already",
            where="buildings_config.csv",
            cure="give another id, or add a datasource to it with `make new-datasource`",
        )
    with tempfile.TemporaryDirectory() as scratch:
        seeds = Path(scratch) / "seeds"
        shutil.copytree(settings.seeds_dir, seeds)
        for path, text in with_rows(seeds, rows).items():
            files.write_text(path, text)
        for error in load_registry(seeds).wrong.get(chosen.id, ()):
            raise error
    for path, text in with_rows(settings.seeds_dir, rows).items():
        files.write_text(path, text)
    print(
        f"{chosen.id} is written to {settings.seeds_dir}. Next: make new-datasource FILE=<sample>"
    )


if __name__ == "__main__":
    sys.exit(main())
