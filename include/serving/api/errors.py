"""Errors of the API, as RFC 9457 has them: what is wrong, where, and what to do."""

from http import HTTPStatus
from typing import Any

import duckdb
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from include.core.errors import PlatformError

MEDIA_TYPE = "application/problem+json"
TOO_SLOW = "the answer took too long: ask for a shorter period or a coarser grain"


class Problem(HTTPException):
    """An error of a request; `parameter` names what has to be changed, `retry_after` says in how
    many seconds the same request may succeed.
    """

    def __init__(
        self, status: int, detail: str, parameter: str = "", retry_after: int | None = None
    ) -> None:
        headers = None if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(status, detail, headers)
        self.parameter = parameter


def not_found(what: str) -> Problem:
    """404: it is not there, or may not be seen."""
    return Problem(404, f"there is no {what}")


def handle_errors(app: FastAPI) -> None:
    """Let every error of the application be answered as a problem."""

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        parameter = getattr(error, "parameter", "")
        errors = [{"parameter": parameter, "detail": error.detail}] if parameter else []
        return _problem(request, error.status_code, str(error.detail), errors, error.headers)

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"parameter": ".".join(map(str, one["loc"][1:])), "detail": one["msg"]}
            for one in error.errors()
        ]
        return _problem(request, 422, "; ".join(one["detail"] for one in errors), errors)

    @app.exception_handler(duckdb.Error)
    async def of_duckdb(request: Request, error: duckdb.Error) -> JSONResponse:
        is_slow = isinstance(error, duckdb.InterruptException)
        said = TOO_SLOW if is_slow else "the release cannot be read; try again"
        return _problem(request, 503, said, [])

    @app.exception_handler(PlatformError)
    async def of_platform(request: Request, _: PlatformError) -> JSONResponse:
        return _problem(request, 503, "a stored file cannot be read; see the page Overview", [])


def _problem(
    request: Request, status: int, detail: str, errors: list[dict[str, str]], headers: Any = None
) -> JSONResponse:
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "errors": errors,
    }
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)
