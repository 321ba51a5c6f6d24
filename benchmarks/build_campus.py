"""Load, ask and export the hierarchy of some seeds: in Neo4j at an address, or in Ladybug."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from include.core.settings import Settings  # noqa: E402
from include.engines.graph.ladybug import ladybug_graph  # noqa: E402
from include.engines.graph.neo4j.client import neo4j_graph  # noqa: E402
from include.hierarchy import hierarchy  # noqa: E402
from include.registry import load_registry  # noqa: E402


def main(seeds: str, address: str = "", secret: str = "") -> None:
    with neo4j_graph(address, secret) if address else ladybug_graph() as graph:
        hierarchy.build(Settings.from_environment(), load_registry(Path(seeds)), graph)


if __name__ == "__main__":
    main(*sys.argv[1:])
