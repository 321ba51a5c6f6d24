"""What is wrong with files: late, refused for long, and with names that no seed knows."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from include.monitoring.causes import Cause
from include.monitoring.files import causes_in_files
from include.monitoring.health import window_start
from include.monitoring.rules import load_rules
from include.serving.api.app import PREFIX, create_app
from tests.support.platform import Platform
from tests.support.raw_files import atrea, retouched, small_drive, thermopro, times


def look(platform: Platform, as_of: str) -> dict[tuple[str, str], Cause]:
    return dict(look_at_all(platform, as_of))


def look_at_all(platform: Platform, as_of: str) -> list[tuple[tuple[str, str], Cause]]:
    run = platform.at(as_of)
    starts = {"sm2": window_start(run.registry.building("sm2"), run.as_of)}
    rules = load_rules(run.settings.seeds_dir)
    return [((c.check, c.key), c) for c in causes_in_files(run, rules, starts)]


def test_late_files_unknown_names_and_a_full_quarantine_are_reported(
    new_platform: Callable[..., Platform],
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    platform.run("2026-02-04", only="refresh")
    assert look(platform, "2026-02-04") == {}

    late = thermopro(platform.raw, "CCEA", times("2026-01-20 00:00", 48), exported=1769000000)
    thermopro(platform.raw, "ABCD", times("2026-02-02 00:00", 72), exported=1770249607)
    column = atrea(
        platform.raw, times("2026-02-03 00:00", 72), name="Graph_02_20260203_20260205.csv"
    )
    retouched(
        column,
        lambda content: content.replace(
            b"KOT1/VZT 01 | Obj. 1/vzt01_temp-teb-odvod (",
            b"KOT1/VZT 99 | Obj. 1/vzt99_temp-teb-odvod (",
        ),
    )
    again = thermopro(
        platform.raw,
        "493D",
        times("2026-01-29 00:00", 24),
        value=lambda n: "25.0",
        exported=1770249609,
    )
    at = times("2026-02-02 00:00", 72)
    twice = thermopro(
        platform.raw, "CC2F", [*at[:11], *at[10:]], exported=1770249610
    )  # two lines at 10:00
    link = platform.raw / "ThermoProSensor_export_CAF4_1770249611.csv"
    link.symlink_to(twice)
    refused = thermopro(
        platform.raw,
        "B020",
        times("2026-02-03 00:00", 30),
        value=lambda n: "20,5",
        exported=1770249608,
    )
    platform.run("2026-02-06", only="refresh")
    found = look(platform, "2026-02-06")
    assert set(found) == {
        ("late_file", late.name),
        ("late_file", again.name),
        ("conflicting_exports", "ThermoProSensor_export_493D_1769904007.csv"),
        ("unknown_sensor", "ThermoProSensor_export_ABCD_1770249607.csv"),
        ("unknown_column", column.name),
        ("contradicts_itself", twice.name),
        ("drive_unread", ""),
        ("quarantine", refused.name),
    }
    assert (
        found["contradicts_itself", twice.name].evidence
        == "2 readings with another value at the same time in a later line"
    )
    unread = found["drive_unread", ""]
    assert (unread.sources, unread.severity) == (
        ("sm2_thermopro",),
        "error",
    ) and link.name in unread.evidence
    assert found["quarantine", refused.name].severity == "warning"
    sensor, unknown = (
        found["unknown_sensor", "ThermoProSensor_export_ABCD_1770249607.csv"],
        found["unknown_column", column.name],
    )
    assert sensor.evidence == "1 name: ABCD; in 1 file; the cells are not published"
    assert (
        sensor.detail
        == "sensor_mappings.csv:\nsm2_thermopro,ABCD,mapped,,<sensor_id>,<location>,,1,0,,,"
    )
    assert "1 name: KOT1/VZT 99 | Obj. 1/vzt99_temp-teb-odvod (°C); in 1 file" in unknown.evidence
    assert look(platform, "2026-02-07T01:00Z")["quarantine", refused.name].severity == "error"


def test_a_drive_that_cannot_be_read_is_an_incident_until_it_can(
    published: Callable[..., Platform],
) -> None:
    platform = published("2026-02-04")
    assert "drive_unread" not in {check for check, _ in look(platform, "2026-02-04")}
    platform.raw.take_away()
    platform.run("2026-02-05", only="refresh")
    unread = [
        cause
        for (check, _), cause in look_at_all(platform, "2026-02-05")
        if check == "drive_unread"
    ]
    assert {source for cause in unread for source in cause.sources} == {
        "sm2_atrea",
        "sm2_thermopro",
    }
    assert all(
        "/Latest/Upload could not be read" in cause.evidence
        and f"{cause.since:%Y-%m-%d}" == "2026-02-04"
        for cause in unread
    )
    shown = TestClient(create_app(platform.settings)).get(f"{PREFIX}/health").json()
    assert any("could not be read" in text for text in shown["unread"]["sm2_thermopro"])

    platform.raw.bring_back()
    platform.run("2026-02-05", only="refresh")
    assert "drive_unread" not in {check for check, _ in look(platform, "2026-02-05")}
