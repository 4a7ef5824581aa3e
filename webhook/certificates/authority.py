"""Makes authorities and certificates: ECDSA over P-256, which every API server verifies (Ed25519 some do not).

After RFC 5280. An authority may sign certificates of servers and nothing below it. Names have to be among the
subjectAltNames: Go, in which the API server is written, reads no common name (crypto/x509).
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lockgate.engine.errors import UsageError
from lockgate.webhook.certificates.state import Authority, KeyPair, Serving

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
# Clocks of API servers may be behind.
BACKDATED_NS: Final = 3_600 * SECOND_NS
AUTHORITY_NS: Final = 3 * 365 * DAY_NS
SERVING_NS: Final = 90 * DAY_NS
MAX_NAMES: Final = 100


def service_names(service: str, namespace: str) -> tuple[str, ...]:
    """The names of a Service; the API server calls `SERVICE.NAMESPACE.svc`."""
    inside = f"{service}.{namespace}"
    return (f"{inside}.svc", inside, service, f"{inside}.svc.cluster.local")


def make_authority(now_ns: int) -> Authority:
    """A new authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # Each has a subject of its own, so that who builds a chain finds the right one at once.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Lockgate webhook CA {serial:x}"[:64])])
    start, end = now_ns - BACKDATED_NS, now_ns + AUTHORITY_NS
    usage = _usage(signs_certificates=True)
    made = (
        _builder(name, name, key.public_key(), serial, start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(_pair(made, key))


def issue_serving(authority: Authority, names: Sequence[str], now_ns: int) -> Serving:
    """A certificate for a server by these names or addresses. It never outlives its authority. Raises UsageError."""
    issuer = x509.load_pem_x509_certificate(authority.pair.certificate.encode())
    issuer_key = load_pem_private_key(authority.pair.key.encode(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lockgate-webhook")])
    start = max(now_ns - BACKDATED_NS, authority.pair.not_before_ns)
    end = min(now_ns + SERVING_NS, authority.pair.not_after_ns)
    made = (
        _builder(subject, issuer.subject, key.public_key(), x509.random_serial_number(), start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return Serving(_pair(made, key), authority.identity, tuple(names))


def not_after_ns(certificate: bytes) -> int:
    """When the first certificate of a PEM text expires. Raises UsageError."""
    try:
        return _moment(x509.load_pem_x509_certificate(certificate).not_valid_after_utc)
    except ValueError:
        raise UsageError(
            "there is no certificate in PEM", hint="it begins -----BEGIN CERTIFICATE-----"
        ) from None


def days_left(certificate: bytes, now_ns: int) -> float:
    """The days until a certificate (PEM) expires, below 0 once it has. Raises UsageError."""
    return (not_after_ns(certificate) - now_ns) / DAY_NS


def is_issued_by(certificate: str, authority: str) -> bool:
    """Did this authority sign that certificate (both PEM)? What is no certificate was not signed."""
    try:
        one = x509.load_pem_x509_certificate(certificate.encode())
        one.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
    except Exception as error:
        # InvalidSignature has no base class but Exception.
        if type(error).__name__ in ("InvalidSignature", "ValueError", "TypeError"):
            return False
        raise
    return True


def alternative_names(certificate: bytes) -> tuple[str, ...]:
    """The names and addresses that a certificate (PEM) is for. Raises UsageError."""
    try:
        made = x509.load_pem_x509_certificate(certificate)
        found = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except ValueError:
        raise UsageError(
            "there is no certificate in PEM", hint="it begins -----BEGIN CERTIFICATE-----"
        ) from None
    return (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    serial: int,
    start_ns: int,
    end_ns: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(_time(start_ns))
        .not_valid_after(_time(end_ns))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    if not 0 < len(names) <= MAX_NAMES:
        raise UsageError(f"a certificate is for {len(names)} names", hint=f"give one to {MAX_NAMES}")
    made: list[x509.GeneralName] = []
    for name in names:
        try:
            made.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            try:
                made.append(x509.DNSName(name))
            except ValueError:
                raise UsageError(f"{name!r} is no DNS name", hint="write it in ASCII") from None
    return made


def _pair(made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(
        made.public_bytes(Encoding.PEM).decode(),
        private.decode(),
        _moment(made.not_valid_before_utc),
        _moment(made.not_valid_after_utc),
    )


def _time(moment_ns: int) -> datetime:
    # X.509 knows whole seconds; not datetime.fromtimestamp, which goes through floats.
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment_ns // SECOND_NS)


def _moment(time: datetime) -> int:
    return int((time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND_NS
