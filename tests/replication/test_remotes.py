"""An installation does not move to another drive because a row of the seeds has moved."""

from dataclasses import replace
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.replication.remotes import check_remotes, remember_remotes


def test_a_default_that_has_moved_stops_the_run_until_somebody_names_the_remotes(
    tmp_path: Path,
) -> None:
    first = replace(
        Settings.from_environment(),
        data_dir=tmp_path,
        state_remote="one:Platform",
        publish_remote="one:Public",
        named_remotes=frozenset(),
    )
    check_remotes(first)
    remember_remotes(first)
    check_remotes(first)
    moved = replace(first, state_remote="two:Platform", publish_remote="two:Public")
    with pytest.raises(
        ConfigurationError,
        match=r"(?s)STATE_REMOTE was one:Platform, and its default is two:Platform now.*set STATE_REMOTE=one:Platform to stay",
    ):
        check_remotes(moved)
    with pytest.raises(ConfigurationError, match="PUBLISH_REMOTE was one:Public"):
        check_remotes(replace(moved, named_remotes=frozenset({"STATE_REMOTE"})))
    named = replace(moved, named_remotes=frozenset({"STATE_REMOTE", "PUBLISH_REMOTE"}))
    check_remotes(named)
    remember_remotes(named)
    check_remotes(moved)
