"""Says what file versions are: reads each by what is declared now, and again where other files
decide.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeGuard

from include.core.errors import ConfigurationError
from include.formats.declared import Circumstances, Declared
from include.formats.members import EMPTY
from include.ingest.validate import SKIPPABLE, Validation, read_version
from include.ledger.ledger import FileVersion, Finding, Ledger, Verdict
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.landed import is_landed_whole


@dataclass(frozen=True)
class SkippedChecks:
    """Checks that this run skips, and why; the reason is written to the ledger and the lineage."""

    names: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.names) - SKIPPABLE)
        if unknown:
            raise ConfigurationError(
                f"these checks cannot be skipped: {', '.join(unknown)}",
                where="parameter skip_checks",
                cure=f"only: {', '.join(sorted(SKIPPABLE))}",
            )
        if self.names and not self.reason.strip():
            raise ConfigurationError(
                "a skipped check needs a reason",
                where="parameter skip_reason",
                cure="say why; it is written to the lineage",
            )

    @property
    def entries(self) -> tuple[str, ...]:
        """The checks as the lineage has them: `check: reason`."""
        return tuple(f"{name}: {self.reason.strip()}" for name in self.names)


def judge(
    run: Run,
    datasource: Datasource,
    ledger: Ledger,
    versions: list[FileVersion],
    skipped: SkippedChecks,
) -> list[FileVersion]:
    """Read the files of these versions and say what they are; also of those whose date order they
    help to prove.

    Versions without a number are new. One that was accepted, and cannot be read by what is declared
    now, stays as it was read: a seed never takes back what is published (withdrawals.csv does).
    """
    declared, withdrawn = Declared.of(run.registry, datasource), run.registry.withdrawn(run.as_of)
    before = {v.number: v for v in ledger.of(datasource.building_id).versions}

    def judge_all(
        some: list[FileVersion], others: dict[str, tuple[str, ...]]
    ) -> dict[tuple[int, str], FileVersion]:
        now = Circumstances(run.as_of, others, skipped.names)
        # pyarrow parses outside the interpreter lock, and one of three waits for the disk; JSON is
        # parsed inside of it, where threads would only wait for each other
        with ThreadPoolExecutor(1 if datasource.is_packed else 3) as pool:
            done = pool.map(
                lambda version: _judge_one(
                    run, declared, version, now, skipped, before.get(version.number)
                ),
                some,
            )
        return {(version.number, version.path): version for version in done if version is not None}

    others = ledger.proven_by_themselves(datasource.datasource_id, withdrawn)
    judged = judge_all(versions, others)
    proven = ledger.with_versions(judged.values()).proven_by_themselves(
        datasource.datasource_id, withdrawn
    )
    known = {
        (v.number, v.path): v
        for v in ledger.versions
        if v.datasource_id == datasource.datasource_id
    } | judged
    is_stale = {
        key
        for key, version in known.items()
        if _hangs_on_others(version, proven) and (proven != others or key not in judged)
    }
    judged |= judge_all([known[key] for key in sorted(is_stale)], proven)
    return list(judged.values())


def _hangs_on_others(version: FileVersion, proven: dict[str, tuple[str, ...]]) -> bool:
    """Whether the verdict rests, or could rest, on what other files have proven, and that is
    another thing now.
    """
    if version.verdict == "refused":
        return any(finding.check == "date_order" for finding in version.findings)
    layout = version.layout
    return (
        layout is not None
        and layout.basis in ("other files", "steadiness")
        and layout.others != proven.get(layout.device, ())
    )


def _judge_one(
    run: Run,
    declared: Declared,
    version: FileVersion,
    now: Circumstances,
    skipped: SkippedChecks,
    before: FileVersion | None,
) -> FileVersion | None:
    """The version with its verdict; None if there is no copy of the file, so that an old verdict
    stands. `before` is its row in the ledger.
    """
    if version.parts and not declared.datasource.is_packed:
        return replace(version, judged_by=declared.fingerprint)  # as it was read before
    if version.number and not is_landed_whole(run, version):
        return None
    if version.parts and version.last_reading is not None:
        # it is read again as a whole, and what a later run has read of it is not the future
        now = replace(now, as_of=max(now.as_of, version.last_reading))
    found = read_version(run.settings, declared, version, now)
    judged = _judged(version, found, declared, skipped)
    if judged.verdict != "accepted" and _stays(before, declared):
        warning = Finding(
            "read_as_before",
            "warning",
            "cannot be read by what is declared now, so it is used as it was read before:"
            f" {'; '.join(judged.reasons[:1])}",
        )
        kept = tuple(finding for finding in before.findings if finding.check != warning.check)
        return replace(before, findings=(*kept, warning), judged_by=declared.fingerprint)
    return judged


def _stays(before: FileVersion | None, declared: Declared) -> TypeGuard[FileVersion]:
    """Whether a version that cannot be read now stays as it was: it was accepted, and it is a pack,
    or its declarations were others.
    """
    return (
        before is not None
        and before.verdict == "accepted"
        and before.layout is not None
        and (bool(before.parts) or before.layout.declared != declared.fingerprint)
    )


def _judged(
    version: FileVersion, found: Validation, declared: Declared, skipped: SkippedChecks
) -> FileVersion:
    kept = tuple(finding for finding in found.findings if finding.check not in skipped.names)
    accepted = replace(found, findings=kept).accepted
    facts = {
        name: getattr(found, name) for name in found.__dataclass_fields__ if name != "findings"
    }
    if not accepted:
        facts["months"] = version.months  # those in which it had readings while it was accepted
    verdict: Verdict = "accepted" if accepted else "refused"
    is_empty = {finding.check for finding in kept} <= {*EMPTY}
    if not accepted and is_empty and declared.datasource.is_asked:
        verdict = "empty"  # nothing was measured in its time
    return replace(
        version,
        verdict=verdict,
        findings=kept,
        **facts,
        judged_by=declared.fingerprint,
        skipped_checks=skipped.entries,
    )
