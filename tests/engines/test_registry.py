"""Engines have names, and the old values of the settings go on to mean the same ones."""

from dataclasses import replace

import pytest

from include.core.settings import Settings
from include.engines import registry


@pytest.mark.parametrize(
    ("name", "engine"),
    [("embedded", None), ("duckdb", None), ("service", "influxdb"), ("influxdb", "influxdb")],
)
def test_time_series_engines_by_name_and_alias_whatever_is_added(
    name: str, engine: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = {"another": "include.engines.another", **registry.TIMESERIES}
    monkeypatch.setattr(registry, "TIMESERIES", added)
    found = registry.timeseries_engine(replace(Settings.from_environment(), timeseries_engine=name))
    assert (found.name if found else None) == engine


@pytest.mark.parametrize(
    ("name", "engine"),
    [("embedded", "ladybug"), ("ladybug", "ladybug"), ("service", "neo4j"), ("neo4j", "neo4j")],
)
def test_graph_engines_by_name_and_alias(name: str, engine: str) -> None:
    settings = replace(Settings.from_environment(), graph_engine=name)
    assert registry.graph_engine(settings).name == engine
