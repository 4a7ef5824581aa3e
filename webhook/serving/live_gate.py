"""The Gate of a cluster: made of the objects that are told, and replaced as a whole when they change.

Policies compile beside the Gate that is in force. A change costs what depends on it: a changed constraint compiles
itself, a changed object of the inventory no policy at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.engine.devices.shelf import Devices, Shelf
from lockgate.engine.documents.json_values import JsonError, read_value, skip_space
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.policy import Facts, PolicySet
from lockgate.gatekeeper.inventory import object_digest, scope_of
from lockgate.gatekeeper.inventory_digest import InventoryDigest
from lockgate.gatekeeper.inventory_needs import CLUSTER
from lockgate.gatekeeper.sync import Sync, namespace_of
from lockgate.webhook.gate import Gate
from lockgate.webhook.serving.live_answering import Asked, LiveAnswering
from lockgate.webhook.serving.live_inventory import LiveInventory
from lockgate.webhook.serving.live_policies import LivePolicies, PoliciesNow
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.live_promotions import PromotionsNow, with_unreadable
from lockgate.webhook.serving.live_secrets import SECRET, LiveSecrets
from lockgate.webhook.serving.live_state import LiveSettings, LiveState, Needs
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.policy_kinds import (
    NAMESPACE,
    is_answering,
    is_deciding,
    is_promoting,
    is_quota_kind,
)
from lockgate.webhook.serving.raised_namespaces import is_workload

if TYPE_CHECKING:
    from lockgate.webhook.serving.live_quotas import LiveQuotas, QuotasNow

Object = dict[str, Value]
_AUDIT: Final = "audit.gatekeeper.sh"


@final
class LiveGate:
    """Applies Changes. One thread applies at a time; any number read `state`, and what it was stays as it was."""

    def __init__(self, settings: LiveSettings | None = None) -> None:
        self._settings: Final = LiveSettings() if settings is None else settings
        self._policies: Final = LivePolicies(self._settings)
        self._now: PoliciesNow | None = None
        self._in_force = PolicySet([])
        self._objects: Final[dict[ObjectKey, Object]] = {}
        self._unreadable: Final[dict[ObjectKey, LiveProblem]] = {}
        self._inventory: Final = LiveInventory()
        self._secrets: Final = LiveSecrets()
        self._namespaces: dict[str, Object] = {}
        self._namespaces_digest: Final = InventoryDigest()
        self._shelf: Final = Shelf()
        self._shelf_digest: Final = InventoryDigest()
        self._answering: Final = LiveAnswering(self._settings.provide)
        self._quotas = _live_quotas(self._settings)
        self._living: Final[dict[str, dict[ObjectKey, Object]]] = {}
        self._state: LiveState | None = None

    @property
    def state(self) -> LiveState | None:
        """What is in force; None before the first changes."""
        return self._state

    @property
    def gate(self) -> Gate | None:
        """The Gate in force. Its clock is at nought: whoever judges sets it (`gate_at`)."""
        return None if self._state is None else self._state.gate

    @property
    def problems(self) -> Mapping[ObjectKey, tuple[LiveProblem, ...]]:
        """What is wrong with objects that decide."""
        return {} if self._state is None else self._state.problems

    @property
    def needs(self) -> Needs:
        """Which kinds policies want to know in full."""
        return Needs() if self._state is None else self._state.needs

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all that decides; empty before the first changes."""
        return "" if self._state is None else self._state.digest

    def gate_at(self, now_ns: int) -> Gate | None:
        """The Gate in force with the clock at a moment (Unix time)."""
        gate = self.gate
        return None if gate is None else replace(gate, now_ns=now_ns)

    def apply(self, changes: Iterable[Change], covered: frozenset[GroupVersionKind]) -> None:
        """Applies changes together. covered: the kinds of which every object has been told then."""
        decides_anew = self._now is None
        before = None if self._now is None else self._now.loaded
        touched: dict[ObjectKey, None] = {}
        known_namespaces = self._namespaces
        for change in changes:
            if change.key.kind == NAMESPACE and self._namespaces is known_namespaces:
                # The state before keeps its own.
                self._namespaces = dict(known_namespaces)
            decides_anew = self._take(change) or decides_anew
            touched[change.key] = None
        if decides_anew:
            self._now = self._policies.load()
            place = self._settings.place
            self._in_force = self._now.loaded.policies if place is None else place(self._now.loaded)
        now = self._now
        assert now is not None
        loaded = now.loaded
        if before is None or loaded.needs != before.needs or _differ(loaded.sync, before.sync):
            touched = dict.fromkeys([*self._inventory.keys(), *self._objects, *touched])
        for key in touched:
            self._place(key, now)
        self._shelf.cover(covered)
        self._state = self._make(now, covered)

    def _take(self, change: Change) -> bool:
        """Takes one change; does it change what policies there are?"""
        key = change.key
        was_unreadable = self._unreadable.pop(key, None) is not None
        value = None if change.data is None else read_object(change.data)
        if change.data is not None and value is None:
            self._unreadable[key] = LiveProblem(
                "the object cannot be read: it is no JSON, or nested too deeply"
            )
        if value is None:
            self._objects.pop(key, None)
        else:
            self._objects[key] = value
        if key.kind == NAMESPACE:
            self._take_namespace(key, value)
        if self._settings.living and key.namespace and is_workload(key.kind):
            self._take_living(key, value)
        if key.kind in DEVICE_KINDS:
            self._take_devices(key, value)
        if self._quotas is not None and is_quota_kind(key.kind):
            self._quotas.put(key, value)
        if not (is_deciding(key.kind) or is_answering(key.kind)):
            return False
        changed = self._policies.remove(key) if value is None else self._policies.put(key, value)
        return changed or was_unreadable or key in self._unreadable

    def _take_namespace(self, key: ObjectKey, value: Object | None) -> None:
        if value is None:
            self._namespaces.pop(key.name, None)
            self._namespaces_digest.remove((key.name,))
        else:
            self._namespaces[key.name] = value
            self._namespaces_digest.put((key.name,), object_digest(value))

    def _take_living(self, key: ObjectKey, value: Object | None) -> None:
        inside = self._living.setdefault(key.namespace, {})
        if value is None:
            inside.pop(key, None)
        else:
            inside[key] = value
        if not inside:
            del self._living[key.namespace]

    def _take_devices(self, key: ObjectKey, value: Object | None) -> None:
        place = (key.kind.version, key.kind.kind, key.name)
        if value is None:
            self._shelf.remove(key.kind, key.name)
            self._shelf_digest.remove(place)
        else:
            self._shelf.put(key.kind, key.name, value)
            self._shelf_digest.put(place, object_digest(value))

    def _place(self, key: ObjectKey, now: PoliciesNow) -> None:
        """Puts the object into the inventory, or takes it out, as policies read it and the Config says."""
        value = self._objects.get(key)
        if value is not None and self._is_kept(key, value, now):
            self._inventory.put(key, value)
            if key.kind == SECRET:
                self._secrets.put(key, value)
        else:
            self._inventory.remove(key)
            if key.kind == SECRET:
                self._secrets.remove(key)

    def _is_kept(self, key: ObjectKey, value: Object, now: PoliciesNow) -> bool:
        sync = now.loaded.sync
        if self._settings.living and is_workload(key.kind) and not self.needs.wants(key.kind):
            # It is known for another reason, and policies see what they would without.
            return False
        if not now.loaded.needs.reaches(scope_of(key.namespace), key.kind):
            return False
        if sync.synced is not None and key.kind not in sync.synced:
            return False
        return not sync.is_excluded("sync", namespace_of(value, key.namespace))

    def _make(self, now: PoliciesNow, covered: frozenset[GroupVersionKind]) -> LiveState:
        loaded = now.loaded
        facts = Facts()
        if loaded.needs.reads:
            synced = loaded.sync.synced
            facts = self._inventory.facts(
                frozenset(
                    [
                        kind
                        for kind in covered
                        if (synced is None or kind in synced)
                        and (loaded.needs.reaches("namespace", kind) or loaded.needs.reaches(CLUSTER, kind))
                    ]
                )
            )
        devices, quotas = None, None
        charges = self._quotas is not None and not self._quotas.is_empty
        if loaded.asks_devices or self._settings.offers or charges:
            devices = self._shelf.devices()
            if self._quotas is not None and charges:
                quotas = self._quotas.now(devices)
        promotions = with_unreadable(now.promotions, self._unreadable)
        answering = self._answering.answering(
            Asked(
                loaded.providers if loaded.asks else None,
                now.in_process,
                devices,
                (promotions or PromotionsNow(cluster=self._settings.cluster_name))
                if loaded.asks or self._settings.offers
                else None,
                self._namespaces,
            )
        )
        if loaded.asks:
            facts = replace(facts, providers=answering.asked)
        gate = Gate(
            policies=self._in_force,
            facts=facts,
            limits=self._settings.limits,
            now_ns=0,
            exemptions=now.exemptions,
            sync=loaded.sync,
            expansion=loaded.expansion,
            masker=self._secrets.masker(),
            process="audit" if self._settings.point == _AUDIT else "webhook",
        )
        problems = {**now.problems, **{key: (one,) for key, one in self._unreadable.items()}}
        if self._quotas is not None:
            problems.update(self._quotas.problems)
        return LiveState(
            gate=gate,
            namespaces=self._namespaces,
            problems=problems,
            created=now.created,
            templates=loaded.templates,
            needs=Needs(
                loaded.needs,
                loaded.sync.synced,
                devices is not None,
                self._quotas is not None,
                self._settings.living,
            ),
            digest=self._digest(gate, now, devices, quotas),
            is_remote=self._settings.place is not None,
            in_process=answering.offered,
            answering=answering.others,
            devices=devices,
            quotas=quotas,
            promotions=promotions,
            living=self._living,
        )

    def _digest(
        self, gate: Gate, now: PoliciesNow, devices: Devices | None, quotas: "QuotasNow | None"
    ) -> str:
        lines = [gate.policies.digest, gate.facts.digest, self._namespaces_digest.hexdigest(())]
        lines.append(now.exempting_digest)
        lines += sorted([str(key) for key in self._unreadable if is_promoting(key.kind)])
        if devices is not None:
            lines.append(self._shelf_digest.hexdigest(()) + " ".join(devices.lacking))
        if quotas is not None:
            lines.append(quotas.digest)
        return sha256("\n".join(lines).encode()).hexdigest()


def _live_quotas(settings: LiveSettings) -> "LiveQuotas | None":
    if not settings.ledger_cluster:
        return None
    # Of servers with a ledger.
    from lockgate.webhook.serving.live_quotas import LiveQuotas

    return LiveQuotas(settings.ledger_cluster, settings.cache)


def _differ(one: Sync, other: Sync) -> bool:
    return one.synced != other.synced or one.digests != other.digests


def read_object(data: bytes) -> Object | None:
    """The object of a JSON text; None when it is none."""
    try:
        text = data.decode()
        value, end, _ = read_value(text, skip_space(text, 0))
    except (JsonError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) and skip_space(text, end) == len(text) else None
