"""The signature of an OCI layout: an in-toto statement about the manifest's digest, in a DSSE envelope.

DSSE rather than cosign's simple signing, since the promotions of the trail are signed and verified in it already (one
reader of hostile envelopes, not two), it signs the payload's type with the payload, and it takes our Ed25519 keys.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from lockgate.webhook.policy_bundle.bundle import bundle_error
from lockgate.webhook.policy_bundle.strict_json import parse_object, render_object

if TYPE_CHECKING:
    from lockgate.audit.dsse import PublicKey
    from lockgate.audit.keys.pem_key import PemKey

MAX_BYTES: Final = 64 * 1024
_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_PREDICATE: Final = "https://lockgate.dev/policy-bundle/v1"
_SUBJECT: Final = "policy-bundle"


def sign_digest(digest: str, revision: str, key: "PemKey") -> bytes:
    """The envelope for a manifest's digest (`sha256:…`)."""
    from lockgate.audit.dsse import IN_TOTO, render_envelope

    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": _SUBJECT, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": _PREDICATE,
        "predicate": {"revision": revision},
    }
    return render_envelope(key.sign_envelope(IN_TOTO, render_object(statement)))


def signer_of(data: bytes, digest: str, keys: "Mapping[str, PublicKey]", shown: str) -> str:
    """The name of the key that signed the digest in this envelope; empty when none of the keys did.

    Raises UsageError for an envelope that one of them signed and that says something else.
    """
    from lockgate.audit.dsse import IN_TOTO, parse_envelope, verify_envelope
    from lockgate.audit.errors import FormatError, VerificationError

    try:
        envelope = parse_envelope(data)
        signer = verify_envelope(envelope, keys, IN_TOTO)[0]
    except (FormatError, VerificationError):
        return ""
    said = parse_object(envelope.payload, shown, "the statement of its signature", MAX_BYTES)
    wanted = [{"name": _SUBJECT, "digest": {"sha256": digest.removeprefix("sha256:")}}]
    if (said.get("_type"), said.get("predicateType")) != (_STATEMENT, _PREDICATE):
        raise bundle_error(shown, "its signature is about something else than a PolicyBundle")
    if said.get("subject") != wanted:
        raise bundle_error(shown, "its signature is another PolicyBundle's")
    return signer
