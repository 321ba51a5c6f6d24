"""Figures that people read are those that a benchmark has written."""

import json

from benchmarks.sample import FIGURES, PAGE, Sample


def test_the_readme_has_the_figures_of_the_sample() -> None:
    assert Sample(**json.loads(FIGURES.read_text())).row() in PAGE.read_text().split("\n")
