"""Adds a building: python cli/new_building.py ID --timezone ZONE [options].

Writes its rows of buildings_config.csv and building_hierarchy.csv; `make new-datasource` adds what
is read of it. Exit code 0: written. 1: not possible, and why.
"""

import argparse
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.command import run_locked  # noqa: E402
from include.core.errors import ConfigurationError  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.onboarding.propose import Rows, blank  # noqa: E402
from include.onboarding.write import registry_with, write_rows  # noqa: E402
from include.registry import load_registry  # noqa: E402
from include.registry.rows import Building, HierarchyNode  # noqa: E402


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
    row = {
        "building_id": chosen.id,
        "name": name,
        "timezone": chosen.timezone,
        "retention_months": chosen.retention_months,
        "licence": chosen.licence,
        "on_refusal": "publish",
        "schedule": "",
        "notify": "",
        "status": "active",
    }
    node = {"id": chosen.id, "type": "Building", "name": name, "level": "0"}
    rows: Rows = {
        "buildings_config.csv": [blank(Building) | row],
        "building_hierarchy.csv": [blank(HierarchyNode) | node],
    }
    if any(row.building_id == chosen.id for row in load_registry(settings.seeds_dir).buildings):
        raise ConfigurationError(
            f"building {chosen.id} already exists",
            where="buildings_config.csv",
            cure="choose another id, or add a datasource to it: make new-datasource",
        )
    with tempfile.TemporaryDirectory() as scratch:
        registry_with(settings.seeds_dir, rows, chosen.id, Path(scratch) / "seeds")
    write_rows(settings.seeds_dir, rows)
    print(f"{chosen.id} is in {settings.seeds_dir}. Next: make new-datasource FILE=<sample>")


if __name__ == "__main__":
    sys.exit(main())
