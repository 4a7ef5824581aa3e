"""A witness as an anchor: it remembers how far it saw the log, and signs that it did."""

from collections.abc import Sequence
from typing import Final

from lockgate.audit.cosignature import verify_cosignature
from lockgate.audit.errors import VerificationError
from lockgate.audit.note import Note, Signature, VerifierKey, parse_note, render_note
from lockgate.audit.witness.client import WitnessClient
from lockgate.audit.witness.errors import RefusedError


class WitnessAnchor:
    """Asks a witness through its client, and takes only cosignatures that verify under its keys given here."""

    def __init__(
        self, name: str, administrator: str, client: WitnessClient, keys: Sequence[VerifierKey]
    ) -> None:
        self.name: Final = name
        self.administrator: Final = administrator
        self._client = client
        self._keys = {(key.name, key.key_id): key for key in keys}
        self._last: bytes | None = None

    def last(self) -> bytes | None:
        """The last note that it cosigned for this object; a witness shows none by itself, only a size (`advance`)."""
        return self._last

    def advance(self, old_size: int, proof: Sequence[bytes], note: bytes) -> tuple[Signature, ...]:
        """Has it cosign `note`. Raises as Anchor says; RefusedError for a cosignature that does not verify."""
        lines = self._client.add_checkpoint(old_size, proof, note)
        parsed = parse_note(note)
        verified: dict[VerifierKey, Signature] = {}
        for line in lines:
            key = self._keys.get((line.name, line.key_id))
            if key is None:
                continue
            try:
                verify_cosignature(parsed, line, key)
            except VerificationError as error:
                raise RefusedError(f"{self.name}: {error.message}") from None
            verified[key] = line
        if not verified:
            raise RefusedError(
                f"{self.name}: it answered without a cosignature of the key that we know",
                hint="compare the witness's vkey in the configuration with its administrator's",
            )
        made = tuple(verified.values())
        self._last = render_note(Note(parsed.text, (*parsed.signatures, *made)))
        return made

    def close(self) -> None:
        """Closes the client's connection."""
        self._client.close()
