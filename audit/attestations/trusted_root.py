"""Sigstore's `trusted_root.json`: authorities that certify signers, and logs, each with the time that it is good for.

https://github.com/sigstore/protobuf-specs, sigstore_trustroot.proto. It comes from whoever verifies, never with a
signature; where it is from (TUF, a copy in a repository) is theirs to say.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lockgate.audit.attestations.sigstore_bundle import binary
from lockgate.audit.dsse import PublicKey
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.verifying import is_ecdsa_signature, is_ed25519_signature, is_nist_curve
from lockgate.engine.foreign_documents import Part, parse_foreign_json

MAX_ROOT: Final = 1024 * 1024
_MOST: Final = 50
_ROOTS: Final = "application/vnd.dev.sigstore.trustedroot"
_CONFIG: Final = "application/vnd.dev.sigstore.clienttrustconfig"


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment to another, in seconds; without an end where it is None."""

    start: float
    end: float | None

    def has(self, moment: float) -> bool:
        """Is a moment in it?"""
        return self.start <= moment and (self.end is None or moment <= self.end)


@dataclass(frozen=True, slots=True)
class LogKey:
    """A log's key, by the log's id."""

    log_id: bytes
    key: PublicKey
    period: Period


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority's chain in DER, its root last."""

    chain: tuple[bytes, ...]
    period: Period


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """The whole of it."""

    authorities: tuple[Authority, ...]
    rekor: tuple[LogKey, ...]
    certificate_logs: tuple[LogKey, ...]


def _moment(part: Part) -> float:
    try:
        made = datetime.fromisoformat(part.text(40))
    except ValueError:
        part.refuse("is no time")
    return (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()


def _period(part: Part | None) -> Period:
    """Without one, or without a start: refused, since a key that is good for ever is an oversight."""
    if part is None:
        raise FormatError("a key or an authority of the trusted root has no validFor")
    end = part.maybe("end")
    return Period(_moment(part.get("start")), None if end is None else _moment(end))


def _log(part: Part) -> LogKey | None:
    """A log; None for a key of a kind that nothing is verified with here, which then verifies nothing."""
    key = part.get("publicKey")
    try:
        made = load_der_public_key(binary(key.get("rawBytes")))
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(made, Ed25519PublicKey) and not (
        isinstance(made, EllipticCurvePublicKey) and is_nist_curve(made)
    ):
        return None
    return LogKey(binary(part.get("logId").get("keyId")), made, _period(key.maybe("validFor")))


def _logs(part: Part | None) -> tuple[LogKey, ...]:
    if part is None:
        return ()
    return tuple([made for one in part.items(_MOST) if (made := _log(one)) is not None])


def _authority(part: Part) -> Authority:
    listed = part.get("certChain").get("certificates").items(_MOST)
    chain = tuple([binary(one.get("rawBytes")) for one in listed])
    if not chain:
        part.refuse("has no certificate")
    return Authority(chain, _period(part.maybe("validFor")))


def parse_trusted_root(data: bytes, what: str = "the trusted root") -> TrustedRoot:
    """The trusted root in some JSON, or in a client's trust configuration. Raises FormatError or InputError."""
    whole = parse_foreign_json(data, what, MAX_ROOT)
    if whole.get("mediaType").text().startswith(_CONFIG):
        whole = whole.get("trustedRoot")
    if not whole.get("mediaType").text().startswith(_ROOTS):
        raise FormatError(f"{what} is no trusted root of sigstore")
    authorities = whole.get("certificateAuthorities").items(_MOST)
    return TrustedRoot(
        tuple([_authority(one) for one in authorities]),
        _logs(whole.maybe("tlogs")),
        _logs(whole.maybe("ctlogs")),
    )


def _is_by(key: PublicKey, signature: bytes, message: bytes) -> bool:
    if isinstance(key, Ed25519PublicKey):
        return is_ed25519_signature(key.public_bytes_raw(), signature, message)
    return is_ecdsa_signature(key, signature, message)


def verify_log(
    logs: tuple[LogKey, ...], log_id: bytes, moment: float, signature: bytes, message: bytes, what: str
) -> None:
    """Checks a log's signature by the key of that id that is good for the moment. Raises VerificationError."""
    named = [one for one in logs if one.log_id == log_id]
    if not named:
        raise VerificationError(
            f"{what} is of a log that the trusted root does not have: {log_id.hex()[:16]}…"
        )
    good = [one for one in named if one.period.has(moment)]
    if not good:
        raise VerificationError(f"{what} is of a time that the log's key is not good for")
    if not any(_is_by(one.key, signature, message) for one in good):
        raise VerificationError(f"{what} is not signed by the log")
