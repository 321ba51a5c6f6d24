"""A structure that cannot be stops the hierarchy, and says where and what to do."""

import shutil
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.registry import load_registry
from include.registry.hierarchy import load_hierarchy

SEEDS = PROJECT_DIR / "include/dbt/seeds"
NODES, PAIRS = "building_hierarchy.csv", "zone_adjacency.csv"
SENSOR = "sm2.493D,sm2.1NP-S1,Sensor,493D,3,,,"


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return shutil.copytree(SEEDS, tmp_path / "seeds")


def error_in(seeds: Path) -> ConfigurationError:
    try:
        return load_hierarchy(load_registry(seeds)).wrong["sm2"]
    except ConfigurationError as error:  # of a row that belongs to no building
        return error


def test_every_mapped_sensor_of_sm2_hangs_in_its_place() -> None:
    hierarchy = load_hierarchy(load_registry(SEEDS))
    assert len([node for node in hierarchy.nodes if node.type == "Sensor"]) == 41
    assert {pair.basis for pair in hierarchy.adjacency} == {"assumed"}
    (building,) = (node for node in hierarchy.nodes if node.type == "Building")
    assert building.coordinates == "50.0735 14.4079"


def test_adjacency_is_what_its_rule_says() -> None:
    """docs/hierarchy.md: consecutive numbers on one floor; one number on consecutive known floors."""
    hierarchy = load_hierarchy(load_registry(SEEDS))
    zones = [node.id for node in hierarchy.nodes if node.type == "Zone" and "-S" in node.id]
    upwards = ["3PP", "2PP", "1PP", "1NP"]
    expected = set()
    for zone in zones:
        floor, _, number = zone.removeprefix("sm2.").partition("-S")
        expected.add((zone, f"sm2.{floor}-S{int(number) + 1}", "beside"))
        if floor in upwards[:-1]:
            expected.add((zone, f"sm2.{upwards[upwards.index(floor) + 1]}-S{number}", "below"))
    assert {
        (pair.zone_id, pair.adjacent_zone_id, pair.relation) for pair in hierarchy.adjacency
    } == {row for row in expected if row[1] in zones}


@pytest.mark.parametrize(
    ("file", "old", "new", "what", "column"),
    [
        (NODES, "sm2.1NP,sm2,Floor", "sm2.1NP,sm3,Floor", "there is no node 'sm3'", "parent_id"),
        (
            NODES,
            "sm2.1NP,sm2,Floor",
            "sm2.1NP,sm2.1NP-S1,Floor",
            "a Floor cannot lie in the Zone 'sm2.1NP-S1'",
            "parent_id",
        ),  # a cycle
        (
            NODES,
            "sm2.1NP-S1,sm2.1NP,Zone",
            "sm2.1NP-S1,sm2,Zone",
            "a Zone cannot lie in the Building 'sm2'",
            "parent_id",
        ),
        (NODES, "sm2,,Building", "sm2,sm2.1NP,Building", "a Building has no parent", "parent_id"),
        (
            NODES,
            "sm2,,Building",
            "sm9,,Building",
            "no building 'sm9' in buildings_config.csv",
            "id",
        ),
        (
            NODES,
            "sm2.1NP,sm2,Floor,1NP,1",
            "sm2.1NP,sm2,Floor,1NP,2",
            "the level is 2, and its place makes it 1",
            "level",
        ),
        (
            NODES,
            SENSOR,
            f"{SENSOR}\nsm2.493D,sm2.1NP-S2,Sensor,493D,3,,,",
            "'sm2.493D' is in 'sm2.1NP-S1' at the same time, line",
            "valid_from",
        ),
        (
            NODES,
            SENSOR,
            "sm2.493D,sm2.1NP-S1,Sensor,493D,3,,2026-02-01,2026-01-01",
            "the period ends before it begins",
            "valid_to",
        ),
        (
            NODES,
            "sm2.5NP,sm2,Floor,5NP,1,,,",
            "sm2.5NP,sm2,Floor,5NP,1,,,\nsm2.5NP,sm2,Floor,5NP,1,,,",
            "'sm2.5NP' is already in line 7",
            "id",
        ),
        (
            NODES,
            "sm2.1NP,sm2,Floor,1NP,1,",
            "sm2.1NP,sm2,Floor,1NP,1,here",
            "'here' are not coordinates",
            "coordinates",
        ),
        (
            NODES,
            SENSOR + "\n",
            "",
            "the mapped sensor '493D' is not in building_hierarchy.csv",
            "sensor_id",
        ),
        (
            NODES,
            SENSOR,
            f"{SENSOR}\nsm2.FFFF,sm2.1NP-S1,Sensor,FFFF,3,,,",
            "no mapped sensor is called 'FFFF'",
            "name",
        ),
        (
            NODES,
            SENSOR,
            "sm2.493D,sm2.1NP-S2,Sensor,493D,3,,,",
            "'493D' is at '1NP-S1', line",
            "parent_id",
        ),
        (NODES, "Zone,1NP-S1", "Zoo,1NP-S1", "'Zoo' is not valid in column type", "type"),
        (
            PAIRS,
            "sm2.1NP-S1,sm2.1NP-S2",
            "sm2.1NP-S1,sm2.1NP-S1",
            "'sm2.1NP-S1' touches itself",
            "adjacent_zone_id",
        ),
        (
            PAIRS,
            "sm2.1NP-S1,sm2.1NP-S2",
            "sm2.1NP-S1,sm2.1NP",
            "there is no Zone 'sm2.1NP'",
            "adjacent_zone_id",
        ),
        (
            PAIRS,
            "sm2.1NP-S1,sm2.1NP-S2",
            "sm2.1NP-S3,sm2.1NP-S2",
            "the pair is already in line",
            "zone_id",
        ),
    ],
)
def test_a_structure_that_cannot_be_is_named_with_file_line_column_and_cure(
    seeds: Path, file: str, old: str, new: str, what: str, column: str
) -> None:
    text = (seeds / file).read_text()
    assert old in text
    (seeds / file).write_text(text.replace(old, new, 1))
    error = error_in(seeds)
    assert what in error.what
    assert ".csv, line " in error.where and error.where.endswith(f"column {column}")
    assert error.cure


def test_zones_of_two_buildings_do_not_touch(seeds: Path) -> None:
    with (seeds / "buildings_config.csv").open("a") as file:
        file.write("sm3,Another,Europe/Prague,,,2,CC-BY-4.0,publish,,,active\n")
    with (seeds / NODES).open("a") as file:
        file.write(
            "sm3,,Building,SM3,0,,,\nsm3.1NP,sm3,Floor,1NP,1,,,\nsm3.1NP-S1,sm3.1NP,Zone,1NP-S1,2,,,\n"
        )
    load_hierarchy(load_registry(seeds))
    with (seeds / PAIRS).open("a") as file:
        file.write("sm2.1NP-S1,sm3.1NP-S1,beside,surveyed\n")
    hierarchy = load_hierarchy(load_registry(seeds))
    assert "two buildings" in hierarchy.wrong["sm2"].what
    assert {node.id for node in hierarchy.nodes} == {"sm3", "sm3.1NP", "sm3.1NP-S1"}, (
        "the other building has its structure"
    )


def test_a_sensor_may_move(seeds: Path) -> None:
    text = (seeds / NODES).read_text()
    moved = "sm2.493D,sm2.1NP-S2,Sensor,493D,3,,,2025-06-01\nsm2.493D,sm2.1NP-S1,Sensor,493D,3,,2025-06-01,"
    (seeds / NODES).write_text(text.replace(SENSOR, moved))
    nodes = [node for node in load_hierarchy(load_registry(seeds)).nodes if node.id == "sm2.493D"]
    assert [node.parent_id for node in nodes] == ["sm2.1NP-S2", "sm2.1NP-S1"]
