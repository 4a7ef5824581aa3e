"""URLs (k8s.io/apiserver pkg/cel/library/urls.go), absolute ones, as Go's `net/url` takes them apart."""

import re
from typing import TYPE_CHECKING, Final, cast, final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library.addresses import quoted
from lockgate.engine.cel.library.declaring import call, function, method
from lockgate.engine.cel.library.limits import bound_items, bound_url
from lockgate.engine.cel.library.opaque import KubernetesValue
from lockgate.engine.cel.types import BOOL, STRING, URL, list_of, map_of
from lockgate.engine.cel.values import Value

if TYPE_CHECKING:
    from lockgate.engine.rego.builtins.go_url import Url as Parts

_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})?")


@final
class Url(KubernetesValue):
    """A URL by its parts; two are equal if Go writes them alike."""

    __slots__ = ("parts", "text")
    type_name = "kubernetes.URL"

    def __init__(self, parts: "Parts") -> None:
        self.parts: Final = parts
        self.text: Final = str(parts)

    def __eq__(self, other: object) -> bool:
        return type(other) is Url and self.text == other.text

    def __hash__(self) -> int:
        return hash((Url, self.text))

    def __str__(self) -> str:
        return self.text


def check_request_uri(text: str) -> None:
    """Raises CelError in Go's words for what is no absolute URL or path."""
    # Needed by few policies.
    from lockgate.engine.rego.builtins.errors import BuiltinError
    from lockgate.engine.rego.builtins.go_url import parse_request_uri

    bound_url(text)
    try:
        parse_request_uri(text)
    except BuiltinError as error:
        raise CelError(f"parse {quoted(text)}: {error.message}") from error


def to_url(text: str) -> Url:
    """`url("https://example.com/")`. Raises CelError."""
    from lockgate.engine.rego.builtins.errors import BuiltinError
    from lockgate.engine.rego.builtins.go_url import parse_url

    try:
        check_request_uri(text)
        return Url(parse_url(text))
    except CelError as error:
        raise CelError(f"URL parse error during conversion from string: {error}") from error
    except BuiltinError as error:
        raise CelError(f"URL parse error during conversion from string: {error.message}") from error


def is_url(text: str) -> bool:
    """`isURL("https://example.com/")`."""
    try:
        check_request_uri(text)
    except CelError:
        return False
    return True


def scheme(url: Url) -> str:
    """The scheme, or an empty text."""
    return url.parts.scheme


def host(url: Url) -> str:
    """The host with its port."""
    return url.parts.host


def hostname(url: Url) -> str:
    """The host without port and brackets."""
    return url.parts.hostname


def port(url: Url) -> str:
    """The port, or an empty text."""
    return url.parts.port


def escaped_path(url: Url) -> str:
    """The path, escaped."""
    return url.parts.path.shown


def query(url: Url) -> dict[str, Value]:
    """The values of each parameter; what is no pair is left out."""
    found: dict[str, Value] = {}
    pairs = url.parts.query.split("&")
    bound_items(len(pairs))
    for pair in pairs:
        if not pair or ";" in pair:
            continue
        name, _, value = pair.partition("=")
        shown, meant = _unescaped(name), _unescaped(value)
        if shown is not None and meant is not None:
            cast(list[Value], found.setdefault(shown, [])).append(meant)
    return found


def _unescaped(text: str) -> str | None:
    """A part of a query without escapes, or None where one is wrong."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    pieces = _ESCAPE.split(text)
    if None in pieces:
        return None
    data = bytearray()
    for at, piece in enumerate(pieces):
        data += bytes.fromhex(piece) if at % 2 else piece.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "replace")


_QUERY: Final = map_of(STRING, list_of(STRING))

FUNCTIONS: Final[tuple[Function, ...]] = (
    function("url", call("string_to_url", (STRING,), URL, to_url, costs.of_first)),
    function("getScheme", method("url_get_scheme", (URL,), STRING, scheme)),
    function("getHost", method("url_get_host", (URL,), STRING, host)),
    function("getHostname", method("url_get_hostname", (URL,), STRING, hostname)),
    function("getPort", method("url_get_port", (URL,), STRING, port)),
    function("getEscapedPath", method("url_get_escaped_path", (URL,), STRING, escaped_path)),
    function("getQuery", method("url_get_query", (URL,), _QUERY, query)),
    function("isURL", call("is_url_string", (STRING,), BOOL, is_url, costs.of_first)),
)
