"""Files of keys: whose they are, what they may be, and that nothing shows what is in them."""

import copy
import logging
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from lockgate.audit.errors import TrailError
from lockgate.audit.key_files import (
    MAX_FILE,
    make_log_key,
    make_master_key,
    read_log_key,
    read_master_key,
    read_secret,
    write_secret,
)
from lockgate.audit.note import encode_base64
from lockgate.audit.vault import MasterKey, VaultKey

from tests.audit.trails import ORIGIN, make_trail, private_key

SECRET = bytes(range(100, 132))


def test_made_for_the_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_log_key(tmp_path / "log.pem")
        make_master_key(tmp_path / "master.key")
    finally:
        os.umask(before)
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert read_log_key(tmp_path / "log.pem", ORIGIN).verifier_key.name == ORIGIN
    assert isinstance(read_master_key(tmp_path / "master.key"), MasterKey)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    make_log_key(tmp_path / "log.pem")
    data = (tmp_path / "log.pem").read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    for name in ("log.pem", "link", "no/folder"):
        with pytest.raises(TrailError, match="cannot write"):
            write_secret(tmp_path / name, b"x")
    assert (tmp_path / "log.pem").read_bytes() == data
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o610, 0o777])
def test_others_may_not(tmp_path: Path, mode: int) -> None:
    make_log_key(tmp_path / "log.pem")
    (tmp_path / "log.pem").chmod(mode)
    (tmp_path / "link").symlink_to("log.pem")
    for name in ("log.pem", "link"):
        with pytest.raises(TrailError, match="others may read"):
            read_secret(tmp_path / name)
    (tmp_path / "log.pem").chmod(0o400)
    assert read_secret(tmp_path / "link") == read_secret(tmp_path / "log.pem")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "large").write_bytes(b"x" * (MAX_FILE + 1))
    (tmp_path / "large").chmod(0o600)
    for name, message in (
        ("pipe", "no regular file"),
        (".", "cannot read|no regular file"),
        ("absent", "no such file"),
        ("large", "too large"),
    ):
        with pytest.raises(TrailError, match=message):
            read_secret(tmp_path / name)


PEM_P256 = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAGhRANCAARrF9Hy4SxCR/i85uVjpEDydwN9gS3r
M6D0oTlF2JjClk/jQuL+Gn+bjufrSnwPnhYrzjNXazFezsu2QGg3v1H1
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no key in PEM"),
        ("secret-that-is-no-key", "no key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no key in PEM"),
        (PEM_P256, "no Ed25519 key"),
    ],
)
def test_no_key(tmp_path: Path, text: str, message: str) -> None:
    write_secret(tmp_path / "key", text.encode())
    with pytest.raises(TrailError, match=message) as caught:
        read_log_key(tmp_path / "key", ORIGIN)
    assert "secret-that" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"AAAA", encode_base64(SECRET).encode() + b"=", b"\xff", SECRET])
def test_no_master_key(tmp_path: Path, data: bytes) -> None:
    write_secret(tmp_path / "key", data)
    with pytest.raises(TrailError) as caught:
        read_master_key(tmp_path / "key")
    assert encode_base64(SECRET)[:12] not in "".join(traceback.format_exception(caught.value))


def spellings(secret: bytes) -> list[str]:
    return [secret.hex(), encode_base64(secret), repr(secret)[2:-1], str(list(secret))[1:-1]]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: MasterKey(SECRET),
        lambda folder: VaultKey(b"r" * 16, SECRET),
        lambda folder: read_log_key(folder / "log.pem", ORIGIN),
    ],
)
def test_nothing_shows_a_key(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make_log_key(tmp_path / "log.pem")
    held = make(tmp_path)
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied"):
            copied(held)
    try:
        raise TrailError(f"{held!r} {held}")
    except TrailError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert not any(one in shown for one in spellings(SECRET))
    assert "PRIVATE" not in shown


def test_no_key_is_in_the_database_or_in_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    number = int.from_bytes(SECRET, "big")
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}", key=number)
    trail.fill(40)
    held = [b"m" * 32, private_key(number).private_bytes_raw()]
    for number in range(3):
        key = trail.vault.find(f"team-{number}")
        assert key is not None
        held.append(key.key)
    # The write-ahead log is there until the database is closed.
    data = b"".join([path.read_bytes() for path in tmp_path.iterdir()])
    trail.close()
    data += b"".join([path.read_bytes() for path in tmp_path.iterdir()])
    for secret in held:
        assert secret not in data
        for one in spellings(secret)[:2]:
            assert one.encode() not in data
            assert one not in caplog.text
