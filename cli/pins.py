"""requirements.txt for the Astro image: the exact direct pins of the lock file, Airflow's among
them.
"""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print requirements.txt: what pyproject.toml names, with the versions of the lock file."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    further = project["optional-dependencies"]  # the image has the one of forecasts
    locked = dict(
        re.findall(
            r"^([a-z0-9._-]+)==([^\s;\\]+)",
            (PROJECT / "requirements.lock").read_text(),
            re.MULTILINE,
        )
    )
    names = [
        re.match(r"[A-Za-z0-9._-]+", dependency)[0].lower()  # type: ignore[index]
        for dependency in (*project["dependencies"], *further["forecast"])
    ]
    print(
        "# Made by `make lock` from requirements.lock: the direct dependencies. The image must"
        " bring this Airflow; a local build tag matches."
    )
    for name in sorted(names):
        print(f"{name}=={locked[name]}")


if __name__ == "__main__":
    main()
