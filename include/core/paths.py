"""The layout of DATA_DIR, and of nothing else. Docs: docs/architecture.md."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PUBLICATION = "public_dataset"


@dataclass(frozen=True)
class DataPaths:
    """Names every place under DATA_DIR once.

    A replay of an older day keeps its readings and archive in scratch, so that it cannot replace
    newer ones.

    Attributes:
        root: DATA_DIR.
        replay: whether the run replays an older day.
        buildings: the only ones that the run sees; None: all.
        publication: whose releases are meant.
    """

    root: Path
    replay: bool = False
    buildings: frozenset[str] | None = None
    publication: str = DEFAULT_PUBLICATION

    @property
    def store(self) -> Path:
        """What readings, metrics, dimensions and archive are under."""
        return self.work / "replay" if self.replay else self.root

    @property
    def landing(self) -> Path:
        """Files as received, and the same files read."""
        return self.root / "landing"

    @property
    def catalog(self) -> Path:
        """What is remembered of what there is, one folder a building."""
        return self.store / "catalog"

    @property
    def known_buildings(self) -> list[str]:
        """The buildings of which anything is remembered, in order: of those that the run sees."""
        catalogs = {path.name for path in (*self.root.glob("catalog/*"), *self.catalog.glob("*"))}
        return sorted(filter(self.sees, catalogs))

    def sees(self, building_id: str) -> bool:
        """Whether the run has to do with a building."""
        return self.buildings is None or building_id in self.buildings

    def ledger(self, building_id: str) -> Path:
        """Every file version of a building, with its verdict."""
        return self.root / "catalog" / building_id / "ledger.parquet"

    def tombstones(self, building_id: str) -> Path:
        """The places of a building that were erased."""
        return self.root / "catalog" / building_id / "tombstones.json"

    def groups(self, building_id: str) -> Path:
        """What was published of the households of a building, in groups."""
        return self.root / "catalog" / building_id / "groups.parquet"

    def forecasts(self, building_id: str) -> Path:
        """What was forecast of a building: a folder for each issue."""
        return self.root / "forecasts" / building_id

    @property
    def models(self) -> Path:
        """Models of forecasts, each by the hash of what it was trained on; scratch."""
        return self.root / "models"

    def exports(self, building_id: str) -> Path:
        """What was given out of places of a building, to those who live there."""
        return self.root / "exports" / building_id

    @property
    def quarantine(self) -> Path:
        """Why files and lines were refused, for people."""
        return self.root / "quarantine"

    @property
    def readings(self) -> Path:
        """Readings of all months."""
        return self.store / "readings"

    @property
    def metrics(self) -> Path:
        """Metrics of sensors and days, made with the readings."""
        return self.store / "metrics"

    @property
    def dimensions(self) -> Path:
        """What the seeds say, as tables."""
        return self.store / "dimensions"

    @property
    def archive(self) -> Path:
        """Aggregates of all months."""
        return self.store / "archive"

    def readings_manifest(self, building_id: str) -> Path:
        """What months are stored, with checksums."""
        return self.catalog / building_id / "readings.json"

    def accounting(self, building_id: str) -> Path:
        """What became of each file's cells."""
        return self.catalog / building_id / "accounting.parquet"

    def archive_manifest(self, building_id: str) -> Path:
        """What aggregates are archived, with checksums."""
        return self.catalog / building_id / "archive.json"

    @property
    def releases(self) -> Path:
        """The releases of a publication on this machine."""
        if self.publication == DEFAULT_PUBLICATION:
            return self.root / "releases"
        return self.root / "publications" / self.publication / "releases"

    @property
    def publications(self) -> list[str]:
        """The publications that have releases on this machine, or may have; the default one
        first.
        """
        others = sorted(path.name for path in self.root.glob("publications/*"))
        return [DEFAULT_PUBLICATION, *others]

    @property
    def latest(self) -> Path:
        """The link to the last release."""
        return self.releases / "latest"

    def state(self, owner: str) -> Path:
        """What the state remote had of a building, or of what all share, when it was last written
        or read.
        """
        return self.root / "state" / f"{owner}.json"

    @property
    def known_states(self) -> list[str]:
        """The owners whose state is remembered, in order."""
        return sorted(path.stem for path in self.root.glob("state/*.json"))

    @property
    def push_lock(self) -> Path:
        """Held while the state is sent."""
        return self.root / ".push.lock"

    @property
    def remotes(self) -> Path:
        """The remotes of state and releases that this installation has used last."""
        return self.root / "remotes.json"

    @property
    def lock(self) -> Path:
        """Held while state is replaced."""
        return self.root / ".lock"

    @property
    def work(self) -> Path:
        """Scratch of the runs: may be deleted while nothing runs."""
        return self.root / "work"

    @property
    def hierarchy(self) -> Path:
        """The buildings' structure as the graph gave it out."""
        return self.root / "hierarchy"

    @property
    def findings(self) -> Path:
        """Reports of monitoring and engines."""
        return self.root / "findings"

    @property
    def incoming(self) -> Path:
        """Files that are being copied from a drive."""
        return self.work / "incoming"

    @property
    def ingest(self) -> Path:
        """Hand-over between sync, validation, gate and ledger, one folder a datasource."""
        return self.work / "ingest"

    @property
    def plan(self) -> Path:
        """What dbt is asked to build: files, months and windows."""
        return self.work / "plan"

    @property
    def built_readings(self) -> Path:
        """What dbt built of months, before it is checked and promoted."""
        return self.work / "built/readings"

    @property
    def built_aggregates(self) -> Path:
        """What the time-series engine built of windows.

        Apart, since the two DAGs may run at the same time.
        """
        return self.work / "built/aggregates"

    def landed(self, building_id: str, datasource_id: str, sha256: str) -> Path:
        """A file as received.

        Its own name is in the ledger alone: foreign names are never used as paths.
        """
        return self.landing / building_id / datasource_id / sha256

    def landed_values(self, building_id: str, datasource_id: str, sha256: str, name: str) -> Path:
        """The same file, read.

        The name counts as well: it may hold the device or the time of export.
        """
        return self.landing / building_id / datasource_id / f"{sha256}.{_digest(name)}.parquet"

    def rejected_lines(self, building_id: str, datasource_id: str, sha256: str, name: str) -> Path:
        """The texts of lines that could not be read."""
        return (
            self.quarantine
            / building_id
            / datasource_id
            / f"{sha256}.{_digest(name)}.lines.parquet"
        )

    def built_file(self, model: str, batch: str = "") -> Path:
        """What dbt or an engine builds for a batch; it is promoted from there."""
        folder = (
            self.built_aggregates if model.startswith("agg_") else self.built_readings
        )  # as in macros/plan.sql
        return folder / f"{model}{'.' + batch if batch else ''}.parquet"

    def rejected(self, building_id: str, month: str) -> Path:
        """One building's month of readings that were not published."""
        return self.store / "quarantine" / building_id / "rejected_readings" / f"{month}.parquet"

    def archived(self, grain: str, building_id: str, month: str, revision: int) -> Path:
        """One building's month of aggregates in one grain."""
        return self.archive / grain / f"building_id={building_id}" / f"{month}.r{revision}.parquet"

    def month_of_readings(self, building_id: str, month: str) -> Path:
        """One building's month of readings."""
        return self.readings / f"building_id={building_id}" / f"{month}.parquet"

    def month_of_metric(self, model: str, building_id: str, month: str) -> Path:
        """One building's month of one metric."""
        return self.metrics / model / f"building_id={building_id}" / f"{month}.parquet"

    def sensor_hours(self, building_id: str, month: str, sha256: str) -> Path:
        """Input of monitoring; scratch, one file for each version of a month."""
        return self.work / "health" / f"{building_id}.{month}.{sha256[:8]}.parquet"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:16]
