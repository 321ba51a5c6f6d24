"""What `make run` says in the end, and its exit code: read from ledger and release, not from task
states.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from rich.console import Console

from cli.environment import as_of_note
from include.core.clock import END_OF_TIME, is_future
from include.core.errors import RemoteError
from include.core.masking import mask
from include.core.plain_text import counted, visible
from include.core.settings import Settings
from include.engines.timeseries.port import engine_used
from include.ingest.register import read_outcome
from include.ledger.ledger import FileVersion, Ledger
from include.monitoring.health import health_file, read_health
from include.planning.plan import plan_readings
from include.registry import Registry, Run
from include.release import release as releases
from include.release.publications import publication_runs
from include.release.release import Release, settings_at
from include.release.upload import is_offered
from include.store import archive, readings, stale
from include.store.readings import read_accounting, totals
from include.store.store import Store

PUBLISHED, NOT_PUBLISHED, PUBLISHED_WITHOUT_SOME = 0, 1, 2
SHOWN = 5


Made = dict[str, Release | None]  # by publication: the release of what there is


def summary(console: Console, run: Run, before: Collection[str], log: str) -> int:
    """Print what was read, refused and published, and what to try next; returns the exit code.

    `before`: the versions that were the last ones when the run began.
    """
    outcome = read_outcome(run.settings)
    publications = publication_runs(run)
    made: Made = {own.settings.publication: releases.find(own) for own in _with_data(publications)}
    undone = (
        what_is_undone(run, made, outcome.kept)
        if outcome
        else "the drives were not read to the end"
    )
    console.print()
    if note := as_of_note(run.settings):
        console.print(note, markup=False)
    for sentence in outcome.notes if outcome else []:
        console.print(f"State     {sentence}", markup=False)
    _print_counts(console, run, outcome.accepted if outcome else 0)
    _print_health(console, run.settings)
    problems = [*outcome.problems, *outcome.ongoing] if outcome else []
    _print_some(console, "✗", "red", problems)
    _print_some(console, "·", "dim", outcome.warnings if outcome else [])
    if (last := releases.newest(run.settings)) and is_future(last.as_of):
        console.print(
            f"\n[red]Not published[/]: the release {last.version} is of the future, so every run"
            f" before {last.as_of:%Y-%m-%d} is a replay that replaces nothing.\nTake it back:"
            " .venv/bin/python cli/take_back_future.py (docs/runbook.md, I published a day in the"
            " future)"
        )
        return NOT_PUBLISHED
    if replay := replay_note(run.as_of, last, "make run"):
        console.print(replay, markup=False, style="yellow")
    if None in made.values() or undone or (publications and not made):
        console.print(
            f"\n[red]Not published[/]{': ' if undone else ''}{undone}. The last release stands:"
            f" {', '.join(before) or 'none yet'}.\nEverything that was said: {log}"
        )
        return NOT_PUBLISHED
    if not made:
        console.print("Release   none: those of several buildings are made by a run of all")
    for release in filter(None, made.values()):
        news = (
            "nothing new: the last release stands"
            if release.version in before
            else "replayed"
            if replay
            else "published"
        )
        console.print(f"Release   {release.version} ({news})\n          {release.path}")
    _print_next(console, next(iter(made.values()), None))
    is_complete = not problems and not refused_files(Ledger.read(run.settings.paths), run.registry)
    return PUBLISHED if is_complete else PUBLISHED_WITHOUT_SOME


def _with_data(publications: Iterable[Run]) -> list[Run]:
    """Those of which anything was ever aggregated."""
    return [own for own in publications if Store(own.settings).archive_manifest]


def _print_next(console: Console, release: Release | None) -> None:
    """What to try next."""
    console.print(
        "\nNext      make ui                         the same DAGs in Airflow's own pages"
    )
    if release is not None:
        hourly = release.path / "public_dataset_hourly.parquet"
        console.print(
            "          .venv/bin/python -c"
            f""" "import duckdb; duckdb.sql(\\"from '{hourly}' limit 9\\").show()" """,
            markup=False,
            soft_wrap=True,
        )


def _print_counts(console: Console, run: Run, new: int) -> None:
    """What was read, how it adds up, and what was refused."""
    ledger = Ledger.read(run.settings.paths)
    accepted = [version for version in ledger.versions if version.verdict == "accepted"]
    withdrawn = run.registry.withdrawn(run.as_of)
    read = [
        v
        for v in accepted
        if run.registry.uses(v.building_id, v.datasource_id) and v.sha256 not in withdrawn
    ]
    taken_out = (
        f", {len(accepted) - len(read):,} more withdrawn or removed"
        if len(read) < len(accepted)
        else ""
    )
    console.print(
        f"Read      {counted(len(read), 'file version')} accepted, {new:,} of them in this"
        f" run{taken_out}"
    )
    rows, rejected = (
        sum(version.rows for version in read),
        sum(version.rejected for version in read),
    )
    console.print(f"Lines     {rows + rejected:,} = {rows:,} accepted + {rejected:,} rejected")
    sums = totals(read_accounting(run.settings))
    console.print(
        f"Cells     {sums['cells']:,} = {sums['readings']:,} readings + {sums['nulls']:,} empty +"
        f" {sums['unmapped']:,} unmapped + {sums['ignored']:,} ignored + {sums['unparsable']:,}"
        " unreadable"
    )
    console.print(
        f"Readings  {sums['readings']:,} = {sums['kept']:,} kept + {sums['duplicates']:,}"
        f" duplicates + {sums['superseded']:,} superseded"
    )
    refused = refused_files(ledger, run.registry)
    console.print(
        f"Refused   {counted(len(refused), 'file')}"
        + (f", see {run.settings.paths.quarantine}" if refused else ""),
        markup=False,
    )
    engine = engine_used(run.settings)
    if "instead_of" in engine:
        console.print(
            f"Engine    {engine['timeseries_engine']}: {engine['instead_of'].splitlines()[0]}",
            markup=False,
        )


def _print_health(console: Console, settings: Settings) -> None:
    """The open incidents: errors first, then warnings."""
    causes = [cause for cause in read_health(settings) if cause.is_open and not cause.silenced_by]
    errors = [cause for cause in causes if cause.severity == "error"]
    warnings = [cause for cause in causes if cause.severity != "error"]
    where = f", see {health_file(settings)}" if causes else ""
    console.print(
        f"Health    {counted(len(errors), 'problem')}, {counted(len(warnings), 'warning')}{where}",
        markup=False,
    )
    for cause in [*errors, *warnings][:SHOWN]:
        mark, colour = ("!", "yellow") if cause in errors else ("·", "dim")
        console.print(
            f"  {mark} {cause.message} {cause.since:%Y-%m-%d %H:%M} to"
            f" {cause.until:%Y-%m-%d %H:%M} UTC",
            markup=False,
            style=colour,
        )


def _print_some(console: Console, mark: str, colour: str, sentences: list[str]) -> None:
    """The first sentences, and how many more there are."""
    for sentence in sentences[:SHOWN]:
        console.print(f"  {mark} {visible(sentence)}", markup=False, style=colour)
    if len(sentences) > SHOWN:
        console.print(
            f"  … and {len(sentences) - SHOWN} more; the task `report` of refresh lists all"
        )


def refused_files(ledger: Ledger, registry: Registry) -> list[FileVersion]:
    """The refused files of datasources that are read."""
    return [version for version in ledger.refused() if registry.reads(version.datasource_id)]


def replay_note(as_of: datetime, last: Release | None, command: str) -> str:
    """Says that a run as of that time is a replay, and how to continue; empty if it is none."""
    if last is None or as_of >= last.as_of:
        return ""
    return (
        f"Replay    as of {as_of:%Y-%m-%dT%H:%MZ}, which is older than the newest release"
        f" {last.version}: `latest` stays as it is.\n          To continue from the newest release:"
        f" AS_OF={last.as_of:%Y-%m-%dT%H:%MZ} {command}, or a later time.\n          To start over:"
        f" DATA_DIR=<new folder> {command}"
    )


def what_is_undone(run: Run, made: Made, kept: Collection[str]) -> str:
    """What a failed step has left for the next run; empty if nothing.

    Batches of `kept` months are published as they were.
    """
    months = [
        plan
        for plan in stale.months_to_build(
            run.settings, plan_readings(replace(run, as_of=END_OF_TIME))
        )
        if plan.batch not in kept
    ]
    if months:
        return f"{counted(len(months), 'month')} of readings not built"
    if not readings.dimensions_are_current(run):
        return "the dimensions are not built from the seeds as they are"
    for own in publication_runs(run):
        current = made.get(own.settings.publication)
        if current and (problem := _is_not_offered(own, current)):
            return problem
    return ""


def _is_not_offered(run: Run, current: Release) -> str:
    """Why readers of a publication do not get what there is; empty if they do."""
    if settings_at(run.settings, current.as_of).replay:
        return ""
    if archive.windows_to_build(replace(run, as_of=current.as_of)):
        return "aggregates are not computed"
    latest = releases.latest(run.settings)
    try:
        stands = latest is not None and is_offered(run.settings, latest)
    except RemoteError as error:
        return f"{mask(run.settings.publish_remote)} cannot be read ({error.what.splitlines()[0]})"
    return "" if stands else f"{current.version} is not yet on {mask(run.settings.publish_remote)}"
