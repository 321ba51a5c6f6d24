"""The README of a release: names and reasons from files are text, and its lists end."""

import unicodedata
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from include.plain_text import BREAK, UNSAFE
from include.publishing.dataset import tables
from include.publishing.readings import FATES, OUTCOMES
from include.publishing.readme import SHOWN, readme
from include.registry import load_registry
from include.settings import PROJECT_DIR

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
COUNTS = dict.fromkeys(("cells", *OUTCOMES, *FATES), 0)


def readme_with(refused: list[dict[str, object]]) -> str:
    rows = dict.fromkeys((table.file for table in tables()), 0)
    return readme(REGISTRY, datetime(2026, 2, 4, tzinfo=UTC), "2026-02-04-0a1b2c3d", rows, {"conservation": COUNTS, "refused": refused})


ALONE = readme_with([])


@given(st.text(), st.text())
@example("<script>\x1b[31m`[x](http://a.bc)`", "header: ![x](http://a.bc) | <img src=x> https://a.bc")
def test_names_and_reasons_are_text(path: str, reason: str) -> None:
    made = readme_with([{"path": path, "reasons": [reason]}])
    assert made.count("<") == ALONE.count("<") == 0
    assert {sign for sign in made if unicodedata.category(sign) in UNSAFE} <= {"\n", BREAK}
    rendered = MarkdownIt("commonmark").enable("table").render(made)
    assert "<a " not in rendered and "<img" not in rendered
    assert rendered.count("<h2>") == MarkdownIt("commonmark").render(ALONE).count("<h2>")


def test_refused_files_beyond_the_first_are_counted() -> None:
    made = readme_with([{"path": f"file{number}.csv", "reasons": [f"reason {n}" for n in range(2000)]} for number in range(SHOWN + 900)])
    assert "- … and 900 more: see `refused` in `lineage.json`" in made
    assert "- file0.csv: reason 0; reason 1; reason 2; reason 3; reason 4; … and 1,995 more" in made
    assert f"file{SHOWN}.csv" not in made
    assert len(made) < 65_536
