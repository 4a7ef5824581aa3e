"""Attacks with evidence: by nobody who is trusted, of other bytes, out of bounds, made to look young, and hostile by itself."""

import time
from typing import Any

import pytest
from lockgate.audit.attestations.resolution_statement import SaidResolution, render_resolutions
from lockgate.audit.dsse import IN_TOTO, render_envelope

from tests.webhook.promoting.office import EVALUATION, FACTS_TRUST, OTHER_BYTES, STEP, Office

DAY_NS = 86_400_000_000_000
EVIDENCE_MISSING = "missing: prod needs an evaluation that passed of these very bytes (auc at least 0.9)"


def evaluation(auc: Any, at: Any = EVALUATION["at"]) -> dict[str, Any]:
    """What an evaluation says."""
    return {**EVALUATION, "metrics": {"auc": auc}, "at": at}


def drift(share: Any, at: Any = None) -> dict[str, Any]:
    """A report on drift; without a time it is as old as its record."""
    return {"kind": "drift", "share": share, **({} if at is None else {"at": at})}


# --- Whose word counts


def test_facts_by_nobody_who_is_trusted(office: Office) -> None:
    office.write_facts(EVALUATION, signer="stranger")
    ran = office.promote("prod")
    assert ran.code == 2 and "no producer that is trusted signed the facts" in ran.err
    # Who says the digest themselves has the bytes, and no evidence.
    ran = office.promote("prod", "--digest", "b" * 64)
    assert ran.code == 0 and EVIDENCE_MISSING in ran.out
    assert (
        "does not count: facts/fraud.facts.dsse.json: no producer that is trusted signed the facts" in ran.out
    )


@pytest.mark.parametrize(
    ("trust", "message"),
    [
        (FACTS_TRUST.replace('["*"]', '["staging"]'), "whose word does not count in prod"),
        (FACTS_TRUST.replace("s3://models/*", "s3://others/*"), "may not speak of s3://models/fraud/7"),
        ('minimum-scanner = "9.0"\n' + FACTS_TRUST, "the scanner is too old"),
        ('revoked-scanners = ["0.1"]\n' + FACTS_TRUST, "the scanner was revoked"),
    ],
    ids=["environment", "repository", "old scanner", "revoked scanner"],
)
def test_facts_that_do_not_count_there(office: Office, trust: str, message: str) -> None:
    office.write("facts-trust.toml", trust)
    ran = office.promote("prod")
    assert ran.code == 2 and message in ran.err, ran.err


def test_a_model_that_is_not_safe(office: Office) -> None:
    office.write_facts(EVALUATION, tier="unsafe")
    ran = office.promote("prod")
    assert "missing: prod needs signed facts of these very bytes" in ran.out
    assert "facts of" in ran.out and "which did not pass" in ran.out


NAME = "models:/fraud/7"
PINNED = "hf://org/fraud:0123456789abcdef0123456789abcdef01234567"


def say(office: Office, signer: str = "ci") -> None:
    """Signs that the model of the registry is one that names its bytes, and lets the producer speak of it."""
    office.write("facts-trust.toml", FACTS_TRUST.replace('"hf://*"', '"hf://*", "models:/*"'))
    office.write_manifest(NAME)
    said = SaidResolution(NAME, PINNED, "gitCommit", PINNED[-40:])
    envelope = office.key(signer).sign_envelope(IN_TOTO, render_resolutions({said: [NAME, PINNED]}, {}, ""))
    office.write("facts/fraud.resolution.dsse.json", render_envelope(envelope).decode())


def test_a_name_has_the_evidence_of_what_it_is(office: Office) -> None:
    say(office)
    office.write_facts(EVALUATION, reference=PINNED)
    ran = office.promote("staging", "--require")
    assert ran.code == 0, ran.out + ran.err
    ran = office.promote("prod")
    assert ran.code == 0 and EVIDENCE_MISSING not in ran.out, ran.out + ran.err
    # Facts of other bytes by the name itself are no second opinion.
    office.write_facts(EVALUATION, reference=NAME, digest=OTHER_BYTES, name="other")
    ran = office.promote("prod")
    assert ran.code == 2 and "facts of different bytes" in ran.err, ran.out + ran.err


def test_a_name_has_not_the_evidence_of_what_it_was(office: Office) -> None:
    say(office)
    office.write_facts(EVALUATION, reference=NAME)
    ran = office.promote("prod")
    assert ran.code == 2 and f"it is {PINNED}, and no facts of that count" in ran.err, ran.out + ran.err


def test_what_a_stranger_says_of_a_name(office: Office) -> None:
    say(office, "stranger")
    office.write_facts(EVALUATION, reference=PINNED)
    ran = office.promote("prod")
    assert ran.code == 2 and "no producer that is trusted signed the resolutions" in ran.err, ran.err


# --- Bounds


@pytest.mark.parametrize(
    "auc",
    [0.89999999999999999999, 0, -1, 1e-300, True, "0.95", None, [], {}],
    ids=str,
)
def test_an_evaluation_out_of_bounds(office: Office, auc: Any) -> None:
    office.write_facts(evaluation(0.8 if auc == 0.9 else auc))
    ran = office.promote("prod")
    assert ran.code == 0 and EVIDENCE_MISSING in ran.out, ran.out + ran.err


def test_of_two_evaluations_the_newest_counts(office: Office) -> None:
    office.write_facts(evaluation(0.95, "2026-01-01T00:00:00Z"), evaluation(0.5, "2026-02-01T00:00:00Z"))
    assert EVIDENCE_MISSING in office.promote("prod").out
    office.write_facts(evaluation(0.5, "2026-01-01T00:00:00Z"), evaluation(0.95, "2026-02-01T00:00:00Z"))
    assert EVIDENCE_MISSING not in office.promote("prod").out


def test_of_two_evaluations_of_one_time_both_count(office: Office) -> None:
    office.write_facts(evaluation(0.95), evaluation(0.5))
    assert EVIDENCE_MISSING in office.promote("prod").out


def test_drift_out_of_bounds(office: Office) -> None:
    office.write_policy(evidence=[{"kind": "drift", "maxAge": "30d", "maximumShare": 0.3}])
    office.write_facts(EVALUATION, drift(0.31))
    assert "missing: prod needs a report on drift" in office.promote("prod").out
    office.write_facts(EVALUATION, drift(0.3))
    assert "report on drift" not in office.promote("prod").out


# --- Age


def later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """The clock goes on."""
    real = time.time_ns
    moved = int(days * DAY_NS)
    monkeypatch.setattr(time, "time_ns", lambda: real() + moved)


def aged(office: Office) -> None:
    """A policy that takes evidence of a month."""
    evidence = [{**one, "maxAge": "30d"} for one in STEP["evidence"]]
    office.write_policy(evidence=evidence)


def test_evidence_that_says_that_it_is_old_is_old(office: Office) -> None:
    aged(office)
    assert EVIDENCE_MISSING + ", no older than 720 hours" in office.promote("prod").out


@pytest.mark.parametrize("at", ["2099-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_evidence_of_the_future_is_as_old_as_its_record(
    office: Office, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(office)
    office.write_facts(evaluation(0.95, at))
    ran = office.promote("prod")
    assert EVIDENCE_MISSING not in ran.out and at[:4] not in ran.out
    later(monkeypatch, 31)
    assert EVIDENCE_MISSING in office.pending().out
    # Recorded again it gets no younger.
    assert EVIDENCE_MISSING in office.promote("prod").out


def test_a_time_of_another_zone_is_the_moment_that_it_says(office: Office) -> None:
    office.write_facts(evaluation(0.95, "2026-01-01T00:00:00+14:00"))
    assert "evaluation of 2025-12-31T10:00:00.000Z: auc 0.95" in office.promote("prod").out


def test_evidence_that_gets_too_old_while_people_approve(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(office)
    office.write_facts(evaluation(0.95, "2099-01-01T00:00:00Z"))
    office.promote("prod")
    office.approve()
    later(monkeypatch, 31)
    ran = office.approve(by="risk-2")
    assert "missing: prod needs signed facts of these very bytes, no older than 720 hours" in ran.out
    assert not office.is_made()


HOSTILE: dict[str, dict[str, Any]] = {
    "a time that is none": evaluation(0.95, "yesterday"),
    "a time without a zone": evaluation(0.95, "2026-01-01T00:00:00"),
    "a time before all": evaluation(0.95, "0001-01-01T00:00:00Z"),
    "a time that is no text": evaluation(0.95, {"a": 1}),
    "a time that is long": evaluation(0.95, "2" * 5000),
    "a time with a control": evaluation(0.95, "\x1b[2K"),
    "metrics that are a list": {**EVALUATION, "metrics": ["auc"]},
    "metrics that are text": {**EVALUATION, "metrics": "auc"},
    "no metrics": {**EVALUATION, "metrics": None},
    "a name with a control": {**EVALUATION, "metrics": {"auc": 0.95, "a\x1b[2K\n": 1}},
    "a name that is long": {**EVALUATION, "metrics": {"auc": 0.95, "a" * 5000: 1}},
    "a number without end": evaluation(float("1e308") * 10),
    "a long number": evaluation(10**3000),
    "ten thousand metrics": {**EVALUATION, "metrics": {f"m{one}": one for one in range(10_000)}},
    "a kind that is a list": {**EVALUATION, "kind": ["evaluation"]},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_evidence_counts_for_nothing_and_breaks_nothing(office: Office, what: str) -> None:
    """It is signed by whom is trusted, and still nothing but a message comes of it."""
    office.write_facts(HOSTILE[what])
    ran = office.promote("prod")
    told = ran.out + ran.err
    assert "internal" not in told and "Traceback" not in told and "\x1b" not in told, told
    assert EVIDENCE_MISSING in ran.out or (ran.code == 2 and "facts/fraud.facts.dsse.json" in ran.err), told
    assert office.pending().code == 0
