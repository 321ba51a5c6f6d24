"""Reads the polluted files of the Pollock benchmark: python benchmarks/pollock.py FOLDER; writes
docs/pollock.md.

FOLDER is `polluted_files` of a checkout of https://github.com/HPI-Information-Systems/Pollock
(Vitagliano et al., "Pollock: A Data Loading Benchmark", VLDB 2023). Its licence is not stated, so
the files are not part of this repository. Each file is the same table of sales with one pollution.
It is declared as a source with the date and time of each row, a device (PRODUCTID) and one value
(Qty), and validated as any file is.
"""

import dataclasses
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from include.core.settings import PROJECT_DIR
from include.formats.declared import Circumstances, Declared
from include.ingest.validate import validate
from include.registry import load_registry
from include.registry.rows import Datasource, DatasourceMapping, FileFormat

OUTCOMES = ("recovered", "rejected by line", "refused", "silently wrong")
PAGE = PROJECT_DIR / "docs/pollock.md"
Row = tuple[str, str, str]


def declared() -> Declared:
    """The table of the benchmark, as rows of the seeds would declare it."""
    registry = load_registry(PROJECT_DIR / "include/dbt/seeds")
    base = Declared.of(registry, registry.datasource("sm2_thermopro"))
    return dataclasses.replace(
        base,
        datasource=Datasource.model_validate({**base.datasource.model_dump(), "line": 1, "file_pattern": "*", "timezone": "UTC", "earliest": "2000-01-01",
                                              "required_columns": "DATE;TIME;PRODUCTID;Qty", "optional_columns": ""}),
        format=FileFormat(line=1, format="pollock", shape="wide", delimiter=",", decimal_mark=".", header_line=1, date_formats="%d/%m/%Y", null_tokens="NA"),
        mappings=(DatasourceMapping(line=1, datasource_id="d", timestamp_column="DATE+TIME", location_column="PRODUCTID", measurement_column="",
                                    value_column="Qty", measurement="", source_name="Pollock", value_min=0, value_max=1e9),),
    )  # fmt: skip


def truth(path: Path) -> Counter[Row]:
    """Date and time, device and quantity of each row of a clean table."""
    rows = pa_csv.read_csv(
        path,
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(("DATE", "TIME", "Qty"), "string")
        ),
    )
    found: Counter[Row] = Counter()
    for row in rows.to_pylist():
        at = datetime.strptime(f"{row['DATE']} {row['TIME']}", "%d/%m/%Y %H:%M")
        found[
            f"{at:%Y-%m-%d %H:%M}", row["PRODUCTID"], f"{float(row['Qty']):g}" if row["Qty"] else ""
        ] += 1
    return found


def outcome(path: Path, source: Declared, true_rows: Counter[Row]) -> str:
    """What became of one file; `silently wrong`: a row that is not in the table, or one that is
    missing without a rejected line.
    """
    with TemporaryDirectory() as folder:
        landed, rejected = Path(folder) / "landed.parquet", Path(folder) / "rejected.parquet"
        found = validate(
            path,
            path.name,
            source,
            landed,
            rejected,
            Circumstances(datetime(2026, 1, 1, tzinfo=UTC)),
        )
        if found.layout is None or not found.accepted:
            return "refused"
        table = pq.read_table(landed)
        at = found.layout.columns.index("Qty")
    rows = Counter(
        (
            f"{row['timestamp']:%Y-%m-%d %H:%M}",
            row["device"],
            "" if row[f"n{at}"] is None else f"{row[f'n{at}']:g}",
        )
        for row in table.to_pylist()
    )
    doubled = Counter(
        {row: count * 9 for row, count in true_rows.items()}
    )  # a file of several tables repeats rows
    if rows - doubled or (true_rows - rows).total() > found.rejected:
        return "silently wrong"
    return "rejected by line" if found.rejected else "recovered"


def main() -> int:
    folder = Path(sys.argv[1])
    source, all_rows = declared(), truth(folder / "clean/source.csv")
    counts: dict[str, Counter[str]] = {}
    for path in sorted((folder / "csv").iterdir()):
        kind = re.sub(r"_?(row)?\d+(_col\d+)?(_.*)?\.csv$|\.csv$", "", path.name)
        true_rows = (
            truth(folder / f"clean/{path.name}")
            if path.name == "file_one_data_row.csv"
            else all_rows
        )
        result = outcome(path, source, true_rows)
        counts.setdefault(kind, Counter())[result] += 1
        if result == "silently wrong":
            print(f"silently wrong: {path.name}")
    counts["all"] = sum(counts.values(), Counter())
    lines = [
        f"| {kind} | {count.total():,} | "
        + " | ".join(f"{count[name]:,}" for name in OUTCOMES)
        + " |"
        for kind, count in counts.items()
    ]
    heading = f"| pollution | files | {' | '.join(OUTCOMES)} |\n|---|---:|{'---:|' * len(OUTCOMES)}"
    PAGE.write_text(f"""# Pollock benchmark

Files of the [Pollock benchmark](https://github.com/HPI-Information-Systems/Pollock) for loading CSV: one table with one pollution each.
*Recovered*: every row was read. *Rejected by line*: some lines are in quarantine, every other row was read. *Refused*: the
whole file is in quarantine, with the reason. *Silently wrong*: a row that the table does not hold, or a missing row that no
rejected line explains. Measured by `python benchmarks/pollock.py FOLDER`.

{heading}
{chr(10).join(lines)}
""")
    print(f"{heading}\n{lines[-1]}")
    return int(counts["all"]["silently wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
