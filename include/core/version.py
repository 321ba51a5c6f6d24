"""The version of this code, which releases name."""

import functools
import tomllib

from include.core.settings import PROJECT_DIR


@functools.cache
def code_version() -> str:
    """`project.version` of pyproject.toml; empty where that file was left out."""
    path = PROJECT_DIR / "pyproject.toml"
    if not path.exists():
        return ""
    return str(tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"])
