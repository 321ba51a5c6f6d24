"""What every engine is by its name, and what every graph does, where its server is available."""

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import docker
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.containers import SECRET
from include.core.errors import EngineUnavailable
from include.core.settings import Settings
from include.engines.containers import ContainerService, Server
from include.engines.graph.port import CYPHER, Graph, GraphEngine, load
from include.engines.registry import GRAPH, GRAPH_ALIASES, TIMESERIES, TIMESERIES_ALIASES
from include.registry import load_registry
from include.registry.hierarchy import Hierarchy, load_hierarchy

STUB = "tests.support.stubs.include.engines.timeseries.stub"
MODULES = {name: module for name, module in {**TIMESERIES, **GRAPH, "stub": STUB}.items() if module}
SETTINGS = replace(Settings.from_environment(), images={})


def engine_of(name: str) -> Any:
    return importlib.import_module(MODULES[name]).ENGINE


@pytest.mark.parametrize("name", MODULES)
def test_an_engine_has_one_name_everywhere(name: str) -> None:
    engine = engine_of(name)
    assert name == engine.name == type(engine).__module__.rpartition(".")[2]
    assert name not in {*TIMESERIES_ALIASES, *GRAPH_ALIASES}, "its setting means another engine"


@pytest.mark.parametrize("name", GRAPH)
def test_a_graph_engine_has_all_that_others_have_in_its_own_dialect(name: str) -> None:
    of_all = {path.name for path in CYPHER.glob("*/*.cypher")}
    assert of_all == {path.name for path in (CYPHER / name).iterdir()}


@pytest.mark.parametrize("name", MODULES)
def test_what_an_engine_needs_is_pinned_limited_and_the_same_on_every_machine(name: str) -> None:
    engine = engine_of(name)
    service: ContainerService | None = engine.service(SETTINGS)
    elsewhere = replace(SETTINGS, docker_url="tcp://elsewhere:2375", service_network="another")
    assert service == engine.service(elsewhere)
    if service is None:
        return
    assert service.name == name
    image, _, tag = service.image.rpartition(":")
    assert image and re.fullmatch(r"[\w.-]*\d[\w.-]*", tag), "no tag that can come to mean another"
    mirrored = replace(SETTINGS, images={name: "mirror:5000/image:1"})
    assert engine.service(mirrored) == replace(service, image="mirror:5000/image:1")
    assert 0 < docker.utils.parse_bytes(service.memory_limit) <= 4 << 30
    assert len(set(service.ports)) == len(service.ports) > 0
    assert service.ready_path.startswith("/")
    assert 0 < service.ready_within_seconds < service.expires_after_seconds
    assert not re.search(r"localhost|127\.0\.0\.1|\[?::1", str(service))
    assert service.secret_variable not in service.environment
    assert service.secret_format.count("{secret}") == 1, "it is read back from the container"


def test_naming_an_engine_loads_no_client() -> None:
    """DAG files are parsed all the time, and each names all engines."""
    script = f"""
import importlib, sys
import include.engines.registry
before = set(sys.modules)
for module in {[module for name, module in MODULES.items() if name != "stub"]}:
    importlib.import_module(module)
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(new - sys.stdlib_module_names - {{"include"}}))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


Opened = Callable[[], AbstractContextManager[Graph]]
IN_SERVERS = [
    pytest.param(name, marks=[pytest.mark.long, pytest.mark.xdist_group(name)])
    for name in GRAPH
    if engine_of(name).service(SETTINGS)
]
IN_THIS_PROCESS = [name for name in GRAPH if not engine_of(name).service(SETTINGS)]


@pytest.fixture(scope="module", params=[*IN_THIS_PROCESS, *IN_SERVERS])
def opened(request: pytest.FixtureRequest) -> Opened:
    """Opens a graph of an engine, as often as it is called."""
    engine: GraphEngine = engine_of(request.param)
    server = None
    if service := engine.service(Settings.from_environment()):
        address = request.getfixturevalue(f"{request.param}_server")
        host, _, port = address.rpartition(":")
        server = Server(host, {service.ports[-1]: int(port)}, SECRET)
    return lambda: engine.graph(server)


def test_a_graph_is_empty_whenever_it_is_opened(
    opened: Opened, request: pytest.FixtureRequest
) -> None:
    nodes = load_hierarchy(load_registry(SETTINGS.seeds_dir)).nodes
    with opened() as graph:
        assert graph.dialect == request.node.callspec.params["opened"]
        load(graph, Hierarchy([node for node in nodes if node.type == "Building"]))
        assert graph.run("MATCH (n:Node) RETURN n.id AS id", {}) == [{"id": "sm2"}]
    with opened() as graph:
        assert graph.run("MATCH (n) RETURN n", {}) == []


@pytest.mark.parametrize("opened", IN_SERVERS, indirect=True)
def test_a_server_that_cannot_answer_is_an_unavailable_engine(opened: Opened) -> None:
    with pytest.raises(EngineUnavailable), opened() as graph:
        graph.run("not a statement", {})


@pytest.fixture(scope="module")
def graph(opened: Opened) -> Iterator[Graph]:
    with opened() as empty:
        yield empty


VALUES = st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=50)
@given(st.lists(VALUES, min_size=1, max_size=9))
def test_values_come_back_as_they_were_bound(graph: Graph, values: list[str | int]) -> None:
    for value in values:
        assert graph.run("RETURN $value AS value", {"value": value}) == [{"value": value}]
    rows = [{"at": at, "text": str(value)} for at, value in enumerate(values)]
    query = "UNWIND $rows AS row RETURN row.text AS text, row.at AS at ORDER BY at DESC"
    assert graph.run(query, {"rows": rows}) == rows[::-1]
