"""The dbt project by its own tests: a full build on a small drive, unit tests included."""

import os
import subprocess
import sys
from pathlib import Path

from include.core.settings import PROJECT_DIR
from tests.support.raw_files import small_drive

DBT = PROJECT_DIR / "include/dbt"


def test_all_models_and_their_unit_tests_pass(new_platform, tmp_path: Path) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    platform.run("2026-02-04", only="refresh")  # leaves the plan of its months
    flags = [
        "--project-dir",
        DBT,
        "--profiles-dir",
        DBT,
        "--target-path",
        tmp_path,
        "--exclude",
        "path:models/3_aggregations",
    ]
    built = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--no-use-colors", "build", *flags],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout
    for name in ("a_column_has_the_bounds", "a_replaced_sensor", "of_readings_with_one_key"):
        assert any("PASS" in line and name in line for line in built.stdout.splitlines()), (
            built.stdout
        )
