"""What the first page shows: what is published, what is wrong and what to do, what was refused, and how the runs ended."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from include import files
from include.errors import StorageError
from include.ingest.ledger import FileVersion, Ledger
from include.monitoring.causes import Cause
from include.monitoring.health import read_health
from include.monitoring.runs import RunPage, read_pages
from include.plain_text import visible_lines
from include.publishing import release as releases
from include.publishing.readings import read_accounting, totals
from include.publishing.release import Release
from include.settings import Settings

SHOWN = 200  # findings, and refused files, on the page


@dataclass(frozen=True)
class PublishedTable:
    """One Parquet file of a release; `size` in bytes."""

    file: str
    description: str
    rows: int
    size: int


@dataclass(frozen=True)
class Overview:
    """Everything on the page. Without a release, `latest` is None and `tables` is empty."""

    latest: Release | None
    tables: tuple[PublishedTable, ...]
    documents: tuple[str, ...]
    older: tuple[str, ...]
    causes: tuple[Cause, ...]
    refused: tuple[FileVersion, ...]
    accounting: dict[str, int]
    runs: tuple[RunPage, ...]

    def to_json(self) -> dict[str, Any]:
        """For programs: the same facts."""
        return {
            "latest": self.latest and {"version": self.latest.version, "as_of": self.latest.as_of.isoformat()},
            "tables": [table.__dict__ for table in self.tables],
            "older": list(self.older),
            "causes": [cause.to_json() for cause in self.causes],
            "refused": [{"path": version.path, "datasource_id": version.datasource_id, "reasons": version.reasons} for version in self.refused],
            "accounting": self.accounting,
            "runs": [page.__dict__ for page in self.runs],
        }


def overview(settings: Settings) -> Overview:
    """Read from the files of DATA_DIR as they are now; every one of them may be missing."""
    latest = releases.latest(settings)
    documents = sorted(path.name for path in latest.path.iterdir() if path.suffix != ".parquet") if latest else []
    return Overview(
        latest=latest,
        tables=_tables(latest) if latest else (),
        documents=tuple(documents),
        older=tuple(version for version in _versions(settings) if latest is None or version != latest.version),
        causes=tuple(cause for cause in read_health(settings) if cause.is_open),
        refused=tuple(Ledger.read(settings.paths.ledger).refused()),
        accounting=totals(read_accounting(settings)),
        runs=tuple(read_pages(settings)),
    )


def published_file(settings: Settings, version: str, name: str) -> Path | None:
    """A file of a release, if both are known by these very names."""
    folder = next((path for path in settings.paths.releases.glob("[0-9]*-*") if path.name == version), None)
    return next((path for path in folder.iterdir() if path.name == name), None) if folder else None


def page(settings: Settings, links: dict[str, str]) -> str:
    """The overview as HTML; `links` are further places by title."""
    return _template().render(overview=overview(settings), links=links, shown=SHOWN)


def _tables(release: Release) -> tuple[PublishedTable, ...]:
    there = {path.name: path.stat().st_size for path in release.path.iterdir()}
    try:
        declared = files.read_json(release.path / "schema.json")["tables"]
        return tuple(PublishedTable(row["file"], row["description"], row["rows"], there[row["file"]]) for row in declared if row["file"] in there)
    except (FileNotFoundError, StorageError, KeyError, TypeError):
        return ()


def _versions(settings: Settings) -> list[str]:
    """Newest first."""
    return sorted((path.name for path in settings.paths.releases.glob("[0-9]*-*")), reverse=True)


@cache
def _template() -> Any:
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.finalize = lambda value: visible_lines(value) if isinstance(value, str) else value
    environment.filters["size"] = lambda size: f"{size / 2**20:,.1f} MiB" if size >= 2**20 else f"{size / 2**10:,.1f} KiB"
    return environment.get_template("overview.html")
