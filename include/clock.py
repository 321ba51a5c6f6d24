"""What "now" means: the run's `as_of`, given from outside. The platform reads no clock for data."""

import re
from datetime import UTC, datetime

from include.errors import ConfigurationError

END_OF_TIME = datetime.max.replace(tzinfo=UTC)  # as of then, all that was ever accepted counts
AS_OF_PATTERN = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$"


def parse_as_of(text: str) -> datetime:
    """A date (00:00 UTC) or a time (UTC unless it says otherwise), floored to the hour."""
    try:
        if not re.fullmatch(AS_OF_PATTERN, text):
            raise ValueError(text)
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a date or time", where="as_of", cure="write it as 2026-03-01 or 2026-03-01T06:00Z") from None
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return instant.replace(minute=0, second=0, microsecond=0)
