"""What the entries about promotions say together: which were asked for, approved, made, and taken back (docs/trail.md, section 2).

The rules hold for each entry by what stands before it, and from fields in clear alone: whoever appends keeps them under the
log's lock, and whoever verifies needs no key to find an entry that breaks one.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from lockgate.audit.canonical import Json
from lockgate.audit.errors import RuleError
from lockgate.audit.streams import model_stream

KIND: Final = "promotion"
STREAM: Final = "promotion"
KEY_KIND: Final = "key"
KEY_STREAM: Final = "key"
# Of one promotion: PromotionPolicies ask for fewer.
MAX_APPROVALS: Final = 400
_ANEW: Final = "ask anew: lockgate promote"

Assurance = Literal["key", "token", "imported"]


@dataclass(frozen=True, slots=True)
class Promoted:
    """What is promoted: a model's version, its bytes (`sha256:<hex>`), into which environment, and by which statement
    (SHA-256 of its payload, `sha256:<hex>`)."""

    model: str
    version: str
    environment: str
    subject: str
    statement: str


@dataclass(slots=True)
class Request:
    """An entry that asks for a promotion. approvals: entry by approver. closed: the entry that made it, None while it is pending.

    requester, and approvers: pseudonyms. predecessor: the entry that promoted it into `source`. target: the entry that a rollback
    goes back to.
    """

    index: int
    promoted: Promoted
    requester: str
    key: str
    source: str
    predecessor: int | None
    target: int | None
    own_approval: bool
    approvals: dict[str, int] = field(default_factory=dict)
    closed: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """An entry that approves a request. key: the fingerprint of the key that signed, "" where it was none."""

    index: int
    request: int
    approver: str
    assurance: str
    key: str


@dataclass(slots=True)
class Promotion:
    """An entry that made a promotion (or a rollback), of which all that is demanded of it was there. policy: digest of the
    PromotionPolicy. revoked: the entry that took it back, or another promotion of these bytes of the model into the environment."""

    index: int
    request: Request
    approvals: tuple[int, ...]
    policy: str
    revoked: int | None = None

    @property
    def promoted(self) -> Promoted:
        """What it promoted."""
        return self.request.promoted


@dataclass(slots=True)
class SigningKey:
    """A key that signs statements, by its fingerprint. added, ended: entries; last_good: entries in which a revoked one is believed."""

    name: str
    added: int
    ended: int | None = None
    last_good: int | None = None


class PromotionHistory:
    """Takes the entries of kinds `promotion` and `key`, in the order of the log."""

    __slots__ = ("_approvals", "_keys", "_made", "_requests", "_revoked", "_slots", "_statements")

    def __init__(self) -> None:
        self._requests: Final[dict[int, Request]] = {}
        self._statements: Final[dict[str, Request]] = {}
        self._approvals: Final[dict[int, Approval]] = {}
        self._made: Final[dict[int, Promotion]] = {}
        # Made promotions, by model and environment.
        self._slots: Final[dict[tuple[str, str], list[Promotion]]] = {}
        # The entry that took bytes back, by environment and bytes.
        self._revoked: Final[dict[tuple[str, str], int]] = {}
        self._keys: Final[dict[str, SigningKey]] = {}

    def take(self, index: int, kind: str, value: Mapping[str, Json], streams: Collection[str]) -> None:
        """The next entry, well formed by itself. Raises RuleError for one that the log may not have; nothing changes then."""
        if kind == KEY_KIND:
            if value["use"] == "statement":
                self._take_key(index, value)
            return
        promoted = Promoted(
            str(value["model"]),
            str(value.get("version", "")),
            str(value["environment"]),
            str(value["subject"]),
            str(value["statement"]),
        )
        if not {STREAM, model_stream(promoted.model, promoted.environment)} <= set(streams):
            raise RuleError("an entry about a promotion is in the stream of promotions and in its model's")
        match value["event"]:
            case "requested":
                self._take_request(index, promoted, value)
            case "approved":
                self._take_approval(index, promoted, value)
            case "revoked":
                self._take_revocation(index, promoted, value)
            case event:
                self._take_promotion(index, promoted, value, str(event))

    def _take_key(self, index: int, value: Mapping[str, Json]) -> None:
        name = str(value.get("key", value.get("vkey")))
        known = self._keys.get(name)
        if value["event"] == "added":
            if known is not None:
                raise RuleError("the key was added before, and a key that was given up does not come back")
            self._keys[name] = SigningKey(name, index)
            return
        if known is None or known.ended is not None:
            raise RuleError(
                "the key is none that may be given up: it was never added, or is given up already"
            )
        good = value.get("lastGood")
        known.ended = index
        known.last_good = good if type(good) is int else None

    def _take_request(self, index: int, promoted: Promoted, value: Mapping[str, Json]) -> None:
        if promoted.statement in self._statements:
            raise RuleError(
                f"the statement was recorded before, by entry {self._statements[promoted.statement].index}",
                hint="a promotion is asked for once: make a new statement",
            )
        self._check_key(index, value, "asks for the promotion")
        self._check_not_revoked(promoted)
        source, predecessor, target = (
            str(value.get("from", "")),
            _index(value, "predecessor"),
            _index(value, "target"),
        )
        if bool(source) != (predecessor is not None):
            raise RuleError("a predecessor is of an environment, and an environment has a predecessor")
        if predecessor is not None:
            if target is not None:
                raise RuleError("a rollback goes back to what was there, and has no predecessor")
            before = self.standing(predecessor, "predecessor").promoted
            if (before.model, before.version, before.environment, before.subject) != (
                promoted.model,
                promoted.version,
                source,
                promoted.subject,
            ):
                raise RuleError(
                    f"entry {predecessor} promoted another version, other bytes, or into another environment than {source}",
                    hint="name the promotion of these very bytes into the environment below",
                )
        if target is not None:
            was = self.standing(target, "target").promoted
            if (was.model, was.version, was.environment, was.subject) != (
                promoted.model,
                promoted.version,
                promoted.environment,
                promoted.subject,
            ):
                raise RuleError(f"entry {target} is no promotion of these bytes into {promoted.environment}")
        request = Request(
            index,
            promoted,
            str(value["requester"]),
            str(value.get("key", "")),
            source,
            predecessor,
            target,
            "ownApproval" in value,
        )
        self._requests[index] = self._statements[promoted.statement] = request

    def _take_approval(self, index: int, promoted: Promoted, value: Mapping[str, Json]) -> None:
        request = self._pending(promoted, value)
        approver = str(value["approver"])
        if approver == request.requester and not request.own_approval:
            raise RuleError(
                "whoever asks for a promotion does not approve it", hint="have another person approve it"
            )
        if approver in request.approvals:
            raise RuleError(f"that person approved it before, by entry {request.approvals[approver]}")
        if (value["assurance"] == "key") != ("key" in value):
            raise RuleError("an approval by a key names it, and no other does")
        self._check_key(index, value, "approves the promotion")
        request.approvals[approver] = index
        self._approvals[index] = Approval(
            index, request.index, approver, str(value["assurance"]), str(value.get("key", ""))
        )

    def _take_promotion(self, index: int, promoted: Promoted, value: Mapping[str, Json], event: str) -> None:
        request = self._pending(promoted, value)
        if (event == "rolled-back") != (request.target is not None):
            raise RuleError("what was asked for is not what was made: one of both is a rollback")
        listed = _indices(value.get("approvals"))
        for one in listed:
            approval = self._approvals.get(one)
            if approval is None or approval.request != request.index:
                raise RuleError(f"entry {one} does not approve this very statement")
            self.check_approval(approval)
        self.check_request(request)
        made = Promotion(index, request, listed, str(value["policy"]))
        request.closed = index
        self._made[index] = made
        self._slots.setdefault((promoted.model, promoted.environment), []).append(made)

    def check_request(self, request: Request) -> None:
        """Does what a request rests on still stand? Raises RuleError where it was revoked, or a key was, since it was asked for."""
        if not self._is_good(request.key, request.index):
            raise RuleError("the key that asked for it was given up", hint=_ANEW)
        self._check_not_revoked(request.promoted)
        if request.predecessor is not None:
            self.standing(request.predecessor, "predecessor")
        if request.target is not None:
            self.standing(request.target, "target")

    def check_approval(self, approval: Approval) -> None:
        """Is what a key approved believed as far as the log goes now? Raises RuleError."""
        if not self._is_good(approval.key, approval.index):
            raise RuleError(f"the key that approved it by entry {approval.index} was given up")

    def _take_revocation(self, index: int, promoted: Promoted, value: Mapping[str, Json]) -> None:
        number = _index(value, "promotion")
        made = None if number is None else self._made.get(number)
        if made is None or made.promoted != promoted:
            raise RuleError(f"entry {number} did not make this promotion")
        if made.revoked is not None:
            raise RuleError(f"the promotion was revoked before, by entry {made.revoked}")
        # It is of the bytes: other promotions of the model that brought them there fall with it.
        for one in self._slots[promoted.model, promoted.environment]:
            if one.promoted.subject == promoted.subject:
                one.revoked = index
        self._revoked.setdefault((promoted.environment, promoted.subject), index)

    def _pending(self, promoted: Promoted, value: Mapping[str, Json]) -> Request:
        number = _index(value, "request")
        request = None if number is None else self._requests.get(number)
        if request is None or request.promoted != promoted:
            raise RuleError(f"entry {number} does not ask for this promotion by this statement")
        if request.closed is not None:
            raise RuleError(
                f"the promotion was made before, by entry {request.closed}",
                hint="a statement promotes once: make a new one",
            )
        return request

    def standing(self, index: int, what: str) -> Promotion:
        """The promotion that an entry made, if it still stands; what: for the message. Raises RuleError."""
        made = self._made.get(index)
        if made is None:
            raise RuleError(f"the {what}, entry {index}, is no promotion that was made")
        if made.revoked is not None:
            raise RuleError(f"the {what}, entry {index}, was revoked by entry {made.revoked}")
        if not self.is_sound(made):
            raise RuleError(f"the {what}, entry {index}, rests on a key that was revoked")
        return made

    def _check_key(self, index: int, value: Mapping[str, Json], what: str) -> None:
        name = value.get("key")
        if name is None:
            return
        known = self._keys.get(str(name))
        if known is None or known.ended is not None:
            raise RuleError(
                f"the key that {what} is not enrolled"
                + ("" if known is None else f": it was given up by entry {known.ended}"),
                hint="lockgate key enrol, and sign again",
            )

    def _check_not_revoked(self, promoted: Promoted) -> None:
        """Bytes are revoked under whatever name they come back."""
        index = self._revoked.get((promoted.environment, promoted.subject))
        if index is not None:
            raise RuleError(
                f"these bytes were revoked in {promoted.environment}, by entry {index}", hint="promote others"
            )

    def _is_good(self, key: str, index: int) -> bool:
        """Is what a key signed, recorded by entry `index`, believed as far as the log goes now?"""
        if not key:
            return True
        known = self._keys[key]
        return known.ended is None or (known.last_good is None or index < known.last_good)

    def is_sound(self, made: Promotion) -> bool:
        """Rests a promotion on keys that were good? One that was retired was; one that was revoked was up to its last good entry."""
        return self._is_good(made.request.key, made.request.index) and all(
            self._is_good(self._approvals[one].key, one) for one in made.approvals
        )

    def signing_keys(self) -> Iterator[SigningKey]:
        """The keys, in the order in which they were enrolled."""
        yield from self._keys.values()

    def current(self, model: str, environment: str) -> Promotion | None:
        """The latest promotion, which has to be neither revoked nor unsound to count: then there is none."""
        made = self._slots.get((model, environment))
        if not made or made[-1].revoked is not None or not self.is_sound(made[-1]):
            return None
        return made[-1]

    def promotions(self, model: str, environment: str) -> tuple[Promotion, ...]:
        """All that were made, in their order."""
        return tuple(self._slots.get((model, environment), ()))

    def requests(self) -> Iterator[Request]:
        """All that were asked for, in their order."""
        yield from self._requests.values()

    def request_of(self, statement: str) -> Request | None:
        """The one of a statement (`sha256:<hex>`)."""
        return self._statements.get(statement)

    def made_by(self, index: int) -> Promotion | None:
        """The promotion that an entry made."""
        return self._made.get(index)

    def made(self) -> Iterator[Promotion]:
        """All promotions that were made, in their order."""
        yield from self._made.values()

    def approval(self, index: int) -> Approval:
        """The approval that is an entry."""
        return self._approvals[index]


def _index(value: Mapping[str, Json], name: str) -> int | None:
    number = value.get(name)
    return number if type(number) is int else None


def _indices(ranges: "Json | None") -> tuple[int, ...]:
    """Half-open ranges, flat, as the entries that they name."""
    if type(ranges) is not list:
        return ()
    numbers = [one for one in ranges if type(one) is int]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if sum([stop - start for start, stop in pairs]) > MAX_APPROVALS:
        raise RuleError(f"it has more than {MAX_APPROVALS} approvals")
    return tuple([one for start, stop in pairs for one in range(start, stop)])
