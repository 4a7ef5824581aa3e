"""The files that a server's TLS is set up from, and whether they have changed.

They are those of the own authority, written here, or somebody else's, such as cert-manager's in a mounted Secret. The
kubelet replaces the files of a Secret together, but nobody reads two files at once: a pair of which the key is not the
certificate's is told as not (yet) usable, and the server keeps what it has.
"""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.certificates.private_files import write_private
from lockgate.webhook.certificates.state import CertificateState

CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"
BUNDLE: Final = "ca.crt"
# Chains have a few kB.
MAX_FILE: Final = 1024 * 1024


@record
class TlsFiles:
    """A certificate with its chain, and its key; in PEM."""

    certificate: Path
    key: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """Both."""
        return (self.certificate, self.key)


def write_files(state: CertificateState, folder: Path) -> TlsFiles:
    """Writes what a server shows, and the bundle that verifies it, where they differ; readable by the owner only.

    Raises UsageError.
    """
    assert state.serving is not None
    pair = state.serving.pair
    wanted = {KEY: pair.key, CERTIFICATE: pair.certificate, BUNDLE: state.bundle}
    for name, text in wanted.items():
        data, place = text.encode(), folder / name
        if not place.exists() or _read(place) != data:
            write_private(place, data)
    return TlsFiles(folder / CERTIFICATE, folder / KEY)


def check_files(files: TlsFiles) -> bytes:
    """The certificate, where the key is its own. Raises UsageError."""
    certificate, key = (_read(path) for path in files.paths)
    try:
        shown = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        raise UsageError(f"{files.certificate} is no certificate in PEM") from None
    try:
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError):
        raise UsageError(
            f"{files.key} is no private key in PEM, or it has a password", hint="write it without a password"
        ) from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != shown.public_bytes(*form):
        raise UsageError(
            f"{files.key} is not the key of {files.certificate}", hint="replace both files together"
        )
    return certificate


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or '').lower()}") from None
    if len(data) > MAX_FILE:
        raise UsageError(f"{path} is larger than {MAX_FILE} bytes")
    return data


class FileWatch:
    """Tells which files have changed since they were last asked for; those of a mounted Secret too (links).

    Content is read only where the time, size or identity of a file differs, and it alone decides.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._stamps: Final[dict[Path, tuple[int, int, int] | None]] = {path: _stamp(path) for path in paths}
        self._contents: Final[dict[Path, bytes | None]] = {path: _digest(path) for path in paths}

    def changed(self) -> frozenset[Path]:
        """The paths whose content is another than at the last call. A file that is gone for now has not changed."""
        found: set[Path] = set()
        for path, before in self._stamps.items():
            stamp = _stamp(path)
            if stamp == before or stamp is None:
                continue
            content = _digest(path)
            if content is None:
                continue
            self._stamps[path] = stamp
            if content != self._contents[path]:
                self._contents[path] = content
                found.add(path)
        return frozenset(found)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _digest(path: Path) -> bytes | None:
    try:
        return sha256(_read(path)).digest()
    except UsageError:
        return None
