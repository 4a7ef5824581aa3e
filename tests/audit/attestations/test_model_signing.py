"""Signatures of models: by a key, over files and their parts; what is refused though its signature is good."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.attestations.bundle_signer import parse_ec_key, signed_by_key
from lockgate.audit.attestations.model_files import verify_files
from lockgate.audit.attestations.model_signature import (
    GIT_PATHS,
    ModelManifest,
    SignaturePolicy,
    parse_model_manifest,
)
from lockgate.audit.attestations.sigstore_bundle import parse_sigstore_bundle
from lockgate.audit.errors import UnverifiableError, VerificationError
from lockgate.engine.errors import LockgateError

from tests.audit.attestations.bundles import (
    FILES,
    b64,
    key_bundle,
    new_key,
    statement,
    whole_statement,
    write_model,
)

GOLDEN = Path(__file__).parent / "golden"
KEY = new_key()


def manifest_of(name: str, policy: SignaturePolicy | None = None) -> ModelManifest:
    """What a signature by model-signing itself says."""
    key = parse_ec_key((GOLDEN / "key.pub.pem").read_bytes(), "the key")
    bundle = parse_sigstore_bundle((GOLDEN / name).read_bytes(), name)
    return parse_model_manifest(signed_by_key(bundle, [key]).statement, policy or SignaturePolicy())


def manifest(said: dict[str, Any], policy: SignaturePolicy | None = None) -> ModelManifest:
    """What a signature of ours says."""
    bundle = parse_sigstore_bundle(json.dumps(key_bundle(KEY, said)).encode(), "the bundle")
    signed = signed_by_key(bundle, [new_key().public_key(), KEY.public_key()])
    return parse_model_manifest(signed.statement, policy or SignaturePolicy())


@pytest.mark.parametrize("name", ["files.sig", "shards.sig", "blake2.sig"])
def test_signatures_of_model_signing_verify(name: str, tmp_path: Path) -> None:
    made = manifest_of(name)
    assert made.name == "model"
    assert set(made.ignored) == GIT_PATHS
    verify_files(made, write_model(tmp_path))


def test_a_signature_of_one_file_verifies(tmp_path: Path) -> None:
    verify_files(manifest_of("one_file.sig"), write_model(tmp_path) / "config.json")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("left_out.sig", "leaves out weights/b.bin, which nobody approved"),
        ("links.sig", "allows symbolic links"),
        ("blake3.sig", "signed over 'blake3'"),
    ],
)
def test_signatures_of_model_signing_that_are_refused(name: str, told: str) -> None:
    with pytest.raises(LockgateError, match=told):
        manifest_of(name)


def test_a_path_that_is_approved_may_be_left_out(tmp_path: Path) -> None:
    made = manifest_of("left_out.sig", SignaturePolicy(GIT_PATHS | {"weights/b.bin"}))
    verify_files(made, write_model(tmp_path))


def _change(folder: Path) -> None:
    (folder / "weights/a.bin").write_bytes(b"a" * 2999 + b"b")


def _lengthen(folder: Path) -> None:
    (folder / "weights/a.bin").write_bytes(b"a" * 3001)


def _shorten(folder: Path) -> None:
    (folder / "weights/a.bin").write_bytes(b"a" * 2000)


def _add(folder: Path) -> None:
    (folder / "weights/payload.py").write_text("import os\n")


def _remove(folder: Path) -> None:
    (folder / "weights/b.bin").unlink()


def _link(folder: Path) -> None:
    (folder / "weights/b.bin").unlink()
    (folder / "weights/b.bin").symlink_to("a.bin")


def _link_folder(folder: Path) -> None:
    (folder / "more").symlink_to("weights")


def _hide(folder: Path) -> None:
    """`.gitignore` is left out; a folder whose name begins so is not."""
    (folder / ".gitignored").mkdir()
    (folder / ".gitignored/payload.pkl").write_bytes(b"x")


@pytest.mark.parametrize("name", ["files.sig", "shards.sig", "blake2.sig"])
@pytest.mark.parametrize(
    "spoil",
    [_change, _lengthen, _shorten, _add, _remove, _link, _link_folder, _hide],
    ids=lambda one: one.__name__,
)
def test_what_is_not_as_it_was_signed_is_refused(
    name: str, spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = write_model(tmp_path)
    spoil(folder)
    with pytest.raises(VerificationError):
        verify_files(manifest_of(name), folder)


def test_the_signatures_own_file_is_not_signed(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    (folder / "model.sig").write_text("{}")
    with pytest.raises(VerificationError, match=r"model\.sig is there and was not signed"):
        verify_files(manifest(statement()), folder)
    verify_files(manifest(statement()), folder, frozenset({"model.sig"}))


def test_a_key_that_did_not_sign_is_refused() -> None:
    bundle = parse_sigstore_bundle(json.dumps(key_bundle(KEY, statement())).encode(), "the bundle")
    with pytest.raises(VerificationError, match="none of the given keys"):
        signed_by_key(bundle, [new_key().public_key(), new_key(521).public_key()])


@pytest.mark.parametrize("size", [256, 384, 521])
def test_each_curve_signs(size: int) -> None:
    key = new_key(size)
    bundle = parse_sigstore_bundle(json.dumps(key_bundle(key, statement())).encode(), "the bundle")
    assert signed_by_key(bundle, [key.public_key()]).signer.identity == ""


def _resource(name: str, digest: str = "00" * 32, algorithm: str = "sha256") -> dict[str, str]:
    return {"name": name, "algorithm": algorithm, "digest": digest}


TOLD = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
SHARDS = {**TOLD, "method": "shards", "shard_size": 10}


def _shard(name: str) -> dict[str, str]:
    return _resource(name, algorithm="sha256-sharded-10")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (whole_statement([_resource("../outside")], TOLD), "is no path inside"),
        (whole_statement([_resource("/etc/passwd")], TOLD), "is no path inside"),
        (whole_statement([_resource("a//b")], TOLD), "is no path inside"),
        (whole_statement([_resource("a\\b")], TOLD), "is no path inside"),
        (whole_statement([_resource("a"), _resource("a")], TOLD), "the file a twice"),
        (whole_statement([_resource("."), _resource("a")], TOLD), "of one file and of a folder"),
        (whole_statement([_resource("a", algorithm="sha1")], TOLD), "a digest of sha1"),
        (whole_statement([_resource("a", "00")], TOLD), "no digest in hex"),
        (whole_statement([_shard("a:0:10"), _shard("a:20:30")], SHARDS), "a part of a twice, or not at all"),
        (whole_statement([_shard("a:5:10")], SHARDS), "a part of a twice, or not at all"),
        (whole_statement([_shard("a:10:5")], SHARDS), "ends before it begins"),
        (whole_statement([_shard("a")], SHARDS), "NAME:START:STOP"),
        (whole_statement([_resource("a")], {**TOLD, "method": "tensors"}), "only files and shards"),
        (
            whole_statement([_resource("a")], {"method": "files", "hash_type": "sha256"}),
            "has no allow_symlinks",
        ),
        (whole_statement([_resource("a")], {**TOLD, "allow_symlinks": "false"}), "neither true nor false"),
        (
            {**statement(), "predicateType": "https://model_signing/Digests/v0.1"},
            r"only https://model_signing/sig",
        ),
        ({**statement(), "_type": "https://in-toto.io/Statement/v0.1"}, "of type"),
        ({**statement(), "subject": []}, "about nothing"),
        ({**statement(), "subject": statement()["subject"] * 2}, "has one subject"),
        (
            {**statement(), "subject": [{"name": "x", "digest": {"sha256": "00" * 32}}]},
            "not the sum of its files",
        ),
    ],
)
def test_statements_that_are_refused_though_they_are_signed(said: dict[str, Any], told: str) -> None:
    with pytest.raises(LockgateError, match=told):
        manifest(said)


def _bundle(**changes: Any) -> bytes:
    return json.dumps({**key_bundle(KEY, statement()), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no JSON"),
        (b"[]", "is no object"),
        (b'{"a": 1, "a": 2}', "a key is in it twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": "\\ud800"}', "is no JSON"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "is no JSON|deeper than"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, "deeper than 100"),
        (_bundle(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"), "only application/vnd"),
        (_bundle(dsseEnvelope=None), "no DSSE envelope"),
        (_bundle(dsseEnvelope=[]), "an envelope is an object"),
        (
            _bundle(dsseEnvelope={**key_bundle(KEY, statement())["dsseEnvelope"], "payloadType": "x"}),
            "in-toto",
        ),
        (_bundle(verificationMaterial=[]), "is no object"),
        (_bundle(verificationMaterial={"x509CertificateChain": {"certificates": []}}), "has no certificate"),
        (_bundle(verificationMaterial={"certificate": {"rawBytes": "?"}}), "not in base64"),
        (_bundle(verificationMaterial={"tlogEntries": [{}] * 9}), "at most 8 are read|has no"),
    ],
)
def test_bundles_that_cannot_be_read(data: bytes, told: str) -> None:
    with pytest.raises(LockgateError, match=told):
        parse_sigstore_bundle(data, "the bundle")


def test_two_signatures_are_one_too_many() -> None:
    made = key_bundle(KEY, statement())
    made["dsseEnvelope"]["signatures"] *= 2
    with pytest.raises(LockgateError, match="has 2 signatures"):
        parse_sigstore_bundle(json.dumps(made).encode(), "the bundle")


def test_every_byte_that_is_signed_counts() -> None:
    made = key_bundle(KEY, statement())
    payload = json.dumps(statement({**FILES, "weights/b.bin": b"c"})).encode()
    made["dsseEnvelope"]["payload"] = b64(payload)
    with pytest.raises(VerificationError):
        signed_by_key(parse_sigstore_bundle(json.dumps(made).encode(), "the bundle"), [KEY.public_key()])


def test_signatures_before_1_0_are_named() -> None:
    with pytest.raises(UnverifiableError) as caught:
        manifest({**statement(), "predicateType": "https://model_signing/Digests/v0.1"})
    assert "sign the model anew" in caught.value.hint
