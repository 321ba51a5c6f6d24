"""Asks an address for the answers that the ledger does not have, and lands each as a file."""

import logging
from pathlib import Path

from include.core import files
from include.core.errors import RemoteError, RemoteGone
from include.core.rclone import RemoteFile
from include.ledger.ledger import Arrival, FileVersion, Finding
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.port import Endpoint

log = logging.getLogger(__name__)

# of one run: the rest comes with the next ones, and a wrong row asks nobody ten thousand times
MOST_ANSWERS = 400
MOST_ODD = 3  # answers that an address does not have, before it is left alone


def is_due(answer: RemoteFile, version: FileVersion | None) -> bool:
    """Whether an answer is to be asked for: it is not known, it was asked for before it had
    settled, or what came was refused.
    """
    if version is None or version.verdict in ("gone", "refused"):
        return True
    return version.modified < answer.modified


def ask_what_is_due(
    run: Run, datasource: Datasource, endpoint: Endpoint, known: dict[str, FileVersion]
) -> tuple[list[Arrival], list[Finding]]:
    """The answers that came, oldest first, and what kept others from coming.

    An address that does not answer is left alone until the next run. Whatever did not come is due
    again then, since the ledger does not have it.
    """
    due = [answer for answer in endpoint.answers() if is_due(answer, known.get(answer.path))]
    incoming = run.settings.paths.incoming / datasource.datasource_id
    files.remove(incoming)
    incoming.mkdir(parents=True)
    arrivals: list[Arrival] = []
    findings: list[Finding] = []
    for answer in due[:MOST_ANSWERS]:
        copy = incoming / answer.path
        try:
            endpoint.ask(answer.path, copy)
        except RemoteError as error:
            findings.append(
                Finding("no_answer", "error", error.what, where=error.where, cure=error.cure)
            )
            if not isinstance(error, RemoteGone) or len(findings) == MOST_ODD:
                break
            continue
        arrivals.append(_land(run, datasource, answer, copy))
    if waiting := len(due) - len(arrivals) - len(findings):
        findings.append(
            Finding(
                "answers_wait",
                "warning",
                f"{waiting} answers were not asked for in this run",
                where=datasource.location.partition("?")[0],
                cure="The next runs ask for them",
            )
        )
    log.info(
        "%s: answers due: %d, received: %d (%s bytes)",
        datasource.datasource_id,
        len(due),
        len(arrivals),
        f"{sum(arrival.size for arrival in arrivals):,}",
    )
    return arrivals, findings


def _land(run: Run, datasource: Datasource, answer: RemoteFile, copy: Path) -> Arrival:
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
