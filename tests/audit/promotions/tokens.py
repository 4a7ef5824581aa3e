"""Issuers, their key sets and their tokens, made by `cryptography`. Keys are made once a run; RSA's take long."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lockgate.audit.promotions.token import TokenIssuer, binding_of
from lockgate.audit.promotions.web_keys import encode_base64url, parse_web_keys

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

ISSUER = "https://login.example.com"
CLIENT = "lockgate-approvals"
PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'
NOW = 1_800_000_000


@dataclass(frozen=True)
class Signer:
    """A key of an issuer, and the algorithm that it signs with."""

    algorithm: str
    key: SigningKey
    key_id: str

    def jwk(self, **more: Any) -> dict[str, Any]:
        """The public key."""
        return {"kid": self.key_id, "alg": self.algorithm, "use": "sig", **public_jwk(self.key), **more}


def number(value: int, size: int = 0) -> str:
    """A number as JSON Web Keys write it."""
    return encode_base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def public_jwk(key: SigningKey) -> dict[str, Any]:
    """The public numbers of a key."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(raw)}
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}


@cache
def signer(algorithm: str, name: str = "") -> Signer:
    """A key for an algorithm; the same for the same name."""
    key: SigningKey
    if algorithm in ("RS256", "PS256"):
        key = rsa.generate_private_key(65_537, 2_048)
    elif algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    return Signer(algorithm, key, f"{algorithm}-{name}")


def sign_with(key: SigningKey, algorithm: str, data: bytes) -> bytes:
    """The bytes of a signature, as RFC 7518 has them."""
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return key.sign(data, pss if algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def part(value: object) -> str:
    """A part of a token: text as it stands, anything else as JSON."""
    return encode_base64url((value if isinstance(value, str) else json.dumps(value)).encode())


def claims(**more: Any) -> dict[str, Any]:
    """What an ID token says that approves PAYLOAD; None leaves a claim out."""
    said = {
        "iss": ISSUER,
        "sub": "u-1001",
        "aud": CLIENT,
        "nonce": binding_of(PAYLOAD),
        "iat": NOW,
        "exp": NOW + 300,
    }
    return {name: value for name, value in (said | more).items() if value is not None}


def token(
    said: object, by: Signer | None = None, header: Mapping[str, Any] | str | None = None, **more: Any
) -> bytes:
    """A token. header: in place of its own; more: added to it, where None leaves something out."""
    by = by or signer("ES256")
    own = {"alg": by.algorithm, "kid": by.key_id, "typ": "JWT"} | more
    shown = {name: value for name, value in own.items() if value is not None} if header is None else header
    signed = f"{part(shown)}.{part(said)}"
    return f"{signed}.{encode_base64url(sign_with(by.key, by.algorithm, signed.encode()))}".encode()


def shared_secret_token(said: object, secret: bytes, **header: Any) -> bytes:
    """A token with HMAC-SHA256."""
    signed = f"{part({'alg': 'HS256'} | header)}.{part(said)}"
    made = hmac.HMAC(secret, hashes.SHA256())
    made.update(signed.encode())
    return f"{signed}.{encode_base64url(made.finalize())}".encode()


def key_set(*keys: Mapping[str, Any]) -> bytes:
    """A set of keys as its issuer publishes it."""
    return json.dumps({"keys": list(keys)}).encode()


def issuer(*signers: Signer, name: str = ISSUER, **more: Any) -> TokenIssuer:
    """An issuer that is trusted."""
    keys = parse_web_keys(key_set(*[one.jwk() for one in signers or (signer("ES256"),)]), "keys")
    return TokenIssuer(name, (CLIENT,), keys, **more)
