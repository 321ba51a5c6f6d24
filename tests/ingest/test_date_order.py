"""A file's date order is proven or the file is refused; it is never guessed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ingest.date_order import EARLIEST, LATEST, Unproven, prove_date_format

DMY, MDY = "%d/%m/%Y", "%m/%d/%Y"
BOTH = (DMY, MDY)
DATES = st.dates(EARLIEST, LATEST)


def written(days: list[date], format_: str) -> list[str]:
    return [f"{day:{format_}}" for day in days]


@pytest.mark.parametrize("format_", BOTH)
def test_a_day_above_12_proves_the_order(format_: str) -> None:
    assert prove_date_format(written([date(2026, 1, 5), date(2026, 1, 13)], format_), BOTH, None) == format_


@pytest.mark.parametrize("format_", BOTH)
def test_days_that_follow_each_other_prove_the_order(format_: str) -> None:
    days = [date(2026, 5, 4) + timedelta(days=n) for n in range(8)]
    assert prove_date_format(written(days, format_), BOTH, None) == format_


@pytest.mark.parametrize("format_", BOTH)
def test_the_time_of_export_proves_the_order_of_a_single_day(format_: str) -> None:
    assert prove_date_format(written([date(2026, 9, 4)], format_), BOTH, datetime(2026, 9, 4, 20, tzinfo=UTC)) == format_


def test_a_day_that_reads_the_same_in_both_orders_needs_no_proof() -> None:
    assert prove_date_format(["05/05/2026"], BOTH, None) == DMY


@pytest.mark.parametrize("exported", [None, datetime(2026, 5, 20, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)])
def test_what_two_orders_fit_is_refused(exported: datetime | None) -> None:
    with pytest.raises(Unproven, match="ambiguous dates: 05/04/2026 fits %d/%m/%Y and %m/%d/%Y"):
        prove_date_format(["05/04/2026"], BOTH, exported)


def test_mixed_orders_are_refused_with_a_witness_of_each() -> None:
    with pytest.raises(Unproven, match="mixed date orders: 01/30/2026 and 29/01/2026") as refused:
        prove_date_format(["29/01/2026", "01/30/2026"], BOTH, None)
    assert refused.value.witness == "01/30/2026"


@pytest.mark.parametrize("text", ["31/02/2026", "00/01/2026", "2026-01-05", "", "5/1/26", "01/01/0001", "01/01/1970", "01/01/2200", "٠٥/٠١/٢٠٢٦"])
def test_what_is_no_date_is_named(text: str) -> None:
    with pytest.raises(Unproven, match="no date from 1970 to 2199") as refused:
        prove_date_format(["05/01/2026", text], BOTH, None)
    assert refused.value.witness == text


@given(st.lists(DATES, min_size=1, max_size=40, unique=True), st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", *BOTH]))
def test_dates_of_one_declared_format_always_come_back(days: list[date], format_: str) -> None:
    texts = written(days, format_)
    assert prove_date_format(texts, (format_,), None) == format_
    assert [datetime.strptime(text, format_).date() for text in texts] == days


@given(st.lists(DATES, min_size=1, max_size=40, unique=True), st.sampled_from(BOTH), st.none() | st.datetimes(datetime(1980, 1, 1), timezones=st.just(UTC)))
def test_a_day_above_12_is_never_read_in_the_other_order(days: list[date], format_: str, exported: datetime | None) -> None:
    texts = [*written(days, format_), f"{date(2026, 1, 31):{format_}}"]
    assert prove_date_format(texts, BOTH, exported) == format_


@given(st.lists(st.text(max_size=12), min_size=1, max_size=10, unique=True), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_any_texts_are_proven_or_refused(texts: list[str], exported: datetime | None) -> None:
    try:
        assert prove_date_format(texts, BOTH, exported) in BOTH
    except Unproven as refused:
        assert refused.message and refused.cure
        assert refused.witness is None or refused.witness in texts
