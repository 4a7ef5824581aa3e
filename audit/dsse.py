"""DSSE envelopes (secure-systems-lab/dsse v1.0): a payload, its type, and signatures over both.

The payload is believed only as what `verify_envelope` returned it for; its bytes are verified, never a re-encoding.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.verifying import is_ed25519_signature, is_p256_signature

IN_TOTO: Final = "application/vnd.in-toto+json"
MAX_ENVELOPE: Final = 16 * 1024 * 1024
MAX_SIGNATURES: Final = 32

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
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _base64(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise FormatError(f"the {what} of an envelope is text in base64")
    # The specification admits the standard and the URL-safe alphabet.
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"the {what} of an envelope is not in base64") from None


def parse_envelope(data: bytes) -> Envelope:
    """An envelope from its JSON. Raises FormatError."""
    if len(data) > MAX_ENVELOPE:
        raise FormatError(f"an envelope of {len(data)} bytes is larger than {MAX_ENVELOPE}")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise FormatError("an envelope is JSON") from None
    if not isinstance(value, dict) or not isinstance(value.get("payloadType"), str):
        raise FormatError("an envelope has a payloadType")
    listed = value.get("signatures")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_SIGNATURES:
        raise FormatError(f"an envelope has 1 to {MAX_SIGNATURES} signatures")
    signatures: list[EnvelopeSignature] = []
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("keyid", ""), str):
            raise FormatError("a signature of an envelope has a sig, and perhaps a keyid")
        signatures.append(EnvelopeSignature(one.get("keyid", ""), _base64(one.get("sig"), "signature")))
    return Envelope(value["payloadType"], _base64(value.get("payload"), "payload"), tuple(signatures))


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
    except ValueError:
        raise FormatError("a public key in PEM cannot be read") from None
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey):
        raise FormatError("a public key is of Ed25519 or P-256")
    return key


def _is_by(key: PublicKey, signature: bytes, message: bytes) -> bool:
    if isinstance(key, Ed25519PublicKey):
        return is_ed25519_signature(key.public_bytes(Encoding.Raw, PublicFormat.Raw), signature, message)
    return is_p256_signature(key, signature, message)


def verify_envelope(
    envelope: Envelope, keys: Mapping[str, PublicKey], payload_type: str, threshold: int = 1
) -> Sequence[str]:
    """Checks that at least `threshold` of the given keys signed; returns their names in `keys`.

    Every key is tried on every signature: a key id is a hint. Raises VerificationError.
    """
    if envelope.payload_type != payload_type:
        raise VerificationError(f"the envelope holds {envelope.payload_type!r}, not {payload_type!r}")
    message = pae(envelope.payload_type, envelope.payload)
    found = [
        name
        for name, key in keys.items()
        if any(_is_by(key, one.signature, message) for one in envelope.signatures)
    ]
    if len(found) < max(1, threshold):
        raise VerificationError(
            f"{len(found)} of the given keys signed the envelope, and {threshold} have to"
        )
    return found
