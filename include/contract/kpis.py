"""KPIs, each defined once in kpis.yml: as SQL over the tables of a release, which DuckDB and
PostgreSQL read alike, and as measures in DAX.
"""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.contract.tables import columns_of_named
from include.core import files

WHERE = {
    "": "true",
    "total": "dim_device.is_total",
    "submetered": "not dim_device.is_total",
    "indoor": "not dim_room.is_outdoor",
    "outdoor": "dim_room.is_outdoor",
    "watched": "dim_room.is_watched",
}
DAX_WHERE = {
    "": "",
    "total": ", dim_device[is_total] = TRUE()",
    "submetered": ", dim_device[is_total] = FALSE()",
    "indoor": ", dim_room[is_outdoor] = FALSE()",
    "outdoor": ", dim_room[is_outdoor] = TRUE()",
    "watched": ", dim_room[is_watched] = TRUE()",
}
# what KPIs may be asked by, and how it is found
By = Literal[
    "building_id",
    "apartment",
    "room",
    "location",
    "sensor_id",
    "sensor_type",
    "hour",
    "local_date",
    "month",
]
BY: dict[str, str] = {
    "building_id": "facts.building_id",
    "apartment": "dim_room.apartment",
    "room": "dim_room.room",
    "location": "facts.location",
    "sensor_id": "facts.sensor_id",
    "sensor_type": "facts.sensor_type",
    "hour": "facts.timestamp",
    "local_date": "facts.local_date",
    "month": "left(cast(facts.local_date as varchar), 7)",
}
# of these, the columns that not each table has
COLUMN_OF = {"sensor_id": "sensor_id", "sensor_type": "sensor_type", "hour": "timestamp"}


class Kpi(BaseModel):
    """A KPI; what its keys mean is said in kpis.yml.

    Attributes:
        name: its name in tables, API and pages, and in labels.csv of kind `kpi`.
        unit: UCUM.
        lowest: of `share`, inclusive; None: no bound.
        highest: of `share`, inclusive; None: no bound.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    unit: str
    description: str
    table: str = ""
    where: Literal["", "total", "submetered", "indoor", "outdoor", "watched"] = ""
    sum: str = ""
    mean: str = ""
    min: str = ""
    max: str = ""
    ratio: tuple[str, str] | None = None
    share: str = ""
    lowest: float | None = Field(None, alias="from")
    highest: float | None = Field(None, alias="to")
    shortfall: str = ""
    excess: str = ""
    limit: float | None = None
    difference: tuple[str, str] | None = None

    @model_validator(mode="after")
    def _is_one_of_its_kinds(self) -> "Kpi":
        kinds = (*self._of_columns, self.ratio, self.difference)
        if sum(bool(kind) for kind in kinds) != 1:
            raise ValueError(f"{self.name} must be one of sum, mean, … difference")
        return self

    @property
    def days(self) -> str:
        """The roll-up of days beside its table."""
        return self.table.replace("_hour", "_day")

    @property
    def operands(self) -> tuple["Kpi", ...]:
        """The KPIs that a difference is made of."""
        known = {kpi.name: kpi for kpi in kpis()}
        return tuple(known[name] for name in self.difference or ())

    def rollup(self, by: Sequence[str]) -> str:
        """The roll-up that it is computed from: of hours, if it is asked by them."""
        return self.table.replace("_day", "_hour") if "hour" in by else self.table

    def tables(self, by: Sequence[str] = ()) -> frozenset[str]:
        """The tables of a release that it is computed from, if it is asked so."""
        if self.difference:
            return frozenset[str]().union(*(one.tables(by) for one in self.operands))
        devices = ["dim_device"] if self.is_of_meters else []
        return frozenset([self.rollup(by), self.days, "dim_room", "dim_building", *devices])

    @property
    def is_of_meters(self) -> bool:
        """Whether it has meters of the whole apartment alone, or the others alone."""
        return self.where in ("total", "submetered")

    @property
    def _of_columns(self) -> tuple[str, ...]:
        return (self.sum, self.mean, self.min, self.max, self.share, self.shortfall, self.excess)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its table that it is computed from."""
        return self.ratio or tuple(filter(None, self._of_columns))

    @property
    def _has_minutes(self) -> bool:
        return any(column.name == "minutes" for column in columns_of_named(self.table))

    def _bounds(self, cell: str) -> list[str]:
        """The conditions of a share, which SQL and DAX write alike."""
        lowest = [f"{cell} >= {self.lowest}"] if self.lowest is not None else []
        highest = [f"{cell} <= {self.highest}"] if self.highest is not None else []
        return [*lowest, *highest]

    @property
    def value(self) -> str:
        """The aggregate, as SQL over `facts`."""
        cell = f"facts.{self.columns[0]}"
        if self.mean:
            weight = "facts.minutes" if self._has_minutes else "1"
            whole = f"sum(case when {cell} is null then 0 else {weight} end)"
            return f"sum({cell} * {weight}) / nullif({whole}, 0)"
        if self.ratio:
            first, second = self.ratio
            return f"100.0 * sum(facts.{first}) / nullif(sum(facts.{second}), 0)"
        if self.share:
            within = f"count(*) filter (where {' and '.join(self._bounds(cell))})"
            return f"100.0 * {within} / nullif(count({cell}), 0)"
        if self.shortfall:
            return f"sum(greatest(0, {self.limit} - {cell}))"
        if self.excess:
            return f"sum(greatest(0, {cell} - {self.limit}))"
        name = "sum" if self.sum else "min" if self.min else "max"
        return f"{name}({cell})"

    @property
    def dax(self) -> str:
        """The measure, for tables of a model in Power BI that are named as those of a release."""
        if self.difference:
            return " - ".join(f"[{name}]" for name in self.difference)
        return f"CALCULATE({self._dax}{DAX_WHERE[self.where]})"

    @property
    def _dax(self) -> str:
        """Without its filter."""
        cell = f"{self.table}[{self.columns[0]}]"
        filled = f"FILTER({self.table}, NOT(ISBLANK({cell})))"
        if self.mean:
            weight = f"{self.table}[minutes]" if self._has_minutes else "1"
            return f"DIVIDE(SUMX({filled}, {cell} * {weight}), SUMX({filled}, {weight}))"
        if self.ratio:
            first, second = (f"SUM({self.table}[{name}])" for name in self.ratio)
            return f"100 * DIVIDE({first}, {second})"
        if self.share:
            within = f"FILTER({filled}, {' && '.join(self._bounds(cell))})"
            return f"100 * DIVIDE(COUNTROWS({within}), COUNTROWS({filled}))"
        if self.shortfall:
            return f"SUMX({filled}, MAX(0, {self.limit} - {cell}))"
        if self.excess:
            return f"SUMX({filled}, MAX(0, {cell} - {self.limit}))"
        name = "SUM" if self.sum else "MIN" if self.min else "MAX"
        return f"{name}({cell})"


@functools.cache
def kpis() -> tuple[Kpi, ...]:
    """All KPIs, in the order of kpis.yml."""
    document = yaml.safe_load(files.read_source(Path(__file__).with_name("kpis.yml")))
    return tuple(Kpi.model_validate(row) for row in document["kpis"])


def together(chosen: Iterable[Kpi]) -> list[list[Kpi]]:
    """Those that one query over a table can give: of one table and filter."""
    found: dict[tuple[object, ...], list[Kpi]] = {}
    for kpi in chosen:
        found.setdefault((kpi.table, kpi.where, kpi.difference), []).append(kpi)
    return list(found.values())


def query_of_kpis(by: Sequence[str], wanted: Sequence[Kpi] = (), where: str = "true") -> str:
    """The query of KPIs over the tables of a release, which it sees by their names.

    Args:
        by: columns of BY that they are grouped by.
        wanted: some of them; none: all that have these columns.
        where: a condition over `facts` and `dim_room`, such as one of days.

    Returns:
        SQL with the columns of `by`, `kpi`, `value` and `unit`; of whole days, and without the
        groups that have no value.
    """
    chosen = [kpi for kpi in wanted or kpis() if _has(kpi, by)]
    computed = {one.name: one for kpi in chosen for one in kpi.operands or (kpi,)}
    groups = together(computed.values())
    tables = [f"g{n} as materialized ({_select(own, by, where)})" for n, own in enumerate(groups)]
    columns = ", ".join(by)
    rows = [
        f"select {columns}, '{kpi.name}' as kpi, {kpi.name} as value, '{kpi.unit}' as unit"
        f" from g{n}"
        for n, own in enumerate(groups)
        for kpi in own
    ]
    figures = f"figures as materialized ({' union all '.join(rows or [_nothing(by)])})"
    differences = [_difference(kpi, by) for kpi in chosen if kpi.difference]
    every = " union all ".join(["select * from figures", *differences])
    names = ", ".join(f"'{kpi.name}'" for kpi in chosen)
    return (
        f"with {', '.join([*tables, figures])} select * from ({every}) as found"
        f" where kpi in ({names or 'null'}) and value is not null"
    )


def _nothing(by: Sequence[str]) -> str:
    groups = ", ".join(f"null as {name}" for name in by)
    value = "cast(null as double precision) as value"
    return f"select {groups}, null as kpi, {value}, null as unit where false"


def _has(kpi: Kpi, by: Sequence[str]) -> bool:
    """Whether the KPI can be asked so: a room's temperature has no sensors, a device's health no
    hours.
    """
    needed = {COLUMN_OF[name] for name in by if name in COLUMN_OF}
    return all(
        needed <= {column.name for column in columns_of_named(one.rollup(by))}
        for one in kpi.operands or (kpi,)
    )


def _select(own: Sequence[Kpi], by: Sequence[str], where: str) -> str:
    """KPIs of one table and filter, a column for each."""
    kpi = own[0]
    rollup = kpi.rollup(by)
    names = {column.name for column in columns_of_named(rollup)}
    has_days = "local_date" in names
    dated = (
        "facts.*"
        if has_days
        else "facts.*, (facts.timestamp at time zone dim_building.timezone)::date as local_date"
    )
    # only days that are over are in the tables of days
    whole = (
        ""
        if has_days
        else f" and exists (select 1 from {kpi.days} as days where days.building_id ="
        " facts.building_id and days.local_date = facts.local_date)"
    )
    groups = ", ".join(f"{BY[name]} as {name}" for name in by)
    values = ", ".join(f"cast({one.value} as double precision) as {one.name}" for one in own)
    device = (
        " inner join dim_device on facts.building_id = dim_device.building_id"
        " and facts.location = dim_device.location and facts.sensor_id = dim_device.sensor_id"
        if kpi.is_of_meters
        else ""
    )
    return (
        f"select {groups}, {values}"
        f" from (select {dated} from {rollup} as facts inner join dim_building"
        " on facts.building_id = dim_building.building_id) as facts"
        " inner join dim_room on facts.building_id = dim_room.building_id"
        f" and facts.location = dim_room.location{device}"
        f" where {WHERE[kpi.where]} and {where}{whole}"
        f" group by {', '.join(BY[name] for name in by)}"
    )


def _difference(kpi: Kpi, by: Sequence[str]) -> str:
    assert kpi.difference
    first, second = kpi.difference
    groups = ", ".join(f"one.{name}" for name in by)
    same = " and ".join(f"one.{name} = other.{name}" for name in by)
    return (
        f"select {groups}, '{kpi.name}' as kpi, one.value - other.value as value,"
        f" '{kpi.unit}' as unit from figures as one inner join figures as other"
        f" on one.kpi = '{first}' and other.kpi = '{second}' and {same}"
    )
