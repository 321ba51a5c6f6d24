"""The API keeps what its OpenAPI description says, whatever is asked."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from starlette.testclient import TestClient

from tests.serving.api.asking import get
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("release")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
EXAMPLES = 20  # of an operation, apart from those of the description


@pytest.fixture(scope="module")
def description(api: TestClient, platform: Platform) -> dict[str, Any]:
    """The description, with the release of these tests and an hour of it in its examples."""
    text = json.dumps(get(api, "/openapi.json")).replace("2026-01-13T", "2026-01-30T")
    for version in ("2026-03-01-0a1b2c3d", "2026-02-28-0a1b2c3d"):
        text = text.replace(version, platform.release.version)
    found: dict[str, Any] = json.loads(text)
    return found


def test_every_answer_is_described(api: TestClient, description: dict[str, Any]) -> None:
    schema = schemathesis.openapi.from_dict(description)
    schema.app = api.app
    statuses = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        own = statuses[operation.path] = asked(operation.as_strategy(), EXAMPLES)
        if examples := operation.get_strategies_from_examples():
            own |= asked(one_of(examples), 2)
            own |= asked(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), EXAMPLES)
    assert len(statuses) == len(description["paths"])
    assert not [path for path, own in statuses.items() if 200 not in own], "examples find data"


def asked(cases: SearchStrategy[schemathesis.Case], count: int) -> set[int]:
    """The statuses of some requests, each answered as described."""
    statuses = set()

    @seed(1)
    @settings(max_examples=count, suppress_health_check=list(HealthCheck), database=None)
    @given(case=cases)
    def ask(case: schemathesis.Case) -> None:
        statuses.add(case.call_and_validate(checks=CHECKS).status_code)

    ask()
    return statuses
