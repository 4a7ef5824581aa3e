"""Signed resolutions: an in-toto statement that references were names for references that hold digests, when somebody asked.

Its subjects are what the references were names for; its predicate says which is whose, and the way there. The schema is
webhook/schemas/reference-resolution.schema.json.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.attestations.facts_statement import check_reference
from lockgate.audit.attestations.statement import parse_statement, render_statement
from lockgate.audit.errors import FormatError
from lockgate.engine.foreign_documents import Part

PREDICATE: Final = "https://lockgate.dev/reference-resolution/v1"
MAX_RESOLUTIONS: Final = 1_000
# What a reference that holds a digest can hold.
ALGORITHMS: Final = ("sha256", "gitCommit")


@dataclass(frozen=True, slots=True)
class SaidResolution:
    """reference: what was asked about; resolved: what it was a name for, which holds the digest. Both in their one spelling."""

    reference: str
    resolved: str
    algorithm: str
    digest: str


@dataclass(frozen=True, slots=True)
class ResolutionStatement:
    """What somebody said of references. resolved_at: their word, which counts for nothing."""

    resolutions: tuple[SaidResolution, ...]
    resolved_at: str


def render_resolutions(
    resolutions: Mapping[SaidResolution, Sequence[str]], resolver: Mapping[str, str], resolved_at: str
) -> bytes:
    """The statement. resolutions: with the references on the way, both ends included. Raises FormatError."""
    subjects: dict[str, Mapping[str, str]] = {}
    for one in resolutions:
        check_reference(one.reference)
        check_reference(one.resolved)
        subjects[one.resolved] = {one.algorithm: one.digest}
    predicate = {
        "resolutions": [
            {"reference": one.reference, "resolved": one.resolved, "steps": list(steps)}
            for one, steps in sorted(resolutions.items(), key=lambda pair: pair[0].reference)
        ],
        "resolver": dict(resolver),
        "resolvedAt": resolved_at,
    }
    return render_statement(subjects, PREDICATE, predicate)


def parse_resolutions(payload: bytes) -> ResolutionStatement:
    """The statement in a verified envelope. Raises FormatError or InputError."""
    statement = parse_statement(payload, "the statement")
    if statement.predicate_type != PREDICATE:
        raise FormatError(
            f"the statement is a {statement.predicate_type[:80]!r}, and no resolution of references"
        )
    digests = {one.name: one.digests for one in statement.subjects}
    if len(digests) != len(statement.subjects):
        raise FormatError("two subjects of the statement have one name")
    listed = statement.predicate.get("resolutions")
    resolutions = tuple([_resolution(one, digests) for one in listed.items(MAX_RESOLUTIONS)])
    if len({one.reference for one in resolutions}) != len(resolutions):
        listed.refuse("says of one reference twice what it is")
    at = statement.predicate.maybe("resolvedAt")
    return ResolutionStatement(resolutions, "" if at is None else at.text(40))


def _resolution(part: Part, digests: Mapping[str, Mapping[str, str]]) -> SaidResolution:
    reference = part.get("reference").text(1024)
    resolved = part.get("resolved").text(1024)
    for one in (reference, resolved):
        check_reference(one)
    said = digests.get(resolved, {})
    known = [name for name in ALGORITHMS if name in said]
    if len(said) != 1 or not known:
        part.get("resolved").refuse(f"is no subject with one digest ({' or '.join(ALGORITHMS)})")
    return SaidResolution(reference, resolved, known[0], said[known[0]])
