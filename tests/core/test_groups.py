"""Tests that share an installation run in one process: otherwise each process makes it again, and `make test` takes twice as long."""

import subprocess
import sys
from pathlib import Path

GROUP = """
import os, pathlib, pytest
pytestmark = pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(6))
def test_it(number):
    with pathlib.Path("workers.txt").open("a") as seen:
        seen.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_a_group_of_tests_is_run_by_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_group.py").write_text(GROUP)
    options = ["-q", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", "test_group.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    seen = (tmp_path / "workers.txt").read_text().split()
    assert len(seen) == 6 and len(set(seen)) == 1
