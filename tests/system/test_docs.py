"""What README and docs tell people to run is run: each fenced command, query and script, in the order of its page."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from include.core.settings import PROJECT_DIR

FENCE = re.compile(r"^```([a-z]+)(?: not-run: ([a-zA-Z]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [PROJECT_DIR / "README.md", *sorted((PROJECT_DIR / "docs").glob("*.md"))]
REASONS = {"docker", "account", "R", "long", "recursive"}
QUERY = """
import pathlib, sys, duckdb
duckdb.execute("set TimeZone = 'UTC'")
for table in pathlib.Path("data/releases/latest").glob("*.parquet"):
    duckdb.execute(f"create view {table.stem} as select * from read_parquet('{table}')")
assert duckdb.execute(sys.argv[1]).fetchall(), "no rows"
"""
CYPHER = """
import sys
from include.core.settings import PROJECT_DIR
from include.engines.graph.ladybug import ladybug_graph
from include.engines.graph.port import load, statements
from include.registry import load_registry
from include.registry.hierarchy import load_hierarchy
with ladybug_graph() as graph:
    load(graph, load_hierarchy(load_registry(PROJECT_DIR / "include/dbt/seeds")))
    for statement in statements(sys.argv[1]):
        assert graph.run(statement.removesuffix(";"), {}), f"no rows: {statement}"
"""
NOT_COPIED = shutil.ignore_patterns(
    ".venv",
    ".git",
    "data",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    "my-*",
)


@dataclass(frozen=True)
class Block:
    language: str
    not_run: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(match[1], match[2] or "", match[3], text.count("\n", 0, match.start()) + 1)
        for match in FENCE.finditer(text)
    ]


def test_each_block_is_run_or_says_why_not() -> None:
    left_out = {
        f"{page.name}, line {block.line}": block.not_run
        for page in PAGES
        for block in blocks(page)
        if block.not_run
    }
    print("\n".join(f"{where}: not run: {reason}" for where, reason in left_out.items()))
    assert set(left_out.values()) <= REASONS
    assert {block.language for page in PAGES for block in blocks(page) if not block.not_run} <= {
        "bash",
        "sh",
        "python",
        "sql",
        "cypher",
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout after `make run`, as the reader of every page but the README has it."""
    project = tmp_path_factory.mktemp("docs") / "project"
    shutil.copytree(PROJECT_DIR, project, ignore=NOT_COPIED, symlinks=True)
    (project / ".venv").symlink_to(PROJECT_DIR / ".venv")
    run(project, Block("bash", "", "make run", 0), "README.md")
    return project


@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(not block.not_run for block in blocks(page))],
    ids=lambda page: page.stem,
)
def test_commands_of_a_page_run(page: Path, checkout: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(checkout, tmp_path / "project", symlinks=True))
    shell = Block(
        "bash", "", "", 0
    )  # what a reader's shell has kept of the blocks before: folder and variables
    for block in blocks(page):
        if block.not_run:
            continue
        if block.language in ("bash", "sh"):
            keep = f"{{ pwd; export -p; }} > {tmp_path}/shell"
            run(
                project,
                replace(block, language="bash", text=f"{shell.text}{block.text}\n{keep}"),
                page.name,
            )
            folder, _, variables = (tmp_path / "shell").read_text().partition("\n")
            shell = replace(shell, text=f"{variables}\ncd {shlex.quote(folder)}\n")
        else:
            run(project, block, page.name)


def run(project: Path, block: Block, page: str) -> None:
    where = f"{page}, line {block.line}"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RCLONE_CONFIG_", "AIRFLOW", "PYTEST", "DATA_DIR"))
    }
    python = project / ".venv/bin/python"
    command = {
        "bash": ["bash", "-euo", "pipefail", "-c", block.text],
        "python": [python, "-c", block.text],
        "sql": [python, "-c", QUERY, block.text],
        "cypher": [python, "-c", CYPHER, block.text],
    }[block.language]
    done = subprocess.run(
        command,
        cwd=project,
        env={**environment, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, (
        f"{where}\n{block.text}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    )
