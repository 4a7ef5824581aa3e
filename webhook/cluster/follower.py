"""A cluster as main follows it: what it tells is taken, what policies need is asked for, and what is in force is told."""

import time
from collections.abc import Mapping
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, Literal, final

from lockgate.engine.record import record
from lockgate.webhook.cluster.caretaker import Caretaker, in_force, with_drift
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.cluster.discovery import PoliciesFrom
from lockgate.webhook.cluster.leases import ClusterLease, Leadership
from lockgate.webhook.cluster.rules_keeper import RulesKeeper, judged_kinds
from lockgate.webhook.cluster.sightings import Sightings
from lockgate.webhook.cluster.source import Batch, ClusterSource
from lockgate.webhook.install.settings import CONFIGURATION, LEASE, InstallSettings
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.live_state import LiveState
from lockgate.webhook.serving.objects import ObjectKey

if TYPE_CHECKING:
    # Imported where there is a ledger.
    from lockgate.engine.quota.store.ledger import Ledger
    from lockgate.webhook.cluster.quota_follower import QuotaFollower

# Whoever takes looks up this often, for what is lacking and for the end.
LOOK_S: Final = 0.5


@record
class ClusterAccess:
    """Which cluster, and as whom it is written to.

    kubeconfig: "" is the cluster around, else KUBECONFIG's; context: "" the current one. namespace: where the Lease is.
    identity: unlike that of any other replica. policies_from: where what decides comes from. claims: whether there are records
    that claim something of the cluster. installed: what the webhook configuration is to be.
    """

    kubeconfig: str
    context: str
    namespace: str
    identity: str
    policies_from: PoliciesFrom
    claims: Literal["looked for", "none"] = "none"
    installed: InstallSettings = InstallSettings("")


@final
class ClusterFollower:
    """Used by one caller at a time, but for `keep_rules`."""

    def __init__(self, access: ClusterAccess) -> None:
        """Raises UsageError where there is no access."""
        api = open_client(access.context, access.kubeconfig)
        self._api: Final = api
        self._source: Final = ClusterSource(api, access.policies_from, SystemRandom())
        self._caretaker: Caretaker | None = None
        self._rules: Final = RulesKeeper(api, access.installed)
        self._unwritten = ""
        self._records: Final = access.claims == "looked for"
        # Digest of the policies by which kinds are watched, and how many the cluster served then.
        self._expected = ("", 0)
        self.sightings: Final = Sightings(api, self._source.resources, SystemRandom())
        if access.policies_from != "files":
            # What is in files has no status, and its constraints need no definition.
            lease = ClusterLease(api, access.namespace, LEASE)
            leadership = Leadership(lease, access.identity, time.monotonic)
            self._caretaker = Caretaker(api, leadership, SystemRandom())

    def start(self) -> None:
        """Begins to ask the cluster; `sightings` are begun by whoever knows what was claimed before."""
        self._source.start()
        if self._caretaker is not None:
            self._caretaker.start()

    def stop(self) -> None:
        """Follows no more, and lets another replica lead."""
        if self._caretaker is not None:
            self._caretaker.stop()
        self._source.stop()

    def close(self) -> None:
        """Ends what looks for claims too, and the connections."""
        self.sightings.stop()
        api: Any = self._api
        api.close()

    def take(self) -> Batch | None:
        """What has changed; None where nothing has for a moment."""
        return self._source.take(LOOK_S)

    def want(self, live: LiveGate) -> None:
        """The inventory that policies need is asked for."""
        self._source.want(live.needs)

    def tell(self, live: LiveGate, drift: Mapping[ObjectKey, LiveProblem] | None = None) -> None:
        """This is in force: its status is written. drift: what differs in the cluster, where only what was promoted is in force."""
        state = live.state
        if self._caretaker is not None and state is not None:
            told = in_force(state, self._source.objects, self._source.resources())
            self._caretaker.tell(told if drift is None else with_drift(told, drift, state))

    def lacking(self) -> tuple[str, ...]:
        """What has not been told yet, in words, behind `want`; asked at a start, until there is nothing."""
        return self._source.lacking()

    def failures(self) -> Mapping[str, str]:
        """What cannot be watched or written at present, with the reason."""
        written = {} if self._caretaker is None else self._caretaker.failures
        rules = {f"the rules of {CONFIGURATION}": self._unwritten} if self._unwritten else {}
        return {**self._source.failures(), **written, **rules, **self.sightings.failures}

    def keep_rules(self, live: LiveGate) -> None:
        """Has the API server send what is in force asks for, while this replica leads; called by a thread of its own."""
        state = live.state
        self._expect(state)
        if not self.is_leader or state is None:
            self._rules.forget()
            self._unwritten = ""
        else:
            self._unwritten = self._rules.keep(state, self._source.resources())

    def _expect(self, state: LiveState | None) -> None:
        """What is judged will be claimed."""
        resources = self._source.resources()
        if state is None or not resources or not self._records:
            return
        known = (state.gate.policies.digest, len(resources))
        if known != self._expected:
            self._expected = known
            self.sightings.expect(judged_kinds(state, resources))

    def follow_quotas(self, ledger: "Ledger", ttl_s: float) -> "QuotaFollower":
        """What keeps the quotas' ledger as the cluster is."""
        from lockgate.webhook.cluster.quota_follower import QuotaFollower

        return QuotaFollower(self._api, ledger, ttl_s, self._source.resources, self._tends, SystemRandom())

    def _tends(self) -> bool:
        """Does this replica do what one does for all? Where nobody leads, each does."""
        return self._caretaker is None or self.is_leader

    @property
    def configuration_problems(self) -> Mapping[str, str]:
        """By webhook, what of the configuration is not as it was installed, where this replica leads."""
        return self._rules.problems

    @property
    def is_leader(self) -> bool:
        """Does this replica write for all?"""
        return self._caretaker is not None and self._caretaker.is_leader
