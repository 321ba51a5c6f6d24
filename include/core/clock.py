"""What "now" means: the run's `as_of`, given from outside. The platform reads no clock for data.

`_clock` is the only reading of the machine's clock. It serves one check: an `as_of` in the future
is refused. A release as of 2062 would be the newest for 36 years, and every run until then a
replay.
"""

import re
from datetime import UTC, datetime, timedelta

from include.core.errors import ConfigurationError

END_OF_TIME = datetime.max.replace(tzinfo=UTC)  # as of then, all that was ever accepted counts
AS_OF_PATTERN = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$"
AHEAD = timedelta(days=1)  # tomorrow's date in any time zone, and a clock that is somewhat slow
EARLIEST_CLOCK = datetime(
    2024, 1, 1, tzinfo=UTC
)  # start_date of the DAGs; an earlier clock was never set


def parse_as_of(text: str) -> datetime:
    """A date (00:00 UTC) or a time (UTC unless it says otherwise), floored to the hour."""
    try:
        if not re.fullmatch(AS_OF_PATTERN, text):
            raise ValueError(text)
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"{text!r} is not a date or time",
            where="as_of",
            cure="write it as 2026-03-01 or 2026-03-01T06:00Z",
        ) from None
    return instant.replace(minute=0, second=0, microsecond=0)


def checked_as_of(text: str) -> datetime:
    """The same, for a run. Raises ConfigurationError if it is in the future."""
    instant = parse_as_of(text)
    if is_future(instant):
        raise ConfigurationError(
            f"as_of {instant:%Y-%m-%dT%H:%MZ} is in the future: the clock says"
            f" {_clock():%Y-%m-%dT%H:%MZ}",
            where="as_of",
            cure="correct as_of, or the clock of this machine; no data was read or written",
        )
    return instant


def is_future(instant: datetime) -> bool:
    """Whether it is more than a day ahead of the machine's clock."""
    return instant > check_clock() + AHEAD


def check_clock() -> datetime:
    """The machine's time. Raises ConfigurationError if it was never set."""
    now = _clock()
    if now < EARLIEST_CLOCK:
        raise ConfigurationError(
            f"the clock of this machine says {now:%Y-%m-%dT%H:%MZ}",
            where="system clock",
            cure="set the clock (`timedatectl set-ntp true`, or `date --set`) and run again",
        )
    return now


def _clock() -> datetime:
    return datetime.now(UTC)
