"""The application: authentication, one thread a call, headers, and problems for all that goes wrong. The framework is known here alone."""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from lockgate.audit.web.api import Api
from lockgate.audit.web.call import Call, Form, Reply, split_suffix
from lockgate.audit.web.caller import MAX_TOKEN, Authenticator, Caller, NotKnownError
from lockgate.audit.web.endpoints import ENDPOINTS, Endpoint, openapi
from lockgate.audit.web.problems import MEDIA, ProblemError, problem_of
from lockgate.engine.errors import LockgateError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

_LOGGER: Final = logging.getLogger(__name__)
_MAX_QUERY: Final = 8_192
_MAX_PATH: Final = 2_048
_MAX_PAIRS: Final = 100
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Answers are of whoever asked.
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization",
}


def authenticate(header: str, authenticators: Sequence[Authenticator]) -> Caller:
    """Who sent an `Authorization` header. Raises NotKnownError."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotKnownError("send a token: Authorization: Bearer …")
    if len(token) > MAX_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise NotKnownError("that is no token")
    for one in authenticators:
        found = one.caller(token.encode())
        if found is not None:
            return found
    raise NotKnownError("nobody knows this token")


def _response(reply: Reply) -> Response:
    headers = {**HEADERS, **reply.headers}
    if reply.parts is not None:
        return StreamingResponse(reply.parts, reply.status, headers, reply.media)
    return Response(reply.body, reply.status, headers, reply.media if reply.status != 304 else None)


def refusal(error: LockgateError) -> Response:
    """The response to what went wrong."""
    problem = problem_of(error)
    headers = dict(HEADERS)
    if "retry" in problem.more:
        headers["Retry-After"] = problem.more["retry"]
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="lockgate"'
    return Response(problem.body(), problem.status, headers, MEDIA)


def _told(request: Request) -> dict[str, list[str]]:
    if len(request.url.query) > _MAX_QUERY or len(request.url.path) > _MAX_PATH:
        raise ProblemError(414, "too-long", "the address is too long")
    made: dict[str, list[str]] = {}
    pairs = request.query_params.multi_items()
    if len(pairs) > _MAX_PAIRS:
        raise ProblemError(400, "request", "the request is not as it should be", "too many parameters")
    for name, value in pairs:
        made.setdefault(name, []).append(value)
    return made


Handler = Callable[[Request], Any]


def _handler(
    api: Api, endpoint: Endpoint, form: Form | None, authenticators: Sequence[Authenticator]
) -> Handler:
    parts = [part[1:-1].partition(":")[0] for part in endpoint.path.split("/") if part.startswith("{")]

    def answer(request: Request) -> Reply:
        told = _told(request)
        caller = authenticate(request.headers.get("authorization", ""), authenticators)
        given = {name: str(request.path_params[name]) for name in parts}
        chosen: Form = form or (endpoint.forms[0] if endpoint.forms else "json")
        if form is None and parts and endpoint.forms and endpoint.path.endswith("}"):
            given[parts[-1]], chosen = split_suffix(given[parts[-1]])
        if endpoint.forms and chosen not in endpoint.forms:
            raise ProblemError(
                406, "form", "it is not given in that form", f"there is {', '.join(endpoint.forms)}"
            )
        matching = request.headers.get("if-none-match", "")
        return endpoint.answer(api, Call(caller, given, told, chosen, matching))

    async def handle(request: Request) -> Response:
        try:
            return _response(await run_in_threadpool(answer, request))
        except LockgateError as error:
            return refusal(error)

    return handle


def routes_of(api: Api, authenticators: Sequence[Authenticator]) -> list[BaseRoute]:
    """The API's routes: each path, and with each suffix."""
    made: list[BaseRoute] = []
    for endpoint in ENDPOINTS:
        handle = _handler(api, endpoint, None, authenticators)
        made.append(Route(endpoint.path, handle, methods=[endpoint.method]))
        if not endpoint.path.endswith("}"):
            for form in ("json", "jsonl", "csv"):
                if form in endpoint.forms:
                    handle = _handler(api, endpoint, form, authenticators)
                    made.append(Route(f"{endpoint.path}.{form}", handle, methods=["GET"]))
    return made


async def _alive(request: Request) -> Response:
    return Response(b"ok\n", 200, HEADERS, "text/plain; charset=utf-8")


async def _described(request: Request) -> Response:
    return Response(json.dumps(openapi(), indent=2).encode() + b"\n", 200, HEADERS, "application/json")


async def _failed(request: Request, error: Exception) -> Response:
    """What nobody foresaw: its place is in the server's own log, and nothing of it in the answer."""
    _LOGGER.error("a request failed", exc_info=error)
    return refusal(ProblemError(500, "failure", "that is a mistake of the server"))


async def _absent(request: Request, error: Exception) -> Response:
    return refusal(
        ProblemError(404, "not-found", "there is no such thing", "/v1/openapi.json tells what there is")
    )


async def _read_only(request: Request, error: Exception) -> Response:
    posted = {one.path for one in ENDPOINTS if one.method == "POST"}
    read = {one.path for one in ENDPOINTS if one.method == "GET"}
    response = refusal(
        ProblemError(405, "read-only", "nobody writes here: the description says what may be done")
    )
    allowed = ["GET, HEAD"] if request.url.path in read or request.url.path not in posted else []
    response.headers["Allow"] = ", ".join([*allowed, *(["POST"] if request.url.path in posted else [])])
    return response


def make_app(api: Api, authenticators: Sequence[Authenticator], pages: Sequence[BaseRoute] = ()) -> Starlette:
    """The application. pages: further routes, which come first; they authenticate their own callers."""
    routes = [
        *pages,
        Route("/healthz", _alive, methods=["GET"]),
        Route("/v1/openapi.json", _described, methods=["GET"]),
        *routes_of(api, authenticators),
    ]
    handlers: dict[Any, Any] = {404: _absent, 405: _read_only, 500: _failed, Exception: _failed}
    made = Starlette(routes=routes, exception_handlers=handlers)
    # A path with a slash more is another path.
    made.router.redirect_slashes = False
    return made
