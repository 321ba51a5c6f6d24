"""Starts a building over: python cli/start_over.py BUILDING [--yes].

Forgets every verdict on the building's files. The next run reads all of them again, from landing,
the state remote or the drive, by what the seeds say then, as if they had just arrived. Ledger
numbers, releases and the archive's old revisions stay; other buildings are not touched. Without
--yes it only says what it would do. Exit code 0: done. 1: it could not be done.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.command import run_locked  # noqa: E402
from include.core.errors import ConfigurationError  # noqa: E402
from include.core.plain_text import counted  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.ledger.ledger import FileVersion, Finding, Ledger  # noqa: E402

FORGOTTEN = Finding(
    "started_over",
    "error",
    "its building was started over",
    cure="Run again: the file is read with the current seeds",
)


def main() -> int:
    """With --yes, let a building be read again from its first file. Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("building", help="a building_id of buildings_config.csv")
    parser.add_argument("--yes", action="store_true", help="do it")
    chosen = parser.parse_args()

    def work(settings: Settings) -> None:
        count = counted(
            start_over(settings, chosen.building, dry_run=not chosen.yes), "file version"
        )
        print(
            f"{count} of {chosen.building}: "
            + (
                "read again by the next run"
                if chosen.yes
                else "to be read again; nothing was changed, repeat with --yes"
            )
        )

    return run_locked(work)


def start_over(settings: Settings, building_id: str, *, dry_run: bool = False) -> int:
    """Returns how many file versions lose their verdict.

    Raises ConfigurationError if the ledger knows no such building.
    """
    ledger = Ledger.read(settings.paths, building_id)
    own = [version for version in ledger.versions if version.verdict != "gone"]
    if not own:
        known = ", ".join(settings.paths.known_buildings) or "none yet"
        raise ConfigurationError(
            f"the ledger knows no file of {building_id!r}",
            where=str(settings.paths.ledger(building_id)),
            cure=f"name one of: {known}",
        )
    if not dry_run:
        ledger.replaced(_forgotten(version) for version in own).write(settings.paths)
    return len(own)


def _forgotten(version: FileVersion) -> FileVersion:
    return replace(
        version,
        verdict="refused",
        findings=(FORGOTTEN,),
        layout=None,
        judged_by="",
        skipped_checks=(),
    )


if __name__ == "__main__":
    sys.exit(main())
