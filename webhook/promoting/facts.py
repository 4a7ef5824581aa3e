"""Evidence about a model for its promotion: signed facts that count, each recorded in the log first, so that it says how old they are."""

import os
import time
from collections.abc import Callable
from typing import Any, Final

from lockgate.audit.attestations.facts_trust import (
    Asked,
    Recorded,
    SignedFacts,
    TrustedFacts,
    counted_facts,
    signers_of,
)
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.promotions.statement import EvidenceUsed
from lockgate.audit.times import parse_time, render_time
from lockgate.engine.codegen.values import make_number
from lockgate.engine.promotions.asking import Evidence
from lockgate.engine.promotions.policy import EvidenceKind
from lockgate.engine.record import record
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.scanning.known_models import facts_files, read_facts
from lockgate.webhook.scanning.spelling import spell
from lockgate.webhook.scanning.trust_file import read_facts_trust

_MS_NS: Final = 1_000_000
_SAFE: Final = "safe"
# Kinds of what stands in signed facts that a PromotionPolicy may ask for.
_KINDS: Final[dict[str, EvidenceKind]] = {
    "drift": "drift",
    "evaluation": "evaluation",
    "provenance": "provenance",
    "signature": "signature",
    "tests": "tests",
}


@record
class ModelEvidence:
    """digest: `sha256:<hex>` of the bytes, "" where no facts count. reasons: why facts that name the reference do not count."""

    digest: str
    used: tuple[EvidenceUsed, ...]
    reasons: tuple[str, ...]


def find_evidence(
    given: ModelFacts | None,
    uri: str,
    environment: str,
    record_envelope: Callable[[SignedFacts], int],
    cwd: str,
) -> ModelEvidence:
    """What signed facts say of the model at a reference, in its one spelling.

    record_envelope: records that an envelope was there; returns the log's time of it, in milliseconds. It is asked of facts that a
    trusted producer signed and that name the reference. Raises LockgateError.
    """
    if given is None:
        return ModelEvidence("", (), ())
    trust = read_facts_trust(os.path.join(cwd, given.trust))
    counted: list[TrustedFacts] = []
    envelopes: list[str] = []
    reasons: list[str] = []
    for shown, signed in read_facts([*facts_files(given.paths, cwd)], cwd):
        spelled = spell(signed.statement.references)
        mine = [text for text, one in spelled.items() if one == uri]
        if not mine:
            continue
        try:
            signers = signers_of(signed.envelope, trust)
            moment = record_envelope(signed)
            asked = Asked(time.time_ns() // _MS_NS, mine[0], "", given.environment or environment)
            facts = counted_facts(signed, signers, trust, asked, [Recorded(signed.envelope_sha256, moment)])
        except (UnverifiableError, VerificationError) as error:
            reasons.append(f"{shown}: {error.message}")
            continue
        counted.append(facts)
        envelopes.append(signed.envelope_sha256)
    digests = {one.statement.digest for one in counted}
    if len(digests) > 1:
        raise TrailError(
            "facts of different bytes say that they are of this reference",
            hint="sign the facts of what lies there now, and take the others away",
        )
    used = [
        one
        for facts, envelope in zip(counted, envelopes, strict=True)
        for one in _used(facts, f"sha256:{envelope}")
    ]
    return ModelEvidence(f"sha256:{digests.pop()}" if digests else "", tuple(used), tuple(reasons))


def _used(facts: TrustedFacts, envelope: str) -> list[EvidenceUsed]:
    assert facts.recorded_ms is not None
    at = render_time(facts.recorded_ms)
    made = [EvidenceUsed("facts", envelope, at, facts.statement.tier == _SAFE, {})]
    for one in facts.statement.evidence:
        kind = _KINDS.get(str(one.get("kind")))
        if kind is None:
            continue
        passed = one.get("verified") is True if kind in ("provenance", "signature") else True
        made.append(
            EvidenceUsed(
                kind, envelope, _earlier(facts.recorded_ms, one.get("at")), passed, _values(kind, one)
            )
        )
    return made


def _earlier(recorded_ms: int, said: Any) -> str:
    """When evidence was made: when it was recorded, or earlier where it says so; what it says alone makes nothing younger."""
    if isinstance(said, str) and said:
        moment = parse_time(said.replace("Z", ".000Z") if "." not in said else said)
        recorded_ms = min(recorded_ms, moment)
    return render_time(recorded_ms)


def _values(kind: str, said: Any) -> dict[str, str]:
    """Numbers, in the spelling that JSON has for them."""
    found = {"share": said.get("share")} if kind == "drift" else said.get("metrics", {})
    return {str(name): repr(value) for name, value in found.items() if type(value) in (int, float)}


def evidence_of(digest: str, used: tuple[EvidenceUsed, ...]) -> tuple[Evidence, ...]:
    """Evidence as a PromotionPolicy judges it. digest: of the bytes, of which it all is."""
    return tuple(
        [
            Evidence(
                _KINDS.get(one.kind, "facts"),
                digest,
                parse_time(one.at) * _MS_NS,
                one.passed,
                tuple([(name, make_number(text)) for name, text in sorted(one.values.items())]),
            )
            for one in used
        ]
    )
