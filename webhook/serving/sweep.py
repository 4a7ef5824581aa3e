"""The sweep: live objects are judged again where their verdict may have changed, and only there.

What a verdict rests on is known: the object, the policies for its kind, its Namespace, the inventory where a policy
reads it, exemptions, and the moment that the Decision says it is valid until. A pass looks at every object and judges
those of which one of these has changed, under the policies that it concerns. The result is that of judging everything
anew, which the tests hold it to.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import PolicyKey, earliest
from lockgate.engine.documents.document import Document, Located, Path, Span
from lockgate.engine.errors import LockgateError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.kinds import Kinds
from lockgate.engine.policy import PolicySet
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.gate import Gate, Judged
from lockgate.webhook.serving.live_state import LiveState
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep_basis import (
    EVERYTHING,
    Basis,
    Deltas,
    basis_of,
    delta_between,
    restricted,
)
from lockgate.webhook.serving.sweep_findings import Findings, findings_of, merge_findings, verdict_mark

# Each takes some 300 bytes; etcd holds fewer of 5 KB.
MAX_OBJECTS: Final = 1_000_000
# Kept for statuses and reports, 300 bytes each; what violates beyond is counted and not quoted.
MAX_MESSAGES: Final = 200_000
_EVERY: Final[frozenset[PolicyKey] | None] = None
# Compiled policies are shared by them; each has a table of its own.
_MOST_SETS: Final = 256


class SweepFullError(LockgateError):
    """There are more objects than are kept in mind."""


@record
class LiveObject:
    """An object as the API server has it. version: another whenever it has changed, of another object too."""

    key: ObjectKey
    version: str
    value: dict[str, Value]


@record
class VerdictChange:
    """The verdict on an object is another than the one that was told last; the Decision is by all policies."""

    key: ObjectKey
    judged: Judged


@record
class SweepCounts:
    """Since the beginning: objects looked at, and judged, under all policies or some."""

    looked: int = 0
    judged: int = 0


@final
class _Known:
    """An object between two passes. version: a hash. basis: the number that it was judged under. told: a mark."""

    __slots__ = ("basis", "findings", "mark", "seen", "told", "until", "version")

    def __init__(self, version: int, told: int) -> None:
        self.version = version
        self.basis = 0
        self.findings: Findings = ()
        self.mark = 0
        self.seen = 0
        self.told = told
        self.until: int | None = None


@final
class Sweep:
    """One pass after another: `begin`, for each kind `look` at each of its objects and `end_kind`.

    told: by object, the marks of verdicts that were told before this began.
    """

    def __init__(self, told: Mapping[ObjectKey, int] | None = None, max_messages: int = MAX_MESSAGES) -> None:
        self._told_before: Final = dict(told or {})
        self._max_messages: Final = max_messages
        self._messages = 0
        self._by_kind: Final[dict[GroupVersionKind, dict[tuple[str, str], _Known]]] = {}
        self._size = 0
        self._basis: Basis | None = None
        self._deltas: Final = Deltas()
        self._gate: Gate | None = None
        self._cluster = Cluster()
        self._sets: dict[frozenset[PolicyKey], PolicySet] = {}
        # By kind and policies: whether one of them may say something of objects of the kind.
        self._concerned: dict[tuple[GroupVersionKind, frozenset[PolicyKey]], bool] = {}
        self._all: frozenset[PolicyKey] = frozenset()
        self._told_kinds: frozenset[GroupVersionKind] = frozenset()
        self._pass = 0
        # Another number whenever findings are.
        self.revision = 0
        self._looked = self._judged = 0

    def begin(self, state: LiveState, now_ns: int, kinds: Kinds) -> None:
        """Begins a pass with what is in force now. kinds: which the cluster serves, and in which scope."""
        basis = basis_of(state)
        if self._basis is not None:
            went_back = self._gate is not None and now_ns < self._gate.now_ns
            self._deltas.add(EVERYTHING if went_back else delta_between(self._basis, basis))
        self._basis = basis
        self._gate = replace(state.gate, now_ns=now_ns)
        self._cluster = Cluster(kinds, state.namespaces, namespace="")
        self._sets, self._concerned = {}, {}
        self._all = frozenset([policy.key for policy in state.gate.policies.policies])
        self._told_kinds = frozenset([key.kind for key in self._told_before])
        self._pass += 1

    def wants(self, kind: GroupVersionKind) -> bool:
        """Is there to be looked at objects of the kind? Also where policies no longer say so, and some did."""
        known = self._by_kind.get(kind)
        if known and any(one.findings or one.told for one in known.values()):
            return True
        return kind in self._told_kinds or self._concerns(kind, self._all)

    def look(self, one: LiveObject) -> VerdictChange | None:
        """Judges the object as far as it has to be. Raises SweepFullError."""
        self._looked += 1
        known = self._find(one)
        version = hash(one.version)
        stale = self._stale(one.key, known, version)
        known.seen = self._pass
        judged: Judged | None = None
        if stale is None or stale:
            judged = self._judge(one, known, stale)
        known.version, known.basis = version, self._deltas.number
        if known.mark == known.told:
            return None
        if judged is None or stale is not None:
            # What is told is the whole Decision.
            judged = self._judge(one, known, _EVERY)
            assert judged is not None
        return VerdictChange(one.key, judged)

    def confirm(self, key: ObjectKey) -> None:
        """The change of the verdict on an object was told: it is not told again."""
        known = self._by_kind.get(key.kind, {}).get((key.namespace, key.name))
        if known is not None:
            known.told = known.mark

    def end_kind(self, kind: GroupVersionKind) -> None:
        """All objects of the kind have been looked at in this pass: those that were not are gone."""
        known = self._by_kind.get(kind, {})
        self._forget(kind, [name for name, one in known.items() if one.seen != self._pass])

    def _forget(self, kind: GroupVersionKind, names: Iterable[tuple[str, str]]) -> None:
        """Nothing is known of these objects of the kind any more, nor of those that were not looked at yet."""
        known = self._by_kind.get(kind, {})
        for name in names:
            findings = known.pop(name).findings
            self._messages -= _quoted(findings)
            self._size -= 1
            if findings:
                self.revision += 1
        if not known:
            self._by_kind.pop(kind, None)
        for key in [key for key in self._told_before if key.kind == kind]:
            del self._told_before[key]

    def end(self, served: frozenset[GroupVersionKind]) -> None:
        """The pass is over. What is known of kinds that are not served any more is forgotten."""
        for kind in self.kinds:
            if kind not in served or not self.wants(kind):
                self._forget(kind, self._by_kind.get(kind, {}).copy())

    @property
    def kinds(self) -> frozenset[GroupVersionKind]:
        """The kinds of objects of which something is known."""
        return frozenset([*self._by_kind, *[key.kind for key in self._told_before]])

    def findings(self) -> Iterator[tuple[ObjectKey, Findings]]:
        """All objects that a policy says something of."""
        for kind, objects in self._by_kind.items():
            for (namespace, name), one in objects.items():
                if one.findings:
                    yield ObjectKey(kind, namespace, name), one.findings

    def told(self) -> Iterator[tuple[ObjectKey, int]]:
        """The marks of verdicts that were told, for the `told` of a later sweep; what nobody objects to has none."""
        yield from self._told_before.items()
        for kind, objects in self._by_kind.items():
            for (namespace, name), one in objects.items():
                if one.told:
                    yield ObjectKey(kind, namespace, name), one.told

    @property
    def counts(self) -> SweepCounts:
        """What was done since the beginning."""
        return SweepCounts(self._looked, self._judged)

    def __len__(self) -> int:
        return self._size

    def _in_force(self) -> Gate:
        assert self._gate is not None, "begin comes first"
        return self._gate

    def _find(self, one: LiveObject) -> _Known:
        objects = self._by_kind.setdefault(one.key.kind, {})
        name = (one.key.namespace, one.key.name)
        known = objects.get(name)
        if known is None:
            if self._size >= MAX_OBJECTS:
                raise SweepFullError(
                    f"there are more than {MAX_OBJECTS} objects of the kinds that policies are for",
                    hint="narrow spec.match.kinds of the constraints that are for all kinds",
                )
            self._size += 1
            # A version of its own, so that it is judged.
            known = objects[name] = _Known(~hash(one.version), self._told_before.pop(one.key, 0))
        return known

    def _stale(self, key: ObjectKey, known: _Known, version: int) -> frozenset[PolicyKey] | None:
        """The policies that the object has to be judged under; None: all."""
        if known.version != version:
            return _EVERY
        delta = self._deltas.since(known.basis)
        if delta.everything or key.namespace in delta.namespaces:
            return _EVERY
        gate, stale = self._in_force(), delta.policies
        is_due = known.until is not None and known.until <= gate.now_ns
        if is_due:
            stale |= gate.policies.momentary | gate.policies.asking
        if is_due or delta.exempting:
            stale |= {finding.policy for finding in known.findings}
        return stale

    def _judge(self, one: LiveObject, known: _Known, stale: frozenset[PolicyKey] | None) -> Judged | None:
        """Judges, and keeps what comes of it. None where none of the policies concerns the object's kind."""
        gate = self._in_force()
        if stale is not None:
            if not self._concerns(one.key.kind, stale):
                self._keep(known, merge_findings(known.findings, stale, ()))
                return None
            gate = replace(gate, policies=self._set(stale))
        self._judged += 1
        judged = gate.judge_review(self._review(one))
        found = findings_of(judged.decision, one.value)
        until = judged.decision.valid_until_ns
        if stale is not None:
            found = merge_findings(known.findings, stale, found)
            # What was due has been judged; what was not stays.
            if known.until is not None and known.until > gate.now_ns:
                until = earliest((until, known.until))
        known.until = until
        self._keep(known, found)
        return judged

    def _keep(self, known: _Known, found: Findings) -> None:
        self._messages -= _quoted(known.findings)
        if self._messages + _quoted(found) > self._max_messages:
            found = tuple([replace(one, messages=()) for one in found])
        self._messages += _quoted(found)
        if known.findings != found:
            self.revision += 1
        known.findings = found
        known.mark = verdict_mark(found)

    def _review(self, one: LiveObject) -> Review:
        return review_document(Document(one.value, str(one.key), (), _NOWHERE), self._cluster)

    def _set(self, keys: frozenset[PolicyKey]) -> PolicySet:
        found = self._sets.get(keys)
        if found is None:
            if len(self._sets) >= _MOST_SETS:
                self._sets.clear()
            policies = self._in_force().policies
            made = restricted(policies.policies, keys)
            found = self._sets[keys] = PolicySet(
                made, policies.digest, policies.others, policies.momentary & keys, policies.asking & keys
            )
        return found

    def _concerns(self, kind: GroupVersionKind, keys: frozenset[PolicyKey]) -> bool:
        """May one of the policies match objects of the kind, or what these imply?"""
        named = (kind, keys)
        found = self._concerned.get(named)
        if found is None:
            gate = self._in_force()
            expands = gate.expansion is not None and any(
                kind in template.applies_to for template in gate.expansion.templates
            )
            found = self._concerned[named] = expands or any(
                policy.match_of_kind(kind.api_version, kind.kind) is not None
                for policy in restricted(gate.policies.policies, keys)
            )
        return found


def _quoted(findings: Findings) -> int:
    return sum([len(one.messages) for one in findings])


@final
class _Nowhere:
    """The places of an object that was never text."""

    def locate(self, path: object) -> Located:
        nowhere: Path = ()
        return Located(Span(1, 1, 1, 1), False, nowhere)


_NOWHERE: Final = _Nowhere()
