"""Loads a floating window into InfluxDB 2.7 and aggregates it with Flux.

One window is in the server at a time, in a bucket of its own, so its cost does not grow with
history. The bucket keeps what it is given: the server is gone after the run, and a retention period
would silently refuse a replay's old points.
"""

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.retry import WritesRetry
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.dialect import Dialect
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from include.contract.grains import GRAINS
from include.contract.parquet import PARQUET
from include.core import files
from include.core.duckdb_session import scratch_database
from include.core.errors import ContractError, EngineUnavailable
from include.core.settings import PROJECT_DIR, Settings
from include.engines.timeseries.influxdb import ORGANISATION
from include.planning.tables import Window, planned_windows

log = logging.getLogger(__name__)
BUCKET = "window"
LINES_A_REQUEST = 100_000
CLIENTS = 2
SECONDS_A_REQUEST = 120
RETRIES = 5
SECONDS_OF_A_RUN = 6 * 3600
MOMENTS = ("count", "sum", "min", "max")
HOUR = "3600s"
# length → offset; Flux's own weeks begin on Thursday, as the epoch did
CALENDAR_WINDOWS = {"1d": "0s", "1w": "4d", "1mo": "0s"}
LENGTH_OF = {"hourly": HOUR, "daily": "1d", "weekly": "1w", "monthly": "1mo"}
NO_ANSWER = "_time,_value,building,location,measurement,sensor,source\r\n"
FLUX = PROJECT_DIR / "include/flux"
SQL = Path(__file__).parent


def aggregate(settings: Settings, url: str, token: str) -> str:
    """Compute all planned windows in the server at `url`; returns its version.

    Raises EngineUnavailable if the server fails, ContractError if it holds something else than it
    was sent.
    """
    answers = settings.paths.work / "influxdb"
    # its time counts from here, not from the first failure, so the number of tries is the bound
    retries = WritesRetry(
        total=RETRIES, retry_interval=1, max_retry_time=SECONDS_OF_A_RUN, allowed_methods=["POST"]
    )
    try:
        with InfluxDBClient(
            url, token, org=ORGANISATION, timeout=SECONDS_A_REQUEST * 1000, retries=retries
        ) as client:
            for window in planned_windows(settings):
                with scratch_database(settings) as database:
                    _aggregate_window(settings, client, database, window, answers)
            return f"InfluxDB {client.version()}"
    except (ApiException, InfluxDBError) as error:
        raise EngineUnavailable(
            f"InfluxDB answered {getattr(error, 'status', '')}:"
            f" {getattr(error, 'body', '') or error}"
        ) from error
    except HTTPError as error:
        raise EngineUnavailable(
            f"InfluxDB does not answer: {type(error).__name__}: {error}"
        ) from error


def _aggregate_window(
    settings: Settings,
    client: InfluxDBClient,
    database: duckdb.DuckDBPyConnection,
    window: Window,
    answers: Path,
) -> None:
    stop = min(window.stop, window.as_of)
    read = {"readings": window.readings, "start": window.start, "stop": stop}
    database.execute(_sql("counted"), {**read, "left_out": window.left_out})
    try:
        _load_and_ask(client, database, window, read, answers)
    except ContractError as error:  # seen once: a busy server had lost a week
        log.warning("%s; it is loaded once more", error)
        _load_and_ask(client, database, window, read, answers)
    for grain, unit in GRAINS.items():
        parameters = {
            "grain": unit,
            "every": LENGTH_OF[grain],
            "block": _block(window),
            "calendar": "UTC" if grain == "hourly" else window.timezone,
            "zone": window.timezone,
            "building_id": window.building_id,
            "labels_start": window.labels_start,
            "labels_stop": window.labels_stop,
            "as_of": window.as_of,
        }
        target = settings.paths.built_file(f"agg_{grain}", window.batch)
        database.execute(
            f"copy ({_sql('aggregates')}) to $target ({PARQUET})",
            {**parameters, "target": str(target)},
        )


def _load_and_ask(
    client: InfluxDBClient,
    database: duckdb.DuckDBPyConnection,
    window: Window,
    read: dict[str, Any],
    answers: Path,
) -> None:
    """Make the table `moments` of what is `counted`.

    Raises ContractError: the server holds something else than it was sent.
    """
    files.empty_folder(answers)
    if database.execute("from counted limit 1").fetchall():
        _empty_bucket(client)
        _load(client, database, read)
        _ask_all(client, window, read["stop"], answers)
    else:
        (answers / f"{_block(window)}.count.csv").write_text(NO_ANSWER)
    database.execute(_sql("moments"), {"answers": f"{answers}/*.csv"})
    _verify(database, window)


def _block(window: Window) -> str:
    return f"{window.block_seconds}s"


def _empty_bucket(client: InfluxDBClient) -> None:
    buckets = client.buckets_api()
    if old := buckets.find_bucket_by_name(BUCKET):
        buckets.delete_bucket(old)
    buckets.create_bucket(bucket_name=BUCKET, org=ORGANISATION)


def _load(
    client: InfluxDBClient, database: duckdb.DuckDBPyConnection, read: dict[str, Any]
) -> None:
    """Write all lines, each request acknowledged; what is slow or busy (429, 503) is asked again,
    with growing pauses.
    """
    api = client.write_api(write_options=SYNCHRONOUS)

    def write(body: bytes) -> None:
        api.write(BUCKET, record=body, write_precision=WritePrecision.US)  # type: ignore[arg-type]  # its members are plain texts

    under_way: deque[Future[None]] = deque()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for body in _bodies(database, read):
            under_way.append(pool.submit(write, body))
            while len(under_way) > 2 * CLIENTS:
                under_way.popleft().result()
        for request in under_way:
            request.result()


def _bodies(database: duckdb.DuckDBPyConnection, read: dict[str, Any]) -> Iterator[bytes]:
    """Requests of whole lines: a column of texts that end with line feeds is one text in Arrow's
    memory already.
    """
    for batch in database.sql(_sql("lines"), params=read).to_arrow_reader(LINES_A_REQUEST):
        lines: pa.StringArray = batch.column(0)
        if len(lines):
            _, offsets, text = lines.buffers()
            ends = memoryview(offsets).cast("i" if pa.types.is_string(lines.type) else "q")
            yield memoryview(text)[ends[lines.offset] : ends[lines.offset + len(lines)]].tobytes()


def _ask(client: InfluxDBClient, job: str, answer: Path, **parameters: str | datetime) -> None:
    """Run include/flux/<job>.flux; its parameters travel beside it, bound to their names, never as
    text within it.
    """
    dialect = Dialect(annotations=[], header=True, delimiter=",")
    response = client.query_api().query_raw(
        files.read_source(FLUX / f"{job}.flux"),
        dialect=dialect,
        params={f"_{name}": value for name, value in parameters.items()},
    )
    with answer.open("wb") as file:
        for chunk in response.stream(1 << 20):
            file.write(chunk)


def _ask_all(client: InfluxDBClient, window: Window, stop: datetime, answers: Path) -> None:
    """Every moment of every window, two questions at a time, as CSV files named
    <length>.<moment>.csv.
    """
    over: dict[str, Any] = {"bucket": BUCKET, "start": window.start, "stop": stop}
    block = _block(window)
    questions: list[tuple[str, str, dict[str, Any]]] = [
        ("blocks", f"{block}.squares", {"field": "square", "moment": "sum", "every": block})
    ]
    for moment in MOMENTS:
        questions += [
            ("blocks", f"{every}.{moment}", {"field": "value", "moment": moment, "every": every})
            for every in {block, HOUR}
        ]
        questions += [
            (
                "windows",
                f"{every}.{moment}",
                {
                    "moment": moment,
                    "block": block,
                    "every": every,
                    "offset": offset,
                    "zone": window.timezone,
                },
            )
            for every, offset in CALENDAR_WINDOWS.items()
        ]
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(
            pool.map(
                lambda question: _ask(
                    client, question[0], answers / f"{question[1]}.csv", **over, **question[2]
                ),
                questions,
            )
        )


def _verify(database: duckdb.DuckDBPyConnection, window: Window) -> None:
    """Count, sum, extremes and squares of every series and month, read back, are those that were
    sent.
    """
    if broken := database.execute(_sql("incomplete")).fetchall():
        raise EngineUnavailable(
            f"InfluxDB's answers for windows of {', '.join(every for (every,) in broken)} are not"
            " whole"
        )
    different = database.execute(
        _sql("differences"), {"zone": window.timezone, "block": _block(window)}
    ).fetchall()
    if different:
        month, series, sent, held = different[0]
        raise ContractError(
            f"InfluxDB holds something else than it was sent, in {len(different)} series and"
            f" months; the first: {series} in {month}, {sent:,} sent, {held:,} held",
            where=window.batch,
            cure="run it again, or with TIMESERIES_ENGINE=duckdb; nothing was published",
        )


def _sql(name: str) -> str:
    return files.read_source(SQL / f"{name}.sql")
