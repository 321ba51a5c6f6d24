"""Units as people write them, and how values in one become values in another."""

import pytest

from include.registry.units import COMMON, PER_SECOND, UnknownUnit, conversion, is_ucum


@pytest.mark.parametrize(
    ("unit", "to", "value", "is_then"),
    [
        ("K", "Cel", 293.15, 20),
        ("°F", "Cel", 68, 20),
        ("℃", "K", 20, 293.15),
        ("kWh", "kW.h", 7, 7),
        ("Wh", "kW.h", 1500, 1.5),
        ("l/s", "m3/h", 10, 36),
        ("mbar", "hPa", 1013.25, 1013.25),
        ("ppb", "[ppm]", 400_000, 400),
        ("mg/m3", "ug/m3", 0.025, 25),
        ("µg/m³", "ug/m3", 25, 25),
        ("lux", "lx", 300, 300),
    ],
)
def test_a_value_is_converted(unit: str, to: str, value: float, is_then: float) -> None:
    scale, offset = conversion(unit, to)
    assert value * scale + offset == pytest.approx(is_then, rel=1e-12)


def test_the_same_unit_changes_no_bit() -> None:
    assert {conversion(unit, unit) for unit in COMMON} == {(1.0, 0.0)}


@pytest.mark.parametrize(
    ("unit", "to", "message"),
    [
        ("mBra", "hPa", "unknown unit 'mBra', perhaps mbar"),
        ("kWh", "Cel", "kWh cannot become Cel: they measure different things"),
        ("rooms", "%", "unknown unit"),
    ],
)
def test_another_unit_is_refused(unit: str, to: str, message: str) -> None:
    with pytest.raises(UnknownUnit, match=message):
        conversion(unit, to)


def test_every_common_unit_is_one() -> None:
    assert all(conversion(unit, unit) and is_ucum(unit) for unit in COMMON)
    assert is_ucum("L/min") and not is_ucum("rooms") and not is_ucum("degC")


def test_what_adds_up_over_seconds_is_what_the_library_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = dict(PER_SECOND)
    monkeypatch.setattr("include.registry.units.PER_SECOND", {})
    conversion.cache_clear()
    for (unit, to), scale in known.items():
        assert conversion(unit, to) == (pytest.approx(scale, rel=1e-12), 0)
    conversion.cache_clear()
