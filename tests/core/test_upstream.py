"""Where private parts of libraries are used, other versions than the tried ones stop the program before they break it."""

import re

import pytest

from include.core import upstream
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR


def test_the_pinned_versions_are_the_tried_ones() -> None:
    for package in upstream.TRIED:
        upstream.require_tried(package)


def test_another_version_is_refused_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "version", lambda package: "9.9.9")
    for package in upstream.TRIED:
        with pytest.raises(ConfigurationError, match=rf"{package} 9.9.9 is installed") as error:
            upstream.require_tried(package)
        assert "make setup" in error.value.cure


def test_every_tried_library_is_required_where_it_is_used() -> None:
    sources = [
        path.read_text()
        for folder in ("include", "plugins", "cli")
        for path in (PROJECT_DIR / folder).rglob("*.py")
    ]
    required = {
        name for text in sources for name in re.findall(r'require_tried\("([\w-]+)"\)', text)
    }
    assert required == set(upstream.TRIED)
