"""Numbers about releases, incidents and runs in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from include.core import files
from include.core.settings import Settings
from include.ledger.ledger import Ledger
from include.monitoring.health import read_all_health
from include.monitoring.runs import read_pages
from include.release.release import Release

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "sensor_platform"
SEVERITIES = ("error", "warning")


@dataclass(frozen=True)
class Gauge:
    """A metric; each sample has its labels and its value."""

    name: str
    help: str
    samples: list[tuple[dict[str, str], float]]

    def __str__(self) -> str:
        name = f"{PREFIX}_{self.name}"
        lines = [f"# HELP {name} {self.help}", f"# TYPE {name} gauge"]
        for labels, value in self.samples:
            written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            lines.append(f"{name}{{{written}}} {value!r}")
        return "\n".join(lines) + "\n"


def metrics_text(
    settings: Settings,
    releases: Mapping[str, Release],
    whole: Iterable[str],
    buildings: Iterable[str],
) -> str:
    """All metrics that somebody may see.

    Times are exported as instants, so that nothing here depends on a clock.

    Args:
        settings: of the installation.
        releases: the last one of each publication.
        whole: the publications all of whose buildings may be seen.
        buildings: that may be seen.
    """
    gauges = [
        Gauge(
            "release_as_of_timestamp_seconds",
            "Time of the last release: all readings before it are in it.",
            [({"publication": name}, one.as_of.timestamp()) for name, one in releases.items()],
        ),
        Gauge(
            "published_rows",
            "Rows of each table of the last release.",
            [
                ({"publication": name, "table": table}, rows)
                for name in whole
                for table, rows in _rows(releases[name]).items()
            ],
        ),
        *_of_buildings(settings, list(buildings)),
        *_of_runs(settings),
    ]
    return "".join(map(str, gauges))


def _rows(release: Release) -> dict[str, int]:
    schema: dict[str, Any] = files.read_or(release.path / "schema.json", {})
    tables = schema.get("tables", [])
    return {row["file"].removesuffix(".parquet"): row["rows"] for row in tables}


def _of_buildings(settings: Settings, buildings: list[str]) -> list[Gauge]:
    refused = Counter(
        version.building_id for version in Ledger.read(settings.paths, *buildings).refused()
    )
    incidents: Counter[tuple[str, str, str]] = Counter(
        (cause.building_id, cause.severity, str(bool(cause.silenced_by)).lower())
        for cause in read_all_health(settings)
        if cause.is_open
    )
    labels = ("building", "severity", "silenced")
    return [
        Gauge(
            "refused_files",
            "Files that are refused now.",
            [({"building": name}, refused[name]) for name in buildings],
        ),
        Gauge(
            "open_incidents",
            "Incidents that are not resolved.",
            [
                (dict(zip(labels, key, strict=True)), incidents[key])
                for key in product(buildings, SEVERITIES, ("false", "true"))
            ],
        ),
    ]


def _of_runs(settings: Settings) -> list[Gauge]:
    pages = read_pages(settings)
    return [
        Gauge(
            "run_duration_seconds",
            "Duration of the last good run.",
            [({"dag": page.dag_id}, page.seconds[-1]) for page in pages if page.seconds],
        ),
        Gauge(
            "run_last_success_timestamp_seconds",
            "When the last good run ended.",
            [
                ({"dag": page.dag_id}, datetime.fromisoformat(page.succeeded).timestamp())
                for page in pages
                if page.succeeded
            ],
        ),
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
