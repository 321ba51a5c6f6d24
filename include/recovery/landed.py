"""Makes sure that the inputs of a build are on this machine, with their values landed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from include.core.errors import PlatformError
from include.core.settings import Settings
from include.formats.declared import Circumstances, Declared
from include.formats.landed_values import is_landed
from include.ingest.validate import read_version
from include.ledger.ledger import LOST, FileVersion, Finding
from include.registry import Run
from include.sources.landed import is_landed_whole

NO_COPY = (
    "the file is damaged or missing, and no copy of it is left on the state remote or the drive"
)


@dataclass(frozen=True)
class Landed:
    """What `ensure_landed` did: versions whose values were landed again, and versions that cannot
    be read any more.
    """

    again: list[FileVersion]
    lost: list[FileVersion]


def ensure_landed(
    run: Run, versions: Iterable[FileVersion], just_landed: Collection[tuple[str, str, str]] = ()
) -> Landed:
    """Land again what has gone missing or was damaged since; a version of which no copy is left
    stops nothing.

    `just_landed` names what this run has landed itself (datasource, path, digest): it is not read
    twice.
    """
    again, gone = [], []
    for version in versions:
        if _is_whole(
            run.settings,
            version,
            (version.datasource_id, version.path, version.sha256) in just_landed,
        ):
            continue
        problem = _land_again(run, version)
        if problem:
            gone.append(lost(version, problem))
        else:
            again.append(version)
    return Landed(again, gone)


def lost(version: FileVersion, problem: str) -> FileVersion:
    """An accepted version of which there is nothing left to read."""
    finding = Finding(
        LOST,
        "error",
        problem,
        where=version.path,
        cure="Put the file back on the drive under its old name (docs/runbook.md, lost inputs)",
    )
    kept = tuple(finding for finding in version.findings if finding.check != LOST)
    return replace(version, verdict="refused", findings=(*kept, finding))


def _land_again(run: Run, version: FileVersion) -> str:
    """Why the version cannot be landed; empty if it was."""
    if not is_landed_whole(run, version):
        return NO_COPY
    assert version.layout is not None
    now = Circumstances(
        run.as_of,
        {version.layout.device: version.layout.others},
        [entry.partition(":")[0] for entry in version.skipped_checks],
    )
    try:
        found = read_version(
            run.settings,
            Declared.of(run.registry, run.registry.datasource(version.datasource_id)),
            version,
            now,
        )
    except PlatformError as error:
        return f"its values are missing, and it cannot be read again: {error.what}"
    if found.layout is None or (found.layout.columns, found.layout.date_format, found.rows) != (
        version.layout.columns,
        version.layout.date_format,
        version.rows,
    ):
        return (
            "its values are missing, and it is read differently than when it was accepted, "
            "since the declaration of its datasource has changed"
        )
    return ""


def _is_whole(settings: Settings, version: FileVersion, is_new: bool) -> bool:
    assert version.layout is not None
    path = settings.paths.landed_values(
        version.building_id, version.datasource_id, version.sha256, version.path
    )
    return path.exists() and (is_new or is_landed(path, version.layout, version.rows))
