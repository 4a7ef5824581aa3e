"""The age of signed facts is that of their entry in a log, shown by a proof."""

import json
from pathlib import Path

from tests.webhook.helpers import run_here
from tests.webhook.scanning.test_signed_facts import TRUST, place, scan, verify

__all__ = ["place"]
ORIGIN = "example.com/lockgate/facts"


def test_facts_are_as_old_as_their_record(place: Path) -> None:
    (place / "trust.toml").write_text("maximum-age = 3600\n" + TRUST)
    scan(place)
    made = run_here("audit", "init", "trail", "--origin", ORIGIN, cwd=place)
    assert made.code == 0, made.err
    ran = run_here("audit", "record", "model.facts.dsse.json", "--trail", "trail", cwd=place)
    assert (ran.code, ran.out) == (0, "model.facts.dsse.json: entry 1\n"), ran.err
    # The first time counts.
    assert run_here("audit", "record", "model.facts.dsse.json", "--trail", "trail", cwd=place).out == ran.out
    run_here("audit", "prove", "1", "--trail", "trail", "--output", "1.proof", cwd=place)
    # The key is got in another way than the log.
    (place / "kept.vkey").write_bytes((place / "trail/log.vkey").read_bytes())
    key = ["--log-key", "kept.vkey"]
    shown = ["--proof", "1.proof", *key]
    ran = verify(place, "--at", "model", "--format", "json", *shown)
    assert ran.code == 0, ran.out + ran.err
    assert json.loads(ran.out)["recordedAt"] is not None
    # Without the proof nothing says when, without the key nobody does.
    assert verify(place, "--at", "model").code == 4
    assert verify(place, "--at", "model", "--proof", "1.proof").code == 2
    # Other facts of the same artefact are not what was recorded.
    (place / "metrics.json").write_text('{"metrics": {"auc": 1}}')
    scan(place, "--evidence", "metrics.json")
    assert verify(place, "--at", "model", *shown).code == 4
    # The log with such an entry is in order.
    assert run_here("audit", "verify", "trail", *key, cwd=place).code == 0


def test_only_statements_are_recorded(place: Path) -> None:
    run_here("audit", "init", "trail", "--origin", ORIGIN, cwd=place)
    ran = run_here("audit", "record", "ci.pub.pem", "--trail", "trail", cwd=place)
    assert (ran.code, "an envelope is JSON" in ran.err) == (2, True)


def test_a_proof_of_something_else_shows_no_age(place: Path) -> None:
    scan(place)
    run_here("audit", "init", "trail", "--origin", ORIGIN, cwd=place)
    run_here("audit", "prove", "0", "--trail", "trail", "--output", "0.proof", cwd=place)
    ran = verify(place, "--proof", "0.proof", "--log-key", "trail/log.vkey")
    assert (ran.code, "something else" in ran.err) == (2, True)
