"""Signed certificate timestamps (RFC 6962, section 3.2): a certificate was shown to a log before it was given out."""

import struct
from datetime import UTC
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    DuplicateExtension,
    ExtensionNotFound,
    PrecertificateSignedCertificateTimestamps,
    UnsupportedGeneralNameType,
)
from cryptography.x509.certificate_transparency import LogEntryType, SignedCertificateTimestamp
from lockgate.audit.attestations.signing_certificate import load_certificate, public_key_of
from lockgate.audit.attestations.trusted_root import TrustedRoot, verify_log
from lockgate.audit.errors import FormatError, VerificationError

_MOST: Final = 8
_PRECERTIFICATE: Final = 1
_CERTIFICATE_TIMESTAMP: Final = 0


def verify_timestamp(leaf: bytes, issuer: bytes, root: TrustedRoot) -> None:
    """Checks that a log of the trusted root has signed for a certificate. Raises VerificationError or FormatError."""
    certificate = load_certificate(leaf, "the signer's certificate")
    try:
        extension = certificate.extensions.get_extension_for_class(PrecertificateSignedCertificateTimestamps)
        signed = certificate.tbs_precertificate_bytes
    except ExtensionNotFound:
        raise VerificationError(
            "the signer's certificate was shown to no log: it has no timestamp of one"
        ) from None
    except (ValueError, DuplicateExtension, UnsupportedGeneralNameType):
        raise FormatError("the timestamps in the signer's certificate cannot be read") from None
    stamps = list(extension.value)
    what = "the issuer's certificate"
    key = public_key_of(load_certificate(issuer, what), what)
    issuer_key = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    problems = [VerificationError("the signer's certificate has no timestamp of a log")]
    for stamp in stamps[:_MOST]:
        try:
            _verify(stamp, issuer_key, signed, root)
            return
        except VerificationError as error:
            problems.append(error)
        except (ValueError, OverflowError):
            problems.append(VerificationError("a timestamp in the signer's certificate cannot be read"))
    raise problems[-1]


def _verify(stamp: SignedCertificateTimestamp, issuer_key: bytes, signed: bytes, root: TrustedRoot) -> None:
    what = "the timestamp in the signer's certificate"
    if stamp.entry_type is not LogEntryType.PRE_CERTIFICATE or not isinstance(
        stamp.signature_hash_algorithm, SHA256
    ):
        raise VerificationError(f"{what} is of a kind that is not verified here")
    # Without a zone, in UTC.
    moment = stamp.timestamp.replace(tzinfo=UTC).timestamp()
    extensions = stamp.extension_bytes
    message = (
        struct.pack("!BBQH", 0, _CERTIFICATE_TIMESTAMP, round(moment * 1000), _PRECERTIFICATE)
        + issuer_key
        + len(signed).to_bytes(3, "big")
        + signed
        + struct.pack("!H", len(extensions))
        + extensions
    )
    verify_log(root.certificate_logs, stamp.log_id, moment, stamp.signature, message, what)
