"""Signing notes: the port that every key, in a file or in a token, comes through, and the Ed25519 key in memory."""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lockgate.audit.note import ED25519, Note, Signature, VerifierKey, make_verifier_key


class NoteSigner(Protocol):
    """Signs the text of a note. The same text always gets the same signature, so that signing again is harmless."""

    @property
    def verifier_key(self) -> VerifierKey:
        """The key that verifies what this signs."""
        ...

    def sign(self, text: bytes) -> Signature:
        """The signature line over a note's text."""
        ...


class Ed25519Signer:
    """Signs with an Ed25519 private key; its text form never shows the key."""

    __slots__ = ("_private", "_verifier_key")

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._verifier_key = make_verifier_key(name, public, ED25519)

    @property
    def verifier_key(self) -> VerifierKey:
        """The key that verifies what this signs."""
        return self._verifier_key

    def __reduce__(self) -> str:
        raise TypeError("a key that signs is not copied")

    def sign(self, text: bytes) -> Signature:
        """The signature line over a note's text (RFC 8032: deterministic)."""
        key = self._verifier_key
        return Signature(key.name, key.key_id, self._private.sign(text))


def sign_note(text: str, *signers: NoteSigner) -> Note:
    """A note with one line of each signer."""
    data = text.encode()
    return Note(text, tuple([signer.sign(data) for signer in signers]))
