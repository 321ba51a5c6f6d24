"""Where people are notified, on this machine: a real mail server, and a server that answers as GitHub's issues do."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler


@dataclass
class Mailbox(MessageHandler):
    """Keeps what it is sent; refuses while `closed`."""

    received: list[Message] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:  # aiosmtpd's name
        if self.closed:
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def handle_message(self, message: Message) -> None:
        self.received.append(message)

    @property
    def texts(self) -> list[str]:
        return [
            str(part.get_payload(decode=True).decode())
            for m in self.received
            for part in m.walk()
            if part.get_content_maintype() == "text"
        ]


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, dict[str, str]]]:
    """A mailbox, and the environment that makes it the platform's connection."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    extra = {
        "from_email": "platform@example.org",
        "to": "house@example.org",
        "disable_tls": True,
        "disable_ssl": True,
        "retry_limit": 0,
    }
    found = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
    try:
        yield mailbox, {"AIRFLOW_CONN_SENSOR_PLATFORM_MAIL": json.dumps(found)}
    finally:
        controller.stop()


@dataclass
class Issues:
    """The issues of one repository; `answers` are given, once each, in the place of what is asked for, or after it was done."""

    all: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    answers_when_done: list[int] = field(default_factory=list)
    writes: int = 0


@contextmanager
def issue_server(mode: str = "cause") -> Iterator[tuple[Issues, dict[str, str]]]:
    """Issues, and the environment that makes them the platform's connection."""
    issues = Issues()

    class GitHub(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = json.loads(
                self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}"
            )
            if issues.answers and self.command != "GET":
                self.send(issues.answers.pop(0), {"message": "as ordered", "documentation_url": ""})
                return
            number = int(found[1]) if (found := re.search(r"/issues/(\d+)", self.path)) else 0
            if self.path == "/repos/owner/data":
                self.send(200, {"full_name": "owner/data", "url": f"{base}/repos/owner/data"})
            elif self.command == "GET" and not number:
                self.send(200, list(issues.all.values()))
            elif self.command == "GET":
                self.send(200, issues.all[number])
            elif self.path.endswith("/comments"):
                issues.all[number]["comments_made"].append(body["body"])
                self.send(201, {"id": 1, "body": body["body"]})
            elif self.command == "PATCH":
                issues.writes += 1
                issues.all[number] |= body
                self.send(200, issues.all[number])
            else:
                issues.writes += 1
                number = len(issues.all) + 1
                labels = [{"name": name, "url": "", "color": ""} for name in body["labels"]]
                url = f"{base}/repos/owner/data/issues/{number}"
                issues.all[number] = {
                    **body,
                    "labels": labels,
                    "number": number,
                    "state": "open",
                    "url": url,
                    "comments_made": [],
                }
                self.send(201, issues.all[number])

        def send(self, status: int, content: Any) -> None:
            if status == 201 and issues.answers_when_done:
                status, content = (
                    issues.answers_when_done.pop(0),
                    {"message": "as ordered", "documentation_url": ""},
                )
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = answer  # http.server's names

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    base = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = {
        "conn_type": "github",
        "host": base,
        "password": "t0ken",
        "extra": {"repository": "owner/data", "issues": mode},
    }
    try:
        yield issues, {"AIRFLOW_CONN_SENSOR_PLATFORM_ISSUES": json.dumps(found)}
    finally:
        server.shutdown()
