"""What was promoted of the kinds that decide, and what the cluster has of them in its place: drift.

Nothing of it is in force: the PolicyBundle is. An object in the cluster that is as the bundle has it says what is so; another
one misleads whoever reads it, and may be somebody's try to change what decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from shlex import quote
from typing import Final, final

from lockgate.engine.codegen.values import Value, equal
from lockgate.engine.documents.document import Path
from lockgate.engine.documents.json_values import JsonError, read_value
from lockgate.engine.record import record
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects
from lockgate.webhook.serving.policy_kinds import is_deciding, is_quota_kind

Object = dict[str, Value]

# Labels and annotations that decide something; those of others' tools come and go.
_OURS: Final = ("lockgate.dev", "gatekeeper.sh")
# What an API server fills in by Gatekeeper's definition of templates, and means what its absence means.
_FILLED_IN: Final = {"legacySchema": False}


@record
class PromotedSet:
    """A PolicyBundle that was promoted. name: as which, into which environment; digest: `sha256:<hex>`; shown: the archive.

    objects: those that decide; files: the place of each in the archive.
    """

    name: str
    environment: str
    digest: str
    shown: str
    objects: Mapping[ObjectKey, bytes]
    files: Mapping[ObjectKey, str]


def same_object(key: ObjectKey) -> tuple[str, str, str]:
    """Which object, in whichever version it is written."""
    return key.kind.group, key.kind.kind, key.name


def is_watched(key: ObjectKey) -> bool:
    """Is it of a kind that takes effect by a promotion alone?"""
    return is_deciding(key.kind) or is_quota_kind(key.kind)


@final
class Drift:
    """What the cluster has in place of what was promoted. One thread at a time."""

    def __init__(self) -> None:
        self._objects: Final = Objects()
        self._promoted: PromotedSet | None = None
        self._found: dict[ObjectKey, LiveProblem] = {}

    def take(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Keeps the changes of what decides, and gives the others."""
        rest: list[Change] = []
        kept: list[Change] = []
        for one in changes:
            (kept if is_watched(one.key) else rest).append(one)
        if kept:
            self._objects.apply(kept)
            self._compare([one.key for one in kept])
        return tuple(rest)

    def promoted(self, now: PromotedSet) -> None:
        """This is in force."""
        if now is not self._promoted:
            self._promoted = now
            self._found = {}
            self._compare([one.key for one in self._objects.everything()])

    @property
    def problems(self) -> Mapping[ObjectKey, LiveProblem]:
        """What differs, in words, by object of the cluster."""
        return dict(sorted(self._found.items()))

    @property
    def objects(self) -> Mapping[ObjectKey, bytes]:
        """What the cluster has of the kinds."""
        return {one.key: one.data for one in self._objects.everything() if one.data is not None}

    def _compare(self, keys: Iterable[ObjectKey]) -> None:
        promoted = self._promoted
        if promoted is None:
            return
        known = {same_object(key): key for key in promoted.objects}
        for key in keys:
            self._found.pop(key, None)
            data = self._objects.of_kind(key.kind).get(key)
            if data is None:
                continue
            own = known.get(same_object(key))
            found = _extra(key, promoted) if own is None else _changed(key, own, data, promoted)
            if found is not None:
                self._found[key] = found


def _bundle(promoted: PromotedSet) -> str:
    return f"PolicyBundle {promoted.name} in {promoted.environment} ({promoted.digest})"


def _promote(promoted: PromotedSet) -> str:
    return f"to promote it: lockgate policy promote BUNDLE --name {promoted.name} --to {promoted.environment}"


def _extra(key: ObjectKey, promoted: PromotedSet) -> LiveProblem:
    kind = f"{key.kind.kind}.{key.kind.group}"
    return LiveProblem(
        f"not in force: {_bundle(promoted)} does not have it",
        f"{_promote(promoted)}; to take it away: kubectl delete {kind} {key.name}",
    )


def _changed(key: ObjectKey, own: ObjectKey, data: bytes, promoted: PromotedSet) -> LiveProblem | None:
    wanted, found = _essence(promoted.objects[own]), _essence(data)
    path = ("spec",) if found is None else first_difference(wanted, found)
    if path is None:
        return None
    place = promoted.files.get(own, "")
    restore = (
        f"; to restore it: tar -xzOf {quote(promoted.shown)} {quote(place)} | kubectl apply -f -"
        if place
        else ""
    )
    return LiveProblem(
        f"not in force as it is: it differs from {_bundle(promoted)}, which is",
        f"{_promote(promoted)}{restore}",
        path,
    )


def _essence(data: bytes) -> Object | None:
    """What of an object decides; None for what cannot be read."""
    try:
        value = read_value(data.decode(), 0)[0]
    except (JsonError, UnicodeDecodeError):
        return None
    if not isinstance(value, dict):
        return None
    metadata = value.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    made: Object = {
        name: item for name, item in value.items() if name not in ("apiVersion", "kind", "metadata", "status")
    }
    ours: Object = {field: _ours(about.get(field)) for field in ("annotations", "labels")}
    return {**made, "metadata": ours}


def _ours(named: Value) -> Object:
    if not isinstance(named, dict):
        return {}
    return {key: item for key, item in named.items() if _is_ours(key.partition("/")[0])}


def _is_ours(domain: str) -> bool:
    return any(domain == one or domain.endswith(f".{one}") for one in _OURS)


def first_difference(wanted: Value, found: Value) -> Path | None:
    """The first field in which two values differ, by name; None where they are the same."""
    return next(_differences((), wanted, found), None)


def _differences(path: Path, wanted: Value, found: Value) -> Iterator[Path]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted({*wanted, *found}):
            below = (*path, name)
            if name not in wanted or name not in found:
                there = found.get(name, wanted.get(name))
                if not (name in _FILLED_IN and there is _FILLED_IN[name]):
                    yield below
            else:
                yield from _differences(below, wanted[name], found[name])
    elif isinstance(wanted, list) and isinstance(found, list):
        for place, (one, other) in enumerate(zip(wanted, found, strict=False)):
            yield from _differences((*path, place), one, other)
        if len(wanted) != len(found):
            yield (*path, min(len(wanted), len(found)))
    elif not equal(wanted, found):
        yield path
