"""Compares an older public dataset with a release, for the months in which both are produced."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from include.core import files
from include.core.errors import ConfigurationError

AGREES = "agrees"
TOLERANCE = 1e-9
DECIMALS = 2
OLD_COLUMNS = {"time", "location", "source", "data_key", "data_value"}


@dataclass(frozen=True)
class Outcome:
    """The hours of one series and month with one outcome; hours are the wall clock's, values those
    of the first hour.
    """

    source: str
    location: str
    measurement: str
    month: str
    outcome: str
    hours: int
    first_hour: datetime
    last_hour: datetime
    first_old_value: float | None
    first_new_value: float | None


def compare(
    old: Path, release: Path, building_id: str, location_map: Path, timezone: str
) -> list[Outcome]:
    """What agrees, what differs and why, by series, month and outcome.

    `old` is one building's, Parquet with time (the end of the hour on the wall clock, with "UTC"
    written on it), location, source, data_key and data_value. Raises ConfigurationError if it is
    something else.
    """
    new = release / "public_dataset_hourly.parquet"
    for path in (old, new, location_map):
        if not path.exists():
            raise ConfigurationError(
                "there is no such file",
                where=str(path),
                cure="name the old dataset's Parquet file and a release's folder",
            )
    with duckdb.connect() as database:
        database.execute("set TimeZone = 'UTC'")
        try:
            found = {
                row[0]
                for row in database.execute(
                    "describe select * from read_parquet($old)", {"old": str(old)}
                ).fetchall()
            }
        except duckdb.Error as error:
            raise ConfigurationError(
                f"it is not a Parquet file: {error}",
                where=str(old),
                cure="export the old dataset as Parquet",
            ) from error
        if missing := OLD_COLUMNS - found:
            raise ConfigurationError(
                f"columns are missing: {', '.join(sorted(missing))}",
                where=str(old),
                cure="see docs/migrate-from-dwh-sm2.md",
            )
        parameters = {
            "old": str(old),
            "new": str(new),
            "building_id": building_id,
            "location_map": str(location_map),
            "timezone": timezone,
            "tolerance": TOLERANCE,
            "decimals": DECIMALS,
        }
        rows = database.execute(
            files.read_source(Path(__file__).with_suffix(".sql")), parameters
        ).fetchall()
    return [Outcome(*row) for row in rows]
