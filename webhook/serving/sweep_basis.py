"""What Decisions on live objects rest on besides the objects, and which of them another basis can change."""

from collections.abc import Mapping, Sequence
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import PolicyKey
from lockgate.engine.policy import Policy
from lockgate.engine.record import record
from lockgate.gatekeeper.policy import ConstraintPolicy, Gated
from lockgate.webhook.serving.live_state import LiveState

# Bases that objects may be behind by; who is further behind is judged in full.
MAX_BEHIND: Final = 32


@record
class Basis:
    """policies: digests by key. readers: those that read the inventory, and those of which that is not known.

    askers, devices: those that ask for external data, and what is known of devices, of which some do. whole: what every
    Decision may rest on. exempting: what is asked only about violations.
    """

    policies: Mapping[PolicyKey, str]
    readers: frozenset[PolicyKey]
    askers: frozenset[PolicyKey]
    facts: str
    devices: object
    namespaces: Mapping[str, dict[str, Value]]
    whole: tuple[object, ...]
    exempting: tuple[object, ...]


@record
class Delta:
    """What has to be judged anew. policies: under these, whatever the object; namespaces: what is in them.

    exempting: what had findings, under the policies that they are from.
    """

    everything: bool = False
    policies: frozenset[PolicyKey] = frozenset()
    namespaces: frozenset[str] = frozenset()
    exempting: bool = False

    def __or__(self, other: "Delta") -> "Delta":
        return Delta(
            self.everything or other.everything,
            self.policies | other.policies,
            self.namespaces | other.namespaces,
            self.exempting or other.exempting,
        )


NOTHING: Final = Delta()
EVERYTHING: Final = Delta(everything=True)


def basis_of(state: LiveState) -> Basis:
    """What Decisions rest on in this state. Values that are compared by identity are those that a LiveGate keeps."""
    gate = state.gate
    return Basis(
        {policy.key: policy.digest for policy in gate.policies.policies},
        frozenset([policy.key for policy in gate.policies.policies if _reads_inventory(policy)]),
        frozenset([policy.key for policy in gate.policies.policies if _asks(policy)]),
        gate.facts.digest,
        _Itself(state.devices),
        state.namespaces,
        _whole(state),
        (_Itself(gate.exemptions), _Itself(gate.masker)),
    )


def _whole(state: LiveState) -> tuple[object, ...]:
    gate = state.gate
    answering = None if gate.facts.providers is None else state.answering
    expansion = () if gate.expansion is None else gate.expansion.digests
    return expansion, gate.sync.digests, _Itself(answering)


@final
class _Itself:
    """A value that equals itself alone. It is held, so that no other can get its number."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


def _reads_inventory(policy: Policy) -> bool:
    if isinstance(policy, ConstraintPolicy):
        return bool(policy.needs.reads)
    # CEL sees no inventory; of policies of another make it is not known.
    return not isinstance(policy, Gated)


def _asks(policy: Policy) -> bool:
    return isinstance(policy, ConstraintPolicy) and policy.asks


def delta_between(before: Basis, after: Basis) -> Delta:
    """What a change of the basis can change."""
    if before.whole != after.whole:
        return EVERYTHING
    keys = before.policies.keys() | after.policies.keys()
    changed = {key for key in keys if before.policies.get(key) != after.policies.get(key)}
    if before.facts != after.facts:
        changed |= after.readers
    if before.devices != after.devices:
        changed |= after.askers
    return Delta(
        policies=frozenset(changed),
        namespaces=_changed_namespaces(before.namespaces, after.namespaces),
        exempting=before.exempting != after.exempting,
    )


def decides_else(before: Basis, after: Basis) -> bool:
    """Has something changed that decides, and not only what is known of the cluster?"""
    return (
        before.policies != after.policies
        or before.whole != after.whole
        or before.exempting[:1] != after.exempting[:1]
    )


def _changed_namespaces(
    before: Mapping[str, dict[str, Value]], after: Mapping[str, dict[str, Value]]
) -> frozenset[str]:
    if before is after:
        return frozenset()
    names = before.keys() | after.keys()
    return frozenset([name for name in names if before.get(name) is not after.get(name)])


@final
class Deltas:
    """The last changes of the basis, numbered; tells what has changed since one of them."""

    __slots__ = ("_deltas", "_joined", "number")

    def __init__(self) -> None:
        self.number = 0
        self._deltas: list[Delta] = []
        self._joined: dict[int, Delta] = {}

    def add(self, delta: Delta) -> None:
        """The basis has changed."""
        if delta == NOTHING:
            return
        self.number += 1
        self._deltas = [*self._deltas, delta][-MAX_BEHIND:]
        self._joined = {}

    def since(self, number: int) -> Delta:
        """What has changed since the basis had this number."""
        if number == self.number:
            return NOTHING
        found = self._joined.get(number)
        if found is None:
            found = self._joined[number] = self._join(self.number - number)
        return found

    def _join(self, behind: int) -> Delta:
        if behind > len(self._deltas):
            return EVERYTHING
        joined = NOTHING
        for delta in self._deltas[-behind:]:
            joined |= delta
        return joined


def restricted(policies: Sequence[Policy], keys: frozenset[PolicyKey]) -> tuple[Policy, ...]:
    """Those of the policies that have one of the keys."""
    return tuple([policy for policy in policies if policy.key in keys])
