"""The building as a graph: every question, answered by hand for SM2 and by another way for a generated campus, in both engines."""

import hashlib
import json
import shutil
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks.campus import write_campus
from benchmarks.containers import SECRET
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR, Settings
from include.engines.graph.ladybug import ladybug_graph
from include.engines.graph.neo4j.client import neo4j_graph
from include.engines.graph.port import Graph, ask, load
from include.hierarchy import hierarchy
from include.registry import load_registry
from include.registry.hierarchy import Hierarchy, load_hierarchy
from include.registry.rows import HierarchyNode
from tests.support.platform import Platform
from tests.support.raw_files import sample_drive

SEEDS = PROJECT_DIR / "include/dbt/seeds"


NEO4J_GROUP = pytest.mark.xdist_group("neo4j")


@pytest.fixture(params=["ladybug", pytest.param("neo4j", marks=NEO4J_GROUP)])
def graph(request: pytest.FixtureRequest) -> Iterator[Graph]:
    """An empty graph of each engine."""
    opened = (
        ladybug_graph()
        if request.param == "ladybug"
        else neo4j_graph(request.getfixturevalue("neo4j_server"), SECRET)
    )
    with opened as empty:
        yield empty


def sm2() -> Hierarchy:
    return load_hierarchy(load_registry(SEEDS))


BY_HAND: dict[tuple[str, tuple[tuple[str, str], ...]], list[dict[str, Any]]] = {
    # room 355 lies in 5NP-S3, and its two sensors with it
    ("sensors_below", (("place", "sm2.5NP-S3"),)): [
        {
            "sensor_id": f"sm2.{sensor}",
            "place_id": f"sm2.{place}",
            "valid_from": "0001-01-01",
            "valid_to": "9999-12-31",
        }
        for sensor, place in (
            ("4B73", "5NP-S3"),
            ("9C88", "SM2_03_L5_355_OUT"),
            ("9E4C", "SM2_03_L5_355_IN"),
        )
    ],
    ("sensors_below", (("place", "sm2.3PP"),)): [
        {
            "sensor_id": f"sm2.{sensor}",
            "place_id": f"sm2.{place}",
            "valid_from": "0001-01-01",
            "valid_to": "9999-12-31",
        }
        for sensor, place in (("750E", "3PP-S5"), ("8370", "3PP-S9"), ("F3F5", "3PP-S7"))
    ],
    ("adjacent_zones", (("zone", "sm2.1PP-S1"),)): [
        {"zone_id": "sm2.1NP-S1", "relation": "above", "basis": "assumed"},
        {"zone_id": "sm2.2PP-S1", "relation": "below", "basis": "assumed"},
    ],
    ("adjacent_zones", (("zone", "sm2.5NP-S9"),)): [
        {"zone_id": "sm2.5NP-S8", "relation": "beside", "basis": "assumed"}
    ],
    ("path_to_building", (("at", "2026-01-01"), ("sensor", "sm2.9E4C"))): [
        {"step": 1, "place_id": "sm2.SM2_03_L5_355_IN", "type": "Room"},
        {"step": 2, "place_id": "sm2.5NP-S3", "type": "Zone"},
        {"step": 3, "place_id": "sm2.5NP", "type": "Floor"},
        {"step": 4, "place_id": "sm2", "type": "Building"},
    ],
    ("path_to_building", (("at", "2026-01-01"), ("sensor", "sm2.493D"))): [
        {"step": 1, "place_id": "sm2.1NP-S1", "type": "Zone"},
        {"step": 2, "place_id": "sm2.1NP", "type": "Floor"},
        {"step": 3, "place_id": "sm2", "type": "Building"},
    ],
    # from the first basement up and along the first floor
    ("temperature_path", (("from", "sm2.C6CB"), ("to", "sm2.4427"))): [
        {"zone_ids": ["sm2.1PP-S1", "sm2.1NP-S1", "sm2.1NP-S2", "sm2.1NP-S3"], "steps": 3}
    ],
    # the fifth floor touches nothing that is known to lie below it
    ("temperature_path", (("from", "sm2.493D"), ("to", "sm2.4B73"))): [],
    (
        "same_measurement_next_door",
        (("measurement", "temp_waste"),),
    ): [],  # the units' zones touch nothing that is known
    # units 1 to 3 send through the first controller; nothing depends on a unit
    ("depends_on", (("node", "sm2.KOT1"),)): [
        {"id": f"sm2.VZT0{number}", "type": "Sensor"} for number in (1, 2, 3)
    ],
    ("depends_on", (("node", "sm2.VZT01"),)): [],
    ("zones_without", (("measurement", "humidity_indoor"),)): [
        {"zone_id": f"sm2.sm2_{number:02d}"} for number in range(1, 10)
    ],
}


@pytest.mark.parametrize(
    ("question", "answer"),
    BY_HAND.items(),
    ids=lambda value: (
        " ".join([value[0], *(v for _, v in value[1])]) if isinstance(value, tuple) else ""
    ),
)
def test_sm2_answers_as_worked_out_by_hand(
    graph: Graph, question: tuple[str, tuple[tuple[str, str], ...]], answer: list[dict[str, Any]]
) -> None:
    load(graph, sm2())
    assert ask(graph, question[0], **dict(question[1])) == answer


def test_sm2_in_numbers_worked_out_by_hand(graph: Graph) -> None:
    load(graph, sm2())
    load(graph, sm2())  # once more changes nothing
    where = {
        row["sensor_id"]: row["place_id"] for row in ask(graph, "what_was_where", at="2026-01-01")
    }
    assert (
        len(where) == 31 + 10
    )  # ThermoPro; nine units and the outdoor sensor of the first controller
    assert where["sm2.KOT1"] == "sm2.sm2_01"
    next_door = ask(graph, "same_measurement_next_door", measurement="humidity_indoor")
    assert {
        "sensor_id": "sm2.493D",
        "zone_id": "sm2.1NP-S1",
        "neighbour_id": "sm2.CCEA",
        "adjacent_zone_id": "sm2.1NP-S2",
    } in next_door
    parents = {row["id"]: row for row in ask(graph, "sensors_with_places")}
    assert [
        parents["sm2.9E4C"][key] for key in ("building_id", "floor_id", "zone_id", "place_id")
    ] == ["sm2", "sm2.5NP", "sm2.5NP-S3", "sm2.SM2_03_L5_355_IN"]
    assert len(ask(graph, "adjacent_pairs")) == 2 * 24
    assert sum(row["sensor_id"] == "sm2.VZT01" for row in ask(graph, "measured")) == 4
    assert max(row["ancestor_level"] for row in ask(graph, "ancestors")) == 3


# The queries of the founding documents, as they were written; only ids are ours.
FOUNDING: list[tuple[str, list[dict[str, Any]]]] = [
    (
        """
        MATCH (building:Building)-[:CONTAINS]->(floor:Floor)-[:CONTAINS]->(zone:Zone)-[:CONTAINS]->(sensor:Sensor)
        WHERE floor.name = '3PP'
        RETURN building.name AS building, floor.name AS floor, zone.name AS zone, sensor.name AS sensor
        ORDER BY sensor.name
        """,
        [
            {"building": "SM2", "floor": "3PP", "zone": zone, "sensor": sensor}
            for zone, sensor in (("3PP-S5", "750E"), ("3PP-S9", "8370"), ("3PP-S7", "F3F5"))
        ],
    ),
    (
        """
        MATCH path = (sensor1:Sensor)-[:IN*]->(room:Room)-[:IN*]->(floor:Floor)-[:IN*]->(building:Building)
        WHERE sensor1.id = 'sm2.9E4C'
        RETURN room.name AS room, floor.name AS floor, building.name AS building, length(path) AS length
        """,
        [{"room": "SM2_03_L5_355_IN", "floor": "5NP", "building": "SM2", "length": 4}],
    ),
    (
        """
        MATCH (zone1:Zone)-[:ADJACENT_TO]->(zone2:Zone),
              (zone1)-[:CONTAINS]->(sensor1:Sensor)-[:MEASURES]->(metric:Metric),
              (zone2)-[:CONTAINS]->(sensor2:Sensor)-[:MEASURES]->(metric)
        WHERE sensor1.id = 'sm2.C6CB'
        RETURN metric.id AS metric, sensor2.name AS neighbour
        ORDER BY metric.id, sensor2.name
        """,
        [  # the first basement's zone touches one above and one below
            {"metric": metric, "neighbour": neighbour}
            for metric in ("humidity_indoor", "temp_indoor")
            for neighbour in ("493D", "F30E")
        ],
    ),
    (
        """
        MATCH (:Node {type: 'Zone', name: '5NP-S3'})-[:CONTAINS*]->(sensor:Node {type: 'Sensor'})
        RETURN sensor.name AS sensor ORDER BY sensor.name
        """,
        [{"sensor": "4B73"}, {"sensor": "9C88"}, {"sensor": "9E4C"}],
    ),
    (
        "MATCH (zone:Node {type: 'Zone', parent_id: 'sm2.3PP'}) RETURN zone.name AS zone ORDER BY zone.name",
        [{"zone": "3PP-S5"}, {"zone": "3PP-S7"}, {"zone": "3PP-S9"}],
    ),
]


@pytest.mark.parametrize(("query", "answer"), FOUNDING, ids=lambda value: str(value)[:60].strip())
def test_the_founding_queries_run_as_written(
    graph: Graph, query: str, answer: list[dict[str, Any]]
) -> None:
    load(graph, sm2())
    assert graph.run(query, {}) == answer


def test_the_queries_of_the_architecture_and_the_roadmap_word_for_word(graph: Graph) -> None:
    """Each to the letter, but for the floor in the last one."""
    load(graph, sm2())
    parents = graph.run(
        """
  MATCH (building:Building)-[:CONTAINS]->(floor:Floor)-[:CONTAINS]->(zone:Zone)-[:CONTAINS]->(sensor:Sensor)
  RETURN building.name, floor.level, zone.name, sensor.id
        """,
        {},
    )
    assert len(parents) == 39  # of 41 sensors two hang in rooms
    assert {
        "building.name": "SM2", "floor.level": 1, "zone.name": "3PP-S5", "sensor.id": "sm2.750E"
    } in parents  # fmt: skip
    same = graph.run(
        """
  MATCH (sensor1:Sensor)-[:MEASURES]->(metric:Metric)
  MATCH (sensor1)-[:IN]->(zone1:Zone)
  MATCH (zone2:Zone)-[:ADJACENT_TO]->(zone1)
  MATCH (sensor2:Sensor)-[:IN]->(zone2)
  MATCH (sensor2)-[:MEASURES]->(metric)
  RETURN sensor1.id, sensor2.id, zone1.name, zone2.name
        """,
        {},
    )
    of_one = {row["sensor2.id"] for row in same if row["sensor1.id"] == "sm2.C6CB"}
    assert of_one == {"sm2.493D", "sm2.F30E"}
    floor = graph.run(
        """
MATCH (zone1:Node {type: 'Zone'})-[:CONTAINS]->(sensor1)
MATCH (zone2:Node {type: 'Zone'})-[:CONTAINS]->(sensor2)
WHERE zone1.parent_id = zone2.parent_id  // Same floor
AND zone1 <> zone2
AND zone1.parent_id = 'sm2.3PP'
RETURN zone1.name, zone2.name
        """,
        {},
    )
    assert sorted((row["zone1.name"], row["zone2.name"]) for row in floor) == [
        (one, other)
        for one in ("3PP-S5", "3PP-S7", "3PP-S9")
        for other in ("3PP-S5", "3PP-S7", "3PP-S9")
        if one != other
    ]


def test_a_path_up_is_returned_with_its_length(graph: Graph) -> None:
    load(graph, sm2())
    (row,) = graph.run(
        "MATCH path = (sensor1:Sensor)-[:IN*]->(room:Room)-[:IN*]->(floor:Floor)-[:IN*]->(building:Building)"
        " WHERE sensor1.id = 'sm2.9C88' RETURN path, length(path)",
        {},
    )
    assert 4 in row.values()
    shown = str(row)
    for name in ("9C88", "SM2_03_L5_355_OUT", "5NP-S3", "5NP", "SM2"):
        assert f"'name': '{name}'" in shown


def test_a_place_contains_the_sensors_that_are_there_now(graph: Graph, campus: Hierarchy) -> None:
    load(graph, campus)
    moved = next(node for node in campus.nodes if node.valid_from)
    containing = graph.run(
        "MATCH (place:Node)-[:CONTAINS]->(:Node {id: $sensor}) RETURN place.id AS id",
        {"sensor": moved.id},
    )
    assert containing == [{"id": moved.parent_id}]
    where = graph.run(
        "MATCH (n:Node {id: $sensor}) RETURN n.parent_id AS parent_id, n.level AS level",
        {"sensor": moved.id},
    )
    assert where == [{"parent_id": moved.parent_id, "level": moved.level}]


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Hierarchy:
    return load_hierarchy(
        load_registry(
            write_campus(
                tmp_path_factory.mktemp("campus") / "seeds", buildings=3, sensors=60, seed=7
            )
        )
    )


def test_a_generated_campus_answers_as_a_walk_over_its_rows_does(
    graph: Graph, campus: Hierarchy
) -> None:
    load(graph, campus)
    nodes: dict[str, HierarchyNode] = {
        node.id: node for node in campus.nodes if node.type != "Sensor"
    }
    sensors = [node for node in campus.nodes if node.type == "Sensor"]

    def up(node_id: str) -> list[str]:
        return [node_id, *(up(nodes[node_id].parent_id) if nodes[node_id].parent_id else [])]

    def zone_of(place: str) -> str:
        return next(node_id for node_id in up(place) if nodes[node_id].type == "Zone")

    touching: dict[str, set[str]] = defaultdict(set)
    for pair in campus.adjacency:
        touching[pair.zone_id].add(pair.adjacent_zone_id)
        touching[pair.adjacent_zone_id].add(pair.zone_id)

    for place in ("b00", "b01.2", "b02.4.3"):
        expected = sorted({sensor.id for sensor in sensors if place in up(sensor.parent_id)})
        assert (
            sorted({row["sensor_id"] for row in ask(graph, "sensors_below", place=place)})
            == expected
        )
    for at in ("2026-01-14", "2026-01-15"):
        was = {
            s.id: s.parent_id
            for s in sensors
            if (s.valid_from is None or str(s.valid_from) <= at)
            and (s.valid_to is None or at < str(s.valid_to))
        }
        assert {
            row["sensor_id"]: row["place_id"] for row in ask(graph, "what_was_where", at=at)
        } == was
        for sensor in list(was)[:5]:
            assert [
                row["place_id"] for row in ask(graph, "path_to_building", sensor=sensor, at=at)
            ] == up(was[sensor])
    for zone in ("b00.0.0", "b01.3.4"):
        assert [row["zone_id"] for row in ask(graph, "adjacent_zones", zone=zone)] == sorted(
            touching[zone]
        )
    found = {
        (row["sensor_id"], row["neighbour_id"])
        for row in ask(graph, "same_measurement_next_door", measurement="temp_indoor")
    }
    zones = {(sensor.id, zone_of(sensor.parent_id)) for sensor in sensors}
    declared = {tuple(sorted((pair.zone_id, pair.adjacent_zone_id))) for pair in campus.adjacency}
    assert found == {(a, b) for a, here in zones for b, there in zones if (here, there) in declared}
    empty = {node_id for node_id, node in nodes.items() if node.type == "Zone"} - {
        zone for _, zone in zones
    }
    assert {
        row["zone_id"] for row in ask(graph, "zones_without", measurement="temp_indoor")
    } == empty

    needs: dict[str, set[str]] = defaultdict(set)
    for row in campus.relations:
        feeds = row.relation == "FEEDS"
        needs[row.from_id if feeds else row.to_id].add(row.to_id if feeds else row.from_id)
    current = {sensor.id: sensor.parent_id for sensor in sensors if sensor.valid_to is None}
    for unit in ("b00.0.0", "b01.3.0", "b02.4.1"):
        failed = _reached(needs, unit)
        expected = {node_id for node_id in nodes if failed & set(up(node_id))} | {
            sensor for sensor, place in current.items() if failed & set(up(place))
        }
        assert expected
        assert {row["id"] for row in ask(graph, "depends_on", node=unit)} == expected

    still = [sensor for sensor in sensors if sensor.valid_from is None and sensor.valid_to is None]
    for start, goal in zip(still[:8], still[8:16], strict=True):
        steps = _steps(touching, zone_of(start.parent_id), zone_of(goal.parent_id))
        rows = ask(graph, "temperature_path", **{"from": start.id, "to": goal.id})
        assert [row["steps"] for row in rows] == ([steps] if steps else [])


def _reached(edges: dict[str, set[str]], start: str) -> set[str]:
    seen, queue = set(), deque([start])
    while queue:
        for there in edges[queue.popleft()] - seen:
            seen.add(there)
            queue.append(there)
    return seen


def _steps(touching: dict[str, set[str]], start: str, goal: str) -> int | None:
    """Length of the shortest way, None if there is no way; 0 within one zone."""
    seen, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for there in touching[here] - seen.keys():
            seen[there] = seen[here] + 1
            queue.append(there)
    return seen.get(goal)


def test_names_are_data_and_never_code(graph: Graph) -> None:
    names = ["O'Brien's \"room\"", "Žluťoučký kůň", "'}) DETACH DELETE n //", "a\\b\nc", "`x`"]
    nodes = [
        HierarchyNode(
            line=1,
            id="b",
            parent_id="",
            type="Building",
            name="B",
            level=0,
            coordinates="",
            valid_from="",
            valid_to="",
        )
    ]  # type: ignore[arg-type]
    nodes += [
        HierarchyNode(
            line=2,
            id=name,
            parent_id="b",
            type="Floor",
            name=name,
            level=1,
            coordinates="",
            valid_from="",
            valid_to="",
        )  # type: ignore[arg-type]
        for name in names
    ]
    load(graph, Hierarchy(nodes))
    assert {row["name"] for row in ask(graph, "ancestors") if row["type"] == "Floor"} == set(names)
    with pytest.raises(ValueError, match="sensors_below: no value for place"):
        ask(graph, "sensors_below", place=None)


@NEO4J_GROUP
def test_both_engines_export_the_same_bytes(neo4j_server: str, tmp_path: Path) -> None:
    seeds = write_campus(tmp_path / "seeds", buildings=2, sensors=40)
    sums = []
    for number, folder in enumerate((SEEDS, seeds)):
        for opened in (ladybug_graph(), neo4j_graph(neo4j_server, SECRET)):
            settings = replace(
                Settings.from_environment(),
                data_dir=tmp_path / f"{number}{type(opened).__name__}{len(sums)}",
            )
            with opened as graph:
                counts = hierarchy.build(settings, load_registry(folder), graph)
            assert min(counts.values()) > 0
            sums.append(
                [
                    hashlib.sha256(hierarchy.stored(settings, name).read_bytes()).hexdigest()
                    for name in counts
                ]
            )
    assert sums[0] == sums[1] and sums[2] == sums[3] and sums[0] != sums[2]


def test_a_wrong_seed_leaves_the_last_hierarchy_in_place(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    shutil.copytree(SEEDS, seeds)
    settings = replace(Settings.from_environment(), data_dir=tmp_path / "data")
    hierarchy.ensure(settings, load_registry(seeds))
    before = {
        name: hierarchy.stored(settings, name).read_bytes() for name in ("hierarchy", "adjacency")
    }
    rows = (
        (seeds / "building_hierarchy.csv")
        .read_text()
        .replace("sm2.1NP,sm2,Floor", "sm2.1NP,sm3,Floor")
    )
    (seeds / "building_hierarchy.csv").write_text(rows)
    assert not hierarchy.is_current(settings, load_registry(seeds))
    hierarchy.ensure(settings, load_registry(seeds))
    assert {name: hierarchy.stored(settings, name).read_bytes() for name in before} == before
    with (
        pytest.raises(ConfigurationError, match="there is no node 'sm3'"),
        ladybug_graph() as graph,
    ):
        hierarchy.build(settings, load_registry(seeds), graph)
    fresh = replace(settings, data_dir=tmp_path / "fresh")
    hierarchy.ensure(fresh, load_registry(seeds))
    assert [pq.read_metadata(hierarchy.stored(fresh, name)).num_rows for name in before] == [
        0,
        0,
    ], "none is in place, and data are published all the same"
    assert not hierarchy.is_current(fresh, load_registry(seeds))


@pytest.mark.xdist_group("sample")
def test_the_documented_joins_of_hierarchy_and_hours(published: Callable[..., Platform]) -> None:
    """The SQL of docs/hierarchy.md runs on the sample's release and answers as worked out in another way."""
    platform = published("2026-03-01", drive=sample_drive)
    page = (PROJECT_DIR / "docs/hierarchy.md").read_text()
    queries = [block.split("```")[0] for block in page.split("```sql\n")[1:]]
    assert len(queries) == 3
    floors, pairs, lags = (
        platform.query(sql.replace("data/releases/latest", str(platform.release.path)))
        for sql in queries
    )

    hourly = platform.table("public_dataset_hourly").to_pylist()
    ground = [
        row
        for row in hourly
        if row["location"].startswith("1NP-") and row["measurement"] == "temp_indoor"
    ]
    first = min(row["timestamp"] for row in ground)
    mean = sum(row["value_mean"] for row in ground if row["timestamp"] == first) / sum(
        row["timestamp"] == first for row in ground
    )
    assert {(floor, hour): value for floor, hour, value in floors}["1NP", first] == pytest.approx(
        mean
    )

    values = {
        (row["location"], row["timestamp"]): row["value_mean"]
        for row in hourly
        if row["measurement"] == "temp_indoor"
    }
    common = [
        values["1NP-S1", hour] - values["1NP-S2", hour]
        for location, hour in values
        if location == "1NP-S1" and ("1NP-S2", hour) in values
    ]
    found = {(zone, other): difference for zone, other, difference in pairs}
    assert found["1NP-S1", "1NP-S2"] == pytest.approx(sum(common) / len(common))
    assert found["1NP-S2", "1NP-S1"] == pytest.approx(-found["1NP-S1", "1NP-S2"])

    assert {zone for zone, *_ in lags} >= {"1NP-S1", "5NP-S5", "3PP-S9"}
    assert all(0 <= hours <= 48 and -1 <= correlation <= 1 for _, hours, correlation in lags)


def test_what_is_published_can_be_joined_and_is_described(
    published: Callable[..., Platform],
) -> None:
    platform = published("2026-03-01")
    assert platform.states["sync_building_hierarchy"] == "success"
    assert pq.read_table(hierarchy.stored(platform.settings, "hierarchy")).equals(
        platform.table("public_dataset_hierarchy")
    )
    assert platform.query("""
        select count(*) from (select distinct location from public_dataset_hourly) as hourly
        anti join public_dataset_hierarchy as h on hourly.location = coalesce(h.room, h.zone) and h.type = 'Sensor'
    """) == [(0,)]
    described = {
        table["file"]
        for table in json.loads((platform.release.path / "schema.json").read_text())["tables"]
    }
    assert {"public_dataset_hierarchy.parquet", "public_dataset_adjacency.parquet"} <= described
