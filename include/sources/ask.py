"""Asks an address for the answers that the ledger does not have, and lands each as a file."""

import logging
import zlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from include.core import files
from include.core.errors import RemoteError, RemoteGone
from include.ledger.ledger import Arrival, FileVersion, Finding
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.port import Answer, Endpoint

log = logging.getLogger(__name__)

# of one run: the rest comes with the next ones, and a wrong row asks nobody ten thousand times
MOST_ANSWERS = 400
MOST_FAILURES = 3  # in a row, before an address is left alone
MOST_NAMED = 3  # causes


def is_due(answer: Answer, version: FileVersion | None) -> bool:
    """Whether an answer is to be asked for: it is not known, it was asked for before it had
    settled, or what came was refused. A file of that name from a drive is none.
    """
    if version is None or not version.modified.endswith("+00:00"):
        return True
    return version.verdict == "refused" or version.modified < answer.modified


def in_order(
    answers: Collection[Answer], known: dict[str, FileVersion], as_of: datetime
) -> list[Answer]:
    """The answers that are due, as they are to be asked for.

    First what stays missing if it is not asked for now, then the newest; then what was missed, from
    another place in each run, so that one that cannot be asked for keeps no other back; then what
    may have been corrected, or was refused.
    """
    due = [answer for answer in answers if is_due(answer, known.get(answer.path))]
    moments = [answer for answer in due if answer.is_of_the_moment]
    series = [answer for answer in reversed(due) if not answer.is_of_the_moment]
    missing = [answer for answer in series if answer.path not in known]
    again = [answer for answer in series if answer.path in known]
    newest, missed = missing[:1], missing[1:]
    start = zlib.crc32(as_of.isoformat().encode()) % len(missed) if missed else 0
    return [*moments, *newest, *missed[start:], *missed[:start], *again]


def ask_what_is_due(
    run: Run,
    datasource: Datasource,
    endpoint: Endpoint,
    answers: Collection[Answer],
    known: dict[str, FileVersion],
) -> tuple[list[Arrival], list[Finding]]:
    """Those of the answers that came, and what kept others from coming.

    An address that does not answer is left alone until the next run. Whatever did not come is due
    again then, since the ledger does not have it.
    """
    due = in_order(answers, known, run.as_of)
    incoming = run.settings.paths.incoming / datasource.datasource_id
    files.remove(incoming)
    incoming.mkdir(parents=True)
    arrivals: list[Arrival] = []
    failures: list[RemoteError] = []
    in_a_row = 0
    for answer in due[:MOST_ANSWERS]:
        copy = incoming / answer.path
        try:
            endpoint.ask(answer.path, copy)
        except RemoteError as error:
            failures.append(error)
            in_a_row = 0 if isinstance(error, RemoteGone) else in_a_row + 1
            if in_a_row == MOST_FAILURES:
                break
        else:
            arrivals.append(_land(run, datasource, answer, copy))
            in_a_row = 0
    waiting = len(due) - len(arrivals) - len(failures)
    log.info(
        "%s: answers due: %d, received: %d (%s bytes)",
        datasource.datasource_id,
        len(due),
        len(arrivals),
        f"{sum(arrival.size for arrival in arrivals):,}",
    )
    return arrivals, _findings(datasource, failures, waiting)


def _findings(datasource: Datasource, failures: list[RemoteError], waiting: int) -> list[Finding]:
    """Each cause once, the first ones by name."""
    causes = {(failure.what, failure.cure): failure for failure in reversed(failures)}
    named = list(causes.values())[::-1][:MOST_NAMED]
    findings = [
        Finding("no_answer", "error", error.what, where=error.where, cure=error.cure)
        for error in named
    ]
    place = datasource.location
    if more := len(failures) - len(named):
        what = f"{more} more answers did not come"
        cure = "Compare the first ones with their row in http_requests.csv"
        findings.append(Finding("no_answer", "error", what, where=place, cure=cure))
    if waiting:
        what = f"{waiting} answers were not asked for in this run"
        cure = "The next runs ask for them"
        findings.append(Finding("answers_wait", "warning", what, where=place, cure=cure))
    return findings


def _land(run: Run, datasource: Datasource, answer: Answer, copy: Path) -> Arrival:
    size, digest = copy.stat().st_size, files.sha256(copy)
    place = (datasource.building_id, datasource.datasource_id, digest)
    landed = run.settings.paths.landed(*place)
    if not (landed.is_file() and files.sha256(landed) == digest):
        files.move(copy, landed)
    return Arrival(
        datasource.datasource_id,
        datasource.building_id,
        answer.path,
        size,
        answer.modified,
        digest,
    )
