"""Entries of sigstore's transparency log Rekor, version 1: promise, inclusion proof, checkpoint, and what they are of.

https://github.com/sigstore/rekor/blob/main/types.md (kind `dsse`, version 0.0.1). The moment that an entry tells is
believed for its promise (SET), which the log signed over it.
"""

import base64
import json
from hashlib import sha256
from ssl import DER_cert_to_PEM_cert
from typing import Final

from lockgate.audit.attestations.sigstore_bundle import LogEntry, SigstoreBundle
from lockgate.audit.attestations.trusted_root import TrustedRoot, verify_log
from lockgate.audit.errors import UnverifiableError, VerificationError
from lockgate.audit.merkle import leaf_hash, verify_inclusion
from lockgate.engine.foreign_documents import parse_foreign_json

_KIND: Final = ("dsse", "0.0.1")
_MOST_SIGNATURES: Final = 32
_MAX_BODY: Final = 64 * 1024
_KEY_HASH: Final = 4


def verify_entry(bundle: SigstoreBundle, root: TrustedRoot) -> int:
    """Checks that the bundle's envelope is in a trusted log; returns when it came in, in Unix seconds.

    Raises VerificationError, UnverifiableError for what is proven in another way than is checked here.
    """
    if not bundle.entries:
        raise UnverifiableError(
            "the bundle has no entry of a transparency log, and so nothing says when it was signed",
            hint="a timestamp of RFC 3161 is not verified here" if bundle.timestamps else "",
        )
    if len(bundle.entries) != 1:
        raise UnverifiableError(f"the bundle has {len(bundle.entries)} entries of logs, and one is verified")
    entry = bundle.entries[0]
    if (entry.kind, entry.version) != _KIND:
        raise UnverifiableError(
            f"the entry of the log is of kind {entry.kind[:40]} {entry.version[:20]}, and only dsse 0.0.1 is verified",
            hint="entries of Rekor 2 need a timestamp of RFC 3161, which is not verified here",
        )
    if not entry.promise or not entry.integrated_time:
        raise UnverifiableError("the entry of the log has no promise, and so nothing says when it was signed")
    _verify_promise(entry, root)
    verify_inclusion(
        leaf_hash(entry.body), entry.proof_index, entry.proof_size, entry.proof_hashes, entry.proof_root
    )
    _verify_checkpoint(entry, root)
    _verify_body(entry, bundle)
    return entry.integrated_time


def _verify_promise(entry: LogEntry, root: TrustedRoot) -> None:
    """The signed entry timestamp is over the canonical JSON (RFC 8785) of four fields."""
    signed = {
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.integrated_time,
        "logID": entry.log_id.hex(),
        "logIndex": entry.log_index,
    }
    message = json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
    verify_log(
        root.rekor,
        entry.log_id,
        entry.integrated_time,
        entry.promise,
        message,
        "the promise of the log's entry",
    )


def _verify_checkpoint(entry: LogEntry, root: TrustedRoot) -> None:
    """A signed note whose signature is named by the beginning of the log's id; ECDSA, which C2SP's notes lack."""
    text, blank, signatures = entry.checkpoint.partition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) < 3:
        raise VerificationError("the checkpoint of the log's entry is malformed")
    try:
        size, told = int(lines[1]), base64.b64decode(lines[2], validate=True)
    except ValueError:
        raise VerificationError("the checkpoint of the log's entry is malformed") from None
    if size != entry.proof_size or told != entry.proof_root:
        raise VerificationError("the checkpoint of the log's entry is of another tree than its proof")
    for line in signatures.split("\n")[:_MOST_SIGNATURES]:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            continue
        try:
            data = base64.b64decode(parts[2], validate=True)
        except ValueError:
            continue
        if data[:_KEY_HASH] != entry.log_id[:_KEY_HASH]:
            continue
        what = "the checkpoint of the log's entry"
        message = f"{text}\n".encode()
        return verify_log(root.rekor, entry.log_id, entry.integrated_time, data[_KEY_HASH:], message, what)
    raise VerificationError("the checkpoint of the log's entry is not signed by the log")


def _verify_body(entry: LogEntry, bundle: SigstoreBundle) -> None:
    """Is the entry about this payload, this signature and this certificate? Else anybody's entry would do."""
    spec = parse_foreign_json(entry.body, "the log's entry", _MAX_BODY).get("spec")
    payload = spec.get("payloadHash")
    signature = bundle.envelope.signatures[0].signature
    pem = DER_cert_to_PEM_cert(bundle.certificates[0]).encode()
    wanted = [{"signature": base64.b64encode(signature).decode(), "verifier": base64.b64encode(pem).decode()}]
    digest = sha256(bundle.envelope.payload).hexdigest()
    if payload.get("algorithm").text() != "sha256" or payload.get("value").text() != digest:
        raise VerificationError("the log's entry is of another statement")
    if spec.get("signatures").value != wanted:
        raise VerificationError("the log's entry is of another signature or certificate")
