"""A promotion as a SLSA verification summary (https://slsa.dev/spec/v1.1/verification_summary), for tools that know that form.

The schema of what is written is webhook/schemas/verification-summary.schema.json.
"""

from typing import Any, Final

from lockgate.audit.attestations.statement import render_statement
from lockgate.audit.dsse import IN_TOTO, render_envelope
from lockgate.audit.promotions.statement import PREDICATE
from lockgate.audit.times import render_time
from lockgate.webhook.promoting.promotion_log import Asked
from lockgate.webhook.scanning.reading import read_signing_pem
from lockgate.webhook.version import VERSION

VSA: Final = "https://slsa.dev/verification_summary/v1"
VERIFIER: Final = "https://lockgate.dev"


def summary(asked: Asked, index: int, origin: str, made_ms: int) -> bytes:
    """The statement. It refers to the promotion statement, by its digest, and to the entry that made it."""
    statement = asked.statement
    predicate: dict[str, Any] = {
        "verifier": {"id": VERIFIER, "version": {"lockgate": VERSION}},
        "timeVerified": render_time(made_ms),
        "resourceUri": statement.reference,
        "policy": {
            "uri": f"lockgate:PromotionPolicy/{statement.policy[0]}",
            "digest": {"sha256": statement.policy[1].removeprefix("sha256:")},
        },
        "inputAttestations": [
            {
                "uri": f"lockgate:{origin}/{index}#{PREDICATE}",
                "digest": {"sha256": asked.request.promoted.statement.removeprefix("sha256:")},
            },
            *[
                {"uri": f"lockgate:{kind}", "digest": {"sha256": digest.removeprefix("sha256:")}}
                for kind, digest in sorted({(one.kind, one.envelope) for one in statement.evidence})
            ],
        ],
        "verificationResult": "PASSED",
        # What SLSA's levels say is of builds; a promotion reaches an environment.
        "verifiedLevels": [f"LOCKGATE_ENVIRONMENT_{statement.to.environment.upper()}"],
        "slsaVersion": "1.1",
    }
    return render_statement({statement.reference: statement.subject.removeprefix("sha256:")}, VSA, predicate)


def sign_summary(key_file: str, asked: Asked, index: int, origin: str, made_ms: int) -> str:
    """The envelope, signed with a key of a PEM file. Raises LockgateError."""
    key = read_signing_pem(key_file)
    return (
        render_envelope(key.sign_envelope(IN_TOTO, summary(asked, index, origin, made_ms))).decode("ascii")
        + "\n"
    )
