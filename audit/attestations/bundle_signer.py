"""Who signed a sigstore bundle, in each of the three ways: by a key, by a certificate, by an identity in a log.

The statement in the bundle is believed only as what a function here returned it for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from lockgate.audit.attestations.certificate_log import verify_timestamp
from lockgate.audit.attestations.rekor import verify_entry
from lockgate.audit.attestations.signing_certificate import SigningCertificate, verify_certificate
from lockgate.audit.attestations.sigstore_bundle import SigstoreBundle
from lockgate.audit.attestations.statement import Statement, parse_statement
from lockgate.audit.attestations.trusted_root import TrustedRoot
from lockgate.audit.dsse import pae
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.keys.pem_key import key_name
from lockgate.audit.verifying import is_ecdsa_signature, is_nist_curve

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a certificate has to name: an alternative name, and who vouched for it; any issuer where it is empty."""

    name: str
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed. key_id: SHA-256 (hex) over the key's DER; identity: empty where only a key is known."""

    key_id: str
    identity: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement and who signed it."""

    statement: Statement
    signer: Signer


def parse_ec_key(pem: bytes, what: str) -> EllipticCurvePublicKey:
    """A public key that signs bundles. Raises FormatError."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise FormatError(f"{what} is no public key in PEM") from None
    if not isinstance(key, EllipticCurvePublicKey) or not is_nist_curve(key):
        raise FormatError(f"{what} is a key of another kind than P-256, P-384 and P-521")
    return key


def _verify_signature(bundle: SigstoreBundle, key: EllipticCurvePublicKey, whose: str) -> None:
    envelope = bundle.envelope
    message = pae(envelope.payload_type, envelope.payload)
    if not is_ecdsa_signature(key, envelope.signatures[0].signature, message):
        raise VerificationError(
            f"the signature of the bundle is not {whose}",
            hint="the bundle was changed, or somebody else signed it; signatures of model-signing before 1.0 are not verified",
        )


def signed_by_key(bundle: SigstoreBundle, keys: Sequence[EllipticCurvePublicKey]) -> Signed:
    """The statement, if one of the keys signed it. Raises VerificationError."""
    message = pae(bundle.envelope.payload_type, bundle.envelope.payload)
    signature = bundle.envelope.signatures[0].signature
    for key in keys:
        if is_ecdsa_signature(key, signature, message):
            return Signed(parse_statement(bundle.envelope.payload), Signer(key_name(key)))
    raise VerificationError(
        "the bundle is signed by none of the given keys",
        hint="it was changed, or somebody else signed it; signatures of model-signing before 1.0 are not verified",
    )


def _named(certificate: SigningCertificate, identities: Sequence[Identity]) -> Identity:
    for wanted in identities:
        if wanted.name in certificate.identities and wanted.issuer in ("", certificate.issuer):
            return Identity(wanted.name, certificate.issuer)
    names = ", ".join(certificate.identities) or "nobody"
    issuer = f", for whom {certificate.issuer} vouches" if certificate.issuer else ""
    raise VerificationError(f"the signer is {names}{issuer}: none of the approved identities")


def signed_by_certificate(
    bundle: SigstoreBundle, roots: Sequence[bytes], identities: Sequence[Identity], at_ns: int
) -> Signed:
    """The statement, if a certificate that leads to one of the roots at this moment names one of the identities.

    The moment is the verifier's. model-signing takes the certificate's first day, at which every one is good: one that
    has expired, or whose key was lost since, would sign for ever.
    """
    if not bundle.certificates:
        raise VerificationError("the bundle has no certificate")
    certificate = verify_certificate(bundle.certificates[0], bundle.certificates[1:], roots, at_ns)
    found = _named(certificate, identities)
    _verify_signature(bundle, certificate.key, "the certificate's")
    signer = Signer(key_name(certificate.key), found.name, found.issuer)
    return Signed(parse_statement(bundle.envelope.payload), signer)


def signed_by_identity(bundle: SigstoreBundle, root: TrustedRoot, identities: Sequence[Identity]) -> Signed:
    """The statement, if a trusted log has it, signed while a certificate of a trusted authority named an identity.

    Every identity has to say who vouches for it: without, any provider of identities could make one of that name.
    """
    if any(not one.issuer for one in identities):
        raise FormatError("an identity in a transparency log is approved together with its issuer")
    if len(bundle.certificates) != 1:
        raise VerificationError("a bundle of a transparency log has one certificate")
    moment = verify_entry(bundle, root)
    certificate = _at(bundle, root, moment)
    verify_timestamp(certificate.chain[0], certificate.chain[1], root)
    found = _named(certificate, identities)
    _verify_signature(bundle, certificate.key, "the certificate's")
    signer = Signer(key_name(certificate.key), found.name, found.issuer)
    return Signed(parse_statement(bundle.envelope.payload), signer)


def _at(bundle: SigstoreBundle, root: TrustedRoot, moment: int) -> SigningCertificate:
    problems = [VerificationError("no authority of the trusted root was good when the bundle was signed")]
    for authority in root.authorities:
        if not authority.period.has(moment):
            continue
        try:
            *between, top = authority.chain
            return verify_certificate(bundle.certificates[0], between, [top], moment * _SECOND)
        except VerificationError as error:
            problems.append(error)
    raise problems[-1]
