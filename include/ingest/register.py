"""The steps between landing and the ledger: judge what arrived, pass the gate, write the verdicts
down.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from include.core import files
from include.core.settings import Settings
from include.formats.declared import Declared
from include.ingest import gate
from include.ingest.judge import SkippedChecks, judge
from include.ingest.outgrown import remove_outgrown
from include.ingest.quarantine import write_pages
from include.ledger.ledger import (
    Arrival,
    FileVersion,
    Finding,
    Ledger,
    judged_from_json,
    judged_to_json,
    redact,
)
from include.registry import Registry, Run
from include.registry.rows import Datasource

VALIDATED, GATED = (
    "validated.json",
    "gated.json",
)  # what the tasks hand over, one folder a datasource
OUTCOME, NOTES = "outcome.json", "notes.json"  # of a run
DRIVES = "drives.json"  # in findings/: what of each datasource the last run could not read


def validate_arrivals(
    run: Run, datasource: Datasource, skipped: SkippedChecks
) -> list[FileVersion]:
    """Judge what sync brought, and once more the versions whose verdict may be another one by now.

    These are: refused ones (the seeds may have been corrected), ones read by other declarations,
    and ones that held readings in the future.
    """
    folder = run.settings.paths.ingest / datasource.datasource_id
    arrivals = [
        Arrival(**arrival | {"parts": tuple(arrival["parts"])})
        for arrival in files.read_json(folder / "arrivals.json")["arrivals"]
    ]
    arrived, contents = (
        {arrival.path for arrival in arrivals},
        {(arrival.path, arrival.sha256) for arrival in arrivals},
    )
    ledger = Ledger.read(run.settings.paths, datasource.building_id)
    fingerprint = Declared.of(run.registry, datasource).fingerprint
    growing = {arrival.number for arrival in arrivals if arrival.number}
    grown = {version.number: version for version in ledger.versions if version.number in growing}
    again = [
        v
        for v in ledger.refused()
        if v.datasource_id == datasource.datasource_id and (v.was_accepted or v.path not in arrived)
    ]
    again = [v for v in again if (v.path, v.sha256) not in contents]
    again += [
        v
        for v in ledger.versions
        if v.datasource_id == datasource.datasource_id
        and v.verdict == "accepted"
        and (
            v.judged_by != fingerprint or (v.judge_again is not None and v.judge_again <= run.as_of)
        )
    ]
    again = [v for v in again if v.number not in grown]
    judged = judge(
        run,
        datasource,
        ledger,
        [*(_unjudged(arrival, run.as_of, grown) for arrival in arrivals), *again],
        skipped,
    )
    _hand_over(run.settings, datasource, VALIDATED, judged)
    return judged


def _unjudged(arrival: Arrival, as_of: datetime, grown: Mapping[int, FileVersion]) -> FileVersion:
    """What came as a version; a pack that has grown is the one that is known."""
    if known := grown.get(arrival.number):
        return replace(known, **asdict(arrival))
    return FileVersion(first_seen=as_of, verdict="refused", **asdict(arrival))


def pass_gate(
    settings: Settings, registry: Registry, datasource: Datasource, skipped: SkippedChecks
) -> list[FileVersion]:
    """Apply the quality gate to what validation handed over; what has passed it before stays."""
    known = Ledger.read(settings.paths, datasource.building_id).versions
    passed = {
        v.number: v
        for v in known
        if v.verdict == "accepted" and v.datasource_id == datasource.datasource_id
    }
    validated = _handed_over(settings, datasource, VALIDATED)
    new = (v for v in validated if v.layout is not None and v.number not in passed)
    counts = gate.RowCounts([*passed.values(), *new])
    checks = registry.checks_of(datasource)
    judged = [
        gate.judge(
            version,
            datasource,
            skipped.names,
            checks,
            counts.before(version),
            has_passed=version.number in passed,
        )
        for version in validated
    ]
    _hand_over(settings, datasource, GATED, judged)
    return judged


@dataclass(frozen=True)
class Outcome:
    """What a run read and refused, for the people who have to act; `problems` make the run fail."""

    accepted: int
    problems: list[str]
    ongoing: list[str]
    warnings: list[str]
    notes: list[str]  # what a run did of itself, such as bringing the state up to date
    kept: list[str] = field(
        default_factory=list
    )  # batches of months that would have lost readings, so the stored ones were kept


def begin(settings: Settings) -> None:
    """Forget what an earlier run handed over."""
    files.remove(settings.paths.ingest)


def note(settings: Settings, sentence: str) -> None:
    """Remember something that the run did of itself, for its report."""
    files.write_json(
        settings.paths.ingest / NOTES, [*files.read_or(settings.paths.ingest / NOTES, []), sentence]
    )


def give_up(settings: Settings, lost: list[FileVersion], restricted: Collection[str] = ()) -> None:
    """Write into ledger and report that these versions cannot be read any more; every later run
    tries again.

    Of `restricted` buildings the report names no file.
    """
    with files.locked(settings.paths.lock, "refresh"):
        before = Ledger.read(settings.paths)
        ledger = before.replaced(lost)
        ledger.write(settings.paths, before)
    write_pages(settings, ledger)
    add_problems(settings, [_sentence(version) for version in redact(lost, restricted)])


def add_problems(settings: Settings, problems: list[str], kept: Collection[str] = ()) -> None:
    """Report what was found after the verdicts were written down, and the batches whose stored
    months were kept for it.
    """
    if problems and (outcome := read_outcome(settings)):
        files.write_json(
            settings.paths.ingest / OUTCOME,
            asdict(replace(outcome, problems=[*outcome.problems, *problems], kept=sorted(kept))),
        )


def just_landed(run: Run) -> set[tuple[str, str, str]]:
    """Datasource, path and digest of what this run has landed itself."""
    judged = [
        version
        for source in run.registry.active_datasources
        for version in _handed_over(run.settings, source, VALIDATED)
    ]
    return {(version.datasource_id, version.path, version.sha256) for version in judged}


def register(
    settings: Settings,
    datasources: Iterable[Datasource],
    withdrawn: Collection[str] = (),
    wrong_rows: Iterable[str] = (),
    restricted: Collection[str] = (),
    not_read: Collection[str] = (),
) -> Outcome:
    """Write the verdicts of all datasources into the ledger, in one step, and the pages of the
    quarantine.

    `withdrawn` are the digests of files that people have taken out: their refusal is over.
    `wrong_rows` of the seeds are problems of every run until they are corrected. The outcome has no
    name and no text of files of `restricted` buildings. What is known of datasources `not_read` in
    this run stays.
    """
    datasources = tuple(datasources)
    before = Ledger.read(settings.paths)
    judged = [
        version
        for datasource in datasources
        for version in _handed_over(settings, datasource, GATED)
    ]
    own = {
        building_id: Ledger(versions)
        for building_id, versions in before.with_versions(judged).by_building().items()
    }
    for datasource in datasources:
        ledger, synced = own.get(datasource.building_id), _synced(settings, datasource)
        if ledger is not None and synced is not None:
            there = {arrival["path"] for arrival in synced["arrivals"]} | set(
                synced["refused_and_still_there"]
            )
            own[datasource.building_id] = ledger.without_gone(
                datasource.datasource_id, there, withdrawn
            )
    after = Ledger(version for ledger in own.values() for version in ledger.versions)
    known = {(v.key, v.verdict) for v in before.versions}
    contents = {(v.key, v.verdict, v.sha256) for v in before.versions}  # a pack grows
    if after.versions != before.versions:
        with files.locked(settings.paths.lock, "refresh"):
            after.write(settings.paths, before)
    remove_outgrown(settings, before, after)
    write_pages(settings, after)
    read = {datasource.datasource_id for datasource in datasources}
    refused = [version for version in after.refused() if version.datasource_id in read]
    refused = redact(refused, restricted)
    new_refusals = [_sentence(v) for v in refused if (v.key, v.verdict) not in known]
    counted = {(v.path, v.sha256, v.rejected) for v in before.versions if v.verdict == "accepted"}
    news = [v for v in judged if (v.path, v.sha256, v.rejected) not in counted]
    new_refusals += [
        f"{v.path}: {finding}"
        for v in redact(news, restricted)
        for finding in v.findings
        if finding.check == "many_rejected_lines"
    ]
    warnings, unread = [], {}
    for datasource in datasources:
        is_restricted = datasource.building_id in restricted
        errors, warned = _findings_of_sync(settings, datasource, is_restricted=is_restricted)
        place = "its location" if is_restricted else datasource.location
        unread[datasource.datasource_id] = (
            _unfinished(settings, datasource, place, own.get(datasource.building_id, Ledger()))
            + errors
        )
        warnings += warned
    _remember_unread(settings, unread, not_read)
    outcome = Outcome(
        accepted=sum(
            v.verdict == "accepted" and (v.key, v.verdict, v.sha256) not in contents
            for v in after.versions
        ),
        problems=[
            *wrong_rows,
            *new_refusals,
            *(problem for problems in unread.values() for problem in problems),
        ],
        ongoing=[_sentence(v) for v in refused if (v.key, v.verdict) in known],
        warnings=warnings
        + [
            f"{v.path}: {finding}"
            for v in redact(judged, restricted)
            for finding in v.findings
            if finding.severity == "warning" and finding.check != "many_rejected_lines"
        ],
        notes=files.read_or(settings.paths.ingest / NOTES, []),
    )
    files.write_json(settings.paths.ingest / OUTCOME, asdict(outcome))
    return outcome


def _remember_unread(
    settings: Settings, unread: dict[str, list[str]], not_read: Collection[str]
) -> None:
    """Write down what could not be read; of the datasources `not_read` what the last run wrote
    stays.
    """
    path = settings.paths.findings / DRIVES
    before = {name: found for name, found in files.read_or(path, {}).items() if name in not_read}
    problems = {name: found for name, found in (before | unread).items() if found}
    files.write_json(path, problems)


def read_outcome(settings: Settings) -> Outcome | None:
    """What the last registration handed over; None if there was none."""
    path = settings.paths.ingest / OUTCOME
    return Outcome(**files.read_json(path)) if path.exists() else None


def _sentence(version: FileVersion) -> str:
    return f"{version.path} is refused: {'; '.join(version.reasons)}"


def _findings_of_sync(
    settings: Settings, datasource: Datasource, *, is_restricted: bool
) -> tuple[list[str], list[str]]:
    """Its errors and its warnings."""
    findings = [
        Finding(**finding)
        for finding in (_synced(settings, datasource) or {"findings": []})["findings"]
    ]
    name = f"{datasource.datasource_id}: "
    errors, warnings = (
        [
            f"{name}{finding.redacted}" if is_restricted else str(finding)
            for finding in findings
            if (finding.severity == "error") is wanted
        ]
        for wanted in (True, False)
    )
    return errors, warnings


def _unfinished(
    settings: Settings, datasource: Datasource, place: str, ledger: Ledger
) -> list[str]:
    """What kept a datasource from being read; nothing of it is lost, the next run goes on from
    here. `place`: the location, as it may be named.
    """
    if _synced(settings, datasource) is None:
        return [
            f"{datasource.datasource_id}: {place} could not be read; the task"
            f" {datasource.datasource_id}.sync, or one before it, says why"
        ]
    if not is_gated(settings, datasource):
        return [
            f"{datasource.datasource_id}: its files were not judged;"
            f" {datasource.datasource_id}.validate_schema or .quality_gate says why"
        ]
    if not ledger.latest(datasource.datasource_id) and not datasource.is_asked:
        return [
            f"{datasource.datasource_id}: no file was ever seen at {place}; check"
            " location and file_pattern in datasources_config.csv, or set its status to disabled"
        ]
    return []


def is_synced(settings: Settings, datasource: Datasource) -> bool:
    """Whether its files were listed and copied in this run."""
    return _synced(settings, datasource) is not None


def is_gated(settings: Settings, datasource: Datasource) -> bool:
    """Whether all its files were judged in this run."""
    return (settings.paths.ingest / datasource.datasource_id / GATED).exists()


def is_validated(settings: Settings, datasource: Datasource) -> bool:
    """Whether its files were validated in this run."""
    return (settings.paths.ingest / datasource.datasource_id / VALIDATED).exists()


def _hand_over(
    settings: Settings, datasource: Datasource, name: str, judged: list[FileVersion]
) -> None:
    files.write_json(
        settings.paths.ingest / datasource.datasource_id / name,
        [judged_to_json(version) for version in judged],
    )


def _handed_over(settings: Settings, datasource: Datasource, name: str) -> list[FileVersion]:
    path = settings.paths.ingest / datasource.datasource_id / name
    return [judged_from_json(row) for row in files.read_json(path)] if path.exists() else []


def _synced(settings: Settings, datasource: Datasource) -> dict[str, Any] | None:
    """What sync handed over; None if it did not end."""
    path = settings.paths.ingest / datasource.datasource_id / "arrivals.json"
    return files.read_json(path) if path.exists() else None
