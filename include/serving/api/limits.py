"""How much one person may ask for, and how long an answer may take, so that one cannot block
others.
"""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import anyio

from include.serving.api.errors import TOO_SLOW, Problem

MOST_SECONDS = 2.0  # of a request, from its arrival
MOST_NAMES = 1000  # in memory; those that may ask again at once are forgotten
_deadline: ContextVar[float] = ContextVar("deadline")


def seconds_left() -> float:
    """Until the request must be answered. Raises Problem: 503, no time is left."""
    now = time.monotonic()
    left = _deadline.get(now + MOST_SECONDS) - now
    if left <= 0:
        raise Problem(503, TOO_SLOW)
    return left


@dataclass
class Limits:
    """The limits of one process, all of its requests together.

    Attributes:
        rate: requests a second of one person.
        burst: requests of one person at once, if there were none for some time.
        at_once: requests that are computed at the same time; more would take the threads that
            Airflow's own pages need.
    """

    rate: float = 25.0
    burst: int = 100
    at_once: int = 4
    _full_at: dict[str, float] = field(default_factory=dict)  # when a person's bucket is full

    def __post_init__(self) -> None:
        self._turns = anyio.Semaphore(self.at_once)

    def count(self, name: str) -> None:
        """Count a request of a person. Raises Problem: 429, there were too many."""
        now = time.monotonic()
        full_at = max(self._full_at.get(name, now), now) + 1 / self.rate
        if (wait := full_at - now - self.burst / self.rate) > 1e-9:
            raise Problem(429, "too many requests; wait", retry_after=math.ceil(wait))
        self._full_at[name] = full_at
        if len(self._full_at) > MOST_NAMES:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until the request may be computed, and start its time limit before that. Raises
        Problem: 503, it waited too long.
        """
        _deadline.set(time.monotonic() + MOST_SECONDS)
        try:
            with anyio.fail_after(MOST_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise Problem(503, "the server is busy; try again", retry_after=2) from None
        try:
            yield
        finally:
            self._turns.release()
