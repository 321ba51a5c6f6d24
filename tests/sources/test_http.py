"""Every window of a request is had once it has settled, whatever the address does in between; what is no answer never becomes a file."""

import json
import logging
import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core import files, masking
from include.ingest.judge import SkippedChecks
from include.ingest.register import validate_arrivals
from include.ledger.ledger import Arrival, FileVersion, Finding, Ledger
from include.registry.rows import HttpRequest
from include.sources.ask import is_due
from include.sources.credentials import Credential
from include.sources.registry import endpoint_of
from include.sources.sync import sync
from include.sources.windows import windows
from tests.support.http_server import Answer, Asked, Server, serving
from tests.support.many import edit
from tests.support.platform import Platform

pytestmark = pytest.mark.long  # pauses between tries are real
ARCHIVE = "sm2_weather_archive"
KEY = "k3y-0f-the-address"
GOOD = Answer(b'{"hourly": {"time": [], "temperature_2m": []}}')
REQUEST = HttpRequest(
    line=2,
    datasource_id=ARCHIVE,
    file="a_{window}.json",
    path="",
    query="",
    window="month",
    first="2026-01-01",
    settle_days=7,
    next_page="",
    connection="",
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(lambda _: GOOD) as made:
        yield made


@pytest.fixture
def platform(
    tmp_path: Path, seeds: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Platform:
    """An installation whose archive of weather is asked of the test's server, each day of February 2026."""
    monkeypatch.setattr(masking, "_known", set(masking._known))
    text = (seeds / "datasources_config.csv").read_text()
    text = text.replace("https://archive-api.open-meteo.com", server.address)
    (seeds / "datasources_config.csv").write_text(
        text.replace("60,10,5,25,1,100000,,false,planned", "60,10,5,25,1,100000,,false,active")
    )
    edit(seeds, "http_requests.csv", ",month,2024-01-01,7,,", ",day,2026-02-01,1,,")
    made = Platform(tmp_path / "drive", tmp_path / "data")
    made.environment["REMOTE_TIMEOUT"] = "2"
    return made


def asked(platform: Platform, as_of: str, **connections: Credential) -> list[Finding]:
    """Sync as of that time and accept what came; what was found."""
    run = platform.at(as_of)
    findings = sync(run, run.registry.datasource(ARCHIVE), connections.get)
    accept(platform, as_of)
    return findings


def arrivals(platform: Platform) -> list[Arrival]:
    handed = files.read_json(platform.settings.paths.ingest / ARCHIVE / "arrivals.json")
    return [Arrival(**row) for row in handed["arrivals"]]


def accept(platform: Platform, as_of: str, verdict: Any = "accepted") -> None:
    before = Ledger.read(platform.settings.paths)
    now = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    new = [
        FileVersion(first_seen=now, verdict=verdict, **vars(arrival))
        for arrival in arrivals(platform)
    ]
    before.with_versions(new).write(platform.settings.paths, before)


def days(server: Server) -> list[str]:
    return [asked.query["start_date"] for asked in server.asked]


ZONES = ("UTC", "Europe/Prague", "America/St_Johns", "Asia/Kathmandu", "Etc/GMT-14")


@settings(max_examples=60)
@given(
    window=st.sampled_from(["hour", "day", "month"]),
    zone=st.sampled_from(ZONES),
    first=st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    since=st.timedeltas(timedelta(0), timedelta(days=100)),
    settle=st.integers(0, 40),
)
def test_windows_follow_each_other_from_the_first_to_the_last_whole_day(
    window: str, zone: str, first: date, since: timedelta, settle: int
) -> None:
    request = replace_in(REQUEST, window=window, first=first, settle_days=settle)
    place = ZoneInfo(zone)
    begin = datetime.combine(first, time.min, place).astimezone(UTC)
    as_of = begin + since
    today = datetime.combine(as_of.astimezone(place), time.min, place).astimezone(UTC)
    passed = today
    if window == "hour":
        passed = as_of.replace(minute=0, second=0, microsecond=0)
    found = windows(request, zone, as_of)
    assert len({window.name for window in found}) == len(found)
    for one, after in pairwise(found):
        assert one.until == one.end == after.start
    for one in found:
        assert one.asked == min(one.end + timedelta(days=settle), max(one.end, today), passed)
    if found:
        assert found[0].start <= begin < found[0].end and found[-1].until == passed
    else:
        assert passed <= begin or (window == "month" and passed.astimezone(place).day == 1)
    (newest,) = windows(replace_in(request, first=None), zone, as_of)
    assert newest.asked == newest.start <= as_of < newest.end


def replace_in(request: HttpRequest, **cells: Any) -> HttpRequest:
    return request.model_copy(update=cells)


@pytest.mark.parametrize("seed", range(4))
def test_no_window_is_skipped_and_none_is_asked_again_once_it_has_settled(
    platform: Platform, server: Server, seed: int
) -> None:
    chance = random.Random(seed)
    platform.environment["REMOTE_TIMEOUT"] = "0.4"  # a try, and none after a pause
    bad = [
        Answer(status=503),
        Answer(status=404),
        Answer(b"<html>", headers={"Content-Type": "text/html"}),
        Answer(b'{"a": ', missing=5),
    ]
    server.answer = lambda asked: (
        chance.choice(bad) if chance.random() < 0.3 else Answer(json.dumps(asked.query).encode())
    )
    now, last = datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)
    while now < last:
        asked(platform, now.strftime("%Y-%m-%dT%H:%M"))
        now += timedelta(hours=chance.randrange(3, 60))
    server.answer = lambda asked: Answer(json.dumps(asked.query).encode())
    asked(platform, "2026-02-21")
    known = platform.ledger.latest(ARCHIVE)
    wanted = {f"archive_2026-02-{day:02d}.json" for day in range(1, 21)}
    assert known.keys() == wanted
    for path, version in known.items():
        day = datetime.fromisoformat(path[8:18]).replace(tzinfo=UTC)
        settled = min(day + timedelta(days=2), datetime(2026, 2, 21, tzinfo=UTC))
        assert datetime.fromisoformat(version.modified) == settled, path
    server.asked.clear()
    asked(platform, "2026-02-21T23:00")
    assert days(server) == [], "nothing is new"
    asked(platform, "2026-02-25T06:00")
    assert sorted(days(server)) == [f"2026-02-{day}" for day in (20, 21, 22, 23, 24)]
    assert days(server)[0] == "2026-02-24", "the newest first"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (Answer(status=429, headers={"Retry-After": "0"}), "status 429"),
        (Answer(status=429, headers={"Retry-After": "Sun, 01 Feb 2026 10:00:00 GMT"}), "429"),
        (Answer(b"oops", status=500), "status 500"),
        (Answer(GOOD.body[:20], missing=len(GOOD.body) - 20), "peer closed connection"),
        (Answer(b"<html>log in</html>", headers={"Content-Type": "text/html"}), "another kind"),
        (Answer(GOOD.body[:20]), "cut short"),
        (Answer(b""), "cut short"),
        (Answer(b"\xff\xfe"), "cut short"),
        (Answer(GOOD.body, pause=0.2), "not whole after 2 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_answer_is_asked_for_again_and_never_kept(
    platform: Platform, server: Server, bad: Answer, said: str
) -> None:
    if "Retry-After" in bad.headers and len(bad.headers["Retry-After"]) > 5:
        platform.environment["REMOTE_TIMEOUT"] = "0.5"  # the pause is longer: not waited for
    server.answer = lambda _: bad
    (finding, *others) = asked(platform, "2026-02-10T06:00")
    assert (finding.check, finding.severity) == ("no_answer", "error")
    assert said in finding.message and finding.where.startswith("archive_2026-02-09.json, http")
    assert "the next run asks again" in finding.cure
    assert [other.check for other in others] == ["no_answer", "answers_wait"], "it is left alone"
    assert arrivals(platform) == [] and len(set(days(server))) == 3
    assert not [path for path in platform.data.rglob("*") if path.name.startswith("archive_")]

    tries = iter([bad]) if not bad.pause else iter([])
    server.answer = lambda _: next(tries, GOOD)
    platform.environment["REMOTE_TIMEOUT"] = "20"
    if bad.status == 429 and bad.headers["Retry-After"] != "0":
        tries = iter([])
    assert asked(platform, "2026-02-04T06:00") == []
    assert {arrival.path for arrival in arrivals(platform)} == {
        f"archive_2026-02-0{day}.json" for day in (1, 2, 3)
    }


def test_an_address_that_never_answers_or_is_not_there_costs_its_patience(
    platform: Platform, server: Server
) -> None:
    platform.environment["REMOTE_TIMEOUT"] = "1"
    for silence in (Answer(b"x" * 99, pause=60), Answer(drips=True)):
        server.answer = lambda _, silence=silence: silence
        began = monotonic()
        (finding, *_) = asked(platform, "2026-02-02T06:00")
        assert finding.message == "no answer: it was not whole after 1 s"
        assert monotonic() - began < 60
    seeds = platform.settings.seeds_dir
    edit(seeds, "datasources_config.csv", server.address, "http://127.0.0.1:1")
    (finding, *_) = asked(platform, "2026-02-02T06:00")
    assert "Connection refused" in finding.message


def test_an_answer_that_is_not_there_keeps_no_other_back(
    platform: Platform, server: Server
) -> None:
    server.answer = lambda asked: (
        Answer(b'{"reason": "no data"}', status=400)
        if asked.query["start_date"] == "2026-02-02"
        else GOOD
    )
    (finding,) = asked(platform, "2026-02-04T06:00")
    assert finding.message == 'status 400: {"reason": "no data"}'
    assert {arrival.path[8:18] for arrival in arrivals(platform)} == {"2026-02-01", "2026-02-03"}
    server.answer = lambda _: GOOD
    server.asked.clear()
    asked(platform, "2026-02-04T06:00")
    assert days(server) == ["2026-02-02"]


@pytest.mark.parametrize("bad", [Answer(status=500), Answer(status=404)])
def test_days_that_cannot_be_asked_for_keep_no_other_back(
    platform: Platform, server: Server, bad: Answer
) -> None:
    """Nor does any number of them; and what is of the moment comes first, since it cannot wait."""
    platform.environment["REMOTE_TIMEOUT"] = "0.5"
    seeds = platform.settings.seeds_dir
    rows = (seeds / "http_requests.csv").read_text()
    moment = f"{ARCHIVE},archive_now_{{window}}.json,now,,hour,,0,,\n"
    (seeds / "http_requests.csv").write_text(rows + moment)
    broken = {f"2026-02-{day:02d}" for day in (4, 5, 6, 7, 12)}
    server.answer = lambda asked: bad if asked.query.get("start_date") in broken else GOOD
    for day in range(14, 24):
        server.asked.clear()
        asked(platform, f"2026-02-{day}T06:00")
        assert server.asked[0].path == "/now"
    known = platform.ledger.latest(ARCHIVE)
    assert {f"archive_2026-02-{day:02d}.json" for day in range(1, 23)} - known.keys() == {
        f"archive_{day}.json" for day in broken
    }
    assert len([path for path in known if "now" in path]) == 10


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (Answer(GOOD.body, headers={"Content-Encoding": "gzip"}), "is compressed"),
        (Answer(b'{"a": "k3y-0f-the-address"}'), "repeats the key"),
        (Answer(b"[" * 200_000 + b"]" * 200_000), "RecursionError"),
        (Answer(b"time,temp\n2026-02-01,1", ends_open=True), "cut short"),
    ],
)
def test_what_cannot_be_known_to_be_whole_or_is_not_ours_to_keep_never_lands(
    platform: Platform, server: Server, bad: Answer, said: str
) -> None:
    seeds = platform.settings.seeds_dir
    edit(seeds, "http_requests.csv", ",day,2026-02-01,1,,", ",day,2026-02-01,1,,mine")
    if bad.ends_open:
        edit(seeds, "http_requests.csv", "archive_{window}.json", "archive_{window}.csv")
        edit(seeds, "datasources_config.csv", "archive_*.json", "archive_*.csv")
        platform.environment["REMOTE_TIMEOUT"] = "0.5"
    server.answer = lambda _: bad
    (finding,) = asked(platform, "2026-02-02T06:00", mine=Credential(password=KEY))
    assert said in finding.message and KEY not in str(finding)
    assert arrivals(platform) == []


def test_a_query_and_a_key_arrive_as_they_are_written(platform: Platform, server: Server) -> None:
    key = "pl+us & a#hash ž"
    edit(
        platform.settings.seeds_dir,
        "http_requests.csv",
        '&timezone=GMT",day,2026-02-01,1,,',
        '&timezone=GMT&city=Plzeň je&key={key}",day,2026-02-01,1,,mine',
    )
    assert asked(platform, "2026-02-02T06:00", mine=Credential(password=key)) == []
    (request,) = server.asked
    assert (request.query["city"], request.query["key"]) == ("Plzeň je", key)


def test_an_answer_without_records_is_known_and_no_file_of_a_drive_passes_for_one(
    platform: Platform, server: Server
) -> None:
    run = platform.at("2026-02-02T06:00")
    datasource = run.registry.datasource(ARCHIVE)
    server.answer = lambda _: Answer(b'{"hourly": {"time": [], "temperature_2m": []}}')
    sync(run, datasource)
    (judged,) = validate_arrivals(run, datasource, SkippedChecks())
    assert judged.verdict == "empty", judged.findings
    (wanted,) = endpoint_of(run, datasource).answers()
    assert is_due(wanted, None) and not is_due(wanted, judged)
    assert is_due(wanted, replace(judged, verdict="refused"))
    assert is_due(wanted, replace(judged, modified="2099-01-01T00:00:00Z")), "of a drive"
    server.asked.clear()
    sync(run, datasource, is_replay=True)
    assert server.asked == [] and arrivals(platform) == []


def test_what_was_refused_is_asked_for_again(platform: Platform, server: Server) -> None:
    run = platform.at("2026-02-02T06:00")
    server.answer = lambda _: Answer(b'{"error": "a page of another service"}')
    sync(run, run.registry.datasource(ARCHIVE))
    accept(platform, "2026-02-02T06:00", "refused")
    asked(platform, "2026-02-02T06:00")
    assert days(server) == ["2026-02-01"] * 2
    handed = files.read_json(run.settings.paths.ingest / ARCHIVE / "arrivals.json")
    assert handed["refused_and_still_there"] == ["archive_2026-02-01.json"]


@pytest.mark.parametrize(
    ("query", "credential", "headers", "sent"),
    [
        ("&appid={key}", Credential(password=KEY), {}, KEY),
        ("", Credential(password=KEY), {"Authorization": f"Bearer {KEY}"}, None),
        ("", Credential("me", "a-pass"), {"Authorization": "Basic bWU6YS1wYXNz"}, None),
        ("", Credential(headers={"X-Api-Key": KEY}), {"X-Api-Key": KEY}, None),
    ],
)
def test_a_key_reaches_the_address_and_nobody_else(
    platform: Platform,
    server: Server,
    caplog: pytest.LogCaptureFixture,
    query: str,
    credential: Credential,
    headers: dict[str, str],
    sent: str | None,
) -> None:
    caplog.set_level(logging.DEBUG, "include")
    caplog.set_level(logging.INFO)
    row = "&timezone=GMT,day,2026-02-01,1,,"
    # quoted, since the query has commas
    edit(
        platform.settings.seeds_dir,
        "http_requests.csv",
        row.replace("GMT,", 'GMT",'),
        f'&timezone=GMT{query}",day,2026-02-01,1,,mine',
    )
    secret = credential.password or KEY
    server.answer = lambda _: Answer(f"no {secret} for you".encode(), status=401)
    (refused, *waiting) = asked(platform, "2026-02-02T06:00", mine=credential)
    assert refused.message.startswith("status 401") and "key" in refused.cure
    (request,) = server.asked
    assert headers.items() <= request.headers.items() and request.query.get("appid") == sent
    (missing, *_) = asked(platform, "2026-02-02T06:00")
    assert (missing.message, missing.where) == (
        "there is no connection mine",
        "http_requests.csv, line 3, column connection",
    )
    said = f"{refused} {waiting} {missing} {caplog.text} {credential!r}"
    said += "".join(p.read_text() for p in platform.data.rglob("*") if p.is_file())
    assert secret not in said


@pytest.mark.parametrize("kind", ["link", "paging.next"])
def test_all_pages_of_an_answer_are_one_file(platform: Platform, server: Server, kind: str) -> None:
    def page(asked: Asked) -> Answer:
        number = int(asked.query.get("page", 1))
        following = f"/v1/archive?page={number + 1}" if number < 12 else ""
        if kind == "link":
            link = {"Link": f'</>; rel=last, <{following}>; title="a=b"; rel="Next up"'}
            link = link if following else {}
            return Answer(json.dumps({"page": number}).encode(), headers=link)
        return Answer(json.dumps({"page": number, "paging": {"next": following or None}}).encode())

    seeds = platform.settings.seeds_dir
    edit(seeds, "http_requests.csv", "archive_{window}.json", "archive_{window}.zip")
    edit(seeds, "http_requests.csv", ",day,2026-02-01,1,,", f",day,2026-02-01,1,{kind},")
    edit(seeds, "datasources_config.csv", "archive_*.json", "archive_*.zip")
    server.answer = page
    digests = []
    for as_of in ("2026-02-02T06:00", "2026-02-03T07:00"):
        assert asked(platform, as_of) == []
        digests += [arrival.sha256 for arrival in arrivals(platform)]
    landed = platform.settings.paths.landed("sm2", ARCHIVE, digests[0])
    with zipfile.ZipFile(landed) as archive:
        pages = [json.loads(archive.read(name))["page"] for name in archive.namelist()]
    assert pages == list(range(1, 13))
    assert len(set(digests)) == 1, "the same pages are the same file"

    for following in ("/v1/archive?page=1", "http://localhost:1/elsewhere"):
        link = {"Link": f'<{following}>; rel="next"'}
        body = json.dumps({"paging": {"next": following}}).encode()
        server.answer = lambda _, link=link, body=body: Answer(body, headers=link)
        finding, *_ = asked(platform, "2026-02-04T08:00")
        assert (
            "leads back" in finding.message or "a next one at http://localhost" in finding.message
        )
    server.answer = lambda _: Answer(b'{"paging": {"next": 2}}', headers={"Link": "<a>; rel=next"})
    finding, *_ = asked(platform, "2026-02-05T08:00")
    assert "is not an address" in finding.message or "status" in finding.message or kind == "link"
