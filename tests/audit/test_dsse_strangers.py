"""Envelopes from strangers: what is refused, what must be accepted, and the protocol's own signature."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePublicNumbers,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.dsse import (
    MAX_ENVELOPE,
    MAX_SIGNATURES,
    Envelope,
    EnvelopeSignature,
    pae,
    parse_envelope,
    parse_public_key,
    render_envelope,
    verify_envelope,
)
from lockgate.audit.errors import FormatError, VerificationError

TYPE = "http://example.com/HelloWorld"
# protocol.md, "Test Vectors". Its signature is r and s put together; ours, and every library's, is DER.
X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
RAW = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
EXAMPLE = {"payload": "aGVsbG8gd29ybGQ=", "payloadType": TYPE, "signatures": [{"sig": RAW}]}
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))


def signed(payload: bytes, payload_type: str = TYPE) -> Envelope:
    signature = PRIVATE.sign(pae(payload_type, payload))
    return Envelope(payload_type, payload, (EnvelopeSignature("a hint", signature),))


def test_the_signature_of_the_protocols_example() -> None:
    envelope = parse_envelope(json.dumps(EXAMPLE).encode())
    raw = base64.b64decode(RAW)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    keys = {"theirs": EllipticCurvePublicNumbers(X, Y, SECP256R1()).public_key()}
    as_der = Envelope(envelope.payload_type, envelope.payload, (EnvelopeSignature("", der),))
    assert list(verify_envelope(as_der, keys, TYPE)) == ["theirs"]
    with pytest.raises(VerificationError):
        verify_envelope(envelope, keys, TYPE)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1), st.binary())
def test_round_trip(payload_type: str, payload: bytes) -> None:
    envelope = signed(payload, payload_type)
    assert parse_envelope(render_envelope(envelope)) == envelope
    assert list(verify_envelope(envelope, {"it": PRIVATE.public_key()}, payload_type)) == ["it"]


@given(st.data())
def test_a_flipped_bit_of_what_is_signed_is_found(data: st.DataObject) -> None:
    envelope = signed(b"some payload")
    signature, payload = bytearray(envelope.signatures[0].signature), bytearray(envelope.payload)
    part = data.draw(st.sampled_from([signature, payload]))
    part[data.draw(st.integers(0, len(part) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = Envelope(TYPE, bytes(payload), (EnvelopeSignature("", bytes(signature)),))
    with pytest.raises(VerificationError):
        verify_envelope(changed, {"it": PRIVATE.public_key()}, TYPE)


def test_a_key_under_two_names_counts_once() -> None:
    keys = {"one": PRIVATE.public_key(), "two": PRIVATE.public_key()}
    with pytest.raises(VerificationError, match="1 of the given keys"):
        verify_envelope(signed(b"x"), keys, TYPE, 2)


def test_no_threshold_is_none() -> None:
    with pytest.raises(VerificationError):
        verify_envelope(signed(b"x"), {}, TYPE, 0)


def test_a_type_that_is_no_text() -> None:
    with pytest.raises(FormatError):
        pae("\ud800", b"")


def _with(**members: Any) -> bytes:
    return json.dumps(
        {"payload": "eA==", "payloadType": TYPE, "signatures": [{"sig": "eA=="}], **members}
    ).encode()


REFUSED: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"\xff": 1}',
    "UTF-16": _with().decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + _with(),
    "trailing bytes": _with() + b"x",
    "a list": b"[]",
    "no payload": b'{"payloadType": "t", "signatures": [{"sig": "eA=="}]}',
    "a key twice": _with()[:-1] + b', "payload": "eA=="}',
    "a key of a signature twice": b'{"payload":"eA==","payloadType":"t","signatures":[{"sig":"eA==","sig":"eQ=="}]}',
    "no signatures": _with(signatures=[]),
    "null signatures": _with(signatures=None),
    "too many signatures": _with(signatures=[{"sig": "eA=="}] * (MAX_SIGNATURES + 1)),
    "a signature that is text": _with(signatures=["eA=="]),
    "no sig": _with(signatures=[{"keyid": "a"}]),
    "a keyid that is a number": _with(signatures=[{"keyid": 1, "sig": "eA=="}]),
    "a payload that is a number": _with(payload=1),
    "no padding": _with(payload="eA"),
    "bits left over": _with(payload="eB=="),
    "a newline in base64": _with(payload="eA==\n"),
    "two alphabets": _with(payload="+/+/-_-_"),
    "no base64": _with(payload="é"),
    "an empty type": _with(payloadType=""),
    "a type with a newline": _with(payloadType="a\nb"),
    "half a surrogate pair": _with(payloadType="\ud800"),
    "deep": b'{"payload":' + b"[" * 100_000,
    "long": b" " * (MAX_ENVELOPE + 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_envelope(REFUSED[name])


def test_accepted_as_the_format_demands() -> None:
    assert parse_envelope(_with(payload="-_-_")).payload == parse_envelope(_with(payload="+/+/")).payload
    assert parse_envelope(_with(unknown=None)).payload == b"x"
    assert (
        parse_envelope(_with(signatures=[{"sig": "eA==", "keyid": "", "cert": None}])).signatures[0].key_id
        == ""
    )


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        derive_private_key(5, SECP384R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["nothing", "no key", "another curve"],
)
def test_pem_refused(pem: bytes) -> None:
    with pytest.raises(FormatError):
        parse_public_key(pem)
