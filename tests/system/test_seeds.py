"""Seeds are edited by people: what is right is built at once, what is wrong stops its own building, and there is a way back."""

import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import tests.support.platform
from cli.start_over import start_over
from cli.summary import PUBLISHED_WITHOUT_SOME, summary
from include.ingest.register import read_outcome
from include.planning.plan import plan_readings
from include.planning.tables import write_readings_plan
from include.store import readings, stale
from sensor_platform.internals.airflow_runs import load_dags, register_dags
from tests.support.platform import Platform
from tests.support.raw_files import small_drive, thermopro, times, write

pytestmark = pytest.mark.xdist_group("seeds")
ANNEX = {
    "buildings_config.csv": "annex,The annex,Europe/Lisbon,,,2,CC-BY-4.0,publish,,,active",
    "file_formats.csv": "annex_csv,delimited,;,.,1,%Y-%m-%d,-,,,,",
    "datasources_config.csv": r"annex_log,annex,Loggers,csv,annex_csv,sm2drive:annex,log_*.csv,when;device;quantity,,warn,climate,Europe/Lisbon,,,50,5,25,1,1000,,false,active"
    "\n"
    + r"annex_meter,annex,Meters,csv,annex_csv,sm2drive:annex,meter_*.csv,when;device;value,,warn,heat,Europe/Lisbon,,,50,5,25,1,1000,,false,active",
    "datasource_mappings.csv": "annex_log,when,device,quantity,value,,Logger,-60,60,\nannex_meter,when,device,,value,,Meter,-60,60,",
    "sensor_mappings.csv": "".join(
        f"annex_log,{name}/T,mapped,,{name},{name},temp_indoor,1,0,,,\n"
        for name in ("roof", "cellar", "attic")
    )
    + "annex_meter,boiler,mapped,,boiler,cellar,temp_indoor,1,0,,,",
}
FIRST = date(2026, 2, 4)


def edit(seeds: Path, file: str, old: str, new: str) -> None:
    text = (seeds / file).read_text()
    assert old in text, (file, old)
    (seeds / file).write_text(text.replace(old, new))


def append(seeds: Path, file: str, rows: str) -> None:
    with (seeds / file).open("a") as seed:
        seed.write(rows.rstrip("\n") + "\n")


def problems_of(platform: Platform) -> list[str]:
    outcome = read_outcome(platform.settings)
    assert outcome is not None
    return outcome.problems


EDITS = {  # seed → text and what replaces it; an empty text stands for one more row
    "building_hierarchy.csv": ("", "sm2.attic,sm2,Floor,Attic,1,,,"),
    "building_relations.csv": ("", "sm2.VZT04,sm2.KOT1,DEPENDS_ON,assumed"),
    "buildings_config.csv": (",2,CC", ",3,CC"),
    "datasource_mappings.csv": ("temp_indoor,ThermoPro,-10,50", "temp_indoor,ThermoPro,-20,60"),
    "datasources_config.csv": ("ThermoPro room sensors", "ThermoPro sensors in rooms"),
    "fact_columns.csv": ("", "apartments,environment,temperature_c,temp_device,"),
    "file_checks.csv": ("", "sm2_weather,null_pct,,50,it is often offline"),
    "file_formats.csv": ("%d/%m/%Y;%m/%d/%Y,-;NA", "%d/%m/%Y;%m/%d/%Y,-;none;NA"),
    "http_requests.csv": (",month,2024-01-01,7", ",month,2024-01-01,9"),
    "hand_over_files.csv": ("", "sm2,Model/all.csv,fact,Atrea,"),
    "forecasts.csv": ("temp_ambient,,,48,4", "temp_ambient,,,24,4"),
    "grants.csv": ("", "user:jana,building,sm2,read,lives there"),
    "labels.csv": ("", "type,Attic,Podkroví,Dachboden,Attic,Ático,Grenier,Soffitta,Sótão,Pod"),
    "location_map.csv": ("", "sm2,SM2_99_L1_01,Attic"),
    "publications.csv": ("Open building sensor data", "Open data of buildings"),
    "measurements.csv": ("", "loudness,dB,ratio,nonadditive,how loud it is,"),
    "register_keys.csv": ("register_rooms,8", "register_rooms,80"),
    "register_references.csv": (",idBuilding,", ",idHome,"),
    "sensor_mappings.csv": ("", "sm2_thermopro,FFFF,ignored,a spare device,,,,,,,,"),
    "sql_columns.csv": ("", "apartments_register,rooms,area,double,m2,its area"),
    "sql_tables.csv": ("Rooms of the apartments", "Rooms of apartments"),
    "tariffs.csv": ("", "sm2,PRE,2026-01-01,,,,,0.25"),
    "withdrawals.csv": ("", f"{'0' * 64},an example,Jana,2026-02-01"),
    "zone_adjacency.csv": (
        "sm2.1NP-S1,sm2.1NP-S2,beside,assumed",
        "sm2.1NP-S1,sm2.1NP-S2,beside,surveyed",
    ),
    "health/health_checks.csv": (
        "half of the readings are missing",
        "half of the readings did not come",
    ),
    "health/health_parameters.csv": ("share,0.6", "share,0.7"),
    "health/silences.csv": (
        "",
        "nulls,sm2,ThermoPro,072B,Jana,the battery is on its way,2026-03-01",
    ),
}


AT_ONCE = 5


def test_a_run_after_an_edit_of_any_seed_builds_and_publishes(published, seeds: Path) -> None:
    """The next run has something to build each time: state of an earlier one, dbt's as well, must not be in its way."""
    platform = published(f"{FIRST}")
    assert set(EDITS) == {str(path.relative_to(seeds)) for path in seeds.rglob("*.csv")}
    edits = list(EDITS.items())
    for number in range(1, -(-len(edits) // AT_ONCE) + 1):
        edited = edits[(number - 1) * AT_ONCE : number * AT_ONCE]
        for name, (old, new) in edited:
            if old:
                edit(seeds, name, old, new)
            else:
                append(seeds, name, new)
        added = thermopro(
            platform.raw, "050D", times(f"{FIRST} 00:00", number), exported=1770163200 + number
        )
        platform.publish(f"{FIRST + timedelta(number)}")
        assert (platform.states["refresh"], platform.states["aggregate_and_publish"]) == (
            "success",
            "success",
        ), edited
        assert platform.query(
            "select count(*) from public_dataset_raw where sensor_id = '050D'"
        ) == [(2 * number,)], edited
        assert platform.version_of(added).verdict == "accepted"
    assert ("loudness",) in platform.query("select measurement from dim_measurement")


def test_seeds_that_change_while_a_run_builds_are_those_of_the_next_run(
    published, seeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is built from the old rows must not be stored as if it were built from the new ones."""
    edited, steady = published(f"{FIRST}", "edited"), published(f"{FIRST}", "steady")
    day = f"{FIRST + timedelta(1)}"
    for platform in (edited, steady):
        thermopro(platform.raw, "050D", times(f"{FIRST} 00:00", 9), exported=1770163201)

    def write_and_edit(*plan: Any) -> None:
        write_readings_plan(*plan)
        append(seeds, "location_map.csv", "sm2,SM2_99_L1_01,Attic")

    with monkeypatch.context() as patch:
        patch.setattr("sensor_platform.tasks.refresh.write_readings_plan", write_and_edit)
        edited.run(day, only="refresh")
    assert edited.states["refresh"] == "success"
    run = edited.at(day)
    planned = plan_readings(run)
    assert stale.months_to_build(run.settings, planned) == planned != []
    assert not readings.dimensions_are_current(run)
    assert edited.publish(day).sums == steady.publish(day).sums
    assert stale.months_to_build(run.settings, planned) == []


def test_a_datasource_may_keep_its_readings_for_a_shorter_time_than_others(
    published, seeds: Path
) -> None:
    platform = published(f"{FIRST}")
    first = (
        "select source, min(timestamp)::varchar from public_dataset_raw group by all order by all"
    )
    hours = "select count(*) from public_dataset_hourly"
    before = platform.query(hours)
    edit(
        seeds,
        "datasources_config.csv",
        "temperature and humidity,Europe/Prague,2020-01-01,,10,5,25,1,2000000,2",
        "temperature and humidity,Europe/Prague,2020-01-01,,10,5,25,1,2000000,0",
    )
    platform.publish(f"{FIRST}")
    assert platform.query(first) == [
        ("Atrea", "2026-01-28 23:00:00+00"),
        ("ThermoPro", "2026-01-31 23:00:00+00"),
    ]
    assert platform.query(hours) == before
    edit(seeds, "datasources_config.csv", "2000000,2,false,active", "2000000,two,false,active")
    platform.publish(f"{FIRST}")
    assert platform.query(first)[0] == ("Atrea", "2026-01-28 23:00:00+00")


class Annex:
    """A second building beside SM2. Each day brings both a file, and SM2 is published whatever is wrong with the annex."""

    def __init__(self, platform: Platform, seeds: Path) -> None:
        self.platform, self.seeds, self.day = platform, seeds, FIRST
        self.value = "value"

    def next_day(self) -> list[str]:
        """Bring files, run, check that SM2 is published; returns what `refresh` complains of."""
        day, drive = self.day, self.platform.drive
        at = [f"{day - timedelta(2)} {hour:02}:00" for hour in range(3)]
        log = [
            f"{time};{device};T;{10 + day.day}"
            for time in at
            for device in ("roof", "cellar", "attic")
        ]
        write(
            drive / f"annex/log_{day}.csv",
            "\n".join([f"when;device;quantity;{self.value}", *log, ""]).encode(),
        )
        write(
            drive / f"annex/meter_{day}.csv",
            "\n".join(["when;device;value", *(f"{time};boiler;55.5" for time in at), ""]).encode(),
        )
        thermopro(
            self.platform.raw,
            "050D",
            times(f"{day - timedelta(1)} 12:00", 2),
            exported=1770163200 + day.day,
        )
        self.platform.publish(f"{day}")
        self.day += timedelta(1)
        assert self.platform.states["aggregate_and_publish"] == "success"
        assert self.platform.query(
            f"select count(*) from public_dataset_raw where building_id = 'sm2' and timestamp >= '{day - timedelta(1)}'"
        ) == [(4,)]
        return problems_of(self.platform)

    def published(self) -> dict[str, int]:
        return dict(
            self.platform.query(
                "select source, count(*) from public_dataset_raw where building_id = 'annex' group by all"
            )
        )

    def dimensions(self, table: str, column: str) -> set[str]:
        return {
            value
            for (value,) in self.platform.query(
                f"select {column} from {table} where building_id = 'annex'"
            )
        }

    @property
    def lineage(self) -> dict:
        return json.loads((self.platform.release.path / "lineage.json").read_text())


@pytest.fixture
def annex(new_platform, seeds: Path, monkeypatch: pytest.MonkeyPatch) -> Annex:
    for file, rows in ANNEX.items():
        append(seeds, file, rows)
    bag = load_dags()  # with the task groups of the annex
    register_dags(bag)
    monkeypatch.setattr(tests.support.platform, "runnable_dags", lambda: bag.dags)
    platform = new_platform()
    small_drive(platform.raw)
    return Annex(platform, seeds)


def test_a_second_building_makes_every_mistake_and_gets_out_of_it(annex: Annex) -> None:
    seeds = annex.seeds
    assert annex.next_day() == []
    assert annex.published() == {"Logger": 9, "Meter": 3}

    # a wrong cell keeps its building out, and what was published of it stays
    for file, right, wrong in (
        ("buildings_config.csv", "Europe/Lisbon", "Europe/Lisboa"),
        ("file_formats.csv", "annex_csv,delimited,;,.,1,%Y-%m-%d", "annex_csv,delimited,;,.,1,%s"),
    ):
        edit(seeds, file, right, wrong)
        complaints = annex.next_day()
        assert annex.platform.states["refresh"] == "failed"
        assert [
            c for c in complaints if c.startswith("annex is not read in this run") and file in c
        ], complaints
        assert annex.published() == {"Logger": 9, "Meter": 3}
        assert annex.dimensions("dim_sensor", "sensor_id") == {"roof", "cellar", "attic", "boiler"}
        assert annex.dimensions("dim_building", "timezone") == {"Europe/Lisbon"}
        edit(seeds, file, wrong, right)

    # a new offset, a period withdrawn, and a sensor that comes back
    edit(
        seeds,
        "sensor_mappings.csv",
        "annex_log,roof/T,mapped,,roof,roof,temp_indoor,1,0,,,",
        "annex_log,roof/T,mapped,,roof,roof,temp_indoor,1,0,,2026-02-03,\nannex_log,roof/T,mapped,,roof,roof,temp_indoor,1,0.5,2026-02-03,,",
    )
    edit(
        seeds,
        "sensor_mappings.csv",
        "annex_log,cellar/T,mapped,,cellar,cellar,temp_indoor,1,0,,,",
        "annex_log,cellar/T,mapped,,cellar,cellar,temp_indoor,1,0,,2026-02-03,\nannex_log,cellar/T,ignored,it was in the fridge,,,,,,2026-02-03,2026-02-04,\nannex_log,cellar/T,mapped,,cellar,cellar,temp_indoor,1,0,2026-02-04,,",
    )
    edit(
        seeds,
        "sensor_mappings.csv",
        "annex_log,attic/T,mapped,,attic,attic,temp_indoor,1,0,,,",
        "annex_log,attic/T,mapped,,attic,attic,temp_indoor,1,0,,2026-02-03,\nannex_log,attic/T,mapped,,attic,roof,temp_indoor,1,0,2026-02-03,2026-02-04,\nannex_log,attic/T,mapped,,attic,attic,temp_indoor,1,0,2026-02-04,,",
    )
    assert annex.next_day() == []
    assert annex.published() == {"Logger": 9 * 4 - 3, "Meter": 12}
    raw = "select distinct timestamp::date::varchar, value from public_dataset_raw where building_id = 'annex' and sensor_id = 'roof' order by all"
    assert annex.platform.query(raw) == [
        ("2026-02-02", 14),
        ("2026-02-03", 15.5),
        ("2026-02-04", 16.5),
        ("2026-02-05", 17.5),
    ]
    periods = "select sensor_id, location, period, valid_from::varchar, valid_to::varchar from dim_sensor where building_id = 'annex' and datasource_id = 'annex_log' order by all"
    assert annex.platform.query(periods) == [
        ("attic", "attic", 1, None, "2026-02-03"),
        ("attic", "attic", 2, "2026-02-04", None),
        ("attic", "roof", 1, "2026-02-03", "2026-02-04"),
        ("cellar", "cellar", 1, None, "2026-02-03"),
        ("cellar", "cellar", 2, "2026-02-04", None),
        ("roof", "roof", 1, None, None),
    ]

    # an accepted file is withdrawn
    wrong_file = annex.platform.version_of(f"meter_{FIRST}.csv")
    append(seeds, "withdrawals.csv", f"{wrong_file.sha256},the boiler was off,Jana,{annex.day}")
    assert annex.next_day() == []
    assert annex.published()["Meter"] == 12

    # a column is renamed, and the row names the new one only: the months are kept; it names both, and nothing of the old files is lost
    was = annex.published()["Logger"]
    edit(
        seeds,
        "datasource_mappings.csv",
        "annex_log,when,device,quantity,value,,Logger",
        "annex_log,when,device,quantity,Wert,,Logger",
    )
    complaints = annex.next_day()
    assert [
        c for c in complaints if c.startswith("annex: Logger has no readings any more in 2026-02")
    ], complaints
    assert annex.published()["Logger"] == was
    console = Console(record=True, file=io.StringIO(), width=300)
    run = annex.platform.at(f"{annex.day - timedelta(1)}")
    code = summary(console, run, (), "run.log")
    assert code == PUBLISHED_WITHOUT_SOME, console.export_text()
    annex.value = "Wert"
    edit(
        seeds,
        "datasource_mappings.csv",
        "annex_log,when,device,quantity,Wert,,Logger",
        "annex_log,when,device,quantity,value|Wert,,Logger",
    )
    assert annex.next_day() == []
    assert annex.published()["Logger"] == 9 * 7 - 3
    numbers = [(v.number, v.path) for v in annex.platform.ledger.of("annex").versions]
    assert start_over(annex.platform.settings, "annex") == 14
    assert annex.next_day() == []
    assert [(v.number, v.path) for v in annex.platform.ledger.of("annex").versions][
        : len(numbers)
    ] == numbers
    assert {v.verdict for v in annex.platform.ledger.versions} == {"accepted"}
    assert not [
        finding
        for v in annex.platform.ledger.versions
        for finding in v.findings
        if finding.check == "read_as_before"
    ]
    assert annex.published() == {"Logger": 9 * 8 - 3, "Meter": 21}

    # a datasource is removed, then the building is disabled, then removed
    edit(
        seeds,
        "datasources_config.csv",
        "meter_*.csv,when;device;value,,warn,heat,Europe/Lisbon,,,50,5,25,1,1000,,false,active",
        "meter_*.csv,when;device;value,,warn,heat,Europe/Lisbon,,,50,5,25,1,1000,,false,removed",
    )
    assert annex.next_day() == []
    assert annex.published() == {"Logger": 9 * 9 - 3}
    assert annex.dimensions("dim_datasource", "datasource_id") == {
        "annex_log"
    } and annex.dimensions("dim_sensor", "source") == {"Logger"}
    assert annex.lineage["removed"] == [
        {
            "building_id": "annex",
            "datasource_id": "annex_meter",
            "files": 8,
            "reason": "removed from datasources_config.csv",
        }
    ]
    edit(
        seeds,
        "buildings_config.csv",
        "annex,The annex,Europe/Lisbon,,,2,CC-BY-4.0,publish,,,active",
        "annex,The annex,Europe/Lisbon,,,2,CC-BY-4.0,publish,,,disabled",
    )
    before = annex.published()
    assert annex.next_day() == []
    assert annex.published() == before
    for table in (
        "dim_building",
        "dim_location",
        "dim_sensor",
        "dim_datasource",
        "public_dataset_hourly",
    ):
        assert annex.dimensions(table, "building_id") == {"annex"}, table
    edit(
        seeds, "buildings_config.csv", "CC-BY-4.0,publish,,,disabled", "CC-BY-4.0,publish,,,removed"
    )
    assert annex.next_day() == []
    for table in (
        "dim_building",
        "dim_location",
        "dim_sensor",
        "dim_datasource",
        "public_dataset_raw",
        "public_dataset_hourly",
        "metric_daily_summary",
    ):
        assert annex.dimensions(table, "building_id") == set(), table
    assert {row["reason"] for row in annex.lineage["removed"]} == {
        "removed from buildings_config.csv"
    }
