"""The small steps of `erase`; each calls one function of `include`."""

import logging

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.privacy import erasure
from include.registry.erased import Place
from include.replication import state
from sensor_platform.assets import READINGS
from sensor_platform.run_context import run_of

log = logging.getLogger(__name__)


def chosen_place() -> Place:
    """The place of the run's parameter. Fails the task without another try if there is none."""
    node_id = str(get_current_context()["params"]["place"])
    try:
        return erasure.place_to_erase(Settings.from_environment(), node_id)
    except ConfigurationError as error:
        raise AirflowFailException(str(error)) from error


@task
def forget_inputs() -> int:
    """Write the tombstone and forget the files of the place; here, and for other machines."""
    run, place = run_of(get_current_context()), chosen_place()
    state.restore(run.settings)
    forgotten = erasure.begin(run, place)
    state.push(run.settings)
    log.info("file versions that were forgotten: %d", forgotten)
    return forgotten


@task(inlets=[READINGS], trigger_rule="none_failed")
def withdraw_and_sweep() -> list[str]:
    """Withdraw the releases that held the place, and remove what older runs have left of it."""
    run = run_of(get_current_context(), READINGS)
    withdrawn = erasure.sweep(run, chosen_place())
    log.info("releases withdrawn: %s", ", ".join(withdrawn) or "none")
    return withdrawn


@task(inlets=[READINGS])
def prove() -> None:
    """Look for the place in all files, here and on the remotes; note that there is none."""
    run, place = run_of(get_current_context(), READINGS), chosen_place()
    erasure.prove(run, place)
    for seed in erasure.rows_to_remove(run.settings, place):
        log.warning("these rows of the seeds still name it, and are not read: %s", seed)
    log.warning("the files on the drive stay: they are their owner's to delete")
