"""The certificate that providers are shown, and its key, from files that may be replaced at any time."""

import os
import ssl
from threading import Lock
from typing import Final, final

from lockgate.engine.certificate_chain import load_chain
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record

_MAX_PEM: Final = 1 << 20


@record
class ClientCertificate:
    """PEM texts: a certificate with its chain, and its key."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "ClientCertificate(…)"


@final
class ClientFiles:
    """The files as they are now; of half of a change nothing is taken. Used by several threads at once."""

    def __init__(self, certificate: str, key: str) -> None:
        self._certificate: Final = certificate
        self._key: Final = key
        self._lock: Final = Lock()
        self._seen: tuple[tuple[int, ...], ...] = ()
        self._known: ClientCertificate | None = None

    def current(self) -> ClientCertificate:
        """What is shown from now on: the same value until the files change, and while what they hold cannot be used.

        Raises UsageError where nothing in them could be used yet.
        """
        with self._lock:
            try:
                return self._read()
            except UsageError:
                if self._known is None:
                    raise
                return self._known

    def check(self) -> None:
        """Raises UsageError for what cannot be used now."""
        with self._lock:
            self._read()

    def _read(self) -> ClientCertificate:
        seen = _signature(self._certificate), _signature(self._key)
        if self._known is None or seen != self._seen:
            self._known = _read_pair(self._certificate, self._key)
            self._seen = seen
        return self._known


def _signature(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read_pair(certificate: str, key: str) -> ClientCertificate:
    try:
        found = ClientCertificate(_read(certificate), _read(key))
        load_chain(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), found.certificate, found.key)
    except (OSError, ValueError) as error:
        reason = (error.reason or "failed") if isinstance(error, ssl.SSLError) else ""
        said = reason.lower().replace("_", " ") or getattr(error, "strerror", None) or str(error)[:200]
        raise UsageError(
            f"cannot use the client certificate {certificate} with the key {key}: {said}",
            hint="both are PEM files; the key has no password",
        ) from None
    return found


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        text = file.read(_MAX_PEM + 1)
    if len(text) > _MAX_PEM:
        raise ValueError(f"{path} is larger than a certificate or key")
    return text
