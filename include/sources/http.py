"""Asks an address by HTTP: each row of http_requests.csv is a request, each window of it an answer.

What is temporary (429, 5xx, a lost connection) is tried again, as the server says in Retry-After or
else with growing pauses. An answer counts when it is whole: a page of an error is none.
"""

import json
import logging
import re
import threading
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, unquote_plus

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
)

from include.core import files
from include.core.errors import RemoteError, RemoteGone
from include.core.masking import SHORTEST, remember
from include.registry import Run
from include.registry.rows import Datasource, HttpRequest
from include.sources.credentials import Credential, Credentials, credential_of
from include.sources.port import Answer
from include.sources.windows import Window, filled_in, windows

T = TypeVar("T")
TRIES = 5
TEMPORARY = {408, 425, 429, 500, 502, 503, 504}
CLOSED = {401, 403, 407}  # no request of this row will be answered
MOST_BYTES = 64 << 20  # of one page; a month by the second is as much
MOST_IN_ALL = 1 << 30  # of all pages of an answer
MOST_PAGES = 10_000  # as many members as an archive may have
CHECK = "ask the address in a browser, and compare it with its row in http_requests.csv"
AGAIN = "nothing to do: the next run asks again"
SAFE = "!$&'()*+,;=:@/?%-._~"  # of a query; all else is percent-encoded
# One entry of a Link header (RFC 8288): the address, and its parameters.
LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:"[^"]*"|[^",;\s]*))?)*)')
REL = re.compile(r';\s*rel\s*=\s*("[^"]*"|[^",;\s]*)', re.IGNORECASE)
for _name in ("httpx", "httpcore"):  # they log whole addresses and headers, with their keys
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Temporary(Exception):
    """Worth another try; `after`: seconds that the server wants to be left alone."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


@dataclass(frozen=True)
class _Page:
    """One page as it came; `document` is what its JSON says, `link` the next one by its header."""

    content: bytes
    document: Any
    link: str


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

    def answers(self) -> list[Answer]:
        """See the port."""
        found = sorted(self._asked.items(), key=lambda item: (item[1][1].start, item[0]))
        return [
            Answer(path, window.asked.isoformat(), is_of_the_moment=request.first is None)
            for path, (request, window) in found
        ]

    def ask(self, path: str, file: Path) -> None:
        """See the port."""
        request, window = self._asked[path]
        credential = self._credential(request)
        host = self._datasource.location
        url = httpx.URL(f"{host.rstrip('/')}/{request.path}" if request.path else host)
        where = f"{path}, {url}"
        query = filled_in(
            request, self._datasource.timezone, window, quote(credential.password, safe="")
        )
        if query:
            url = url.copy_with(query=quote(query, safe=SAFE).encode())
        asking = _Asking(credential, request, self._patience, where)
        try:
            _write(asking.pages(url), file, are_many=bool(request.next_page))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            # its text may hold what was sent
            what = f"it cannot be asked, or its answer cannot be read: {type(error).__name__}"
            raise RemoteGone(what, where=where, cure=CHECK) from None

    def _credential(self, request: HttpRequest) -> Credential:
        found = credential_of(self._credentials, request, "http_requests.csv")
        pair = b64encode(f"{found.login}:{found.password}".encode()).decode()
        sent = quote(found.password, safe="")
        remember([found.password, sent, unquote_plus(found.password), pair])
        remember(found.headers.values())
        return found


class _Asking:
    """The pages of one answer, asked one after the other."""

    def __init__(
        self, credential: Credential, request: HttpRequest, patience: float, where: str
    ) -> None:
        self._request, self._patience, self._where = request, patience, where
        self._key = credential.password if len(credential.password) >= SHORTEST else ""
        self._login = (
            httpx.BasicAuth(credential.login, credential.password) if credential.login else None
        )
        # as it is: what is compressed could be cut off, or be a bomb
        self._headers = {"Accept-Encoding": "identity", **credential.headers}
        if credential.password and not credential.login and "{key}" not in request.query:
            self._headers["Authorization"] = f"Bearer {credential.password}"

    def pages(self, url: httpx.URL) -> Iterator[bytes]:
        """The pages of an answer, the first one first."""
        seen: set[httpx.URL] = set()
        total = 0
        while True:
            seen.add(url)
            page = self._page(url)
            total += len(page.content)
            if total > MOST_IN_ALL:
                self._refuse(f"more than {MOST_IN_ALL >> 20} MB in one answer")
            yield page.content
            link = page.link
            if self._request.next_page != "link":
                link = self._next_of(page.document)
            if not link:
                return
            following = url.join(link)
            if following in seen or len(seen) == MOST_PAGES:
                self._refuse(f"page {len(seen)} leads back, or is one of too many")
            if (following.scheme, following.netloc) != (url.scheme, url.netloc):
                elsewhere = f"{following.scheme}://{following.netloc.decode()}"
                self._refuse(f"page {len(seen)} names a next one at {elsewhere}")
            url = following

    def _next_of(self, document: Any) -> str:
        """The address at a path such as `paging.next`; empty where there is none."""
        if not (path := self._request.next_page):
            return ""
        *parents, last = path.split(".")
        for name in parents:
            if not isinstance(document, dict) or name not in document:
                self._refuse(f"the answer has no {name!r}, which is to hold {path}")
            document = document[name] or {}
        found = document.get(last) if isinstance(document, dict) else document
        if found is None or isinstance(found, str):
            return found or ""
        self._refuse(f"what is at {path} is not an address")

    def _page(self, url: httpx.URL) -> _Page:
        retrying = Retrying(
            retry=retry_if_exception_type((_Temporary, httpx.TransportError)),
            stop=stop_after_attempt(TRIES) | stop_before_delay(self._patience),
            wait=_pause,
            reraise=True,
        )
        try:
            return retrying(self._once, url)
        except (_Temporary, httpx.TransportError) as error:
            is_ours = isinstance(error, httpx.LocalProtocolError)  # its text is what was sent
            what = type(error).__name__ if is_ours or not str(error) else str(error)
            raise RemoteError(
                f"no answer: {what}", where=self._where, cure=f"{CHECK}; {AGAIN}"
            ) from None

    def _once(self, url: httpx.URL) -> _Page:
        """Ask in a thread: no limit of the library ends an answer that drips."""
        timeout = httpx.Timeout(max(1, self._patience / 2), connect=min(15, self._patience))
        client = httpx.Client(auth=self._login, headers=self._headers, timeout=timeout)
        try:
            return _within(self._patience, lambda: self._answer(client, url))
        finally:
            client.close()

    def _answer(self, client: httpx.Client, url: httpx.URL) -> _Page:
        content = bytearray()
        with client.stream("GET", url) as response:
            status, headers = response.status_code, response.headers
            if status in TEMPORARY:
                raise _Temporary(f"status {status}", _seconds_of(response))
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > MOST_BYTES:
                    self._refuse(f"more than {MOST_BYTES >> 20} MB in one page")
        said = content[:300].decode(errors="replace").strip()
        if status != httpx.codes.OK:
            kind = RemoteError if status in CLOSED else RemoteGone
            cure = "check the key in Airflow's connection" if status in CLOSED else CHECK
            raise kind(f"status {status}: {said}", where=self._where, cure=cure)
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            self._refuse("the answer is compressed, and was asked for as it is")
        if self._key and self._key.encode() in content:
            self._refuse("the answer repeats the key, which would be kept with it")
        document = self._document(headers, bytes(content), said)
        return _Page(bytes(content), document, _next_link(headers.get("Link", "")))

    def _document(self, headers: httpx.Headers, content: bytes, said: str) -> Any:
        """What JSON says. Raises _Temporary if an answer is of another kind, or not whole; what is
        in it, validation says.
        """
        is_json = self._request.file.endswith((".json", ".zip"))
        # whoever sends text and closes the connection does not say where it ends
        has_end = "Content-Length" in headers or "Transfer-Encoding" in headers
        is_page = "html" in headers.get("Content-Type", "").lower()
        try:
            if content and not is_page and (is_json or has_end):
                return json.loads(content) if is_json else None
        except ValueError:  # also what is no UTF-8
            pass
        raise _Temporary(f"a page of another kind, or cut short: {said}")

    def _refuse(self, what: str) -> NoReturn:
        raise RemoteGone(what, where=self._where, cure=CHECK)


def _write(pages: Iterator[bytes], file: Path, *, are_many: bool) -> None:
    """One page as it is; several as a zip of them, which is the same file for the same pages."""
    if not are_many:
        content = next(pages)
        with files.writing(file, len(content)):
            file.write_bytes(content)
        return
    with files.writing(file, MOST_BYTES), zipfile.ZipFile(file, "w") as archive:
        for number, page in enumerate(pages, 1):
            name = zipfile.ZipInfo(f"page-{number:05d}.json")  # of 1980, always
            archive.writestr(name, page, zipfile.ZIP_DEFLATED)


def _within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns or raises. Raises _Temporary if it takes longer; it is left to itself."""
    ended: list[T | BaseException] = []

    def run() -> None:
        try:
            ended.append(call())
        except BaseException as error:  # raised below
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        raise _Temporary(f"it was not whole after {seconds:g} s")
    (result,) = ended
    if isinstance(result, BaseException):
        raise result
    return result


def _next_link(header: str) -> str:
    """The next page by a Link header."""
    for address, parameters in LINK.findall(header):
        found = REL.search(parameters)
        if found and "next" in found[1].strip('"').lower().split():
            return str(address)
    return ""


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
        if text.isdecimal():
            return float(text)
        until, now = (parsedate_to_datetime(t) for t in (text, response.headers.get("Date", "")))
        return max(0.0, float((until - now).total_seconds()))
    except (ValueError, TypeError):  # another form of it, or no Date
        return None


def endpoint(run: Run, datasource: Datasource, credentials: Credentials) -> Http:
    """The address of a datasource, as of the run's time."""
    return Http(run, datasource, credentials)
