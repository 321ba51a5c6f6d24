"""Files as sources in the wild write them: all hold the same two days of a room, in their own way."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.workbooks import serial, xlsx

START = datetime(2026, 1, 30, tzinfo=UTC)
TIMES = [START + timedelta(minutes=30 * n) for n in range(96)]
TEMPERATURES = [20 + n % 9 / 4 for n in range(96)]
HUMIDITIES = [40 + n % 7 for n in range(96)]
READINGS = list(zip(TIMES, TEMPERATURES, HUMIDITIES, strict=True))


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, its bytes, and what has to be said to add it."""

    name: str
    make: Callable[[], bytes]
    options: tuple[str, ...] = ()
    timezone: str = "UTC"
    missing: int = 0  # readings that the file does not have
    measured: dict[str, int] = field(
        default_factory=lambda: {"temp_indoor": len(TIMES), "humidity_indoor": len(TIMES)}
    )


def lines(header: str, row: Callable[[datetime, float, int], str]) -> bytes:
    return (header + "\n" + "".join(row(*reading) + "\n" for reading in READINGS)).encode()


def history() -> bytes:
    rows = ["entity_id,state,last_changed"]
    for n, (at, temperature, humidity) in enumerate(READINGS):
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for name, value in (("temperature", temperature), ("humidity", humidity)):
            rows.append(f"sensor.bedroom_{name},{value if n else 'unavailable'},{stamp}")
        rows.append(f"binary_sensor.door,{'on' if n % 2 else 'off'},{stamp}")
    return ("\n".join(rows) + "\n").encode()


def open_meteo() -> bytes:
    hourly = {
        "time": [f"{at:%Y-%m-%dT%H:%M}" for at in TIMES],
        "temperature_2m": TEMPERATURES,
        "relative_humidity_2m": HUMIDITIES,
    }
    units = {"time": "iso8601", "temperature_2m": "°C", "relative_humidity_2m": "%"}
    return json.dumps(
        {"latitude": 50.07, "longitude": 14.4, "hourly_units": units, "hourly": hourly}
    ).encode()


def json_lines() -> bytes:
    return b"".join(
        json.dumps(
            {"time": at.isoformat(), "room": "attic", "temperature": t, "humidity": h}
        ).encode()
        + b"\n"
        for at, t, h in READINGS
    )


def zipped() -> bytes:
    """Two files of a day each."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for day in (0, 1):
            rows = [
                f"{at:%Y-%m-%d %H:%M},{t},{h}" for at, t, h in READINGS[day * 48 : day * 48 + 48]
            ]
            text = "\n".join(["time,temperature,humidity", *rows, ""])
            archive.writestr(zipfile.ZipInfo(f"day_{day}.csv"), text)
    return packed.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    columns = {"time": TIMES, "temperature": TEMPERATURES, "humidity": HUMIDITIES}
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def workbook() -> bytes:
    zero = datetime(1899, 12, 30, tzinfo=UTC)
    rows = [[serial((at - zero) / timedelta(days=1), 2), t, h] for at, t, h in READINGS]
    return xlsx([["Time", "Temperature (°C)", "Humidity (%)"], *rows])


def number(value: float) -> str:
    return str(value).replace(".", ",")


KINDS = [
    Kind(
        "narrow_utc.csv",
        lambda: (
            "time,device,measurement,value\n"
            + "".join(
                f"{at:%Y-%m-%dT%H:%M:%SZ},cellar,{name},{value}\n"
                for at, t, h in READINGS
                for name, value in (("temperature", t), ("humidity", h))
            )
        ).encode(),
        timezone="Europe/Prague",
    ),
    Kind(
        "wide_comma_2026-01.csv",
        lambda: lines(
            "Zeit;Ložnice teplota (°C);Ložnice vlhkost (%)",
            lambda at, t, h: f"{at:%d.%m.%Y %H:%M};{number(t)};{h},0",
        ),
    ),
    Kind(
        "history.csv",
        history,
        timezone="Europe/Prague",
        measured={"temp_indoor": 95, "humidity_indoor": 95},
    ),
    Kind(
        "epoch_ms.csv",
        lambda: lines(
            "ts,temperature,humidity",
            lambda at, t, h: f"{round(at.timestamp() * 1000)},{t},{h}",
        ),
        timezone="Europe/Prague",
    ),
    Kind(
        "header_units.csv",
        lambda: (
            b"\xef\xbb\xbf"
            + lines(
                "Time,Temperature(℃),Relative Humidity(%)",
                lambda at, t, h: f"{at:%d-%b-%y %I:%M %p},{t},{h}",
            )
        ),
    ),
    Kind(
        "fahrenheit.csv",
        lambda: lines(
            "timestamp,Room temp [°F],Room humidity [%]",
            lambda at, t, h: f"{at:%Y-%m-%d %H:%M:%S},{t * 9 / 5 + 32},{h}",
        ),
    ),
    Kind("events.jsonl", json_lines, timezone="Europe/Prague"),
    Kind(
        "row_names.csv",
        lambda: (
            "timestamp,temperature,humidity\n"
            + "".join(
                f'"{n}",{at:%Y-%m-%d %H:%M},{t},{h}\n' for n, (at, t, h) in enumerate(READINGS, 1)
            )
        ).encode(),
    ),
    Kind(
        "open_meteo.json",
        open_meteo,
        measured={"temp_ambient": len(TIMES), "humidity_outdoor": len(TIMES)},
    ),
    Kind("workbook.xlsx", workbook),
    Kind("days.zip", zipped),
    Kind("table.parquet", parquet, timezone="Europe/Prague"),
    Kind("packed.csv.gz", lambda: gzip.compress(KINDS[3].make()), timezone="Europe/Prague"),
]
