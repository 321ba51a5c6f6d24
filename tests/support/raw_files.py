"""Writes exports as the devices do; every keyword is one way in which a file can be different."""

import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from include.core.settings import PROJECT_DIR

SAMPLE = PROJECT_DIR / "include/sample_data"
HOUR = timedelta(hours=1)
ATREA = (
    "KOT1/Teplota venkovní (°C)",
    *(
        f"KOT1/VZT 01 | Obj. 1/vzt01_temp-{name} (°C)"
        for name in ("tea-sani", "teb-odvod", "tu1-privod", "tu2-vyfuk")
    ),
)
THERMOPRO = ("Date", "Time", "Temperature_Celsius", "Relative_Humidity(%)")


class Raw:
    """Where exports are on a building's drive, as if it were one folder: each name is in the folder of its datasource."""

    def __init__(self, drive: Path) -> None:
        self.drive = drive
        self.folders = (drive / "Vzduchotechnika/Latest/Upload", drive / "Indoor/Latest/Upload")

    def __truediv__(self, name: str) -> Path:
        return self.folders[not name.startswith("Graph")] / name

    def mkdir(self) -> None:
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)

    def glob(self, pattern: str) -> list[Path]:
        return [path for folder in self.folders for path in folder.glob(pattern)]

    def take_away(self) -> None:
        for folder in self.folders:
            folder.rename(folder.with_name("away"))

    def bring_back(self) -> None:
        for folder in self.folders:
            folder.with_name("away").rename(folder)


def times(start: str, count: int, step: timedelta = HOUR) -> list[datetime]:
    return [datetime.fromisoformat(start) + n * step for n in range(count)]


def thermopro(
    folder: Path | Raw,
    device: str,
    at: Iterable[datetime],
    *,
    value: Callable[[int], str] = lambda n: f"{20 + n % 7 / 10:.1f}",
    humidity: Callable[[int], str] = lambda n: f"{40 + n % 5}",
    date: str = "%d/%m/%Y",
    clock: str = "%H:%M",
    exported: int = 1769904007,
    name: str | None = None,
) -> Path:
    """`Date,Time,Temperature_Celsius,Relative_Humidity(%)` below a title line."""
    lines = [f"{t:{date}},{t:{clock}},{value(n)},{humidity(n)}" for n, t in enumerate(at)]
    text = "\n".join([f"Timestamp,ThermoPro {device}", ",".join(THERMOPRO), *lines]) + "\n"
    return write(
        folder / (name or f"ThermoProSensor_export_{device}_{exported}.csv"), text.encode()
    )


def atrea(
    folder: Path | Raw,
    at: Iterable[datetime],
    *,
    name: str,
    value: Callable[[int, int], str] = lambda n, c: f"{c + n % 9 / 10:.2f}".replace(".", ","),
) -> Path:
    """Semicolons, decimal commas, CRLF, a nameless column at the right and an empty line at the end."""
    lines = [
        f"{t:%d.%m.%Y %H:%M:%S};" + "".join(f"{value(n, column)};" for column in range(len(ATREA)))
        for n, t in enumerate(at)
    ]
    text = "\r\n".join(["Date;" + "".join(f"{column};" for column in ATREA), *lines]) + "\r\n\r\n"
    return write(folder / name, text.encode())


def retouched(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The same file, with its bytes changed."""
    return write(path, change(path.read_bytes()))


def lines(content: bytes) -> list[bytes]:
    """Lines with their ends; line n of the file is element n - 1."""
    return content.splitlines(keepends=True)


def with_line(number: int, text: str) -> Callable[[bytes], bytes]:
    """A change that puts another text in the place of a line."""
    return lambda content: b"".join(
        [*lines(content)[: number - 1], text.encode() + b"\n", *lines(content)[number:]]
    )


def without_column(index: int, delimiter: bytes = b",") -> Callable[[bytes], bytes]:
    """A change that leaves a column out, from the header in line 2 on."""

    def change(content: bytes) -> bytes:
        cells = [line.rstrip(b"\n").split(delimiter) for line in lines(content)]
        return b"".join(
            delimiter.join(row if n == 0 else row[:index] + row[index + 1 :]) + b"\n"
            for n, row in enumerate(cells)
        )

    return change


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def sample_drive(raw: Raw) -> None:
    """The building's own exports of two months, by the hour."""
    shutil.copytree(SAMPLE / "drive", raw.drive, dirs_exist_ok=True)


def minute_drive(raw: Raw) -> None:
    """The building's own export of a week, by the minute."""
    raw.mkdir()
    shutil.copytree(SAMPLE / "minute_sample/drive", raw.drive, dirs_exist_ok=True)


def small_drive(raw: Raw) -> None:
    """Two sensors and one ventilation unit over the end of January 2026."""
    hours = times("2026-01-29 00:00", 24 * 5)
    thermopro(raw, "072B", hours)
    thermopro(raw, "493D", hours, value=lambda n: f"{19 + n % 4 / 10:.1f}")
    atrea(raw, hours, name="Graph_01_20260129_20260203.csv")
