"""Empty cells cost no good reading: of an ignored column they are nothing, of a sensor they are an incident."""

from include.monitoring.health import read_health
from tests.support.raw_files import atrea, retouched, small_drive, thermopro, times


def test_a_sensor_that_writes_a_third_of_its_cells_empty_is_published_and_is_an_incident(
    new_platform,
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    hours = times("2026-01-29 00:00", 24 * 5)
    thermopro(
        platform.raw, "CC2F", hours, value=lambda n: "-" if n % 3 == 0 else f"{20 + n % 7 / 10:.1f}"
    )
    unit = atrea(platform.raw, hours, name="Graph_04_20260129_20260203.csv")
    retouched(
        unit,
        lambda content: (
            content.replace(b"KOT1", b"KOT2")
            .replace(b"VZT 01", b"VZT 04")
            .replace(b"vzt01", b"vzt04")
        ),
    )
    retouched(
        unit,
        lambda content: b"\r\n".join(_without_first_value(line) for line in content.split(b"\r\n")),
    )
    platform.run("2026-02-04")
    assert {version.verdict for version in platform.ledger.versions} == {
        "accepted"
    } and platform.states["refresh"] == "success"
    counts = dict(
        platform.query(
            "select sensor_id || ' ' || measurement, count(*) from public_dataset_raw group by all"
        )
    )
    assert (
        counts["CC2F temp_indoor"] == 80
        and counts["CC2F humidity_indoor"] == 120
        and counts["493D temp_indoor"] == 120
    )
    empty = [cause for cause in read_health(platform.settings) if cause.check == "nulls"]
    assert {cause.sensors for cause in empty} == {("CC2F",)}


def _without_first_value(line: bytes) -> bytes:
    """The same line with an empty cell in the column of the outdoor air, which is ignored; the header stays."""
    cells = line.split(b";")
    return (
        line
        if line.startswith(b"Date") or len(cells) < 3
        else b";".join([cells[0], b"", *cells[2:]])
    )
