"""Signed resolutions: what is signed, whose word counts, and that rules on models go by the facts of what a reference is."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jsonschema import Draft202012Validator
from lockgate.audit.attestations.facts_trust import SignedFacts
from lockgate.audit.attestations.resolution_statement import (
    PREDICATE,
    SaidResolution,
    parse_resolutions,
    render_resolutions,
)
from lockgate.audit.dsse import IN_TOTO, render_envelope
from lockgate.audit.keys.pem_key import parse_private_key
from lockgate.engine.errors import LockgateError
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.promoting.facts import find_evidence
from lockgate.webhook.scanning.known_models import known_models
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_state import LiveSettings

from tests.shared_folder import ROOT
from tests.webhook.helpers import Ran, run_here
from tests.webhook.references.servers import Reply, Server, as_json, serving
from tests.webhook.scanning.test_known_models import RULE, judge, sign
from tests.webhook.scanning.test_signed_facts import place

__all__ = ["place"]
MANIFEST = b'{"schemaVersion": 2}'
SHA = sha256(MANIFEST).hexdigest()
OTHER = "ab" * 32
TAG = "oci://registry.example.com/ml/fraud:1"
PINNED = f"oci://registry.example.com/ml/fraud@sha256:{SHA}"
MODEL = "models:/fraud/3"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TRUST = """\
[[producer]]
name = "ci"
key = "ci.pub.pem"
repositories = ["oci://registry.example.com/*", "models:/fraud*", "hf://org/*"]
environments = ["production"]
"""
FILE = "fraud.resolution.dsse.json"
SCHEMA = json.loads((ROOT / "webhook/schemas/reference-resolution.schema.json").read_text())
GIVEN = ModelFacts((".",), "trust.toml", "production")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        made.replies["/v2/ml/fraud/manifests/1"] = Reply(
            MANIFEST, headers={"Content-Type": "application/vnd.oci.image.index.v1+json"}
        )
        query = urlencode({"name": "fraud", "version": "3"})
        told = {"name": "fraud", "version": "3", "source": TAG}
        made.replies[f"/api/2.0/mlflow/model-versions/get?{query}"] = as_json({"model_version": told})
        yield made


def resolve(place: Path, server: Server, *references: str, file: str = FILE) -> Ran:
    (place / "trust.toml").write_text(TRUST)
    (place / "resolvers.toml").write_text(
        f'[mlflow]\nurl = "{server.url}"\n[[registry]]\nhost = "registry.example.com"\nurl = "{server.url}"\n'
    )
    command = ["scan", "resolve", *references, "--online", "resolvers.toml"]
    return run_here(*command, "--sign", "ci.pem", "--signed", file, cwd=place)


def said(place: Path, *resolutions: SaidResolution, file: str = FILE) -> None:
    """An envelope by the trusted key, whatever it says."""
    key = parse_private_key((place / "ci.pem").read_bytes(), "ci.pem")
    payload = render_resolutions({one: [one.reference, one.resolved] for one in resolutions}, {}, "")
    (place / file).write_bytes(render_envelope(key.sign_envelope(IN_TOTO, payload)))


def answers(place: Path, given: ModelFacts = GIVEN, now_ms: int = 0) -> tuple[dict[str, Any], dict[str, str]]:
    (found,) = json.loads(json.dumps(known_models(given, str(place), now_ms).value))["providers"]
    return found["values"], found["errors"]


def payload(place: Path) -> dict[str, Any]:
    envelope = json.loads((place / FILE).read_bytes())
    made = json.loads(b64decode(envelope["payload"]))
    assert isinstance(made, dict)
    return made


def test_what_is_signed(place: Path, server: Server) -> None:
    pinned = f"hf://org/model:{COMMIT}"
    ran = resolve(place, server, MODEL, TAG, pinned, "s3://b/m")
    assert ran.code == 1
    assert f"not signed: {pinned}: it names its bytes itself" in ran.err
    assert "not signed: s3://b/m: S3 does not" in ran.err
    statement = payload(place)
    Draft202012Validator(SCHEMA).validate(statement)
    assert statement["predicateType"] == PREDICATE
    assert statement["subject"] == [{"name": PINNED, "digest": {"sha256": SHA}}]
    assert statement["predicate"]["resolutions"] == [
        {"reference": MODEL, "resolved": PINNED, "steps": [MODEL, TAG]},
        {"reference": TAG, "resolved": PINNED, "steps": [TAG]},
    ]


def test_a_version_is_judged_by_the_facts_of_what_it_is(place: Path, server: Server) -> None:
    assert resolve(place, server, MODEL).code == 0
    sign(place, PINNED)
    ran = judge(place, MODEL)
    assert ran.code == 0, ran.out
    values, errors = answers(place)
    assert values[MODEL]["digest"] == values[PINNED]["digest"]
    attested = [{"producer": "ci", "at": None}]
    assert values[MODEL]["resolved"] == {"uri": PINNED, "attested": attested}
    assert ("resolved" in values[PINNED], errors) == (False, {})


def test_unsafe_bytes_are_unsafe_by_every_name(place: Path, server: Server) -> None:
    resolve(place, server, MODEL)
    sign(place, PINNED, content=b"cos\nsystem\n(S'true'\ntR.")
    ran = judge(place, MODEL)
    assert (ran.code, "model is unsafe" in ran.out) == (1, True), ran.out


def test_a_name_for_what_nobody_scanned(place: Path, server: Server) -> None:
    resolve(place, server, MODEL)
    sign(place, "models:/other/1")
    ran = judge(place, MODEL)
    assert ran.code == 1
    assert f"it is {PINNED}, and there are no signed facts of it" in ran.out


def test_what_a_tag_is_counts_only_where_it_is_said_for_how_long(place: Path, server: Server) -> None:
    resolve(place, server, TAG)
    sign(place, PINNED)
    ran = judge(place, TAG)
    assert ran.code == 1
    assert "the reference moves, and for how long anybody's word of it counts is not said" in ran.out


def test_what_a_tag_is_counts_from_when_a_log_had_it(place: Path, server: Server) -> None:
    resolve(place, server, TAG)
    sign(place, PINNED)
    (place / "trust.toml").write_text("maximum-resolution-age = 3600\n" + TRUST)
    given = ModelFacts((".",), "trust.toml", "production", (str(place / "trail/log.vkey"),))
    run_here("audit", "init", "trail", "--origin", "example.com/lockgate/facts", cwd=place)
    _, errors = answers(place, given)
    assert "no log says when the resolution was there" in errors[TAG]
    assert run_here("audit", "record", FILE, "--trail", "trail", cwd=place).code == 0
    run_here("audit", "prove", "1", "--trail", "trail", "--output", f"{FILE}.proof", cwd=place)
    options = ["--model-facts", ".", "--facts-trust", "trust.toml", "--facts-environment", "production"]
    ran = judge(place, TAG, *options, "--facts-log-key", "trail/log.vkey")
    assert ran.code == 0, ran.out
    proof = ["--resolutions", ".", "--trust", "trust.toml", "--environment", "production"]
    ran = run_here("scan", "resolve", TAG, *proof, "--log-key", "trail/log.vkey", cwd=place)
    assert (ran.code, f"sha256:{SHA} (signed)" in ran.out) == (0, True), ran.out + ran.err
    # An old word is none.
    _, errors = answers(place, given, 4_000_000_000_000)
    assert "hours ago; at most 1 are allowed" in errors[TAG]


def test_facts_of_other_bytes_than_what_it_is(place: Path, server: Server) -> None:
    resolve(place, server, MODEL)
    sign(place, PINNED)
    sign(place, MODEL, content=b"\x80\x04N.", name="other")
    values, errors = answers(place)
    assert MODEL not in values
    assert "facts of different bytes" in errors[MODEL]


def test_two_words_for_one_reference(place: Path) -> None:
    (place / "trust.toml").write_text(TRUST)
    for number, digest in enumerate((SHA, OTHER)):
        pinned = f"oci://registry.example.com/ml/fraud@sha256:{digest}"
        said(place, SaidResolution(MODEL, pinned, "sha256", digest), file=f"{number}.resolution.dsse.json")
    sign(place, PINNED)
    values, errors = answers(place)
    assert MODEL not in values
    assert "resolutions say different things of it" in errors[MODEL]


REFUSED = {
    "what it may not speak of": (
        SaidResolution("models:/other/1", PINNED, "sha256", SHA),
        "ci signed the resolutions, and may not speak of models:/other/1",
    ),
    "what names its bytes": (
        SaidResolution(f"oci://registry.example.com/ml/fraud@sha256:{OTHER}", PINNED, "sha256", SHA),
        "it names its bytes itself",
    ),
    "what runs": (SaidResolution("models:/fraud$X/1", PINNED, "sha256", SHA), "or cannot be read"),
    "to a tag": (SaidResolution(MODEL, TAG, "sha256", SHA), "which does not name these bytes"),
    "to a name": (
        SaidResolution(MODEL, f"s3://b/sha256:{SHA}", "sha256", SHA),
        "which does not name these bytes",
    ),
    "to other bytes": (SaidResolution(MODEL, PINNED, "sha256", OTHER), "which does not name these bytes"),
    "to another algorithm": (
        SaidResolution(MODEL, f"hf://org/model:{COMMIT}", "sha256", SHA),
        "which does not name these bytes",
    ),
    "in another spelling": (
        SaidResolution(MODEL, PINNED.replace("oci:", "OCI:"), "sha256", SHA),
        "is not in the one spelling",
    ),
}


@pytest.mark.parametrize(("resolution", "why"), REFUSED.values(), ids=REFUSED)
def test_what_a_trusted_producer_may_not_say(place: Path, resolution: SaidResolution, why: str) -> None:
    (place / "trust.toml").write_text(TRUST)
    said(place, resolution)
    sign(place, PINNED)
    values, errors = answers(place)
    if resolution.reference in errors:
        assert why in errors[resolution.reference]
    assert resolution.reference not in values
    ran = run_here(
        *("scan", "answers", FILE, "weights.facts.dsse.json", "--trust", "trust.toml"),
        *("--environment", "production", "--output", "models.json"),
        cwd=place,
    )
    assert (ran.code, why in ran.err) == (1, True), ran.err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda trust: trust.replace("ci.pub.pem", "other.pub.pem"), "no producer that is trusted signed"),
        (lambda trust: trust.replace("production", "staging"), "whose word does not count in production"),
    ],
    ids=["another key", "another environment"],
)
def test_whose_word_does_not_count(
    place: Path, server: Server, change: Callable[[str], str], why: str
) -> None:
    resolve(place, server, MODEL)
    other = Ed25519PrivateKey.generate().public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (place / "other.pub.pem").write_bytes(pem)
    (place / "trust.toml").write_text(change(TRUST))
    _, errors = answers(place)
    assert why in errors[MODEL]


def test_a_word_that_was_changed(place: Path, server: Server) -> None:
    resolve(place, server, MODEL)
    envelope = json.loads((place / FILE).read_bytes())
    changed = b64decode(envelope["payload"]).replace(SHA.encode(), OTHER.encode())
    (place / FILE).write_text(json.dumps(envelope | {"payload": b64encode(changed).decode()}))
    _, errors = answers(place)
    assert "no producer that is trusted signed the resolutions" in errors[MODEL]


def test_a_server_reads_a_new_word(place: Path) -> None:
    sign(place, PINNED)
    (place / "trust.toml").write_text(TRUST)
    policies = [str(RULE / "template.yaml"), str(place / "constraint.yaml")]
    source = FolderSource(policies, (), str(place), LiveSettings(), (), GIVEN)
    assert not any(MODEL.encode() in (one.data or b"") for one in source.changes())
    assert source.changes() == ()
    said(place, SaidResolution(MODEL, PINNED, "sha256", SHA))
    (news,) = source.changes()
    assert MODEL.encode() in (news.data or b"")


def test_who_asks_for_facts_alone_gets_no_resolutions(place: Path) -> None:
    sign(place, PINNED)
    (place / "trust.toml").write_text(TRUST)
    said(place, SaidResolution(MODEL, PINNED, "sha256", SHA))
    given = ModelFacts((".",), "trust.toml", "production")
    recorded: list[str] = []

    def record(signed: SignedFacts) -> int:
        recorded.append(signed.envelope_sha256)
        return 1_000

    found = find_evidence(given, PINNED, "production", record, str(place))
    assert (len(recorded), found.digest[:7], found.reasons) == (1, "sha256:", ())


def test_what_is_given_has_to_fit_together(place: Path, server: Server) -> None:
    assert resolve(place, server, TAG).code == 0
    for options, why in (
        (("--sign", "ci.pem"), "belong together"),
        (("--signed", FILE), "belong together"),
        (("--sign", "ci.pem", "--signed", "fraud.json"), "which ends in .resolution.dsse.json"),
        (("--sign", "ci.pem", "--signed", FILE), "there is nothing to sign"),
        (("--trust", "trust.toml"), "are for signed resolutions"),
        (("--resolutions", "."), "whose word counts is not said"),
        (("--resolutions", "absent", "--trust", "trust.toml"), "absent does not exist"),
    ):
        ran = run_here("scan", "resolve", TAG, *options, cwd=place)
        assert (ran.code, why in ran.err) == (2, True), ran.err


def test_a_word_is_not_made_younger_by_saying_it_again(place: Path, server: Server) -> None:
    resolve(place, server, MODEL)
    signed = ["--resolutions", FILE, "--trust", "trust.toml", "--environment", "production"]
    ran = run_here(
        *("scan", "resolve", MODEL, *signed, "--sign", "ci.pem", "--signed", f"new.{FILE}"), cwd=place
    )
    assert (ran.code, (place / f"new.{FILE}").exists()) == (2, False)
    assert "it is signed already" in ran.err


# How; whether the schema tells; what is told.
STATEMENTS: dict[str, tuple[Callable[[dict[str, Any]], object], bool, str]] = {
    "of another type": (lambda whole: whole.update(predicateType="x"), True, "no resolution of references"),
    "of one reference twice": (
        lambda whole: whole["predicate"]["resolutions"].append(whole["predicate"]["resolutions"][0]),
        False,
        "says of one reference twice what it is",
    ),
    "of no subject": (
        lambda whole: whole["subject"][0].update(name="x"),
        False,
        "is no subject with one digest",
    ),
    "of two digests": (
        lambda whole: whole["subject"][0]["digest"].update(gitCommit=COMMIT),
        True,
        "is no subject with one digest",
    ),
    "of an unknown digest": (
        lambda whole: whole["subject"][0].update(digest={"md5": "ab" * 16}),
        True,
        "is no subject with one digest",
    ),
    "of two subjects": (lambda whole: whole["subject"].append(whole["subject"][0]), False, "have one name"),
    "of a way up": (
        lambda whole: whole["predicate"]["resolutions"][0].update(reference="models:/../x"),
        False,
        "is no reference",
    ),
    "of too many": (
        lambda whole: whole["predicate"].update(resolutions=whole["predicate"]["resolutions"] * 1001),
        True,
        "at most 1000 are read",
    ),
}


@pytest.mark.parametrize(("change", "by_schema", "why"), STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement_that_is_none(
    change: Callable[[dict[str, Any]], object], by_schema: bool, why: str
) -> None:
    made = render_resolutions({SaidResolution(MODEL, PINNED, "sha256", SHA): []}, {}, "")
    assert parse_resolutions(made).resolutions == (SaidResolution(MODEL, PINNED, "sha256", SHA),)
    whole = json.loads(made)
    Draft202012Validator(SCHEMA).validate(whole)
    change(whole)
    assert Draft202012Validator(SCHEMA).is_valid(whole) is not by_schema
    with pytest.raises(LockgateError, match=why):
        parse_resolutions(json.dumps(whole).encode())
