"""The dbt project by its own tests: a full build on a small drive, unit tests included."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from include.contract.tables import tables
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
    for name, model in manifest()["nodes"].items():
        files = sorted(
            platform.settings.paths.built_readings.glob(f"{name.rpartition('.')[2]}.*parquet")
        )
        for file in files:
            assert set(pq.read_schema(file).names) == set(model["columns"]), file
    for name in ("a_column_has_bounds_and_unit", "a_replaced_sensor", "of_readings_with_one_key"):
        assert any("PASS" in line and name in line for line in built.stdout.splitlines()), (
            built.stdout
        )


def manifest() -> Any:
    return json.loads((PROJECT_DIR / ".dbt/manifest.json").read_bytes())


def test_every_model_source_and_column_is_described() -> None:
    models = [node for node in manifest()["nodes"].values() if node["resource_type"] == "model"]
    assert len(models) > 20
    for node in [*models, *manifest()["sources"].values()]:
        assert node["description"], node["name"]
        for column in node["columns"].values():
            assert column["description"], (node["name"], column["name"])
    read = {name for node in models for name in node["depends_on"]["nodes"]}
    unread = {name.rpartition(".")[2] for name in set(manifest()["sources"]) - read}
    assert unread == {"months", "fact_months", "windows"}, (
        "the materialization reads these, unseen by dbt"
    )


def test_the_exposure_names_every_published_model() -> None:
    (exposure,) = manifest()["exposures"].values()
    named = {name.rpartition(".")[2] for name in exposure["depends_on"]["nodes"]}
    assert named == {table.model for table in tables() if table.kind != "hierarchy"}
