"""Which page is where. `respond` answers a request for one, whatever web framework brought it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from urllib.parse import urlencode

from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.pages import (
    decisions,
    entries,
    exemptions,
    health,
    models,
    namespaces,
    overview,
    policies,
    promotions,
    questions,
    search,
)
from lockgate.audit.pages.remembered import COOKIE, MAX_AGE_S, Remembered, compare, render_remembered
from lockgate.audit.pages.rendering import FILES, HEADERS, HTML, JSON, file_at, render_html, render_json
from lockgate.audit.pages.site import Asked, ForbiddenError, NoPageError, Site, View
from lockgate.audit.query.errors import CursorError, QuestionError

Page = Callable[[Site, Asked], View]

PAGES: Final[Mapping[str, Page]] = {
    "/": overview.overview,
    "/search": search.search,
    "/promotions": promotions.promotions,
    "/models": models.models,
    "/model": models.model,
    "/stale": models.stale_models,
    "/exemptions": exemptions.exemptions,
    "/quotas": exemptions.quotas,
    "/decisions": decisions.decisions,
    "/policies": policies.policies,
    "/health": health.health,
    "/break-glass": health.break_glass,
    "/verify": health.verify,
    "/questions": questions.questions,
}
# Those that there are of one namespace; every other one is of the whole log.
NAMESPACE_PAGES: Final[Mapping[str, Page]] = {
    "/": namespaces.overview,
    "/search": namespaces.search,
    "/exemptions": namespaces.exemptions,
    "/decisions": namespaces.decisions,
    "/break-glass": namespaces.break_glass,
    "/verify": health.verify,
}
_ENTRY: Final = re.compile(r"/entries/(0|[1-9][0-9]{0,15})")
_PROOF: Final = re.compile(r"/entries/(0|[1-9][0-9]{0,15})\.tlog-proof")
_PROMOTION: Final = re.compile(r"/promotions/(0|[1-9][0-9]{0,15})")
_QUESTION: Final = re.compile(r"/questions/(a[0-9]{1,2})")
_JSON: Final = ".json"
_SHOWN: Final = "shown"

# Where an application sends requests here, as frameworks write paths; `respond` says of each whether there is a page.
PATHS: Final = (
    *PAGES,
    *[f"{'/index' if page == '/' else page}{_JSON}" for page in PAGES],
    "/entries/{rest}",
    "/promotions/{rest}",
    "/questions/{rest}",
    "/static/{rest}",
)

Fault = Literal["nothing", "question", "forbidden", "unknown", "tampered", "trouble"]
_NOTHING: Final = Remembered("first", 0)


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back. headers: those of security, and a cookie where there is one."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))


@dataclass(frozen=True, slots=True)
class Request:
    """What came. path: decoded; parameters: each once; cookie: the value of `COOKIE`, "" without it."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""

    @property
    def is_json(self) -> bool:
        """Is JSON asked for?"""
        return self.path.endswith(_JSON)

    @property
    def is_proof(self) -> bool:
        """Is a proof asked for, to be taken away?"""
        return _PROOF.fullmatch(self.path) is not None

    @property
    def is_file(self) -> bool:
        """Is one of the pages' own files asked for, in which nothing of a log is?"""
        return self.path in FILES

    @property
    def shows_names(self) -> bool:
        """Are names and sealed parts asked for?"""
        return self.parameters.get("names") == _SHOWN

    @property
    def namespace(self) -> str:
        """The one namespace that is asked about, "" for all of the log."""
        return self.parameters.get("namespace", "")

    @property
    def page(self) -> str:
        """The page's path, without the suffix."""
        bare = self.path.removesuffix(_JSON)
        return "/" if bare == "/index" and self.is_json else bare


def is_page(path: str) -> bool:
    """Is there a page, or a file of one, at a path?"""
    page = Request(path).page
    if path in FILES or page in PAGES or _PROOF.fullmatch(path):
        return True
    return any(one.fullmatch(page) for one in (_ENTRY, _PROMOTION, _QUESTION))


def respond(site: Site, request: Request) -> Response:
    """The answer to a request by somebody who may look at the log."""
    if request.is_file:
        return respond_file(request)
    remembered = compare(site.engine, request.cookie)
    # Nobody looks at names by following a link to a page: the log keeps each look.
    seen = site if request.shows_names else replace(site, opener=None, names=None)
    try:
        if (found := _PROOF.fullmatch(request.path)) is not None:
            body = entries.proof_file(site, int(found[1]))
            named = {**HEADERS, "Content-Disposition": f'attachment; filename="{found[1]}.tlog-proof"'}
            return Response(200, "text/plain; charset=utf-8", body, named)
        view = _view(seen, request)
    except (QuestionError, CursorError, FormatError) as error:
        return _failed(site, request, "question", error, remembered)
    except NoPageError as error:
        return _failed(site, request, "unknown", error, remembered)
    except ForbiddenError as error:
        return _failed(site, request, "forbidden", error, remembered)
    except VerificationError as error:
        return _failed(site, request, "tampered", error, remembered)
    except TrailError as error:
        return _failed(site, request, "trouble", error, remembered)
    return _response(site, request, view, remembered)


def respond_file(request: Request) -> Response:
    """One of the pages' own files, for anybody."""
    kept = {**HEADERS, "Cache-Control": "public, max-age=86400"}
    return Response(200, FILES[request.path][1], file_at(request.path), kept)


def _view(site: Site, request: Request) -> View:
    asked = Asked(request.parameters, request.cookie)
    page = request.page
    if site.scope is not None:
        if page in NAMESPACE_PAGES:
            return NAMESPACE_PAGES[page](site, asked)
        if (found := _ENTRY.fullmatch(page)) is not None:
            return entries.entry(site, int(found[1]))
        if is_page(page):
            raise ForbiddenError(
                "That page is of the whole log, and not of one namespace",
                hint="it needs the right to records of all namespaces, and is asked for without `namespace`",
            )
    elif page in PAGES:
        return PAGES[page](site, asked)
    elif (found := _ENTRY.fullmatch(page)) is not None:
        return entries.entry(site, int(found[1]))
    elif (found := _PROMOTION.fullmatch(page)) is not None:
        return promotions.promotion(site, int(found[1]))
    elif (found := _QUESTION.fullmatch(page)) is not None:
        return questions.question(site, asked, found[1])
    raise NoPageError("there is no such page", hint="see the list of pages above, or search")


def _response(site: Site | None, request: Request, view: View, remembered: Remembered) -> Response:
    headers = dict(HEADERS)
    if view.location:
        bare, mark, asked = view.location.partition("?")
        headers["Location"] = f"{bare}{_JSON if request.is_json else ''}{mark}{asked}"
        return Response(view.status, HTML, b"", headers)
    if request.is_json:
        return Response(view.status, JSON, render_json(view), headers)
    if site is not None and remembered.is_good:
        value = render_remembered(site.engine)
        headers["Set-Cookie"] = f"{COOKIE}={value}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Strict"
    names = "never"
    if site is not None and site.opener is not None:
        names = _SHOWN if request.shows_names else "masked"
    query = urlencode({name: value for name, value in request.parameters.items() if name != "names"})
    body = render_html(view, site, remembered, names, request.page, query)
    return Response(view.status, HTML, body, headers)


_STATUSES: Final[Mapping[Fault, tuple[int, str]]] = {
    "question": (400, "That cannot be asked so"),
    "nothing": (401, "Who are you?"),
    "forbidden": (403, "You may not see that"),
    "unknown": (404, "There is nothing here"),
    "tampered": (409, "The trail is not as it was signed"),
    "trouble": (503, "That cannot be answered now"),
}


def sign_in_page(request: Request, message: str) -> Response:
    """The form by which somebody says who they are. message: why what they said does not do, "" where they said nothing yet."""
    if request.is_json:
        return refuse(request, "nothing", message or "send a token: Authorization: Bearer …")
    query = urlencode({name: value for name, value in request.parameters.items() if name != "names"})
    data = {"message": message, "next": f"{request.page}?{query}" if query else request.page}
    return _response(None, request, View("sign_in.html", "Sign in", data, 401), _NOTHING)


def refuse(request: Request, fault: Fault, message: str, hint: str = "") -> Response:
    """The page of a fault before any log was looked at: nobody came, somebody without rights, or a trail that cannot be opened."""
    return _failed(None, request, fault, TrailError(message, hint=hint), _NOTHING)


def refuse_caller(request: Request, viewer: str, message: str, hint: str) -> Response:
    """The page for somebody who is known and may not see this: it asks for a namespace that they may read."""
    error = TrailError(message, hint=hint)
    return _failed(None, request, "forbidden", error, _NOTHING, asks_namespace=True, viewer=viewer)


def _failed(
    site: Site | None,
    request: Request,
    fault: Fault,
    error: TrailError,
    remembered: Remembered,
    *,
    asks_namespace: bool = False,
    viewer: str = "",
) -> Response:
    status, title = _STATUSES[fault]
    where = error.where if isinstance(error, VerificationError) else ""
    data = {
        "status": status,
        "fault": fault,
        "message": error.message,
        "hint": error.hint,
        "where": where,
        "asksNamespace": asks_namespace,
    }
    view = View("error.html", title, data, status, viewer=viewer)
    return _response(site, request, view, remembered)
