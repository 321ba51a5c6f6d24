"""A release that all tests of the API read, and the API over it, asked as often as they like."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from include.serving.api.app import create_app
from include.serving.api.limits import Limits
from tests.support.platform import Platform
from tests.support.raw_files import small_drive

UNLIMITED = 1e9  # requests a second


@pytest.fixture(scope="module")
def platform(
    templates: Callable[..., Platform], tmp_path_factory: pytest.TempPathFactory
) -> Platform:
    """A copy: the API stores the files that it makes."""
    return templates("2026-02-04", small_drive).copy(tmp_path_factory.mktemp("platform"))


@pytest.fixture(scope="module")
def api(platform: Platform) -> TestClient:
    app = create_app(platform.settings, Limits(rate=UNLIMITED))
    return TestClient(app, raise_server_exceptions=False)
