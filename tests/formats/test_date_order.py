"""A file's date order is proven or the file is refused; it is never guessed."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from include.formats.date_order import (
    EARLIEST,
    LATEST,
    DateText,
    Proof,
    Unproven,
    parse_date,
    prove_date_format,
)

DMY, MDY = "%d/%m/%Y", "%m/%d/%Y"
BOTH = (DMY, MDY)
DATES = st.dates(EARLIEST, LATEST)
FORMATS = st.sampled_from(BOTH)
HOUR = timedelta(hours=1)
MIDNIGHT_TO_23 = (0, 23 * 3600)


def written(
    days: list[date], format_: str, clocks: tuple[int, int] = MIDNIGHT_TO_23
) -> list[DateText]:
    return [DateText(f"{day:{format_}}", *clocks) for day in days]


@pytest.mark.parametrize("format_", BOTH)
def test_a_day_above_12_proves_the_order(format_: str) -> None:
    assert prove_date_format(
        written([date(2026, 1, 5), date(2026, 1, 13)], format_), BOTH
    ) == Proof(format_, "itself")


@pytest.mark.parametrize("format_", BOTH)
def test_the_time_of_export_proves_the_order_of_a_single_day(format_: str) -> None:
    assert prove_date_format(
        written([date(2026, 9, 4)], format_), BOTH, datetime(2026, 9, 4, 20, tzinfo=UTC)
    ) == Proof(format_, "itself")


def test_a_day_that_reads_the_same_in_both_orders_needs_no_proof() -> None:
    assert prove_date_format([DateText("05/05/2026")], BOTH) == Proof(DMY, "not needed")


def test_the_time_of_export_wins_over_steady_days() -> None:
    firsts = [
        date(2025, month, 1) for month in range(1, 13)
    ]  # in the other order these are 1 to 12 January
    assert prove_date_format(
        written(firsts, DMY), BOTH, datetime(2025, 12, 2, tzinfo=UTC), interval=HOUR
    ) == Proof(DMY, "itself")


def test_what_the_other_files_of_the_device_have_proven_wins_over_steady_days() -> None:
    days = written([date(2025, 4, 5), date(2025, 5, 5)], DMY)  # or 4 and 5 May
    assert prove_date_format(days, BOTH, others=[DMY], interval=HOUR) == Proof(DMY, "other files")
    assert prove_date_format(days, BOTH, others=BOTH, interval=HOUR) == Proof(MDY, "steadiness"), (
        "files that disagree prove nothing"
    )


@pytest.mark.parametrize("interval", [None, timedelta(minutes=1), timedelta(days=1)])
def test_steady_days_prove_nothing_unless_the_step_is_the_declared_interval(
    interval: timedelta | None,
) -> None:
    with pytest.raises(Unproven, match="ambiguous dates: 04/05/2026 fits %d/%m/%Y and %m/%d/%Y"):
        prove_date_format(
            written([date(2026, 5, 4) + timedelta(days=n) for n in range(8)], DMY),
            BOTH,
            interval=interval,
        )


@pytest.mark.parametrize("format_", BOTH)
def test_readings_that_follow_each_other_at_the_declared_interval_prove_the_order(
    format_: str,
) -> None:
    days = [date(2026, 5, 4) + timedelta(days=n) for n in range(8)]
    assert prove_date_format(written(days, format_), BOTH, interval=HOUR) == Proof(
        format_, "steadiness"
    )


@pytest.mark.parametrize(
    "exported", [None, datetime(2026, 5, 20, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
)
def test_what_two_orders_fit_is_refused(exported: datetime | None) -> None:
    with pytest.raises(Unproven, match="ambiguous dates: 05/04/2026 fits %d/%m/%Y and %m/%d/%Y"):
        prove_date_format([DateText("05/04/2026")], BOTH, exported)


def test_mixed_orders_are_refused_with_a_witness_of_each() -> None:
    with pytest.raises(Unproven, match="mixed date orders: 01/30/2026 and 29/01/2026") as refused:
        prove_date_format([DateText("29/01/2026"), DateText("01/30/2026")], BOTH)
    assert refused.value.witness == "01/30/2026"


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2026",
        "00/01/2026",
        "2026-01-05",
        "",
        "5/1/26",
        "01/01/0001",
        "01/01/1970",
        "01/01/2200",
        "٠٥/٠١/٢٠٢٦",
    ],
)
def test_what_is_no_date_in_any_format(text: str) -> None:
    assert [parse_date(text, format_) for format_ in BOTH] == [None, None]


@given(
    st.lists(DATES, min_size=1, max_size=40, unique=True),
    st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", *BOTH]),
)
def test_dates_of_one_declared_format_always_come_back(days: list[date], format_: str) -> None:
    assert prove_date_format(written(days, format_), (format_,)) == Proof(format_, "not needed")
    assert [parse_date(f"{day:{format_}}", format_) for day in days] == days


@given(
    st.lists(DATES, min_size=1, max_size=40, unique=True),
    FORMATS,
    st.none() | st.datetimes(datetime(1980, 1, 1), timezones=st.just(UTC)),
)
def test_a_day_above_12_is_never_read_in_the_other_order(
    days: list[date], format_: str, exported: datetime | None
) -> None:
    assert (
        prove_date_format(
            [*written(days, format_), DateText(f"{date(2026, 1, 31):{format_}}")], BOTH, exported
        ).format
        == format_
    )


@given(
    st.dates(date(2010, 1, 1), date(2040, 1, 1)),
    st.sets(st.integers(0, 400), max_size=30),
    FORMATS,
    st.timedeltas(timedelta(), timedelta(hours=23)),
    st.lists(FORMATS, max_size=2),
)
def test_any_days_with_their_time_of_export_are_read_right_or_refused(
    last: date, ago: set[int], format_: str, later: timedelta, others: list[str]
) -> None:
    """Whatever days a file holds: exported on its last day, it is never read in the other order, unless that fits as well."""
    days = sorted({last - timedelta(days=n) for n in ago} | {last})
    exported = datetime.combine(last, time(), UTC) + later
    texts = written(days, format_)
    assume(all(parse_date(day.text, other) for day in texts for other in BOTH))
    swapped = [parse_date(day.text, MDY if format_ == DMY else DMY) for day in texts]
    export_decides = (
        not last - timedelta(days=62) <= max(filter(None, swapped)) <= last + timedelta(days=1)
    )
    try:
        proof = prove_date_format(
            texts, BOTH, exported, [other for other in others if other == format_]
        )
    except Unproven:
        assert not export_decides and format_ not in others
    else:
        assert proof.format == format_ or swapped == days


@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=10, unique=True),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_any_texts_are_proven_or_refused(texts: list[str], exported: datetime | None) -> None:
    try:
        assert prove_date_format([DateText(text) for text in texts], BOTH, exported).format in BOTH
    except Unproven as refused:
        assert refused.message and refused.cure
        assert refused.witness is None or refused.witness in texts
