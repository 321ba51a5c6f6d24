"""Places of a building that its register does not describe."""

from collections import defaultdict
from collections.abc import Iterator

import pyarrow.parquet as pq

from include.core.plain_text import counted, some
from include.ledger.ledger import FileVersion, Ledger
from include.monitoring.causes import Cause, named
from include.monitoring.rules import Rules
from include.registry import Run
from include.registry.register_rows import RegisterKey
from include.registry.rows import SqlTable
from include.replication.state import fetch_inputs


def causes_in_registers(run: Run, rules: Rules) -> list[Cause]:
    """For each table of a register that was read: the nodes that it lacks, of the kinds of nodes
    that rows of register_keys.csv assign to it.
    """
    keys: dict[tuple[str, str], list[RegisterKey]] = defaultdict(list)
    for row in run.registry.register_keys:
        keys[row.building_id, row.table].append(row)
    found = (
        _lacking(run, building_id, table, own)
        for (building_id, name), own in sorted(keys.items())
        for table in run.registry.sql_tables
        if table.published == name
        and run.registry.datasource(table.datasource_id).building_id == building_id
    )
    return [named(cause, rules) for causes in found for cause in causes]


def _lacking(
    run: Run, building_id: str, table: SqlTable, keys: list[RegisterKey]
) -> Iterator[Cause]:
    version = _last(run, building_id, table)
    if version is None:
        return
    (raw,) = version.landed(run.settings.paths)
    fetch_inputs(run.settings, [raw])
    [column] = pq.read_table(raw, columns=[*table.key]).columns
    there = set(map(str, column.to_pylist()))
    roots, assigned = run.registry.roots, {row.node_id: row.key for row in keys}
    kinds = {roots.types[node] for node in assigned}
    nodes = [node for node in roots.below(building_id) if roots.types[node] in kinds]
    lacking = [node for node in nodes if _lacks(assigned, node, there)]
    if lacking:
        names = sorted(roots.names[node] for node in lacking)
        places = counted(len(names), "place")
        yield Cause(
            check="register_incomplete",
            severity="warning",
            since=version.first_seen,
            until=max(run.as_of, version.first_seen),
            evidence=f"{table.published} has no row of {places}: {some(names)}",
            building_id=building_id,
            sources=(table.datasource_id,),
            locations=tuple(names),
            key=table.published,
        )


def _lacks(assigned: dict[str, str], node: str, there: set[str]) -> bool:
    """Whether no row says that the register does not describe the node, and it has none for it."""
    key = assigned.get(node)
    return key is None or bool(key and key not in there)


def _last(run: Run, building_id: str, table: SqlTable) -> FileVersion | None:
    """What was read of the table last."""
    registry = run.registry
    accepted = Ledger.read(run.settings.paths, building_id).accepted(
        building_id, run.as_of, registry.withdrawn(run.as_of)
    )
    own = (v for v in accepted if (v.datasource_id, v.path) == (table.datasource_id, table.file))
    return max(own, key=lambda version: version.number, default=None)
