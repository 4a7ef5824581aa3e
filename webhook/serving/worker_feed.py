"""A worker's end of the feed: a thread that applies what main tells, and one that tells main."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Final, final

from lockgate.webhook.serving.feed import Frame, FrameReader, parse_changes, parse_covered, render_frame
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.objects import Change

_RECEIVED: Final = 1 << 18
# As the command line has it: values hold no cycles worth looking for often.
GC_THRESHOLD: Final = (50_000, 20, 50)


@final
class WorkerFeed:
    """Reads frames until main ends.

    live, grants: what changes are applied to. applied: called once they are, in the thread that compiles. told: gets every
    other frame, in the same thread. ended: called when there is no main any more, or with what cannot be
    taken from it.
    """

    def __init__(
        self,
        peer: socket.socket,
        frames: FrameReader,
        live: LiveGate,
        grants: LiveGrants,
        applied: Callable[[], None],
        told: Callable[[Frame], None],
        ended: Callable[[str], None],
    ) -> None:
        self._peer = peer
        self._frames = frames
        self._live = live
        self._grants = grants
        self._applied = applied
        self._told = told
        self._ended = ended
        self._collected: list[Change] = []
        self._outgoing: SimpleQueue[bytes] = SimpleQueue()
        for name, target in (("feed", self._read), ("teller", self._tell)):
            threading.Thread(target=target, name=name, daemon=True).start()

    def send(self, frame: bytes) -> None:
        """Queues a frame for main."""
        self._outgoing.put(frame)

    def _tell(self) -> None:
        with suppress(OSError):
            while True:
                self._peer.sendall(self._outgoing.get())

    def _read(self) -> None:
        try:
            for frame in self._frames.feed(b""):
                self._take(frame)
            while True:
                data = self._peer.recv(_RECEIVED)
                if not data:
                    self._ended("")
                    return
                for frame in self._frames.feed(data):
                    self._take(frame)
        except OSError:
            self._ended("")
        except Exception as error:  # noqa: BLE001 - whatever it is, this worker does not have what main has
            self._ended(f"{type(error).__name__}: {error}")

    def _take(self, frame: Frame) -> None:
        if frame.kind != "changes":
            self._told(frame)
            return
        self._collected += parse_changes(frame)
        if "sequence" not in frame.header:
            return
        changes, self._collected = self._collected, []
        self._grants.apply(changes)
        self._live.apply(changes, parse_covered(frame))
        self._applied()
        told = {"sequence": frame.header["sequence"], "digest": self._live.digest}
        self.send(render_frame("applied", told))


def first_frame(peer: socket.socket, frames: FrameReader) -> Frame | None:
    """The frame with the settings; None when main ended before it."""
    while True:
        data = peer.recv(_RECEIVED)
        if not data:
            return None
        found = next(frames.feed(data), None)
        if found is not None:
            return found
