"""From a view to bytes: HTML by templates that escape everything, or the same as JSON. Nothing of a page runs in a browser."""

import json
from dataclasses import asdict, is_dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from lockgate.audit.pages.charts import Chart
from lockgate.audit.pages.facts import summary
from lockgate.audit.pages.lineage import BOX_HEIGHT, BOX_WIDTH, Picture
from lockgate.audit.pages.remembered import Remembered
from lockgate.audit.pages.site import Site, View

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_HERE: Final = Path(__file__).resolve().parent
HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"
# No script at all, no style but the file, and nobody frames it.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it a browser sends our own forms from the origin `null`.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # What is shown depends on who asks.
    "Cache-Control": "no-store",
}
_PICTURES: Final = frozenset(("picture", "chart"))


# By path: the file, and what it is.
FILES: Final = {
    "/static/style.css": ("style.css", "text/css; charset=utf-8"),
    "/static/icon.svg": ("icon.svg", "image/svg+xml"),
}


def file_at(path: str) -> bytes:
    """One of `FILES`."""
    return (_HERE / "static" / FILES[path][0]).read_bytes()


@lru_cache(maxsize=1)
def _style_version() -> str:
    return sha256(file_at("/static/style.css")).hexdigest()[:12]


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["short"] = _short
    made.filters["query"] = _query
    made.filters["words"] = _words
    made.filters["moment"] = _moment
    made.filters["kind"] = _kind
    made.filters["pretty"] = _pretty
    made.filters["code"] = _code
    made.globals["summary"] = summary
    made.globals["style_version"] = _style_version()
    made.globals["box_width"] = BOX_WIDTH
    made.globals["box_height"] = BOX_HEIGHT
    return made


def render_html(
    view: View, site: Site | None, remembered: Remembered, names: str, path: str, query: str
) -> bytes:
    """A page. names: `masked`, `shown`, or `never` where they may not be. path and query: of the request, for its links."""
    template = _environment().get_template(view.template)
    text = template.render(
        title=view.title,
        page=view.data,
        remembered=remembered,
        origin="" if site is None else site.engine.standing.checkpoint.origin,
        size=0 if site is None else site.engine.size,
        vouched=[] if site is None else _vouched(site),
        viewer=view.viewer if site is None else site.viewer,
        namespace="" if site is None or site.scope is None else site.scope.namespace,
        # Links within a namespace say so; what stands there is escaped for an address, and so for HTML.
        within="" if site is None or site.scope is None else f"namespace={_query(site.scope.namespace)}",
        names=names,
        path=path,
        query=query,
        # Whoever is not let in is shown no way to where they are not let in either.
        shut=view.status in (401, 403) and site is None,
        json_path=f"{'/index' if path == '/' else path}.json",
    )
    return text.encode("utf-8", "replace")


def _vouched(site: Site) -> list[str]:
    """Who, by what the log says of itself, has seen it."""
    ranges = site.engine.standing.assurance.ranges
    return sorted({f"{one.name} of {one.administrator}" for part in ranges for one in part.vouches})


def render_json(view: View) -> bytes:
    """What a page holds, without its pictures."""
    told = {name: value for name, value in view.data.items() if name not in _PICTURES}
    whole = {"schemaVersion": 1, "title": view.title, **told}
    text = json.dumps(whole, indent=1, ensure_ascii=True, default=_plain)
    return f"{text}\n".encode()


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Chart | Picture):
        return None
    return str(value)


def _short(text: object) -> str:
    """A digest, hash or pseudonym as people compare it."""
    whole = str(text)
    bare = whole.removeprefix("sha256:")
    return bare if len(bare) <= 16 else f"{bare[:12]}…"


def _query(value: object) -> str:
    return quote(str(value), safe="")


def _words(name: object) -> str:
    """`ends_soon` as a heading."""
    text = "".join([f" {one.lower()}" if one.isupper() else one for one in str(name)]).replace("_", " ")
    return text.strip().capitalize()


def _code(text: object) -> "Markup":
    """A sentence in which what stands between backticks is code."""
    from markupsafe import Markup, escape

    parts = [escape(one) for one in str(text).split("`")]
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        [Markup("<code>{}</code>").format(one) if at % 2 else one for at, one in enumerate(parts)]
    )


def _moment(text: object) -> str:
    """A time as people read it, in UTC."""
    whole = str(text)
    return f"{whole[:10]} {whole[11:16]}" if len(whole) == 24 and whole.endswith("Z") else whole


def _kind(value: object) -> str:
    """What a value is, for how it is shown."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        if len(value) == 24 and value.endswith("Z") and value[10] == "T":
            return "time"
        return "digest" if value.startswith("sha256:") else "text"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, dict):
        return "object"
    return "none" if value is None else "number"


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)
