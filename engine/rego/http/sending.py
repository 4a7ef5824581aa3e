"""A request with its redirects and retries."""

from time import sleep
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.uris import uri_parse
from lockgate.engine.rego.http.errors import NetworkError, RequestError
from lockgate.engine.rego.http.options import Request
from lockgate.engine.rego.http.transport import Answer, exchange
from lockgate.engine.rego.outside import Outside

_MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset([301, 302, 303, 307, 308])
_KEEP_METHOD: Final = (307, 308)
# Not given to another host than the policy's author named.
_SECRET: Final = frozenset(["Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Www-Authenticate"])
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 5.0


def send(request: Request, outside: Outside) -> Answer:
    """The answer, after so many attempts as the request allows. Raises RequestError."""
    url = _allowed(request.url, outside)
    attempt = 0
    while True:
        try:
            return _followed(request, url, outside)
        except NetworkError:
            if attempt >= request.retries:
                raise
        sleep(min(_FIRST_DELAY * 2**attempt, _LONGEST_DELAY))
        attempt += 1


def _allowed(text: str, outside: Outside) -> SplitResult:
    """The URL, which must be one that may be reached."""
    try:
        uri_parse(text)
        url = urlsplit(text)
        host = url.hostname or ""
    except BuiltinError as error:
        raise RequestError(error.message) from error
    except ValueError as error:
        raise RequestError(f'parse "{text[:200]}": {error}') from error
    if not outside.may_reach(host):
        raise RequestError(f"disallowed host: {host[:200]}")
    if url.scheme not in ("http", "https") and not (url.scheme == "unix" and url.query):
        raise NetworkError(f'Get "{text[:200]}": unsupported protocol scheme "{url.scheme}"')
    if not host and url.scheme != "unix":
        raise NetworkError(f'Get "{text[:200]}": http: no Host in request URL')
    return url


def _followed(request: Request, url: SplitResult, outside: Outside) -> Answer:
    method, body, headers = request.method, request.body, dict(request.headers)
    for _ in range(_MAX_REDIRECTS):
        answer = exchange(request, url, method, body, headers)
        location = dict(answer.headers).get("location", "")
        if not request.has("enable_redirect") or answer.status not in _REDIRECTS or not location:
            return answer
        before, url = url, _allowed(urljoin(url.geturl(), location), outside)
        if answer.status not in _KEEP_METHOD:
            body = b""
            method = method if method in ("GET", "HEAD") else "GET"
            headers.pop("Content-Type", None)
        if url.hostname != before.hostname or url.scheme != before.scheme:
            headers = {name: value for name, value in headers.items() if name not in (*_SECRET, "Host")}
    raise NetworkError(f'{method.capitalize()} "{url.geturl()}": stopped after {_MAX_REDIRECTS} redirects')
