"""What the building's owners have named is on one page, and what the page names is in the code."""

import re

from include.core.settings import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs/from-the-founding-documents.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")][1:]
THEIRS = "\n".join(row[0] for row in ROWS)
SOURCES = ("*.py", "*.sql", "*.yml", "*.cypher", "*.csv", "*.txt", "*.yaml")
FOLDERS = ("include", "plugins", "dags", "cli")


def test_every_name_of_theirs_is_on_the_page() -> None:
    names = (PROJECT_DIR / "tests/support/founding_names.txt").read_text().splitlines()
    assert len(names) == len(set(names)) > 100
    assert [name for name in names if name not in THEIRS] == []


def test_every_name_of_ours_is_in_the_code() -> None:
    paths = [
        path
        for folder in FOLDERS
        for kind in SOURCES
        for path in (PROJECT_DIR / folder).rglob(kind)
        if "sample_data" not in path.parts
        if "target" not in path.parts
    ]
    paths += [PROJECT_DIR / "requirements.txt", PROJECT_DIR / "airflow_settings.yaml"]
    code = "\n".join(path.read_text() for path in paths)
    files = {path.name for path in paths}
    ours = {name for row in ROWS for name in re.findall(r"`([^`]+)`", " | ".join(row[1:]))}
    assert len(ours) > 30
    containers = {"influxdb.start", "neo4j.start"}  # tests/dags asserts these
    ours = {name for name in ours - containers if not (PROJECT_DIR / name).exists()}
    missing = {name for name in ours if name not in code and name not in files}
    assert missing == set()
