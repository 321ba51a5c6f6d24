"""An older public dataset against a release: python cli/compare_releases.py OLD.parquet
[data/releases/latest].

Exit code 0: every hour agrees. 2: some do not, and the table says which and why. 1: it could not be
compared.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from include.core.errors import PlatformError  # noqa: E402
from include.release.comparison import AGREES, compare  # noqa: E402


def main() -> int:
    """Print the difference; the exit code says whether both agree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path, help="the old dataset, hourly, as Parquet")
    parser.add_argument(
        "release",
        type=Path,
        nargs="?",
        default=PROJECT / "data/releases/latest",
        help="folder of a release",
    )
    parser.add_argument("--building", default="sm2", help="whose dataset the old one is")
    parser.add_argument(
        "--location-map",
        type=Path,
        default=PROJECT / "include/dbt/seeds/location_map.csv",
        help="CSV with building_id, location, public_location",
    )
    parser.add_argument("--timezone", default="Europe/Prague", help="the clock of the old dataset")
    chosen = parser.parse_args()
    console = Console(highlight=False)
    try:
        outcomes = compare(
            chosen.old, chosen.release, chosen.building, chosen.location_map, chosen.timezone
        )
    except PlatformError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    hours: Counter[str] = Counter()
    for row in outcomes:
        hours[row.outcome] += row.hours
    differing = [row for row in outcomes if row.outcome != AGREES]
    if differing:
        table = Table(
            "source",
            "location",
            "measurement",
            "month",
            "outcome",
            "hours",
            "first",
            "last",
            "old",
            "new",
            box=None,
        )
        for row in differing:
            values = (
                "" if value is None else f"{value:.6g}"
                for value in (row.first_old_value, row.first_new_value)
            )
            span = (f"{row.first_hour:%d. %H:%M}", f"{row.last_hour:%d. %H:%M}")
            table.add_row(
                row.source,
                row.location,
                row.measurement,
                row.month,
                row.outcome,
                str(row.hours),
                *span,
                *values,
            )
        console.print(table)
    console.print(
        ", ".join(f"{count:,} hours: {outcome}" for outcome, count in hours.most_common())
        or "no hour in either"
    )
    return 2 if differing or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
