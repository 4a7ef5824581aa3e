"""`lockgate scan --sign` and `scan verify`: what is signed, and what a verifier makes of it."""

import json
import os
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.audit.attestations.bundles import (
    FILES,
    IDENTITY,
    ISSUER,
    Sigstore,
    key_bundle,
    new_key,
    statement,
    write_model,
)
from tests.webhook.helpers import Ran, run_here

REFERENCE = "s3://models/fraud/12"
TRUST = """\
minimum-scanner = "0.1"
minimum-rules = 1

[[producer]]
name = "ci"
key = "ci.pub.pem"
repositories = ["s3://models/*"]
environments = ["production"]
"""


def make_place(folder: Path) -> Path:
    """A model, a key, and a trust file for it."""
    private = Ed25519PrivateKey.generate()
    key = folder / "ci.pem"
    key.touch(mode=0o600)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "ci.pub.pem").write_bytes(public)
    (folder / "trust.toml").write_text(TRUST)
    write_model(folder / "model")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """As `make_place` makes it."""
    return make_place(tmp_path)


def scan(place: Path, *arguments: str) -> Ran:
    return run_here("scan", "model", "--sign", "ci.pem", "--reference", REFERENCE, *arguments, cwd=place)


def is_signed(ran: Ran) -> bool:
    """Whatever the model's tier is."""
    return "signed facts: " in ran.err


def verify(place: Path, *arguments: str, facts: str = "model.facts.dsse.json") -> Ran:
    """Any tier is accepted: which one this model has is not what is tested."""
    accepted = [word for tier in ("safe", "unvetted", "unsafe", "unreadable") for word in ("--accept", tier)]
    command = ["scan", "verify", facts, "--trust", "trust.toml", "--environment", "production", *accepted]
    return run_here(*command, *arguments, cwd=place)


def test_facts_are_signed_beside_the_artefact_and_verified(place: Path) -> None:
    ran = scan(place)
    assert is_signed(ran)
    assert "signed facts: model.facts.dsse.json" in ran.err
    for arguments in (["--at", "model"], ["--reference", REFERENCE], []):
        ran = verify(place, *arguments)
        assert ran.code == 0, ran.out + ran.err
        assert ran.out.startswith("verified\n")
    ran = verify(place, "--at", "model", "--format", "json")
    told = json.loads(ran.out)
    assert (told["verdict"], told["producers"], told["references"]) == ("verified", ["ci"], [REFERENCE])
    assert told["recordedAt"] is None


def test_only_safe_models_are_accepted_unless_it_is_said(place: Path) -> None:
    (place / "model/weights/a.bin").write_bytes(bytes(range(255, 199, -1)))
    scan(place)
    command = [
        "scan",
        "verify",
        "model.facts.dsse.json",
        "--trust",
        "trust.toml",
        "--environment",
        "production",
    ]
    ran = run_here(*command, cwd=place)
    assert (ran.code, ran.out.splitlines()[0]) == (1, "not accepted")


def _change(model: Path) -> None:
    (model / "config.json").write_bytes(b"{ }")


def _add(model: Path) -> None:
    (model / "modeling.py").write_text("import os\n")


def _remove(model: Path) -> None:
    (model / "config.json").unlink()


def _rename(model: Path) -> None:
    (model / "config.json").rename(model / "settings.json")


@pytest.mark.parametrize("spoil", [_change, _add, _remove, _rename], ids=lambda one: str(one.__name__))
def test_other_bytes_are_told(place: Path, spoil: Callable[[Path], None]) -> None:
    scan(place)
    spoil(place / "model")
    ran = verify(place, "--at", "model")
    assert ran.code == 3
    assert ran.out.startswith("other bytes\n  the facts are of sha256:")


def test_what_cannot_be_hashed_is_no_match(place: Path) -> None:
    scan(place)
    os.mkfifo(place / "model/pipe")
    ran = verify(place, "--at", "model")
    assert (ran.code, "pipe: is no regular file" in ran.err) == (2, True)


def test_whose_word_counts(place: Path) -> None:
    scan(place)
    trust = place / "trust.toml"
    for changed, told in (
        (TRUST.replace("production", "staging"), "does not count in production"),
        (TRUST.replace("s3://models", "hf://models"), "may not speak of"),
        (TRUST.replace('"0.1"', '"99"'), "is too old"),
        ('revoked-scanners = ["0.1.0"]\n' + TRUST, "was revoked"),
        ("maximum-age = 60\n" + TRUST, "no log says when"),
    ):
        trust.write_text(changed)
        ran = verify(place, "--at", "model")
        assert (ran.code, told in ran.out) == (4, True), (told, ran.out, ran.err)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "producer"),
        (TRUST.replace("ci.pub.pem", "absent.pem"), "cannot read the key absent.pem"),
        (TRUST.replace("ci.pub.pem", "trust.toml"), "public key"),
        (TRUST + TRUST[TRUST.index("[[") :], "two producers of one name"),
        (TRUST.replace('"0.1"', '"new"'), "no version"),
        (TRUST + "anything = 1\n", "anything"),
    ],
)
def test_trust_files_that_are_wrong(place: Path, text: str, told: str) -> None:
    scan(place)
    (place / "trust.toml").write_text(text)
    ran = verify(place)
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_evidence_is_signed_with_the_facts(place: Path) -> None:
    (place / "metrics.json").write_text('{"metrics": {"auc": 0.93}}')
    (place / "README.md").write_text("---\nlicense: mit\n---\n")
    ran = scan(place, "--evidence", "metrics.json", "--evidence", "README.md")
    assert is_signed(ran), ran.err
    told = json.loads(verify(place, "--format", "json").out)
    assert told["evidence"] == ["card", "evaluation"]
    (place / "metrics.json").write_text("{}")
    ran = scan(place, "--evidence", "metrics.json")
    assert (ran.code, "metrics.json is no evidence that is known" in ran.err) == (2, True)


def test_the_models_own_signature_is_verified_and_told(place: Path) -> None:
    key = new_key()
    (place / "key.pem").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    # In the model's own folder, as model-signing leaves it.
    (place / "model/model.sig").write_text(json.dumps(key_bundle(key, statement())))
    by_key = ["--model-signature", "model/model.sig", "--model-key", "key.pem"]
    assert is_signed(scan(place, *by_key))
    assert json.loads(verify(place, "--format", "json").out)["evidence"] == ["signature"]
    (place / "model/config.json").write_bytes(b"[]")
    ran = scan(place, *by_key)
    assert (ran.code, "config.json is not what was signed" in ran.err) == (2, True)


def test_a_models_signature_by_shards(place: Path) -> None:
    golden = Path(__file__).parents[2] / "audit/attestations/golden"
    by_key = ["--model-signature", str(golden / "shards.sig"), "--model-key", str(golden / "key.pub.pem")]
    assert is_signed(scan(place, *by_key))
    (place / "model/weights/b.bin").write_bytes(b"c")
    assert "weights/b.bin is not what was signed" in scan(place, *by_key).err


def test_a_models_signature_by_an_identity(place: Path) -> None:
    sigstore = Sigstore()
    (place / "model.sig").write_text(json.dumps(sigstore.bundle(statement())))
    (place / "root.json").write_text(json.dumps(sigstore.trusted_root()))
    given = ["--model-signature", "model.sig", "--trusted-root", "root.json"]
    assert is_signed(scan(place, *given, "--identity", f"{IDENTITY}={ISSUER}"))
    ran = scan(place, *given, "--identity", f"else@example.com={ISSUER}")
    assert (ran.code, "none of the approved identities" in ran.err) == (2, True)
    assert "nobody is named" in scan(place, *given).err


def provenance(digest: str) -> dict[str, object]:
    """As a CI service says it."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a.bin", "digest": {"sha256": digest}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {"buildType": "https://ci.example/train", "resolvedDependencies": []},
            "runDetails": {"builder": {"id": "https://ci.example/runner"}},
        },
    }


def test_provenance_is_verified_and_is_of_this_artefact(place: Path) -> None:
    sigstore = Sigstore()
    (place / "root.json").write_text(json.dumps(sigstore.trusted_root()))
    given = ["--provenance", "p.json", "--trusted-root", "root.json", "--identity", f"{IDENTITY}={ISSUER}"]
    digest = sha256(FILES["weights/a.bin"]).hexdigest()
    (place / "p.json").write_text(json.dumps(sigstore.bundle(provenance(digest))))
    ran = scan(place, *given)
    assert is_signed(ran), ran.err
    envelope = json.loads((place / "model.facts.dsse.json").read_text("utf-8"))
    (told,) = json.loads(b64decode(envelope["payload"]))["predicate"]["evidence"]
    assert (told["kind"], told["verified"], told["builder"]) == (
        "provenance",
        True,
        "https://ci.example/runner",
    )
    assert told["signer"] == {"identity": IDENTITY, "issuer": ISSUER}
    (place / "p.json").write_text(json.dumps(sigstore.bundle(provenance("cd" * 32))))
    ran = scan(place, *given)
    assert (ran.code, "which is no file of model" in ran.err) == (2, True)
    # A signature of the model is no provenance, and the other way round.
    (place / "p.json").write_text(json.dumps(sigstore.bundle(statement())))
    assert "and no https://slsa.dev/provenance/v1" in scan(place, *given).err
    (place / "p.json").write_text(json.dumps(sigstore.bundle(provenance(digest))))
    assert scan(place, "--model-signature", *given[1:]).code == 2


def test_evidence_of_another_model_is_refused(place: Path) -> None:
    report = place / "metrics.json"
    digest = sha256(FILES["weights/a.bin"]).hexdigest()
    for subject, fits in ((digest, True), ("cd" * 32, False)):
        report.write_text(json.dumps({"metrics": {"auc": 1}, "subject": {"sha256": subject}}))
        assert is_signed(scan(place, "--evidence", "metrics.json")) is fits


def test_a_link_is_covered_by_no_signature(place: Path) -> None:
    key = new_key()
    (place / "key.pem").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    made = key_bundle(key, statement({**FILES, "link": b"{}"}))
    (place / "model.sig").write_text(json.dumps(made))
    (place / "model/link").symlink_to("config.json")
    ran = scan(place, "--model-signature", "model.sig", "--model-key", "key.pem")
    assert (ran.code, "link is a symbolic link" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["model", "--reference", REFERENCE], "give --sign"),
        (["model", "model/config.json", "--sign", "ci.pem", "--signed", "x"], "of one artefact"),
        (["model", "--sign", "absent.pem"], "cannot read the key"),
        (["model", "--sign", "ci.pub.pem"], "the key ci.pub.pem"),
        (["model", "--sign", "ci.pem", "--reference", "a/../b"], "no reference"),
        (["model", "--sign", "ci.pem", "--model-key", "x"], "give --model-signature"),
        (["model", "--sign", "ci.pem", "--model-signature", "x"], "verified in one way"),
    ],
)
def test_wrong_usage(place: Path, arguments: list[str], told: str) -> None:
    ran = run_here("scan", *arguments, cwd=place)
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_the_same_artefact_has_the_same_facts_wherever_it_lies(place: Path, tmp_path: Path) -> None:
    scan(place)
    (place / "mnt").mkdir()
    (place / "model").rename(place / "mnt/models")
    ran = verify(place, "--at", "mnt/models")
    assert ran.code == 0, ran.out
