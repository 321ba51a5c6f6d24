"""How the explorer and the API bear people: `python benchmarks/explorer_load.py RELEASE`, a folder
of a release of the sample, which is made longer as benchmarks/explorer.py does.

The API runs in a process of its own, asked over HTTP by this one. The static copy is opened in a
real browser from a server that compresses, as static hosts do.
"""

import argparse
import asyncio
import functools
import gzip
import http.server
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.explorer import cut, make_longer  # noqa: E402
from cli.screenshots import browser  # noqa: E402
from include.core import files  # noqa: E402
from include.release.explorer_page import built_files  # noqa: E402
from include.serving.api.app import PREFIX  # noqa: E402

SERVER = """
import sys, uvicorn
from dataclasses import replace
from pathlib import Path
from include.core.settings import Settings
from include.serving.api.app import create_app
from include.serving.api.limits import Limits
settings = replace(Settings.from_environment(), data_dir=Path(sys.argv[1]))
uvicorn.run(create_app(settings, Limits(rate=1e9)), port=int(sys.argv[2]), log_level="error")
"""
PORT = 8123
FEW = "places=1NP-S1&measurements=temp_indoor&datetime=last-month&grain=1h"


def main() -> int:
    """Print one line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        release = given.release.resolve()
        folder = Path(name) / "releases" / release.name
        shutil.copytree(release, folder)
        files.point(folder.parent / "latest", folder.name)
        make_longer(folder)
        names = [one.id for one in cut(folder, write=True)]
        with serving(Path(name)) as server:
            asyncio.run(load(server, names))
        first_chart(Path(name), folder)
    return 0


@contextmanager
def serving(data_dir: Path) -> Iterator[psutil.Process]:
    """The API, until it answers."""
    command = [sys.executable, "-c", SERVER, str(data_dir), str(PORT)]
    process = subprocess.Popen(command, cwd=PROJECT)
    try:
        for _ in range(300):
            try:
                httpx.get(f"{address()}/buildings").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def address() -> str:
    """Of the API."""
    return f"http://127.0.0.1:{PORT}{PREFIX}"


async def load(server: psutil.Process, names: list[str]) -> None:
    """One client; 10 and 25 requests a second at random times; 50 clients in a closed loop."""
    chance = random.Random(1)

    def year() -> str:
        start = f"{chance.choice((2023, 2024))}-{chance.randint(6, 12):02}-01"
        series = chance.choice(names)
        return f"/buildings/sm2/data?series={series}&datetime={start}/P1Y&grain=1h&max_points=9000"

    idle = server.memory_info().rss
    async with httpx.AsyncClient(base_url=address(), timeout=30) as client:

        async def ask(query: str, took: list[float]) -> None:
            asked = time.perf_counter()
            answered = await client.get(query)
            took.append(1000 * (time.perf_counter() - asked))
            assert answered.status_code == 200, answered.text

        for _ in range(20):
            await ask(year(), [])
        alone: list[float] = []
        processor = sum(server.cpu_times()[:2])
        for _ in range(200):
            await ask(year(), alone)
        processor = 1000 * (sum(server.cpu_times()[:2]) - processor) / 200
        say("one client", alone, f", {processor:.1f} ms of the server's processor time a request")
        for rate in (10, 25):
            took: list[float] = []
            async with asyncio.TaskGroup() as group:
                for _ in range(rate * 20):
                    group.create_task(ask(year(), took))
                    await asyncio.sleep(chance.expovariate(rate))
            say(f"{rate} requests a second at random", took)
        closed: list[float] = []

        async def person() -> None:
            for _ in range(20):
                await ask(year(), closed)

        await asyncio.gather(*(person() for _ in range(50)))
        say("50 clients in a closed loop", closed)
    grown = (server.memory_info().rss - idle) / 2**20
    print(f"memory: {grown:+.0f} MiB after that, {idle / 2**20:.0f} MiB before")


def say(name: str, took: list[float], more: str = "") -> None:
    """The median, the 95th percentile and the most."""
    p95 = statistics.quantiles(took, n=20)[-1]
    print(
        f"{name}: {len(took)} answers, median {statistics.median(took):.0f} ms, p95 {p95:.0f} ms,"
        f" at most {max(took):.0f} ms{more}"
    )


class Compressing(http.server.SimpleHTTPRequestHandler):
    """Sends every file with gzip."""

    def do_GET(self) -> None:
        """One file."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def first_chart(root: Path, folder: Path) -> None:
    """Bytes and time until the first chart of the static copy is drawn, with nothing kept."""
    page = root / "explorer/page"
    page.mkdir(parents=True)
    for path in built_files():
        shutil.copy(path, page)
    files.write_json(
        root / "latest.json", {"version": folder.name, "path": f"releases/{folder.name}"}
    )
    handler = functools.partial(Compressing, directory=str(root))
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        seconds, sent = [], 0
        for _ in range(5):
            tab = chromium.new_context().new_page()
            network = tab.context.new_cdp_session(tab)
            network.send("Network.enable")
            sizes: list[int] = []
            network.on(
                "Network.loadingFinished",
                lambda one, sizes=sizes: sizes.append(one["encodedDataLength"]),
            )
            began = time.perf_counter()
            tab.goto(f"http://127.0.0.1:{server.server_port}/explorer/page/#{FEW}")
            tab.wait_for_selector(".u-over")
            seconds.append(time.perf_counter() - began)
            sent = int(sum(sizes))
            tab.context.close()
        print(
            f"first chart of a static copy: {sent:,} bytes on the wire,"
            f" median {statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s"
        )
        chromium.close()
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
