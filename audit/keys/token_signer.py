"""Signing with an Ed25519 key that stays in a PKCS#11 token (CKM_EDDSA, PKCS#11 v3.0 section 2.3.14).

securesystemslib signs with tokens too, by ECDSA only; a log's checkpoints are signed by Ed25519 (C2SP signed-note), so
that this asks python-pkcs11, which securesystemslib brings, itself.
"""

from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from lockgate.audit.errors import TrailError
from lockgate.audit.keys.token_uri import TokenUri
from lockgate.audit.note import Signature, VerifierKey, make_verifier_key
from lockgate.audit.verifying import is_ed25519_signature

_OCTETS: Final = b"\x04\x20"
_PROBE: Final = b"lockgate: the same text has the same signature\n"
_MOST_PIN: Final = 256


def read_pin(path: Path) -> str:
    """The PIN in a file that only its owner may read. Raises TrailError, which does not have the PIN."""
    from lockgate.audit.key_files import read_secret

    data = read_secret(path)
    try:
        pin = data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise TrailError(f"{path} holds no PIN") from None
    if not 0 < len(pin) <= _MOST_PIN:
        raise TrailError(f"{path} holds no PIN")
    return pin


class TokenSigner:
    """Signs notes with a key in a token. Each signature is verified before it is given out."""

    __slots__ = ("_key", "_lock", "_mechanism", "_session", "verifier_key")

    def __init__(self, name: str, session: Any, key: Any, public: bytes, mechanism: Any) -> None:
        self._session = session
        self._key = key
        self._mechanism = mechanism
        # A session does one thing at a time.
        self._lock = Lock()
        self.verifier_key: Final[VerifierKey] = make_verifier_key(name, public)
        if self._signed(_PROBE) != self._signed(_PROBE):
            raise TrailError(
                "the token signs one text in two ways: a checkpoint that is signed again after a crash would differ"
            )

    def _signed(self, text: bytes) -> bytes:
        try:
            with self._lock:
                made = bytes(self._key.sign(text, mechanism=self._mechanism))
        except Exception as error:  # noqa: BLE001 - libraries of tokens raise what they like
            raise TrailError(f"the token does not sign: {_said(error)}") from None
        if not is_ed25519_signature(self.verifier_key.public, made, text):
            raise TrailError("the token's signature is not its key's")
        return made

    def sign(self, text: bytes) -> Signature:
        """The signature line over a note's text. Raises TrailError."""
        return Signature(self.verifier_key.name, self.verifier_key.key_id, self._signed(text))

    def close(self) -> None:
        """Ends the session with the token; the process stays logged in."""
        self._session.close()


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def open_token_signer(uri: TokenUri, name: str) -> TokenSigner:
    """The signer for a key in a token; `name` is the log's origin. Raises TrailError."""
    try:
        import pkcs11
        from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
    except ImportError:
        raise TrailError(
            "a key in a token needs python-pkcs11", hint="install it: pip install 'lockgate[signing]'"
        ) from None
    pin = read_pin(Path(uri.pin_source)) if uri.pin_source else None
    wanted: dict[Any, Any] = {}
    if uri.object_label:
        wanted[Attribute.LABEL] = uri.object_label
    if uri.object_id:
        wanted[Attribute.ID] = uri.object_id
    try:
        token = pkcs11.lib(uri.module).get_token(token_label=uri.token)
        if pin is not None:
            _log_in(token, pin)
        session = token.open()
    except Exception as error:  # noqa: BLE001 - libraries of tokens raise what they like
        raise TrailError(
            f"the token {uri.token!r} cannot be opened: {_said(error)}",
            hint="check module-path, token and pin-source",
        ) from None
    try:
        private = _one(session, {**wanted, Attribute.CLASS: ObjectClass.PRIVATE_KEY}, "private")
        public = _one(session, {**wanted, Attribute.CLASS: ObjectClass.PUBLIC_KEY}, "public")
        if private.key_type != KeyType.EC_EDWARDS:
            raise TrailError("the key in the token is not an Ed25519 key")
        point = bytes(public[Attribute.EC_POINT])
        if len(point) == len(_OCTETS) + 32 and point.startswith(_OCTETS):
            point = point[len(_OCTETS) :]
        if len(point) != 32:
            raise TrailError("the key in the token is not an Ed25519 key")
        return TokenSigner(name, session, private, point, Mechanism.EDDSA)
    except BaseException:
        session.close()
        raise


def _log_in(token: Any, pin: str) -> None:
    """Logs this process in to a token, once, for as long as it runs: the login is one for all of its sessions.

    The session that did it is never closed, since python-pkcs11 would log out every other one with it.
    """
    from pkcs11.exceptions import UserAlreadyLoggedIn

    with suppress(UserAlreadyLoggedIn):
        token.open(user_pin=pin)


def _one(session: Any, attributes: dict[Any, Any], what: str) -> Any:
    found = list(session.get_objects(attributes))
    if len(found) != 1:
        raise TrailError(f"the token has {len(found)} {what} keys of that name, and one is needed")
    return found[0]
