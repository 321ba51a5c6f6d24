"""An address that answers as a test says, well or badly."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What is sent; `missing`: bytes that are announced and never come; `pause`: seconds between two bytes.

    With `ends_open` it is not said how long the body is; `drips`: headers, one after the other, and no end of them.
    """

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    missing: int = 0
    pause: float = 0
    ends_open: bool = False
    drips: bool = False


@dataclass
class Server:
    """`answer` may be changed while it runs; `asked` are the requests until now."""

    address: str
    answer: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[Server]:
    """Serve on a port of this machine until the block ends."""
    server = Server("", answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = Asked(url.path, dict(parse_qsl(url.query)), dict(self.headers))
            server.asked.append(asked)
            given = server.answer(asked)
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            while given.drips and not server.closing.wait(0.1):
                self.send_header("X-Wait", "a little longer")
                with contextlib.suppress(OSError):
                    self.flush_headers()
            if given.drips:
                return
            if not given.ends_open:
                self.send_header("Content-Length", str(len(given.body) + given.missing))
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked has gone
                for byte in given.body if given.pause else ():
                    self.wfile.write(bytes([byte]))
                    if server.closing.wait(given.pause):
                        return
                if not given.pause:
                    self.wfile.write(given.body)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        httpd.shutdown()
        httpd.server_close()
