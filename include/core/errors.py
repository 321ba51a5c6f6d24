"""What the platform says when something is wrong: what happened, where, and what to do.

Secrets are masked here, once.
"""

from include.core.masking import mask


class PlatformError(Exception):
    """An error with a cure. `where` is a file with line and column, a remote path, or a task."""

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        self.what, self.where, self.cure = mask(what), mask(where), mask(cure)
        super().__init__(self.what, self.where, self.cure)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.cure:
            lines.append(f"  what to do: {self.cure}")
        return "\n".join(lines)


class ConfigurationError(PlatformError):
    """A seed row or a setting is wrong; nothing was read or written."""


class StorageError(PlatformError):
    """A local file could not be read or written."""


class DamagedFile(StorageError):
    """A file that the platform wrote was changed or damaged."""


class RemoteError(PlatformError):
    """A remote refused, failed, or answered something that cannot be right."""


class RemoteGone(RemoteError):
    """The remote or the folder does not exist: not the same as an empty folder."""


class ConflictError(PlatformError):
    """Somebody else is writing the same data, here or on another machine."""


class ContractError(PlatformError):
    """A promise of the platform does not hold: conservation, self-test or audit failed."""


class EngineUnavailable(Exception):
    """A service is unavailable or broke.

    The data is fine; the embedded engine can compute the same.
    """
