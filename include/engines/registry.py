"""The engines by name. A new one is a module with an `ENGINE` of its port, and a line here.

| setting | port | engine that needs no container |
|---|---|---|
| `TIMESERIES_ENGINE` | `include.engines.timeseries.port.TimeSeriesEngine` | `duckdb`: the dbt models `agg_*`, which the DAG runs itself |
| `GRAPH_ENGINE` | `include.engines.graph.port.GraphEngine` | `ladybug` |
"""

import importlib
from collections.abc import Mapping

from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.engines.graph.port import GraphEngine
from include.engines.timeseries.port import TimeSeriesEngine

TIMESERIES = {"duckdb": "", "influxdb": "include.engines.timeseries.influxdb"}
GRAPH = {"ladybug": "include.engines.graph.ladybug", "neo4j": "include.engines.graph.neo4j"}

# what the settings were called when there were two engines each
TIMESERIES_ALIASES = {"embedded": "duckdb", "service": "influxdb"}
GRAPH_ALIASES = {"embedded": "ladybug", "service": "neo4j"}


def timeseries_engine(settings: Settings) -> TimeSeriesEngine | None:
    """The engine that TIMESERIES_ENGINE names; None for `duckdb`. Raises ConfigurationError."""
    module = _module(
        "TIMESERIES_ENGINE", settings.timeseries_engine, TIMESERIES, TIMESERIES_ALIASES
    )
    return importlib.import_module(module).ENGINE if module else None


def graph_engine(settings: Settings) -> GraphEngine:
    """The engine that GRAPH_ENGINE names. Raises ConfigurationError."""
    engine: GraphEngine = importlib.import_module(
        _module("GRAPH_ENGINE", settings.graph_engine, GRAPH, GRAPH_ALIASES)
    ).ENGINE
    return engine


def timeseries_service(settings: Settings) -> TimeSeriesEngine:
    """The engine whose group the DAG shows: the one that TIMESERIES_ENGINE names; InfluxDB for
    `duckdb`.
    """
    return timeseries_engine(settings) or importlib.import_module(TIMESERIES["influxdb"]).ENGINE


def graph_service(settings: Settings) -> GraphEngine:
    """The engine whose group the DAG shows: the one that GRAPH_ENGINE names; Neo4j for one without
    a container.
    """
    engine = graph_engine(settings)
    if engine.service(settings) is None:
        engine = importlib.import_module(GRAPH["neo4j"]).ENGINE
    return engine


def check_engines(settings: Settings) -> None:
    """Raise ConfigurationError if a setting names an unknown engine."""
    timeseries_engine(settings)
    graph_engine(settings)


def _module(
    variable: str, name: str, engines: Mapping[str, str], aliases: Mapping[str, str]
) -> str:
    if (name := aliases.get(name, name)) not in engines:
        raise ConfigurationError(
            f"{variable}: unknown engine {name!r}",
            where="environment",
            cure=f"use one of: {', '.join(engines)}",
        )
    return engines[name]
