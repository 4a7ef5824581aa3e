"""A witness (C2SP tlog-witness): cosigns a log's checkpoint if it continues everything that it has cosigned before.

What it has cosigned is remembered, durably, before it answers. It does not know HTTP.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.cosignature import CosignatureSigner
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.note import VerifierKey, parse_note, verify_note
from lockgate.audit.witness.errors import ForkError, SplitViewError, StaleError
from lockgate.audit.witness.state import Held, StateError, WitnessState
from lockgate.audit.witness.step import check_step
from lockgate.audit.witness.wire import SIZE_TYPE, parse_add_checkpoint, render_signature_lines, render_size

TEXT_TYPE: Final = "text/plain; charset=utf-8"
# A step of the clock back that is waited out with the remembered time; after a larger one a person looks first.
MAX_CLOCK_BACK_S: Final = 300
# Others may advance the same log while we check; each of them makes us check again.
_MAX_TRIES: Final = 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, the media type of the body, and the body."""

    status: int
    kind: str
    body: bytes


def _text(status: int, message: str) -> Answer:
    return Answer(status, TEXT_TYPE, f"{message}\n".encode())


class Witness:
    """Judges requests for the logs it is configured with: origin → the keys that the log may sign with.

    `clock` gives Unix seconds. May be called from several threads, and several processes may share the state.
    """

    def __init__(
        self,
        logs: Mapping[str, Sequence[VerifierKey]],
        signers: Sequence[CosignatureSigner],
        state: WitnessState,
        clock: Callable[[], int],
    ) -> None:
        self._logs = dict(logs)
        self._signers = tuple(signers)
        self._state = state
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to a request's body, in the order that the specification checks things."""
        try:
            request = parse_add_checkpoint(body)
            note = parse_note(request.note)
            checkpoint = parse_checkpoint(note.text)
        except FormatError as error:
            return _text(400, error.message)
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            return _text(404, "this witness does not know that log")
        try:
            verify_note(note, keys)
        except VerificationError as error:
            return _text(403, error.message)
        try:
            for _ in range(_MAX_TRIES):
                held = self._state.held(checkpoint.origin)
                new = Held(checkpoint, request.note, self._clock())
                if held and new.time < held.time - MAX_CLOCK_BACK_S:
                    return _text(503, "the clock of this witness went back")
                try:
                    check_step(held.checkpoint if held else None, request.old_size, request.proof, checkpoint)
                except SplitViewError as error:
                    _log.error("%s: two trees of one size, both signed by the log", error)
                    if held:
                        self._state.keep_evidence(held, new)
                    return Answer(409, SIZE_TYPE, render_size(checkpoint.size))
                time = self._state.advance(held, new)
                if time is not None:
                    lines = [signer.sign(note.text, time) for signer in self._signers]
                    return Answer(200, TEXT_TYPE, render_signature_lines(lines))
        except FormatError as error:
            return _text(400, error.message)
        except StaleError as error:
            return Answer(409, SIZE_TYPE, render_size(error.size))
        except ForkError as error:
            _log.warning("%s", error)
            return _text(422, error.message)
        except StateError as error:
            _log.error("%s", error)
            return _text(503, "the memory of this witness cannot be written")
        return _text(503, "others are advancing this log")
