"""One or two lines of Markdown that sum up a run, for the list of runs."""

from include.core.plain_text import counted, plain
from include.core.settings import Settings
from include.ingest.register import read_outcome
from include.monitoring.health import read_health
from include.release import release as releases
from include.store.readings import read_accounting, totals


def run_note(settings: Settings, dag_id: str) -> str:
    """What a run of that DAG has just left in DATA_DIR; empty for a DAG that leaves nothing to
    count.
    """
    if dag_id == "refresh" and (outcome := read_outcome(settings)):
        kept = totals(read_accounting(settings))["kept"]
        refused = [*outcome.problems, *outcome.ongoing]
        return "\n".join(
            [
                (
                    f"{counted(outcome.accepted, 'new file')} accepted,"
                    f" {counted(len(refused), 'problem')}; {counted(kept, 'reading')} kept in all"
                ),
                *map(plain, refused),
            ]
        )
    if dag_id == "aggregate_and_publish" and (release := releases.latest(settings)):
        return f"latest release: {release.version}"
    if dag_id == "monitor_quality":
        loud = [cause for cause in read_health(settings) if cause.is_open and not cause.silenced_by]
        errors = [cause.message for cause in loud if cause.severity == "error"]
        return "\n".join(
            [
                f"{counted(len(errors), 'problem')}, {counted(len(loud) - len(errors), 'warning')}",
                *map(plain, errors),
            ]
        )
    return ""
