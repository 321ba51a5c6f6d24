"""What the columns of a sample mean: when, of what device, which quantity, in which unit.

What the file does not show is left open and said, never guessed.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import permutations
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import ConfigurationError
from include.formats.date_order import parse_date
from include.formats.dialect import trimmed
from include.formats.timestamps import is_time_of_day, split_stamps
from include.onboarding.sniff import NUMERIC, Sample
from include.registry.cells import EPOCHS
from include.registry.rows import Measurement
from include.registry.units import UnknownUnit, conversion, is_written_unit

QUANTITIES = Path(__file__).parent / "quantities.csv"
DATE_FORMATS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"),
    *("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y"),
    *("%Y.%m.%d", "%Y%m%d"),
    # all orders of each mark: which one is proven from the file, not from this list
    *("%d.%m.%y", "%y.%m.%d", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d"),
    *("%d-%m-%y", "%m-%d-%y", "%y-%m-%d"),
)
VALUE = re.compile(r"^(value|state|reading|wert|hodnota|valore|messwert)$")
DEVICE = re.compile(
    r"device|sensor|entity|location|room|station|node|zone|place|name|(^|_)id$|^\*$"
)
KIND = re.compile(r"measure|quantity|kind|type|parameter|variable|metric|channel|field|property")
UNIT_COLUMN = re.compile(r"unit")
IN_BRACKETS = re.compile(r"[\(\[]([^\)\]]+)[\)\]]\s*$")
SUFFIXES = {
    **{"celsius": "Cel", "degc": "Cel", "fahrenheit": "°F", "degf": "°F", "kelvin": "K"},
    **{"pct": "%", "percent": "%", "ppm": "ppm", "ppb": "ppb", "hpa": "hPa", "kpa": "kPa"},
    **{"mbar": "mbar", "lux": "lx", "kw": "kW", "w": "W", "c": "Cel", "f": "°F", "k": "K"},
}


# Left of a name when its quantity is taken out: `relative humidity`, `temperature sensor`.
WORDS_OF_QUANTITIES = frozenset(
    ("relative", "air", "erature", "eratur", "ota", "ity", "igkeit", "sensor", "value", "2m")
)


@dataclass(frozen=True)
class Times:
    """The columns of the timestamp, and the formats that fit them."""

    columns: tuple[str, ...]
    formats: tuple[str, ...]


@dataclass(frozen=True)
class Value:
    """A column of values, or one name of a narrow file: what it measures, in which unit; empty
    where nothing shows it.
    """

    name: str
    measurement: str = ""
    unit: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class Description:
    """What the columns of a sample mean.

    `devices`: what the names in the device column say. `kinds`: by device, those in the
    measurement column.
    """

    times: Times
    device_column: str
    measurement_column: str
    values: tuple[Value, ...]
    devices: tuple[Value, ...] = ()
    kinds: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()


@cache
def quantities() -> list[dict[str, str]]:
    """The quantities that are known by their names, in the order in which they are tried."""
    with QUANTITIES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plain(name: str) -> str:
    """A name in lower case without accents, with `_` for all other signs."""
    bare = unicodedata.normalize("NFKD", IN_BRACKETS.sub("", name)).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "_", bare.decode().lower()).strip("_")


@dataclass(frozen=True)
class Said:
    """What a person says of the columns.

    `measures`: names of columns (or of kinds) → measurement or `measurement:unit`.
    """

    measures: Mapping[str, str]
    device: str = ""
    value: str = ""
    date_format: str = ""


def describe(sample: Sample, said: Said) -> Description:
    """Say what each column means.

    Raises:
        ConfigurationError: no column holds times, or none holds values.
    """
    _check_names(sample, said)
    times = find_times(sample, said.date_format)
    rest = [name for name in sample.columns if name not in times.columns]
    numeric = [name for name in rest if sample.numeric_share(name) >= NUMERIC]
    words = [name for name in rest if name not in numeric and sample.texts(name)]
    device, kind = _keys(sample, times, words, numeric)
    device = said.device or device
    if not numeric and device:  # states of many devices, of which some are numbers
        numeric = [name for name in words if sample.numeric_share(name) > 0]
    values = [name for name in numeric if name not in (device, kind)]
    values = [
        name for name in values if not re.fullmatch(r"(row_?)?(id|index|nr|no)?", plain(name))
    ] or values
    if not values:
        raise ConfigurationError(
            "no column holds numbers",
            where=f"columns {', '.join(rest) or 'none'}",
            cure="check delimiter and decimal mark of the sample",
        )
    if said.value or kind:
        values = [said.value or _the_value(values)]
    others = tuple(name for name in rest if name not in (*values, device, kind))
    found = tuple(_value(name, said.measures, sample.units.get(name, "")) for name in values)
    if device and not kind and not any(value.measurement for value in found):
        _the_value(values)  # the names of the devices say what is measured
    units = _written_units(sample, kind or device, others)
    if units and not (kind or device):
        found = (_value(_the_value(values), said.measures, units[""]),)
    elif units and not kind and any(value.measurement for value in found):
        raise ConfigurationError(
            "a column of units, and measurements in columns of their own",
            where=f"columns {', '.join((*values, *others))}",
            cure="remove the column of units, or set units: --measure NAME=MEASUREMENT:UNIT",
        )
    devices = sample.texts(device) if device else []
    return Description(
        times,
        device,
        kind,
        found,
        tuple(_value(name, said.measures, units.get(name, "")) for name in devices),
        _kinds(sample, device, kind, said.measures, units),
        others,
    )


def _check_names(sample: Sample, said: Said) -> None:
    for name in (said.device, said.value):
        if name and name not in sample.columns:
            raise ConfigurationError(
                f"unknown column {name!r}",
                where="options --device and --value",
                cure=f"use one of: {', '.join(sample.columns)}",
            )


def _the_value(columns: list[str]) -> str:
    """The one column that holds the values of all lines."""
    named = [name for name in columns if VALUE.match(plain(name))]
    if len(named) != 1 and len(columns) != 1:
        raise ConfigurationError(
            "ambiguous value column",
            where=f"columns {', '.join(columns)}",
            cure="set --value COLUMN",
        )
    return (named or columns)[0]


def _written_units(sample: Sample, key: str, others: Iterable[str]) -> dict[str, str]:
    """The unit of each name in the column `key`, where a column of units says it; of all lines
    under an empty name if there is no such column.

    Raises ConfigurationError if a name has several.
    """
    column = next((name for name in others if UNIT_COLUMN.search(plain(name))), "")
    if not column:
        return {}
    keys = trimmed(sample.columns[key]) if key else pa.array([""] * sample.rows)
    pairs = pa.table({"key": keys, "unit": trimmed(sample.columns[column])})
    rows = pairs.group_by(["key", "unit"]).aggregate([]).to_pylist()
    found = {row["key"]: row["unit"] for row in rows}
    if len(found) < len(rows):
        raise ConfigurationError(
            "several units for one measurement",
            where=f"column {column}",
            cure="split the file by unit",
        )
    return found


def find_times(sample: Sample, date_format: str = "") -> Times:
    """The column, or the two, whose every text is a time, and the formats that fit all of them.

    Raises ConfigurationError if there is none.
    """
    ordered = sorted(
        sample.columns,
        key=lambda name: not re.search("time|date|when|stamp|last_|zeit|cas|ora", plain(name)),
    )
    known = (date_format,) if date_format else DATE_FORMATS
    found = _in_one_column(sample, ordered, known)
    if found and not found.is_midnight:
        return found.times
    if pair := _in_two_columns(sample, ordered[:6], known):
        return pair
    if found:
        return found.times
    for name in ordered:
        if unit := _epoch_of(sample, name):
            return Times((name,), (unit,))
    raise ConfigurationError(
        "no column holds times in a known format",
        where=f"columns {', '.join(sample.columns)}",
        cure=f"set --date-format; tried were {', '.join((*DATE_FORMATS, *EPOCHS))}",
    )


@dataclass(frozen=True)
class _Found:
    """`is_midnight`: all its times are 00:00:00, as a workbook shows dates."""

    times: Times
    is_midnight: bool


def _in_one_column(sample: Sample, names: list[str], known: Iterable[str]) -> _Found | None:
    dates = None
    for name in names:
        parts = split_stamps(sample.columns[name])
        if formats := _formats_of(parts, known):
            is_midnight = parts[1].unique().to_pylist() == ["00:00:00"]
            found = _Found(Times((name,), formats), is_midnight)
            if not is_midnight:
                return found
            dates = dates or found
    return dates


def _in_two_columns(sample: Sample, names: list[str], known: Iterable[str]) -> Times | None:
    for one, other in permutations(names, 2):
        dates = pc.replace_substring_regex(trimmed(sample.columns[one]), " 00:00:00$", "")
        if formats := _formats_of((dates, trimmed(sample.columns[other])), known):
            return Times((one, other), formats)
    return None


def _formats_of(parts: tuple[pa.Array, pa.Array], known: Iterable[str]) -> tuple[str, ...]:
    """The date formats that fit all dates, if all times are times of day."""
    dates, times = (part.unique().to_pylist() for part in parts)
    if not dates or not all(is_time_of_day(text) for text in times):
        return ()
    return tuple(
        format_
        for format_ in known
        if all((day := parse_date(text, format_)) and day.year > 1990 for text in dates)
    )


def _epoch_of(sample: Sample, name: str) -> str:
    """The unit in which the numbers of a column are times between 2000 and 2100; empty if none."""
    texts = trimmed(sample.columns[name])
    if not pc.all(pc.match_substring_regex(texts, r"^\d{9,17}(\.\d+)?$")).as_py():
        return ""
    numbers = pc.cast(texts, pa.float64())
    first, last = (
        (date(year, 1, 1) - date(1970, 1, 1)) / timedelta(microseconds=1) for year in (2000, 2100)
    )
    for unit, size in EPOCHS.items():
        if first <= pc.min(numbers).as_py() * size and pc.max(numbers).as_py() * size <= last:
            return unit
    return ""


def _keys(sample: Sample, times: Times, words: list[str], numeric: list[str]) -> tuple[str, str]:
    """The columns that name the device and the measurement of a line; empty where there is none."""
    stamps = pa.table({name: sample.columns[name] for name in times.columns})
    repeated = stamps.group_by(list(times.columns)).aggregate([]).num_rows < sample.rows
    kind = next((name for name in words if KIND.search(plain(name))), "")
    devices = [name for name in words if name != kind and not UNIT_COLUMN.search(plain(name))]
    device = next((name for name in devices if DEVICE.search(plain(name) or name)), "")
    if not device and repeated:  # a device may be a number
        device = next((name for name in numeric if DEVICE.search(plain(name))), "")
    return device, kind


def _kinds(
    sample: Sample, device: str, kind: str, named: Mapping[str, str], units: Mapping[str, str]
) -> dict[str, tuple[Value, ...]]:
    """For each device of a narrow file, what its lines measure."""
    if not kind:
        return {}
    keys = trimmed(sample.columns[device]) if device else pa.array([""] * sample.rows)
    pairs = pa.table({"device": keys, "kind": trimmed(sample.columns[kind])})
    found: dict[str, tuple[Value, ...]] = {}
    for row in (
        pairs.group_by(["device", "kind"])
        .aggregate([])
        .sort_by([("device", "ascending"), ("kind", "ascending")])
        .to_pylist()
    ):
        value = _value(row["kind"], named, units.get(row["kind"], ""))
        found[row["device"]] = (*found.get(row["device"], ()), value)
    return found


def _value(name: str, named: Mapping[str, str], written: str = "") -> Value:
    """What a name measures, in which unit; `written` is the unit that the file gives elsewhere."""
    if name in named:
        measurement, _, unit = named[name].partition(":")
        known = next((row for row in quantities() if row["measurement"] == measurement), None)
        return Value(name, measurement, unit or written or unit_of(name, known))
    quantity = quantity_of(name)
    if quantity is None:
        return Value(name)
    bracketed = IN_BRACKETS.search(name)
    for unit in (written, bracketed[1].strip() if bracketed else ""):
        if unit and is_written_unit(unit) and not _fits(unit, quantity):
            return Value(name, why_not=f"{unit} is not a unit of {quantity['measurement']}")
    return Value(name, quantity["measurement"], written or unit_of(name, quantity))


def _fits(unit: str, quantity: Mapping[str, str]) -> bool:
    try:
        return bool(conversion(unit, quantity["unit"]))
    except UnknownUnit:
        return False


def quantity_of(name: str) -> dict[str, str] | None:
    """The first known quantity whose pattern the name matches."""
    return next((row for row in quantities() if re.search(row["pattern"], plain(name))), None)


def place_in(name: str) -> str:
    """What a name says apart from quantity and unit, such as `bad` of `Bad Feuchte (%)`; empty if
    that is no word.
    """
    quantity = quantity_of(name)
    rest = re.sub(quantity["pattern"], "_", plain(name)) if quantity else plain(name)
    left = [word for word in rest.split("_") if len(word) > 1 and word not in SUFFIXES]
    words = "_".join(word for word in left if word not in WORDS_OF_QUANTITIES)
    return words if re.search("[a-z]{2}", words) else ""


def unit_of(name: str, quantity: dict[str, str] | None) -> str:
    """The unit that a name holds, in brackets or at its end, if values in it can become the
    quantity's.
    """
    bracketed = IN_BRACKETS.search(name)
    last = plain(name).rpartition("_")[2]
    candidates = [bracketed[1].strip()] if bracketed else []
    candidates += [SUFFIXES[last]] if last in SUFFIXES and "_" in plain(name) else []
    fitting = (unit for unit in candidates if quantity and _fits(unit, quantity))
    return next(fitting, candidates[0] if candidates and not quantity else "")


def measurement_row(name: str) -> dict[str, str] | None:
    """A row of measurements.csv for a known quantity."""
    row = next((row for row in quantities() if row["measurement"] == name), None)
    return row and {key: row.get(key, "") for key in Measurement.model_fields if key != "line"}


def bounds_of(measurements: Iterable[str]) -> tuple[str, str]:
    """Physical bounds that hold for all of the measurements."""
    rows = [row for row in quantities() if row["measurement"] in set(measurements)]
    if not rows:
        return "-1000000", "1000000"
    lowest = min(rows, key=lambda row: float(row["value_min"]))
    highest = max(rows, key=lambda row: float(row["value_max"]))
    return lowest["value_min"], highest["value_max"]
