"""Signed facts: whose word counts, for which repository, environment, scanner and age."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.audit.attestations.facts_statement import parse_facts, parse_version, render_facts
from lockgate.audit.attestations.facts_trust import (
    Asked,
    FactsTrust,
    Producer,
    Recorded,
    TrustedFacts,
    verify_facts,
)
from lockgate.audit.attestations.statement import render_statement
from lockgate.audit.dsse import IN_TOTO, render_envelope
from lockgate.audit.errors import FormatError, UnverifiableError, VerificationError
from lockgate.audit.keys.pem_key import PemKey
from lockgate.engine.errors import LockgateError

DIGEST: Final = "ab" * 32
DAY_MS: Final = 86_400_000
NOW: Final = 1_800_000_000_000
REFERENCE: Final = "s3://models/fraud/12"
FACTS: Final[Mapping[str, Any]] = {
    "artifact": {"name": "fraud", "digest": f"sha256:{DIGEST}", "tier": "safe", "files": []},
    "findings": [],
}
SCANNER: Final = {"name": "lockgate", "version": "0.2.0", "rules": 3}


def key(number: int) -> PemKey:
    return PemKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


CI, OTHER = key(1), key(2)


def producer(
    name: str = "ci",
    of: PemKey = CI,
    repositories: Sequence[str] = ("s3://models/*",),
    environments: Sequence[str] = ("production",),
) -> Producer:
    return Producer(name, of.key, tuple(repositories), tuple(environments))


def signed(
    by: PemKey = CI,
    facts: Mapping[str, Any] = FACTS,
    scanner: Mapping[str, Any] = SCANNER,
    references: Sequence[str] = (REFERENCE,),
) -> bytes:
    payload = render_facts(facts, scanner, references, [{"kind": "card"}], "2020-01-01T00:00:00Z")
    return render_envelope(by.sign_envelope(IN_TOTO, payload))


ASKED: Final = Asked(NOW, REFERENCE, DIGEST, "production")


def verify(
    data: bytes | None = None,
    trust: FactsTrust | None = None,
    asked: Asked = ASKED,
    recorded: int | None = None,
) -> TrustedFacts:
    made = signed() if data is None else data
    records = [] if recorded is None else [Recorded(sha256(made).hexdigest(), recorded)]
    return verify_facts(made, trust or FactsTrust((producer(),)), asked, records)


def test_facts_that_count() -> None:
    found = verify()
    assert (found.statement.digest, found.statement.tier, found.producers) == (DIGEST, "safe", ("ci",))
    assert found.statement.references == (REFERENCE,)
    assert found.statement.evidence == ({"kind": "card"},)
    assert found.recorded_ms is None
    # By the digest alone, for all that the facts name.
    assert verify(asked=Asked(NOW, "", DIGEST, "production")).producers == ("ci",)


def test_the_same_facts_make_the_same_statement() -> None:
    assert signed() == signed()


@pytest.mark.parametrize(
    ("producers", "told"),
    [
        ([producer(of=OTHER)], "no producer that is trusted signed"),
        ([producer(environments=["staging"])], "does not count in production"),
        ([producer(repositories=["s3://other/*"])], "may not speak of s3://models/fraud/12"),
        ([producer(repositories=["s3://models"])], "may not speak of"),
        ([producer(repositories=["s3://models/fraud/1"])], "may not speak of"),
        # One may speak in production and not of this, the other of this and not in production: both signed.
        (
            [producer(repositories=["hf://*"]), producer("too", CI, environments=["staging"])],
            "may not speak of",
        ),
    ],
)
def test_whose_word_does_not_count(producers: list[Producer], told: str) -> None:
    with pytest.raises(UnverifiableError, match=told):
        verify(trust=FactsTrust(tuple(producers)))


def test_patterns() -> None:
    assert verify(trust=FactsTrust((producer(repositories=["*"], environments=["*"]),))).producers == ("ci",)
    assert verify(trust=FactsTrust((producer(repositories=[REFERENCE]),))).producers == ("ci",)
    with pytest.raises(UnverifiableError, match="counts in some environments only"):
        verify(asked=Asked(NOW, REFERENCE, DIGEST, ""))
    assert verify(
        trust=FactsTrust((producer(environments=["*"]),)), asked=Asked(NOW, REFERENCE, DIGEST, "")
    ).producers == ("ci",)


def test_a_key_may_be_of_several_producers() -> None:
    staging = producer("staging", environments=["staging"])
    assert verify(trust=FactsTrust((staging, producer()))).producers == ("ci",)


def test_facts_that_name_no_place_count_by_who_speaks_of_every_place() -> None:
    data, asked = signed(references=[]), Asked(NOW, "", DIGEST, "production")
    with pytest.raises(UnverifiableError, match="may not speak of what is named nowhere"):
        verify(data, asked=asked)
    assert verify(data, FactsTrust((producer(repositories=["*"]),)), asked).producers == ("ci",)


def test_every_place_that_is_named_counts() -> None:
    data, asked = signed(references=[REFERENCE, "hf://else/model"]), Asked(NOW, "", DIGEST, "production")
    with pytest.raises(UnverifiableError, match="may not speak of hf://else/model"):
        verify(data, asked=asked)
    assert verify(data).producers == ("ci",)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(NOW, REFERENCE, "cd" * 32, "production"), "and not of sha256:cdcd"),
        (
            Asked(NOW, "s3://models/fraud/13", "", "production"),
            "do not say that they are of s3://models/fraud/13",
        ),
    ],
)
def test_other_bytes(asked: Asked, told: str) -> None:
    with pytest.raises(VerificationError, match=told):
        verify(asked=asked)


@pytest.mark.parametrize(
    ("trust", "told"),
    [
        (FactsTrust((producer(),), minimum_scanner=(0, 2, 1)), r"too old: lockgate 0\.2\.0, rules 3"),
        (FactsTrust((producer(),), minimum_scanner=(1,)), "too old"),
        (FactsTrust((producer(),), minimum_rules=4), "rules are too old"),
        (FactsTrust((producer(),), revoked_scanners=frozenset({(0, 2)})), "was revoked"),
    ],
)
def test_scanners_that_do_not_count(trust: FactsTrust, told: str) -> None:
    with pytest.raises(UnverifiableError, match=told):
        verify(trust=trust)


def test_versions() -> None:
    assert parse_version("0.2.0", "it") == parse_version("0.2", "it") == (0, 2)
    assert parse_version("0.10", "it") > parse_version("0.9.9", "it")
    for text in ("", "1.x", "1.2.3.4.5", "-1", "\uff11"):
        with pytest.raises(FormatError):
            parse_version(text, "it")


def test_the_age_is_that_of_the_record() -> None:
    trust = FactsTrust((producer(),), maximum_age_s=30 * 86_400)
    assert verify(trust=trust, recorded=NOW - 30 * DAY_MS).recorded_ms == NOW - 30 * DAY_MS
    with pytest.raises(UnverifiableError, match="recorded 31 days ago; at most 30"):
        verify(trust=trust, recorded=NOW - 31 * DAY_MS)
    # What the signer says of the time counts for nothing, and no record is of this envelope.
    with pytest.raises(UnverifiableError, match="no log says when"):
        verify(trust=trust)
    with pytest.raises(UnverifiableError, match="no log says when"):
        verify_facts(signed(), trust, ASKED, [Recorded("00" * 32, NOW)])


def test_being_recorded_again_makes_nothing_younger() -> None:
    data = signed()
    digest = sha256(data).hexdigest()
    records = [Recorded(digest, NOW), Recorded(digest, NOW - 90 * DAY_MS)]
    with pytest.raises(UnverifiableError, match="recorded 90 days ago"):
        verify_facts(data, FactsTrust((producer(),), maximum_age_s=86_400), ASKED, records)


def test_a_changed_statement_is_nobodys() -> None:
    changed = json.loads(signed())
    changed["payload"] = json.loads(signed(facts={**FACTS, "findings": [1]}))["payload"]
    with pytest.raises(UnverifiableError, match="no producer that is trusted"):
        verify(json.dumps(changed).encode())


def enveloped(predicate: Any, subjects: Mapping[str, str] | None = None, kind: str | None = None) -> bytes:
    payload = render_statement(
        subjects or {"fraud": DIGEST}, kind or "https://lockgate.dev/model-facts/v1", predicate
    )
    return render_envelope(CI.sign_envelope(IN_TOTO, payload))


PREDICATE: Final = {"scanner": SCANNER, "facts": FACTS, "references": [REFERENCE]}
ARTIFACT: Final = FACTS["artifact"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (enveloped(PREDICATE, kind="https://slsa.dev/provenance/v1"), "no facts of a model"),
        (enveloped(PREDICATE, {"a": DIGEST, "b": DIGEST}), "about one artefact"),
        (enveloped(PREDICATE, {"a": "cd" * 32}), "of another artefact than the statement"),
        (enveloped({**PREDICATE, "scanner": {"name": "x"}}), "has no version"),
        (enveloped({**PREDICATE, "scanner": {**SCANNER, "rules": "many"}}), "no integer"),
        (enveloped({**PREDICATE, "references": ["s3://models/../other"]}), "no reference"),
        (enveloped({**PREDICATE, "references": ["x"] * 101}), "at most 100"),
        (enveloped({**PREDICATE, "facts": {"artifact": {**ARTIFACT, "tier": "good"}}}), "no tier"),
        (enveloped({**PREDICATE, "facts": {}}), "has no artifact"),
        (b"{}", "payloadType"),
        (b"", "is JSON"),
    ],
)
def test_statements_that_are_none(data: bytes, told: str) -> None:
    with pytest.raises(LockgateError, match=told):
        verify(data)


def test_references_are_checked_when_they_are_signed() -> None:
    for text in ("", "a/../b", "a/./b", "a\nb", "x" * 1_025):
        with pytest.raises(FormatError):
            signed(references=[text])


def test_the_statement_has_what_was_signed() -> None:
    made = parse_facts(render_facts(FACTS, SCANNER, [REFERENCE, REFERENCE], [], "2026-01-01T00:00:00Z"))
    assert (made.facts, made.references, made.signed_at) == (FACTS, (REFERENCE,), "2026-01-01T00:00:00Z")
