"""A question: which entries, in which order, as of when. What it says is a matter of entries in clear alone."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Final, Literal

from lockgate.audit.entry import SCHEMAS, Entry
from lockgate.audit.query.errors import QuestionError
from lockgate.audit.streams import check_stream_name, model_stream, policies_stream, policy_stream
from lockgate.audit.times import MAX_TIME, render_time

Order = Literal["newest", "oldest"]
# quick: by whatever finds the entries soonest. complete: by a stream, all of it, so that a gap shows.
Walk = Literal["quick", "complete"]
OUTCOMES: Final = ("allow", "warn", "deny", "error")
_MAX_VALUE: Final = 300
_MAX_VALUES: Final = 32


@dataclass(frozen=True, slots=True)
class Question:
    """What an entry has to be; what is empty is not asked for, and of several values any one will do.

    events: of kinds that have some. policy: `Kind/name` of one that a decision breached. policies: digest of a set
    (`sha256:<hex>`). subject: digest of what was promoted or stated. requester and approver: pseudonyms. stream: a name,
    such as a namespace's pseudonym. since, until: the log's times in Unix milliseconds, half-open.
    """

    kinds: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    model: str = ""
    environment: str = ""
    resource: str = ""
    policy: str = ""
    policies: str = ""
    subject: str = ""
    requester: str = ""
    approver: str = ""
    stream: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    order: Order = "newest"
    walk: Walk = "quick"

    def __post_init__(self) -> None:
        """Raises QuestionError."""
        for name in ("kinds", "events", "outcomes"):
            if len(getattr(self, name)) > _MAX_VALUES:
                raise QuestionError(f"{name} has more than {_MAX_VALUES} values", field=name)
        for kind in self.kinds:
            if kind not in SCHEMAS:
                raise QuestionError(
                    f"there is no kind {kind[:40]!r}",
                    field="kinds",
                    hint=f"one of {', '.join(sorted(SCHEMAS))}",
                )
        for outcome in self.outcomes:
            if outcome not in OUTCOMES:
                raise QuestionError(
                    f"there is no outcome {outcome[:40]!r}",
                    field="outcomes",
                    hint=f"one of {', '.join(OUTCOMES)}",
                )
        for name in (
            "model", "environment", "resource", "policy", "policies", "subject", "requester", "approver", "stream",
        ):  # fmt: skip
            text = getattr(self, name)
            if len(text) > _MAX_VALUE or not text.isprintable():
                raise QuestionError(f"{name} is no value that an entry can have", field=name)
        if self.policy and "/" not in self.policy:
            raise QuestionError("a policy is written Kind/name", field="policy")
        if self.stream:
            check_stream_name(self.stream)
        for name in ("since_ms", "until_ms"):
            moment = getattr(self, name)
            if moment is not None and not 0 <= moment < MAX_TIME:
                raise QuestionError(f"{name[:5]} is no time", field=name[:5])
        if self.since_ms is not None and self.until_ms is not None and self.until_ms <= self.since_ms:
            raise QuestionError("the time ends before it begins", field="until")

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is asked, the order included."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).digest()

    @property
    def policy_stream(self) -> str:
        """The stream of the policy that is asked for."""
        kind, _, name = self.policy.partition("/")
        return policy_stream(kind, name)

    def streams(self) -> tuple[str, ...]:
        """Streams that have every entry that is asked for, as far as one does."""
        made: list[str] = [self.stream] if self.stream else []
        if self.policy:
            made.append(self.policy_stream)
        if self.model and self.environment:
            # Entries of no other kinds than those in this stream have both.
            made.append(model_stream(self.model, self.environment))
        if self.policies and self.kinds == ("decision",):
            made.append(policies_stream(self.policies))
        if len(self.kinds) == 1:
            own = KIND_STREAMS.get(self.kinds[0])
            made += [] if own is None else [own]
        elif self.requester or self.approver:
            made.append("promotion")
        return tuple(made)

    def times(self) -> tuple[str, str | None]:
        """The times in question as entries have them: the first, "" for any, and that behind the last, None for any. Such texts have the order of their times."""
        since = "" if self.since_ms is None else render_time(self.since_ms)
        return since, None if self.until_ms is None else render_time(self.until_ms)

    def fits(self, entry: Entry) -> bool:
        """Is an entry one of those that are asked for?"""
        value = entry.value
        if self.kinds and entry.kind not in self.kinds:
            return False
        if self.since_ms is not None and entry.time_ms < self.since_ms:
            return False
        if self.until_ms is not None and entry.time_ms >= self.until_ms:
            return False
        for names, field in ((self.events, "event"), (self.outcomes, "outcome")):
            if names and value.get(field) not in names:
                return False
        for field in ("model", "environment", "resource", "policies", "subject", "requester", "approver"):
            wanted = getattr(self, field)
            if wanted and value.get(field) != wanted:
                return False
        if not self.stream and not self.policy:
            return True
        names = tuple([link.name for link in entry.links])
        return (not self.stream or self.stream in names) and (not self.policy or self.policy_stream in names)


# Streams that have every entry of a kind. Entries of kind `policy` are in one of three, those of `coverage` in one an instance.
KIND_STREAMS: Final = {
    name: name
    for name in (
        "log",
        "exemption",
        "break-glass",
        "key",
        "promotion",
        "erasure",
        "hold",
        "access",
        "verification",
        "statement",
        "seen",
    )
}
