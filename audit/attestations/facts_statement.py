"""Signed facts: an in-toto statement that artefacts of a canonical digest were scanned, by what, and what was found.

Its predicate has the model-facts document whole, so that who verifies it decides on what was signed and asks nobody else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.attestations.statement import Statement, parse_statement, render_statement, sha256_digest
from lockgate.audit.errors import FormatError
from lockgate.engine.foreign_documents import Part

PREDICATE: Final = "https://lockgate.dev/model-facts/v1"
TIERS: Final = ("safe", "unvetted", "unreadable", "unsafe")
MAX_REFERENCES: Final = 100
_MAX_EVIDENCE: Final = 1_000
_VERSION: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}")


@dataclass(frozen=True, slots=True)
class Scanner:
    """What scanned: its version, as numbers, and that of its rules."""

    name: str
    version: tuple[int, ...]
    rules: int

    @property
    def shown(self) -> str:
        """As people write it."""
        return f"{self.name} {render_version(self.version)}, rules {self.rules}"


@dataclass(frozen=True, slots=True)
class FactsStatement:
    """What somebody said of an artefact. references: where the signer says that these bytes lie."""

    digest: str
    tier: str
    scanner: Scanner
    references: tuple[str, ...]
    facts: Mapping[str, Any]
    evidence: Sequence[Mapping[str, Any]]
    signed_at: str


def parse_version(text: str, what: str) -> tuple[int, ...]:
    """`0.1.0` as numbers, without zeros at the end. Raises FormatError."""
    if not _VERSION.fullmatch(text):
        raise FormatError(f"{what} is no version: {text[:40]!r}")
    numbers = [int(one) for one in text.split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def render_version(version: tuple[int, ...]) -> str:
    """As people write it, with three numbers at least."""
    return ".".join(map(str, (*version, *(0,) * (3 - len(version)))))


def check_reference(text: str) -> None:
    """A reference has one spelling, in which no way leads up. Raises FormatError."""
    if (
        not text
        or len(text) > 1024
        or not text.isprintable()
        or any(one in (".", "..") for one in text.split("/"))
    ):
        raise FormatError(f"{text[:80]!r} is no reference to an artefact")


def render_facts(
    facts: Mapping[str, Any],
    scanner: Mapping[str, Any],
    references: Sequence[str],
    evidence: Sequence[Mapping[str, Any]],
    signed_at: str,
) -> bytes:
    """The statement for a model-facts document. Raises FormatError for a reference that is none."""
    for one in references:
        check_reference(one)
    artefact = facts["artifact"]
    predicate = {
        "scanner": dict(scanner),
        "references": sorted(set(references)),
        "facts": dict(facts),
        "evidence": [dict(one) for one in evidence],
        "signedAt": signed_at,
    }
    digest = artefact["digest"].removeprefix("sha256:")
    return render_statement({artefact["name"]: digest}, PREDICATE, predicate)


def parse_facts(payload: bytes) -> FactsStatement:
    """The statement in a verified envelope. Raises FormatError or InputError."""
    statement: Statement = parse_statement(payload, "the statement")
    if statement.predicate_type != PREDICATE:
        raise FormatError(f"the statement is a {statement.predicate_type[:80]!r}, and no facts of a model")
    if len(statement.subjects) != 1 or "sha256" not in statement.subjects[0].digests:
        raise FormatError("facts are about one artefact, by its SHA-256")
    digest = statement.subjects[0].digests["sha256"]
    predicate = statement.predicate
    facts = predicate.get("facts")
    artefact = facts.get("artifact")
    told = artefact.get("digest").text()
    if told != f"sha256:{digest}":
        raise FormatError("the facts are of another artefact than the statement")
    tier = artefact.get("tier").text()
    if tier not in TIERS:
        artefact.get("tier").refuse("is no tier")
    listed = predicate.maybe("references")
    references = () if listed is None else tuple([_reference(one) for one in listed.items(MAX_REFERENCES)])
    evidence = predicate.maybe("evidence")
    signed_at = predicate.maybe("signedAt")
    return FactsStatement(
        digest,
        tier,
        _scanner(predicate.get("scanner")),
        references,
        facts.mapping(),
        () if evidence is None else tuple([one.mapping() for one in evidence.items(_MAX_EVIDENCE)]),
        "" if signed_at is None else signed_at.text(40),
    )


def _reference(part: Part) -> str:
    text = part.text(1024)
    check_reference(text)
    return text


def _scanner(part: Part) -> Scanner:
    version = part.get("version")
    return Scanner(
        part.get("name").text(40), parse_version(version.text(40), version.name), part.get("rules").integer()
    )


def digest_of(text: str) -> str:
    """A SHA-256 in hex, given with or without its algorithm. Raises InputError."""
    return sha256_digest(Part(text.removeprefix("sha256:"), "the digest"))
