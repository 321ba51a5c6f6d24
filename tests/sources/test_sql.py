"""Tables of real databases: what is declared is read, and nothing else; what cannot be read stops nothing."""

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.core import files
from include.core.settings import SEEDS
from include.ingest.judge import SkippedChecks
from include.ingest.register import pass_gate, register, validate_arrivals
from include.ledger.ledger import FileVersion, Finding, Ledger
from include.sources.credentials import Credential
from include.sources.sync import sync
from tests.support.databases import KINDS, LOGIN, PASSWORD, Database, database
from tests.support.many import edit
from tests.support.platform import Platform

pytestmark = pytest.mark.long
ROWS = {
    "file_formats.csv": "database,parquet,;,.,1,%Y-%m-%d,,,,,",
    "datasources_config.csv": "sm2_base,sm2,A database,sql,database,{location},*.parquet,,,warn,any,Europe/Prague,,,50,5,25,0,1000,,true,active",
    "datasource_mappings.csv": "sm2_base,at,,,heat,temp_indoor,Base,-10,50,",
    "sensor_mappings.csv": "sm2_base,heat,mapped,,BASE,1NP-S1,,,,,,",
    "sql_tables.csv": "sm2_base,rooms,rooms.parquet,,,,0,rooms,id,Rooms,base\n"
    "sm2_base,heats,heats_{window}.parquet,at,day,2026-01-30,1,,,,base",
    "sql_columns.csv": "sm2_base,rooms,id,bigint,,number\nsm2_base,rooms,name,varchar,,name\n"
    "sm2_base,rooms,since,timestamp with time zone,,since when\n"
    "sm2_base,heats,at,,,\nsm2_base,heats,heat,,,",
}
TABLES = """
create table rooms (id int primary key, name varchar(20), since timestamp, owner varchar(50));
insert into rooms values (2, 'Hall', '2026-01-01 10:00:00', 'CANARY'), (1, null, '2026-01-02 10:00:00', 'CANARY');
create table heats (at timestamp, heat double precision, who varchar(20));
insert into heats values ('2026-01-30 00:00:00', 20.5, 'CANARY'), ('2026-01-30 23:59:59', 21, 'CANARY'),
    ('2026-01-31 12:00:00', 22, 'CANARY');
"""


@pytest.fixture(scope="module", params=KINDS)
def server(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with database(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def platform(server: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    server.run("drop table if exists rooms; drop table if exists heats;")
    server.run(TABLES)
    seeds = tmp_path / "seeds"
    shutil.copytree(SEEDS, seeds)
    for name, rows in ROWS.items():
        path = seeds / name
        path.write_text(
            path.read_text() + rows.format(location=server.location, window="{window}") + "\n"
        )
    made = Platform(tmp_path / "drive", tmp_path / "data", environment={"SEEDS_DIR": str(seeds)})
    made.raw.mkdir()
    monkeypatch.setenv("SEEDS_DIR", str(seeds))
    return made


def credentials(name: str) -> Credential | None:
    return Credential(LOGIN, PASSWORD) if name == "base" else None


def read(platform: Platform, day: str) -> tuple[dict[str, FileVersion], list[Finding]]:
    """The newest version of each file after a run, and what was found."""
    run = platform.at(day)
    source = run.registry.datasource("sm2_base")
    assert not run.registry.wrong
    findings = sync(run, source, credentials)
    validate_arrivals(run, source, SkippedChecks())
    pass_gate(run.settings, run.registry, source, SkippedChecks())
    register(run.settings, [source])
    return Ledger.read(run.settings.paths).latest("sm2_base"), findings


def rows(platform: Platform, version: FileVersion) -> list[dict]:
    (raw,) = version.landed(platform.settings.paths)
    return pq.read_table(raw).to_pylist()


def test_declared_columns_are_read_and_no_others(platform: Platform, server: Database) -> None:
    versions, findings = read(platform, "2026-02-01")
    assert not findings
    assert versions.keys() == {
        "rooms.parquet",
        "heats_2026-01-30.parquet",
        "heats_2026-01-31.parquet",
    }
    assert {version.verdict for version in versions.values()} == {"accepted"}
    rooms = rows(platform, versions["rooms.parquet"])
    assert [(row["id"], row["name"], f"{row['since']:%d %H:%M}") for row in rooms] == [
        (1, None, "02 10:00"),
        (2, "Hall", "01 10:00"),
    ]
    assert [row["heat"] for row in rows(platform, versions["heats_2026-01-30.parquet"])] == [
        20.5,
        21,
    ]
    version = versions["heats_2026-01-30.parquet"]
    assert version.first_reading and f"{version.first_reading:%d %H:%M}" == "29 23:00"
    assert "CANARY" not in everything_under(platform.data)
    asked = [line for line in server.log.splitlines() if "from" in line.lower() and "heats" in line]
    selected = [line for line in asked if "select" in line.lower() and "insert" not in line.lower()]
    assert selected and not any("*" in line or "who" in line for line in selected)


def everything_under(folder: Path) -> str:
    texts = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            texts.append(
                str(pq.read_table(path).to_pydict())
                if content[:4] == b"PAR1"
                else content.decode(errors="replace")
            )
    return "\n".join(texts)


def test_what_has_not_changed_is_the_same_version(platform: Platform, server: Database) -> None:
    before, _ = read(platform, "2026-02-01")
    same, _ = read(platform, "2026-02-01T06:00Z")
    assert {name: v.number for name, v in same.items()} == {
        name: v.number for name, v in before.items()
    }
    server.run(
        "update rooms set name = 'Attic' where id = 1; insert into heats values ('2026-01-31 13:00:00', 23, 'x');"
    )
    changed, _ = read(platform, "2026-02-02")
    assert rows(platform, changed["rooms.parquet"])[0]["name"] == "Attic"
    assert changed["rooms.parquet"].number > before["rooms.parquet"].number
    late = changed["heats_2026-01-31.parquet"]
    assert late.rows == 2, "it is asked for again until it has settled"
    assert changed["heats_2026-01-30.parquet"] == before["heats_2026-01-30.parquet"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("drop table rooms", "cannot be read"),
        ("alter table rooms drop column name", "cannot be read"),
        ("alter table rooms rename column name to title", "cannot be read"),
    ],
)
def test_a_table_that_is_gone_is_said_and_the_others_are_read(
    platform: Platform, server: Database, damage: str, said: str
) -> None:
    before, _ = read(platform, "2026-02-01")
    server.run(damage)
    server.run("insert into heats values ('2026-02-01 01:00:00', 24, 'x');")
    after, (finding,) = read(platform, "2026-02-02")
    assert finding.severity == "error" and said in finding.message and PASSWORD not in str(finding)
    assert after["rooms.parquet"] == before["rooms.parquet"]
    assert after["heats_2026-02-01.parquet"].verdict == "accepted"


def test_another_type_is_refused_and_the_last_table_stays(
    platform: Platform, server: Database
) -> None:
    before, _ = read(platform, "2026-02-01")
    change = (
        "alter table rooms drop column name; alter table rooms add column name double precision;"
    )
    server.run(change)
    after, findings = read(platform, "2026-02-02")
    refused = after["rooms.parquet"]
    assert not findings and refused.verdict == "refused"
    assert "declared is varchar" in refused.reasons[0]
    used = Ledger.read(platform.settings.paths).accepted("sm2", platform.at("2026-02-02").as_of)
    assert before["rooms.parquet"].sha256 in {version.sha256 for version in used}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("(3, 'a', null, 'x'), (3000000000, 'b', null, 'x')", "has values that are no integer"),
        ("(7, 'a', null, 'x'), (7, 'b', null, 'x')", "two rows have the same id"),
        ("(null, 'a', null, 'x')", "of the key has empty cells"),
    ],
)
def test_rows_that_the_declared_table_cannot_have_are_refused(
    platform: Platform, server: Database, rows: str, said: str
) -> None:
    edit(
        Path(platform.environment["SEEDS_DIR"]),
        "sql_columns.csv",
        "rooms,id,bigint",
        "rooms,id,integer",
    )
    server.run(
        "drop table rooms; create table rooms (id bigint, name varchar(20), since timestamp null,"
        f" owner varchar(50)); insert into rooms values {rows};"
    )
    versions, _ = read(platform, "2026-02-01")
    refused = versions["rooms.parquet"]
    assert refused.verdict == "refused" and said in refused.reasons[0]
    assert "3000000000" not in str(refused.findings)
    assert versions["heats_2026-01-30.parquet"].verdict == "accepted"


def test_a_seed_that_says_when_reads_the_windows_again(platform: Platform) -> None:
    """Also where the datasource has a published table beside its readings."""
    before, _ = read(platform, "2026-02-01")
    seeds = Path(platform.environment["SEEDS_DIR"])
    edit(
        seeds,
        "datasources_config.csv",
        "any,Europe/Prague,,,50,5,25,0,1000",
        "any,UTC,,,50,5,25,0,1000",
    )
    after, _ = read(platform, "2026-02-01T06:00Z")
    first, again = (v["heats_2026-01-30.parquet"].first_reading for v in (before, after))
    assert first and again and (again - first).total_seconds() == 3600


def test_a_password_that_is_wrong_is_said_without_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMOTE_TIMEOUT", "3")
    run = platform.at("2026-02-01")
    wrong = "another-pass/word"
    findings = sync(run, run.registry.datasource("sm2_base"), lambda _: Credential(LOGIN, wrong))
    assert findings and all(finding.severity == "error" for finding in findings)
    assert wrong not in str(findings) and "another-pass%2Fword" not in str(findings)
    (finding, *_) = sync(run, run.registry.datasource("sm2_base"), lambda _: None)
    assert "there is no connection base" in finding.message


def test_a_server_that_never_answers_hangs_no_run(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMOTE_TIMEOUT", "2")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=silent.accept, daemon=True).start()
        seeds = Path(platform.environment["SEEDS_DIR"])
        path = seeds / "datasources_config.csv"
        port = silent.getsockname()[1]
        text = path.read_text()
        old = next(line for line in text.splitlines() if line.startswith("sm2_base"))
        location = old.split(",")[5]
        changed = location.rpartition(":")[0] + f":{port}/site"
        path.write_text(text.replace(location, changed))
        run = platform.at("2026-02-01")
        findings = sync(run, run.registry.datasource("sm2_base"), credentials)
    assert "was not read within 2 s" in findings[0].message
    written = files.read_json(run.settings.paths.ingest / "sm2_base/arrivals.json")
    assert written["arrivals"] == []
