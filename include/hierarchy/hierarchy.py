"""The public hierarchy: what the graph knows of the buildings, as Parquet.

It is a pure function of the seeds and of include/cypher, so whoever finds it missing may make it:
both engines give the same bytes.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

import duckdb
import pyarrow as pa

from include.contract.parquet import PARQUET
from include.contract.tables import file_of, tables_of
from include.core import files
from include.core.duckdb_session import scratch_database
from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.engines.graph.ladybug import ladybug_graph
from include.engines.graph.port import CYPHER, Graph, Rows, ask, load
from include.registry import Registry
from include.registry.hierarchy import load_hierarchy

ORDER = {"hierarchy": "path_names, path_ids, valid_from", "adjacency": "zone_id, adjacent_zone_id"}
_TEXT = pa.string()
ANSWERS = {
    "places": (
        "ancestors",
        {
            **dict.fromkeys(
                (
                    "id",
                    "type",
                    "name",
                    "coordinates",
                    "ancestor_id",
                    "ancestor_type",
                    "ancestor_name",
                ),
                _TEXT,
            ),
            **dict.fromkeys(("level", "ancestor_level"), pa.int64()),
        },
    ),
    "sensors": (
        "sensors_with_places",
        {
            **dict.fromkeys(
                ("id", "name", "source", "place_id", "coordinates", "valid_from", "valid_to"), _TEXT
            ),
            "level": pa.int64(),
        },
    ),
    "measured": ("measured", dict.fromkeys(("sensor_id", "measurement"), _TEXT)),
    "pairs": (
        "adjacent_pairs",
        dict.fromkeys(("zone_id", "adjacent_zone_id", "relation", "basis"), _TEXT),
    ),
}


def stored(settings: Settings, model: str) -> Path:
    """Where the published file of that model is kept between runs."""
    return settings.paths.hierarchy / file_of(model)


def fingerprint(registry: Registry) -> str:
    """Hash of everything that the hierarchy is made from."""
    queries = [*sorted(CYPHER.rglob("*.*")), Path(__file__).with_suffix(".sql")]
    return hashlib.sha256(
        b"\n".join([registry.fingerprint.encode(), *(path.read_bytes() for path in queries)])
    ).hexdigest()


def is_current(settings: Settings, registry: Registry) -> bool:
    """Whether the stored hierarchy is whole, and was built from the current seeds and queries."""
    return files.is_made_from(settings.paths.hierarchy, fingerprint(registry))


def build(settings: Settings, registry: Registry, graph: Graph) -> dict[str, int]:
    """Load the structure, ask for it, and put the tables in place; returns their rows.

    A wrong seed changes nothing.

    Of a building whose own rows are wrong the last structure stays.
    """
    hierarchy = load_hierarchy(registry)
    load(graph, hierarchy)
    return _export(
        settings,
        {name: ask(graph, question) for name, (question, _) in ANSWERS.items()},
        fingerprint(registry),
        hierarchy.wrong,
    )


def ensure(settings: Settings, registry: Registry) -> None:
    """Make what a release needs if it is missing.

    A wrong seed leaves the last hierarchy in place, or an empty one.
    """
    if is_current(settings, registry):
        return

    try:
        with ladybug_graph() as graph:
            build(settings, registry, graph)
    except ConfigurationError:
        if not all(stored(settings, table.model).exists() for table in tables_of("hierarchy")):
            _export(settings, {name: [] for name in ANSWERS}, made_from="")


def _export(
    settings: Settings, answers: dict[str, Rows], made_from: str, kept: Collection[str] = ()
) -> dict[str, int]:
    """Tables from the graph's answers, in place; returns their rows."""
    made = settings.paths.work / "hierarchy"
    files.remove(made)
    made.mkdir(parents=True)
    counts = {}
    with scratch_database(settings) as database:
        for name, (_, columns) in ANSWERS.items():
            database.register(
                name, pa.Table.from_pylist(answers[name], schema=pa.schema(list(columns.items())))
            )
        database.execute(files.read_source(Path(__file__).with_suffix(".sql")))
        if kept and all(stored(settings, table.model).exists() for table in tables_of("hierarchy")):
            _keep(database, settings, kept)
        for table in tables_of("hierarchy"):
            selected = ", ".join(
                f"{column.name}::{column.type} as {column.name}" for column in table.columns
            )
            rows = f"select {selected} from {table.model} order by {ORDER[table.model]}"
            database.execute(
                f"copy ({rows}) to $target ({PARQUET})", {"target": str(made / table.file)}
            )
            counts[table.model] = database.execute(
                f"select count(*) from {table.model}"
            ).fetchall()[0][0]
    with files.locked(settings.paths.lock, "sync_building_hierarchy"):
        for table in tables_of("hierarchy"):
            files.move(made / table.file, stored(settings, table.model))
        files.write_made_from(
            settings.paths.hierarchy,
            made_from,
            [stored(settings, table.model) for table in tables_of("hierarchy")],
        )
    return counts


def _keep(
    database: duckdb.DuckDBPyConnection, settings: Settings, buildings: Collection[str]
) -> None:
    """Take over the stored rows of these buildings."""
    names = {table.model: str(stored(settings, table.model)) for table in tables_of("hierarchy")}
    nodes = "select * from read_parquet($stored) where list_contains($buildings, building_id)"
    database.execute(
        f"insert into hierarchy by name {nodes}",
        {"stored": names["hierarchy"], "buildings": list(buildings)},
    )
    pairs = (
        "select * from read_parquet($stored) where zone_id in (select id from hierarchy where"
        " list_contains($buildings, building_id))"
    )
    database.execute(
        f"insert into adjacency by name {pairs}",
        {"stored": names["adjacency"], "buildings": list(buildings)},
    )
