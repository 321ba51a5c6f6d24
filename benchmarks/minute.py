"""One more minute of two apartments beside one more day of a house: python benchmarks/minute.py.

The apartments have the sample's records, or those of FOLDER (smb/ below it); each minute is two
documents of 4 KB, and the run reads, builds and publishes all of it. The house has two months.
"""

import os
import re
import shutil
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.bench import Installation  # noqa: E402
from benchmarks.timed import Timed, timed  # noqa: E402
from cli.example import DRIVE  # noqa: E402
from include.registry.cells import EXAMPLE  # noqa: E402

NAME = "%d.%m.%Y %H%M"
TURNS = 3


class Apartments:
    """`make example NAME=apartments`, minute by minute."""

    def __init__(self, folder: Path, records: Path | None = None) -> None:
        self.folder = folder
        self.drive = folder / EXAMPLE / "apartments" / DRIVE / "smb"
        if records is not None:
            shutil.copytree(records, self.drive)
            sample = PROJECT / "include/sample_data/apartments/drive/sftp"
            shutil.copytree(sample, self.drive.parent / "sftp")
        self.run()
        self.last = {path.name[15:]: path for path in sorted(self.drive.iterdir(), key=when)}

    def run(self) -> Timed:
        """As of the morning after the sample."""
        day = ("apartments", "--as-of", "2023-10-30T06:00Z")
        return timed(PROJECT / "cli/example.py", *day, DATA_DIR=str(self.folder))

    def one_more_minute(self) -> Timed:
        """The last document of each apartment comes again, a minute later."""
        for person, path in self.last.items():
            later = when(path) + timedelta(minutes=1)
            text = re.sub(
                r'("datetime": *")[^"]*', rf"\g<1>{later:%d.%m.%Y %H:%M}", path.read_text()
            )
            self.last[person] = self.drive / f"{later:{NAME}}{person}"
            self.last[person].write_text(text)
        return self.run()


def when(path: Path) -> datetime:
    """The minute in a document's name."""
    return datetime.strptime(path.name[:15], NAME)


def main() -> None:
    """Print the medians, taken in turns."""
    os.environ.pop("SEEDS_DIR", None)
    with tempfile.TemporaryDirectory() as scratch:
        apartments = Apartments(Path(scratch) / "apartments", *map(Path, sys.argv[1:2] or ()))
        house = Installation(Path(scratch) / "house", 2)
        house.run()
        minutes, days = [], []
        for _ in range(TURNS):
            minutes.append(apartments.one_more_minute())
            days.append(house.one_more_day())
    for name, took in (("a minute of two apartments", minutes), ("a day of a house", days)):
        print(
            f"| {name} | {median(one.seconds for one in took):.1f} s |"
            f" {median(one.processor for one in took):.1f} s |"
            f" {max(one.megabytes for one in took):,.0f} MiB |"
        )


if __name__ == "__main__":
    main()
