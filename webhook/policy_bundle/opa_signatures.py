"""`.signatures.json`: the signature of an archive that OPA verifies (its documentation, "Bundle signing").

One JWT, ES256, whose payload has name and SHA-256 of every other file. OPA also knows RSA and shared secrets; Lockgate
takes P-256 alone, one way to be right. Ed25519, which other signatures here are made with, OPA does not verify.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from lockgate.webhook.policy_bundle.bundle import SIGNATURES, BundleFile, bundle_error, shown_name
from lockgate.webhook.policy_bundle.strict_json import parse_object, render_object

if TYPE_CHECKING:
    from lockgate.audit.dsse import PublicKey
    from lockgate.audit.keys.pem_key import PemKey

# A line of 200 bytes for each of the most files, in base64.
MAX_BYTES: Final = 4 * 1024 * 1024
_ALGORITHM: Final = "SHA-256"
_BASE64: Final = re.compile(r"[A-Za-z0-9_-]+")


def sign_files(files: Sequence[BundleFile], key: "PemKey") -> BundleFile:
    """The signature file for the files. Raises UsageError for a key of another kind than P-256."""
    listed = [
        {"algorithm": _ALGORITHM, "hash": sha256(one.data).hexdigest(), "name": one.name}
        for one in sorted(files, key=lambda one: one.name)
    ]
    header = _encoded(render_object({"alg": "ES256", "typ": "JWT"}))
    message = f"{header}.{_encoded(render_object({'files': listed}))}"
    signature = _encoded(key.sign_es256(message.encode()))
    return BundleFile(SIGNATURES, render_object({"signatures": [f"{message}.{signature}"]}))


def verify_files(files: Sequence[BundleFile], keys: "Mapping[str, PublicKey]", shown: str) -> str:
    """Checks that one of the keys signed these files, all of them and no others; returns its name.

    files: with `.signatures.json`. Raises UsageError.
    """
    from lockgate.audit.keys.pem_key import is_es256_signature

    found = {one.name: one.data for one in files}
    data = found.pop(SIGNATURES, None)
    if data is None:
        raise bundle_error(
            shown, "it is not signed, and it has to be", "sign it: lockgate policy bundle --key KEY.pem"
        )
    tokens = parse_object(data, shown, SIGNATURES, MAX_BYTES).get("signatures")
    if not isinstance(tokens, list) or len(tokens) != 1 or not isinstance(tokens[0], str):
        raise bundle_error(shown, f"{SIGNATURES} has other than one signature")
    parts = tokens[0].split(".")
    if len(parts) != 3:
        raise bundle_error(shown, f"{SIGNATURES} holds no JWT")
    header, payload, signature = [_decoded(part, shown) for part in parts]
    said = parse_object(header, shown, "the header of its signature", 4096)
    if said.get("alg") != "ES256" or "crit" in said:
        raise bundle_error(
            shown, "its signature is in another algorithm than ES256", "sign it with a key of P-256"
        )
    message = f"{parts[0]}.{parts[1]}".encode()
    signer = [name for name, key in keys.items() if is_es256_signature(key, signature, message)]
    if not signer:
        raise bundle_error(
            shown,
            f"none of the trusted keys signed it ({', '.join(keys)})",
            "it is another's, or was changed; name its signer's public key with --policy-key if you trust it",
        )
    claims = parse_object(payload, shown, "the payload of its signature", MAX_BYTES)
    if claims.get("scope", "") != "":
        raise bundle_error(shown, "its signature is for a scope, and not for all of OPA")
    signed = _signed(claims.get("files"), shown)
    for name, content in found.items():
        if name not in signed:
            raise bundle_error(shown, f"{shown_name(name)} was added after it was signed")
        if sha256(content).hexdigest() != signed[name]:
            raise bundle_error(shown, f"{shown_name(name)} was changed after it was signed")
    for name in sorted(signed.keys() - found.keys()):
        raise bundle_error(shown, f"{shown_name(name)} was taken out after it was signed")
    return signer[0]


def _signed(listed: Any, shown: str) -> dict[str, str]:
    made: dict[str, str] = {}
    for one in listed if isinstance(listed, list) else []:
        known = one if isinstance(one, dict) else {}
        name, value, algorithm = known.get("name"), known.get("hash"), known.get("algorithm")
        if not isinstance(name, str) or not isinstance(value, str) or algorithm != _ALGORITHM or name in made:
            raise bundle_error(shown, "its signature lists a file without name and SHA-256, or twice")
        made[name] = value
    if not made:
        raise bundle_error(shown, "its signature lists no files")
    return made


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str, shown: str) -> bytes:
    if not _BASE64.fullmatch(text):
        raise bundle_error(shown, f"a part of the JWT in {SIGNATURES} is not in base64")
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        data = b""
    if _encoded(data) != text:
        raise bundle_error(shown, f"a part of the JWT in {SIGNATURES} is not in base64")
    return data
