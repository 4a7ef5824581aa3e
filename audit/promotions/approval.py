"""Approvals: an in-toto statement by a person that a promotion statement, by its digest, may be carried out.

Predicate type `https://lockgate.dev/approval/v1`. It is about the exact payload of the promotion statement, and about nothing else:
moved to another statement it approves nothing. The schema is webhook/schemas/approval-statement.schema.json.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.audit.attestations.statement import parse_statement, render_statement
from lockgate.audit.errors import FormatError

PREDICATE: Final = "https://lockgate.dev/approval/v1"
NAME: Final = "promotion statement"


@dataclass(frozen=True, slots=True)
class ApprovalStatement:
    """statement: digest of the promotion statement. approver: who says so, as they call themselves; who they are the key says."""

    statement: str
    approver: str
    made_at: str


def render_approval(made: ApprovalStatement) -> bytes:
    """The payload."""
    predicate = {"approver": made.approver, "madeAt": made.made_at}
    return render_statement({NAME: made.statement.removeprefix("sha256:")}, PREDICATE, predicate)


def parse_approval(payload: bytes) -> ApprovalStatement:
    """The approval in a verified envelope. Raises FormatError or InputError."""
    statement = parse_statement(payload, "the approval")
    if statement.predicate_type != PREDICATE:
        raise FormatError(f"the statement is a {statement.predicate_type[:80]!r}, and no approval")
    if len(statement.subjects) != 1 or set(statement.subjects[0].digests) != {"sha256"}:
        raise FormatError("an approval is of one promotion statement, by its SHA-256")
    predicate = statement.predicate
    return ApprovalStatement(
        f"sha256:{statement.subjects[0].digests['sha256']}",
        predicate.get("approver").text(),
        predicate.get("madeAt").text(40),
    )
