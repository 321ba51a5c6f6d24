"""Aggregates straight from the readings, in this process."""

from include.contract.grains import GRAINS
from include.contract.parquet import PARQUET
from include.core.duckdb_session import scratch_database
from include.core.settings import Settings
from include.engines.containers import Server
from include.planning.tables import planned_windows

SQL = f"""
copy (
    select
        case when $unit = 'hour' then date_trunc('hour', timestamp) else date_trunc($unit, timestamp at time zone $zone) at time zone $zone end as timestamp,
        (case when $unit = 'hour' then timestamp at time zone $zone else date_trunc($unit, timestamp at time zone $zone) end)::date as local_date,
        building_id, source, location, measurement,
        avg(value) as value_mean, stddev_samp(value) as value_std, min(value) as value_min, max(value) as value_max, sum(value) as value_sum, count(*) as count
    from read_parquet($readings)
    where quality = 'ok' and timestamp >= $start and timestamp < $stop
    group by all
    having min(timestamp) >= $labels_start and min(timestamp) < $labels_stop and (
        case when $unit = 'hour' then date_trunc('hour', min(timestamp)) + interval 1 hour
        else (date_trunc($unit, min(timestamp) at time zone $zone) + ('1 ' || $unit)::interval) at time zone $zone end
    ) <= $stop
    order by source, location, measurement, timestamp
) to $target ({PARQUET})
"""


class Stub:
    name = "stub"

    def service(self, settings: Settings) -> None: ...

    def aggregate(self, settings: Settings, server: Server | None) -> str:
        with scratch_database(settings) as database:
            for window in planned_windows(settings):
                for grain, unit in GRAINS.items():
                    parameters = {
                        "unit": unit, "zone": window.timezone, "readings": window.readings, "start": window.start,
                        "stop": min(window.stop, window.as_of), "labels_start": window.labels_start, "labels_stop": window.labels_stop,
                        "target": str(settings.paths.built_file(f"agg_{grain}", window.batch)),
                    }  # fmt: skip
                    database.execute(SQL, parameters)
        return "Stub 1"


ENGINE = Stub()
