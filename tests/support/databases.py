"""Real database servers from the system's packages, each with a folder and a port of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PASSWORD = "pa@ss:w/ord"
LOGIN = "reader"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Database:
    """`run` executes SQL as the server's owner; `location` is that of a datasource."""

    dialect: str
    folder: Path
    port: int
    process: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def location(self) -> str:
        return f"{self.dialect}://127.0.0.1:{self.port}/site"

    @property
    def log(self) -> str:
        """Every statement that the server was asked."""
        return (self.folder / "queries.log").read_text(errors="replace")


class MariaDb(Database):
    def prepare(self) -> None:
        for path in (self.folder, *self.folder.parents):  # pytest's folders are root's alone
            if path.is_relative_to("/tmp") and path != Path("/tmp"):
                path.chmod(0o755)
        shutil.chown(self.folder, "mysql") if os.getuid() == 0 else None
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data"]
        command += ["--auth-root-authentication-method=normal", "--skip-test-db", *self._user]
        subprocess.run(command, check=True, capture_output=True)

    @property
    def _user(self) -> list[str]:
        return ["--user=mysql"] if os.getuid() == 0 else []

    def start(self) -> None:
        options = [f"--datadir={self.folder}/data", f"--port={self.port}", *self._user]
        options += ["--bind-address=127.0.0.1", f"--socket={self.folder}/s.sock"]
        options += ["--general-log", f"--general-log-file={self.folder}/queries.log"]
        program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        self.process = subprocess.Popen(
            [program, "--no-defaults", *options], stderr=subprocess.DEVNULL
        )
        wait_for(self.port)
        self.run(
            f"create database if not exists site; create or replace user '{LOGIN}'@'127.0.0.1'"
            f" identified by '{PASSWORD}'; grant select on site.* to '{LOGIN}'@'127.0.0.1'"
        )

    def run(self, sql: str) -> None:
        command = ["mariadb", f"--socket={self.folder}/s.sock", "-uroot"]
        if "create database" not in sql.lower():
            command.append("site")
        subprocess.run(command, input=sql, text=True, check=True, capture_output=True)


class PostgreSql(Database):
    def prepare(self) -> None:
        for path in (self.folder, *self.folder.parents):
            if path.is_relative_to("/tmp") and path != Path("/tmp"):
                path.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        who = ["--auth-local=trust", "--auth-host=scram-sha-256", "-U", "postgres"]
        self._as_owner("initdb", "-D", f"{self.folder}/data", *who)

    def _as_owner(self, program: str, *arguments: str, text: str = "") -> None:
        owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run(
            [*owner, str(postgres_program(program)), *arguments],
            input=text,
            text=True,
            check=True,
            capture_output=True,
            cwd="/",
        )

    def start(self) -> None:
        owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        options = ["-D", f"{self.folder}/data", "-p", str(self.port), "-k", str(self.folder)]
        options += ["-c", "listen_addresses=127.0.0.1", "-c", "log_statement=all"]
        with (self.folder / "queries.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*owner, str(postgres_program("postgres")), *options], stderr=log, cwd="/"
            )
        wait_for(self.port)
        deadline = time.monotonic() + 30
        while not self._answers() and time.monotonic() < deadline:  # its port is open before it is
            time.sleep(0.05)
        with contextlib.suppress(subprocess.CalledProcessError):  # it is there after a restart
            self.run(f"create role {LOGIN} login password '{PASSWORD}'", "postgres")
            self.run("create database site", "postgres")
        self.run(f"alter default privileges grant select on tables to {LOGIN}")

    def _answers(self) -> bool:
        command = [str(postgres_program("pg_isready")), "-h", str(self.folder)]
        return subprocess.run([*command, "-p", str(self.port)], capture_output=True).returncode == 0

    def run(self, sql: str, database: str = "site") -> None:
        place = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", database]
        self._as_owner("psql", "-q", "-v", "ON_ERROR_STOP=1", *place, text=sql)


KINDS = {"mysql": MariaDb, "postgresql": PostgreSql}


def postgres_program(name: str) -> Path | None:
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name)
    return there[-1] if there else Path(found) if found else None


def wait_for(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError(f"no server on port {port}")


@contextlib.contextmanager
def database(dialect: str, folder: Path) -> Iterator[Database]:
    """A running server; skips the test where the system's package is missing."""
    missing = {
        "mysql": not (shutil.which("mariadbd") or Path("/usr/sbin/mariadbd").exists()),
        "postgresql": postgres_program("initdb") is None,
    }[dialect]
    if missing:
        pytest.skip(f"the server of {dialect} is not installed (.ci/packages.txt)")
    folder.mkdir(parents=True, exist_ok=True)
    made = KINDS[dialect](dialect, folder, free_port())
    made.prepare()
    made.start()
    try:
        yield made
    finally:
        if made.process:
            made.process.terminate()
            made.process.wait(30)
