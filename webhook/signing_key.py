"""Reads the private key that a person signs with."""

from typing import Final, Protocol

from lockgate.engine.errors import UsageError, os_reason
from lockgate.gatekeeper.exemptions.signing import load_private_key

_LONGEST_KEY: Final = 10_000


class SigningKey(Protocol):
    """A private key."""

    def sign(self, data: bytes, /) -> bytes:
        """The signature over the data."""
        ...


def read_signing_key(path: str) -> SigningKey:
    """The Ed25519 key of a PEM file. Raises UsageError."""
    try:
        with open(path, "rb") as stream:
            return load_private_key(stream.read(_LONGEST_KEY), path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {os_reason(error)}") from None
