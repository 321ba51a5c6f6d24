"""How devices write the time: offsets, fractions, AM and PM, epochs, fixed zones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from include.formats.declared import Circumstances, Declared
from include.registry.rows import Datasource, FileFormat
from tests.ingest.test_validate import DECLARED, Judged, read

NOW = Circumstances(datetime(2026, 3, 1, tzinfo=UTC))
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def declared(*formats: str, timezone: str = "Europe/Prague") -> Declared:
    """One column of time and one of values."""
    narrow = DECLARED["thermopro"]
    (mapping, *_) = narrow.mappings
    # validated, as the seed is
    row = FileFormat.model_validate(
        {**narrow.format.model_dump(), "header_line": 1, "date_formats": ";".join(formats), "line": 2}
        | {"null_tokens": ""}
    )  # fmt: skip
    source = Datasource.model_validate(
        {**narrow.datasource.model_dump(), "line": 2, "timezone": timezone, "file_pattern": "*.csv"}
        | {"required_columns": "time;value", "optional_columns": ""}
    )
    mappings = (
        replace_row(mapping, timestamp_column="time", location_column="", value_column="value"),
    )
    return replace(narrow, format=row, datasource=source, mappings=mappings)


def replace_row(row, **changes):
    return row.model_copy(update=changes)


def of_times(texts: list[str], how: Declared) -> Judged:
    lines = "".join(f'"{text}",{20 + n}\n' for n, text in enumerate(texts))
    return read(f"time,value\n{lines}".encode(), "a.csv", how, NOW)


def instants(texts: list[str], *formats: str, timezone: str = "Europe/Prague") -> list[datetime]:
    judged = of_times(texts, declared(*formats, timezone=timezone))
    assert judged.found.accepted, judged.found.findings
    assert judged.landed is not None
    return judged.landed["timestamp"].to_pylist()


@pytest.mark.parametrize(
    ("text", "format_", "utc"),
    [
        ("2026-01-05T13:00:00Z", "%Y-%m-%d", "2026-01-05T13:00"),
        ("2026-01-05 13:00:00+01:00", "%Y-%m-%d", "2026-01-05T12:00"),
        ("2026-01-05T13:00:00.250+0100", "%Y-%m-%d", "2026-01-05T12:00:00.250"),
        ("2026-01-05T13:00", "%Y-%m-%d", "2026-01-05T12:00"),
        ("28-Jan-26 1:05 PM", "%d-%b-%y", "2026-01-28T12:05"),
        ("28-Jan-26 12:05 am", "%d-%b-%y", "2026-01-27T23:05"),
        ("Jan 28, 2026 11:59:59 P.M.", "%b %d, %Y", "2026-01-28T22:59:59"),
        ("1769904007", "epoch_s", "2026-02-01T00:00:07"),
        ("1769904007.5", "epoch_s", "2026-02-01T00:00:07.500"),
        ("1769904007123", "epoch_ms", "2026-02-01T00:00:07.123"),
        ("1769904007123.25", "epoch_ms", "2026-02-01T00:00:07.123250"),
        ("1769904007123456", "epoch_us", "2026-02-01T00:00:07.123456"),
    ],
)
def test_a_time_is_read_as_it_is_written(text: str, format_: str, utc: str) -> None:
    assert instants([text], format_) == [datetime.fromisoformat(f"{utc}+00:00")]


@pytest.mark.parametrize(
    ("written", "offset"), [("UTC", 0), ("UTC+1", 1), ("+01:00", 1), ("UTC-10", -10), ("+14", 14)]
)
def test_a_zone_may_be_utc_or_a_fixed_offset(written: str, offset: int) -> None:
    for month in (1, 2):
        found = instants([f"2026-0{month}-05 12:00"], "%Y-%m-%d", timezone=written)
        assert found == [datetime(2026, month, 5, 12, tzinfo=timezone(timedelta(hours=offset)))]


@pytest.mark.parametrize("zone", ["UTC+5:30", "Europe/Nowhere", "UTC+20"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="IANA"):
        declared("%Y-%m-%d", timezone=zone)


@given(
    seconds=st.lists(st.integers(0, 58 * 86400 * 10**6), min_size=1, max_size=20, unique=True),
    zone=st.sampled_from(["Europe/Prague", "UTC", "Asia/Kathmandu", "Pacific/Honolulu", "UTC+14"]),
    offset=st.integers(-12 * 4, 14 * 4),
)
def test_an_offset_or_an_epoch_wins_over_the_zone(
    seconds: list[int], zone: str, offset: int
) -> None:
    times = [NEW_YEAR + timedelta(microseconds=n) for n in seconds]
    elsewhere = timezone(timedelta(minutes=15 * offset))
    written = [time.astimezone(elsewhere).isoformat() for time in times]
    assert instants(written, "%Y-%m-%d", timezone=zone) == times
    epochs = [str(round(time.timestamp() * 10**6)) for time in times]
    assert instants(epochs, "epoch_us", timezone=zone) == times


def test_the_repeated_hour_is_no_question_where_an_offset_says_which() -> None:
    now = Circumstances(datetime(2026, 11, 1, tzinfo=UTC))
    prague = ZoneInfo("Europe/Prague")
    times = [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(4)
    ]
    written = [time.astimezone(prague).isoformat() for time in reversed(times)]
    lines = "".join(f"{text},20\n" for text in written)
    judged = read(f"time,value\n{lines}".encode(), "a.csv", declared("%Y-%m-%d"), now)
    assert judged.landed is not None
    assert judged.landed["timestamp"].to_pylist() == times[::-1]
    assert not [f for f in judged.found.findings if f.check in ("clock_change", "offset_differs")]


def test_an_offset_that_contradicts_the_zone_is_used_and_named() -> None:
    judged = of_times(
        ["2026-01-05T12:00:00+01:00", "2026-01-05T13:00:00+05:00"], declared("%Y-%m-%d")
    )
    assert judged.landed is not None
    assert judged.landed["timestamp"].to_pylist()[1] == datetime(2026, 1, 5, 8, tzinfo=UTC)
    (finding,) = [f for f in judged.found.findings if f.check == "offset_differs"]
    assert finding.severity == "warning" and finding.where == "line 3"
    assert "1 line names an offset that Europe/Prague does not have" in finding.message
    assert "timezone in datasources_config.csv" in finding.cure


@pytest.mark.parametrize(
    ("text", "declared_as", "meant"),
    [("1769904007", "epoch_ms", "epoch_s"), ("1769904007000", "epoch_s", "epoch_ms")],
)
def test_an_epoch_in_another_unit_is_refused_with_the_right_one(
    text: str, declared_as: str, meant: str
) -> None:
    judged = of_times([text], declared(declared_as))
    (finding,) = [f for f in judged.found.findings if f.severity == "error"]
    assert finding.check == "epoch_unit"
    assert f"{text} is 2026-02-01 in {meant}" in finding.message
    assert f"Write {meant} into date_formats" in finding.cure


def test_a_line_without_am_or_pm_is_rejected_where_the_others_have_it() -> None:
    texts = [f"05-Jan-26 {hour}:00 PM" for hour in range(1, 10)] + ["05-Jan-26 3:15"]
    judged = of_times(texts, declared("%d-%b-%y"))
    assert judged.found.rows == 9
    assert "has no AM or PM, unlike most lines" in str(judged.found.findings)


@pytest.mark.parametrize(
    "text", ["13:00 PM", "0:30 AM", "12:00:00.1234567", "12:00+1", "noon", "12:00 Z+01:00"]
)
def test_what_is_no_time_is_rejected(text: str) -> None:
    texts = [f"2026-01-05 {hour:02}:00" for hour in range(20)] + [f"2026-01-05 {text}"]
    judged = of_times(texts, declared("%Y-%m-%d"))
    assert judged.found.rows == 20 and list(judged.rejected) == [22]


@pytest.mark.parametrize("text", ["1769904007.1234567", "1769904007,5", "-5", "1.7e9"])
def test_an_epoch_beyond_microseconds_or_written_otherwise_is_rejected(text: str) -> None:
    judged = of_times([*(str(1769904007 + n) for n in range(20)), text], declared("epoch_s"))
    assert judged.found.rows == 20 and list(judged.rejected) == [22]


def test_readings_within_a_second_stay_apart() -> None:
    texts = [f"2026-01-05T12:00:00.{n}00Z" for n in range(10)]
    assert len(set(instants(texts, "%Y-%m-%d"))) == 10


def test_an_epoch_stands_alone() -> None:
    with pytest.raises(ValidationError, match="an epoch stands alone"):
        declared("epoch_s", "%Y-%m-%d")


def test_a_date_alone_is_its_midnight_only_where_that_is_declared() -> None:
    how = declared("%d/%m/%Y")
    days = ["29/3/2025", "30/3/2025", "31/3/2025"]  # clocks change in the middle one
    assert not of_times(days, how).found.accepted
    daily = replace(
        how, mappings=(replace_row(how.mappings[0], timestamp_column="time+{midnight}"),)
    )
    judged = of_times(days, daily)
    assert judged.found.accepted, judged.found.findings
    assert judged.landed is not None
    assert [f"{at:%m-%d %H:%M}" for at in judged.landed["timestamp"].to_pylist()] == [
        "03-28 23:00",
        "03-29 23:00",
        "03-30 22:00",
    ]
    assert of_times(["29/3/2025 10:00"], daily).found.findings[-1].check == "timestamp"
    assert how.fingerprint != daily.fingerprint
