"""What a cell of a seed may hold: its type, and what is said of one that is not valid."""

import codecs
import difflib
import re
import zoneinfo
from datetime import date, datetime
from encodings.aliases import aliases
from string import Formatter
from typing import Annotated, Literal

from croniter import croniter
from pydantic import AfterValidator, BeforeValidator, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# disabled: not read and not monitored, and what was published stays public; removed: that is taken
# out as well
Status = Literal["active", "planned", "disabled", "removed"]
EXAMPLE = "example"  # of a building: no run sees its rows, but for that of `make example`


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


REGEX = "regex:"
HTTP_ADDRESSES = ("http://", "https://")
SQL_ADDRESSES = ("mysql://", "postgresql://")
ADDRESSES = (*HTTP_ADDRESSES, *SQL_ADDRESSES)  # a location that answers requests


def _file_pattern(text: str) -> str:
    if text.startswith(REGEX):
        _regular_expression(text.removeprefix(REGEX))
    elif "\\" in text or "(?" in text:
        raise ValueError(
            f"a glob such as Graph*.csv has no \\ and no (?; a regex begins with {REGEX}"
        )
    return text


HTTP = re.compile(r"https?://(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?(?:/[^\s?#@]*)?")


SQL = re.compile(r"(mysql|postgresql)://(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?/\w+")


def _location(text: str) -> str:
    if text.startswith(SQL_ADDRESSES) and not SQL.fullmatch(text):
        raise ValueError(
            "a database is mysql://host/database or postgresql://host:5432/database: who asks is"
            " in sql_tables.csv"
        )
    if text.startswith(HTTP_ADDRESSES) and not HTTP.fullmatch(text):
        raise ValueError(
            "an address is https://host or https://host/path: what is asked of it, and who asks,"
            " is in http_requests.csv"
        )
    return text


Pattern = Annotated[str, AfterValidator(_regular_expression)]
Location = Annotated[str, AfterValidator(_location)]
FilePattern = Annotated[str, AfterValidator(_file_pattern)]
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda text: tuple(part for part in text.split(";") if part))
]
Patterns = Annotated[
    tuple[Pattern, ...],
    BeforeValidator(lambda text: tuple(part for part in text.split(";") if part)),
]


def _words(text: str) -> tuple[tuple[str, float], ...]:
    found = []
    for part in text.split(";") if text else ():
        word, _, number = part.rpartition("=")
        try:
            found.append((word.strip().lower(), float(number)))
        except ValueError:
            word = ""
        if not word.strip():
            raise ValueError(f"{part!r} is not word=number, such as on=1")
    return tuple(found)


Words = Annotated[tuple[tuple[str, float], ...], BeforeValidator(_words)]


def _cron(text: str) -> str:
    if text and (len(text.split()) != 5 or not croniter.is_valid(text)):
        raise ValueError("not a cron of five fields, such as 0 6 * * 1")
    return text


Cron = Annotated[str, AfterValidator(_cron)]
ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+")


def _addresses(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if not ADDRESS.fullmatch(name)]:
        raise ValueError(f"not an e-mail address: {wrong[0]}")
    return names


Addresses = Annotated[Names, AfterValidator(_addresses)]
OptionalFloat = Annotated[float | None, BeforeValidator(lambda text: text or None)]
# gauge: a value of its moment. counter: a total since some day. rate: an amount a time. state: on
# (not 0) or off. event: how many since the reading before. amount: what came since the one before,
# as a file gives it or as it is made of one of the others.
Kind = Annotated[
    Literal["gauge", "counter", "rate", "state", "event", "amount"],
    BeforeValidator(lambda text: text or "gauge"),
]
Decimals = Annotated[int, BeforeValidator(lambda text: text or "2")]


def _clock(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", text):
        raise ValueError("not a time of the day, such as 22:00")
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


Clock = Annotated[int | None, BeforeValidator(_clock)]  # minutes since midnight

# whether its holidays are known is seen when they are asked for: that library is slow to load
Country = Annotated[str, Field(pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$")]
OptionalInt = Annotated[int | None, BeforeValidator(lambda text: text or None)]
OptionalDate = Annotated[date | None, BeforeValidator(lambda text: text or None)]

Basis = Annotated[
    Literal["assumed", "surveyed"], Field(description="assumed: by the rule in docs/hierarchy.md")
]


# Times that count from 1970-01-01 00:00 UTC, with the microseconds that one of them is.
EPOCHS = {"epoch_s": 10**6, "epoch_ms": 10**3, "epoch_us": 1}


def _date_format(text: str) -> str:
    """A format that says day, month and year: a date written with it reads as the same date; or an
    epoch.
    """
    if text in EPOCHS:
        return text
    day = date(2023, 11, 28)
    try:
        if datetime.strptime(day.strftime(text), text).date() == day:
            return text
    except ValueError:
        pass
    raise ValueError(
        "not a strptime format of a whole date, such as %d/%m/%Y or %Y-%m-%d, and none of"
        f" {', '.join(EPOCHS)}"
    )


def _one_kind(formats: tuple[str, ...]) -> tuple[str, ...]:
    if len(formats) > 1 and not EPOCHS.keys().isdisjoint(formats):
        raise ValueError("an epoch stands alone: a file counts from 1970 or it does not")
    return formats


DateFormats = Annotated[
    tuple[Annotated[str, AfterValidator(_date_format)], ...],
    BeforeValidator(lambda text: tuple(part for part in text.split(";") if part)),
    AfterValidator(_one_kind),
]
FIXED_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?00)?")


def _time_zone(name: str) -> str:
    if found := FIXED_OFFSET.fullmatch(
        name
    ):  # in IANA's names of offsets the sign is the other way
        name = f"Etc/GMT{'-' if found[1] == '+' else '+'}{int(found[2])}"
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            "not a time zone of the IANA database, such as Europe/Prague, and no offset in whole"
            " hours, such as UTC+1"
        ) from error
    return name


TimeZone = Annotated[str, BeforeValidator(_time_zone)]
ASCII = "Date;1.5\n"


def _codec(name: str) -> str:
    """Python's own name of an encoding of texts; empty if it knows none of this name."""
    try:
        found = codecs.lookup(name).name
        return found if ASCII.encode(found).decode(found) == ASCII else ""
    except (LookupError, ValueError):
        return ""


def _encoding(name: str) -> str:
    """The name of an encoding; empty for UTF-8, which is the default."""
    if found := _codec(name or "utf-8"):
        return "" if found == "utf-8" else found
    known = sorted(filter(_codec, {*aliases, *aliases.values()}))
    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, 1, cutoff=0)
    raise ValueError(f"not an encoding of texts that Python knows; the nearest name is {near[0]}")


Encoding = Annotated[str, BeforeValidator(_encoding)]

MIDNIGHT = "{midnight}"


def _timestamp_column(text: str) -> str:
    date_column, _, time_column = text.partition("+")
    if MIDNIGHT in text and (date_column in ("", MIDNIGHT) or time_column != MIDNIGHT):
        raise ValueError(f"{MIDNIGHT} follows the column of the date: Day+{MIDNIGHT}")
    return text


TimestampColumn = Annotated[str, AfterValidator(_timestamp_column)]

PLACES = {"start", "end", "start_time", "end_time", "start_epoch", "end_epoch", "key"}


def _query(text: str) -> str:
    try:
        found = [parts[1:] for parts in Formatter().parse(text) if parts[1] is not None]
    except ValueError as error:
        raise ValueError(f"a brace is not closed: {error}") from error
    for name, *how in found:
        if name not in PLACES or any(how):
            raise ValueError(f"{{{name}}} is none of {', '.join(sorted(PLACES))}")
    if text.startswith("?") or "#" in text or not text.isprintable():
        raise ValueError("it begins behind the ?, and has no # and no control characters")
    return text


Query = Annotated[str, AfterValidator(_query)]

SqlName = Annotated[str, Field(pattern=r"^\w+(\.\w+)?$")]

RELEASED = (
    "releases/",
    "publications/",
    "history/",
    "public_dataset",
    "dim_",
    "metric_daily_summary.parquet",
)


def _no_name_of_a_release(name: str) -> str:
    if name.startswith(RELEASED):
        raise ValueError("a release has files of this name")
    return name


HandOverName = Annotated[str, AfterValidator(_no_name_of_a_release)]
