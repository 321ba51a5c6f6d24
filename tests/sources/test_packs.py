"""Many small files: whatever the order in which they come, the same numbers; and none is lost."""

import json
import os
import random
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.example import environment, write_seeds
from include.core import files, rclone
from include.core.clock import parse_as_of
from include.core.errors import RemoteError
from include.core.settings import SEEDS, Settings
from include.ingest.judge import SkippedChecks
from include.ingest.register import Outcome, pass_gate, register, validate_arrivals
from include.ingest.trace import trace
from include.ledger.ledger import FileVersion, Ledger
from include.ledger.pack import Pack, digest_of, write_part
from include.planning.plan import plan_readings
from include.registry import Run, load_registry
from include.sources import packs
from include.sources.sync import sync
from include.sources.watch import in_words, new_files
from tests.support.many import append, edit

AS_OF = "2023-10-30"
SOURCE = "apartments_jeremie"
AUTUMN = datetime(2023, 10, 29, tzinfo=UTC)


class Site:
    """The example of the apartments on a drive of its own, read without Airflow."""

    def __init__(self, folder: Path) -> None:
        self.drive = folder / "remote/smb"
        self.drive.mkdir(parents=True)
        write_seeds(SEEDS, folder / "seeds", "apartments")
        os.environ.update(environment({}, folder, AS_OF))
        settings = Settings.from_environment()
        self.run = Run(settings, load_registry(settings.seeds_dir), parse_as_of(AS_OF))

    def put(self, minute: str, content: object, modified: datetime | None = None) -> Path:
        """A file as the apartment sends it: `minute` is `29.10.2023 0200`."""
        path = self.drive / f"{minute}_JeremieModele_received.json"
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(text)
        at = (modified or datetime(2024, 1, 1, tzinfo=UTC)).timestamp()
        os.utime(path, (at, at))
        return path

    def read(self) -> Outcome:
        source = self.run.registry.datasource(SOURCE)
        sync(self.run, source)
        validate_arrivals(self.run, source, SkippedChecks())
        pass_gate(self.run.settings, self.run.registry, source, SkippedChecks())
        return register(self.run.settings, [source])

    @property
    def versions(self) -> list[FileVersion]:
        return list(Ledger.read(self.run.settings.paths).versions)

    def values(self) -> dict[str, dict[str, float]]:
        """What is read: by minute, the numbers by their JSON paths."""
        found: dict[str, dict[str, float]] = {}
        for version in self.versions:
            if version.verdict != "accepted":
                continue
            assert version.layout
            place = version.building_id, version.datasource_id, version.sha256, version.path
            for row in pq.read_table(self.run.settings.paths.landed_values(*place)).to_pylist():
                minute = f"{row['timestamp']:%d %H:%M}"
                assert minute not in found, "a minute is read twice"
                numbers = (row[f"n{place}"] for place in range(len(version.layout.columns)))
                pairs = zip(version.layout.columns, numbers, strict=True)
                found[minute] = {name: n for name, n in pairs if n is not None}
        return found


def document(minute: str, power: float) -> dict[str, Any]:
    return {
        "user": "JeremieModele",
        "datetime": f"{minute[:-2]}:{minute[-2:]}",
        "plugs": {"Office": {"power": power, "total": 7}},
    }


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    time.tzset()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_each_file_of_a_pack_has_a_verdict_of_its_own(site: Site) -> None:
    for minute in ("28.10.2023 0800", "28.10.2023 0803", "28.10.2023 0804"):
        site.put(minute, document(minute, 1))
    site.put("28.10.2023 0801", b'{"user": "Jeremie')
    site.put("28.10.2023 0802", b"")
    site.put("28.10.2023 0805", document("28.10.2023 0804", 9))  # the later name counts
    site.put("28.10.2023 0806", document("28.10.2023 0906", 5))  # its clock is an hour off
    site.put("28.10.2023 0807", {**document("28.10.2023 0807", 6), "datetime": None})
    site.put("28.10.2023 0808", [1, 2])
    site.read()
    (version,) = site.versions
    assert (version.verdict, version.path) == ("accepted", "28.10.2023")
    assert (version.rows, version.rejected) == (5, 4)
    assert {m: v["plugs.Office.power"] for m, v in site.values().items()} == {
        "28 06:00": 1,
        "28 06:03": 1,
        "28 06:04": 9,
        "28 06:06": 5,
        "28 06:07": 6,
    }
    paths = site.run.settings.paths
    place = version.building_id, version.datasource_id, version.sha256, version.path
    lines = pq.read_table(paths.rejected_lines(*place)).to_pylist()
    assert [(row["line"], row["reason"]) for row in lines] == [
        (2, "json"),
        (3, "json"),
        (5, "superseded"),
        (9, "json"),
    ]
    assert {row["text"] for row in lines} == {row["member"] for row in lines} == {None}
    checks = {finding.check for finding in version.findings}
    assert {"many_rejected_lines", "superseded_records", "dated_by_name"} <= checks
    assert site.read().accepted == 0
    assert site.versions == [version]


def test_a_file_that_cannot_be_read_waits_for_the_next_ones(site: Site) -> None:
    site.put("28.10.2023 0801", b"<html>")
    outcome = site.read()
    assert site.versions[0].verdict == "refused" and "no record is" in outcome.problems[0]
    site.put("28.10.2023 0802", document("28.10.2023 0802", 1))
    assert site.read().accepted == 1
    (version,) = site.versions
    assert (version.verdict, version.rows, version.rejected) == ("accepted", 1, 1)


def test_a_file_that_was_replaced_counts_with_its_new_bytes(site: Site) -> None:
    minute = "28.10.2023 0800"
    site.put(minute, {**document(minute, 1), "motions": {"Kitchen": {"motion": True}}})
    site.read()
    assert site.values()["28 06:00"]["motions.Kitchen.motion"] == 1
    site.put(minute, document(minute, 2), datetime(2024, 1, 2, tzinfo=UTC))
    site.read()
    values = {"plugs.Office.power": 2, "plugs.Office.total": 7}
    assert site.values() == {"28 06:00": values}, "it counts whole"
    (version,) = site.versions
    assert (version.number, version.rows, version.rejected) == (1, 1, 1)


def test_both_passes_of_the_repeated_hour_are_known_by_when_they_were_written(site: Site) -> None:
    minute = "29.10.2023 0210"
    site.put(minute, document(minute, 1), AUTUMN.replace(minute=10))
    site.read()
    assert site.values().keys() == {"29 00:10"}
    site.put(minute, document(minute, 2), AUTUMN.replace(hour=1, minute=11))
    site.read()
    found = {m: v["plugs.Office.power"] for m, v in site.values().items()}
    assert found == {"29 00:10": 1, "29 01:10": 2}


MINUTES = [f"{day}.10.2023 {time}" for day in (28, 29) for time in ("0159", "0200", "0201", "0305")]
FILES = st.dictionaries(
    st.sampled_from(MINUTES),
    st.tuples(st.sampled_from(MINUTES), st.integers(0, 9)) | st.just(b"{cut"),
    min_size=1,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory,
    sent: Mapping[str, tuple[str, int] | bytes],
    order: random.Random,
) -> None:
    def content(said: tuple[str, int] | bytes) -> object:
        return said if isinstance(said, bytes) else document(*said)

    def read(groups: list[list[str]]) -> tuple[Site, int]:
        site = Site(tmp_path_factory.mktemp("site"))
        for group in groups:
            for name in group:
                site.put(name, content(sent[name]))
            site.read()
        return site, sum(v.rows + v.rejected for v in site.versions if v.verdict == "accepted")

    names = list(sent)
    order.shuffle(names)
    cut = order.randint(0, len(names))
    in_turn, count = read([group for group in (names[:cut], names[cut:]) if group])
    at_once, same_count = read([names])
    assert in_turn.values() == at_once.values()
    assert count == same_count


def test_parts_become_one_and_nothing_is_built_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "MOST_PARTS", 3)
    minutes = [f"28.10.2023 080{minute}" for minute in range(4)]
    for minute in minutes:
        site.put(minute, document(minute, 1))
        site.read()
    (version,) = site.versions
    paths = site.run.settings.paths
    assert len(version.parts) == 1
    assert list(version.landed(paths)) == [
        path for path in (paths.landing / "apartments" / SOURCE).iterdir() if not path.suffix
    ]
    raw = version.raw(paths)
    assert isinstance(raw, Pack)
    members = raw.members()
    assert members["row"].to_pylist() == [1, 2, 3, 4]
    fingerprint = plan_readings(site.run)[0].fingerprint
    before = version.sha256
    monkeypatch.setattr(packs, "MOST_PARTS", 99)
    again = Ledger([packs_in_two(site, version)])
    again.write(paths)
    assert again.versions[0].sha256 == before
    assert plan_readings(site.run)[0].fingerprint == fingerprint


def packs_in_two(site: Site, version: FileVersion) -> FileVersion:
    """The same pack, of two parts."""
    paths = site.run.settings.paths
    raw = version.raw(paths)
    assert isinstance(raw, Pack)
    whole = raw.read()
    parts = []
    for part in (whole.slice(0, 1), whole.slice(1)):
        with files.scratch_folder(paths.work) as folder:
            made = write_part(folder, part)
            files.move(made, paths.landed(version.building_id, version.datasource_id, made.name))
            parts.append(made.name)
    return replace(version, parts=tuple(parts), sha256=digest_of(whole))


def test_files_of_a_part_that_is_lost_are_packed_again_beside_it(site: Site) -> None:
    """What was numbered keeps its number, and what is left of the pack stays."""
    for minute in ("28.10.2023 0801", "28.10.2023 0800"):
        site.put(minute, document(minute, 1))
        site.read()
    paths, (version,) = site.run.settings.paths, site.versions
    next(iter(version.landed(paths))).unlink()
    outcome = site.read()
    assert any("1 of its 2 files are left" in problem for problem in outcome.problems)
    before, after = site.versions
    assert before == version
    assert (after.path, after.rows) == (version.path, 1)
    assert all(path.exists() for path in list(version.landed(paths))[1:])
    assert trace(site.run, "apartments", after.number, 1).member.startswith("28.10.2023 0801")


def test_a_seed_takes_no_pack_back(site: Site) -> None:
    minute = "28.10.2023 0800"
    site.put(minute, document(minute, 1))
    site.read()
    (good,) = site.versions
    seeds = site.run.settings.seeds_dir
    edit(seeds, "datasource_mappings.csv", f"{SOURCE},datetime,", f"{SOURCE},date_time,", count=23)
    site.run = replace(site.run, registry=load_registry(seeds))
    site.read()
    (kept,) = site.versions
    assert (kept.verdict, kept.sha256, kept.rows) == ("accepted", good.sha256, 1)
    assert any(finding.check == "read_as_before" for finding in kept.findings)
    site.put("28.10.2023 0801", document("28.10.2023 0801", 2))
    site.read()
    assert site.versions[0].sha256 == good.sha256, "what cannot be read waits"
    edit(seeds, "datasource_mappings.csv", f"{SOURCE},date_time,", f"{SOURCE},datetime,", count=23)
    site.run = replace(site.run, registry=load_registry(seeds))
    site.read()
    assert site.values().keys() == {"28 06:00", "28 06:01"}


def test_what_is_withdrawn_of_a_day_stays_out_when_more_comes(site: Site) -> None:
    site.put("28.10.2023 0800", document("28.10.2023 0800", 1))
    site.read()
    (wrong,) = site.versions
    seeds = site.run.settings.seeds_dir
    append(seeds, "withdrawals.csv", f"{wrong.sha256},wrong,Jana,2023-10-01")
    site.run = replace(site.run, registry=load_registry(seeds))
    site.put("28.10.2023 0801", document("28.10.2023 0801", 2))
    site.read()
    withdrawn = site.run.registry.withdrawn(site.run.as_of)
    ledger = Ledger.read(site.run.settings.paths)
    used = ledger.accepted("apartments", site.run.as_of, withdrawn)
    assert [(version.number, version.rows) for version in used] == [(2, 1)]


def test_a_file_that_comes_back_as_it_was_counts_again(site: Site) -> None:
    minute, first = "28.10.2023 0800", datetime(2024, 1, 1, tzinfo=UTC)
    for power, modified in ((1, first), (2, first + timedelta(days=1)), (1, first)):
        site.put(minute, document(minute, power), modified)
        site.read()
    assert site.values()["28 06:00"]["plugs.Office.power"] == 1


def test_the_zone_of_the_machine_makes_no_file_new(site: Site) -> None:
    site.put("28.10.2023 0800", document("28.10.2023 0800", 1))
    site.read()
    (version,) = site.versions
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    site.read()
    assert site.versions == [version]


@pytest.mark.parametrize("name", ["28.10.2023 0800", "28.10.2023 0801"])
def test_a_byte_order_mark_is_no_damage(site: Site, name: str) -> None:
    site.put(name, b"\xef\xbb\xbf" + json.dumps(document(name, 1)).encode())
    site.read()
    assert site.versions[0].rows == 1


@pytest.mark.parametrize("archive", ["whole", "none", "cut", "other bytes"])
def test_many_files_come_at_once_or_one_by_one(
    site: Site, monkeypatch: pytest.MonkeyPatch, archive: str
) -> None:
    """What an archive does not bring, whole, is copied as a file."""
    minutes = [f"28.10.2023 08{minute:02}" for minute in range(30)]
    for minute in minutes:
        site.put(minute, document(minute, 1))
    copied: list[str] = []
    fetch, fetch_archive = rclone.fetch, rclone.fetch_archive

    def as_files(remote: str, folder: Path, paths: list[str]) -> None:
        copied.extend(paths)
        fetch(remote, folder, paths)

    def as_archive(remote: str, target: Path, paths: list[str]) -> None:
        if archive == "none":
            raise RemoteError("broken", where=remote, cure="")
        fetch_archive(remote, target, paths)
        if archive == "cut":
            target.write_bytes(target.read_bytes()[:-2000])
        if archive == "other bytes":
            with zipfile.ZipFile(target, "w") as packed:
                for path in paths[:10]:
                    packed.writestr(path, (site.drive / path).read_bytes())
                packed.writestr(paths[10], b"{}")

    monkeypatch.setattr(rclone, "fetch", as_files)
    monkeypatch.setattr(rclone, "fetch_archive", as_archive)
    site.read()
    assert len(copied) == {"whole": 0, "none": 30, "cut": 30, "other bytes": 20}[archive]
    assert len(site.values()) == 30
    (version,) = site.versions
    assert (version.rows, version.rejected) == (30, 0)
    incoming = site.run.settings.paths.incoming
    assert not [path for path in incoming.rglob("*") if path.is_file()]


def test_a_reading_leads_back_to_its_file(site: Site) -> None:
    first, second = "28.10.2023 0801", "28.10.2023 0800"
    site.put(first, document(first, 1))
    site.read()
    path = site.put(second, document(second, 2))
    site.read()
    origin = trace(site.run, "apartments", 1, 2, "jeremie/Office/plug/0")
    assert origin.member == path.name
    assert json.loads(origin.text) == document(second, 2)
    assert origin.columns == ("plugs.Office.power", "plugs.Office.total")


def test_a_run_of_an_earlier_time_takes_nothing_back(site: Site) -> None:
    """As the run of midnight, which begins when Airflow does."""
    site.put("29.10.2023 2200", document("29.10.2023 2200", 1))
    site.read()
    later, site.run = site.run, replace(site.run, as_of=parse_as_of("2023-10-29"))
    site.put("29.10.2023 2201", document("29.10.2023 2201", 2))
    site.read()
    assert site.versions[0].verdict == "accepted" and "29 21:00" in site.values()
    site.run = later
    site.read()
    assert site.values().keys() == {"29 21:00", "29 21:01"}


def test_what_is_new_is_noticed_once_and_by_number_alone(site: Site) -> None:
    registry = site.run.registry
    site.put("28.10.2023 0800", document("28.10.2023 0800", 1))
    found = new_files(site.run.settings, registry)
    assert in_words(found, registry) == [f"{SOURCE}: 1 file"]
    site.read()
    assert not new_files(site.run.settings, registry)
    site.put("28.10.2023 0801", document("28.10.2023 0801", 1))
    assert len(new_files(site.run.settings, registry)) == 1
