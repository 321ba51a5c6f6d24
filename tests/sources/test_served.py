"""Files that real servers offer by sftp, webdav and s3: they arrive whole, also after the server has died in mid-copy."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from include.core import files, masking, rclone
from include.core.errors import RemoteError
from include.ledger.ledger import Arrival
from include.sources.sync import sync
from tests.support.many import edit
from tests.support.platform import Platform
from tests.support.raw_files import thermopro, times

pytestmark = pytest.mark.long
PASSWORD = "pass-w0rd-of-the-server"


@dataclass
class Served:
    """A folder behind a server of rclone, on one port for all its lives."""

    kind: str
    folder: Path
    port: int
    key: Path
    process: subprocess.Popen | None = field(default=None, repr=False)

    def start(self) -> None:
        login = ["--user", "us", "--pass", PASSWORD]
        options = {
            "sftp": [*login, "--key", str(self.key)],
            "webdav": login,
            "s3": ["--auth-key", f"our-key,{PASSWORD}"],
        }[self.kind]
        address = ["--addr", f"127.0.0.1:{self.port}"]
        command = [shutil.which("rclone") or "rclone", "serve", self.kind, *address, *options]
        self.process = subprocess.Popen(
            [*command, str(self.folder)], stderr=subprocess.DEVNULL, env={"HOME": str(self.folder)}
        )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise AssertionError(f"rclone serve {self.kind} does not answer")

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """What a person would set for the remote `served`."""
        obscured = subprocess.check_output(["rclone", "obscure", PASSWORD], text=True).strip()
        address = f"http://127.0.0.1:{self.port}"
        options = {
            "sftp": {"HOST": "127.0.0.1", "PORT": f"{self.port}", "USER": "us", "PASS": obscured},
            "webdav": {"URL": address, "USER": "us", "PASS": obscured},
            "s3": {
                "PROVIDER": "Rclone",
                "ENDPOINT": address,
                "ACCESS_KEY_ID": "our-key",
                "SECRET_ACCESS_KEY": PASSWORD,
            },
        }[self.kind]
        return {
            f"RCLONE_CONFIG_SERVED_{name}": value
            for name, value in {"TYPE": self.kind, **options}.items()
        }


@pytest.fixture
def host_key(tmp_path: Path) -> tuple[Path, str]:
    """A file with a new key, and what a line of known_hosts says of it."""
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "host_key"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return path, public.decode()


@pytest.fixture(params=["sftp", "webdav", "s3"])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, host_key: tuple[Path, str]
) -> Iterator[Served]:
    folder = tmp_path / "served"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Served(request.param, folder, port, host_key[0])
    made.start()
    yield made
    made.kill()


@pytest.fixture
def platform(
    tmp_path: Path,
    seeds: Path,
    served: Served,
    host_key: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Platform:
    """An installation that reads indoor sensors from the server; two exports of a sensor are there."""
    monkeypatch.setattr(masking, "_known", set(masking._known))
    edit(seeds, "datasources_config.csv", "sm2drive:Indoor/Latest/Upload", "served:indoor")
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{served.port} {host_key[1]}\n")
    made = Platform(tmp_path / "drive", tmp_path / "data")
    made.environment = served.environment | {
        "RCLONE_CONFIG_SERVED_KNOWN_HOSTS_FILE": str(known),
        "REMOTE_TIMEOUT": "20",
    }
    (served.folder / "indoor").mkdir()
    made.raw.mkdir()
    for sensor in ("493D", "072B"):
        thermopro(made.raw, sensor, times("2026-01-01", 24 * 28))
    for path in made.drive.rglob("ThermoPro*"):
        shutil.move(path, served.folder / "indoor")
    return made


def arrived(platform: Platform, served: Served) -> set[str]:
    """Sync; the names that arrived, each equal to the server's file."""
    run = platform.at("2026-02-02")
    findings = sync(run, run.registry.datasource("sm2_thermopro"))
    assert findings == []
    handed = files.read_json(run.settings.paths.ingest / "sm2_thermopro/arrivals.json")["arrivals"]
    for arrival in (Arrival(**row) for row in handed):
        landed = run.settings.paths.landed("sm2", "sm2_thermopro", arrival.sha256)
        assert landed.read_bytes() == (served.folder / "indoor" / arrival.path).read_bytes()
    return {row["path"] for row in handed}


def test_files_arrive_whole_also_after_the_server_died_in_mid_copy(
    platform: Platform, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {path.name for path in (served.folder / "indoor").iterdir()}
    calls = []

    def dies(command: str, remote: str) -> None:
        calls.append(command)
        if command == "copy" and calls.count("copy") == 1:
            os.environ |= {"REMOTE_TIMEOUT": "3", "RCLONE_BWLIMIT": "20k"}
            threading.Timer(1, served.kill).start()

    with monkeypatch.context() as patch:
        patch.setattr(rclone, "calling", dies)
        with pytest.raises(RemoteError) as failed:
            arrived(platform, served)
    assert "copy" in calls, str(failed.value)
    assert PASSWORD not in str(failed.value)
    assert not list(platform.data.glob("landing/**/*.csv"))
    platform.environment |= {"REMOTE_TIMEOUT": "60", "RCLONE_BWLIMIT": "0"}
    served.start()
    assert arrived(platform, served) == names


@pytest.mark.parametrize("served", ["sftp"], indirect=True)
def test_a_host_that_nobody_vouched_for_or_that_is_another_now_is_not_asked(
    platform: Platform, served: Served, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    right = known.read_text()
    other = Ed25519PrivateKey.generate().public_key()
    wrong = other.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    for line in ("", f"[127.0.0.1]:{served.port} {wrong.decode()}\n"):
        known.write_text(line)
        with pytest.raises(RemoteError, match="the host's key is unknown, or was changed") as error:
            arrived(platform, served)
        assert "ssh-keyscan" in error.value.cure
    del platform.environment["RCLONE_CONFIG_SERVED_KNOWN_HOSTS_FILE"]
    os.environ.pop("RCLONE_CONFIG_SERVED_KNOWN_HOSTS_FILE")
    platform.environment["RCLONE_SFTP_KNOWN_HOSTS_FILE"] = str(tmp_path / "nothing/there")
    with pytest.raises(RemoteError, match="the host's key is unknown, or was changed"):
        arrived(platform, served)
    known.write_text(right)
    platform.environment["RCLONE_SFTP_KNOWN_HOSTS_FILE"] = str(known)
    assert len(arrived(platform, served)) == 2
