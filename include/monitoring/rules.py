"""What is checked, and how strictly: the seeds of monitoring.

They touch no number, so they are not part of a fingerprint.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.core.errors import ConfigurationError
from include.registry.rows import HealthCheck, HealthParameter, Silence
from include.registry.seeds import read_rows

# In the order in which they run: a later one leaves out what an earlier one has reported.
SQL_CHECKS = (
    "out_of_bounds",
    "stuck_at_zero",
    "frozen",
    "silent",
    "gap",
    "nulls",
    "row_count_halved",
    "deviation",
    "noisy",
    "spike",
    "repeating",
    "clock_shifted",
)


@dataclass(frozen=True)
class Rules:
    """Checks by name, parameters by `<check>_<parameter>`, and silences."""

    checks: Mapping[str, HealthCheck]
    parameters: Mapping[str, float]
    silences: tuple[Silence, ...]


def load_rules(seeds: Path) -> Rules:
    """Read and check the seeds below `seeds/health`. Raises ConfigurationError."""
    folder = seeds / "health"
    checks = {row.check: row for row in read_rows(folder / "health_checks.csv", HealthCheck)}
    parameters = list(read_rows(folder / "health_parameters.csv", HealthParameter))
    silences = tuple(read_rows(folder / "silences.csv", Silence))
    named: list[HealthParameter | Silence] = [*parameters, *silences]
    for row in named:
        if row.check and row.check not in checks:
            file = "silences.csv" if isinstance(row, Silence) else "health_parameters.csv"
            raise ConfigurationError(
                f"unknown check {row.check!r}",
                where=f"{file}, line {row.line}",
                cure=f"use one of: {', '.join(sorted(checks))}",
            )
    if missing := [check for check in SQL_CHECKS if check not in checks]:
        raise ConfigurationError(
            f"{', '.join(missing)} has no row", where="health_checks.csv", cure="restore the row"
        )
    return Rules(
        checks, {f"{row.check}_{row.parameter}": row.value for row in parameters}, silences
    )
