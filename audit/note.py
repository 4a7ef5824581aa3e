"""Signed notes (C2SP signed-note v1.0.0): a text, a blank line, and signature lines; and the keys that verify them.

A line is `— <key name> <base64(key id ‖ signature)>`. Unknown keys' lines are kept and ignored, as the specification
demands; a line of a known key that does not verify makes the whole note wrong.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.verifying import is_ed25519_signature

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
ML_DSA_44: Final = 0x06
KEY_ID_SIZE: Final = 4

# Readers accept at least 16 signatures; a checkpoint has a handful.
MAX_NOTE: Final = 1_000_000
MAX_SIGNATURES: Final = 100

_DASH: Final = "\u2014 "
# Arguments of a command that are not UTF-8 arrive as halves of surrogate pairs.
_NAME: Final = re.compile(r"[^\s+\x00-\x20\x7f\ud800-\udfff]+")
_NO_TEXT: Final = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_PUBLIC_SIZE: Final = {ED25519: 32, COSIGNATURE: 32, ML_DSA_44: 1312}


def decode_base64(text: str, what: str) -> bytes:
    """The bytes of standard base64 in its one canonical spelling. Raises FormatError, naming `what`."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise FormatError(f"{what} is not in base64") from None
    if base64.b64encode(data).decode() != text:
        raise FormatError(f"{what} is not in canonical base64")
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def check_key_name(name: str) -> None:
    """A key's name is not empty and has neither spaces nor `+`. Raises FormatError."""
    if _NAME.fullmatch(name) is None or any(one.isspace() for one in name):
        raise FormatError(f"{name!r} is no name of a key")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key as notes know it: name, id (4 bytes), algorithm byte and key material."""

    name: str
    key_id: bytes
    algorithm: int
    public: bytes


def make_verifier_key(name: str, public: bytes, algorithm: int = ED25519) -> VerifierKey:
    """The key with its id: the first four bytes of `SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)`."""
    check_key_name(name)
    if len(public) != _PUBLIC_SIZE.get(algorithm, len(public)):
        raise FormatError(f"the public key of {name} has {len(public)} bytes")
    key_id = sha256(name.encode() + b"\n" + bytes((algorithm,)) + public).digest()[:KEY_ID_SIZE]
    return VerifierKey(name, key_id, algorithm, public)


def render_verifier_key(key: VerifierKey) -> str:
    """`<name>+<id in hex>+<base64(algorithm ‖ public key)>`."""
    return f"{key.name}+{key.key_id.hex()}+{encode_base64(bytes((key.algorithm,)) + key.public)}"


def parse_verifier_key(text: str) -> VerifierKey:
    """A key from its text; its id must be that of its name and material. Raises FormatError."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise FormatError("a verifier key is written NAME+ID+KEY")
    name, key_id, encoded = parts
    data = decode_base64(encoded, "the public part of the verifier key")
    if not data or data[0] not in _PUBLIC_SIZE:
        raise FormatError(f"the verifier key {name!r} is of no algorithm that is known here")
    key = make_verifier_key(name, data[1:], data[0])
    if key.key_id.hex() != key_id:
        raise FormatError(f"the id {key_id!r} is not that of the verifier key {name!r}")
    return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. `data` is what follows the key id."""

    name: str
    key_id: bytes
    data: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.data)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and its signatures in their order."""

    text: str
    signatures: tuple[Signature, ...]


def check_note_text(text: str) -> None:
    """A note's text ends with a newline and has no control characters but newlines. Raises FormatError."""
    if not text.endswith("\n"):
        raise FormatError("the text of a note ends with a newline")
    if _NO_TEXT.search(text):
        raise FormatError("the text of a note has a control character, or half of a surrogate pair")


def parse_signature(line: str) -> Signature:
    """A signature from its line, without the newline. Raises FormatError."""
    if not line.startswith(_DASH):
        raise FormatError("a signature line begins with an em dash and a space")
    name, separator, encoded = line[len(_DASH) :].partition(" ")
    if not separator:
        raise FormatError("a signature line has a name and a signature")
    check_key_name(name)
    data = decode_base64(encoded, f"the signature of {name}")
    if len(data) <= KEY_ID_SIZE:
        raise FormatError(f"the signature of {name} is too short")
    return Signature(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


def parse_note(data: bytes) -> Note:
    """A note from its bytes. Raises FormatError."""
    if len(data) > MAX_NOTE:
        raise FormatError(f"a note of {len(data)} bytes is longer than {MAX_NOTE}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("a note is UTF-8") from None
    place = whole.rfind("\n\n")
    if place < 0 or not whole.endswith("\n"):
        raise FormatError("a note is a text, a blank line, and signature lines that end with newlines")
    text, lines = whole[: place + 1], whole[place + 2 :].split("\n")[:-1]
    check_note_text(text)
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise FormatError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(lines)}")
    return Note(text, tuple([parse_signature(line) for line in lines]))


def render_note(note: Note) -> bytes:
    """The bytes of a note. Raises FormatError for a text that no note may have."""
    check_note_text(note.text)
    lines = "".join([f"{one}\n" for one in note.signatures])
    return f"{note.text}\n{lines}".encode()


def is_signed(note: Note, signature: Signature, key: VerifierKey) -> bool:
    """Whether a signature of an Ed25519 key verifies over the note's text."""
    return len(signature.data) == 64 and is_ed25519_signature(key.public, signature.data, note.text.encode())


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """The Ed25519 keys (algorithm 0x01) of those given that signed the note, in the order of the lines.

    Raises VerificationError when a line of a given key is wrong or stands twice, or when no given key signed.
    """
    known = {(key.name, key.key_id): key for key in keys if key.algorithm == ED25519}
    found: list[VerifierKey] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if key in found:
            raise VerificationError(f"the note has two signatures of {key.name}")
        if not is_signed(note, signature, key):
            raise VerificationError(f"the signature of {key.name} is not over this text")
        found.append(key)
    if not found:
        names = ", ".join(sorted({key.name for key in keys})) or "no key"
        raise VerificationError(f"the note is not signed by {names}")
    return tuple(found)
