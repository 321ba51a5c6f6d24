"""The seeds of the star schema: what feeds its facts, and what energy costs."""

from datetime import date
from itertools import combinations
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from include.registry.cells import Clock, Identifier, Names, OptionalDate
from include.registry.rows import Measurement, Row
from include.registry.seeds import refuse
from include.registry.units import Conversion, UnknownUnit, conversion

# What may be fed, and its unit. What has none is said of the sensors: `is_total` of those that
# measure all of their apartment, `is_outdoor` of those that are outside.
FACT_COLUMNS: dict[str, dict[str, str]] = {
    "energy": {"power_w": "W", "counter_wh": "W.h", "energy_kwh": "kW.h", "is_total": ""},
    "environment": {
        "is_outdoor": "",
        "temperature_c": "Cel",
        "humidity_pct": "%",
        "co2_ppm": "[ppm]",
        "noise_db": "dB",
        "pressure_hpa": "hPa",
        "window_open_flag": "1",
        "door_open_flag": "1",
    },
    "presence": {"motion_count": "1", "door_open_flag": "1"},
    "device_health": {"battery_pct": "%"},
    "weather": {
        "temperature_c": "Cel",
        "humidity_pct": "%",
        "precipitation_mm": "mm",
        "radiation_wm2": "W/m2",
    },
}


class FactColumn(Row):
    """Which readings feed a column of a fact. Several rows may feed one."""

    building_id: Identifier
    fact: Literal["energy", "environment", "presence", "device_health", "weather"]
    column: str
    measurement: Identifier
    sensors: Names = Field((), description="globs of sensor_ids, as */meteo/*; empty: all")

    @field_validator("column")
    @classmethod
    def _of_that_fact(cls, column: str, info: ValidationInfo) -> str:
        known = FACT_COLUMNS.get(info.data.get("fact", ""), {})
        if known and column not in known:
            raise ValueError(f"name one of {', '.join(known)}")
        return column

    @property
    def unit(self) -> str:
        """Of the column, in UCUM."""
        return FACT_COLUMNS[self.fact][self.column]


class Tariff(Row):
    """What energy costs in a building, from `valid_from` (inclusive) to `valid_to` (exclusive),
    local dates, on some weekdays and at some times of the day.
    """

    building_id: Identifier
    provider: str = Field(min_length=1)
    valid_from: date
    valid_to: OptionalDate
    weekdays: str = Field(
        pattern=r"^[1-7]*$", description="1 is Monday, as 12345; empty: every day"
    )
    from_time: Clock = Field(description="on the building's clock; empty: the day's beginning")
    to_time: Clock = Field(description="exclusive; empty: the day's end")
    chf_per_kwh: float = Field(ge=0)

    @field_validator("to_time")
    @classmethod
    def _after_its_beginning(cls, stop: int | None, info: ValidationInfo) -> int | None:
        if stop is not None and stop <= (info.data.get("from_time") or 0):
            raise ValueError("a band over midnight is two rows, one to 24:00 and one from 00:00")
        return stop

    @property
    def days(self) -> list[int]:
        """The weekdays, from 1 for Monday."""
        return [int(day) for day in self.weekdays or "1234567"]

    @property
    def minutes(self) -> tuple[int, int]:
        """The minutes of the day, half-open."""
        return self.from_time or 0, 1440 if self.to_time is None else self.to_time

    def overlaps(self, other: "Tariff") -> bool:
        """Whether there is a minute at which both hold, if they are of one building."""
        return (
            self.valid_from < (other.valid_to or date.max)
            and other.valid_from < (self.valid_to or date.max)
            and bool(set(self.days) & set(other.days))
            and max(self.minutes[0], other.minutes[0]) < min(self.minutes[1], other.minutes[1])
        )


def conversion_to(row: FactColumn, measurement: Measurement) -> Conversion:
    """How a reading becomes a value of the column; of a rate that becomes energy, a second of it.
    Of what is said of sensors, nothing becomes anything.

    Raises UnknownUnit if they measure different things.
    """
    if not row.unit:
        return Conversion(1, 0)
    is_energy = row.column == "energy_kwh"
    unit = measurement.accumulated_unit if is_energy else measurement.unit
    return conversion(unit, row.unit)


def check_fact_column(row: FactColumn, measurements: dict[str, Measurement]) -> None:
    """Its measurement is one of readings, in a unit that can become the column's."""
    file = "fact_columns.csv"
    measurement = measurements.get(row.measurement)
    made = {one.amount for one in measurements.values()}
    if measurement is None or row.measurement in made:
        readings = sorted(measurements.keys() - made)
        what = f"{row.measurement!r} is not measured by readings"
        refuse(file, row, "measurement", what, f"use one of: {', '.join(readings)}")
    if row.sensors and (row.column == "is_outdoor" or row.fact == "device_health"):
        what = f"{row.column} is said of all sensors of a measurement"
        refuse(file, row, "sensors", what, "leave the cell empty")
    if row.column == "energy_kwh" and measurement.kind not in ("counter", "rate"):
        what = f"{row.measurement} is a {measurement.kind}: no energy is made of it"
        refuse(file, row, "measurement", what, "name a counter or a rate")
    try:
        conversion_to(row, measurement)
    except UnknownUnit as error:
        what = f"{row.measurement} cannot become {row.column}: {error}"
        refuse(file, row, "measurement", what, f"name one whose unit can become {row.unit}")


def check_tariffs(rows: tuple[Tariff, ...]) -> None:
    """At no minute two of them, which are a building's, hold."""
    file = "tariffs.csv"
    for row in rows:
        if row.valid_to and row.valid_to <= row.valid_from:
            what = "the period ends before it begins"
            refuse(file, row, "valid_to", what, "valid_to is the first day after: swap the dates")
    for earlier, later in combinations(rows, 2):
        if earlier.overlaps(later):
            what = f"the tariff of line {earlier.line} holds at the same time"
            refuse(file, later, "valid_from", what, "end one where the other begins")
