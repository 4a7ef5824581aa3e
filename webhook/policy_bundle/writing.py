"""Writes a PolicyBundle: an archive or a layout, complete under its name or not at all."""

import os
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from lockgate.engine.errors import UsageError, os_reason
from lockgate.webhook.policy_bundle.archive import write_archive
from lockgate.webhook.policy_bundle.bundle import BundleFile
from lockgate.webhook.policy_bundle.layout import make_layout
from lockgate.webhook.policy_bundle.opa_signatures import sign_files
from lockgate.webhook.policy_bundle.statement import sign_digest

if TYPE_CHECKING:
    from lockgate.audit.keys.pem_key import PemKey


def make_archive(files: Sequence[BundleFile], key: "PemKey | None", shown: str) -> bytes:
    """The archive's bytes, signed for OPA with the key. Raises UsageError; TrailError for a key that OPA cannot use."""
    return write_archive(files if key is None else [*files, sign_files(files, key)], shown)


def write_archive_file(path: str, data: bytes) -> str:
    """Writes the archive; returns its digest. Raises UsageError."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        try:
            _write(temporary, data)
            os.replace(temporary, path)
        except BaseException:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise _cannot(path, error) from None
    return f"sha256:{sha256(data).hexdigest()}"


def write_layout(
    path: str, files: Sequence[BundleFile], revision: str, key: "PemKey | None", shown: str
) -> str:
    """Writes a layout into a new folder; returns the digest of its manifest. Raises UsageError.

    The archive inside is signed as well where the key is one that OPA can use.
    """
    for_opa = key if key is not None and key.is_p256 else None
    archive = make_archive(files, for_opa, shown)

    def envelope(digest: str) -> bytes:
        assert key is not None
        return sign_digest(digest, revision, key)

    digest, made = make_layout(archive, revision, None if key is None else envelope)
    _write_folder(path, made)
    return digest


def _write_folder(path: str, files: Mapping[str, bytes]) -> None:
    folder = path.rstrip("/") or path
    if os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):
        raise UsageError(f"{path} is there already", hint="name a new folder, or remove this one")
    temporary = f"{folder}.{os.getpid()}.tmp"
    try:
        os.mkdir(temporary)
        try:
            for name, data in files.items():
                place = os.path.join(temporary, *name.split("/"))
                os.makedirs(os.path.dirname(place), exist_ok=True)
                _write(place, data)
            os.replace(temporary, folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise _cannot(path, error) from None


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with open(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(descriptor)


def _cannot(path: str, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write {path}: {os_reason(error)}",
        hint="name a place in a folder that you may write to",
    )
