"""The auditor's pages in the application: signing in, rights, and looks at names that the log keeps before they are shown.

A browser sends no token by itself: who signs in gives theirs once, and a cookie that no script reads carries it from then on. It is
verified anew with each request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.pages.remembered import COOKIE
from lockgate.audit.pages.routes import (
    PATHS,
    Fault,
    refuse,
    refuse_caller,
    respond,
    respond_file,
    sign_in_page,
)
from lockgate.audit.pages.routes import Request as Asked
from lockgate.audit.pages.routes import Response as Answer
from lockgate.audit.pages.site import Memory, Scope, Site, Tallies
from lockgate.audit.query.parameters import NOWHERE
from lockgate.audit.web.app import authenticate
from lockgate.audit.web.backend import Backend, Looking
from lockgate.audit.web.caller import EVERYWHERE, Authenticator, Caller, NotKnownError, Resource, Rights
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

SESSION: Final = "lockgate-token"
SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
# What a browser keeps in one cookie.
_MAX_TOKEN: Final = 3_800
_MAX_FORM: Final = 16 * 1024
_MAX_QUERY: Final = 8_192
_MAX_PATH: Final = 2_048
# A working day.
_SIGNED_IN_S: Final = 8 * 3600


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages are made from, and for whom."""

    backend: Backend
    rights: Rights
    authenticators: Sequence[Authenticator]
    tallies: Tallies | None
    memory: Memory = field(default_factory=Memory)

    def answer(self, asked: Asked, token: str) -> Answer:
        """The answer to a request, by whoever has the token."""
        if asked.is_file:
            return respond_file(asked)
        try:
            caller = authenticate(f"Bearer {token}" if token else "", self.authenticators)
        except NotKnownError as error:
            return sign_in_page(asked, error.message if token else "")
        except TrailError as error:
            return refuse(asked, "trouble", "nobody can say who you are now", error.message)
        try:
            return self._answer(asked, caller)
        except TrailError as error:
            # Before there is an engine to ask: a log that is not as it was signed, or a database that is gone.
            return refuse(asked, _fault_of(error), error.message, error.hint)

    def _may(self, caller: Caller, resource: Resource, asked: Asked) -> bool:
        return self.rights.allows(caller, resource, asked.namespace or EVERYWHERE)

    def _answer(self, asked: Asked, caller: Caller) -> Answer:
        if not self._may(caller, "records", asked):
            if asked.namespace:
                message = f"You may not read the records of the namespace {asked.namespace[:80]}"
                return refuse_caller(asked, caller.name, message, "It needs the right to records there.")
            message = "This page is of the whole log, and you may not read the records of all namespaces"
            hint = "Name a namespace that you may read, here or to the API: `/v1/records?namespace=NAME`."
            return refuse_caller(asked, caller.name, message, hint)
        if asked.is_proof and not self._may(caller, "log", asked):
            return refuse(asked, "forbidden", "You may not take proofs away", "it needs the right to log")
        may_look = self._may(caller, "actors", asked)
        if asked.shows_names and not may_look:
            return refuse(
                asked, "forbidden", "You may not see names and sealed parts", "it needs the right to actors"
            )
        looking: Looking | None = self.backend.looking() if may_look else None
        engine = self.backend.engine(caller.name)
        names = self.backend.names if may_look else None
        scope = None
        if asked.namespace:
            scope = Scope(asked.namespace, self.backend.names.namespace(asked.namespace) or NOWHERE)
        site = Site(engine, engine.now_ms, looking, self.tallies, names, caller.name, self.memory, scope)
        made = respond(site, asked)
        if looking is not None and asked.shows_names:
            # In the log before it is seen; where the log does not take it, nobody sees it.
            question = {"page": asked.page, **{name: value[:200] for name, value in asked.parameters.items()}}
            self.backend.record("reveal", len(looking.opened), caller.name, question)
        return made


def _fault_of(error: TrailError) -> Fault:
    return "tampered" if isinstance(error, VerificationError) else "trouble"


def page_routes(pages: Pages) -> list[BaseRoute]:
    """The routes, which come before the API's."""

    async def show(request: Request) -> Response:
        if len(request.url.query) > _MAX_QUERY or len(str(request.scope["path"])) > _MAX_PATH:
            return _response(refuse(Asked("/"), "question", "the address is too long"))
        asked = Asked(str(request.scope["path"]), dict(request.query_params), request.cookies.get(COOKIE, ""))
        return _response(await run_in_threadpool(pages.answer, asked, _token_of(request)))

    async def sign_in(request: Request) -> Response:
        return _response(sign_in_page(Asked("/"), ""))

    async def signed_in(request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return _response(
                refuse(Asked("/"), "question", "the form came from another place, or is too large")
            )
        token = form.get("token", "").strip()
        if len(token) > _MAX_TOKEN:
            return _response(sign_in_page(Asked("/"), "the token is longer than a browser keeps"))
        try:
            await run_in_threadpool(authenticate, f"Bearer {token}", pages.authenticators)
        except TrailError as error:
            return _response(sign_in_page(Asked("/"), error.message))
        made = _to(form.get("next", "/"))
        _keep(request, made, token, _SIGNED_IN_S)
        return made

    async def sign_out(request: Request) -> Response:
        if await _form(request) is None:
            return _response(
                refuse(Asked("/"), "question", "the form came from another place, or is too large")
            )
        made = _to(SIGN_IN)
        _keep(request, made, "", 0)
        return made

    shown: list[BaseRoute] = [Route(path, show, methods=["GET"]) for path in PATHS]
    return [
        *shown,
        Route(SIGN_IN, sign_in, methods=["GET"]),
        Route(SIGN_IN, signed_in, methods=["POST"]),
        Route(SIGN_OUT, sign_out, methods=["POST"]),
    ]


def _token_of(request: Request) -> str:
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    return token if scheme.lower() == "bearer" else request.cookies.get(SESSION, "")


async def _form(request: Request) -> dict[str, str] | None:
    """What a form of our own says; None for another's, or too much."""
    origin = request.headers.get("origin")
    if origin not in (None, f"{request.url.scheme}://{request.headers.get('host', '')}"):
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_FORM:
            return None
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))


def _keep(request: Request, response: Response, token: str, seconds: int) -> None:
    response.set_cookie(
        SESSION,
        token,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _to(path: str) -> Response:
    """To a page of ours, and nowhere else."""
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return _response(Answer(303, "text/html; charset=utf-8", b"", {"Location": path if is_ours else "/"}))


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers), answer.media_type)
