"""Providers over HTTPS: TLS 1.3 at least, the provider's own authorities alone, bounded in time and size.

After github.com/open-policy-agent/frameworks constraint/pkg/externaldata/request.go. Where Gatekeeper's client follows
redirects and reads answers of any size, this one refuses both: a Provider's URL is the only place that is reached.
Connections are kept for the next request, and no proxy of the environment is used.
"""

import http.client
import socket
import ssl
from threading import Lock
from typing import Final, final

from lockgate.engine.certificate_chain import load_chain
from lockgate.engine.decision import Reply
from lockgate.engine.errors import UsageError
from lockgate.engine.rego.http.deadline import Deadline, DeadlineSocket
from lockgate.gatekeeper.external_data.client_certificate import ClientCertificate, ClientFiles
from lockgate.gatekeeper.external_data.provider import Provider
from lockgate.gatekeeper.external_data.resolving import Resolver, connect
from lockgate.gatekeeper.external_data.wire import ProviderError, parse_response, render_request

# An answer becomes part of the Decision and of its record.
MAX_ANSWER: Final = 4_000_000
# The API server waits 30 s for a webhook at most, whatever a Provider says.
MAX_TIMEOUT_S: Final = 30.0
# As Go's transport in Gatekeeper.
MAX_IDLE: Final = 10
_CHUNK: Final = 65_536
_SENDING: Final = "failed to send external data request"
_READING: Final = "failed to read external data response"


@final
class HttpsProvider:
    """One provider that is asked over HTTPS."""

    def __init__(self, provider: Provider, client: ClientFiles | None = None) -> None:
        """client: what it is shown, where that is asked for."""
        self._provider = provider
        self._client = client
        self._shown: ClientCertificate | None = None
        self._context: ssl.SSLContext | None = None
        self._resolver = Resolver(provider.host, provider.port)
        self._idle: list[_Connection] = []
        self._lock = Lock()
        self._is_closed = False

    @property
    def identity(self) -> str:
        """Its name and what its object says."""
        return f"{self._provider.name} {self._provider.digest}"

    def answer(self, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """What the provider says of the keys. Raises ProviderError when it fails, redirects included."""
        timeout = min(self._provider.timeout, MAX_TIMEOUT_S)
        deadline = Deadline(timeout if seconds is None else min(timeout, seconds))
        body = render_request(keys)
        context = self._now()
        connection = self._kept()
        if connection is not None:
            try:
                return self._exchange(connection, body, deadline)
            except _StaleError:
                # The server closed it meanwhile.
                pass
        return self._exchange(self._connect(context, deadline), body, deadline)

    def close(self) -> None:
        """Closes what is idle, and what becomes so."""
        self._is_closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        while (connection := self._kept()) is not None:
            connection.close()

    def _now(self) -> ssl.SSLContext:
        """What new connections are made with. Raises ProviderError where there should be a client certificate."""
        try:
            client = None if self._client is None else self._client.current()
        except UsageError as error:
            raise ProviderError(f"{_SENDING}: {error.message}") from error
        if self._context is not None and client is self._shown:
            return self._context
        made = _tls_context(self._provider, client)
        self._context, self._shown = made, client
        self._close_idle()
        return made

    def _kept(self) -> "_Connection | None":
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connect(self, context: ssl.SSLContext, deadline: Deadline) -> "_Connection":
        provider = self._provider
        try:
            plain = connect(self._resolver.addresses(deadline), deadline)
            try:
                plain.settimeout(deadline.left())
                secured = context.wrap_socket(plain, server_hostname=provider.host)
            except BaseException:
                plain.close()
                raise
        except (OSError, UnicodeError) as error:
            raise ProviderError(f"{_SENDING}: {_reason(error)}") from error
        # Small requests are not to wait for each other.
        secured.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(secured)

    def _exchange(self, connection: "_Connection", body: bytes, deadline: Deadline) -> Reply:
        try:
            status, answer, is_open = connection.exchange(self._provider, body, deadline)
        except BaseException:
            connection.close()
            raise
        if is_open:
            with self._lock:
                if len(self._idle) < MAX_IDLE and not self._is_closed:
                    self._idle.append(connection)
                    is_open = False
            if is_open:
                connection.close()
        else:
            connection.close()
        if 300 <= status < 400:
            raise ProviderError(f"{_SENDING}: the provider redirects (status {status}), which is refused")
        return parse_response(status, answer)


class _StaleError(ProviderError):
    """A connection that had been kept ended before anything of an answer came."""


class _Connection:
    """A connection to a provider, used for one request after the other."""

    def __init__(self, secured: ssl.SSLSocket) -> None:
        self._socket = secured
        self._is_fresh = True

    def close(self) -> None:
        self._socket.close()

    def exchange(self, provider: Provider, body: bytes, deadline: Deadline) -> tuple[int, bytes, bool]:
        """Status and body of the answer, and whether the connection can be used again. Raises ProviderError."""
        was_fresh, self._is_fresh = self._is_fresh, False
        connection = http.client.HTTPConnection(provider.host, provider.port)
        connection.sock = DeadlineSocket(self._socket, deadline)
        try:
            connection.putrequest("POST", provider.target, skip_host=True, skip_accept_encoding=True)
            for name, value in _headers(provider, body):
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected, ssl.SSLEOFError) as error:
            kind = ProviderError if was_fresh else _StaleError
            raise kind(f"{_SENDING}: {_reason(error)}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderError(f"{_SENDING}: {_reason(error)}") from error
        try:
            answer = _read(response)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderError(f"{_READING}: {_reason(error)}") from error
        finally:
            response.close()
        return response.status, answer, not response.will_close


def _tls_context(provider: Provider, client: ClientCertificate | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=provider.ca_bundle)
    if client is not None:
        load_chain(context, client.certificate, client.key)
    return context


def _headers(provider: Provider, body: bytes) -> list[tuple[str, str]]:
    host = f"[{provider.host}]" if ":" in provider.host else provider.host
    return [
        ("Host", host if provider.port == 443 else f"{host}:{provider.port}"),
        ("User-Agent", "lockgate"),
        ("Accept-Encoding", "identity"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
    ]


def _read(response: http.client.HTTPResponse) -> bytes:
    """The whole body. Raises ProviderError for a large one, IncompleteRead for one that ends early."""
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK):
        size += len(chunk)
        if size > MAX_ANSWER:
            raise ProviderError(f"{_READING}: it is larger than {MAX_ANSWER} bytes")
        chunks.append(chunk)
    if response.length:
        raise http.client.IncompleteRead(b"".join(chunks))
    return b"".join(chunks)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "context deadline exceeded"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the provider's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or 'failed').lower().replace('_', ' ')}"
    if isinstance(error, http.client.IncompleteRead):
        return "unexpected EOF"
    return getattr(error, "strerror", None) or str(error)[:200] or type(error).__name__
