"""Keys, certificates, requests and tokens for tests, made anew by `cryptography` in each run."""

import base64
import ipaddress
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
AnyKey = SigningKey | x25519.X25519PrivateKey

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def name(common: str, *others: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """A distinguished name."""
    pairs = [(NameOID.COMMON_NAME, common), *others]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in pairs])


def digest_for(key: SigningKey) -> hashes.SHA256 | None:
    """What a signature by the key hashes with; Ed25519 does so itself."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def certificate(
    subject: x509.Name,
    key: SigningKey,
    issuer: x509.Name,
    issuer_key: SigningKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    serial: int = 7,
    until: datetime = datetime(2051, 2, 3, 4, 5, 6, tzinfo=UTC),
    pad: padding.PSS | None = None,
) -> x509.Certificate:
    """A certificate, valid from 2020 on."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, digest_for(issuer_key), rsa_padding=pad)


def authority(length: int | None = None) -> list[tuple[x509.ExtensionType, bool]]:
    """The extensions of an authority."""
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return [(x509.BasicConstraints(True, length), True), (usage, True)]


def alternative(*names: x509.GeneralName) -> tuple[x509.ExtensionType, bool]:
    """The extension for alternative names."""
    return x509.SubjectAlternativeName(names), False


def everything() -> list[tuple[x509.ExtensionType, bool]]:
    """An extension of each kind that Go reads, and one that it does not."""
    policy = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")
    return [
        (x509.BasicConstraints(True, 3), True),
        (x509.KeyUsage(True, True, False, True, True, True, False, True, False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3.4")]), False),
        alternative(
            x509.DNSName("*.example.com"),
            x509.RFC822Name("someone@example.com"),
            x509.UniformResourceIdentifier("spiffe://example.com/a%2Fb?q#f%20g"),
            x509.UniformResourceIdentifier("https://user:pass@[2001:db8::1]:8443/%7Euser/'x'"),
            x509.UniformResourceIdentifier("urn:example:thing"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
            x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
            x509.IPAddress(ipaddress.ip_address("::ffff:192.0.2.1")),
            x509.RegisteredID(policy),
        ),
        (
            x509.NameConstraints(
                [x509.DNSName(".example.com"), x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))],
                [x509.RFC822Name("bad@example.com"), x509.UniformResourceIdentifier("evil.example.com")],
            ),
            True,
        ),
        (x509.CertificatePolicies([x509.PolicyInformation(policy, None)]), False),
        (x509.PolicyConstraints(0, 2), True),
        (x509.InhibitAnyPolicy(0), True),
        (
            x509.CRLDistributionPoints(
                [
                    x509.DistributionPoint(
                        [x509.UniformResourceIdentifier("http://crl.example.com")], None, None, None
                    )
                ]
            ),
            False,
        ),
        (
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.OCSP,
                        x509.UniformResourceIdentifier("http://ocsp.example.com"),
                    ),
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.CA_ISSUERS,
                        x509.UniformResourceIdentifier("http://ca.example.com"),
                    ),
                ]
            ),
            False,
        ),
        (x509.SubjectKeyIdentifier(b"\x01\x02\x03"), False),
        (x509.AuthorityKeyIdentifier(b"\x04\x05", None, None), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True),
    ]


def pem(*certificates: x509.Certificate) -> str:
    """Certificates as PEM, one behind the other."""
    return "".join([one.public_bytes(serialization.Encoding.PEM).decode() for one in certificates])


def der(one: x509.Certificate) -> bytes:
    """A certificate as DER."""
    return one.public_bytes(serialization.Encoding.DER)


def b64(data: bytes) -> str:
    """Bytes in base64."""
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    """Bytes in base64 for URLs, not padded."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def private_pem(key: AnyKey, form: str = "PKCS8") -> str:
    """A private key as PEM, of the form PKCS8 or TraditionalOpenSSL."""
    formats = serialization.PrivateFormat
    chosen = formats.PKCS8 if form == "PKCS8" else formats.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, chosen, serialization.NoEncryption()).decode()


def public_pem(key: AnyKey) -> str:
    """The public half of a key as PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def number(value: int, size: int = 0) -> str:
    """An integer as JSON Web Keys have it."""
    return b64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwk(key: SigningKey, half: str = "public", **members: Any) -> dict[str, Any]:
    """A key, or its public half, as a JSON Web Key."""
    found: dict[str, Any]
    if isinstance(key, rsa.RSAPrivateKey):
        secret = key.private_numbers()
        found = {"kty": "RSA", "n": number(secret.public_numbers.n), "e": number(secret.public_numbers.e)}
        hidden = {"d": secret.d, "p": secret.p, "q": secret.q}
        hidden |= {"dp": secret.dmp1, "dq": secret.dmq1, "qi": secret.iqmp}
        own = {name: number(value) for name, value in hidden.items()}
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        point = key.private_numbers().public_numbers
        found = {
            "kty": "EC",
            "crv": f"P-{key.curve.key_size}",
            "x": number(point.x, size),
            "y": number(point.y, size),
        }
        own = {"d": number(key.private_numbers().private_value, size)}
    else:
        found = {"kty": "OKP", "crv": "Ed25519", "x": b64url(key.public_key().public_bytes_raw())}
        own = {"d": b64url(key.private_bytes_raw())}
    return {**found, **(own if half == "private" else {}), **members}


def signature(key: SigningKey | bytes, algorithm: str, signed: bytes) -> bytes:
    """A signature by the name of a JSON Web Algorithm."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    digest = HASHES[algorithm[2:]]
    if isinstance(key, bytes):
        code = hmac.HMAC(key, digest)
        code.update(signed)
        return code.finalize()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        parts = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
        return b"".join([part.to_bytes(size, "big") for part in parts])
    if algorithm.startswith("PS"):
        return key.sign(signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return key.sign(signed, padding.PKCS1v15(), digest)


def token(key: SigningKey | bytes, algorithm: str, payload: Any, **header: Any) -> str:
    """A token in compact form. A payload that is a string is taken as it is, for nested tokens."""
    head = b64url(json.dumps({"alg": algorithm, **header}).encode())
    body = payload if isinstance(payload, str) else json.dumps(payload)
    signed = f"{head}.{b64url(body.encode())}"
    return f"{signed}.{b64url(signature(key, algorithm, signed.encode()))}"
