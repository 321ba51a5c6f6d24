"""Units of measurement: which ones there are, and how a value in one becomes a value in another.

A unit is written in UCUM (`Cel`, `ug/m3`, `kW.h`), or as people write it (`°F`, `kWh`, `l/s`,
`mbar`). ucumvert and pint read them; they are loaded only where a unit is not a common one.
"""

import difflib
import functools
from typing import Any, NamedTuple

# What measurements are published in; these need no library to be known.
COMMON = frozenset(
    [
        *(
            "Cel",
            "K",
            "%",
            "[ppm]",
            "ug/m3",
            "Pa",
            "hPa",
            "bar",
            "W",
            "kW",
            "W.h",
            "kW.h",
            "V",
            "A",
        ),
        *("m2", "m3", "m3/h", "L/s", "m/s", "km/h", "mm", "lx", "dB", "W/m2", "s", "min", "h", "1"),
    ]
)
# What people write where UCUM means something else, or nothing that pint knows.
WRITTEN = {"C": "Cel", "℃": "Cel", "°C": "Cel", "℉": "[degF]", "F": "[degF]", "°F": "[degF]"}
FAMILIAR = sorted((*COMMON, "°C", "°F", "kWh", "Wh", "l/s", "l/min", "mbar", "ppm", "lux", "psi"))


# What rates and states usually add up to, over seconds: pint takes a second to be there.
PER_SECOND = {
    ("W.s", "W.h"): 1 / 3600,
    ("W.s", "kW.h"): 1 / 3_600_000,
    ("kW.s", "kW.h"): 1 / 3600,
    ("L/s.s", "m3"): 1 / 1000,
    ("m3/h.s", "m3"): 1 / 3600,
    ("s", "min"): 1 / 60,
    ("s", "h"): 1 / 3600,
}
FAR = 2.0**20  # from zero, so that an offset takes no digits from the scale


class Conversion(NamedTuple):
    """In the other unit a value is `value * scale + offset`."""

    scale: float
    offset: float


class UnknownUnit(ValueError):
    """A text that is no unit, or one of another kind."""


def is_ucum(text: str) -> bool:
    """Whether the text is a unit of UCUM, as measurements are published in."""
    if text in COMMON:
        return True
    try:
        return bool(_registry().from_ucum(text).units)
    except Exception:  # its parser raises many kinds
        return False


def is_written_unit(text: str) -> bool:
    """Whether the text is a unit, in UCUM or as people write it."""
    try:
        return bool(_parse(text))
    except UnknownUnit:
        return False


@functools.cache
def conversion(unit: str, to: str) -> Conversion:
    """How a value in `unit` becomes one in `to`.

    Raises UnknownUnit, with the nearest name, if either is no unit or they measure different
    things.
    """
    if unit == to:
        return Conversion(1.0, 0.0)
    if known := PER_SECOND.get((unit, to)):
        return Conversion(known, 0.0)
    pint, source, target = _registry(), _parse(unit), _parse(to)
    if source.dimensionality != target.dimensionality:
        raise UnknownUnit(f"{unit} cannot become {to}: they measure different things")
    zero, far = (pint.Quantity(value, source).to(target).magnitude for value in (0.0, FAR))
    return Conversion((far - zero) / FAR, zero)


@functools.cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # noqa: PLC0415  # slow, and rarely needed

    return PintUcumRegistry()


@functools.cache
def _parse(text: str) -> Any:
    """The unit, as pint has it. Raises UnknownUnit."""
    units, written = _registry(), WRITTEN.get(text, text)
    for read in (units.from_ucum, units.Quantity):
        try:
            quantity = read(written)
        except Exception:  # noqa: S112  # their parsers raise many kinds
            continue
        if quantity.magnitude == 1:  # `0.2 mm` is no unit: its factor would be lost
            return quantity.units
    near = difflib.get_close_matches(text, FAMILIAR, 1, cutoff=0.3)
    raise UnknownUnit(f"unknown unit {text!r}" + (f", perhaps {near[0]}" if near else ""))
