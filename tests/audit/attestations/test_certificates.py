"""Bundles signed with certificates, and by identities in a transparency log: what is believed, and what is refused."""

import base64
import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from lockgate.audit.attestations.bundle_signer import (
    Identity,
    Signer,
    signed_by_certificate,
    signed_by_identity,
)
from lockgate.audit.attestations.sigstore_bundle import parse_sigstore_bundle
from lockgate.audit.attestations.trusted_root import parse_trusted_root
from lockgate.audit.errors import UnverifiableError, VerificationError
from lockgate.engine.errors import LockgateError

from tests.audit.attestations.bundles import (
    IDENTITY,
    ISSUER,
    SIGNED,
    START,
    Authority,
    Sigstore,
    b64,
    certificate_bundle,
    envelope,
    new_key,
    statement,
    usual_extensions,
)

AUTHORITY: Final = Authority()
SIGSTORE: Final = Sigstore()
APPROVED: Final = [Identity(IDENTITY, ISSUER)]
BUNDLE: Final = SIGSTORE.bundle(statement())


def in_ns(days: float) -> int:
    return int((START + timedelta(days=days)).timestamp()) * 1_000_000_000


def by_certificate(
    extensions: list[tuple[x509.ExtensionType, bool]] | None = None,
    days: float = 10,
    identities: list[Identity] | None = None,
    roots: list[x509.Certificate] | None = None,
    authority: Authority = AUTHORITY,
) -> Signer:
    key = new_key()
    builder = authority.leaf(key, usual_extensions() if extensions is None else extensions)
    leaf = builder.sign(authority.key, hashes.SHA256())
    made = certificate_bundle(key, [leaf, authority.between], statement())
    bundle = parse_sigstore_bundle(json.dumps(made).encode(), "the bundle")
    trusted = [one.public_bytes(Encoding.DER) for one in roots or [AUTHORITY.root]]
    return signed_by_certificate(bundle, trusted, identities or APPROVED, in_ns(days)).signer


def test_a_certificate_that_leads_to_the_root() -> None:
    found = by_certificate()
    assert (found.identity, found.issuer) == (IDENTITY, ISSUER)
    assert by_certificate(identities=[Identity("x"), Identity(IDENTITY)]).identity == IDENTITY
    # A root of several, and one of them twice.
    assert by_certificate(roots=[Authority().root, AUTHORITY.root, AUTHORITY.root]).identity == IDENTITY


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"days": 400}, "leads to none of the trusted roots at that moment"),
        ({"days": -1}, "leads to none of the trusted roots"),
        ({"roots": [Authority().root]}, "leads to none"),
        ({"authority": Authority()}, "leads to none"),
        ({"identities": [Identity("https://ci.example/fraud")]}, "none of the approved identities"),
        (
            {"identities": [Identity(IDENTITY, "https://other.example")]},
            "for whom https://identity.example vouches",
        ),
        ({"extensions": usual_extensions(usages=[ExtendedKeyUsageOID.SERVER_AUTH])}, "may not sign code"),
        ({"extensions": usual_extensions(signs=False)}, "may not be used for signatures"),
        ({"extensions": usual_extensions()[2:]}, "may not be used for signatures"),
        (
            {"extensions": [*usual_extensions(), (x509.BasicConstraints(True, None), True)]},
            "an authority's own",
        ),
        (
            {
                "extensions": [
                    *usual_extensions(),
                    (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
                ]
            },
            "leads to none",
        ),
    ],
)
def test_certificates_that_are_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(VerificationError, match=told):
        by_certificate(**arguments)


def test_a_certificate_of_somebody_else_signs_nothing() -> None:
    key = new_key()
    leaf = AUTHORITY.leaf(key, usual_extensions()).sign(AUTHORITY.key, hashes.SHA256())
    made = certificate_bundle(new_key(), [leaf, AUTHORITY.between], statement())
    bundle = parse_sigstore_bundle(json.dumps(made).encode(), "the bundle")
    with pytest.raises(VerificationError, match="is not the certificate's"):
        signed_by_certificate(bundle, [AUTHORITY.root.public_bytes(Encoding.DER)], APPROVED, in_ns(10))


def by_identity(
    made: dict[str, Any], root: dict[str, Any] | None = None, approved: list[Identity] | None = None
) -> Signer:
    bundle = parse_sigstore_bundle(json.dumps(made).encode(), "the bundle")
    trusted = parse_trusted_root(json.dumps(root or SIGSTORE.trusted_root()).encode())
    return signed_by_identity(bundle, trusted, approved or APPROVED).signer


def test_an_identity_in_a_log() -> None:
    assert by_identity(BUNDLE).identity == IDENTITY
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": SIGSTORE.trusted_root(),
    }
    assert by_identity(BUNDLE, config).identity == IDENTITY


@pytest.mark.parametrize(
    "approved", [Identity("someone@else.example", ISSUER), Identity(IDENTITY, "https://evil.example")]
)
def test_another_identity_is_refused(approved: Identity) -> None:
    with pytest.raises(VerificationError, match="none of the approved identities"):
        by_identity(BUNDLE, approved=[approved])


def test_an_identity_in_a_log_is_approved_with_its_issuer() -> None:
    with pytest.raises(LockgateError, match="together with its issuer"):
        by_identity(BUNDLE, approved=[Identity(IDENTITY)])


def _entry(made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = made["verificationMaterial"]["tlogEntries"][0]
    return found


def _no_entry(made: dict[str, Any]) -> None:
    made["verificationMaterial"]["tlogEntries"] = []


def _only_a_stamp(made: dict[str, Any]) -> None:
    _no_entry(made)
    made["verificationMaterial"]["timestampVerificationData"] = {
        "rfc3161Timestamps": [{"signedTimestamp": "AA=="}]
    }


def _of_rekor_2(made: dict[str, Any]) -> None:
    _entry(made)["kindVersion"] = {"kind": "hashedrekord", "version": "0.0.2"}


def _no_promise(made: dict[str, Any]) -> None:
    del _entry(made)["inclusionPromise"]


def _another_time(made: dict[str, Any]) -> None:
    _entry(made)["integratedTime"] = str(int(_entry(made)["integratedTime"]) + 1)


def _another_index(made: dict[str, Any]) -> None:
    _entry(made)["logIndex"] = "42"


def _another_place(made: dict[str, Any]) -> None:
    _entry(made)["inclusionProof"]["logIndex"] = "0"


def _no_proof(made: dict[str, Any]) -> None:
    _entry(made)["inclusionProof"]["hashes"] = []


def _another_root(made: dict[str, Any]) -> None:
    _entry(made)["inclusionProof"]["rootHash"] = b64(bytes(32))


def _another_checkpoint(made: dict[str, Any]) -> None:
    checkpoint = _entry(made)["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].replace("log.example - 1\n", "log.example - 2\n")


def _unsigned_checkpoint(made: dict[str, Any]) -> None:
    checkpoint = _entry(made)["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].partition("\u2014")[0]


def _entry_of_another(made: dict[str, Any]) -> None:
    """The log has it, of the same certificate, and of another statement."""
    leaf = x509.load_der_x509_certificate(
        base64.b64decode(made["verificationMaterial"]["certificate"]["rawBytes"])
    )
    other = envelope(new_key(), statement(allow_symlinks=True))
    made["verificationMaterial"]["tlogEntries"] = [SIGSTORE.entry(leaf, other)]


def _entry_of_another_certificate(made: dict[str, Any]) -> None:
    """The log has this envelope, signed by somebody else."""
    key = new_key()
    leaf = SIGSTORE.stamped(SIGSTORE.authority.leaf(key, usual_extensions()))
    made["verificationMaterial"]["tlogEntries"] = [SIGSTORE.entry(leaf, made["dsseEnvelope"])]


@pytest.mark.parametrize(
    ("spoil", "kind", "told"),
    [
        (_no_entry, UnverifiableError, "no entry of a transparency log"),
        (_only_a_stamp, UnverifiableError, "no entry of a transparency log"),
        (_of_rekor_2, UnverifiableError, "of kind hashedrekord 0.0.2"),
        (_no_promise, UnverifiableError, "has no promise"),
        (_another_time, VerificationError, "the promise of the log's entry is not signed"),
        (_another_index, VerificationError, "the promise of the log's entry is not signed"),
        (_another_place, VerificationError, "leads to another root"),
        (_no_proof, VerificationError, "too short"),
        (_another_root, VerificationError, "leads to another root"),
        (_another_checkpoint, VerificationError, "the checkpoint of the log's entry is not signed"),
        (_unsigned_checkpoint, VerificationError, "the checkpoint of the log's entry is not signed"),
        (_entry_of_another, VerificationError, "of another statement"),
        (_entry_of_another_certificate, VerificationError, "of another signature or certificate"),
    ],
)
def test_entries_that_are_refused(
    spoil: Callable[[dict[str, Any]], None], kind: type[LockgateError], told: str
) -> None:
    made = copy.deepcopy(BUNDLE)
    spoil(made)
    with pytest.raises(kind, match=told):
        by_identity(made)


def test_a_certificate_without_a_logs_timestamp_is_refused() -> None:
    key = new_key()
    builder = SIGSTORE.authority.leaf(key, usual_extensions())
    leaf = builder.sign(SIGSTORE.authority.key, hashes.SHA256())
    signed = envelope(key, statement())
    made = copy.deepcopy(BUNDLE)
    made["verificationMaterial"] = {
        "certificate": {"rawBytes": b64(leaf.public_bytes(Encoding.DER))},
        "tlogEntries": [SIGSTORE.entry(leaf, signed)],
    }
    made["dsseEnvelope"] = signed
    with pytest.raises(VerificationError, match="shown to no log"):
        by_identity(made)


def test_a_certificate_that_was_not_good_when_it_signed_is_refused() -> None:
    key = new_key()
    valid = (SIGNED - timedelta(days=1), SIGNED - timedelta(hours=1))
    leaf = SIGSTORE.stamped(SIGSTORE.authority.leaf(key, usual_extensions(), valid))
    signed = envelope(key, statement())
    made = copy.deepcopy(BUNDLE)
    made["verificationMaterial"]["certificate"]["rawBytes"] = b64(leaf.public_bytes(Encoding.DER))
    made["verificationMaterial"]["tlogEntries"] = [SIGSTORE.entry(leaf, signed)]
    made["dsseEnvelope"] = signed
    with pytest.raises(VerificationError, match="at that moment"):
        by_identity(made)


def _without(part: str) -> dict[str, Any]:
    return {**SIGSTORE.trusted_root(), part: []}


def _ended(part: str) -> dict[str, Any]:
    made = SIGSTORE.trusted_root()
    for one in made[part]:
        holder = one if part == "certificateAuthorities" else one["publicKey"]
        holder["validFor"] = {"start": START.isoformat(), "end": START.isoformat()}
    return made


@pytest.mark.parametrize(
    ("root", "told"),
    [
        (_without("tlogs"), "a log that the trusted root does not have"),
        (_without("ctlogs"), "a log that the trusted root does not have"),
        (_without("certificateAuthorities"), "no authority of the trusted root"),
        (_ended("tlogs"), "a time that the log's key is not good for"),
        (_ended("ctlogs"), "a time that the log's key is not good for"),
        (_ended("certificateAuthorities"), "no authority of the trusted root was good"),
        (Sigstore().trusted_root(), "a log that the trusted root does not have"),
        ({**SIGSTORE.trusted_root(), "mediaType": "x"}, "no trusted root"),
    ],
)
def test_roots_that_do_not_reach(root: dict[str, Any], told: str) -> None:
    with pytest.raises(LockgateError, match=told):
        by_identity(BUNDLE, root)


def test_a_certificate_that_tells_two_issuers_is_refused() -> None:
    extensions = usual_extensions()
    former = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), b"https://other.example"
    )
    with pytest.raises(LockgateError, match="tells two issuers"):
        by_identity(SIGSTORE.bundle(statement(), [*extensions[:-1], (former, False)]))
