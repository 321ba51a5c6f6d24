"""What grouped publications say of households: never anything of a few."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.seeds import copy_seeds, write
from include.core import files
from include.core.clock import parse_as_of
from include.core.errors import ContractError
from include.core.settings import Settings
from include.registry import Run, load_registry
from include.registry.rows import Publication
from include.release.groups import build
from include.release.groups.gate import weigh
from include.release.publications import grouped_runs
from include.release.upload import upload
from include.store.published_groups import (
    PUBLISHED_GROUPS,
    forget_households,
    household_of,
    read_groups,
)
from tests.support.many import append, edit

ENOUGH, DAYS, MONTH = 3, 2, "2026-01"
State = frozenset[tuple[str, float, int]]


def publication(name: str) -> Publication:
    row = {"publication_id": name, "title": name, "buildings": "b*", "location": "", "line": 2}
    rest = {"licence": "CC-BY-4.0", "access": "grouped", "status": "active"}
    return Publication.model_validate(row | rest | {"min_households": "3", "min_days": "2"})


def tables_of(database: duckdb.DuckDBPyConnection, households: State) -> None:
    month = [
        {"month": MONTH, "building_id": "b", "apartment": name, "kpi": "energy", "value": value}
        for name, value, _ in sorted(households)
    ]
    day = [
        {
            "local_date": f"2026-01-{n + 1:02}",
            "building_id": "b",
            "apartment": name,
            "kpi": "energy",
        }
        for name, _, days in sorted(households)
        for n in range(days)
    ]
    text, number = pa.string(), pa.float64()
    names = [("building_id", text), ("apartment", text), ("kpi", text)]
    months = pa.schema([("month", text), *names, ("value", number)])
    database.register("kpi_month", pa.Table.from_pylist(month, schema=months))
    database.register(
        "kpi_day", pa.Table.from_pylist(day, schema=pa.schema([("local_date", text), *names]))
    )


def changed(one: State, other: State) -> int:
    return len({name for name, *_ in one ^ other})


home = st.tuples(st.sampled_from([1.0, 2.0, 5.0]), st.sampled_from([1, 2, 3]))
HOMES = tuple("abcdefg")
step = st.tuples(
    st.sampled_from([("all", HOMES), ("some", HOMES[:5])]),
    st.dictionaries(st.sampled_from(HOMES), home, max_size=7),
)


@settings(max_examples=40)
@given(st.lists(step, min_size=1, max_size=5))
def test_no_two_values_that_were_ever_published_differ_by_a_few_households(
    steps: list[tuple[tuple[str, tuple[str, ...]], dict[str, tuple[float, int]]]],
) -> None:
    """Of two publications, one of which holds the other's households: whatever comes and goes."""
    earlier = PUBLISHED_GROUPS.empty_table()
    published: list[tuple[str, State]] = []
    for (name, members), values in steps:
        seen = frozenset((home, *values[home]) for home in members if home in values)
        counted: State = frozenset(row for row in seen if row[2] >= DAYS)
        with duckdb.connect() as database:
            tables_of(database, seen)
            new = weigh(database, publication(name), "2026-02", earlier)
            shown = database.sql("select value, households, days from group_month").fetchall()
            withheld = database.sql("select reason, is_kept from withheld").fetchall()
        earlier = pa.concat_tables([earlier, new.cast(PUBLISHED_GROUPS)])
        own = [state for owner, state in published if owner == name]
        far = all(changed(counted, state) in (0, *range(ENOUGH, 99)) for _, state in published)
        if len(counted) >= ENOUGH and far:
            published.append((name, counted))
            assert not withheld
            own.append(counted)
        elif seen:
            assert [is_kept for _, is_kept in withheld] == [bool(own)]
        expected = [
            (pytest.approx(sum(v for _, v, _ in own[-1]) / len(own[-1])), len(own[-1]), sum(d for *_, d in own[-1]))
        ] if own else []  # fmt: skip
        assert shown == expected
    for (_, one), (_, other) in combinations(published, 2):
        assert one == other or changed(one, other) >= ENOUGH
    households = Counter((row["publication"], row["revision"]) for row in earlier.to_pylist())
    assert all(count >= ENOUGH for count in households.values())


@pytest.fixture
def flats(tmp_path: Path) -> Callable[..., Run]:
    """A building of restricted households with KPIs of a month, as of a day; and a group of them."""
    seeds, data = tmp_path / "seeds", tmp_path / "data"
    copy_seeds(seeds, ("measurements", "labels"))
    write(seeds, "buildings_config", [{"building_id": "b", "name": "B", "timezone": "Europe/Prague", "licence": "CC-BY-4.0", "status": "active", "on_refusal": "publish"}])  # fmt: skip
    nodes = [("b", "", "Building", "B"), ("b.f", "b", "Floor", "floor")]
    nodes += [(f"b.{name}", "b.f", "Apartment", f"flat {name}") for name in HOMES]
    columns = ("id", "parent_id", "type", "name")
    write(seeds, "building_hierarchy", [dict(zip(columns, row, strict=True)) for row in nodes])
    write(seeds, "publications", [])
    append(seeds, "publications.csv", "public_dataset,Data,*,,,public,active")
    append(
        seeds,
        "publications.csv",
        f"flats,Flats,b,{tmp_path}/flats,,restricted,active,kpi_day;kpi_month",
    )
    append(seeds, "publications.csv", "together,All flats,b,,CC-BY-4.0,grouped,active,,3,2")

    def make(as_of: str, households: State) -> Run:
        folder = (
            data / f"publications/flats/releases/{as_of}-{len(list(data.rglob('kpi_day*'))):08}"
        )
        with duckdb.connect() as database:
            tables_of(database, frozenset((f"flat {name}", *rest) for name, *rest in households))
            for table in ("kpi_day", "kpi_month"):
                files.write_parquet(
                    folder / f"{table}.parquet", database.table(table).to_arrow_table()
                )
        files.point(folder.parent / "latest", folder.name)
        own = replace(
            Settings.from_environment(),
            data_dir=data,
            seeds_dir=seeds,
            publish_remote=str(tmp_path / "public"),
        )
        [run] = grouped_runs(Run(own, load_registry(seeds), parse_as_of(as_of)))
        return run

    return make


def seven(**others: float) -> State:
    return frozenset((name, others.get(name, 1.0), 3) for name in HOMES)


def values_of(run: Run) -> list[tuple[float, int]]:
    path = run.settings.paths.latest / "group_month.parquet"
    return [(row["value"], row["households"]) for row in pq.read_table(path).to_pylist()]


def test_a_group_is_published_and_stays_until_enough_have_changed(
    flats: Callable[..., Run],
) -> None:
    assert build.make(flats("2026-02-06", seven()), {}) is None, "the month has not settled"
    run = flats("2026-02-09", seven())
    release = build.make(run, {"dag_run": "first"})
    assert release and values_of(run) == [(1.0, 7)]
    assert build.make(run, {}) is None, "nothing is new"
    upload(run.settings, release)
    there = Path(run.settings.publish_remote)
    assert json.loads((there / "latest.json").read_text())["version"] == release.version
    assert "public" in run.settings.publish_remote

    run = flats("2026-02-10", seven(a=8.0))
    build.make(run, {})
    assert values_of(run) == [(1.0, 7)], "one household has changed"
    reasons = pq.read_table(run.settings.paths.latest / "withheld.parquet").to_pylist()
    assert [(row["reason"], row["is_kept"]) for row in reasons] == [("few_changes", True)]
    run = flats("2026-02-11", seven(a=8.0, b=8.0, c=8.0))
    build.make(run, {})
    assert values_of(run) == [(4.0, 7)]

    forget_households(run.settings.paths, "b", ["flat a"])
    kept = read_groups(run.settings.paths, "b")
    assert household_of("b", "flat a") not in kept["household"].to_pylist()
    run = flats("2026-02-12", frozenset(row for row in seven(b=8.0, c=8.0) if row[0] != "a"))
    build.make(run, {})
    assert values_of(run) == [(4.0, 7)], "the difference would be what was erased"


def test_what_is_not_remembered_any_more_counts_as_changed(flats: Callable[..., Run]) -> None:
    """As if one of them had been in a building of which the catalog is gone."""
    run = flats("2026-02-09", seven())
    build.make(run, {})
    known = read_groups(run.settings.paths, "b")
    gone = pc.equal(known["household"], household_of("b", "flat a"))
    files.write_parquet(run.settings.paths.groups("b"), known.filter(pc.invert(gone)))
    run = flats("2026-02-10", frozenset(row for row in seven() if row[0] != "a"))
    build.make(run, {})
    assert values_of(run) == [(1.0, 7)], "six beside seven would say what the seventh did"


def test_two_households_are_no_group(flats: Callable[..., Run]) -> None:
    run = flats("2026-02-09", frozenset({("a", 1.0, 3), ("b", 2.0, 3)}))
    with pytest.raises(ContractError, match=r"no value of its groups may be published \(1 few_h"):
        build.make(run, {})
    assert not run.settings.paths.latest.exists()
    run = flats("2026-02-09", frozenset((name, 1.0, 1) for name in HOMES))
    with pytest.raises(ContractError, match="1 few_days"):
        build.make(run, {})


def test_no_household_is_named(flats: Callable[..., Run], tmp_path: Path) -> None:
    edit(tmp_path / "seeds", "publications.csv", "All flats", "With flat d in it")
    run = flats("2026-02-09", seven())
    with pytest.raises(ContractError, match="names a household, or what is measured"):
        build.make(run, {})
    assert not run.settings.paths.latest.exists()
    assert not list((tmp_path / "data/catalog").rglob("groups.parquet")), "nor remembered"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("CC-BY-4.0,grouped,active,,,2", "has no min_households"),
        ("CC-BY-4.0,grouped,active,,3,", "has no min_days"),
        (",grouped,active,,3,2", "has no licence"),
        ("CC-BY-4.0,grouped,active,kpi_day,3,2", "group_month and withheld alone"),
        ("CC-BY-4.0,grouped,active,,2,2", "greater than or equal to 3"),
    ],
)
def test_a_gate_that_lets_all_through_is_refused(
    flats: Callable[..., Run], tmp_path: Path, row: str, said: str
) -> None:
    edit(tmp_path / "seeds", "publications.csv", "CC-BY-4.0,grouped,active,,3,2", row)
    with pytest.raises(Exception, match=said):
        flats("2026-02-09", seven())
