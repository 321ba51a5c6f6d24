"""One class per seed, one instance per row. What a column means is said here once."""

import re
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from include.registry.cells import (
    ADDRESSES,
    REGEX,
    SQL_ADDRESSES,
    Addresses,
    Basis,
    Country,
    Cron,
    DateFormats,
    Decimals,
    Encoding,
    FilePattern,
    HandOverName,
    Identifier,
    Kind,
    Location,
    Names,
    OptionalDate,
    OptionalFloat,
    OptionalInt,
    Pattern,
    Patterns,
    Query,
    SqlName,
    Status,
    TimestampColumn,
    TimeZone,
    Words,
)

RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")  # in a raw_name
MOST_NUMBERS = 1_000


class Row(BaseModel):
    """A seed row that knows where it stands, for error messages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    line: int = Field(exclude=True)


class Building(Row):
    """A row of buildings_config.csv."""

    building_id: Identifier
    name: str = Field(min_length=1)
    timezone: TimeZone
    latitude: OptionalFloat = Field(ge=-90, le=90)
    longitude: OptionalFloat = Field(ge=-180, le=180)
    retention_months: int = Field(
        ge=0, description="whole months before the current one in the floating window"
    )
    licence: str = Field(min_length=1)
    on_refusal: Literal["publish", "hold"]
    schedule: Cron = Field(
        description="when it is read, a cron in UTC; empty: by every run, and when a file is new"
    )
    notify: Addresses = Field(
        description="who gets the mails about it; empty: the recipients of the connection"
    )
    status: Status | Literal["example"]
    country: Country = Field(
        "", description="ISO 3166, as CZ or CH-VS, whose holidays it has; empty: none are known"
    )


class FileFormat(Row):
    """How a family of files is written."""

    format: Identifier
    reader: str = Field(
        min_length=1, description="what reads the files, by its name in include/formats/registry.py"
    )
    delimiter: str = Field(min_length=1, max_length=1)
    decimal_mark: Literal[".", ","]
    header_line: int = Field(
        ge=0, description="0: files have no names of columns, which are 1, 2, 3 by their place"
    )
    date_formats: DateFormats = Field(
        min_length=1,
        description=(
            "strptime formats of the date alone, of which a file keeps to one; or epoch_s, epoch_ms"
            " or epoch_us"
        ),
    )
    null_tokens: Names = Field(
        description="texts that mean no reading, apart from the empty one; case does not matter"
    )
    encoding: Encoding = Field("", description="of texts, by Python's name; empty: UTF-8")
    records: str = Field(
        "", description="where in a file its records are: a path in JSON, a sheet; empty: all of it"
    )
    data_line: OptionalInt = Field(
        None, ge=1, description="of the first record; empty: the line after the header"
    )
    thousands_mark: Literal["", ".", ",", " ", "'"] = Field(
        "", description="between groups of three digits; empty: numbers have none"
    )
    value_words: Words = Field(
        (), description="words that are numbers, as on=1;off=0; case does not matter"
    )
    named_by: str = Field(
        "",
        description=(
            "key of JSON objects: one that has it is named by its value and its place among those"
            " of that value, as [Window:0]; empty: elements of a list are named by their place"
        ),
    )
    name_tolerance_minutes: OptionalFloat = Field(
        None,
        ge=0,
        description=(
            "a record whose time cannot be read, or is farther than this from the time in its"
            " file's name, is of the time in the name; empty: names are not asked"
        ),
    )

    @field_validator("data_line")
    @classmethod
    def _after_the_header(cls, line: int | None, info: ValidationInfo) -> int | None:
        if line is not None and line <= info.data.get("header_line", 0):
            raise ValueError("the first record comes after the header")
        return line

    @field_validator("thousands_mark")
    @classmethod
    def _another_mark(cls, mark: str, info: ValidationInfo) -> str:
        if mark and mark == info.data.get("decimal_mark"):
            raise ValueError("it is the decimal mark")
        return mark

    @property
    def first_line(self) -> int:
        """The line of the first record."""
        return self.data_line or self.header_line + 1

    @property
    def encoding_name(self) -> str:
        """The encoding, for messages."""
        return self.encoding or "UTF-8"


class Datasource(Row):
    """A row of datasources_config.csv."""

    datasource_id: Identifier
    building_id: Identifier
    name: str = Field(min_length=1)
    source_type: Literal["csv", "json", "api", "sql"]
    format: str
    location: Location = Field(
        min_length=1, description="rclone path, or an address that answers requests"
    )
    file_pattern: FilePattern = Field(
        description=(
            "glob of the file name, or regex: and a regex of the whole name; groups `device` and"
            " `exported` (epoch seconds) are used. Files with a group `day` are landed as packs,"
            " one a day; `time` is that of their record, as HHMM or HHMMSS"
        )
    )
    required_columns: Patterns
    optional_columns: Patterns
    on_new_column: Literal["warn", "refuse"]
    data_type: str
    timezone: TimeZone
    earliest: OptionalDate = Field(
        description="readings before this local date are rejected: a clock that was reset"
    )
    interval_minutes: OptionalFloat = Field(
        gt=0, description="between two readings of a device, where it is known and always the same"
    )
    max_null_pct: float = Field(
        ge=0,
        le=100,
        description="share of empty cells of a sensor and day above which there is an incident",
    )
    rejected_warn_pct: float = Field(
        ge=0,
        le=100,
        description=(
            "share of rejected lines of a file above which the run that reads it ends with 2"
        ),
    )
    rejected_refuse_pct: float = Field(
        ge=0, lt=100, description="share of rejected lines above which the file is refused"
    )
    row_count_min: int = Field(ge=0)
    row_count_max: int = Field(ge=1)
    retention_months: OptionalInt = Field(
        ge=0, description="whole months of its readings in a release; empty: the building's"
    )
    sensitive: bool = Field(description="true: quarantine and messages hold no text of the files")
    status: Status
    horizon_hours: OptionalFloat = Field(
        None,
        gt=0,
        description="how far ahead of now its readings may be, of forecasts; empty: 2, of a clock",
    )

    @property
    def is_asked(self) -> bool:
        """Whether its location is an address that answers requests, not a place where files lie."""
        return self.location.startswith(ADDRESSES)

    @property
    def is_database(self) -> bool:
        """Whether its location is a database, of which tables are read."""
        return self.location.startswith(SQL_ADDRESSES)

    @property
    def is_packed(self) -> bool:
        """Whether its files are landed many at a time, by the day in their names."""
        return "day" in re.compile(self.file_regex).groupindex

    @property
    def file_regex(self) -> str:
        """`file_pattern` as a regex of the whole file name: `*` of a glob is any text, `?` one
        character.
        """
        if self.file_pattern.startswith(REGEX):
            return self.file_pattern.removeprefix(REGEX)
        return "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in self.file_pattern)


class DatasourceMapping(Row):
    """Where a datasource's values stand, and their physical bounds.

    `location_column` is `{device}` when the file name names the device, or a column that holds its
    name, or several joined by +, whose texts are joined by /.
    `value_column` is a name or a regex. `measurement` is empty where sensor_mappings names it.
    Bounds are in the measurement's unit.
    """

    datasource_id: Identifier
    timestamp_column: TimestampColumn = Field(
        min_length=1,
        description=(
            "one column, or date and time joined by +; with {midnight} for the time, dates alone"
        ),
    )
    location_column: str
    measurement_column: str
    value_column: Pattern = Field(min_length=1)
    measurement: str
    source_name: str = Field(min_length=1)
    value_min: float
    value_max: float
    unit: str = Field(description="of the file's values; empty: the measurement's own")
    gap_minutes: OptionalFloat = Field(
        None,
        gt=0,
        description=(
            "of what amounts are made of: a rate or a state holds until the next reading, but no"
            " longer; a counter's step over a longer time is spread evenly; empty: 60"
        ),
    )
    max_per_hour: OptionalFloat = Field(
        None,
        gt=0,
        description=(
            "of a counter: the most that it can count in an hour, in the measurement's unit; a step"
            " beyond it is an outlier"
        ),
    )


class HttpRequest(Row):
    """What a datasource asks of its address; each answer becomes a file.

    `{start}` and `{end}` in `query` are the first and last date of a window, `{start_time}` and
    `{end_time}` its instants in UTC, `{start_epoch}` and `{end_epoch}` the same in seconds, `{key}`
    the password of the connection.
    """

    datasource_id: Identifier
    file: str = Field(
        max_length=100,
        pattern=r"^\w[\w.-]*\{window\}[\w.-]*\.\w+$",
        description="name of the file that an answer becomes, with {window} in it",
    )
    path: str = Field(
        pattern=r"^[^?#\s]*$", description="below the location; empty: the location itself is asked"
    )
    query: Query = Field(description="what follows the ? of a request, with names in braces")
    window: Literal["hour", "day", "month"] = Field(
        description="what an answer covers: an hour of UTC, a day or month of the datasource's zone"
    )
    first: OptionalDate = Field(
        ge=date(1970, 1, 1),
        description=(
            "date of the first window; empty: an answer is of the moment it is asked for, once a"
            " window"
        ),
    )
    settle_days: int = Field(
        ge=0, le=3660, description="days after its end in which a window is asked for again"
    )
    next_page: str = Field(
        pattern=r"^(|link|[\w.]+)$",
        description=(
            "where an answer names the next page: link (the header of RFC 8288), or the path of a"
            " URL in the JSON; empty: an answer has one page"
        ),
    )
    connection: str = Field(
        pattern=r"^[\w.-]*$",
        description="Airflow's connection that holds the key; empty: none is needed",
    )


class SqlTable(Row):
    """A table of a datasource's database; each answer becomes a Parquet file.

    With a `window`, an answer has the rows whose `time_column` is in it, on the clock of the
    datasource's zone; without one, it is the whole table, read by every run. If `published` names a
    table, the rows are no readings: the last answer is a table of the releases.
    """

    datasource_id: Identifier
    table: SqlName = Field(description="or schema.table")
    file: str = Field(
        max_length=100,
        pattern=r"^\w[\w.-]*(\{window\}[\w.-]*)?\.parquet$",
        description="name of the file that an answer becomes, with {window} in it if it has one",
    )
    time_column: str = Field(pattern=r"^\w*$")
    window: Literal["", "day", "month"]
    first: OptionalDate = Field(ge=date(1970, 1, 1), description="date of the first window")
    settle_days: int = Field(
        ge=0, le=3660, description="days after its end in which a window is asked for again"
    )
    published: str = Field(
        pattern=r"^([a-z][a-z0-9_]*)?$", description="name of a table of the releases"
    )
    key: Names = Field(description="columns that name a row of a published table")
    description: str = Field(description="of a published table")
    connection: str = Field(
        pattern=r"^[\w.-]*$",
        description="Airflow's connection with login and password; empty: none is needed",
    )


class SqlColumn(Row):
    """A column that may be selected from a table: none without a row is."""

    datasource_id: Identifier
    table: SqlName
    column: str = Field(pattern=r"^\w+$")
    type: Literal[
        "", "timestamp with time zone", "date", "varchar", "double", "bigint", "integer", "boolean"
    ] = Field(description="in a published table; empty where its rows are readings")
    unit: str = Field(description="UCUM; empty if it has none")
    description: str


class FileCheck(Row):
    """What is usual in a file of a datasource; another one is accepted, with a warning.

    `null_pct`: share of empty cells. `row_count`: accepted lines. `row_count_variance_pct`: how far
    they are from the median of the datasource's last ten files.
    """

    datasource_id: Identifier
    check: Literal["null_pct", "row_count", "row_count_variance_pct"]
    minimum: OptionalFloat = Field(ge=0)
    maximum: OptionalFloat = Field(ge=0)
    reason: str = Field(min_length=1)


class SensorMapping(Row):
    """What a raw name means from `valid_from` (inclusive) to `valid_to` (exclusive), local dates.

    `raw_name` is the device where the datasource has a location column, `device/measurement` in
    narrow files, and the column's name otherwise. With `{00..45}` in it, the row stands for one row
    a number, which is `{}` in `sensor_id` and `location`. `scale` and `offset` apply to values in
    the measurement's unit.
    """

    datasource_id: Identifier
    raw_name: str = Field(min_length=1)
    disposition: Literal["mapped", "ignored"]
    reason: str
    sensor_id: str
    location: str
    measurement: str
    scale: OptionalFloat
    offset: OptionalFloat
    valid_from: OptionalDate
    valid_to: OptionalDate
    unit: str = Field(description="of the file's values; empty: that of the column")

    @field_validator("raw_name")
    @classmethod
    def _range(cls, name: str) -> str:
        if (found := RANGE.search(name)) and not 0 <= int(found[2]) - int(found[1]) < MOST_NUMBERS:
            raise ValueError(f"a range goes up, and has at most {MOST_NUMBERS:,} numbers")
        return name

    @property
    def expanded(self) -> "tuple[SensorMapping, ...]":
        """The rows that it stands for."""
        found = RANGE.search(self.raw_name)
        if not found:
            return (self,)
        first, last = found.groups()
        numbers = [f"{n:0{len(first)}}" for n in range(int(first), int(last) + 1)]
        return tuple(
            self.model_copy(
                update={
                    "raw_name": self.raw_name.replace(found[0], number),
                    "sensor_id": self.sensor_id.replace("{}", number),
                    "location": self.location.replace("{}", number),
                }
            )
            for number in numbers
        )


class HandOverFile(Row):
    """A file as the building's old job wrote it, and the query of include/release/hand_over that
    makes it.
    """

    building_id: Identifier
    file: HandOverName = Field(
        pattern=r"^(\w[\w{}.-]*/)*\w[\w{}.-]*\.(csv|csv\.gz|parquet)$",
        description="below the publish remote; {month} stands for each month of the window",
    )
    query: Literal[
        "fact", "additive_hours", "nonadditive_hours", "public_dataset", "metric_daily_summary"
    ]
    source: str
    measurement: str


class Measurement(Row):
    """A row of measurements.csv."""

    measurement: Identifier
    unit: str = Field(min_length=1, description="UCUM")
    scale: Literal["ratio", "interval"] = Field(
        description=(
            "ratio: 0 means nothing of it, so twice as much has a meaning; interval: 0 is a"
            " convention, as of °C"
        )
    )
    aggregation: Literal["additive", "nonadditive"]
    description: str = Field(min_length=1)
    brick_class: str
    kind: Kind = "gauge"
    amount: str = Field("", description="the measurement that its amounts are")
    decimals: Decimals = Field(
        2, ge=0, le=6, description="that pages show; tables have the values as they are"
    )

    @property
    def makes_amounts(self) -> bool:
        """Whether amounts are made of its readings."""
        return self.kind not in ("gauge", "amount")

    @property
    def is_aggregated(self) -> bool:
        """Whether its readings themselves are aggregated: the mean of a counter, of a state or of
        events says nothing.
        """
        return self.kind in ("gauge", "rate", "amount")

    @property
    def accumulated_unit(self) -> str:
        """The unit of what its readings add up to, before it becomes that of `amount`: of a rate
        over seconds, of a state the seconds themselves.
        """
        return {"rate": f"{self.unit}.s", "state": "s"}.get(self.kind, self.unit)


class PublicLocation(Row):
    """A row of location_map.csv."""

    building_id: Identifier
    location: str = Field(min_length=1)
    public_location: str = Field(min_length=1)


class HierarchyNode(Row):
    """A node of a building's tree from `valid_from` (inclusive) to `valid_to` (exclusive), local
    dates; empty: not known.

    The node of a building has the building's id. `name` is the sensor_id of a Sensor, and the
    public location of the place that its readings are published under. `level` is the depth below
    the building.
    """

    id: str = Field(min_length=1)
    parent_id: str
    type: Literal["Building", "Floor", "Zone", "Apartment", "Room", "Sensor"]
    name: str = Field(min_length=1)
    level: int = Field(ge=0, le=4)
    coordinates: str = Field(
        description=(
            "latitude and longitude in degrees, or x;y or x;y;z in the building; empty where not"
            " known"
        )
    )
    valid_from: OptionalDate
    valid_to: OptionalDate


class ZoneAdjacency(Row):
    """Two zones that touch; `below`: the first lies below the other. Once for each pair."""

    zone_id: str = Field(min_length=1)
    adjacent_zone_id: str = Field(min_length=1)
    relation: Literal["beside", "below"]
    basis: Basis


class BuildingRelation(Row):
    """One node that another needs: `from_id` FEEDS `to_id` (air, water, heat, power), or DEPENDS_ON
    it (control, data).
    """

    from_id: str = Field(min_length=1)
    to_id: str = Field(min_length=1)
    relation: Literal["FEEDS", "DEPENDS_ON"]
    basis: Basis


class HealthCheck(Row):
    """What a finding of a check is called, and what to do about it."""

    check: Identifier
    title: str = Field(min_length=1)
    cure: str = Field(min_length=1)


class HealthParameter(Row):
    """A threshold of a check; its SQL reads it as the variable <check>_<parameter>."""

    check: Identifier
    parameter: Identifier
    value: float
    unit: str
    reason: str = Field(min_length=1)


class Silence(Row):
    """Findings that are not reported until a day; an empty cell means any."""

    check: str
    building_id: str
    source: str
    sensor_id: str
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires: date


class Publication(Row):
    """Which buildings are published together, where, and for whom."""

    publication_id: Identifier
    title: str = Field(min_length=1, description="the title of its README")
    buildings: Names = Field(
        min_length=1, description="ids or globs of ids, such as house_*; restricted ones apart"
    )
    location: str = Field(
        description="rclone path; empty: PUBLISH_REMOTE, or publications/<id> below it"
    )
    licence: str = Field(description="SPDX; empty: that of each building")
    access: Literal["public", "restricted", "grouped"] = Field(
        description=(
            "restricted: no name or value of its buildings is in a public release, page, log or"
            " issue; grouped: of restricted buildings, what enough households have in common"
        )
    )
    status: Literal["active", "disabled"]
    tables: Names = Field(
        (),
        description=(
            "further tables of its releases: facts and roll-ups of include/dbt/models/4_facts, and"
            " views of include/release/views"
        ),
    )
    min_households: OptionalInt = Field(
        None, ge=3, description="of a grouped one: how many a value must be of"
    )
    min_days: OptionalInt = Field(
        None, ge=1, description="of a grouped one: how many days of a month each must have"
    )

    def names(self, building_id: str) -> bool:
        """Whether one of its ids or globs is that of the building."""
        return any(fnmatchcase(building_id, glob) for glob in self.buildings)


class Grant(Row):
    """Somebody who may read what is restricted: a place of a building, such as an apartment, one
    building, or all of a publication.
    """

    principal: str = Field(
        pattern=r"^(user|role):\S(.*\S)?$", description="user:<name> or role:<name>, as in Airflow"
    )
    scope: Literal["publication", "building", "place"]
    scope_id: str = Field(min_length=1)
    right: Literal["read"]
    reason: str = Field(min_length=1)


class Label(Row):
    """What people call a measurement, a kind of place, a KPI, a check, or its remedy."""

    kind: Literal["measurement", "type", "check", "what_to_do", "kpi"]
    name: str = Field(min_length=1)
    cs: str
    de: str
    en: str
    es: str
    fr: str
    it: str
    pt: str
    ro: str

    @property
    def texts(self) -> dict[str, str]:
        """By language; those that are empty are not there."""
        texts = self.model_dump(exclude={"kind", "name"})
        return {language: text for language, text in texts.items() if text}


class Withdrawal(Row):
    """A file version that no run uses whose `as_of` is at or after `from` (00:00 UTC of that
    day).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    since: date = Field(alias="from")
