"""Attacks with statements and manifests: moved, edited, replayed, of what was revoked, and made to look like something else."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from lockgate.audit.promotions import events
from lockgate.audit.promotions.statement import (
    parse_promotion,
    render_promotion,
    statement_digest,
)

from tests.webhook.canaries import canary
from tests.webhook.promoting.office import (
    BYTES,
    EVALUATION,
    MODEL,
    OTHER_BYTES,
    REFERENCE,
    Office,
)

COPY = "s3://models/copy/7"


def dumped(value: Any) -> bytes:
    """A payload, as Lockgate writes one."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# --- Moved, edited, replayed


def test_an_approval_of_another_statement(office: Office) -> None:
    signed = office.sign("risk-1")
    office.promote("prod")
    ran = office.record(signed)
    assert ran.code == 2 and "the approval is of another statement" in ran.err
    assert "has 0" in ran.out


def _edit_environment(value: dict[str, Any]) -> None:
    value["predicate"]["to"]["environment"] = "staging"


def _edit_model(value: dict[str, Any]) -> None:
    value["predicate"]["model"]["name"] = "s3:models/other"


def _edit_version(value: dict[str, Any]) -> None:
    value["predicate"]["model"]["version"] = "8"


def _edit_bytes(value: dict[str, Any]) -> None:
    value["subject"][0]["digest"]["sha256"] = "c" * 64


def _edit_flags(value: dict[str, Any]) -> None:
    value["predicate"]["flags"] = ["--trust-remote-code"]


def _edit_image(value: dict[str, Any]) -> None:
    value["predicate"]["serving"] = [{"kind": "image", "name": "registry.example/server", "version": "2"}]


def _edit_requester(value: dict[str, Any]) -> None:
    value["predicate"]["requester"] = "risk-3"


def _edit_evidence(value: dict[str, Any]) -> None:
    value["predicate"]["evidence"][1]["values"] = {"auc": "0.99"}


EDITS = {
    "environment": _edit_environment,
    "model": _edit_model,
    "version": _edit_version,
    "bytes": _edit_bytes,
    "flags": _edit_flags,
    "image": _edit_image,
    "requester": _edit_requester,
    "evidence": _edit_evidence,
}


@pytest.mark.parametrize("edited", EDITS)
def test_a_statement_that_says_something_else(office: Office, edited: str) -> None:
    """Signed anew by whoever asked: it is another statement, and nobody asked for that."""
    value = office.statement()
    EDITS[edited](value)
    office.sign_payload(dumped(value), "asker", "prod.json")
    ran = office.approve()
    assert ran.code == 2 and "the statement is in no request of this trail" in ran.err, ran.err
    assert "lockgate promote records it" in ran.err


def test_a_statement_that_is_edited_after_signing(office: Office) -> None:
    place = office.folder / "prod.json"
    envelope = json.loads(place.read_text())
    value = office.statement()
    _edit_flags(value)
    envelope["payload"] = base64.b64encode(dumped(value)).decode()
    place.write_text(json.dumps(envelope))
    ran = office.approve()
    assert ran.code == 2 and "the statement is in no request of this trail" in ran.err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda data: data.replace(b'","', b'", "'), "not as Lockgate writes one"),
        (lambda data: data.replace(b'"flags":[]', b'"flags":["b","a"]'), "not as Lockgate writes one"),
        (
            lambda data: data.replace(b'"flags":[]', b'"flags":[],"flags":["--trust-remote-code"]'),
            "a key is in it twice",
        ),
        (lambda data: data.replace(b'"flags":[]', b'"flags":[],"more":1'), "not as Lockgate writes one"),
        (lambda data: data.replace(b"promotion/v1", b"promotion/v2"), "and no promotion"),
        (lambda data: data.replace(b'"promotion"', b'"removal"'), "is no promotion"),
        (lambda data: data.replace(b'"passed":true', b'"passed":1'), "does not say whether it passed"),
        (lambda data: data[:-1], "is no JSON"),
        (lambda data: b"", "is no JSON"),
    ],
    ids=["spaces", "order", "twice", "more", "type", "happening", "passed", "cut", "empty"],
)
def test_a_payload_that_two_readers_could_read_differently(
    office: Office, changed: Callable[[bytes], bytes], message: str
) -> None:
    data = changed(dumped(office.statement()))
    office.sign_payload(data, "asker", "prod.json")
    ran = office.approve()
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err, ran.err
    assert "approved" not in ran.err


@pytest.mark.parametrize(
    ("by", "message"), [("asker", ""), ("risk-2", "and did not sign"), ("stranger", "and did not sign")]
)
def test_a_statement_in_the_name_of_somebody_else(office: Office, by: str, message: str) -> None:
    """Whoever approves without the trail sees who is said to ask, and the map says whether they did."""
    office.sign_payload(dumped(office.statement()), by, "prod.json")
    options = ["--key", "risk-1.pem", "--yes", "--output", "it.approval"]
    ran = office.run("approve", "prod.json", *options, "--identities", "identities.toml")
    assert ran.code == (2 if message else 0) and message in ran.err, ran.err
    assert (office.folder / "it.approval").exists() == (not message)


def test_an_envelope_of_another_type(office: Office) -> None:
    """The same bytes, signed as something else: they may have meant something else there."""
    office.sign_payload(dumped(office.statement()), "asker", "prod.json", "application/json")
    ran = office.approve()
    assert ran.code == 2 and "prod.json holds application/json, not application/vnd.in-toto+json" in ran.err
    assert "approved" not in ran.err


def test_an_approval_of_another_type(office: Office) -> None:
    signed = office.sign("risk-1")
    payload = base64.b64decode(json.loads((office.folder / signed).read_text())["payload"])
    office.sign_payload(payload, "risk-1", signed, "application/json")
    ran = office.record(signed)
    assert ran.code == 2 and "the approval holds application/json" in ran.err


def test_a_promotion_statement_is_no_approval(office: Office) -> None:
    office.sign_payload(dumped(office.statement()), "risk-1", "own.approval")
    ran = office.record("own.approval")
    assert ran.code == 2 and "and no approval" in ran.err


def test_an_approval_is_recorded_once(office: Office) -> None:
    signed = office.sign("risk-1")
    assert "has 1" in office.record(signed).out
    size = office.size()
    ran = office.record(signed)
    assert ran.code == 0 and "has 1" in ran.out
    # Another signature of the same person is no further approval.
    assert "has 1" in office.approve().out
    assert office.size() == size


def test_a_promotion_is_made_once(office: Office) -> None:
    office.approve()
    office.approve(by="risk-2")
    size = office.size()
    ran = office.approve(by="risk-3")
    assert ran.code == 2 and "the promotion was made before, by entry 11" in ran.err
    again = office.record(office.sign("risk-1"))
    assert "made: entry 11" in again.out and office.size() == size


def test_a_statement_is_asked_for_once(office: Office) -> None:
    """Whoever appends the same request gets the entry that is there."""
    size = office.size()
    with office.open() as desk:
        (request,) = [one for one in desk.log.history.requests() if one.closed is None]
        asked = desk.log.asked(request)
        event = events.requested(
            request.promoted,
            request.requester,
            key=request.key,
            source=request.source,
            predecessor=request.predecessor,
        )
        receipt = desk.append(desk.recorder.promotion(event, "asker", {"envelope": dict(asked.envelope)}))
        assert receipt.index == request.index
    assert office.size() == size


def record_by_hand(office: Office, value: dict[str, Any], **fields: Any) -> None:
    """What somebody who may write to the trail records, with other fields than the statement says."""
    payload = dumped(value)
    envelope = office.key("asker").sign_envelope("application/vnd.in-toto+json", payload)
    statement = parse_promotion(payload)
    with office.open() as desk:
        event = events.requested(
            statement.promoted(statement_digest(payload)),
            desk.recorder.pseudonym("asker"),
            key=desk.log.history.request_of(office_statement(office)).key,  # type: ignore[union-attr]
            **fields,
        )
        body = {
            "envelope": {
                "payloadType": envelope.payload_type,
                "payload": base64.b64encode(payload).decode(),
                "signatures": [
                    {"keyid": one.key_id, "sig": base64.b64encode(one.signature).decode()}
                    for one in envelope.signatures
                ],
            }
        }
        desk.append(desk.recorder.promotion(event, "asker", body))  # type: ignore[arg-type]
    office.sign_payload(payload, "asker", "prod.json")


def office_statement(office: Office) -> str:
    """The digest of prod.json's."""
    return statement_digest(dumped(office.statement()))


@pytest.mark.parametrize("hidden", ["predecessor", "requester"])
def test_an_entry_that_says_something_else_than_its_statement(office: Office, hidden: str) -> None:
    """The log's rules are about the entry, and people sign the statement: where both differ, nothing is made."""
    value = office.statement()
    value["predicate"]["nonce"] = "another"
    if hidden == "predecessor":
        record_by_hand(office, value)
        ran = office.approve()
        assert ran.code == 2 and "the statement is not the one that the entry is about" in ran.err
        return
    value["predicate"]["requester"] = "risk-3"
    record_by_hand(office, value, source="staging", predecessor=7)
    office.approve()
    ran = office.approve(by="risk-2")
    assert "missing: nobody knows who asks for it" in ran.out and not office.is_made()


def test_one_request_that_cannot_be_read_does_not_hide_the_others(office: Office) -> None:
    value = office.statement()
    value["predicate"]["nonce"] = "another"
    record_by_hand(office, value)
    office.promote("staging", "--change", "commit=1234", command="promote")
    ran = office.pending()
    assert ran.code == 2 and "the statement is not the one that the entry is about" in ran.err
    assert ran.out.count("promotion of s3:models/fraud 7") == 1


# --- Predecessors and revocations


def test_a_version_that_was_never_below(office: Office) -> None:
    uri = "s3://models/fraud/8"
    office.write_manifest(uri)
    office.write_facts(EVALUATION, reference=uri)
    ran = office.promote("prod")
    assert ran.code == 2 and "was not promoted to staging by the trail" in ran.err
    assert "the last that came there is 7" in ran.err


def test_other_bytes_than_below(office: Office) -> None:
    office.write_facts(EVALUATION, digest=OTHER_BYTES)
    ran = office.promote("prod")
    assert ran.code == 2 and "with these bytes was not promoted to staging" in ran.err and BYTES in ran.err


def test_bytes_that_are_said_to_be_others(office: Office) -> None:
    ran = office.promote("prod", "--digest", OTHER_BYTES)
    assert ran.code == 2 and "has other bytes than is said" in ran.err


def test_facts_of_two_bytes_for_one_reference(office: Office) -> None:
    office.write_facts(EVALUATION, digest=OTHER_BYTES, name="other")
    ran = office.promote("prod")
    assert ran.code == 2 and "facts of different bytes say that they are of this reference" in ran.err


def revoke(office: Office, index: int) -> None:
    """Takes a promotion back."""
    ran = office.run("revoke", str(index), "--reason", "poisoned", "--trail", "trail")
    assert ran.code == 0, ran.err


def test_a_predecessor_that_is_revoked(office: Office) -> None:
    revoke(office, 7)
    ran = office.promote("prod")
    assert ran.code == 2 and "was not promoted to staging by the trail" in ran.err


def test_a_predecessor_that_is_revoked_after_asking(office: Office) -> None:
    office.approve()
    revoke(office, 7)
    ran = office.approve(by="risk-2")
    assert ran.code == 0, ran.err
    assert "missing: the predecessor, entry 7, was revoked by entry 10" in ran.out
    assert "missing: the predecessor" in office.pending().out and not office.is_made()


def test_revoked_bytes_do_not_come_back(office: Office) -> None:
    revoke(office, 7)
    ran = office.promote("staging")
    assert ran.code == 2 and "these bytes were revoked in staging" in ran.err
    ran = office.promote("staging", command="rollback")
    assert ran.code == 2 and "was revoked in staging, by entry 9" in ran.err


def test_revoked_bytes_do_not_come_back_under_another_name(office: Office) -> None:
    revoke(office, 7)
    office.write_manifest(COPY)
    office.write_facts(EVALUATION, reference=COPY)
    ran = office.promote("staging")
    assert ran.code == 2 and "these bytes were revoked in staging" in ran.err


def test_revoked_bytes_are_gone_whichever_entry_promoted_them(office: Office) -> None:
    """They were promoted twice, and one of both is revoked."""
    assert "made: entry" in office.promote("staging").out
    revoke(office, 7)
    states = [one["state"] for one in office.history()]
    assert states == ["revoked by entry 11", "revoked by entry 11"]
    ran = office.promote("prod")
    assert ran.code == 2 and "was not promoted to staging by the trail" in ran.err
    ran = office.approve()
    assert "missing: the predecessor, entry 7, was revoked by entry 11" in ran.out


def test_two_entries_of_the_same_bytes_are_revoked_at_once(office: Office) -> None:
    assert "made: entry" in office.promote("staging").out
    ran = office.run("revoke", "7", "10", "--reason", "poisoned", "--trail", "trail")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "revoked: s3:models/fraud 7 in staging, entry 11",
        "revoked before: the promotion of entry 10, by entry 11",
    ]


def test_a_rollback_to_what_was_never_there(office: Office) -> None:
    ran = office.promote("prod", command="rollback")
    assert ran.code == 2 and "s3:models/fraud 7 was never promoted into prod" in ran.err
    ran = office.promote("prod", "--entry", "7", command="rollback")
    assert ran.code == 2 and "was never promoted into prod by entry 7" in ran.err


def test_a_rollback_to_other_bytes(office: Office) -> None:
    office.write_facts(EVALUATION, digest=OTHER_BYTES)
    ran = office.promote("staging", command="rollback")
    assert ran.code == 2 and "has other bytes than is said" in ran.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--namespace", "other"), "for another place: entry 7 is for namespace ml"),
        (("--cluster", "eu"), ""),
        ((), ""),
    ],
    ids=["another namespace", "a cluster of any", "the same"],
)
def test_a_rollback_to_where_it_was_not(office: Office, more: tuple[str, ...], message: str) -> None:
    """It takes no soak time, so that it brings a version nowhere where it was not."""
    ran = office.promote("staging", *more, command="rollback")
    assert ran.code == (2 if message else 0) and message in ran.err, ran.err


def test_a_rollback_to_a_cluster_of_which_it_was_not(office: Office) -> None:
    office.write_manifest("s3://models/fraud/8")
    office.write_facts(EVALUATION, reference="s3://models/fraud/8")
    assert "made: entry" in office.promote("staging", "--cluster", "eu").out
    assert office.promote("staging", "--cluster", "eu", command="rollback").code == 0
    for more in (["--cluster", "us"], []):
        ran = office.promote("staging", *more, command="rollback")
        assert ran.code == 2 and "is for cluster eu namespace ml" in ran.err, ran.err


def test_a_rollback_with_code_that_was_not_there(office: Office) -> None:
    office.write_manifest(args=["--trust-remote-code"])
    ran = office.promote("staging", command="rollback")
    assert ran.code == 2 and "by entry 7, let no code come by" in ran.err, ran.err
    assert "trust" in ran.err
    assert office.promote("staging").code == 0


@pytest.mark.parametrize("leads", ["nowhere", "to a file"])
def test_a_link_where_the_statement_goes(office: Office, leads: str) -> None:
    """Beside the manifests lies what a change brought: nothing is written where its links lead."""
    elsewhere = office.folder / "elsewhere"
    if leads == "to a file":
        elsewhere.write_text("mine")
    place = office.folder / "prod.json"
    place.unlink()
    place.symlink_to(elsewhere)
    assert office.promote("prod").code == 0
    assert not place.is_symlink() and office.statement()
    assert elsewhere.exists() == (leads == "to a file")
    assert leads == "nowhere" or elsewhere.read_text() == "mine"


def test_what_is_no_promotion_is_not_revoked(office: Office) -> None:
    for index in ("8", "0", "400"):
        ran = office.run("revoke", index, "--reason", "poisoned", "--trail", "trail")
        assert ran.code == 2 and f"entry {index} made no promotion" in ran.err


# --- Manifests


def test_two_models_in_one_manifest(office: Office) -> None:
    office.write_manifest(COPY, "copy")
    files = ["deploy/fraud.yaml", "deploy/copy.yaml"]
    ran = office.promote("prod", *files)
    assert ran.code == 2 and "the manifests load 2 models" in ran.err
    assert f"name one with --model: {COPY}, {REFERENCE}" in ran.err
    assert office.promote("prod", *files, "--model", MODEL).code == 0
    ran = office.promote("prod", *files, "--model", "s3:models/none")
    assert ran.code == 2 and "and none is s3:models/none" in ran.err


def test_an_image_volume_is_a_model_where_it_is_named(office: Office) -> None:
    """Beside a model that the object names it may hold something else, and alone it is what is meant."""
    volumes = [{"name": "m", "image": {"reference": "registry.example.com/other@" + OTHER_BYTES}}]
    place = office.write_manifest()
    value = json.loads((office.folder / place).read_text())
    value["spec"]["predictor"]["volumes"] = volumes
    office.write(place, json.dumps(value))
    asked = office.promote("staging")
    assert asked.code == 0, asked.err
    assert office.statement("staging.json")["predicate"]["model"]["name"] == MODEL
    named = office.promote("staging", "--model", "oci:registry.example.com/other")
    assert named.code == 0, named.err
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"volumes": volumes}}
    office.write(place, json.dumps(pod))
    alone = office.promote("staging")
    assert alone.code == 0, alone.err


def test_no_model_at_all(office: Office) -> None:
    office.write("deploy/none.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    ran = office.promote("prod", "deploy/none.yaml")
    assert ran.code == 2 and "no manifest that was given loads a model" in ran.err


SECRET = canary(1)
IN_URI = f"https://user:{SECRET}@models.example/fraud/7"
CREDENTIALS: dict[str, Callable[[Office], list[str]]] = {
    "in the reference": lambda office: [office.write_manifest(IN_URI)],
    "in a reference of two": lambda office: [office.write_manifest(IN_URI, "copy"), "deploy/fraud.yaml"],
    "in a flag": lambda office: [
        office.write_manifest(
            args=["--trust-remote-code", f"--hf-token={SECRET}"], env=[{"name": "HF_TOKEN", "value": SECRET}]
        )
    ],
    "in the change": lambda _: ["--change", f"repository=https://user:{SECRET}@git.example/models"],
    "in the namespace": lambda _: ["--namespace", f"https://user:{SECRET}@ml"],
    "in the digest": lambda _: ["--digest", f"https://user:{SECRET}@ml"],
}


@pytest.mark.parametrize("place", CREDENTIALS)
def test_a_credential_is_neither_shown_nor_signed(office: Office, place: str) -> None:
    more = CREDENTIALS[place](office)
    (office.folder / "prod.json").unlink()
    ran = office.promote("prod", *more)
    assert SECRET not in ran.out + ran.err, ran.err
    if ran.code == 0:
        assert SECRET not in json.dumps(office.statement())
        return
    assert ran.code == 2 and not (office.folder / "prod.json").exists(), ran.err
    stored = b"".join([one.read_bytes() for one in (office.folder / "trail").rglob("*") if one.is_file()])
    assert SECRET.encode() not in stored


LONG = "a" * 1100
NAMES: dict[str, tuple[Callable[[Office], list[str]], str]] = {
    "a namespace that is too long": (lambda _: ["--namespace", LONG], "the namespace"),
    "a namespace with a line end": (lambda _: ["--namespace", "ml\nfrom risk"], "the namespace"),
    "a cluster that is too long": (lambda _: ["--cluster", LONG], "the cluster"),
    "a cluster that reorders": (lambda _: ["--cluster", "a\u202eb"], "the cluster"),
    "a change with a control": (lambda _: ["--change", "commit=1\x1b[2K"], "the change"),
    "a change that is too long": (lambda _: ["--change", f"commit={LONG}"], "--change"),
    "a change that is no name": (lambda _: ["--change", "a b=1"], "--change"),
    "a reference that is too long": (
        lambda office: [office.write_manifest(f"s3://models/{LONG}/7")],
        "",
    ),
    "a flag that is too long": (
        lambda office: [office.write_manifest(env=[{"name": "A", "value": LONG}])],
        "",
    ),
    "an environment that is none": (lambda _: ["--to", "nowhere"], "nowhere is none of the environments"),
    "an environment with a control": (lambda _: ["--to", "a\x1b"], "is none of the environments"),
    "a digest that is short": (lambda _: ["--digest", "b" * 62], "is no SHA-256"),
    "a digest that is none": (lambda _: ["--digest", "sha256:zz"], "is no digest"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_would_be_shown_otherwise(office: Office, name: str) -> None:
    """Nothing is recorded that could not be read again."""
    make, message = NAMES[name]
    ran = office.promote("prod", *make(office))
    assert message in ran.err and "Traceback" not in ran.err and "\x1b" not in ran.err
    assert ran.code == 2 or not message
    pending = office.pending()
    assert pending.code == 0, pending.err


@pytest.mark.parametrize(
    ("change", "looks"),
    [
        ("evidence=drift of 2026-11-28T00:00:00.000Z: share 0", "  evidence    drift"),
        ("policy=models", "  policy      models\n"),
        ("bytes=sha256:00", "  bytes       sha256:00"),
        ("commit=1" + " " * 70 + "  asked by    risk-3", "1   "),
    ],
    ids=["evidence", "policy", "bytes", "wrapped"],
)
def test_what_a_change_says_does_not_look_like_something_else(
    office: Office, change: str, looks: str
) -> None:
    ran = office.promote("prod", "--change", change)
    assert ran.code == 0 and looks not in ran.out, ran.out
    assert "  change      " in ran.out
    payload = dumped(office.statement())
    assert render_promotion(parse_promotion(payload)) == payload
