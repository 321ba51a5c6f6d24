"""Whatever a run cannot do without: if it is missing, the error names it and says what to do."""

import errno
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from cryptography.fernet import Fernet
from influxdb_client import InfluxDBClient

from cli import run
from include.contract import tables as dataset
from include.core import rclone
from include.core.errors import ConfigurationError, RemoteError
from include.core.settings import PROJECT_DIR, Settings
from include.engines.graph import port as graph
from include.engines.graph.ladybug import ladybug_graph
from include.engines.registry import check_engines
from include.engines.timeseries.influxdb import client as influxdb
from include.monitoring import checks
from include.monitoring.rules import load_rules
from include.registry import load_registry
from include.registry.hierarchy import load_hierarchy

SEEDS = PROJECT_DIR / "include/dbt/seeds"


@pytest.mark.parametrize("seed", sorted(SEEDS.rglob("*.csv")), ids=lambda seed: seed.name)
def test_a_seed(seed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "seeds"
    shutil.copytree(SEEDS, copy)
    (copy / seed.relative_to(SEEDS)).unlink()
    with pytest.raises(
        ConfigurationError, match=rf"(?s){seed.name} is missing.*restore it from git"
    ) as missing:
        load_hierarchy(load_registry(copy))
        load_rules(copy)
    assert seed.name in missing.value.where


def test_the_manifest_of_dbt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sensor_platform.cosmos import dbt_task_group

    monkeypatch.setattr(dbt_task_group, "MANIFEST", tmp_path / "manifest.json")
    dbt_task_group.check_sources.cache_clear()
    with pytest.raises(ConfigurationError, match=r"(?s)manifest.*make setup"):
        dbt_task_group.dbt_task_group("transform", select=["path:models"])


def test_the_program_rclone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"(?s)rclone is missing.*make setup"):
        rclone.run("version", remote="")


@pytest.mark.parametrize(
    ("left", "says"),
    [
        ("TYPE", "alias can't point to an empty remote - check the value of the remote setting"),
        ("REMOTE", 'didn\'t find section in config file \\("sm2drive"\\)'),
    ],
)
def test_half_a_remote(left: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RCLONE_CONFIG_SM2DRIVE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(f"RCLONE_CONFIG_SM2DRIVE_{left}", "alias")
    with pytest.raises(RemoteError, match=rf"(?s){says}.*sm2drive:raw.*RCLONE_CONFIG_<NAME>_"):
        rclone.listing("sm2drive:raw")


@pytest.mark.parametrize(
    ("variable", "known"),
    [("TIMESERIES_ENGINE", "duckdb, influxdb"), ("GRAPH_ENGINE", "ladybug, neo4j")],
)
def test_an_unknown_engine(variable: str, known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "clockwork")
    with pytest.raises(
        ConfigurationError,
        match=rf"(?s){variable}: unknown engine 'clockwork'.*use one of: {known}",
    ):
        check_engines(Settings.from_environment())


def test_the_sample_where_no_drive_is_configured(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("RCLONE_CONFIG")
    } | {"DATA_DIR": str(tmp_path / "data")}
    code = f"from pathlib import Path; from cli.environment import prepare_environment; prepare_environment(Path({str(tmp_path)!r}))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "include/sample_data/drive" in ended.stderr and "configure a remote" in ended.stderr


@pytest.mark.parametrize(
    "deleted",
    [
        "models/1_staging/stg_cells.sql",
        "models/2_marts/marts.yml",
        "macros/aggregate.sql",
        "tests/generic/key.sql",
        "dbt_project.yml",
    ],
)
def test_a_file_of_dbt(deleted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sensor_platform.cosmos import dbt_task_group

    shutil.copytree(
        PROJECT_DIR / "include/dbt",
        tmp_path / "dbt",
        ignore=shutil.ignore_patterns("target", "logs"),
    )
    (tmp_path / "dbt" / deleted).unlink()
    monkeypatch.setattr(dbt_task_group, "DBT_PROJECT", tmp_path / "dbt")
    dbt_task_group.check_sources.cache_clear()
    with pytest.raises(
        ConfigurationError, match=rf"(?s){Path(deleted).name} is missing.*restore it from git"
    ):
        dbt_task_group.check_sources()


def without(original: Path, deleted: str, folder: Path) -> Path:
    """A copy of a folder in which one file is missing."""
    shutil.copytree(original, folder)
    (folder / deleted).unlink()
    return folder


def test_a_query_of_the_monitoring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checks, "SQL", without(checks.SQL, "common.sql", tmp_path / "sql"))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with (
        duckdb.connect() as database,
        pytest.raises(ConfigurationError, match=r"(?s)common.sql is missing.*restore it from git"),
    ):
        checks.run_checks(
            database, load_rules(SEEDS), load_registry(SEEDS).building("sm2"), now, now
        )


def test_a_query_of_influxdb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(influxdb, "FLUX", without(influxdb.FLUX, "windows.flux", tmp_path / "flux"))
    with (
        InfluxDBClient("http://127.0.0.1:9", token="none") as client,
        pytest.raises(
            ConfigurationError, match=r"(?s)windows.flux is missing.*restore it from git"
        ),
    ):
        influxdb._ask(client, "windows", tmp_path / "answer.csv")


def test_a_query_of_the_graph(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        graph, "CYPHER", without(graph.CYPHER, "ladybug/load.cypher", tmp_path / "cypher")
    )
    with (
        ladybug_graph() as database,
        pytest.raises(ConfigurationError, match=r"(?s)load.cypher is missing.*restore it from git"),
    ):
        graph.load(database, load_hierarchy(load_registry(SEEDS)))


def test_the_description_of_published_columns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(PROJECT_DIR / "include/dbt/models", tmp_path / "include/dbt/models")
    monkeypatch.setattr(dataset, "PROJECT_DIR", tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"(?s)hierarchy.yml is missing.*restore it from git"
    ):
        dataset._models.__wrapped__()


@pytest.mark.parametrize(
    "deleted",
    [
        "requirements.lock",
        "dags/refresh.py",
        "include/planning/plan.py",
        "include/flux/windows.flux",
    ],
)
def test_make_names_what_is_gone_from_the_checkout(deleted: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in ("Makefile", deleted):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT_DIR / name, checkout / name)
    git = ["git", "-C", str(checkout)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    (checkout / deleted).unlink()
    said = subprocess.run(
        ["make", "-C", checkout, "setup" if deleted == "requirements.lock" else "checkout"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{deleted} is missing: git checkout -- {deleted} brings it back" in said.stderr


def test_a_data_dir_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "file/data")}
    ended = subprocess.run(
        [sys.executable, PROJECT_DIR / "cli/run.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Not a directory\n  where: {tmp_path}/file/data")
    assert "set another DATA_DIR" in ended.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_or_read_only(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise OSError(number, os.strerror(number), "some/file")

    monkeypatch.setattr(run, "run", fail)
    assert run.main() == 1
    assert capsys.readouterr().err.startswith(
        f"{os.strerror(number)}\n  where: some/file\n  what to do: "
    )


def test_make_ui_starts_no_log_server() -> None:
    """Airflow's listen on all interfaces; test_scheduler looks at all sockets."""
    from airflow.cli.cli_parser import get_parser

    from sensor_platform.internals.standalone import WITH_LOG_SERVER, Part

    for name in WITH_LOG_SERVER:
        command = Part(None, name, [name], {}).command
        assert get_parser().parse_args(command).skip_serve_logs
    assert Part(None, "api-server", ["api-server"], {}).command == ["api-server"]


COMPOSE_SECRETS = ("SECRET", "FERNET_KEY", "POSTGRES_PASSWORD")


def test_the_secrets_of_docker_compose(tmp_path: Path) -> None:
    (tmp_path / "cli").mkdir()
    script = shutil.copy(PROJECT_DIR / "cli/make_secrets", tmp_path / "cli")
    (tmp_path / ".env").write_text(
        "RCLONE_CONFIG_SM2DRIVE_TYPE=drive\nSECRET=kept"
    )  # without an end of line
    subprocess.run([script], check=True, capture_output=True)
    made = (tmp_path / ".env").read_text()
    subprocess.run([script], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == made
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    values = dict(line.split("=", 1) for line in made.splitlines())
    assert values["RCLONE_CONFIG_SM2DRIVE_TYPE"] == "drive"
    assert values["SECRET"] == "kept"
    Fernet(values["FERNET_KEY"])
    assert len(values["POSTGRES_PASSWORD"]) == 64


def test_docker_compose_demands_every_secret() -> None:
    compose = [
        "docker",
        "compose",
        "--project-directory",
        str(PROJECT_DIR),
        "--env-file",
        os.devnull,
        "config",
        "--quiet",
    ]
    if (
        not shutil.which("docker")
        or subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("docker compose is not installed")
    given = dict.fromkeys(COMPOSE_SECRETS, "0" * 64)
    for name in COMPOSE_SECRETS:
        without = subprocess.run(
            compose,
            env={**os.environ, **given, name: ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert without.returncode != 0
        assert f"{name} is missing" in without.stderr and "cli/make_secrets" in without.stderr
    subprocess.run(compose, env={**os.environ, **given}, check=True)


def test_only_the_scheduler_reaches_docker_and_engines() -> None:
    """What Compose merges, without Compose: lists of networks are joined, a service without one is on `airflow` or the default network."""
    text = [
        (PROJECT_DIR / name).read_text() for name in ("compose.yaml", "docker-compose.override.yml")
    ]
    base, override = (yaml.safe_load(part) for part in text)
    networks: dict[str, set[str]] = {}
    for part in (base, override):
        for name, service in part["services"].items():
            networks.setdefault(name, set()).update(service.get("networks") or [])
            assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", [])), (
                name
            )
            image = service.get("image", "")
            assert image in ("", "building-sensor-platform") or re.search(
                r":\d+\.\d+[\w.-]*$", image
            ), f"{image} is no exact tag"
    assert {name for name, on in networks.items() if "docker" in on} == {
        "docker-proxy",
        "scheduler",
    }
    assert networks["docker-proxy"] == {"docker"}
    assert {name for name, on in networks.items() if "engines" in on} == {"scheduler"}
    assert networks["postgres"] == {"airflow"}
    declared = override["networks"]
    assert declared["engines"] == {"name": "building-sensor-platform", "internal": True}
    assert (
        override["services"]["scheduler"]["environment"]["SERVICE_NETWORK"]
        == declared["engines"]["name"]
    )
    demanded = {name for part in text for name in re.findall(r"\$\{(\w+):\?", part)}
    used = {name for part in text for name in re.findall(r"\$\{(\w+)", part)}
    assert demanded == used == set(COMPOSE_SECRETS)
