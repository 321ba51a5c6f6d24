"""Where people are notified, on this machine."""

from collections.abc import Iterator

import pytest
from github.Requester import Requester

from tests.support.health_server import Issues, issue_server


@pytest.fixture
def issues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issues]:
    # between two writes the client waits a second, so as not to be blocked by GitHub
    monkeypatch.setattr(Requester, "_Requester__deferRequest", lambda *_: None)
    with issue_server() as (found, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield found
