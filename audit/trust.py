"""What a trail's entries rest on: only on the log's own word, on its administrator's anchors, or on somebody else.

Computed from cosignatures that verify under keys given from outside, with administrators given from outside, and from
notes that the verifier read from an anchor itself. Nothing that the log or an export says of itself counts.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.cosignature import verify_cosignatures
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.note import VerifierKey, parse_note

# How far a witness's clock may run ahead of ours before its times say nothing about how recent it is.
MAX_CLOCK_AHEAD_S: Final = 300
# Notes are read from the newest until every witness was met; one that never was must not make this long. Two weeks of
# a checkpoint a minute.
MAX_NOTES: Final = 20_000


class TrustState(StrEnum):
    """How much an entry, or a trail, rests on somebody else than who wrote it."""

    SELF_ATTESTED = "self-attested"
    ANCHORED = "anchored by the same administrator"
    WITNESSED = "witnessed by another administrator"

    @property
    def is_green(self) -> bool:
        """Whether whoever holds the log's key could not have rewritten it unnoticed."""
        return self is TrustState.WITNESSED


class Quorum(Protocol):
    """Which sets of witnesses suffice (C2SP tlog-policy); a set that suffices still does with more in it."""

    def is_met(self, names: Collection[str]) -> bool:
        """Whether these witnesses, by their names in the policy, are enough."""
        ...


@dataclass(frozen=True, slots=True)
class TrustedWitness:
    """A witness that the verifier knows: its name here, its key, who runs it, and where it is asked (may be empty)."""

    name: str
    key: VerifierKey
    administrator: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Revocation:
    """A key of the log was compromised: what it signed is believed up to `size` entries, which have this root."""

    key: VerifierKey
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """What the verifier knows from elsewhere. `administrator` is who runs the log; `maximum_age_s` is how old the
    latest cosignature may be for the trail to count as witnessed. `revoked`: the log's keys that were compromised,
    as its successor tells it."""

    origin: str
    log_keys: tuple[VerifierKey, ...]
    administrator: str
    witnesses: tuple[TrustedWitness, ...]
    quorum: Quorum
    maximum_age_s: int
    revoked: tuple[Revocation, ...] = ()

    def __post_init__(self) -> None:
        """One key is one party: a log cannot witness itself, nor one witness count twice. Raises FormatError."""
        seen = {key.public: f"the log {key.name}" for key in self.log_keys}
        for witness in self.witnesses:
            other = seen.setdefault(witness.key.public, f"the witness {witness.name}")
            if other != f"the witness {witness.name}":
                raise FormatError(f"the witness {witness.name} has the key of {other}")
        if len({one.name for one in self.witnesses}) != len(self.witnesses):
            raise FormatError("two witnesses have one name")

    def is_revoked(self, key: VerifierKey, size: int) -> bool:
        """Whether a checkpoint of this size cannot rest on this key, since it was compromised by then."""
        return any(one.key == key and size > one.size for one in self.revoked)

    def is_own(self, administrator: str) -> bool:
        """Whether that is who runs the log; spelling in capitals or with other spaces makes nobody else."""
        return _folded(administrator) == _folded(self.administrator)


@dataclass(frozen=True, slots=True)
class AnchoredNote:
    """A note that the verifier itself read from an anchor without a key (a ConfigMap, a file)."""

    name: str
    administrator: str
    note: bytes


@dataclass(frozen=True, slots=True)
class Vouch:
    """Somebody saw the log's first `size` entries, at a time (Unix seconds; None: seen by reading the anchor now)."""

    name: str
    administrator: str
    size: int
    time: int | None


@dataclass(frozen=True, slots=True)
class AssuredRange:
    """Entries from `start` to below `stop`, what they rest on, and by whom."""

    start: int
    stop: int
    state: TrustState
    vouches: tuple[Vouch, ...]

    def __str__(self) -> str:
        return f"entries {self.start} to {self.stop - 1}: {_statement(self.state, self.vouches)}"


@dataclass(frozen=True, slots=True)
class Assurance:
    """What the entries of a log of `size` rest on. `remarks` says why it is not more."""

    size: int
    state: TrustState
    ranges: tuple[AssuredRange, ...]
    remarks: tuple[str, ...]

    def of(self, index: int) -> AssuredRange:
        """The range that an entry is in."""
        for one in self.ranges:
            if one.start <= index < one.stop:
                return one
        raise VerificationError(f"no checkpoint covers entry {index}", where=f"size {self.size}")

    def statement(self, index: int) -> str:
        """What one entry rests on, for people: the state in its exact words, and by whom."""
        one = self.of(index)
        return f"entry {index}: {_statement(one.state, one.vouches)}"

    def __str__(self) -> str:
        return "\n".join([str(self.state), *map(str, self.ranges), *self.remarks])


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _statement(state: TrustState, vouches: Sequence[Vouch]) -> str:
    by = ", ".join([f"{one.name} of {one.administrator}" for one in vouches])
    return f"{state} ({by})" if by else str(state)


def _checked_size(
    trust: Trust, note: bytes, size: int, root_at: Callable[[int], bytes], name: str
) -> tuple[int, tuple[Vouch, ...]]:
    """The size of a note that belongs to the verified tree, and the trusted witnesses that cosigned it."""
    signed = open_checkpoint(note, trust.origin, trust.log_keys)
    checkpoint = signed.checkpoint
    if checkpoint.size > size:
        raise VerificationError(
            f"{name} has a signed checkpoint of size {checkpoint.size}, and only {size} entries are shown",
            where=trust.origin,
        )
    if root_at(checkpoint.size) != checkpoint.root:
        raise VerificationError(
            f"{name} has a signed checkpoint of another tree of size {checkpoint.size}", where=trust.origin
        )
    by_key = {one.key: one for one in trust.witnesses}
    vouches: list[Vouch] = []
    for made in verify_cosignatures(signed.note, tuple(by_key)):
        witness = by_key[made.key]
        vouches.append(Vouch(witness.name, witness.administrator, checkpoint.size, made.time))
    return checkpoint.size, tuple(vouches)


def _latest(
    trust: Trust, notes: Iterable[bytes], size: int, root_at: Callable[[int], bytes]
) -> dict[str, Vouch]:
    """The largest cosigned size of each witness, the later time among equals."""
    found: dict[str, Vouch] = {}
    wanted = {(one.key.name, one.key.key_id): one.name for one in trust.witnesses}
    for count, note in enumerate(notes):
        if len(found) == len(trust.witnesses) or count == MAX_NOTES:
            break
        lines = parse_note(note).signatures
        if count and not any(wanted.get((one.name, one.key_id), "") not in ("", *found) for one in lines):
            continue  # Nobody's word that is not known already, but for the first: the log itself signed that.
        for vouch in _checked_size(trust, note, size, root_at, "the log")[1]:
            before = found.get(vouch.name)
            if before is None or (vouch.size, vouch.time or 0) > (before.size, before.time or 0):
                found[vouch.name] = vouch
    return found


def _is_enough(trust: Trust, vouches: Collection[Vouch]) -> bool:
    others = any(not trust.is_own(one.administrator) for one in vouches)
    return others and trust.quorum.is_met({one.name for one in vouches})


def _witnessed(trust: Trust, vouches: Collection[Vouch]) -> tuple[Vouch, ...]:
    """Those who saw the largest size that enough of them saw; none when they are not enough."""
    for size in sorted({one.size for one in vouches}, reverse=True):
        some = [one for one in vouches if one.size >= size]
        if _is_enough(trust, some):
            return tuple(sorted(some, key=lambda one: one.name))
    return ()


def _is_recent(trust: Trust, vouches: Sequence[Vouch], now: int) -> bool:
    """Whether enough of the witnesses signed within the maximum age."""
    recent = [
        one
        for one in vouches
        if one.time is not None and now - trust.maximum_age_s <= one.time <= now + MAX_CLOCK_AHEAD_S
    ]
    return _is_enough(trust, recent)


def assess(
    trust: Trust,
    size: int,
    root_at: Callable[[int], bytes],
    notes: Iterable[bytes],
    anchored: Sequence[AnchoredNote],
    now: int,
) -> Assurance:
    """What the first `size` entries of a log rest on, at a time (Unix seconds).

    The caller has verified the tree of `size` entries, whose roots at smaller sizes `root_at` gives. `notes` are the
    log's signed checkpoints with their cosignatures, the newest first. Raises FormatError, or VerificationError for a
    checkpoint that is not of this tree, and for a cosignature of a trusted witness that is wrong.
    """
    found = _latest(trust, notes, size, root_at)
    witnessed = _witnessed(trust, found.values())
    own = [one for one in found.values() if trust.is_own(one.administrator)]
    for kept in anchored:
        seen = _checked_size(trust, kept.note, size, root_at, f"the anchor {kept.name}")[0]
        own.append(Vouch(kept.name, kept.administrator, seen, None))

    middle = min([one.size for one in witnessed], default=0)
    upper = max([middle, *[one.size for one in own]])
    holders = tuple(sorted([one for one in own if one.size == upper], key=lambda one: one.name))
    ranges = (
        AssuredRange(0, middle, TrustState.WITNESSED, witnessed),
        AssuredRange(middle, upper, TrustState.ANCHORED, holders),
        AssuredRange(upper, size, TrustState.SELF_ATTESTED, ()),
    )
    remarks: list[str] = []
    state = TrustState.SELF_ATTESTED
    if own and any(one.size for one in own):
        state = TrustState.ANCHORED
    if middle and _is_recent(trust, witnessed, now):
        state = TrustState.WITNESSED
    elif middle:
        remarks.append(
            f"the witnesses' latest cosignatures are not within {trust.maximum_age_s} seconds of now: entries may "
            "have been cut off since"
        )
    elif any(not trust.is_own(one.administrator) for one in found.values()):
        names = ", ".join(sorted(found))
        remarks.append(f"cosigned by {names}, which is less than the quorum asked for")
    elif trust.witnesses and not found:
        remarks.append("no trusted witness has cosigned a checkpoint")
    return Assurance(size, state, tuple([one for one in ranges if one.start < one.stop]), tuple(remarks))
