"""Asks an address by HTTP: each row of http_requests.csv is a request, each window of it an answer.

What is temporary (429, 5xx, a lost connection) is tried again, as the server says in Retry-After or
else with growing pauses. An answer counts when it is whole: a page of an error is none.
"""

import json
import logging
import time
import zipfile
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
)

from include.core.errors import RemoteError, RemoteGone
from include.core.masking import remember
from include.core.rclone import RemoteFile
from include.registry import Run
from include.registry.rows import Datasource, HttpRequest
from include.sources.credentials import Credential, Credentials
from include.sources.windows import Window, filled_in, windows

TRIES = 5
TEMPORARY = {408, 425, 429, 500, 502, 503, 504}
CLOSED = {401, 403, 407}  # no request of this datasource will be answered
MOST_BYTES = 256 << 20  # of one page; a month by the second is a tenth of it
MOST_PAGES = 10_000  # as many members as an archive may have
CHECK = "open the address in a browser, and compare it with its row in http_requests.csv"
AGAIN = "nothing to do: the next run asks again"
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, with their keys


class _Temporary(Exception):
    """Worth another try; `after`: seconds that the server wants to be left alone."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


class Http:
    """See the port."""

    def __init__(self, run: Run, datasource: Datasource, credentials: Credentials) -> None:
        self._datasource, self._credentials = datasource, credentials
        self._patience = run.settings.remote_seconds
        self._asked: dict[str, tuple[HttpRequest, Window]] = {
            request.file.format(window=window.name): (request, window)
            for request in run.registry.requests_of(datasource)
            for window in windows(request, datasource.timezone, run.as_of)
        }

    def answers(self) -> list[RemoteFile]:
        """See the port."""
        found = sorted(self._asked.items(), key=lambda item: (item[1][1].start, item[0]))
        return [RemoteFile(path, -1, window.asked.isoformat()) for path, (_, window) in found]

    def ask(self, path: str, file: Path) -> None:
        """See the port."""
        request, window = self._asked[path]
        credential = self._credential(request)
        url = httpx.URL(
            "/".join(filter(None, [self._datasource.location.rstrip("/"), request.path]))
        )
        query = filled_in(request, self._datasource.timezone, window, credential.password)
        url = url.copy_with(query="&".join(filter(None, [url.query.decode(), query])).encode())
        login = httpx.BasicAuth(credential.login, credential.password) if credential.login else None
        headers = dict(credential.headers)
        if credential.password and not credential.login and "{key}" not in request.query:
            headers["Authorization"] = f"Bearer {credential.password}"
        with httpx.Client(auth=login, headers=headers, timeout=self._timeout) as client:
            pages = self._pages(client, url, request, path)
            if not request.next_page:
                file.write_bytes(next(pages))
                return
            with zipfile.ZipFile(file, "w") as archive:
                for number, page in enumerate(pages, 1):
                    name = zipfile.ZipInfo(f"page-{number:05d}.json")  # of 1980, always
                    archive.writestr(name, page, zipfile.ZIP_DEFLATED)

    def _pages(
        self, client: httpx.Client, url: httpx.URL, request: HttpRequest, path: str
    ) -> Iterator[bytes]:
        """The pages of an answer, the first one first."""
        seen: set[httpx.URL] = set()
        while True:
            seen.add(url)
            page, link = self._page(client, url, path)
            yield page
            if request.next_page != "link":
                link = _at(json.loads(page), request.next_page) if request.next_page else ""
            if not link:
                return
            following = url.join(link)
            if following in seen or len(seen) == MOST_PAGES:
                _refuse(f"page {len(seen)} leads back, or is one of too many", path, url)
            if (following.scheme, following.netloc) != (url.scheme, url.netloc):
                _refuse(f"page {len(seen)} names a next one at {following.host}", path, url)
            url = following

    def _page(self, client: httpx.Client, url: httpx.URL, path: str) -> tuple[bytes, str]:
        """One page as it came, and the next one's address by its header."""
        retrying = Retrying(
            retry=retry_if_exception_type((_Temporary, httpx.TransportError)),
            stop=stop_after_attempt(TRIES) | stop_before_delay(self._patience),
            wait=_pause,
            reraise=True,
        )
        try:
            return retrying(self._once, client, url, path)
        except (_Temporary, httpx.TransportError) as error:
            what = str(error) or type(error).__name__
            raise RemoteError(
                f"no answer: {what}", where=_where(path, url), cure=f"{CHECK}; {AGAIN}"
            ) from None

    def _once(self, client: httpx.Client, url: httpx.URL, path: str) -> tuple[bytes, str]:
        deadline, content = time.monotonic() + self._patience, bytearray()
        with client.stream("GET", url) as response:
            status = response.status_code
            if status in TEMPORARY:
                raise _Temporary(f"status {status}", _seconds_of(response))
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    _refuse(f"more than {MOST_BYTES >> 20} MB in one answer", path, url)
                if time.monotonic() > deadline:
                    raise _Temporary(f"it was not whole after {self._patience:g} s")
        said = content[:300].decode(errors="replace").strip()
        if status != httpx.codes.OK:
            kind = RemoteError if status in CLOSED else RemoteGone
            cure = "check the key in Airflow's connection" if status in CLOSED else CHECK
            raise kind(f"status {status}: {said}", where=_where(path, url), cure=cure)
        if not _is_whole(response, bytes(content), path):
            raise _Temporary(f"not what was asked for, or cut short: {said}")
        return bytes(content), response.links.get("next", {}).get("url", "")

    def _credential(self, request: HttpRequest) -> Credential:
        if not request.connection:
            return Credential()
        found = self._credentials(request.connection)
        if found is None:
            raise RemoteError(
                f"there is no connection {request.connection}",
                where=f"http_requests.csv, line {request.line}, column connection",
                cure="add it in Airflow, or as AIRFLOW_CONN_… in the environment",
            )
        remember([found.password, *found.headers.values()])
        return found

    @cached_property
    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(max(1, self._patience / 2), connect=min(15, self._patience))


def _is_whole(response: httpx.Response, content: bytes, path: str) -> bool:
    """Whether an answer can be what was asked for; what is in it, validation says."""
    if "html" in response.headers.get("Content-Type", ""):
        return False
    if Path(path).suffix not in (".json", ".zip"):
        return bool(content)
    try:
        json.loads(content)
    except ValueError:  # also what is no UTF-8
        return False
    except RecursionError:
        return True  # a document, if an odd one
    return True


def _at(page: Any, path: str) -> str:
    """The text at a path such as `paging.next`; empty where there is none."""
    for name in path.split("."):
        page = page.get(name) if isinstance(page, dict) else None
    return page if isinstance(page, str) else ""


def _pause(state: RetryCallState) -> float:
    """Seconds until the next try: what the server wants, or else 1, 2, 4, … and some more."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Temporary) and error.after is not None:
        return error.after
    return wait_exponential_jitter(initial=1, max=60)(state)


def _seconds_of(response: httpx.Response) -> float | None:
    """Retry-After in seconds: a number, or a time, which the server's own Date is taken from."""
    text = response.headers.get("Retry-After", "")
    try:
        if text.isdigit():
            return float(text)
        until, now = (parsedate_to_datetime(t) for t in (text, response.headers.get("Date", "")))
        return max(0.0, float((until - now).total_seconds()))
    except (ValueError, TypeError):  # another form of it, or no Date
        return None


def _where(path: str, url: httpx.URL) -> str:
    return f"{path}, {url.copy_with(query=None)}"


def _refuse(what: str, path: str, url: httpx.URL) -> NoReturn:
    raise RemoteGone(what, where=_where(path, url), cure=CHECK)


def endpoint(run: Run, datasource: Datasource, credentials: Credentials) -> Http:
    """The address of a datasource, as of the run's time."""
    return Http(run, datasource, credentials)
