"""What one replica does for all: the status of what decides, and the definitions of constraints.

Main tells it what is in force; a thread of its own writes, while it leads, and later after each failure.
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from threading import Event, Lock, Thread
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.gatekeeper.template import Template
from lockgate.webhook.cluster.constraint_definitions import ConstraintDefinitions, is_gatekeeper_there
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.leases import Leadership
from lockgate.webhook.cluster.pacing import Backoff
from lockgate.webhook.cluster.statuses import Standing, StatusWriter
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.live_state import LiveState
from lockgate.webhook.serving.objects import ObjectKey, Objects
from lockgate.webhook.serving.policy_kinds import is_deciding, is_exempting, is_promoting, is_template_kind
from lockgate.webhook.serving.promoted_set import same_object

_PAUSE_S: Final = 1.0
# Definitions that somebody else has changed or removed are mended this late.
_REGULARLY: Final = 60
_JOIN_S: Final = 10.0


@record
class InForce:
    """What main tells. served: every kind of the cluster; resources: where the kinds that decide are."""

    standings: Mapping[ObjectKey, Standing]
    templates: tuple[Template, ...]
    resources: Mapping[GroupVersionKind, Resource]
    is_gatekeeper_there: bool


def in_force(state: LiveState, objects: Objects, resources: tuple[Resource, ...]) -> InForce:
    """What there is to be told of a state; called by the thread that applies changes."""
    there = is_gatekeeper_there([resource.kind for resource in resources])
    standings = {
        key: Standing(data, key in state.created, state.problems.get(key, ()))
        for kind in objects.kinds
        if is_deciding(kind)
        for key, data in objects.of_kind(kind).items()
    }
    known = {resource.kind: resource for resource in resources if is_deciding(resource.kind)}
    return InForce(standings, state.templates, known, there)


def with_drift(told: InForce, drift: Mapping[ObjectKey, LiveProblem], state: LiveState) -> InForce:
    """The same where only what was promoted is in force: an object that differs from it is not, and what is as it was promoted is,
    in whichever version of its kind."""
    created = {same_object(key) for key in state.created}
    problems = {same_object(key): found for key, found in state.problems.items()}
    standings = {
        key: replace(
            one,
            created=key not in drift and same_object(key) in created,
            problems=(drift[key],) if key in drift else problems.get(same_object(key), ()),
        )
        for key, one in told.standings.items()
    }
    return replace(told, standings=standings)


@final
class Caretaker:
    """Writes what was told last. leadership: asked by its thread alone."""

    def __init__(self, api: ApiClient, leadership: Leadership, chance: Random) -> None:
        self._definitions: Final = ConstraintDefinitions(api)
        self._writer: Final = StatusWriter(api)
        self._leadership: Final = leadership
        self._backoff: Final = Backoff(chance)
        self._lock: Final = Lock()
        self._stopped: Final = Event()
        self._told: InForce | None = None
        self._failures: Mapping[str, str] = {}
        self._is_leader = False
        self._thread: Final = Thread(target=self._run, name="caretaker", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, and lets another replica lead."""
        self._stopped.set()
        self._thread.join(_JOIN_S)

    def tell(self, told: InForce) -> None:
        """This is in force now."""
        with self._lock:
            self._told = told

    @property
    def is_leader(self) -> bool:
        """Does this replica write?"""
        return self._is_leader

    @property
    def failures(self) -> Mapping[str, str]:
        """What could not be written the last time, with the reason."""
        return self._failures

    def _run(self) -> None:
        defined: InForce | None = None
        rounds = 0
        while not self._stopped.is_set():
            self._is_leader = self._leadership.is_leader()
            with self._lock:
                told = self._told
            wait = _PAUSE_S
            if self._is_leader and told is not None:
                rounds += 1
                failures: dict[str, str] = {}
                is_due = defined is None or rounds % _REGULARLY == 0 or _defines_else(told, defined)
                if is_due and not told.is_gatekeeper_there:
                    failures |= self._define(told)
                failures |= self._tell_status(told)
                self._failures = failures
                if failures:
                    defined = None
                    wait = self._backoff.next_wait()
                else:
                    defined = told
                    self._backoff.reset()
            elif not self._is_leader:
                # Who led meanwhile has done what it was told.
                defined = None
            self._stopped.wait(wait)
        self._leadership.release()
        self._is_leader = False

    def _define(self, told: InForce) -> dict[str, str]:
        present = [key.name for key in told.standings if is_template_kind(key.kind)]
        if not any(is_template_kind(kind) for kind in told.resources):
            # Without templates' own kind none is known to be gone.
            return {}
        found = self._definitions.reconcile(told.templates, present)
        return {f"the definition of {name or 'constraints'}": why for name, why in found.items()}

    def _tell_status(self, told: InForce) -> dict[str, str]:
        resources = told.resources
        if told.is_gatekeeper_there:
            # The status of Gatekeeper's kinds is its own: two writers of one list undo each other.
            resources = {
                kind: one for kind, one in resources.items() if is_exempting(kind) or is_promoting(kind)
            }
        _, failures = self._writer.write(told.standings, resources)
        return {f"the status of {key}": why for key, why in failures.items()}


def _defines_else(told: InForce, defined: InForce) -> bool:
    def names(one: InForce) -> frozenset[tuple[str, str]]:
        return frozenset([(template.kind, template.digest) for template in one.templates])

    def there(one: InForce) -> frozenset[str]:
        return frozenset([key.name for key in one.standings if is_template_kind(key.kind)])

    return names(told) != names(defined) or there(told) != there(defined)
