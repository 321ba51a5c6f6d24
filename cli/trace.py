"""Shows the raw record of a reading: python cli/trace.py BUILDING SOURCE_FILE SOURCE_LINE [SENSOR].

The three are columns of public_dataset_raw (building_id, source_file, source_line). Exit code 0:
shown. 1: there is no such record, or no copy of its file is left.
"""

import argparse
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.command import run_locked  # noqa: E402
from include.core.clock import END_OF_TIME  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.ingest.trace import Origin, trace  # noqa: E402
from include.registry import Run, registry_of  # noqa: E402


def main() -> int:
    """Print where a reading comes from. Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("building")
    parser.add_argument("source_file", type=int)
    parser.add_argument("source_line", type=int)
    parser.add_argument("sensor", nargs="?", default="", help="sensor_id, to name its columns")
    chosen = parser.parse_args()

    def work(settings: Settings) -> None:
        run = Run(settings, registry_of(settings), END_OF_TIME)
        place = chosen.building, chosen.source_file, chosen.source_line
        print(described(trace(run, *place, chosen.sensor), chosen.source_line))

    return run_locked(work)


def described(origin: Origin, line: int) -> str:
    """Its file, place and text, a line each."""
    columns = ", ".join(origin.columns) or "none that is mapped"
    return "\n".join(
        [
            f"file     {origin.member or origin.path}",
            *([f"in       {origin.path}"] if origin.member else []),
            f"sha256   {origin.sha256}",
            f"line     {line}",
            f"columns  {columns}",
            origin.text,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
