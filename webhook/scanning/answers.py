"""What the provider `lockgate-models` answers about references, from facts that count (policies/lib/model_facts.rego)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lockgate.audit.attestations.facts_statement import TIERS
from lockgate.audit.attestations.facts_trust import TrustedFacts
from lockgate.audit.attestations.resolution_trust import TrustedResolution
from lockgate.audit.times import render_time
from lockgate.webhook.references.signed import NONE, CountedResolutions
from lockgate.webhook.scanning.spelling import spell

PROVIDER: Final = "lockgate-models"
# What is said of a reference for which there are no facts.
UNKNOWN: Final = "there are no signed facts of it"


def _recorded(facts: TrustedFacts) -> str | None:
    return None if facts.recorded_ms is None else render_time(facts.recorded_ms)


def _order(facts: TrustedFacts) -> tuple[int, int, str]:
    """The worst first, of those that are as bad the one by the newest rules: nobody is safe by a second opinion."""
    statement = facts.statement
    return -TIERS.index(statement.tier), -statement.scanner.rules, _recorded(facts) or ""


def answer_of(found: Iterable[TrustedFacts]) -> dict[str, Any]:
    """The answer about one reference. Raises ValueError where facts are of different bytes."""
    known = sorted(found, key=_order)
    first = known[0].statement
    if any(one.statement.digest != first.digest for one in known):
        raise ValueError("facts of different bytes say that they are of this reference")
    evidence: list[dict[str, Any]] = []
    for one in known:
        for said in one.statement.evidence:
            entry = {**said, "recordedAt": _recorded(one), "vouchedBy": list(one.producers)}
            if entry not in evidence:
                evidence.append(entry)
    return {
        "digest": f"sha256:{first.digest}",
        "tier": first.tier,
        "facts": dict(first.facts),
        "attested": [
            {"producer": name, "at": _recorded(one)}
            for one in known
            if one.statement.tier == first.tier
            for name in one.producers
        ],
        "evidence": evidence,
    }


def _answer(
    uri: str, known: Mapping[str, list[TrustedFacts]], resolution: TrustedResolution | None
) -> dict[str, Any]:
    """The answer about a reference, and what it is a name for. Raises ValueError where there is none."""
    if resolution is None:
        return answer_of(known[uri])
    resolved = resolution.said.resolved
    if resolved not in known:
        raise ValueError(f"it is {resolved}, and {UNKNOWN}")
    at = None if resolution.recorded_ms is None else render_time(resolution.recorded_ms)
    attested = [{"producer": name, "at": at} for name in resolution.producers]
    return {
        **answer_of([*known[resolved], *known.get(uri, ())]),
        "resolved": {"uri": resolved, "attested": attested},
    }


def external_data(
    found: Mapping[str, Iterable[TrustedFacts]],
    reasons: Mapping[str, str],
    resolutions: CountedResolutions = NONE,
) -> dict[str, Any]:
    """An object of kind ExternalData, from which `check` and `serve` answer. reasons: why facts of other references do not count.

    resolutions: which references are names for others, by whose facts they are answered.
    """
    merged: dict[str, list[TrustedFacts]] = {}
    spelled = spell([*found, *reasons])
    for reference in sorted(found):
        merged.setdefault(spelled[reference], []).extend(found[reference])
    values: dict[str, Any] = {}
    errors = {
        uri: f"what it is said to be does not count: {why}" for uri, why in resolutions.reasons().items()
    }
    errors |= {spelled[reference]: f"its facts do not count: {why}" for reference, why in reasons.items()}
    for uri in sorted({*merged, *resolutions.found}):
        errors.pop(uri, None)
        try:
            values[uri] = _answer(uri, merged, resolutions.found.get(uri))
        except ValueError as error:
            errors[uri] = str(error)
    provider = {"provider": PROVIDER, "values": values, "errors": errors, "otherwise": UNKNOWN}
    return {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "providers": [provider],
    }
