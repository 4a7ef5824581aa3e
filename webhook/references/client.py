"""Asks one server, which the administrator named, and no other: HTTPS, no redirects, no proxy, bounded in time and size.

What a reference says becomes parts of a path or values of a query, quoted; it never says which host is asked.
"""

import http.client
import ssl
from collections.abc import Mapping, Sequence
from typing import Final, final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from lockgate.engine.errors import InputError, LockgateError, UsageError
from lockgate.engine.foreign_documents import parse_foreign_json
from lockgate.engine.record import record
from lockgate.engine.rego.http.deadline import Deadline, DeadlineSocket
from lockgate.gatekeeper.external_data.resolving import Resolver as Addresses
from lockgate.gatekeeper.external_data.resolving import connect
from lockgate.webhook.terminal import printable

# A model with ten thousand files takes 3 MB in Hugging Face's answer; a manifest 4 MiB at most, by the OCI's specification.
MAX_ANSWER: Final = 8 * 1024 * 1024
# Of an error.
_MOST_WORDS, _MOST_ERRORS = 64 * 1024, 100
# Plain HTTP is anybody's on the way, but for the machine itself.
_OWN_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS: Final = {"http": 80, "https": 443}


class AskingError(LockgateError):
    """A server gave no answer that counts."""


@record
class Base:
    """Where a server is: its URL without a slash at the end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def shown(self) -> str:
        """As people write it."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and port, as HTTP's Host has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_base(text: str, where: str) -> Base:
    """A URL of a configuration. Raises UsageError, naming where it stands."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise UsageError(f"{where}: {printable(text[:200])} is no URL") from None
    host = url.hostname or ""
    if url.scheme not in _PORTS or not host or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(f"{where}: {printable(text[:200])} is no URL of https://")
    if url.username is not None or url.password is not None or url.query or url.fragment:
        raise UsageError(
            f"{where}: a URL has no user, no query and no fragment here",
            hint="credentials lie in files of their own",
        )
    if url.scheme == "http" and host not in _OWN_HOSTS:
        raise UsageError(
            f"{where}: {printable(text[:200])} is plain HTTP, in which anybody on the way answers",
            hint="use https://, or a tunnel that ends at 127.0.0.1",
        )
    return _base(url, host, port)


def _base(url: SplitResult, host: str, port: int | None) -> Base:
    return Base(url.scheme, host, port or _PORTS[url.scheme], url.path.rstrip("/"))


@record
class Answer:
    """What a server said. headers: by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@final
class Client:
    """Asks the server at a URL."""

    def __init__(self, base: Base, timeout_s: float, context: ssl.SSLContext) -> None:
        """timeout_s: for each answer, from the first look-up to the last byte; context: what is trusted, for HTTPS."""
        self.base = base
        self._timeout_s = timeout_s
        self._context = context
        self._addresses = Addresses(base.host, base.port)
        # A server that could not be reached is not waited for again.
        self._failure = ""

    def get(self, segments: Sequence[str], query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """The answer to GET for parts of a path below the URL. Raises AskingError, redirects included."""
        return self._asked("GET", _target(self.base.path, segments, query), headers, b"")

    def post(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to POST for a path and its query, as HTTP spells them. Raises AskingError, redirects included."""
        return self._asked("POST", target, headers, body)

    def send(self, method: str, segments: Sequence[str], headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a method with a body, for parts of a path below the URL. Raises AskingError, redirects included."""
        return self._asked(method, _target(self.base.path, segments, {}), headers, body)

    def _asked(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self._failure:
            raise AskingError(self._failure)
        try:
            return self._exchange(method, target, headers, body, Deadline(self._timeout_s))
        except TimeoutError:
            self._failure = f"{self.base.shown} gave no answer within {self._timeout_s:g} s"
        except ssl.SSLCertVerificationError as error:
            self._failure = f"the certificate of {self.base.shown} is not trusted: {error.verify_message}"
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)[:200] or type(error).__name__
            self._failure = f"{self.base.shown} cannot be asked: {printable(reason)}"
        except (http.client.HTTPException, ValueError) as error:
            # Of this answer alone.
            raise AskingError(f"{self.base.shown} answers with no HTTP: {type(error).__name__}") from None
        raise AskingError(self._failure)

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
    ) -> Answer:
        connected = connect(self._addresses.addresses(deadline), deadline)
        try:
            if self.base.scheme == "https":
                connected.settimeout(deadline.left())
                connected = self._context.wrap_socket(connected, server_hostname=self.base.host)
            connection = http.client.HTTPConnection(self.base.host, self.base.port)
            connection.sock = DeadlineSocket(connected, deadline)
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            sent = {
                "Host": self.base.authority,
                "User-Agent": "lockgate",
                "Accept-Encoding": "identity",
                **headers,
            }
            if method != "GET":
                sent["Content-Length"] = str(len(body))
            for name, value in {**sent, "Connection": "close"}.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER + 1)
            if len(answer) > MAX_ANSWER:
                raise AskingError(f"{self.base.shown} answers with more than {MAX_ANSWER >> 20} MiB")
            if response.length:
                raise http.client.IncompleteRead(answer)
        finally:
            connected.close()
        if 300 <= response.status < 400:
            place = printable((response.getheader("Location") or "elsewhere")[:200])
            raise AskingError(f"{self.base.shown} sends on to {place}, which is not followed")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, answer)


def tls_context(authorities: bytes | None) -> ssl.SSLContext:
    """What is trusted: certificates in PEM, or the system's authorities for None. Raises ValueError where there is none in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authorities is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=authorities.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise ValueError("no certificates in PEM") from None
    return context


def _target(path: str, segments: Sequence[str], query: Mapping[str, str]) -> str:
    if any(one in ("", ".", "..") for one in segments):
        raise AskingError("a part of the reference is no name")
    try:
        target = "/".join([path, *[quote(one, safe="") for one in segments]]) or "/"
        return f"{target}?{urlencode(query)}" if query else target
    except UnicodeEncodeError:
        raise AskingError("the reference is no Unicode text") from None


def refused(client: Client, answer: Answer) -> AskingError:
    """What an answer means that is none of what was asked for."""
    meaning = {
        401: "wants to know who asks, or does not know the reference",
        403: "does not let this be asked",
        404: "does not know it",
        429: "wants fewer questions",
    }.get(answer.status, f"answers with status {answer.status}")
    said = _message(answer.body)
    return AskingError(f"{client.base.shown} {meaning}{said and f': {said}'}")


def _message(body: bytes) -> str:
    """What an answer says about itself, on one line: the `message` of JSON, or of the first of its `errors`, as registries write it."""
    try:
        told = parse_foreign_json(body, "the answer", _MOST_WORDS)
        listed = told.maybe("errors")
        first = told if listed is None else next(listed.items(_MOST_ERRORS), told)
        message = first.at("message")
        return "" if message is None else printable(message.text(_MOST_WORDS)[:200])
    except InputError:
        return ""
