"""Keeps an installation on the remotes that it has begun with, until somebody names others.

The default of STATE_REMOTE and PUBLISH_REMOTE is the remote of the first active datasource. Without
this check, a row that is added above it, or whose status changes, would silently take up the state
and the releases of another drive.
"""

from include.core import files
from include.core.errors import ConfigurationError
from include.core.settings import Settings


def check_remotes(settings: Settings) -> None:
    """Raise ConfigurationError if a remote that nobody has named is not the one that was used
    before.
    """
    used = files.read_or(settings.paths.remotes, {})
    for variable, remote in _remotes(settings).items():
        before = used.get(variable, remote)
        if before != remote and variable not in settings.named_remotes:
            raise ConfigurationError(
                f"{variable} was {before}, and its default is {remote} now: another datasource is"
                " the first active one",
                where="datasources_config.csv",
                cure=(
                    f"set {variable}={before} to stay there, or {variable}={remote} to move;"
                    " nothing was read or written"
                ),
            )


def remember_remotes(settings: Settings) -> None:
    """Record the remotes of this run."""
    remotes = _remotes(settings)
    if files.read_or(settings.paths.remotes, {}) != remotes:
        files.write_json(settings.paths.remotes, remotes)


def _remotes(settings: Settings) -> dict[str, str]:
    return {"STATE_REMOTE": settings.state_remote, "PUBLISH_REMOTE": settings.publish_remote}
