"""The tables of settings and DAGs in docs/ways_to_run.md are those of the code."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from cli.run import waits_for
from include.core.settings import PROJECT_DIR, Settings
from include.engines.graph.neo4j import Neo4j
from include.engines.timeseries.influxdb import InfluxDB
from tests.support.platform import dag_bag

GUIDE = PROJECT_DIR / "docs/ways_to_run.md"
OF_OTHERS = {"AIRFLOW_HOME", "GITHUB_STEP_SUMMARY"}  # set by scripts, or by GitHub
IMAGES = {"INFLUXDB_IMAGE", "NEO4J_IMAGE"}  # each service has one
OUTSIDE_PYTHON = {"PYTHON", "SECRET", "FERNET_KEY", "POSTGRES_PASSWORD"}
READ = re.compile(
    r"""environ\.get\("(\w+)"|environ\["(\w+)"\](?! =)|_seconds\("(\w+)"|\$\{([A-Z_]+):-"""
)


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = GUIDE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    yield from ([cell.strip() for cell in line.strip("|").split("|")] for line in table[2:])


def test_the_table_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    documented = {
        name: default.strip("`")
        for names, default, _ in rows("Settings")
        for name in re.findall(r"`(\w+)`", names)
    }
    code = [
        PROJECT_DIR / "include/core/settings.py",
        *(path for path in (PROJECT_DIR / "cli").iterdir() if path.is_file()),
    ]
    read = {
        name for path in code for found in READ.findall(path.read_text()) for name in found if name
    }
    assert "REMOTE_TIMEOUT" in read and "PORT" in read
    assert (
        set(documented) - OUTSIDE_PYTHON
        == {name for name in read if not name.startswith("AIRFLOW__")} - OF_OTHERS | IMAGES
    )
    for name in documented:
        monkeypatch.delenv(name, raising=False)
    assert not [name for name in documented if name in os.environ]
    found = Settings.from_environment()
    defaults = {
        "DATA_DIR": str(found.data_dir.relative_to(PROJECT_DIR)), "SEEDS_DIR": str(found.seeds_dir.relative_to(PROJECT_DIR)), "STATE_REMOTE": found.state_remote, "PUBLISH_REMOTE": found.publish_remote,
        "AS_OF": found.as_of, "EXPORT_LEGACY": "1" if found.export_legacy else "", "TIMESERIES_ENGINE": found.timeseries_engine, "GRAPH_ENGINE": found.graph_engine, 
        "INFLUXDB_IMAGE": InfluxDB().service(found).image, "NEO4J_IMAGE": Neo4j().service(found).image,
        "DOCKER_HOST": found.docker_url, "SERVICE_NETWORK": found.service_network,
        "DUCKDB_MEMORY_LIMIT": found.memory_limit, "WATCH_SECONDS": f"{found.watch_seconds:g}", "REMOTE_TIMEOUT": f"{found.remote_seconds:g}",
    }  # fmt: skip
    assert {name: documented[name] for name in defaults} == defaults
    assert set(documented) - set(defaults) == OUTSIDE_PYTHON | {"PORT"}


def crons_of(timetable: Any) -> list[str]:
    """The crons of a timetable; none if it has no clock."""
    kept = timetable.serialize() if hasattr(timetable, "serialize") else {}
    return kept.get("expressions") or [kept[name] for name in ("expression",) if name in kept]


def test_the_table_of_dags(airflow_database: None) -> None:
    documented = {}
    for dag_id, _, cron, assets, by_itself in rows("DAGs"):
        documented[dag_id.strip("`")] = (
            cron.strip("`"),
            set(re.findall(r"`(\w+)`", assets)),
            by_itself.startswith("yes"),
        )
    found = {}
    for dag_id, dag in dag_bag().dags.items():
        timetable = getattr(dag.timetable, "timetable", dag.timetable)
        found[dag_id] = (
            " ".join(crons_of(timetable)),
            waits_for(dag),
            dag.schedule is not None,
        )
    assert documented == found


def test_the_tags_of_commands_that_are_not_run() -> None:
    tags = [
        tag
        for page in ("README.md", "docs/ways_to_run.md")
        for tag in re.findall(r"^```\w+ (.+)$", (PROJECT_DIR / page).read_text(), re.MULTILINE)
    ]
    assert tags
    assert [
        tag for tag in tags if not re.fullmatch("not-run: (docker|account|R|long|recursive)", tag)
    ] == []
