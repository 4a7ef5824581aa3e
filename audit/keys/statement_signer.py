"""Signing statements (in-toto in DSSE) through securesystemslib: files, PKCS#11 (`hsm:`), and clouds' key services."""

from importlib import import_module
from typing import Any, Final

from lockgate.audit.dsse import Envelope, EnvelopeSignature, PublicKey, pae, parse_public_key, verify_envelope
from lockgate.audit.errors import TrailError


class StatementSigner:
    """Makes envelopes. Each is verified before it is given out."""

    __slots__ = ("_signer", "key", "key_id")

    def __init__(self, signer: Any, key: PublicKey) -> None:
        self._signer = signer
        self.key_id: Final[str] = signer.public_key.keyid
        self.key: Final = key

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """The envelope of a payload. Raises TrailError."""
        try:
            made = self._signer.sign(pae(payload_type, payload))
        except Exception as error:  # noqa: BLE001 - each service has errors of its own
            raise TrailError(f"the statement is not signed: {str(error) or type(error).__name__}") from None
        signature = EnvelopeSignature(made.keyid, bytes.fromhex(made.signature))
        envelope = Envelope(payload_type, payload, (signature,))
        verify_envelope(envelope, {self.key_id: self.key}, payload_type)
        return envelope


def open_statement_signer(uri: str, public_pem: bytes, pin: str = "") -> StatementSigner:
    """The signer that a securesystemslib URI names (`file2:…`, `hsm:…`, `awskms:…`), with its public key in PEM.

    Raises TrailError.
    """
    try:
        signers: Any = import_module("securesystemslib.signer")
    except ImportError:
        raise TrailError(
            "signing statements needs securesystemslib", hint="install it: pip install 'lockgate[signing]'"
        ) from None
    if uri.partition(":")[0] not in signers.SIGNER_FOR_URI_SCHEME:
        known = ", ".join(sorted(signers.SIGNER_FOR_URI_SCHEME))
        raise TrailError(f"a signer of statements is named by a URI of {known}")
    public = parse_public_key(public_pem)
    try:
        signer = signers.Signer.from_priv_key_uri(
            uri, signers.SSlibKey.from_crypto(public), lambda _what: pin
        )
    except Exception as error:  # noqa: BLE001 - each service has errors of its own
        raise TrailError(f"the signer cannot be opened: {str(error) or type(error).__name__}") from None
    return StatementSigner(signer, public)
