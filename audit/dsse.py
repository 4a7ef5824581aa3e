"""DSSE envelopes (secure-systems-lab/dsse v1.0): a payload, its type, and signatures over both.

The payload is believed only as what `verify_envelope` returned it for; its bytes are verified, never a re-encoding.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.verifying import is_ed25519_signature, is_p256_signature

IN_TOTO: Final = "application/vnd.in-toto+json"
MAX_ENVELOPE: Final = 16 * 1024 * 1024
MAX_SIGNATURES: Final = 32
MAX_TEXT: Final = 1024

PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """A signature, and the signer's hint at its key, which is not authenticated."""

    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope, not verified."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed (pre-authentication encoding): both parts with their lengths in bytes."""
    try:
        kind = payload_type.encode()
    except UnicodeEncodeError:
        raise FormatError("the type of the payload is no Unicode text") from None
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _base64(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise FormatError(f"the {what} of an envelope is text in base64")
    # The specification admits the standard and the URL-safe alphabet.
    try:
        data = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"the {what} of an envelope is not in base64") from None
    if text.encode() not in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        raise FormatError(f"the {what} of an envelope is not in canonical base64 of one alphabet")
    return data


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise FormatError(f"the {what} of an envelope is printable text of at most {MAX_TEXT} characters")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise FormatError("a key occurs twice in an object of an envelope")
    return made


def parse_envelope(data: bytes) -> Envelope:
    """An envelope from its JSON. Raises FormatError."""
    if len(data) > MAX_ENVELOPE:
        raise FormatError(f"an envelope of {len(data)} bytes is larger than {MAX_ENVELOPE}")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise FormatError("an envelope is JSON") from None
    return envelope_of(value)


def envelope_of(value: object) -> Envelope:
    """An envelope from the value of its JSON, which may stand in other JSON. Raises FormatError."""
    if not isinstance(value, dict):
        raise FormatError("an envelope is an object")
    payload_type = _text(value.get("payloadType"), "payloadType")
    if not payload_type:
        raise FormatError("the payloadType of an envelope is empty")
    listed = value.get("signatures")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_SIGNATURES:
        raise FormatError(f"an envelope has 1 to {MAX_SIGNATURES} signatures")
    signatures: list[EnvelopeSignature] = []
    for one in listed:
        if not isinstance(one, dict):
            raise FormatError("a signature of an envelope has a sig, and perhaps a keyid")
        signatures.append(
            EnvelopeSignature(_text(one.get("keyid", ""), "keyid"), _base64(one.get("sig"), "signature"))
        )
    return Envelope(payload_type, _base64(value.get("payload"), "payload"), tuple(signatures))


def render_envelope(envelope: Envelope) -> bytes:
    """The JSON of an envelope, sorted and compact."""
    value = {
        "payload": base64.b64encode(envelope.payload).decode(),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"keyid": one.key_id, "sig": base64.b64encode(one.signature).decode()}
            for one in envelope.signatures
        ],
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def parse_public_key(pem: bytes) -> PublicKey:
    """An Ed25519 or P-256 public key from PEM. Raises FormatError."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise FormatError("a public key in PEM cannot be read") from None
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise FormatError("a public key is of Ed25519 or P-256")


def _is_by(key: PublicKey, signature: bytes, message: bytes) -> bool:
    if isinstance(key, Ed25519PublicKey):
        return is_ed25519_signature(key.public_bytes(Encoding.Raw, PublicFormat.Raw), signature, message)
    return is_p256_signature(key, signature, message)


def verify_envelope(
    envelope: Envelope, keys: Mapping[str, PublicKey], payload_type: str, threshold: int = 1
) -> Sequence[str]:
    """Checks that at least `threshold` of the given keys signed; returns their names in `keys`.

    Every key is tried on every signature: a key id is a hint. A key under two names counts once, under the first.
    Raises VerificationError.
    """
    unique: dict[bytes, tuple[str, PublicKey]] = {}
    for name, key in keys.items():
        public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        unique.setdefault(public, (name, key))
    if envelope.payload_type != payload_type:
        raise VerificationError(f"the envelope holds {envelope.payload_type!r}, not {payload_type!r}")
    message = pae(envelope.payload_type, envelope.payload)
    found = [
        name
        for name, key in unique.values()
        if any(_is_by(key, one.signature, message) for one in envelope.signatures)
    ]
    if len(found) < max(1, threshold):
        raise VerificationError(
            f"{len(found)} of the given keys signed the envelope, and {threshold} have to"
        )
    return found
