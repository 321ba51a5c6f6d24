"""Takes back what a run with an as_of in the future has published: python cli/take_back_future.py
[--as-of DAY] [--yes].

Removes the releases of the future, here and on the publish remote, and lets `latest` name the
newest release that is left. The files that the ledger says were first seen in the future are then
first seen at --as-of: a run as of an earlier time does not use them. Without --yes it only lists
what it would do. Exit code 0: done, or nothing to do. 1: it could not be done.
"""

import argparse
import re
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.command import run_locked  # noqa: E402
from include.core import files, rclone  # noqa: E402
from include.core.clock import check_clock, checked_as_of, is_future, parse_as_of  # noqa: E402
from include.core.drives import below  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.ledger.ledger import Ledger  # noqa: E402
from include.registry import Run, registry_of  # noqa: E402
from include.release import release as releases  # noqa: E402
from include.release.publications import publication_run  # noqa: E402
from include.release.upload import offered_release, upload  # noqa: E402


def main() -> int:
    """Say what would be taken back; with --yes, take it back. Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--as-of", help="the as_of that was meant; default: 00:00 UTC of today")
    parser.add_argument("--yes", action="store_true", help="do it")
    chosen = parser.parse_args()
    return run_locked(
        lambda settings: take_back(
            settings,
            checked_as_of(chosen.as_of or f"{check_clock():%Y-%m-%d}"),
            dry_run=not chosen.yes,
        )
    )


def take_back(settings: Settings, meant: datetime, *, dry_run: bool = False) -> None:
    """Idempotent: a second call does what an interrupted one has left."""
    ledger = Ledger.read(settings.paths)
    early = [version for version in ledger.versions if is_future(version.first_seen)]
    _announce(len(early), meant)
    if early and not dry_run:
        _date_back(settings, ledger, meant)
    run = Run(settings, registry_of(settings), meant)
    for publication in run.registry.publications:
        _take_back_releases(publication_run(run, publication).settings, dry_run=dry_run)
    if dry_run:
        print("nothing was changed; with --yes it is done")
    else:
        print(f"run again as of {meant:%Y-%m-%d} or later")


def _take_back_releases(settings: Settings, *, dry_run: bool) -> None:
    """Those of one publication, here and on its remote."""
    here = [
        path.name for path in settings.paths.releases.glob("[0-9]*-*") if _of_the_future(path.name)
    ]
    there = [
        name
        for name in rclone.folders(below(settings.publish_remote, "releases"))
        if _of_the_future(name)
    ]
    for name in sorted({*here, *there}):
        print(f"remove release {name} of {settings.publication}")
    if dry_run:
        return
    left = sorted(
        path.name
        for path in settings.paths.releases.glob("[0-9]*-*")
        if not _of_the_future(path.name)
    )
    if here:
        _point_latest(settings, left)
    if (offered := offered_release(settings)) and is_future(offered.as_of):
        rclone.delete_file(below(settings.publish_remote, "latest.json"))
    if left and (last := releases.latest(settings)):
        upload(settings, last)
    for name in there:
        rclone.delete_folder(below(settings.publish_remote, f"releases/{name}"))
    for name in here:
        files.remove(settings.paths.releases / name)
    print(f"latest of {settings.publication} is {left[-1] if left else 'no release'}")


def _announce(early: int, meant: datetime) -> None:
    print(
        f"{early} file versions of the ledger: first seen {meant:%Y-%m-%dT%H:%MZ}"
        if early
        else "the ledger names no time in the future"
    )


def _point_latest(settings: Settings, left: list[str]) -> None:
    if left:
        files.point(settings.paths.latest, left[-1])
    else:
        files.remove(settings.paths.latest)


def _date_back(settings: Settings, ledger: Ledger, meant: datetime) -> None:
    versions = (
        replace(version, first_seen=meant) if is_future(version.first_seen) else version
        for version in ledger.versions
    )
    Ledger(versions).write(settings.paths)


def _of_the_future(release: str) -> bool:
    return bool(re.match(r"\d{4}-\d\d-\d\d-", release)) and is_future(parse_as_of(release[:10]))


if __name__ == "__main__":
    sys.exit(main())
