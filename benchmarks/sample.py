"""What `make run` costs with the sample: writes benchmarks/sample.json, and its row in README.md.

Run it on a machine that does nothing else: `.venv/bin/python benchmarks/sample.py`.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.timed import timed  # noqa: E402

FIGURES, PAGE = PROJECT / "benchmarks/sample.json", PROJECT / "README.md"
ROW = "| `make run` with the sample |"


@dataclass(frozen=True)
class Sample:
    """A first run, one with nothing new, and what they leave."""

    first_seconds: float
    again_seconds: float
    peak_megabytes: float
    data_megabytes: float
    cores: int

    def row(self) -> str:
        """The row of README.md, rounded."""
        times = f"{self.first_seconds:.0f} s; with nothing new {self.again_seconds:.0f} s"
        memory, disk = f"{self.peak_megabytes / 1000:.1f} GB", f"{self.data_megabytes:.0f} MB"
        return f"{ROW} {times} | {memory} | {disk} in `data` |"


def measure() -> Sample:
    """Run the sample twice in a scratch DATA_DIR."""
    with TemporaryDirectory() as folder:
        environment = {"DATA_DIR": folder, "PYTHONPATH": str(PROJECT)}
        first, again = (timed(PROJECT / "cli/run.py", **environment) for _ in range(2))
        size = sum(path.lstat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return Sample(
        round(first.seconds, 1),
        round(again.seconds, 1),
        round(max(first.megabytes, again.megabytes)),
        round(size / 1e6),
        os.cpu_count() or 1,
    )


def main() -> None:
    """Measure, and write both files."""
    sample = measure()
    FIGURES.write_text(json.dumps(asdict(sample), indent=1) + "\n")
    lines = PAGE.read_text().split("\n")
    PAGE.write_text("\n".join(sample.row() if line.startswith(ROW) else line for line in lines))
    print(sample.row())


if __name__ == "__main__":
    main()
