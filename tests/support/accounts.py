"""What became of an installation's files, cells and readings."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.ingest.register import Outcome, read_outcome
from include.ledger.ledger import FileVersion
from include.store.readings import READINGS, read_accounting
from include.store.store import REJECTED, Store
from tests.support.platform import Platform


def outcome_of(platform: Platform) -> Outcome:
    outcome = read_outcome(platform.settings)
    assert outcome is not None
    return outcome


def file_of(platform: Platform, device: str) -> FileVersion:
    return next(v for v in platform.ledger.versions if f"_{device}_" in v.path)


def accounting_of(platform: Platform) -> pa.Table:
    return read_accounting(platform.settings)


def counted(platform: Platform, device: str) -> dict[str, int]:
    """What the accounting counts of a device's files, less what it counts as none."""
    numbers = {v.number for v in platform.ledger.versions if f"_{device}_" in v.path}
    return _sums(
        [row for row in accounting_of(platform).to_pylist() if row["source_file"] in numbers]
    )


def sums_of(platform: Platform) -> dict[str, int]:
    return _sums(accounting_of(platform).to_pylist())


def _sums(rows: list[dict]) -> dict[str, int]:
    names = (
        "cells",
        "readings",
        "nulls",
        "unmapped",
        "ignored",
        "unparsable",
        "kept",
        "duplicates",
        "superseded",
    )
    return {name: total for name in names if (total := sum(row[name] for row in rows))}


def readings_of(
    platform: Platform, month: str, device: str, measurement: str | None = None
) -> pa.Table:
    """One device's readings of a month, by measurement and time."""
    found = _stored(platform, READINGS, month).filter(pc.field("sensor_id") == device)
    if measurement:
        found = found.filter(pc.field("measurement") == measurement)
    return found.sort_by([("measurement", "ascending"), ("timestamp", "ascending")])


def instants(platform: Platform, month: str, device: str) -> list[datetime]:
    return [
        at.astimezone(UTC)
        for at in readings_of(platform, month, device, "temp_indoor")["timestamp"].to_pylist()
    ]


def rejected_of(platform: Platform, month: str) -> pa.Table:
    return _stored(platform, REJECTED, month)


def _stored(platform: Platform, model: str, month: str) -> pa.Table:
    [file] = Store(platform.settings).of_months(model, [("sm2", month)])
    return pq.read_table(file.path, partitioning=None)
