"""The README of a release: names and reasons from files are text, its lists end, and it names only what its reader has."""

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from include.contract.tables import tables
from include.core.plain_text import BREAK, UNSAFE
from include.core.settings import PROJECT_DIR
from include.registry import load_registry
from include.release.readme import SHOWN, readme
from include.store.readings import FATES, OUTCOMES
from tests.support.platform import Platform
from tests.support.raw_files import small_drive

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
COUNTS = dict.fromkeys(("cells", *OUTCOMES, *FATES), 0)


def readme_with(refused: list[dict[str, object]]) -> str:
    rows = dict.fromkeys((table.file for table in tables()), 0)
    return readme(
        "Open building sensor data",
        REGISTRY.active_buildings,
        datetime(2026, 2, 4, tzinfo=UTC),
        "2026-02-04-0a1b2c3d",
        rows,
        {"conservation": COUNTS, "refused": refused},
        tables(),
        "",
    )


ALONE = readme_with([])
HEADINGS = MarkdownIt("commonmark").render(ALONE).count("<h2>")


@given(st.text(), st.text())
@example(
    "<script>\x1b[31m`[x](http://a.bc)`", "header: ![x](http://a.bc) | <img src=x> https://a.bc"
)
def test_names_and_reasons_are_text(path: str, reason: str) -> None:
    made = readme_with([{"path": path, "reasons": [reason]}])
    assert made.count("<") == ALONE.count("<") == 0
    assert {sign for sign in made if unicodedata.category(sign) in UNSAFE} <= {"\n", BREAK}
    rendered = MarkdownIt("commonmark").enable("table").render(made)
    assert "<a " not in rendered and "<img" not in rendered
    assert rendered.count("<h2>") == HEADINGS


def test_refused_files_beyond_the_first_are_counted() -> None:
    made = readme_with(
        [
            {"path": f"file{number}.csv", "reasons": [f"reason {n}" for n in range(2000)]}
            for number in range(SHOWN + 900)
        ]
    )
    assert "- … and 900 more: see `refused` in `lineage.json`" in made
    assert "- file0.csv: reason 0; reason 1; reason 2; reason 3; reason 4; … and 1,995 more" in made
    assert f"file{SHOWN}.csv" not in made
    assert len(made) < 65_536


@pytest.fixture
def public(templates: Callable[..., Platform]) -> Path:
    """The release on the publish remote, as its reader sees it."""
    platform = templates("2026-02-04", small_drive)
    return platform.drive / "Public/releases" / platform.release.version


def code(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.xdist_group("release")
def test_its_code_runs_beside_it(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (public / "README.md").read_text()
    monkeypatch.chdir(public)
    with duckdb.connect() as connection:
        assert [len(connection.sql(query).fetchall()) > 0 for query in code(page, "sql")] == [True]
    read, traced = (
        subprocess.run(
            [sys.executable, "-c", block], capture_output=True, text=True, check=True
        ).stdout
        for block in code(page, "python")
    )
    assert read == "" and re.search(r"\.csv\s+\d+$", traced, re.MULTILINE), traced


@pytest.mark.xdist_group("release")
def test_every_file_table_and_column_that_it_names_is_in_the_release(public: Path) -> None:
    page = (public / "README.md").read_text()
    lineage, schema = (
        json.loads((public / name).read_text()) for name in ("lineage.json", "schema.json")
    )
    beside = {path.name for path in public.iterdir()} | {"explorer/data/index.json"}
    columns = {column["name"] for table in schema["tables"] for column in table["columns"]}
    keys = {*lineage, *lineage["history"][0], *lineage["inputs"][0]}
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    in_ticks = set(re.findall(r"`([^`]+)`", prose))
    assert in_ticks <= beside | columns | keys | {
        "latest.json",
        "outlier",
        "sm2",
        "explorer/data/<building_id>/<year>/<pack>.json",
        "decimals",
        "null",
        "sha256sum --check SHA256SUMS",
    }
    assert set(re.findall(r"[\w./-]+\.(?:parquet|json|csv|md|sql|py|yml)\b", page)) <= beside | {
        "latest.json",
        "/pack.json",
    }
    assert {
        f"{name}.parquet"
        for name in re.findall(r"\b(?:public_dataset|metric|dim|fct|agg|stg)_\w+", page)
    } <= beside
    assert "](" not in page and "docs/" not in page and "seed" not in page
    for table in schema["tables"]:
        with duckdb.connect() as connection:
            names = connection.sql(f"describe select * from '{public / table['file']}'").fetchall()
        section = page.split(f"### {table['file']}\n")[1].split("###")[0]
        assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == [name for name, *_ in names]


@pytest.mark.xdist_group("release")
def test_the_licence_names_each_building_and_how_to_cite_it(public: Path) -> None:
    page = (public / "LICENSE").read_text()
    for building in REGISTRY.active_buildings:
        assert f"Data of {building.name} ({building.building_id})" in page
        assert (
            f"Licence: {building.licence}, https://spdx.org/licenses/{building.licence}.html"
            in page
        )
        assert (
            f"Cite as: {building.name}: Open building sensor data, release {public.name}, {building.licence}."
            in page
        )
