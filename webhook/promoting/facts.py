"""Evidence about a model for its promotion: signed facts that count, each recorded in the log first, so that it says how old they are."""

import math
import os
import time
from collections.abc import Callable
from typing import Final

from lockgate.audit.attestations.facts_trust import (
    Asked,
    FactsTrust,
    Recorded,
    SignedFacts,
    TrustedFacts,
    counted_facts,
    signers_of,
)
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.promotions.events import check_name
from lockgate.audit.promotions.statement import LONGEST_NUMBER, MAX_MEASURED, MAX_TEXT, EvidenceUsed
from lockgate.audit.times import parse_time, render_time
from lockgate.engine.codegen.values import make_number
from lockgate.engine.errors import InputError
from lockgate.engine.evidence.evidence import moment
from lockgate.engine.foreign_documents import Part
from lockgate.engine.promotions.asking import Evidence
from lockgate.engine.promotions.policy import EvidenceKind
from lockgate.engine.record import record
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.references.signed import count_resolutions, is_resolution_file, read_resolutions
from lockgate.webhook.scan_verify import read_records
from lockgate.webhook.scanning.known_models import facts_files, proofs_beside, read_facts, signed_files
from lockgate.webhook.scanning.spelling import spell
from lockgate.webhook.scanning.trust_file import read_facts_trust

_MS_NS: Final = 1_000_000
_SAFE: Final = "safe"
# What a statement has of the pools of devices, beside evidence about bytes.
HEALTH: Final = "health"
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
    """What signed facts say of the model at a reference, in its one spelling, or at what that is said to be.

    record_envelope: records that an envelope was there; returns the log's time of it, in milliseconds. It is asked of facts that a
    trusted producer signed and that name the reference. Raises LockgateError.
    """
    if given is None:
        return ModelEvidence("", (), ())
    trust = read_facts_trust(os.path.join(cwd, given.trust))
    counted: list[TrustedFacts] = []
    used: list[EvidenceUsed] = []
    resolved, reasons = _said_to_be(given, trust, uri, given.environment or environment, cwd)
    is_known = resolved == uri
    for shown, signed in read_facts([*facts_files(given.paths, cwd)], cwd):
        spelled = spell(signed.statement.references)
        mine = [text for wanted in (resolved, uri) for text, one in spelled.items() if one == wanted]
        if not mine:
            continue
        try:
            signers = signers_of(signed.envelope, trust)
            recorded = Recorded(signed.envelope_sha256, record_envelope(signed))
            asked = Asked(time.time_ns() // _MS_NS, mine[0], "", given.environment or environment)
            facts = counted_facts(signed, signers, trust, asked, [recorded])
            used += evidence_in(facts, f"sha256:{signed.envelope_sha256}")
        except (UnverifiableError, VerificationError, FormatError, InputError) as error:
            reasons.append(f"{shown}: {error.message}")
            continue
        counted.append(facts)
        is_known = is_known or spelled[mine[0]] == resolved
    if not is_known:
        # As rules on models are answered: facts of another name may be of other bytes.
        reasons.append(f"it is {resolved}, and no facts of that count")
        return ModelEvidence("", (), tuple(reasons))
    digests = {one.statement.digest for one in counted}
    if len(digests) > 1:
        raise TrailError(
            "facts of different bytes say that they are of this reference",
            hint="sign the facts of what lies there now, and take the others away",
        )
    return ModelEvidence(f"sha256:{digests.pop()}" if digests else "", tuple(used), tuple(reasons))


def _said_to_be(
    given: ModelFacts, trust: FactsTrust, uri: str, environment: str, cwd: str
) -> tuple[str, list[str]]:
    """What trusted producers say that a reference is, itself where no word counts; and why other words do not."""
    files = [one for one in signed_files(given.paths, cwd) if is_resolution_file(one)]
    now_ms = time.time_ns() // _MS_NS
    records = read_records(proofs_beside(files, given.log_keys), given.log_keys, now_ms)
    counted = count_resolutions(read_resolutions(files, cwd), trust, environment, records, now_ms)
    found = counted.found.get(uri)
    reasons = [f"{file}: {why}" if file else why for file, one, why in counted.left_out if one == uri]
    return (uri if found is None else found.said.resolved), reasons


def evidence_in(facts: TrustedFacts, envelope: str) -> list[EvidenceUsed]:
    """What signed facts hold. Where no log says when, it is as old as can be: what nobody recorded is not new."""
    recorded_ms = facts.recorded_ms or 0
    at = render_time(recorded_ms)
    made = [EvidenceUsed("facts", envelope, at, facts.statement.tier == _SAFE, {})]
    for number, told in enumerate(facts.statement.evidence):
        one = Part(told, "the facts", f"evidence[{number}]")
        name = one.maybe("kind")
        kind = None if name is None else _KINDS.get(name.text())
        if kind is None:
            continue
        passed = told.get("verified") is True if kind in ("provenance", "signature") else True
        when = _earlier(recorded_ms, one.maybe("at"))
        made.append(EvidenceUsed(kind, envelope, when, passed, _values(kind, one)))
    return made


def _earlier(recorded_ms: int, said: Part | None) -> str:
    """When evidence was made: when it was recorded, or earlier where it says so; what it says alone makes nothing younger."""
    if said is not None:
        told = moment(said)
        if not told:
            said.refuse("is no time with its zone")
        recorded_ms = min(recorded_ms, parse_time(told.replace("Z", ".000Z")))
    return render_time(recorded_ms)


def _values(kind: EvidenceKind, said: Part) -> dict[str, str]:
    """Numbers, in the spelling that JSON has for them."""
    if kind == "drift":
        found = {"share": said.value.get("share")}
    else:
        listed = said.maybe("metrics")
        found = {} if listed is None else dict(listed.mapping())
    if len(found) > MAX_MEASURED:
        said.refuse(f"has {len(found)} metrics, and {MAX_MEASURED} are read")
    made: dict[str, str] = {}
    for name, value in found.items():
        if type(value) not in (int, float):
            continue
        check_name(name, "the name of a metric", MAX_TEXT)
        if len(repr(value)) > LONGEST_NUMBER or not math.isfinite(value):
            said.refuse(f"has a {name[:60]} that is no number to compare with")
        made[name] = repr(value)
    return made


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
            # Of no bytes, and judged anew each time.
            if one.kind != HEALTH
        ]
    )
