"""What the tests of releases share."""

from dataclasses import replace
from pathlib import Path

import pytest

from include.core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty DATA_DIR, with folders beside it as remotes."""
    return replace(
        Settings.from_environment(),
        data_dir=tmp_path / "data",
        publish_remote=str(tmp_path / "remote"),
        state_remote=str(tmp_path / "state"),
    )
