"""Gives Airflow the pools of airflow_settings.yaml, for `make ui` and Docker Compose.

Astro reads the file itself.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = PROJECT / "airflow_settings.yaml"


def pools() -> list[dict[str, Any]]:
    """The pools as the file has them: `pool_name`, `pool_slot`, `pool_description`."""
    return list(yaml.safe_load(SETTINGS.read_text())["airflow"]["pools"] or ())


def main() -> int:
    """Create the pools, or correct them. Returns the exit code."""
    from airflow.models.pool import Pool  # noqa: PLC0415  # Airflow reads its settings first

    for pool in pools():
        Pool.create_or_update_pool(
            pool["pool_name"],
            slots=pool["pool_slot"],
            description=pool["pool_description"],
            include_deferred=False,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
