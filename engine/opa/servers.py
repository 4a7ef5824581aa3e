"""Which OPA servers are asked, and how: what a person says on the command line, checked."""

import os
import re
from typing import Final

from lockgate.engine.errors import UsageError, os_reason
from lockgate.engine.record import record

DEFAULT_PORT: Final = 8181
MAX_SERVERS: Final = 32
_MAX_TOKEN_BYTES: Final = 64 * 1024
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?/?", re.ASCII
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@record
class Address:
    """Where a server listens."""

    host: str
    port: int
    is_tls: bool

    @property
    def is_loopback(self) -> bool:
        """Is it on this machine?"""
        return self.host in _LOOPBACK

    def __str__(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://{self.host}:{self.port}"


@record
class Access:
    """How servers are spoken to.

    token: sent as a bearer token; empty for none. authorities: a file of certificates (PEM) that servers are verified
    by; None for those that come with `certifi`. Times are in seconds: `connect_seconds` for a connection,
    `answer_seconds` for a whole answer, `push_seconds` for that to a module or an inventory.
    rounds: how often all servers are tried before a review fails.
    """

    token: str = ""
    authorities: str | None = None
    connect_seconds: float = 3.0
    answer_seconds: float = 10.0
    push_seconds: float = 60.0
    rounds: int = 3


def parse_address(text: str) -> Address:
    """The server of a URL. Raises UsageError."""
    found = _URL.fullmatch(text)
    if found is None:
        # What stands before an @ may be a password.
        shown = text.rpartition("@")[2][:80]
        raise UsageError(
            f"{shown!r} is no URL of an OPA server",
            hint="such as https://opa.example.com:8181, without a path",
        )
    is_tls = found["scheme"] == "https"
    port = int(found["port"] or DEFAULT_PORT)
    if not 0 < port < 65536:
        raise UsageError(f"{port} is no port", hint="ports are from 1 to 65535")
    return Address(found["host"].lower(), port, is_tls)


def parse_addresses(texts: tuple[str, ...], *, token: str) -> tuple[Address, ...]:
    """The servers of URLs, each once. Raises UsageError, also where what is sent would cross a network in the clear."""
    addresses = tuple(dict.fromkeys([parse_address(text) for text in texts]))
    if not addresses:
        raise UsageError("no OPA server is named", hint="name one or more with --opa-url or LOCKGATE_OPA_URL")
    if len(addresses) > MAX_SERVERS:
        raise UsageError(f"{len(addresses)} OPA servers are more than {MAX_SERVERS}")
    for address in addresses:
        if not address.is_tls and not address.is_loopback:
            what = "the token and every verdict" if token else "every verdict"
            raise UsageError(
                f"{address} is not on this machine, and without TLS anybody on the way could change {what}",
                hint=f"use https://{address.host}:{address.port}, or a tunnel that ends on 127.0.0.1",
            )
    return addresses


def read_token(path: str) -> str:
    """The token in a file. Raises UsageError."""
    try:
        with open(path, encoding="ascii") as stream:
            token = stream.read(_MAX_TOKEN_BYTES + 1).strip()
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(f"cannot read the token file {path}: {reason}") from None
    except UnicodeDecodeError:
        token = ""
    return check_token(token, f"the token file {path}")


def check_token(token: str, where: str) -> str:
    """The token, if it can be sent. Raises UsageError, which does not show it."""
    if not token or len(token) > _MAX_TOKEN_BYTES or not all("!" <= letter <= "~" for letter in token):
        raise UsageError(f"{where} has no token", hint="it is one line of printable ASCII without spaces")
    return token


def check_authorities(path: str) -> str:
    """The path of a file of certificates. Raises UsageError where TLS could not read it."""
    import ssl

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(os.path.abspath(path))
        if not context.get_ca_certs():
            raise UsageError(f"{path} has no certificate of an authority", hint="it is PEM")
    except (OSError, ssl.SSLError) as error:
        reason = os_reason(error)
        raise UsageError(f"cannot read certificates from {path}: {reason}", hint="it is PEM") from None
    return os.path.abspath(path)
