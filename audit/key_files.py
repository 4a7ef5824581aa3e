"""Keys in files that only their owner may read: the log's (PKCS#8 PEM, Ed25519) and the master key (base64)."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from lockgate.audit.cosignature import CosignatureSigner
from lockgate.audit.errors import TrailError
from lockgate.audit.note import decode_base64, encode_base64
from lockgate.audit.signing import Ed25519Signer
from lockgate.audit.vault import MASTER_SIZE, MasterKey

MAX_FILE: Final = 16 * 1024


def write_secret(path: Path, data: bytes) -> None:
    """Writes a new file, durably, that only its owner may read. Raises TrailError where there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TrailError(f"cannot write the key {path}: {(error.strerror or '').lower()}") from None
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise TrailError(f"cannot write the key {path}: {(error.strerror or '').lower()}") from None


def read_secret(path: Path) -> bytes:
    """A key's file; a symbolic link is followed to one. Raises TrailError when others than its owner may read it."""
    try:
        # Without waiting for a writer where it is a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise TrailError(f"the key {path} is no regular file")
            if mode & 0o077:
                raise TrailError(f"others may read the key {path}", hint=f"run: chmod 600 {path}")
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise TrailError(f"cannot read the key {path}: {(error.strerror or '').lower()}") from None
    if len(data) > MAX_FILE:
        raise TrailError(f"{path} is too large for a key")
    return data


def make_log_key(path: Path) -> None:
    """Makes an Ed25519 key, for a log or a witness."""
    key = Ed25519PrivateKey.generate()
    write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _read_ed25519(path: Path) -> Ed25519PrivateKey:
    data = read_secret(path)
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError):
        raise TrailError(f"{path} is no key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise TrailError(f"{path} is no Ed25519 key")
    return key


def read_log_key(path: Path, origin: str) -> Ed25519Signer:
    """The signer of a log's checkpoints. Raises TrailError."""
    return Ed25519Signer(origin, _read_ed25519(path))


def read_witness_key(path: Path, name: str) -> CosignatureSigner:
    """The signer of a witness. Raises TrailError."""
    return CosignatureSigner(name, _read_ed25519(path))


def make_master_key(path: Path) -> None:
    """Makes a master key."""
    write_secret(path, encode_base64(secrets.token_bytes(MASTER_SIZE)).encode() + b"\n")


def read_master_key(path: Path) -> MasterKey:
    """The master key. Raises TrailError."""
    try:
        text = read_secret(path).decode("ascii").strip()
    except UnicodeDecodeError:
        raise TrailError(f"{path} holds no master key") from None
    return MasterKey(decode_base64(text, f"the master key in {path}"))
