"""Where private parts of libraries are used, other versions than the tried ones stop the program before they break it."""

import re

import pytest

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from sensor_platform import internals


def test_the_pinned_versions_are_the_tried_ones() -> None:
    for package in internals.TRIED:
        internals.require_tried(package)


def test_another_version_is_refused_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internals, "version", lambda package: "9.9.9")
    for package in internals.TRIED:
        with pytest.raises(ConfigurationError, match=rf"{package} 9.9.9 is installed") as error:
            internals.require_tried(package)
        assert "make setup" in error.value.cure


def test_what_is_private_is_used_inside_the_fence_alone() -> None:
    fence = PROJECT_DIR / "plugins/sensor_platform/internals"
    outside = [
        path
        for folder in ("include", "plugins", "cli", "dags")
        for path in (PROJECT_DIR / folder).rglob("*.py")
        if path.parent != fence
    ]
    private = re.compile(
        r"(from|import) (airflow\.(cli|configuration|dag_processing)|cosmos\.operators|dbt\.adapters)"
        r"|require_tried|producer_task_id|DuckDBConnectionManager"
    )
    assert {
        path.name: found.group() for path in outside if (found := private.search(path.read_text()))
    } == {}
    required = set()
    for path in fence.glob("[a-z]*.py"):
        text = path.read_text()
        assert "https://github.com/" in text, path
        required |= set(re.findall(r'require_tried\("([\w-]+)"\)', text))
    assert required == set(internals.TRIED)
