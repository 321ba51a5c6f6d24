"""Remotes that do not answer, and secrets that rclone repeats."""

import logging
import os
import socket
import string
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from include.core import masking, rclone
from include.core.errors import ConfigurationError, PlatformError, RemoteError
from include.core.masking import mask, remember, secrets_of
from include.core.settings import Settings


@pytest.fixture(autouse=True, scope="module")
def what_is_known_stays_here() -> Iterator[None]:
    known = set(masking._known)
    yield
    masking._known.clear()
    masking._known.update(known)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A remote whose server accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted = []

        def accept() -> None:
            while True:
                try:
                    accepted.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        monkeypatch.setenv("RCLONE_CONFIG_SILENT_TYPE", "webdav")
        monkeypatch.setenv(
            "RCLONE_CONFIG_SILENT_URL", f"http://127.0.0.1:{server.getsockname()[1]}"
        )
        monkeypatch.setenv("REMOTE_TIMEOUT", "1")
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield "silent:folder"
        server.shutdown(socket.SHUT_RDWR)
        for connection in accepted:
            connection.close()


def test_a_remote_that_never_answers(
    silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rclone, "WAITED", 0.5)
    (tmp_path / "a").write_text("a")
    calls = {
        "lsjson": lambda: rclone.listing(silent),
        "cat": lambda: rclone.get_text(f"{silent}/a"),
        "copy": lambda: rclone.send(tmp_path, silent, ["a"]),
    }
    for command, call in calls.items():
        began = time.monotonic()
        with pytest.raises(
            RemoteError,
            match=rf"(?s)rclone {command} made no progress for 1 s and was stopped.*silent:folder.*REMOTE_TIMEOUT",
        ):
            call()
        assert time.monotonic() - began < 10
    assert [
        child.name()
        for child in psutil.Process().children(recursive=True)
        if "rclone" in child.name()
    ] == []
    assert any(
        "waiting for" in record.message and "silent:folder" in record.message
        for record in caplog.records
        if record.levelno == logging.WARNING
    )


def test_what_makes_progress_is_not_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four seconds of copying, with a limit of two."""
    monkeypatch.setenv("REMOTE_TIMEOUT", "2")
    monkeypatch.setenv("RCLONE_BWLIMIT", "2M")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/a").write_bytes(os.urandom(8_000_000))
    began = time.monotonic()
    rclone.fetch(str(tmp_path / "here"), tmp_path / "there", ["a"])
    assert time.monotonic() - began > 2
    assert (tmp_path / "there/a").stat().st_size == 8_000_000


@pytest.mark.parametrize("remote", ["", ":memory:bucket"], ids=["local", "objects"])
def test_a_folder_that_is_not_there_is_deleted(remote: str, tmp_path: Path) -> None:
    rclone.delete_folder(f"{remote or tmp_path}/none", for_good=True)


def test_a_program_that_rclone_has_started_ends_with_it(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/child; trap '' TERM; wait"
    rclone_grace, rclone.GRACE = rclone.GRACE, 1
    try:
        ended = rclone._watched(["/bin/sh", "-c", script], "a program", 0.5)
    finally:
        rclone.GRACE = rclone_grace
    assert ended.is_stopped
    assert (
        not psutil.pid_exists(int((tmp_path / "child").read_text()))
        or psutil.Process(int((tmp_path / "child").read_text())).status() == "zombie"
    )


def test_the_limit_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for odd in ("never", "0", "-1", "nan", "inf"):
        monkeypatch.setenv("REMOTE_TIMEOUT", odd)
        with pytest.raises(
            ConfigurationError, match=f"REMOTE_TIMEOUT={odd} is not a number of seconds"
        ):
            Settings.from_environment()


SECRET = st.text(
    string.ascii_letters + string.digits + "+/=_.!$%^*()~-@:;,'\" ", min_size=6, max_size=30
).filter(lambda s: s.strip() == s)
IN_URL = st.text(string.ascii_letters + string.digits + "+=_.!$%^*()~-", min_size=6, max_size=30)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@given(
    SECRET,
    IN_URL,
    IN_URL,
    st.sampled_from(
        [
            "pass",
            "token",
            "client_secret",
            "secret_access_key",
            "bearer_token",
            "sas_url",
            "unheard_of",
        ]
    ),
)
def test_no_secret_of_a_remote_is_in_an_error(
    secret: str, password: str, query: str, name: str
) -> None:
    remote = f":webdav,url={quoted(f'https://u:{password}@h/x?sig={query}')},{name}={quoted(secret)}:folder"
    remember(secrets_of(remote))
    error = RemoteError(
        f'rclone failed: Get "https://u:{password}@h/x?sig={query}": no\n{remote}: {secret}',
        where=remote,
        cure=f"look at {remote}",
    )
    for text in (str(error), repr(error), str(error.args)):
        for hidden in (secret, password, query):
            assert hidden not in text.replace("***", "")
    assert "h/x" in str(error)
    assert ":folder" in str(error)


@given(IN_URL, IN_URL)
def test_no_secret_of_a_url_is_in_any_error(password: str, query: str) -> None:
    """Also where nobody has said that it is one."""
    assume(not any(secret in "user host path token failed where" for secret in (password, query)))
    text = str(
        PlatformError(
            f"https://user:{password}@host/path?token={query}&x={query} failed",
            where=f'"access_token":"{query}"',
            cure=f"pass={password}",
        )
    )
    assert password not in text
    assert query not in text
    assert "host/path" in text


def test_secrets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RCLONE_CONFIG_MINE_TYPE", "webdav")
    monkeypatch.setenv("RCLONE_CONFIG_MINE_PASS", "0bscured-pass")
    monkeypatch.setenv(
        "RCLONE_CONFIG_MINE_TOKEN",
        '{"access_token":"ya29.abcdef","token_type":"Bearer","refresh_token":"1//refresh"}',
    )
    monkeypatch.setenv("RCLONE_CONFIG_MINE_URL", "https://me:in-the-url@host/x")
    Settings.from_environment()
    said = mask("webdav: 0bscured-pass ya29.abcdef 1//refresh in-the-url at mine:raw")
    assert said == "webdav: *** *** *** *** at mine:raw"


def test_what_rclone_itself_repeats() -> None:
    with pytest.raises(RemoteError) as failed:
        rclone.listing(
            ":webdav,url='http://u:se-cret@127.0.0.1:1/x?token=se-cret',pass=not-0bscured,timeout='1s':a/b"
        )
    assert "se-cret" not in str(failed.value)
    assert "not-0bscured" not in str(failed.value)


@pytest.mark.parametrize(
    "text",
    [
        "sm2drive:raw/Graph 1.csv",
        "landing/sm2/atrea/a@1234abcd",
        "the key columns are a, b",
        "https://rclone.org/overview/",
        "failed with exit code 3: token expired",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text
