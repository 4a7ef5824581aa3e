"""Live objects against the trail: what runs and no decision let in, and what was let in and is gone.

A log shows that what was recorded stays, and not that everything was recorded: this is how the second is looked at.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from lockgate.audit.entry import Entry
from lockgate.audit.query.answers.answer import LiveObject, Opener, Proven, proven
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.page import AsOf, Completeness, Link
from lockgate.audit.times import render_time

# Decisions whose bodies are opened, in all.
MAX_OPENED: Final = 200_000
_BLOCK: Final = 500

# unadmitted: it lives, and no decision is of it. denied: it lives, and all that was said of it was no. by-name: a decision let in an
# object of its name, with another uid or, in a check, without one. gone: it was let in, and does not live. uncompared: it has no
# namespace, and decisions on such objects are in no stream that has them all.
State = Literal["unadmitted", "denied", "by-name", "gone", "uncompared"]


@dataclass(frozen=True, slots=True)
class Difference:
    """An object that the trail and the cluster tell of differently. object: `group/version/kind/namespace/name/uid`."""

    state: State
    object: str
    entry: int | None
    time: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found. admitted: live objects that a decision let in, by their uid."""

    differences: tuple[Difference, ...]
    admitted: int
    opened: int
    as_of: AsOf
    proven: Proven

    @property
    def is_finding(self) -> bool:
        """Does something run that nothing let in?"""
        return any(one.state in ("unadmitted", "denied") for one in self.differences)


@dataclass(slots=True)
class _Said:
    """The latest that was said of an object."""

    index: int
    time_ms: int
    let_in: bool
    is_going: bool
    was_let_in: bool


def _lets_in(entry: Entry) -> bool:
    return entry.value["outcome"] in ("allow", "warn") or "mode" in entry.value


def _part(value: object, *names: str) -> str:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _object_of(body: Mapping[str, Any], resource: str) -> str:
    """The name of what was judged, as decisions commit to it."""
    asked = body.get("input")
    parts = resource.split("/")
    kind = "/".join([*[""] * (3 - len(parts)), *parts])
    uid = _part(asked, "object", "metadata", "uid") or _part(asked, "oldObject", "metadata", "uid")
    return f"{kind}/{_part(asked, 'namespace')}/{_part(asked, 'name')}/{uid}"


def _resource_of(name: str) -> str:
    return "/".join([part for part in name.split("/")[:3] if part])


def reconcile(
    engine: Engine,
    live: Sequence[LiveObject],
    kinds: Collection[str],
    opener: Opener,
    stream_of: Callable[[str], str | None],
    since_ms: int | None = None,
) -> Reconciled:
    """Compares them. kinds: `group/version/kind` of which all that lives was listed. stream_of: that of a namespace, None where nothing
    of it was recorded. since_ms: how far back decisions count; objects that were let in before are unadmitted then."""
    size = engine.size
    start = 0 if since_ms is None else engine.index.place_at(size, since_ms)
    by_namespace: dict[str, list[LiveObject]] = {}
    for one in live:
        if _resource_of(one.name) in kinds:
            by_namespace.setdefault(one.name.split("/")[3], []).append(one)
    differences: list[Difference] = []
    complete: list[Completeness] = []
    admitted = opened = 0
    for namespace in sorted(by_namespace):
        objects = by_namespace[namespace]
        if not namespace:
            differences += [Difference("uncompared", one.name, None, "") for one in objects]
            continue
        stream = stream_of(namespace)
        said: dict[str, _Said] = {}
        if stream is not None:
            links = _decisions(engine, stream, size, start, kinds, complete)
            for link in links:
                opened += 1
                if opened > MAX_OPENED:
                    break
                body = opener(link.index, link.raw)
                if body is not None:
                    name = _object_of(body, str(link.entry.value["resource"]))
                    operation = link.entry.value["operation"]
                    let_in = _lets_in(link.entry)
                    told = said.setdefault(
                        name, _Said(link.index, link.entry.time_ms, let_in, operation == "DELETE", let_in)
                    )
                    told.was_let_in |= let_in
        found = [_compare(one, said) for one in objects]
        differences += [one for one in found if one is not None]
        admitted += sum(1 for one in found if one is None)
        differences += _gone(said, {one.name for one in objects})
    missing = [
        "an object is known by its uid: what was changed past the gate since it came in is another question (`lockgate sweep`)",
        "what lives is what was listed or given, at that time",
        "namespaces in which nothing lives any more were not looked at",
    ]
    if opened > MAX_OPENED:
        missing.append(f"{MAX_OPENED} decisions were looked at, and there are more: ask for a shorter time")
    return Reconciled(
        tuple(sorted(differences, key=lambda one: (one.state, one.object))),
        admitted,
        min(opened, MAX_OPENED),
        engine.as_of(size),
        proven(engine, [one.entry for one in differences if one.entry is not None], complete, [], missing),
    )


def _decisions(
    engine: Engine, stream: str, size: int, start: int, kinds: Collection[str], complete: list[Completeness]
) -> Iterable[Link]:
    """Decisions of a namespace on the kinds, the latest first."""
    end = n = engine.stream_end(stream, size)
    after: Link | None = None
    while n > 0:
        first = max(1, n - _BLOCK + 1)
        block = engine.chain(stream, first, n - first + 1)
        engine.check_join(stream, block[-1], after)
        after = block[0]
        for link in reversed(block):
            if link.index < start:
                complete.append(
                    Completeness(stream, link.n + 1 if link.n < end else 0, end if link.n < end else 0, end)
                )
                return
            if link.entry.kind == "decision" and link.entry.value["resource"] in kinds:
                yield link
        n = first - 1
    complete.append(Completeness(stream, 1 if end else 0, end, end))


def _compare(one: LiveObject, said: Mapping[str, _Said]) -> Difference | None:
    found = said.get(one.name)
    if found is not None:
        if found.was_let_in:
            # Also where a later change of it was refused.
            return None
        return Difference("denied", one.name, found.index, render_time(found.time_ms))
    above = one.name.rpartition("/")[0]
    named = [told for name, told in said.items() if name.rpartition("/")[0] == above and told.let_in]
    if named:
        latest = max(named, key=lambda told: told.index)
        return Difference("by-name", one.name, latest.index, render_time(latest.time_ms))
    return Difference("unadmitted", one.name, None, "")


def _gone(said: Mapping[str, _Said], names: Collection[str]) -> Iterable[Difference]:
    for name, told in said.items():
        # Without a uid it was a check, of which nothing has to come.
        if (
            name not in names
            and told.was_let_in
            and not (told.is_going and told.let_in)
            and not name.endswith("/")
        ):
            yield Difference("gone", name, told.index, render_time(told.time_ms))
