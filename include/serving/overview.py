"""What the first page shows: what is published, what is wrong and what to do, what was refused, and
how the runs ended.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from include.core import files
from include.core.errors import ConfigurationError, StorageError
from include.core.plain_text import counted, visible_lines
from include.core.settings import Settings
from include.ingest.register import DRIVES
from include.ledger.ledger import FileVersion, Ledger, redact
from include.monitoring.causes import Cause
from include.monitoring.health import Look, read_health, read_look
from include.monitoring.runs import RunPage, read_pages
from include.registry import load_registry
from include.release import release as releases
from include.release.release import Release
from include.store.readings import read_accounting, totals

SHOWN = 200  # refused files on the page
SHOWN_ON_A_CARD = 25  # incidents


@dataclass(frozen=True)
class Card:
    """Incidents of one check, building and severity, newest last: what to do about them is the
    same.
    """

    causes: tuple[Cause, ...]

    @property
    def first(self) -> Cause:
        """The cause that the card is headed with."""
        return self.causes[0]

    @property
    def title(self) -> str:
        """The message of a single incident; else how many they are, and of what kind."""
        kind = self.first.message.rpartition(": ")[2]
        return (
            self.first.message
            if len(self.causes) == 1
            else f"{kind}: {counted(len(self.causes), 'incident')}"
        )


@dataclass(frozen=True)
class PublishedTable:
    """One Parquet file of a release; `size` in bytes."""

    file: str
    description: str
    rows: int
    size: int


@dataclass(frozen=True)
class Overview:
    """Everything on the page.

    Without a release, `latest` is None and `tables` is empty; `look` is None if nobody has looked.

    `causes` are the open ones and those that were resolved in the last days; `unread`: what of
    a datasource the last run could not read; None if none has run.
    """

    latest: Release | None
    tables: tuple[PublishedTable, ...]
    documents: tuple[str, ...]
    releases: tuple[Release, ...]
    look: Look | None
    causes: tuple[Cause, ...]
    unread: dict[str, list[str]] | None
    refused: tuple[FileVersion, ...]
    accounting: dict[str, int]
    runs: tuple[RunPage, ...]

    @property
    def cards(self) -> list[Card]:
        """The open incidents, those of one place together."""
        return _cards(cause for cause in self.causes if cause.is_open)

    @property
    def resolved(self) -> list[Card]:
        """The incidents that ended lately."""
        return _cards(cause for cause in self.causes if not cause.is_open)

    def loud(self, severity: str) -> list[Cause]:
        """The open incidents that nobody has silenced."""
        return [
            cause
            for cause in self.causes
            if cause.is_open and cause.severity == severity and not cause.silenced_by
        ]

    def to_json(self) -> dict[str, Any]:
        """For programs: the same facts."""
        return {
            "latest": (
                self.latest
                and {"version": self.latest.version, "as_of": self.latest.as_of.isoformat()}
            ),
            "tables": [table.__dict__ for table in self.tables],
            "releases": [
                {"version": release.version, "as_of": release.as_of.isoformat()}
                for release in self.releases
            ],
            "look": self.look and self.look.to_json(),
            "unread": self.unread,
            "causes": [cause.to_json() for cause in self.causes],
            "refused": [
                {
                    "path": version.path,
                    "datasource_id": version.datasource_id,
                    "reasons": version.reasons,
                }
                for version in self.refused
            ],
            "accounting": self.accounting,
            "runs": [page.__dict__ for page in self.runs],
        }


def overview(settings: Settings) -> Overview:
    """Read from the files of DATA_DIR as they are now; every one of them may be missing."""
    latest = releases.latest(settings)
    documents = (
        [
            name
            for name in files.names_below(latest.path)
            if not name.endswith(".parquet") and "/" not in name
        ]
        if latest
        else []
    )
    return Overview(
        latest=latest,
        tables=_tables(latest) if latest else (),
        documents=tuple(documents),
        releases=tuple(_releases(settings)),
        look=read_look(settings),
        causes=tuple(read_health(settings)),
        unread=files.read_or(settings.paths.findings / DRIVES, None),
        refused=tuple(_refused(settings)),
        accounting=totals(read_accounting(settings)),
        runs=tuple(read_pages(settings)),
    )


def _refused(settings: Settings) -> list[FileVersion]:
    """The refused files; while the seeds cannot be read, which say what is restricted, without
    names.
    """
    refused = Ledger.read(settings.paths).refused()
    try:
        return redact(refused, load_registry(settings.seeds_dir).restricted)
    except ConfigurationError:
        return redact(refused, settings.paths.known_buildings)


def page(settings: Settings, links: dict[str, str]) -> str:
    """The overview as HTML; `links` are further places by title."""
    html: str = _template().render(
        overview=overview(settings), links=links, shown=SHOWN, on_a_card=SHOWN_ON_A_CARD
    )
    return html


def _tables(release: Release) -> tuple[PublishedTable, ...]:
    there = {path.name: path.stat().st_size for path in release.path.iterdir()}
    try:
        declared = files.read_json(release.path / "schema.json")["tables"]
        return tuple(
            PublishedTable(row["file"], row["description"], row["rows"], there[row["file"]])
            for row in declared
            if row["file"] in there
        )
    except (FileNotFoundError, StorageError, KeyError, TypeError):
        return ()


def _releases(settings: Settings) -> Iterable[Release]:
    """All that can be read, newest first."""
    for folder in sorted(settings.paths.releases.glob("[0-9]*-*"), reverse=True):
        with suppress(FileNotFoundError, StorageError):
            yield releases.read(folder)


def _cards(causes: Iterable[Cause]) -> list[Card]:
    """Errors first, and what is silenced last."""

    def kind(cause: Cause) -> tuple[object, ...]:
        return bool(cause.silenced_by), cause.severity, cause.check, cause.building_id

    in_order = sorted(causes, key=lambda cause: (*kind(cause), cause.since, cause.message))
    return [Card(tuple(group)) for _, group in groupby(in_order, key=kind)]


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.finalize = lambda value: visible_lines(value) if isinstance(value, str) else value
    environment.filters["size"] = lambda size: (
        f"{size / 2**20:,.1f} MiB" if size >= 2**20 else f"{size / 2**10:,.1f} KiB"
    )
    environment.filters["counted"] = counted
    environment.filters["time"] = lambda moment: f"{moment:%Y-%m-%d %H:%M}"
    return environment.get_template("overview.html")
