"""The steps between landing and the ledger: validate what arrived, pass the gate, write the verdicts down."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from include import files
from include.errors import ConfigurationError
from include.ingest.ledger import (
    Arrival,
    FileVersion,
    Finding,
    Ledger,
    judged_from_json,
    judged_to_json,
)
from include.ingest.validate import SKIPPABLE, Declared, Validation, validate
from include.quality import gate
from include.registry import Registry
from include.registry.rows import Datasource
from include.settings import Settings

VALIDATED, GATED = "validated.json", "gated.json"  # what the tasks hand over, one folder a datasource


@dataclass(frozen=True)
class SkippedChecks:
    """Checks that this run is told to skip, and why; the reason stands in the ledger and in the lineage."""

    names: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.names) - SKIPPABLE)
        if unknown:
            raise ConfigurationError(
                f"these checks cannot be skipped: {', '.join(unknown)}", where="parameter skip_checks", cure=f"only: {', '.join(sorted(SKIPPABLE))}"
            )
        if self.names and not self.reason.strip():
            raise ConfigurationError("a skipped check needs a reason", where="parameter skip_reason", cure="say why; it will stand in the lineage")

    @property
    def entries(self) -> tuple[str, ...]:
        return tuple(f"{name}: {self.reason.strip()}" for name in self.names)


def validate_arrivals(settings: Settings, registry: Registry, datasource: Datasource, as_of: datetime, skipped: SkippedChecks) -> list[FileVersion]:
    """Judge what sync brought, and once more what was refused before: the seeds may have been corrected."""
    folder = settings.paths.ingest / datasource.datasource_id
    arrivals = [Arrival(**arrival) for arrival in files.read_json(folder / "arrivals.json")["arrivals"]]
    arrived = {arrival.path for arrival in arrivals}
    refused = [v for v in Ledger.read(settings.paths.ledger).refused() if v.datasource_id == datasource.datasource_id and v.path not in arrived]
    arrivals += [Arrival(v.datasource_id, v.building_id, v.path, v.size, v.modified, v.sha256) for v in refused]
    declared = Declared.of(registry, datasource)

    def judge(arrival: Arrival) -> FileVersion | None:
        place = (arrival.building_id, arrival.datasource_id, arrival.path, arrival.sha256)
        landed = settings.paths.landed(*place)
        if not landed.exists():
            return None  # an old refusal whose file is only on the state remote: its verdict stands
        found = validate(landed, arrival.path, declared, settings.paths.landed_text(*place))
        return _version(arrival, found, as_of, skipped)

    with ThreadPoolExecutor(3) as pool:  # pyarrow parses outside the interpreter lock; one of three waits for the disk
        judged = [version for version in pool.map(judge, arrivals) if version is not None]
    _hand_over(settings, datasource, VALIDATED, judged)
    return judged


def pass_gate(settings: Settings, datasource: Datasource, as_of: datetime, skipped: SkippedChecks) -> list[FileVersion]:
    """Apply the quality gate to what validation handed over."""
    judged = [gate.judge(version, datasource, as_of, skipped.names) for version in _handed_over(settings, datasource, VALIDATED)]
    _hand_over(settings, datasource, GATED, judged)
    return judged


@dataclass(frozen=True)
class Outcome:
    """What a run read and refused, for the people who have to act; `problems` make the run fail."""

    accepted: int
    problems: list[str]
    ongoing: list[str]
    warnings: list[str]


def begin(settings: Settings) -> None:
    """Forget what an earlier run handed over."""
    files.remove(settings.paths.ingest)


def register(settings: Settings, datasources: Iterable[Datasource]) -> Outcome:
    """Write the verdicts of all datasources into the ledger, in one step, and tell the quarantine."""
    datasources = tuple(datasources)
    before = Ledger.read(settings.paths.ledger)
    judged = [version for datasource in datasources for version in _handed_over(settings, datasource, GATED)]
    after = before.with_versions(judged)
    for datasource in datasources:
        if (synced := _synced(settings, datasource)) is not None:
            there = {arrival["path"] for arrival in synced["arrivals"]} | set(synced["refused_and_still_there"])
            after = after.without_withdrawn(datasource.datasource_id, there)
    known = {(v.number, v.verdict) for v in before.versions}
    if after.versions != before.versions:
        with files.locked(settings.paths.lock, "refresh"):
            after.write(settings.paths.ledger)
    _tell_quarantine(settings, after)
    refused = after.refused()
    new_refusals = [_sentence(v) for v in refused if (v.number, v.verdict) not in known]
    errors, warnings = _findings_of_sync(settings, datasources)
    outcome = Outcome(
        accepted=sum(v.verdict == "accepted" and (v.number, v.verdict) not in known for v in after.versions),
        problems=new_refusals + [problem for source in datasources for problem in _unfinished(settings, source, after)] + errors,
        ongoing=[_sentence(v) for v in refused if (v.number, v.verdict) in known],
        warnings=warnings + [f"{v.path}: {finding}" for v in judged for finding in v.findings if finding.severity == "warning"],
    )
    files.write_json(settings.paths.ingest / "outcome.json", asdict(outcome))
    return outcome


def read_outcome(settings: Settings) -> Outcome | None:
    path = settings.paths.ingest / "outcome.json"
    return Outcome(**files.read_json(path)) if path.exists() else None


def _sentence(version: FileVersion) -> str:
    return f"{version.path} is refused: {'; '.join(version.reasons)}"


def _findings_of_sync(settings: Settings, datasources: Iterable[Datasource]) -> tuple[list[str], list[str]]:
    errors: list[str] = []
    warnings: list[str] = []
    for datasource in datasources:
        for finding in (_synced(settings, datasource) or {"findings": []})["findings"]:
            (errors if finding["severity"] == "error" else warnings).append(str(Finding(**finding)))
    return errors, warnings


def _unfinished(settings: Settings, datasource: Datasource, ledger: Ledger) -> list[str]:
    """What kept a datasource from being read; nothing of it is lost, the next run goes on from here."""
    folder = settings.paths.ingest / datasource.datasource_id
    if _synced(settings, datasource) is None:
        return [f"{datasource.datasource_id}: {datasource.location} could not be read; the task {datasource.datasource_id}.sync, or one before it, says why"]
    if not (folder / GATED).exists():
        return [f"{datasource.datasource_id}: its files were not judged; {datasource.datasource_id}.validate_schema or .quality_gate says why"]
    if not ledger.latest(datasource.datasource_id):
        return [
            f"{datasource.datasource_id}: no file was ever seen at {datasource.location}; check location and file_pattern in datasources_config.csv, or set its status to disabled"
        ]
    return []


def _version(arrival: Arrival, found: Validation, as_of: datetime, skipped: SkippedChecks) -> FileVersion:
    kept = tuple(finding for finding in found.findings if finding.check not in skipped.names)
    accepted = replace(found, findings=kept).accepted
    return FileVersion(
        number=0,
        datasource_id=arrival.datasource_id,
        building_id=arrival.building_id,
        path=arrival.path,
        size=arrival.size,
        modified=arrival.modified,
        sha256=arrival.sha256,
        first_seen=as_of,
        verdict="accepted" if accepted else "refused",
        findings=kept,
        layout=found.layout,
        rows=found.rows,
        cells=found.cells,
        nulls=found.nulls,
        first_reading=found.first_reading,
        last_reading=found.last_reading,
        skipped_checks=skipped.entries,
    )


def _hand_over(settings: Settings, datasource: Datasource, name: str, judged: list[FileVersion]) -> None:
    files.write_json(settings.paths.ingest / datasource.datasource_id / name, [judged_to_json(version) for version in judged])


def _handed_over(settings: Settings, datasource: Datasource, name: str) -> list[FileVersion]:
    path = settings.paths.ingest / datasource.datasource_id / name
    return [judged_from_json(row) for row in files.read_json(path)] if path.exists() else []


def _synced(settings: Settings, datasource: Datasource) -> dict[str, Any] | None:
    """What sync handed over; None if it did not end."""
    path = settings.paths.ingest / datasource.datasource_id / "arrivals.json"
    return files.read_json(path) if path.exists() else None


def _tell_quarantine(settings: Settings, ledger: Ledger) -> None:
    """One page for each refused file; the pages of files that have been cured go."""
    pages = {}
    for version in ledger.refused():
        landed = settings.paths.landed(version.building_id, version.datasource_id, version.path, version.sha256)
        page = settings.paths.quarantine / version.building_id / version.datasource_id / f"{version.path}.json"
        pages[page] = {
            "file": version.path,
            "refused_because": [finding.message + (f" ({finding.where})" if finding.where else "") for finding in _errors(version)],
            "what_to_do": list(dict.fromkeys(finding.cure for finding in _errors(version))),
            "untouched_file": str(landed.relative_to(settings.paths.root)),
            "sha256": version.sha256,
            "first_seen": version.first_seen.isoformat(),
        }
    for stale in set(settings.paths.quarantine.rglob("*.json")) - set(pages):
        files.remove(stale)
    for page, content in pages.items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if not page.exists() or page.read_bytes() != text.encode():
            files.write_text(page, text)


def _errors(version: FileVersion) -> list[Finding]:
    return [finding for finding in version.findings if finding.severity == "error"]
