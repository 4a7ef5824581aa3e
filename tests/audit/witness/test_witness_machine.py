"""Whatever a witness is asked, also at once, again, or after it was started anew: what it cosigned is one history."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.cosignature import verify_cosignatures
from lockgate.audit.note import Note, parse_note
from lockgate.audit.witness.wire import (
    AddCheckpoint,
    parse_add_checkpoint,
    parse_signature_lines,
    render_add_checkpoint,
)

from tests.audit.growing_log import GrowingLog, witness_signer
from tests.audit.witness.running import NOW, Witnesses

SIGNER = witness_signer("witness.example/w1")
# A log that forked twice and signs all of its histories: the insider with the key.
TRUNK = GrowingLog().grow(48)
FORKS = (TRUNK, TRUNK.fork(20).grow(28, "b"), TRUNK.fork(33).grow(15, "c"), TRUNK.fork(0).grow(48, "d"))
SIZES = st.integers(0, 48)


class WitnessMachine(RuleBasedStateMachine):
    """Asks one witness; remembers each checkpoint that it cosigned, in order, and the history that it was of."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.witnesses = Witnesses()
        self.signed: list[tuple[Checkpoint, GrowingLog]] = []
        self.sent: list[tuple[bytes, GrowingLog]] = []
        self.now = NOW
        self.last_time = 0
        self.open_anew()

    @rule()
    def open_anew(self) -> None:
        """As after a crash: only what is in the file counts."""
        self.witness = self.witnesses(
            Path(self.folder.name), {TRUNK.origin: TRUNK.keys}, SIGNER, lambda: self.now
        )

    @rule(step=st.integers(-250, 1000))
    def time_passes(self, step: int) -> None:
        self.now = max(self.now + step, self.last_time - 250)

    @rule(fork=st.sampled_from(FORKS), old=SIZES, new=SIZES)
    def ask(self, fork: GrowingLog, old: int, new: int) -> None:
        self.send(fork, old, new, fork.proof(min(old, new), new))

    @rule(fork=st.sampled_from(FORKS), other=st.sampled_from(FORKS), new=SIZES)
    def ask_in_step(self, fork: GrowingLog, other: GrowingLog, new: int) -> None:
        """From the size that is held, so that the proof is what decides; of whatever history."""
        held = self.signed[-1][0].size if self.signed else 0
        self.send(fork, held, new, other.proof(min(held, new), new))

    @rule(old=SIZES, new=SIZES, proof=st.lists(st.sampled_from([b"\0" * 32, *TRUNK.leaves[:3]]), max_size=4))
    def ask_with_a_made_up_proof(self, old: int, new: int, proof: list[bytes]) -> None:
        self.send(FORKS[1], old, new, tuple(proof))

    @precondition(lambda self: bool(self.sent))
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        body, fork = data.draw(st.sampled_from(self.sent))
        self.judge([(body, fork)])

    @precondition(lambda self: len(self.sent) > 3)
    @rule(data=st.data())
    def replay_at_once(self, data: st.DataObject) -> None:
        self.judge(data.draw(st.lists(st.sampled_from(self.sent), min_size=2, max_size=8)))

    def send(self, fork: GrowingLog, old: int, new: int, proof: tuple[bytes, ...]) -> None:
        self.judge([(render_add_checkpoint(AddCheckpoint(old, proof, fork.note(new))), fork)])

    def judge(self, asked: list[tuple[bytes, GrowingLog]]) -> None:
        self.sent += asked
        if len(asked) == 1:
            answers = [self.witness.add_checkpoint(asked[0][0])]
        else:
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(self.witness.add_checkpoint, [body for body, _ in asked]))
        fresh: list[tuple[int, int, Checkpoint, GrowingLog]] = []
        for (body, fork), answer in zip(asked, answers, strict=True):
            assert answer.status in (200, 400, 409, 422), answer
            if answer.status == 200:
                note = parse_note(parse_add_checkpoint(body).note)
                lines = parse_signature_lines(answer.body)
                (made,) = verify_cosignatures(Note(note.text, lines), [SIGNER.verifier_key])
                checkpoint = parse_checkpoint(note.text)
                assert made.time >= self.last_time
                fresh.append((checkpoint.size, made.time, checkpoint, fork))
        # Those at once may have been judged in any order, and then that was the order of their sizes.
        for _, time, checkpoint, fork in sorted(fresh, key=lambda one: one[:2]):
            assert time >= self.last_time
            self.last_time = time
            self.signed.append((checkpoint, fork))

    @invariant()
    def one_history(self) -> None:
        for (before, _), (after, fork) in zip(self.signed, self.signed[1:], strict=False):
            assert before.size <= after.size
            assert fork.root(before.size) == before.root

    def teardown(self) -> None:
        if hasattr(self, "witnesses"):
            self.witnesses.close()
            self.folder.cleanup()


WitnessMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestWitness = WitnessMachine.TestCase
