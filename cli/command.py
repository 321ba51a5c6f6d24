"""What scripts that change the state of an installation share: locks, errors, exit codes."""

import sys
from collections.abc import Callable
from pathlib import Path

from cli.environment import prepare_environment
from include.core import files
from include.core.errors import PlatformError
from include.core.settings import PROJECT_DIR, Settings


def run_locked(work: Callable[[Settings], None]) -> int:
    """Do the work while no run can change anything.

    Returns the exit code: 0 done, 1 not possible, with the reason on stderr.
    """
    prepare_environment(PROJECT_DIR)
    name = Path(sys.argv[0]).stem
    try:
        settings = Settings.from_environment()
        with (
            files.locked(settings.data_dir / ".run.lock", name),
            files.locked(settings.paths.lock, name),
        ):
            work(settings)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
