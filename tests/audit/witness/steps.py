"""The table of what a witness is asked, in one order, and what it must answer: ours, others', and anchors alike."""

from dataclasses import dataclass

from lockgate.audit.witness.wire import AddCheckpoint, render_add_checkpoint

from tests.audit.growing_log import GrowingLog


@dataclass(frozen=True)
class Step:
    """A request and the status that C2SP tlog-witness asks for; the size is the body of a 409."""

    name: str
    body: bytes
    status: int
    size: int | None = None


def request(log: GrowingLog, old: int, new: int, proof: tuple[bytes, ...] | None = None) -> bytes:
    made = log.proof(old, new) if proof is None else proof
    return render_add_checkpoint(AddCheckpoint(old, made, log.note(new)))


def steps(log: GrowingLog) -> list[Step]:
    """For a log that nothing has seen; it is grown to 400 entries."""
    log.grow(400 - log.size())
    other = log.fork(150).grow(250, "other ")
    stranger = GrowingLog("example.com/unknown", seed=7).grow(10)
    thief = GrowingLog(log.origin, seed=8, leaves=log.leaves)
    fake = b"\x01" * 32
    return [
        Step("asked-for-its-size-before-the-first", request(log, 100, 100), 409, 0),
        Step("first-with-a-proof", request(log, 0, 100, (fake,)), 422),
        Step("first", request(log, 0, 100), 200),
        Step("again", request(log, 100, 100), 200),
        Step("grown", request(log, 100, 200), 200),
        Step("stale-old-size", request(log, 100, 300), 409, 200),
        Step("as-if-new", request(log, 0, 300), 409, 200),
        Step("from-the-future", request(log, 300, 400), 409, 200),
        Step("rolled-back", request(log, 200, 100, ()), 400),
        Step("rolled-back-in-step", request(log, 100, 100), 409, 200),
        Step("split-view", request(other, 200, 200), 409, 200),
        Step("forked", request(other, 200, 300), 422),
        Step("without-its-proof", request(log, 200, 300, ()), 422),
        Step("with-another-proof", request(log, 200, 300, log.proof(200, 400)), 422),
        Step("with-a-hash-more", request(log, 200, 300, (*log.proof(200, 300), fake)), 422),
        Step("equal-with-a-proof", request(log, 200, 200, (fake,)), 422),
        Step("unknown-log", request(stranger, 0, 10), 404),
        Step("wrong-key", request(thief, 200, 300), 403),
        Step("no-note", render_add_checkpoint(AddCheckpoint(200, (), b"no note\n")), 400),
        Step("nothing", b"", 400),
        Step("honest-after-all-that", request(log, 200, 300), 200),
        Step("to-the-end", request(log, 300, 400), 200),
    ]
