"""Where people are notified, on this machine."""

from collections.abc import Iterator

import pytest

from tests.support.health_server import Issues, issue_server


@pytest.fixture
def issues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issues]:
    with issue_server() as (found, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield found
