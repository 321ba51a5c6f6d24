"""Publications: what is published together, apart, and to nobody else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from starlette.testclient import TestClient

from include.core.settings import Settings
from include.monitoring.health import read_all_health
from include.monitoring.report import Mail, notify_by_issue, notify_by_mail
from include.planning.plan import plan_readings
from include.serving.api.app import PREFIX, create_app
from include.serving.run_note import run_note
from include.store import readings
from tests.support.many import append, edit, many_buildings, use_their_dags
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("seeds")
CANARY = re.compile(r"CANARY\w+|33\.125")
PUBLIC, READ, WRONG, GONE = "b000", "b001", "b002", "b003"


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, airflow_database: None, request: pytest.FixtureRequest
) -> Iterator[Platform]:
    """One public building and three restricted ones, of which names, files and values are
    canaries: one that is read and has refused and odd files, one with a wrong row, one whose drive
    is gone. The DAGs that read, publish and check have run once; their output is in `said.log`.
    """
    folder = tmp_path_factory.mktemp("publications")
    made = Platform(folder / "drive", folder / "data")
    with pytest.MonkeyPatch.context() as monkeypatch:
        plant(made, folder, monkeypatch)
        captured = request.config.pluginmanager.getplugin("capturemanager")  # none with -s
        captured.read_global_capture()
        made.publish("2026-02-02").run("2026-02-02", only="monitor_quality")
        (folder / "said.log").write_text("".join(captured.read_global_capture()))
        yield made


@pytest.fixture
def platform(installed: Platform) -> Platform:
    installed.use()
    return installed


def plant(made: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = tmp_path / "seeds"
    many_buildings(made, seeds, 4)
    made.environment |= {
        "RCLONE_CONFIG_FLATS_TYPE": "alias",
        "RCLONE_CONFIG_FLATS_REMOTE": str(tmp_path / "flats"),
    }
    append(
        seeds,
        "publications.csv",
        "flats,Flats,b001;b002;b003,flats:Release,LicenseRef-flats,restricted,active",
    )
    append(seeds, "publications.csv", "first,The first,b000,,,public,active")
    append(seeds, "publications.csv", "all,All flats,b00*,,CC0-1.0,grouped,active,,3,2")
    edit(seeds, "buildings_config.csv", "b001,B001", "b001,CANARYNAME")
    edit(seeds, "datasources_config.csv", "Rooms of b001", "CANARYTITLE")
    edit(seeds, "datasources_config.csv", "drive:b001", "drive:CANARYPLACE")
    edit(seeds, "datasources_config.csv", "drive:b003", "drive:CANARYGONE")
    edit(
        seeds,
        "sensor_mappings.csv",
        "b001_rooms,s00,mapped,,s00,s00",
        "b001_rooms,s00,mapped,,CANARYSENSOR,CANARYROOM",
    )
    edit(
        seeds,
        "sensor_mappings.csv",
        "b002_rooms,s00,mapped,,s00,s00,,1",
        "b002_rooms,s00,mapped,,s00,s00,,CANARYSCALE",
    )
    edit(
        seeds,
        "building_hierarchy.csv",
        "b001.floor,b001,Floor,Floor",
        "b001.floor,b001,Floor,CANARYFLOOR",
    )
    edit(
        seeds,
        "building_hierarchy.csv",
        "b001.s00,b001.floor,Zone,s00",
        "b001.s00,b001.floor,Zone,CANARYROOM",
    )
    edit(
        seeds,
        "building_hierarchy.csv",
        "b001.s00.s,b001.s00,Sensor,s00",
        "b001.s00.s,b001.s00,Sensor,CANARYSENSOR",
    )
    place = made.drive / "CANARYPLACE"
    (made.drive / READ).rename(place)
    good = (place / "rooms_2026-01.csv").rename(place / "CANARYFILE.csv")
    lines = good.read_text().splitlines()
    lines[0] += ";CANARYCOLUMN"
    lines[1:] = [f"{line};1" for line in lines[1:]]
    lines[5] = re.sub(r";[^;]+;", ";33.125;", lines[5], count=1)
    lines[7] = re.sub(r";[^;]+;", ";CANARYCELL;", lines[7], count=1)
    lines[9] = "CANARYTIME" + lines[9]
    good.write_text("\n".join(lines) + "\n")
    (place / "CANARYBROKEN.csv").write_text("time;CANARYHEADER\n2026-01-01 00:00;1\n")
    (place / "CANARYSTRAY.txt").write_text("CANARYTEXT")
    use_their_dags(monkeypatch)


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Names and contents of all files below a folder; of Parquet, its cells."""
    for path in filter(Path.is_file, folder.rglob("*")):
        yield str(path.relative_to(folder)), path.name
        if path.suffix == ".parquet":
            rows = duckdb.execute("select to_json(t)::varchar from read_parquet($1) t", [str(path)])
            yield str(path.relative_to(folder)), "\n".join(row for (row,) in rows.fetchall())
        else:
            yield str(path.relative_to(folder)), path.read_bytes().decode(errors="replace")


def canaries(folder: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, text in texts(folder):
        if seen := set(CANARY.findall(text)):
            found.setdefault(name, set()).update(seen)
    return found


def what_airflow_keeps() -> str:
    """XCom, rendered fields and task instances, as text."""
    with create_session() as session:
        return repr(
            [
                [row.value for row in session.query(XComModel)],
                [row.rendered_fields for row in session.query(RenderedTaskInstanceFields)],
                [row.note for row in session.query(TaskInstance)],
            ]
        )


class Tracker:
    """Issues of a repository that the public reads."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def find(self, marker: str) -> None:
        return None

    def create(self, title: str, body: str, labels: object) -> int:
        self.written.append(title + body)
        return len(self.written)

    def update(self, number: int, body: str) -> None:
        self.written.append(body)

    def close(self, number: int, comment: str) -> None:
        self.written.append(comment)


def what_the_api_says(settings: Settings) -> str:
    """All that it says without a login, of buildings that it has and of one that it has not."""
    api = TestClient(create_app(settings))
    paths = ["", "/buildings", "/measurements", "/releases", "/openapi.json", "/health", "/metrics"]
    known = [row["building_id"] for row in api.get(f"{PREFIX}/buildings").json()["buildings"]]
    assert known == [PUBLIC]
    for name in (PUBLIC, READ):
        paths += [f"/buildings/{name}{path}" for path in ("", "/hierarchy", "/series", "/latest")]
    for row in api.get(f"{PREFIX}/releases").json()["releases"]:
        paths += [f"/releases/{row['version']}"]
        paths += [
            f"/releases/{row['version']}/files/{name}"
            for name in ("lineage.json", "explorer/data/index.json")
        ]
    return "".join(api.get(f"{PREFIX}{path}").text for path in paths)


def test_a_restricted_release_has_an_index_and_no_packs(platform: Platform) -> None:
    (index,) = platform.data.glob("publications/flats/releases/latest/explorer/data/index.json")
    assert json.loads(index.read_text())["packs"] is False
    assert [path.name for path in index.parent.iterdir()] == ["index.json"]


def test_nothing_of_a_restricted_building_is_in_a_public_release_page_log_or_xcom(
    platform: Platform,
) -> None:
    said = (platform.drive.parent / "said.log").read_text()
    assert "b001_rooms, a file with the checksum" in said
    assert platform.states["refresh"] == "failed", "its problems are reported"
    assert platform.states["aggregate_and_publish"] == "success"

    own = set().union(*canaries(platform.drive.parent / "flats").values())
    assert {
        "33.125", "CANARYNAME", "CANARYFILE", "CANARYROOM", "CANARYSENSOR", "CANARYFLOOR", "CANARYBROKEN", "CANARYHEADER",
    } <= own  # fmt: skip
    public = platform.drive / "Public"
    assert {path.name for path in public.glob("publications/*")} == {"first"}
    assert canaries(public) == {}
    assert "b001" not in json.dumps(dict(texts(public)))
    assert "LicenseRef-flats" not in json.dumps(dict(texts(public)))

    settings = platform.settings
    shown = {
        "log": said,
        "airflow": what_airflow_keeps(),
        "api": what_the_api_says(settings),
        "notes": "".join(run_note(settings, dag_id) for dag_id in ("refresh", "aggregate_and_publish", "monitor_quality")),
    }  # fmt: skip
    found = {name: set(CANARY.findall(text)) for name, text in shown.items()}
    assert not any(found.values()), found


def test_mails_to_the_people_of_a_building_say_what_others_do_not(platform: Platform) -> None:
    tracker, mails = Tracker(), list[Mail]()
    causes = read_all_health(platform.settings)
    notify_by_issue(platform.settings, causes, tracker)
    as_of = platform.at("2026-02-02").as_of
    people = {READ: ("jana@example.org",)}
    notify_by_mail(platform.settings, causes, as_of, mails.append, people)
    assert not CANARY.findall("".join(tracker.written))
    mailed = {mail.to: mail.html for mail in mails}
    assert "CANARYBROKEN" in mailed["jana@example.org",]
    assert CANARY.findall(mailed[()]) == []
    assert GONE in mailed[()], "of a building without addresses the kind of problem is mailed"


def test_a_publication_has_its_buildings_its_place_and_its_licence(
    platform: Platform,
) -> None:
    data, public = platform.data, platform.drive / "Public"
    flats = platform.drive.parent / "flats/Release"
    for place, releases, ids in (
        (public, data / "releases", [PUBLIC]),
        (public / "publications/first", data / "publications/first/releases", [PUBLIC]),
        (flats, data / "publications/flats/releases", [READ]),
    ):
        pointer = json.loads((place / "latest.json").read_text())
        assert (releases / "latest").resolve().name == pointer["version"]
        release = place / pointer["path"]
        hours = f"select distinct building_id from '{release}/public_dataset_hourly.parquet'"
        assert [name for (name,) in duckdb.sql(hours).fetchall()] == ids
        columns = {
            path.name: duckdb.sql(f"describe from '{path}'").fetchall()
            for path in release.glob("*.parquet")
        }
        assert columns == {
            path.name: duckdb.sql(f"describe from '{path}'").fetchall()
            for path in (public / json.loads((public / "latest.json").read_text())["path"]).glob("*.parquet")
        }  # fmt: skip
    licences = f"select distinct licence from '{release}/dim_building.parquet'"
    assert duckdb.sql(licences).fetchall() == [("LicenseRef-flats",)]
    assert "LicenseRef-flats" in (release / "LICENSE").read_text()
    assert (release / "README.md").read_text().startswith("# Flats, release ")


def test_a_run_of_one_building_reads_and_publishes_it_alone(platform: Platform) -> None:
    before = {
        path: path.read_bytes()
        for path in platform.data.glob("catalog/*/*")
        if path.parent.name != PUBLIC
    }
    assert before
    late = platform.drive / PUBLIC / "late.csv"
    late.write_text("time;s00;s01\n2026-01-20 00:00;7.5;8.5\n")
    default = (platform.data / "releases/latest").readlink()
    for only in ("refresh", "aggregate_and_publish"):
        platform.run("2026-02-03", only=only, building=PUBLIC)
        assert platform.states[only] == "success", "the trouble of others is not this run's"
    first = platform.data / "publications/first/releases/latest"
    days = "timestamp::date between '2026-01-19' and '2026-01-21'"
    table = f"'{first}/public_dataset_raw.parquet'"
    seen = duckdb.sql(f"select max(value) from {table} where {days}")
    assert seen.fetchall() == [(8.5,)]
    assert (platform.data / "releases/latest").readlink() != default, "it holds no other building"
    assert {path: path.read_bytes() for path in before} == before
    drives = json.loads((platform.data / "findings/drives.json").read_text())
    assert list(drives) == ["b003_rooms"], "what was wrong with others stays known"


def test_globs_pass_over_restricted_buildings(platform: Platform) -> None:
    registry = platform.registry
    assert registry.restricted == {READ, WRONG, GONE}
    assert registry.buildings_of(registry.publication("public_dataset")) == {PUBLIC}
    assert registry.only([PUBLIC]).restricted == registry.restricted


def test_a_file_that_does_not_add_up_is_not_named(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conservation is checked by a task of all buildings, whose report everybody may read."""
    run = platform.at("2026-02-02")
    plans = [plan for plan in plan_readings(run) if plan.building.building_id == READ]
    nothing = readings.ACCOUNTING.empty_table()
    monkeypatch.setattr(readings, "_accounting_with", lambda *_: (nothing, nothing))
    monkeypatch.setattr(
        readings, "_built_sources", lambda *_: {plan.batch: ["Rooms"] for plan in plans}
    )
    [problem] = readings.store_readings(run, plans).problems
    assert "conservation is broken" in problem
    assert not CANARY.findall(problem)
