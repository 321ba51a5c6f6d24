"""Compares a file with what its datasource declares: python cli/diff_datasource.py FILE [options].

Shows the verdict that the file would get, the columns that are declared beside those it has, and
the rows to paste. Nothing is changed. Exit code 0: the file would be accepted and nothing of it is
unknown. 1: it could not be compared. 2: it differs.
"""

import argparse
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

import pyarrow.parquet as pq  # noqa: E402

from cli.environment import prepare_environment  # noqa: E402
from include.core.errors import ConfigurationError, PlatformError  # noqa: E402
from include.core.plain_text import visible  # noqa: E402
from include.core.settings import PROJECT_DIR, Settings  # noqa: E402
from include.formats.declared import Circumstances, Declared, described_by  # noqa: E402
from include.ingest.validate import Validation, validate  # noqa: E402
from include.monitoring.format_change import declared_and_found  # noqa: E402
from include.monitoring.seed_rows import block, sensor_row  # noqa: E402
from include.registry import Registry, load_registry  # noqa: E402
from include.registry.rows import Datasource  # noqa: E402

SAME, NOT_COMPARED, DIFFERENT = 0, 1, 2


def main() -> int:
    """Print what differs. Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--datasource", default="", help="default: the one whose files it matches")
    chosen = parser.parse_args()
    prepare_environment(PROJECT_DIR)
    try:
        return diff(Settings.from_environment(), chosen.file.resolve(), chosen.datasource)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return NOT_COMPARED


def diff(settings: Settings, raw: Path, datasource_id: str = "") -> int:
    """Print what differs; returns the exit code.

    Raises ConfigurationError if no datasource reads such files, or several do.
    """
    if not raw.is_file():
        raise ConfigurationError("file not found", where=str(raw), cure="check the path: FILE=…")
    registry = load_registry(settings.seeds_dir)
    datasource = (
        registry.datasource(datasource_id) if datasource_id else _that_reads(registry, raw.name)
    )
    declared = Declared.of(registry, datasource)
    with tempfile.TemporaryDirectory() as scratch:
        values = Path(scratch) / "values.parquet"
        now = Circumstances(datetime.now(UTC))
        found = validate(raw, raw.name, declared, values, Path(scratch) / "rejected.parquet", now)
        unknown = _unknown(found, values, declared) if found.layout else []
    print(f"{datasource.datasource_id}: {'accepted' if found.accepted else 'refused'}")
    for finding in found.findings:
        print(f"  · {visible(str(finding))}")
    print("\n" + visible_block(declared_and_found(registry, datasource, raw)))
    rows = [sensor_row(registry, datasource, name) for name in unknown]
    print("\n".join(map(visible, block("sensor_mappings.csv", rows))))
    return SAME if found.accepted and not found.findings and not unknown else DIFFERENT


def visible_block(text: str) -> str:
    """The lines, each without signs that a terminal would act on."""
    return "\n".join(map(visible, text.splitlines()))


def _that_reads(registry: Registry, name: str) -> Datasource:
    """The datasource whose pattern the name matches."""
    found = [row for row in registry.datasources if re.fullmatch(row.file_regex, name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(row.datasource_id for row in found or registry.datasources)
    raise ConfigurationError(
        f"{name} matches {'several datasources' if found else 'no datasource'}",
        where="file_pattern in datasources_config.csv",
        cure=f"set --datasource to one of: {known}",
    )


def _unknown(found: Validation, values: Path, declared: Declared) -> list[str]:
    """The raw names of the file that no row of sensor_mappings.csv explains."""
    assert found.layout is not None
    table = pq.read_table(values, columns=["device", "measurement"])
    named = table.group_by(["device", "measurement"]).aggregate([]).to_pylist()
    if declared.measurement_column:
        names = [f"{row['device'] or found.layout.device}/{row['measurement']}" for row in named]
    elif declared.device_columns or found.layout.device:
        names = [row["device"] or found.layout.device for row in named]
    else:
        names = [name for name in found.layout.columns if described_by(name, declared.mappings)]
    return sorted({name for name in names if name and name not in declared.raw_names})


if __name__ == "__main__":
    sys.exit(main())
