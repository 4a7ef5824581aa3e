"""Our verdicts on signatures of models beside those of model-signing and sigstore themselves, on the same bundles."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lockgate.audit.attestations.bundle_signer import (
    Identity,
    Signed,
    signed_by_certificate,
    signed_by_identity,
    signed_by_key,
)
from lockgate.audit.attestations.model_files import verify_files
from lockgate.audit.attestations.model_signature import SignaturePolicy, parse_model_manifest
from lockgate.audit.attestations.sigstore_bundle import parse_sigstore_bundle
from lockgate.audit.attestations.trusted_root import parse_trusted_root
from lockgate.engine.errors import LockgateError

from tests.audit.attestations.bundles import (
    FILES,
    IDENTITY,
    ISSUER,
    START,
    Authority,
    Sigstore,
    b64,
    certificate_bundle,
    key_bundle,
    new_key,
    statement,
    usual_extensions,
    write_model,
)
from tests.e2e.environments import environment

pytestmark = pytest.mark.e2e

# Reads cases from standard input; answers for each whether it is accepted.
ORACLE: Final = """
import json, sys
from pathlib import Path
from model_signing import verifying
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

def accepts(case):
    bundle, folder = Path(case["bundle"]), Path(case["folder"])
    config = verifying.Config()
    if case["kind"] == "key":
        config.use_elliptic_key_verifier(public_key=Path(case["key"])).verify(folder, bundle)
    elif case["kind"] == "certificate":
        config.use_certificate_verifier(certificate_chain=[Path(case["root"])]).verify(folder, bundle)
    else:
        root = TrustedRoot.from_file(case["root"])
        wanted = policy.Identity(identity=case["identity"], issuer=case["issuer"])
        Verifier(trusted_root=root).verify_dsse(Bundle.from_json(bundle.read_text()), wanted)

answers = []
for case in json.load(sys.stdin):
    try:
        accepts(case)
        answers.append("")
    except Exception as error:
        answers.append(f"{type(error).__name__}: {error}"[:200] or "refused")
print(json.dumps(answers))
"""
NOW: Final = int(START.timestamp() + 864_000) * 1_000_000_000
AUTHORITY: Final = Authority()
SIGSTORE: Final = Sigstore()
KEY: Final = new_key(384)


def oracle(cases: list[dict[str, str]]) -> list[str]:
    """Why each is refused by those who made the formats; empty where it is accepted."""
    command = [str(environment("model-signing-1.1.1")), "-c", ORACLE]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[str] = json.loads(done.stdout.splitlines()[-1])
    return answers


def ours(check: Callable[[], object]) -> str:
    """Why we refuse; empty where we accept."""
    try:
        check()
    except LockgateError as error:
        return error.message
    return ""


def _by_key(made: dict[str, Any]) -> Signed:
    bundle = parse_sigstore_bundle(json.dumps(made).encode(), "the bundle")
    return signed_by_key(bundle, [KEY.public_key()])


def _by_certificate(made: dict[str, Any]) -> Signed:
    bundle = parse_sigstore_bundle(json.dumps(made).encode(), "the bundle")
    root = AUTHORITY.root.public_bytes(Encoding.DER)
    return signed_by_certificate(bundle, [root], [Identity(IDENTITY)], NOW)


def _by_identity(made: dict[str, Any]) -> Signed:
    bundle = parse_sigstore_bundle(json.dumps(made).encode(), "the bundle")
    root = parse_trusted_root(json.dumps(SIGSTORE.trusted_root()).encode())
    return signed_by_identity(bundle, root, [Identity(IDENTITY, ISSUER)])


def _certified(extensions: Any = None, authority: Authority = AUTHORITY) -> dict[str, Any]:
    key = new_key()
    leaf = authority.leaf(key, extensions or usual_extensions()).sign(authority.key, hashes.SHA256())
    return certificate_bundle(key, [leaf, authority.between], statement())


def _spoilt(made: dict[str, Any], *path: str | int, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(made)
    holder: Any = changed
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    return changed


def _flipped(text: str) -> str:
    return text[:40] + ("A" if text[40] != "A" else "B") + text[41:]


GOOD: Final = SIGSTORE.bundle(statement())
ENTRY: Final = ("verificationMaterial", "tlogEntries", 0)
SIGNATURE: Final = GOOD["dsseEnvelope"]["signatures"][0]["sig"]
BY_KEY: Final = key_bundle(KEY, statement())

# Bundles, the way of verifying them, and who accepts them: "theirs" is where we alone refuse.
CASES: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "a key": ("key", BY_KEY, "both"),
    "another key": ("key", key_bundle(new_key(384), statement()), "none"),
    "a flipped bit": ("key", _spoilt(BY_KEY, "dsseEnvelope", "payload", value=b64(b"{}")), "none"),
    "another file": ("key", key_bundle(KEY, statement({**FILES, "config.json": b"[]"})), "none"),
    "a file too few": ("key", key_bundle(KEY, statement({"config.json": b"{}"})), "none"),
    "a file too many": ("key", key_bundle(KEY, statement({**FILES, "more": b""})), "none"),
    # What its signer left out is for the verifier to approve.
    "left out": (
        "key",
        key_bundle(KEY, statement({"config.json": b"{}"}, ignore_paths=["weights"])),
        "theirs",
    ),
    "links allowed": ("key", key_bundle(KEY, statement(allow_symlinks=True)), "theirs"),
    "a certificate": ("certificate", _certified(), "both"),
    "another authority": ("certificate", _certified(authority=Authority()), "none"),
    # It may be a server's, and sign nothing else.
    "a certificate that may not sign": ("certificate", _certified(usual_extensions(signs=False)[:1]), "none"),
    # model-signing has no identities here: whoever has a certificate of the authority signs for everybody.
    "another identity by certificate": (
        "certificate",
        _certified(usual_extensions(identity="https://else.example")),
        "theirs",
    ),
    "an identity": ("identity", GOOD, "both"),
    "another identity": (
        "identity",
        SIGSTORE.bundle(statement(), usual_extensions(identity="https://else.example")),
        "none",
    ),
    "another issuer": (
        "identity",
        SIGSTORE.bundle(statement(), usual_extensions(issuer="https://else.example")),
        "none",
    ),
    "another time": ("identity", _spoilt(GOOD, *ENTRY, "integratedTime", value="1764000000"), "none"),
    "another place in the log": (
        "identity",
        _spoilt(GOOD, *ENTRY, "inclusionProof", "logIndex", value="0"),
        "none",
    ),
    "no proof": ("identity", _spoilt(GOOD, *ENTRY, "inclusionProof", "hashes", value=[]), "none"),
    "another sigstore": ("identity", Sigstore().bundle(statement()), "none"),
    "another signature": (
        "identity",
        _spoilt(GOOD, "dsseEnvelope", "signatures", 0, "sig", value=_flipped(SIGNATURE)),
        "none",
    ),
    "no entry": ("identity", _spoilt(GOOD, "verificationMaterial", "tlogEntries", value=[]), "none"),
}


def test_those_who_made_the_formats_agree(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    key, root, trusted = tmp_path / "key.pem", tmp_path / "root.pem", tmp_path / "trusted_root.json"
    key.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    root.write_bytes(AUTHORITY.root.public_bytes(Encoding.PEM))
    trusted.write_text(json.dumps(SIGSTORE.trusted_root()))
    asked: list[dict[str, str]] = []
    told: dict[str, str] = {}
    verify = {"key": _by_key, "certificate": _by_certificate, "identity": _by_identity}
    for number, (name, (kind, made, _)) in enumerate(CASES.items()):
        place = tmp_path / f"{number}.sig"
        place.write_text(json.dumps(made))
        asked.append(
            {
                "kind": kind,
                "bundle": str(place),
                "folder": str(folder),
                "key": str(key),
                "root": str(root if kind == "certificate" else trusted),
                "identity": IDENTITY,
                "issuer": ISSUER,
            }
        )

        def whole(kind: str = kind, made: dict[str, Any] = made) -> None:
            signed = verify[kind](made)
            manifest = parse_model_manifest(signed.statement, SignaturePolicy())
            verify_files(manifest, folder)

        told[name] = ours(whole)
    answers = dict(zip(CASES, oracle(asked), strict=True))
    verdicts = {(True, True): "both", (True, False): "ours", (False, True): "theirs", (False, False): "none"}
    found = {name: verdicts[not told[name], not answers[name]] for name in CASES}
    wanted = {name: expected for name, (_, _, expected) in CASES.items()}
    assert found == wanted, {
        name: (told[name], answers[name]) for name in CASES if found[name] != wanted[name]
    }
