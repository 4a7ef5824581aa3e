"""Certificates that sign artefacts (RFC 5280): their chain at a moment, what they may be used for, whom they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509 import Certificate as X509Certificate
from cryptography.x509 import InvalidVersion, load_der_x509_certificate
from lockgate.audit.errors import FormatError, UnverifiableError, VerificationError
from lockgate.audit.verifying import is_nist_curve
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.x509.certificates import Certificate, read_certificate
from lockgate.engine.rego.builtins.x509.chains import Wanted, verified_chain
from lockgate.engine.rego.builtins.x509.der import Reader
from lockgate.engine.rego.builtins.x509.pem import blocks

_CODE_SIGNING: Final = 3
_DIGITAL_SIGNATURE: Final = 1
# Fulcio's extensions (https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md): the issuer of the identity as DER
# text, and formerly as bare bytes.
_ISSUER: Final = (1, 3, 6, 1, 4, 1, 57264, 1, 8)
_ISSUER_FORMER: Final = (1, 3, 6, 1, 4, 1, 57264, 1, 1)
_UTF8: Final = 0x0C
_MOST_ROOTS: Final = 200


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """A certificate whose chain was verified. identities: its alternative names; issuer: who vouched for them, if told."""

    key: EllipticCurvePublicKey
    identities: tuple[str, ...]
    issuer: str
    chain: tuple[bytes, ...]


def read_der(data: bytes, what: str) -> Certificate:
    """A certificate. Raises FormatError."""
    try:
        return read_certificate(data)
    except EvaluationError as error:
        raise FormatError(f"{what} cannot be read: {error.message}") from None


def load_certificate(data: bytes, what: str) -> X509Certificate:
    """A certificate as `cryptography` has it. Raises FormatError."""
    try:
        return load_der_x509_certificate(data)
    except (ValueError, InvalidVersion):
        raise FormatError(f"{what} cannot be read") from None


def public_key_of(certificate: X509Certificate, what: str) -> CertificatePublicKeyTypes:
    """Its key. Raises UnverifiableError for one of a kind that is not known here."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise UnverifiableError(f"{what} is for a key of a kind that is not known here") from None


def read_pem_certificates(data: bytes, what: str) -> tuple[bytes, ...]:
    """The certificates of a PEM file, in DER. Raises FormatError."""
    try:
        found = tuple([one.data for one in blocks(data) if one.type == "CERTIFICATE"])
    except EvaluationError as error:
        raise FormatError(f"{what} cannot be read: {error.message}") from None
    if not 0 < len(found) <= _MOST_ROOTS:
        raise FormatError(f"{what} has {len(found)} certificates, and 1 to {_MOST_ROOTS} are read")
    return found


def _issuer(certificate: Certificate) -> str:
    told, former = certificate.extension(_ISSUER), certificate.extension(_ISSUER_FORMER)
    data = former or b""
    if told is not None:
        reader = Reader(told)
        data = reader.contents(_UTF8, "the issuer of the identity is no text")
        if not reader.empty or former not in (None, data):
            raise FormatError("the certificate tells two issuers of the identity")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("the issuer of the identity in the certificate is no text") from None


def _identities(certificate: Certificate) -> tuple[str, ...]:
    """Every alternative name that is text, as `cryptography` reads it: the spelling is the certificate's own."""
    from cryptography.x509 import (
        DNSName,
        DuplicateExtension,
        ExtensionNotFound,
        RFC822Name,
        SubjectAlternativeName,
        UnsupportedGeneralNameType,
    )
    from cryptography.x509 import UniformResourceIdentifier as Uri

    try:
        read = load_certificate(certificate.raw, "the signer's certificate")
        names = read.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return ()
    except (ValueError, DuplicateExtension, UnsupportedGeneralNameType):
        raise FormatError("the alternative names of the certificate cannot be read") from None
    return tuple(sorted([one.value for one in names if isinstance(one, (RFC822Name, DNSName, Uri))]))


def _no_cost(steps: int) -> None:
    """A chain is bounded by MAX_CHECKS already."""


def verify_certificate(
    leaf: bytes, between: Sequence[bytes], roots: Sequence[bytes], at_ns: int
) -> SigningCertificate:
    """Checks that a certificate may sign, and leads to one of the roots at this moment.

    Raises VerificationError, FormatError for certificates that cannot be read.
    """
    read = read_der(leaf, "the signer's certificate")
    others = [read_der(one, "a certificate of the chain") for one in between]
    chain = None
    for root in roots:
        anchor = read_der(root, "a trusted root")
        if anchor.raw == read.raw:
            continue  # A root signs certificates, and nothing else.
        wanted = Wanted(at_ns, usages=(_CODE_SIGNING,))
        chain = verified_chain([anchor, *others, read], wanted, _no_cost)
        if chain is not None:
            break
    if chain is None:
        raise VerificationError(
            "the signer's certificate leads to none of the trusted roots at that moment, or may not sign code",
            hint="a certificate that has expired proves nothing without the moment of the signature",
        )
    usage, extended = read.details.key_usage, read.details.extended_usages
    if not usage & _DIGITAL_SIGNATURE and (usage or _CODE_SIGNING not in extended):
        raise VerificationError("the signer's certificate may not be used for signatures")
    if read.details.is_ca:
        raise VerificationError("the signer's certificate is an authority's own")
    what = "the signer's certificate"
    key = public_key_of(load_certificate(leaf, what), what)
    if not isinstance(key, EllipticCurvePublicKey) or not is_nist_curve(key):
        raise UnverifiableError(
            "the signer's certificate is for a key of another kind than P-256, P-384 and P-521"
        )
    try:
        return SigningCertificate(key, _identities(read), _issuer(read), tuple([one.raw for one in chain]))
    except EvaluationError as error:
        raise FormatError(f"the signer's certificate cannot be read: {error.message}") from None
