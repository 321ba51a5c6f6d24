"""What is looked for is found wherever it may hide, and only there."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.paths import DataPaths
from include.core.settings import SEEDS
from include.core.words import holds
from include.ledger.ledger import FileVersion, Ledger
from include.privacy.holdings import FOLDERS, look_for
from include.recovery.healing import heal_memory
from include.registry import Run, load_registry, registry_of
from include.registry.erased import Tombstone, digest_of, place_of, write_tombstone
from tests.support.platform import Platform

TERMS = frozenset({"home.annas", "annas/Kitchen", "home_annas"})
TABLE = pa.table({"room": ["annas/Kitchen", "other"], "all": [["x"], ["home.annas"]], "n": [1, 2]})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Platform(tmp_path / "drive", tmp_path / "data").at("2026-03-01")


def test_a_word_is_found_in_cells_lists_json_texts_names_and_on_the_remotes(run: Run) -> None:
    root, drive = run.settings.paths.root, run.settings.paths.root.parent / "drive"
    places = {
        root / "readings/x.parquet": 2,
        root / "findings/health.json": 1,
        root / "quarantine/a.md": 1,
        root / "landing/home_annas/0123": 1,
        drive / "Platform/catalog/x.json": 1,
        drive / "Public/releases/r/t.parquet@01234567": 2,
    }
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        if "parquet" in path.name:
            pq.write_table(TABLE, path)
        elif path.suffix == ".json":
            path.write_text('{"causes": [{"sensors": ["home.annas"], "n": 3}]}')
        else:
            path.write_text("nothing here\n" + ("of annas/Kitchen: wrong" if path.suffix else ""))
    (root / "findings/other.json").write_text('{"a": "annas", "b": "home.annas2"}')
    found = {holding.where: holding.count for holding in look_for(run, TERMS)}
    found.pop("landing/home_annas")
    assert found == {
        "readings/x.parquet": 2,
        "findings/health.json": 1,
        "quarantine/a.md": 1,
        "landing/home_annas/0123": 1,
        "sm2drive:Platform catalog/x.json": 1,
        "sm2drive:Public releases/r/t.parquet@01234567": 2,
    }
    assert not list((root / "work").rglob("*.json")), "what was fetched is removed"


def test_every_folder_of_data_is_looked_into(run: Run) -> None:
    paths = run.settings.paths
    named = [
        getattr(paths, name) for name, kind in vars(DataPaths).items() if hasattr(kind, "fget")
    ]
    below = [path for path in named if isinstance(path, Path) and path != paths.root]
    tops = {path.relative_to(paths.root).parts[0] for path in below}
    assert {name for name in tops if "." not in name} <= set(FOLDERS)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("home.annas", True),
        ("at home.annas/7", True),
        ("home.annasX", False),
        ("xhome_annas", False),
    ],
)
def test_a_word_is_no_part_of_another(text: str, is_found: bool) -> None:
    assert holds(text, TERMS) == is_found


def test_rows_of_an_erased_place_are_as_if_they_had_never_been(run: Run) -> None:
    whole = load_registry(SEEDS)
    place = place_of(whole, "sm2.1NP")
    assert place.shared, "the files of SM2 hold all its floors: none can be taken out by itself"
    write_tombstone(run.settings.paths, "sm2", Tombstone(place.digest, "2026-03-01", 7, ()))
    left = registry_of(run.settings)
    assert place.nodes <= left.erased
    assert not left.roots.parents.keys() & place.nodes
    assert not {row.sensor_id for row in left.sensor_mappings} & place.sensors
    assert left.fingerprint != whole.fingerprint
    assert left.roots.parents.keys() == whole.roots.parents.keys() - place.nodes


def test_a_number_of_an_erased_file_is_never_given_again(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    file = FileVersion(0, "d", "b", "x.csv", 1, "", "0" * 64, seen, "empty")
    write_tombstone(paths, "b", Tombstone(digest_of("b", "b.1"), "2026-03-01", 7, ()))
    assert [v.number for v in Ledger.read(paths, "b").with_versions([file]).versions] == [8]


def test_damaged_tombstones_stop_their_building_and_cost_it_no_ledger(run: Run) -> None:
    path, ledger = run.settings.paths.tombstones("sm2"), run.settings.paths.ledger("sm2")
    Ledger().write_of(run.settings.paths, "sm2")
    path.write_text("{")
    assert list(registry_of(run.settings).wrong) == ["sm2"]
    heal_memory(run.settings, run.as_of)
    assert path.exists(), "no copy is left: what was erased must not come back"
    assert ledger.exists()
