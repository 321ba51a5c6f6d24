"""`make ui`: Airflow's own pages on this machine, with the same DAGs, drive and data as `make
run`.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.environment import as_of_note, prepare_environment, private_files  # noqa: E402
from cli.summary import replay_note  # noqa: E402
from include.core.clock import END_OF_TIME, checked_as_of  # noqa: E402
from include.core.errors import PlatformError  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.release import release as releases  # noqa: E402

START_SECONDS = 300  # on a machine that is busy; an idle one needs 15
DEFAULTS = {
    "AIRFLOW__LOGGING__LOGGING_LEVEL": (
        "INFO"
    ),  # each task logs what it did; `make run` shows a summary instead
    "AIRFLOW__CORE__PARALLELISM": (
        "4"
    ),  # tasks at once: each takes 300 MB, and all DAGs start together
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",  # seconds; a busy machine needs more than 5
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": (
        "60"
    ),  # seconds; every half minute took a third of a core
}
PASSWORDS = "simple_auth_manager_passwords.json.generated"  # Airflow's name
# Loopback only, whatever proxy the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> int:
    """Serve until Ctrl-C. Returns the exit code."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    prepare_environment(PROJECT)
    try:
        settings = Settings.from_environment()
        now = checked_as_of(settings.as_of) if settings.as_of else END_OF_TIME
        notes = [
            note
            for note in (
                as_of_note(settings),
                replay_note(now, releases.newest(settings), "make ui"),
            )
            if note
        ]
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # a job in the background of a script would ignore the first
        signal.signal(number, signal.default_int_handler)
    home, port = Path(os.environ["AIRFLOW_HOME"]), os.environ.get("PORT", "8080")
    address = f"http://localhost:{port}"
    os.environ.update(
        AIRFLOW__API__PORT=port,
        AIRFLOW__API__HOST="127.0.0.1",
        AIRFLOW__API__BASE_URL=address,
        AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"{address}/execution/",
    )
    print("starting Airflow …", flush=True)
    airflow = str(Path(sys.executable).parent / "airflow")
    with private_files():
        log = (home / "standalone.log").open("w")  # it holds the password, as the next one does
        (home / PASSWORDS).touch()
        subprocess.run([airflow, "db", "migrate"], stdout=log, stderr=log, check=True)
        load = [sys.executable, str(PROJECT / "cli/load_settings.py")]
        subprocess.run(load, stdout=log, stderr=log, check=True)
    with log:
        # Of its own session, so that Ctrl-C reaches this process alone; see `stop`.
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "sensor_platform.internals.standalone"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        if not _healthy(address, server):
            print(f"Airflow did not start; see {home / 'standalone.log'}", file=sys.stderr)
            return 1
        print(*notes, sep="\n")
        print(
            f"\n  {address}\n  user {_login(home)}\n\nCtrl-C ends it. Log:"
            f" {home / 'standalone.log'}",
            flush=True,
        )
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """SIGINT to the parent alone ends all of `airflow standalone`; anything else leaves parts of it
    running.

    A part that misses its signal (Airflow 3.3.2's dag-processor can) is killed with its session.
    """
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def _healthy(address: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with OPENER.open(f"{address}/api/v2/monitor/health", timeout=2) as answer:
                health = json.load(answer)
            if all(
                health[part]["status"] == "healthy"
                for part in ("metadatabase", "scheduler", "dag_processor")
            ):
                return True
        except (urllib.error.URLError, OSError, KeyError, ValueError):
            pass
        time.sleep(0.5)
    return False


def _login(home: Path) -> str:
    passwords = json.loads((home / PASSWORDS).read_text())
    return f"admin, password {passwords['admin']}"


if __name__ == "__main__":
    sys.exit(main())
