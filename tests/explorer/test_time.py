"""Page and API mean the same instants, in every zone and when clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from include.serving.api.errors import Problem
from include.serving.api.periods import Period, earlier, read_period
from tests.explorer.node import NODE, call

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed (make setup)")

ZONES = (
    "Europe/Prague",
    "UTC",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
)
DAYS = st.dates(date(2017, 1, 1), date(2027, 12, 31)) | st.sampled_from(
    [date(2026, 3, 29), date(2025, 10, 26), date(2024, 2, 29)]
)
CLOCKS = st.sampled_from(["00:00", "01:30", "02:00", "02:30", "03:00", "23:59:59"])
MOMENTS = (
    DAYS.map(str)
    | DAYS.map(lambda day: str(day)[:7])
    | DAYS.map(lambda day: str(day)[:4])
    | st.builds(lambda day, clock: f"{day}T{clock}", DAYS, CLOCKS)
    | st.builds(lambda day, clock: f"{day}T{clock}Z", DAYS, CLOCKS)
    | st.builds(lambda day, clock: f"{day}T{clock}+05:45", DAYS, CLOCKS)
)
LENGTHS = st.sampled_from(["P1D", "P7D", "P30D", "P1W", "P52W", "P1M", "P13M", "P1Y", "P2Y"])
WORDS = st.sampled_from(
    [f"last-{word}" for word in ("day", "week", "month", "year", "winter", "summer")]
)
NONSENSE = st.sampled_from(
    [
        "",
        "/",
        "../",
        "2026-13",
        "2026-02-30",
        "P1D",
        "P1X/..",
        "yesterday",
        "2026-01-01T25:00/..",
        "a/b/c",
    ]
)
TEXTS = (
    WORDS
    | DAYS.map(str)
    | DAYS.map(lambda day: str(day)[:7])
    | st.builds("{}/{}".format, MOMENTS | LENGTHS | st.just(".."), MOMENTS | st.just(".."))
    | st.builds("{}/{}".format, MOMENTS | st.just(".."), LENGTHS)
    | NONSENSE
)
ASKED = st.lists(st.tuples(TEXTS, st.sampled_from(ZONES), DAYS, LENGTHS), min_size=60, max_size=60)


def periods(text: str, zone: str, day: str, length: str) -> list[list[float] | None]:
    """The period of a text, and the same one a length before, as the API has them."""
    own = ZoneInfo(zone)
    as_of = datetime.fromisoformat(f"{day}T12:00+00:00")
    found: list[list[float] | None] = []
    try:
        period = read_period(text, own, as_of - timedelta(days=400), as_of)
        found.append(seconds(period))
        found.append(seconds(earlier(period, length, own)))
    except Problem:
        found.append(None)
    return found


def seconds(period: Period) -> list[float]:
    return [moment.astimezone(UTC).timestamp() for moment in (period.start, period.stop)]


@settings(max_examples=12, phases=[Phase.generate])  # what differs is named, and needs no shrinking
@given(ASKED)
def test_a_period_is_the_same_for_page_and_api(asked: list[tuple[str, str, object, str]]) -> None:
    rows = [[text, zone, str(day), length] for text, zone, day, length in asked]
    found = call(
        """
import { earlier, readPeriod } from "./period.ts";
import { Zone } from "./zone.ts";
const pair = ({ start, stop }) => [start, stop];
give(given.map(([text, name, day, length]) => {
  const zone = new Zone(name);
  const asOf = Date.parse(`${day}T12:00Z`) / 1000;
  const found = [];
  try {
    const period = readPeriod(text, zone, asOf - 400 * 86400, asOf);
    found.push(pair(period));
    found.push(pair(earlier(period, length, zone)));
  } catch {
    found.push(null);
  }
  return found;
}));
""",
        rows,
    )
    for row, own in zip(rows, found, strict=True):
        wanted = periods(*row)  # type: ignore[arg-type]
        # a shift may leave nothing, or the same: only the API has to refuse that
        assert own[0] == wanted[0], row
        if len(wanted) == 2 and wanted[1] is not None:
            assert own[1] == wanted[1], row
