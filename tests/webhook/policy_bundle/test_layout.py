"""A PolicyBundle in an OCI layout: found by digest, signed by a referrer, and read as what it is or not at all."""

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lockgate.audit.dsse import PublicKey
from lockgate.audit.keys.pem_key import PemKey
from lockgate.engine.errors import UsageError
from lockgate.webhook.policy_bundle.archive import write_archive
from lockgate.webhook.policy_bundle.bundle import BundleFile, PolicyBundle
from lockgate.webhook.policy_bundle.layout import (
    MANIFEST_TYPE,
    SIGNATURE_TYPE,
    make_layout,
    read_layout,
)
from lockgate.webhook.policy_bundle.statement import sign_digest
from lockgate.webhook.policy_bundle.writing import write_layout

from tests.webhook.policy_bundle.keys import make_p256

FILES = (BundleFile(".manifest", b"{}"), BundleFile("a.yaml", b"a"))
OURS, THEIRS = PemKey(Ed25519PrivateKey.generate()), PemKey(make_p256())
TRUSTED: dict[str, PublicKey] = {"ours.pub": OURS.key}


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    write_layout(str(tmp_path / "layout"), FILES, "1", OURS, "layout")
    return tmp_path / "layout"


def read(place: Path, pin: str = "", keys: dict[str, PublicKey] | None = None) -> PolicyBundle:
    return read_layout(str(place), "layout", pin, keys)


def refused(place: Path, pin: str = "", keys: dict[str, PublicKey] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        read(place, pin, keys)
    return caught.value.message


def index(place: Path) -> Any:
    return json.loads((place / "index.json").read_text())


def put(place: Path, data: bytes) -> str:
    digest = sha256(data).hexdigest()
    (place / "blobs/sha256" / digest).write_bytes(data)
    return f"sha256:{digest}"


def digest_of(place: Path) -> str:
    return str(index(place)["manifests"][0]["digest"])


@pytest.mark.parametrize("key", [OURS, THEIRS])
def test_what_is_written_is_read(key: PemKey, tmp_path: Path) -> None:
    digest = write_layout(str(tmp_path / "l"), FILES, "1", key, "l")
    made = read(tmp_path / "l", keys={"k": key.key})
    assert (made.digest, made.files, made.signer) == (digest, FILES, "k")
    assert read(tmp_path / "l", pin=digest).files == FILES


def test_every_blob_is_named_by_its_digest(layout: Path) -> None:
    for blob in (layout / "blobs/sha256").iterdir():
        assert sha256(blob.read_bytes()).hexdigest() == blob.name
    for one in index(layout)["manifests"]:
        assert one["size"] == (layout / "blobs/sha256" / one["digest"][7:]).stat().st_size


def test_another_key(layout: Path) -> None:
    assert "none of the trusted keys signed it (k)" in refused(layout, keys={"k": THEIRS.key})


def test_no_signature(tmp_path: Path) -> None:
    write_layout(str(tmp_path / "l"), FILES, "1", None, "l")
    assert read(tmp_path / "l").signer == ""
    assert "is not signed" in refused(tmp_path / "l", keys=TRUSTED)


def test_another_pin(layout: Path) -> None:
    assert "cannot read" in refused(layout, pin=f"sha256:{'0' * 64}")


def test_the_signature_is_no_bundle(layout: Path) -> None:
    signature = index(layout)["manifests"][1]["digest"]
    assert "something about one" in refused(layout, pin=signature)


def test_two_bundles_need_a_pin(layout: Path, tmp_path: Path) -> None:
    other = write_layout(str(tmp_path / "m"), (FILES[0],), "2", None, "m")
    for blob in (tmp_path / "m/blobs/sha256").iterdir():
        put(layout, blob.read_bytes())
    listed = index(layout)
    listed["manifests"] += index(tmp_path / "m")["manifests"]
    (layout / "index.json").write_text(json.dumps(listed))
    message = refused(layout)
    assert other in message and digest_of(layout) in message
    assert read(layout, pin=other).files == (FILES[0],)
    # The one is signed, the other not.
    assert read(layout, pin=digest_of(layout), keys=TRUSTED).signer == "ours.pub"
    assert "is not signed" in refused(layout, pin=other, keys=TRUSTED)


def test_the_signature_of_another_bundle(layout: Path, tmp_path: Path) -> None:
    """A referrer that names this manifest, with an envelope about another."""
    archive = write_archive((FILES[0],), "x")
    envelope = (layout / "blobs/sha256" / signature_blob(layout)).read_bytes()
    digest, files = make_layout(archive, "2", lambda _: envelope)
    for name, data in files.items():
        place = tmp_path / "n" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    assert read(tmp_path / "n").digest == digest
    assert "its signature is another PolicyBundle's" in refused(tmp_path / "n", keys=TRUSTED)


def signature_blob(layout: Path) -> str:
    manifest = index(layout)["manifests"][1]["digest"][7:]
    return str(json.loads((layout / "blobs/sha256" / manifest).read_text())["layers"][0]["digest"][7:])


def test_somebody_elses_referrer_takes_nothing_away(layout: Path) -> None:
    listed = index(layout)
    for data in (
        b"no JSON",
        json.dumps({"subject": listed["manifests"][0], "artifactType": SIGNATURE_TYPE}).encode(),
    ):
        listed["manifests"].insert(1, {"mediaType": MANIFEST_TYPE, "digest": put(layout, data), "size": 1})
    (layout / "index.json").write_text(json.dumps(listed))
    assert read(layout, pin=digest_of(layout), keys=TRUSTED).signer == "ours.pub"


def test_every_blob_is_what_its_digest_says(layout: Path) -> None:
    for blob in sorted((layout / "blobs/sha256").iterdir()):
        data = blob.read_bytes()
        blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        if data == b"{}":
            read(layout, keys=TRUSTED)  # the empty configuration says nothing
        else:
            assert "was changed" in refused(layout, keys=TRUSTED)
        blob.write_bytes(data)


def with_manifest(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def apply(place: Path) -> None:
        manifest = json.loads((place / "blobs/sha256" / digest_of(place)[7:]).read_text())
        change(manifest)
        described = {
            "mediaType": MANIFEST_TYPE,
            "digest": put(place, json.dumps(manifest).encode()),
            "size": 1,
        }
        (place / "index.json").write_text(json.dumps({"manifests": [described]}))

    return apply


def with_index(text: str) -> Callable[[Path], None]:
    def apply(place: Path) -> None:
        (place / "index.json").write_text(text)

    return apply


def a_pipe(place: Path) -> None:
    (place / "index.json").unlink()
    os.mkfifo(place / "index.json")


def a_device(place: Path) -> None:
    (place / "index.json").unlink()
    (place / "index.json").symlink_to("/dev/zero")


def other_version(place: Path) -> None:
    (place / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')


LISTED = '{"manifests": [{"mediaType": "x", "digest": "%s", "size": 1}]}'


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_manifest(lambda one: one["layers"].clear()), "lists no layers"),
        (with_manifest(lambda one: one.update(layers=one["layers"] * 2)), "other than one layer"),
        (with_manifest(lambda one: one["layers"][0].update(mediaType="x")), "other than one layer"),
        (
            with_manifest(lambda one: one["layers"][0].update(digest="sha256:../../../etc/passwd")),
            "no digest",
        ),
        (with_manifest(lambda one: one["layers"][0].update(digest="sha512:" + "0" * 128)), "no digest"),
        (with_manifest(lambda one: one["layers"][0].update(digest=f"sha256:{'0' * 64}")), "cannot read"),
        (with_manifest(lambda one: one["layers"][0].pop("size")), "no mediaType"),
        (with_manifest(lambda one: one.update(layers=one["layers"] * 65)), "more than 64"),
        (with_manifest(lambda one: one.update(artifactType="x")), "something about one"),
        (with_index(LISTED % f"sha256:{'0' * 64}"), "has none"),
        (with_index(LISTED % "../../etc/passwd"), "no digest"),
        (with_index("{}"), "lists no manifests"),
        (with_index("[]"), "no object"),
        (with_index("[" * 50_000), "no JSON"),
        (with_index("x" * 300_000), "larger than 256 KiB"),
        (a_pipe, "no regular file"),
        (a_device, "no regular file"),
        (other_version, "not of version"),
    ],
)
def test_layouts_that_are_refused(change: Callable[[Path], None], told: str, layout: Path) -> None:
    change(layout)
    assert told in refused(layout)


def test_an_artifact_type_may_be_absent(layout: Path) -> None:
    with_manifest(lambda one: one.pop("artifactType"))(layout)
    assert read(layout).files == FILES


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(
    which=st.integers(0, 10_000),
    where=st.integers(0, 100_000),
    text=st.binary(min_size=1, max_size=4),
    is_signed=st.booleans(),
)
def test_changed_layouts_are_read_or_refused(
    which: int, where: int, text: bytes, is_signed: bool, layout: Path
) -> None:
    files = sorted(path for path in layout.rglob("*") if path.is_file())
    file = files[which % len(files)]
    data = file.read_bytes()
    place = where % len(data)
    file.write_bytes(data[:place] + text + data[place + len(text) :])
    made = None
    try:
        made = read(layout, keys=TRUSTED if is_signed else None)
    except UsageError:
        pass
    finally:
        file.write_bytes(data)
    assert made is None or made.files == FILES


@given(st.binary(max_size=200))
def test_no_bytes_are_an_envelope(data: bytes) -> None:
    from lockgate.webhook.policy_bundle.statement import signer_of

    assert signer_of(data, f"sha256:{'0' * 64}", TRUSTED, "l") == ""


def test_an_envelope_about_something_else() -> None:
    from lockgate.audit.dsse import IN_TOTO, render_envelope
    from lockgate.webhook.policy_bundle.statement import signer_of

    digest = f"sha256:{'0' * 64}"
    assert signer_of(sign_digest(digest, "1", OURS), digest, TRUSTED, "l") == "ours.pub"
    for payload, told in ((b"{}", "about something else"), (b"[]", "no object")):
        envelope = render_envelope(OURS.sign_envelope(IN_TOTO, payload))
        with pytest.raises(UsageError, match=told):
            signer_of(envelope, digest, TRUSTED, "l")
    other = render_envelope(OURS.sign_envelope("application/json", b"{}"))
    assert signer_of(other, digest, TRUSTED, "l") == ""
