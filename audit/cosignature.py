"""Cosignatures of witnesses (C2SP tlog-cosignature): Ed25519 (0x04) over the note's text, ML-DSA-44 (0x06) over the tree.

A witness signs, with its clock, that it saw this checkpoint and none that contradicts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack, unpack
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.note import COSIGNATURE, ML_DSA_44, Note, Signature, VerifierKey, make_verifier_key
from lockgate.audit.verifying import is_ed25519_signature, is_ml_dsa_44_signature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

_SIZES = {COSIGNATURE: 64, ML_DSA_44: 2420}
_TIME_SIZE = 8
# Names are behind one byte of length in what ML-DSA-44 signs.
_MAX_NAME = 255
# Seconds: the year 9999. A later time is no time.
_MAX_TIME = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: by which key, and when (Unix time in seconds) by the witness's clock."""

    key: VerifierKey
    time: int


def cosigned_message(text: str, time: int) -> bytes:
    """What a `cosignature/v1` signs: a header, the time, and the whole text of the note."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosigned_subtree(name: str, text: str, time: int) -> bytes:
    """What an ML-DSA-44 cosignature signs: label, the witness's name, time, and the tree that the text tells of."""
    checkpoint = parse_checkpoint(text)
    parts = [b"subtree/v1\n\x00"]
    for one in (name.encode(), checkpoint.origin.encode()):
        if not 0 < len(one) <= _MAX_NAME:
            raise FormatError(f"a name in a cosignature has 1 to {_MAX_NAME} bytes")
        parts.append(bytes((len(one),)) + one)
    parts.insert(2, pack(">Q", time))
    return b"".join([*parts, pack(">QQ", 0, checkpoint.size), checkpoint.root])


def verify_cosignature(note: Note, signature: Signature, key: VerifierKey) -> Cosignature:
    """Checks one line of a note against the witness key that it names. Raises VerificationError."""
    if key.algorithm not in _SIZES or (signature.name, signature.key_id) != (key.name, key.key_id):
        raise VerificationError(f"the line of {signature.name} is no cosignature of {key.name}")
    if len(signature.data) != _TIME_SIZE + _SIZES[key.algorithm]:
        raise VerificationError(f"the cosignature of {key.name} has {len(signature.data)} bytes")
    (time,) = unpack(">Q", signature.data[:_TIME_SIZE])
    if not 0 < time <= _MAX_TIME:
        raise VerificationError(f"the cosignature of {key.name} has no time")
    signed = signature.data[_TIME_SIZE:]
    if key.algorithm == COSIGNATURE:
        verified = is_ed25519_signature(key.public, signed, cosigned_message(note.text, time))
    else:
        verified = is_ml_dsa_44_signature(key.public, signed, cosigned_subtree(key.name, note.text, time))
    if not verified:
        raise VerificationError(f"the cosignature of {key.name} is not over this checkpoint and time")
    return Cosignature(key, time)


def verify_cosignatures(note: Note, keys: Sequence[VerifierKey]) -> tuple[Cosignature, ...]:
    """The cosignatures of the given witnesses on a note, one a witness; other lines are ignored.

    Raises VerificationError when a line of a given witness is wrong.
    """
    known = {(key.name, key.key_id): key for key in keys if key.algorithm in _SIZES}
    found: dict[VerifierKey, Cosignature] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            made = verify_cosignature(note, signature, key)
            if key not in found or made.time > found[key].time:
                found[key] = made
    return tuple(found.values())


class CosignatureSigner:
    """Signs checkpoints as a witness does, with an Ed25519 private key."""

    __slots__ = ("_private", "verifier_key")

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier_key = make_verifier_key(name, public, COSIGNATURE)

    def sign(self, text: str, time: int) -> Signature:
        """The line over a checkpoint's text at a time (Unix seconds)."""
        key = self.verifier_key
        signed = self._private.sign(cosigned_message(text, time))
        return Signature(key.name, key.key_id, pack(">Q", time) + signed)


class MlDsa44CosignatureSigner:
    """Signs checkpoints as a witness does, with an ML-DSA-44 private key; randomised, as FIPS 204 advises."""

    __slots__ = ("_private", "verifier_key")

    def __init__(self, name: str, private: "MLDSA44PrivateKey") -> None:
        self._private = private
        self.verifier_key = make_verifier_key(name, private.public_key().public_bytes_raw(), ML_DSA_44)

    def sign(self, text: str, time: int) -> Signature:
        """The line over a checkpoint's text at a time (Unix seconds); its extension lines are not signed."""
        key = self.verifier_key
        signed = self._private.sign(cosigned_subtree(key.name, text, time))
        return Signature(key.name, key.key_id, pack(">Q", time) + signed)
