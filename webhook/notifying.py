"""Telling others of an event: one POST of a CloudEvent to the address that was given, signed as Standard Webhooks has it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. It comes after the event, so that
nothing of it decides: whoever was not told is named on stderr, and the outcome stays what it is.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, final
from urllib.parse import urlsplit

import click
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.engine.record import record
from lockgate.webhook.terminal import printable

if TYPE_CHECKING:
    from lockgate.webhook.promotions.cloud_event import CloudEvent
    from lockgate.webhook.references.client import Client

# Somebody waits at a terminal, or a pipeline does.
TIMEOUT_S: Final = 5.0
_MAX_ADDRESS: Final = 2_048
_PREFIX: Final = "whsec_"
# 24 to 64 bytes, by the specification.
_SECRET_BYTES: Final = range(24, 65)


@record
class Address:
    """Where to send events. target: path and query, which are often a secret of their own, and are never shown."""

    scheme_and_host: str
    target: str


def parse_address(text: str) -> Address:
    """An address of https://, or of http:// on this machine. Raises UsageError."""
    from lockgate.webhook.references.client import parse_base

    where = "--notify"
    if len(text) > _MAX_ADDRESS or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(f"{where}: an address has at most {_MAX_ADDRESS} printable ASCII characters")
    try:
        url = urlsplit(text)
    except ValueError:
        raise UsageError(f"{where}: that is no URL") from None
    if url.fragment:
        raise UsageError(f"{where}: a URL has no fragment here")
    base = parse_base(f"{url.scheme}://{url.netloc}", where)
    return Address(base.shown, (url.path or "/") + (f"?{url.query}" if url.query else ""))


def read_secret_key(path: Path) -> bytes:
    """The key that events are signed with, from a file that only its owner may read. Raises TrailError or UsageError."""
    from lockgate.audit.errors import FormatError
    from lockgate.audit.key_files import read_secret
    from lockgate.audit.note import decode_base64

    hint = 'make one: printf whsec_%s "$(openssl rand -base64 32)"'
    try:
        text = read_secret(path).decode("ascii").strip()
        key = decode_base64(text.removeprefix(_PREFIX), "it")
    except (UnicodeDecodeError, FormatError):
        raise UsageError(f"{path} holds no secret: {_PREFIX} and base64", hint=hint) from None
    if len(key) not in _SECRET_BYTES:
        raise UsageError(f"the secret in {path} has {len(key)} bytes, and not 24 to 64", hint=hint)
    return key


def render_signature(key: bytes, name: str, at_s: int, body: bytes) -> str:
    """The header `webhook-signature`: version 1, HMAC-SHA256 over name, moment in Unix seconds and body."""
    from lockgate.audit.hmac_sha256 import hmac_sha256
    from lockgate.audit.note import encode_base64

    return f"v1,{encode_base64(hmac_sha256(key, b'%b.%d.%b' % (name.encode(), at_s, body)))}"


@final
class Notifier:
    """Sends events to one address."""

    def __init__(self, address: Address, key: bytes | None, now_s: Callable[[], int]) -> None:
        """key: as `read_secret_key` reads it; None where receivers are known by the address alone."""
        self._address = address
        self._key = key
        self._now_s = now_s
        # One for all events: a receiver that does not answer is waited for once.
        self._client: Client | None = None

    def notify(self, event: "CloudEvent") -> bool:
        """Sends an event, once. Whether the receiver took it: where it did not, stderr says so."""
        try:
            problem = self._sent(event)
        except LockgateError as error:
            problem = error.message
        except OSError as error:
            problem = error.strerror or type(error).__name__
        if problem:
            click.echo(f"note: nobody was told of it: {printable(problem)}", err=True)
        return not problem

    def _sent(self, event: "CloudEvent") -> str:
        """Why the receiver did not take it, empty where it did."""
        from lockgate.webhook.promotions.cloud_event import MEDIA_TYPE
        from lockgate.webhook.references.client import Client, parse_base, tls_context

        address, at_s = self._address, self._now_s()
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Accept": "*/*",
            "webhook-id": event.delivery,
            "webhook-timestamp": str(at_s),
        }
        if self._key is not None:
            headers["webhook-signature"] = render_signature(self._key, event.delivery, at_s, event.body)
        if self._client is None:
            base = parse_base(address.scheme_and_host, "--notify")
            self._client = Client(base, TIMEOUT_S, tls_context(None))
        answer = self._client.post(address.target, headers, event.body)
        if 200 <= answer.status < 300:
            return ""
        return f"{address.scheme_and_host} answers with status {answer.status}"
