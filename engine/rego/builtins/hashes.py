"""`crypto.md5`, `crypto.sha*` and `crypto.hmac.*`: digests of a text's UTF-8 in hexadecimal."""

import hashlib
import hmac

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.operands import bytes_of, string


def crypto_md5(text: Value) -> str:
    """The MD5 digest."""
    return hashlib.md5(bytes_of(string(text, 1)), usedforsecurity=False).hexdigest()


def crypto_sha1(text: Value) -> str:
    """The SHA-1 digest."""
    return hashlib.sha1(bytes_of(string(text, 1)), usedforsecurity=False).hexdigest()


def crypto_sha256(text: Value) -> str:
    """The SHA-256 digest."""
    return hashlib.sha256(bytes_of(string(text, 1))).hexdigest()


def _hmac(text: Value, secret: Value, digest: str) -> str:
    message = bytes_of(string(text, 1))
    return hmac.new(bytes_of(string(secret, 2)), message, digest).hexdigest()


def crypto_hmac_md5(text: Value, secret: Value) -> str:
    """The HMAC with MD5 under a key."""
    return _hmac(text, secret, "md5")


def crypto_hmac_sha1(text: Value, secret: Value) -> str:
    """The HMAC with SHA-1 under a key."""
    return _hmac(text, secret, "sha1")


def crypto_hmac_sha256(text: Value, secret: Value) -> str:
    """The HMAC with SHA-256 under a key."""
    return _hmac(text, secret, "sha256")


def crypto_hmac_sha512(text: Value, secret: Value) -> str:
    """The HMAC with SHA-512 under a key."""
    return _hmac(text, secret, "sha512")


def crypto_hmac_equal(left: Value, right: Value) -> bool:
    """Are both the same, in time that does not depend on where they differ?"""
    return hmac.compare_digest(bytes_of(string(left, 1)), bytes_of(string(right, 2)))
