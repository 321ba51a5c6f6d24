"""Workflows of GitHub Actions: what they run is pinned, and secrets are where they are needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core.settings import PROJECT_DIR

WORKFLOWS = sorted((PROJECT_DIR / ".github/workflows").glob("*.yml"))
SECRET = re.compile(r"secrets\.|github\.token")


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    used = [
        line.partition("uses:")[2].strip()
        for line in workflow.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_rights_are_few_and_runs_do_not_overlap(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text())
    assert content["permissions"] in ({}, {"contents": "read"})
    assert "concurrency" in content
    for job in content["jobs"].values():
        assert set(job.get("permissions", {}).items()) <= {
            ("contents", "read"),
            ("issues", "write"),
        }
        assert job["timeout-minutes"] <= 60
        checkouts = [step for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_secrets_are_given_to_one_step_that_runs_our_script(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text())
    steps = [step for job in content["jobs"].values() for step in job.pop("steps")]
    assert not SECRET.search(repr(content)), "not for a whole job or workflow"
    holders = [step for step in steps if SECRET.search(repr(step))]
    assert [step.get("run") for step in holders] == (
        ["cli/serverless"] if workflow.name == "serverless.yml" else []
    )


def test_scripts_call_the_program_and_not_make_run() -> None:
    """make turns every failure into 2, which means that something was published."""
    for path in (*WORKFLOWS, PROJECT_DIR / "cli/serverless", PROJECT_DIR / ".ci/run"):
        assert "make run" not in path.read_text(), path


def test_dependabot_renews_what_is_pinned() -> None:
    content: dict[str, Any] = yaml.safe_load((PROJECT_DIR / ".github/dependabot.yml").read_text())
    assert {update["package-ecosystem"] for update in content["updates"]} == {
        "pip",
        "github-actions",
        "docker",
        "docker-compose",
    }


def steps_of(workflow: str, job: str) -> list[str]:
    content = yaml.safe_load((PROJECT_DIR / ".github/workflows" / workflow).read_text())
    return [step["run"] for step in content["jobs"][job]["steps"] if "run" in step]


def test_the_nightly_run_is_when_the_owners_drew_it_and_says_what_differs() -> None:
    text = (PROJECT_DIR / ".github/workflows/serverless.yml").read_text()
    # YAML reads the key `on` as true
    assert yaml.safe_load(text)[True]["schedule"] == [{"cron": "20 0 * * *"}]
    assert "at 00:20 UTC instead of 00:00, since GitHub starts late" in text
    assert "only if the" in text and "seeds of the hierarchy have changed" in text


def test_the_astro_job_parses_tests_and_runs_one_chain() -> None:
    steps = steps_of("ci.yml", "astro")
    commands = ["astro dev parse", "astro dev pytest", "astro dev start", "dags trigger refresh"]
    places = [next(n for n, step in enumerate(steps) if command in step) for command in commands]
    assert places == sorted(places)
    assert "releases/latest/run.json" in steps[places[-1]], "the chain ends with a release"
    page = (PROJECT_DIR / "docs/ways_to_run.md").read_text()
    assert "Not tried: `astro dev start`" in page, "until that job was green somewhere"


def test_every_way_to_run_loads_the_pools_of_one_file() -> None:
    compose = yaml.safe_load((PROJECT_DIR / "compose.yaml").read_text())
    migration = compose["services"]["db-migration"]["command"]
    assert "python cli/load_settings.py" in migration
    assert '"cli/load_settings.py"' in (PROJECT_DIR / "cli/ui.py").read_text()
    assert "airflow_settings.yaml" in (PROJECT_DIR / "cli/load_settings.py").read_text()


def test_requirements_name_the_airflow_of_the_image() -> None:
    image = re.search(r"runtime:(\d+\.\d+)-", (PROJECT_DIR / "Dockerfile").read_text())
    pin = re.search(r"apache-airflow==(\d+\.\d+)\.", (PROJECT_DIR / "requirements.txt").read_text())
    assert image and pin and image[1] == pin[1]
