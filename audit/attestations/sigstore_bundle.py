"""Sigstore bundles, version 0.3, as JSON (https://github.com/sigstore/protobuf-specs, sigstore_bundle.proto).

A bundle holds a DSSE envelope and what it is to be verified with: a hint at a key, a certificate, or a chain of
certificates, and perhaps entries of a transparency log. Nothing of it is believed here.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from lockgate.audit.dsse import IN_TOTO, Envelope, envelope_of
from lockgate.audit.errors import FormatError, UnverifiableError
from lockgate.engine.foreign_documents import Part, parse_foreign_json

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
# A statement about a hundred thousand files, in base64.
MAX_BUNDLE: Final = 48 * 1024 * 1024
MAX_CERTIFICATES: Final = 10
_MAX_ENTRIES: Final = 8
_MAX_HASHES: Final = 64
_MAX_BODY: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of Rekor, with what is to prove that it is in the log."""

    log_id: bytes
    kind: str
    version: str
    integrated_time: int
    log_index: int
    body: bytes
    promise: bytes
    proof_index: int
    proof_size: int
    proof_root: bytes
    proof_hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class SigstoreBundle:
    """A bundle. certificates: in DER, the signer's first; none where a key is to be known from elsewhere."""

    envelope: Envelope
    certificates: tuple[bytes, ...]
    entries: tuple[LogEntry, ...]
    timestamps: int


def binary(part: Part, most: int = _MAX_BODY) -> bytes:
    """Bytes in base64, which protobuf's JSON has in the standard alphabet."""
    try:
        return base64.b64decode(part.text(most * 4 // 3 + 4), validate=True)
    except (binascii.Error, ValueError):
        part.refuse("is not in base64")


def _entry(part: Part) -> LogEntry:
    proof = part.get("inclusionProof")
    kind = part.get("kindVersion")
    promise = part.at("inclusionPromise", "signedEntryTimestamp")
    moment = part.maybe("integratedTime")
    # Protobuf's JSON leaves out what is zero.
    index, proof_index = part.maybe("logIndex"), proof.maybe("logIndex")
    return LogEntry(
        binary(part.get("logId").get("keyId")),
        kind.get("kind").text(),
        kind.get("version").text(),
        0 if moment is None else moment.integer(),
        0 if index is None else index.integer(),
        binary(part.get("canonicalizedBody")),
        b"" if promise is None else binary(promise),
        0 if proof_index is None else proof_index.integer(),
        proof.get("treeSize").integer(),
        binary(proof.get("rootHash")),
        tuple([binary(one) for one in proof.get("hashes").items(_MAX_HASHES)])
        if proof.maybe("hashes")
        else (),
        proof.get("checkpoint").get("envelope").text(),
    )


def _certificates(material: Part) -> tuple[bytes, ...]:
    one, chain = material.maybe("certificate"), material.maybe("x509CertificateChain")
    if one is not None:
        return (binary(one.get("rawBytes")),)
    if chain is not None:
        listed = [binary(part.get("rawBytes")) for part in chain.get("certificates").items(MAX_CERTIFICATES)]
        if not listed:
            chain.refuse("has no certificate")
        return tuple(listed)
    return ()


def parse_sigstore_bundle(data: bytes, what: str) -> SigstoreBundle:
    """The bundle in some JSON. Raises FormatError or InputError, UnverifiableError for one of another version."""
    whole = parse_foreign_json(data, what, MAX_BUNDLE)
    media_type = whole.get("mediaType").text()
    if media_type != MEDIA_TYPE:
        raise UnverifiableError(
            f"{what} is of the type {media_type[:80]!r}, and only {MEDIA_TYPE} is verified"
        )
    if whole.maybe("dsseEnvelope") is None:
        raise UnverifiableError(f"{what} holds no DSSE envelope, which alone is verified")
    envelope = envelope_of(whole.get("dsseEnvelope").value)
    if envelope.payload_type != IN_TOTO:
        raise FormatError(f"{what} holds {envelope.payload_type!r}, and no in-toto statement")
    if len(envelope.signatures) != 1:
        raise FormatError(f"{what} has {len(envelope.signatures)} signatures, and a bundle has one")
    material = whole.get("verificationMaterial")
    entries = material.maybe("tlogEntries")
    stamps = material.at("timestampVerificationData", "rfc3161Timestamps")
    return SigstoreBundle(
        envelope,
        _certificates(material),
        () if entries is None else tuple([_entry(one) for one in entries.items(_MAX_ENTRIES)]),
        0 if stamps is None else len(list(stamps.items(_MAX_ENTRIES))),
    )
