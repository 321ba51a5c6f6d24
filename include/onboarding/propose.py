"""The seed rows of a new datasource."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import ConfigurationError
from include.formats.dialect import trimmed
from include.monitoring.seed_rows import pattern_of
from include.onboarding.describe import (
    Description,
    Value,
    bounds_of,
    measurement_row,
    place_in,
    plain,
)
from include.onboarding.sniff import Sample
from include.registry import Registry
from include.registry.hierarchy import NODES
from include.registry.rows import (
    FileFormat,
    HierarchyNode,
    HttpRequest,
    Row,
    SensorMapping,
)
from include.registry.seeds import Roots, read_cells, read_rows

SEEDS = (
    "file_formats.csv",
    "datasources_config.csv",
    "datasource_mappings.csv",
    "http_requests.csv",
    "sensor_mappings.csv",
    "measurements.csv",
    "building_hierarchy.csv",
)
UNKNOWN = "unknown measurement: set it with --measure"
NO_NUMBERS = "its values are not numbers"
Rows = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Wanted:
    """What a person says of a new datasource.

    Attributes:
        datasource_id: its id.
        building_id: the building it belongs to.
        location: the folder that its files come from, as rclone names it.
        file_pattern: which files there are its.
        timezone: of its devices' clocks.
        place: where its sensor is, if it is one; else each sensor is a place of its own.
        make: what makes the devices, for `source`.
        request: what is asked of the location, if it is an address: cells of http_requests.csv.
    """

    datasource_id: str
    building_id: str
    location: str
    file_pattern: str
    timezone: str
    place: str
    make: str
    request: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sensor:
    """A raw name and what it is; `why_not` if it is ignored."""

    raw_name: str
    sensor_id: str
    place: str
    measurement: str = ""
    unit: str = ""
    why_not: str = ""


def blank(row_type: type[Row]) -> dict[str, str]:
    """A row of a seed without values."""
    return dict.fromkeys((name for name in row_type.model_fields if name != "line"), "")


def propose(sample: Sample, found: Description, wanted: Wanted, registry: Registry) -> Rows:
    """The rows that describe the sample.

    Raises ConfigurationError if nothing of it would be read.
    """
    described = _described(found)
    sensors = _sensors(sample, found, wanted)
    if not any(not sensor.why_not for sensor in sensors):
        names = ", ".join(sensor.raw_name for sensor in sensors[:5])
        raise ConfigurationError(
            "unknown measurement: no name in the sample matches a known quantity",
            where=f"names in the sample: {names}",
            cure="set --measure 'NAME=temp_indoor', or 'NAME=new_measurement:UNIT'",
        )
    rows: Rows = {seed: [] for seed in SEEDS}
    rows["file_formats.csv"].append(_format_row(sample, found, wanted))
    rows["datasources_config.csv"].append(_datasource_row(sample, found, wanted))
    rows["datasource_mappings.csv"] += [
        _mapping_row(found, wanted, value, sensors) for value in described
    ]
    if wanted.request:
        asked = {"datasource_id": wanted.datasource_id, **wanted.request}
        rows["http_requests.csv"].append(blank(HttpRequest) | asked)
    rows["sensor_mappings.csv"] += [_sensor_row(sensor, wanted) for sensor in sensors]
    units = {value.measurement: value.unit for value in described}
    units |= {sensor.measurement: sensor.unit for sensor in sensors}
    # those of examples, too, which the registry leaves out
    known = {cells["measurement"] for _, cells in read_cells(registry.folder / "measurements.csv")}
    rows["measurements.csv"] += [
        _measurement(name, units[name]) for name in sorted(units.keys() - known - {""})
    ]
    rows["building_hierarchy.csv"] += _nodes(sensors, wanted, registry)
    return rows


def _described(found: Description) -> tuple[Value, ...]:
    """The columns that a row of datasource_mappings.csv describes."""
    if found.measurement_column or _names_say_it(found):
        return found.values[:1]
    return tuple(value for value in found.values if value.measurement) or found.values


def _names_say_it(found: Description) -> bool:
    """Whether devices say what they measure: one column holds the values of all."""
    return bool(found.device_column) and not any(value.measurement for value in found.values)


def _sensors(sample: Sample, found: Description, wanted: Wanted) -> list[Sensor]:
    if found.measurement_column:
        return [
            _sensor(f"{device}/{kind.name}", device or wanted.datasource_id, kind)
            for device, kinds in found.kinds.items()
            for kind in kinds
        ]
    if not found.device_column:
        ids = [(place_in(v.name) or wanted.datasource_id, v.measurement) for v in found.values]
        return [
            # two columns of one quantity are two sensors
            _sensor(
                value.name,
                plain(value.name) if ids.count(one) > 1 else one[0],
                value,
                is_column=True,
            )
            for one, value in zip(ids, found.values, strict=True)
        ]
    if not _names_say_it(found):
        return [Sensor(device.name, device.name, device.name) for device in found.devices]
    sensors = []
    for device in found.devices:
        why_not = device.why_not or ("" if device.measurement else UNKNOWN)
        why_not = why_not if _has_numbers(sample, found, device.name) else NO_NUMBERS
        place = place_in(device.name.rpartition(".")[2]) or device.name
        what = device.measurement, device.unit
        sensors.append(Sensor(device.name, device.name, place, *what, why_not))
    return sensors


def _sensor(raw_name: str, sensor_id: str, value: Value, *, is_column: bool = False) -> Sensor:
    """`is_column`: measurement and unit are said of the column."""
    if not value.measurement:
        return Sensor(raw_name, sensor_id, sensor_id, why_not=value.why_not or UNKNOWN)
    if is_column:
        return Sensor(raw_name, sensor_id, sensor_id)
    return Sensor(raw_name, sensor_id, sensor_id, value.measurement, value.unit)


def _has_numbers(sample: Sample, found: Description, device: str) -> bool:
    mask = pc.equal(trimmed(sample.columns[found.device_column]), device)
    values = sample.columns[found.values[0].name].filter(mask)
    own = Sample(sample.format_, {"value": pa.chunked_array([values]).combine_chunks()})
    return own.numeric_share("value") > 0


def _format_row(sample: Sample, found: Description, wanted: Wanted) -> dict[str, str]:
    row = sample.format_.model_dump(mode="json")
    row |= {"format": wanted.datasource_id, "date_formats": found.times.formats}
    return {name: _cell(row[name]) for name in FileFormat.model_fields if name != "line"}


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ";".join(value)
    return "" if value is None else str(value)


def _datasource_row(sample: Sample, found: Description, wanted: Wanted) -> dict[str, str]:
    keys = [*found.times.columns, found.device_column, found.measurement_column]
    described = [value.name for value in _described(found)]
    required = [pattern(name) for name in (*keys, *described) if name and ";" not in name]
    others = [
        name for name in (*found.others, *(v.name for v in found.values)) if name not in described
    ]
    return {
        "datasource_id": wanted.datasource_id,
        "building_id": wanted.building_id,
        "name": wanted.datasource_id.replace("_", " "),
        "source_type": "json" if sample.format_.reader == "json" else "csv",
        "format": wanted.datasource_id,
        "location": wanted.location,
        "file_pattern": wanted.file_pattern,
        "required_columns": ";".join(required),
        "optional_columns": ";".join(pattern(name) for name in others if ";" not in name),
        "on_new_column": "warn",
        "data_type": "",
        "timezone": wanted.timezone,
        "earliest": "",
        "interval_minutes": "",
        "max_null_pct": "10",
        "rejected_warn_pct": "5",
        "rejected_refuse_pct": "25",
        "row_count_min": "1",
        "row_count_max": "2000000",
        "retention_months": "",
        "sensitive": "false",
        "status": "active",
    }


def pattern(name: str) -> str:
    """The name; a regex that matches it alone where the name itself is none, or names several."""
    try:
        re.compile(name)
    except re.error:
        return pattern_of(name)
    return pattern_of(name) if "|" in name else name


def _mapping_row(
    found: Description, wanted: Wanted, value: Value, sensors: list[Sensor]
) -> dict[str, str]:
    measured = [value.measurement] if value.measurement else [s.measurement for s in sensors]
    lowest, highest = bounds_of(measured)
    return {
        "datasource_id": wanted.datasource_id,
        "timestamp_column": "+".join(found.times.columns),
        "location_column": found.device_column,
        "measurement_column": found.measurement_column,
        "value_column": pattern(value.name),
        "measurement": value.measurement,
        "source_name": wanted.make,
        "value_min": lowest,
        "value_max": highest,
        "unit": value.unit if value.measurement else "",
    }


def _sensor_row(sensor: Sensor, wanted: Wanted) -> dict[str, str]:
    row = blank(SensorMapping)
    row |= {"datasource_id": wanted.datasource_id, "raw_name": sensor.raw_name}
    if sensor.why_not:
        return row | {"disposition": "ignored", "reason": sensor.why_not}
    return row | {
        "disposition": "mapped",
        "sensor_id": sensor.sensor_id,
        "location": wanted.place or sensor.place,
        "measurement": sensor.measurement,
        "scale": "1",
        "offset": "0",
        "unit": sensor.unit,
    }


def _measurement(name: str, unit: str) -> dict[str, str]:
    if row := measurement_row(name):
        return row
    return {
        "measurement": name,
        "unit": unit or "1",
        "scale": "ratio",
        "aggregation": "nonadditive",
        "description": name.replace("_", " "),
        "brick_class": "",
    }


def _nodes(sensors: list[Sensor], wanted: Wanted, registry: Registry) -> list[dict[str, str]]:
    """Nodes of the building's tree for sensors and places that have none: on a floor that is not
    known.
    """
    building = wanted.building_id
    seed = registry.folder / NODES
    roots = Roots.read(seed)
    nodes = [node for node in read_rows(seed, HierarchyNode) if building in roots.of(node)]
    known: dict[tuple[str, str], str] = {(node.type, node.name): node.id for node in nodes}
    ids = {node.id for node in nodes}
    rows: list[dict[str, str]] = []

    def add(parent: str, kind: str, name: str, level: int, node_id: str = "") -> str:
        place = node_id or f"{building}.{plain(name) or len(ids)}"
        while place in ids:
            place += "_"
        ids.add(place)
        known[kind, name] = place
        row = blank(HierarchyNode)
        row |= {"id": place, "parent_id": parent, "type": kind, "name": name, "level": str(level)}
        rows.append(row)
        return place

    if building not in ids:
        add("", "Building", registry.building(building).name, 0, building)
    floor = f"{building}.unknown_floor"
    for sensor in sensors:
        if sensor.why_not or ("Sensor", sensor.sensor_id) in known:
            continue
        name = registry.public_location(building, wanted.place or sensor.place)
        zone = known.get(("Zone", name)) or known.get(("Room", name))
        if zone is None:
            if floor not in ids:
                add(building, "Floor", "floor not known", 1, floor)
            zone = add(floor, "Zone", name, 2)
        level = next((node.level + 1 for node in nodes if node.id == zone), 3)
        node_id = f"{building}.sensor_{plain(sensor.sensor_id) or len(ids)}"
        add(zone, "Sensor", sensor.sensor_id, level, node_id)
    return rows
