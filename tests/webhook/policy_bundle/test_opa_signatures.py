"""`.signatures.json`: a signature covers every file, and nothing else will do."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.dsse import PublicKey
from lockgate.audit.errors import TrailError
from lockgate.audit.keys.pem_key import PemKey, is_es256_signature
from lockgate.engine.errors import UsageError
from lockgate.webhook.policy_bundle.bundle import SIGNATURES, BundleFile
from lockgate.webhook.policy_bundle.opa_signatures import sign_files, verify_files

from tests.webhook.policy_bundle.keys import make_p256

FILES = (BundleFile(".manifest", b"{}"), BundleFile("a.yaml", b"a"), BundleFile("f/b.yaml", b"b"))
KEY, OTHER = PemKey(make_p256()), PemKey(make_p256())
SIGNED = (*FILES, sign_files(FILES, KEY))
TRUSTED: dict[str, PublicKey] = {"other.pub": OTHER.key, "ours.pub": KEY.key}


def verify(files: tuple[BundleFile, ...], keys: dict[str, PublicKey] = TRUSTED) -> str:
    return verify_files(files, keys, "b.tar.gz")


def refused(files: tuple[BundleFile, ...], keys: dict[str, PublicKey] = TRUSTED) -> str:
    with pytest.raises(UsageError) as caught:
        verify(files, keys)
    return caught.value.message


def test_the_signer_is_named() -> None:
    assert verify(SIGNED) == "ours.pub"


def test_the_same_files_have_the_same_signature() -> None:
    assert sign_files(FILES[::-1], KEY) == SIGNED[-1]


@pytest.mark.parametrize("key", [OTHER.key, Ed25519PrivateKey.generate().public_key()])
def test_another_key(key: PublicKey) -> None:
    assert "none of the trusted keys signed it (k)" in refused(SIGNED, {"k": key})


def test_no_signature() -> None:
    assert "is not signed" in refused(FILES)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ((*FILES[:2], BundleFile("f/b.yaml", b"B"), SIGNED[-1]), "'f/b.yaml' was changed"),
        ((BundleFile(".manifest", b"{} "), *SIGNED[1:]), "'.manifest' was changed"),
        ((*SIGNED, BundleFile("c.yaml", b"")), "'c.yaml' was added"),
        (SIGNED[1:], "'.manifest' was taken out"),
        ((*FILES[:2], BundleFile("f/c.yaml", b"b"), SIGNED[-1]), "'f/c.yaml' was added"),
    ],
)
def test_other_files(files: tuple[BundleFile, ...], told: str) -> None:
    assert told in refused(files)


def test_an_ed25519_key_is_refused() -> None:
    with pytest.raises(TrailError, match="OPA verifies") as caught:
        sign_files(FILES, PemKey(Ed25519PrivateKey.generate()))
    assert "prime256v1" in caught.value.hint


def encoded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).decode().rstrip("=")


def token(header: Any, payload: Any, key: PemKey = KEY) -> bytes:
    message = f"{encoded(header)}.{encoded(payload)}"
    return json.dumps({"signatures": [f"{message}.{encoded(key.sign_es256(message.encode()))}"]}).encode()


ES256 = {"alg": "ES256"}
LISTED = json.loads(
    urlsafe_b64decode(json.loads(SIGNED[-1].data)["signatures"][0].split(".")[1] + "==").decode()
)["files"]
RIGHT = token(ES256, {"files": LISTED})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (token({"alg": "none"}, {"files": LISTED}), "another algorithm"),
        (token({"alg": "HS256"}, {"files": LISTED}), "another algorithm"),
        (token({"alg": "ES256", "crit": ["b64"]}, {"files": LISTED}), "another algorithm"),
        (token({}, {"files": LISTED}), "another algorithm"),
        (token(ES256, {"files": LISTED}, PemKey(make_p256())), "none of the trusted keys"),
        (token(ES256, {"files": LISTED, "scope": "read"}), "scope"),
        (token(ES256, {"files": LISTED + LISTED[:1]}), "twice"),
        (token(ES256, {"files": []}), "lists no files"),
        (token(ES256, {"files": {}}), "lists no files"),
        (token(ES256, {}), "lists no files"),
        (token(ES256, {"files": [1]}), "without name"),
        (token(ES256, {"files": [{**LISTED[0], "algorithm": "MD5"}]}), "without name"),
        (token(ES256, {"files": [{**LISTED[0], "hash": ""}]}), "was changed"),
        (token(ES256, b'{"files": [], "files": []}'), "a key is in it twice"),
        (token(ES256, b"[]"), "no object"),
        (token(b'{"alg": "ES256", "alg": "none"}', {"files": LISTED}), "a key is in it twice"),
        (b"", "no JSON"),
        (b"{}", "other than one signature"),
        (b"[" * 100_000, "no JSON"),
        (b'{"signatures": NaN}', "cannot be read"),
        (b'{"signatures": "\\ud800"}', "no JSON"),
        (b'{"signatures": []}', "other than one"),
        (b'{"signatures": [1]}', "other than one"),
        (b'{"signatures": ["a.b"]}', "no JWT"),
        (b'{"signatures": ["a.b.c"]}', "base64"),
        (b'{"signatures": ["YQ.YQ.YR"]}', "base64"),
        (b'{"signatures": ["YQ==.YQ.YQ"]}', "base64"),
        (b'{"signatures": ["..."]}', "no JWT"),
        (json.dumps({"signatures": json.loads(RIGHT)["signatures"] * 2}).encode(), "other than one"),
    ],
)
def test_other_signatures(data: bytes, told: str) -> None:
    assert verify((*FILES, BundleFile(SIGNATURES, RIGHT))) == "ours.pub"
    assert told in refused((*FILES, BundleFile(SIGNATURES, data)))


@given(st.integers(0, len(RIGHT) - 1), st.integers(0, 255))
def test_a_changed_signature_is_refused_or_says_the_same(place: int, value: int) -> None:
    data = bytearray(RIGHT)
    data[place] = value
    try:
        verify((*FILES, BundleFile(SIGNATURES, bytes(data))))
    except UsageError:
        return
    assert json.loads(bytes(data))["signatures"] == json.loads(RIGHT)["signatures"]


@given(st.binary(max_size=70), st.binary(max_size=20))
def test_no_bytes_are_a_signature(signature: bytes, message: bytes) -> None:
    assert not is_es256_signature(KEY.key, signature, message)
    assert not is_es256_signature(KEY.key, bytes(64), message)
