"""The trail of a replica, in main: one appender for all workers, the keys of namespaces, what is in force, and coverage."""

import json
import socket
import tempfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from lockgate.audit.coverage import Coverage, InForce
from lockgate.audit.draft import Draft
from lockgate.audit.seen import seen_drafts
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.appender_server import AppenderServer
from lockgate.audit.vault_socket import serve_vault
from lockgate.engine.codegen.values import Value
from lockgate.webhook.configuration_changes import configuration_changes
from lockgate.webhook.ended_grants import ended_grants
from lockgate.webhook.exemption_changes import exemption_changes
from lockgate.webhook.gate import Gate
from lockgate.webhook.grant_drafts import event_draft
from lockgate.webhook.policy_changes import policy_changes
from lockgate.webhook.serving.claims import Claim
from lockgate.webhook.serving.glass_watch import GlassEvent
from lockgate.webhook.serving.left_claims import left_claims
from lockgate.webhook.serving.server_state import TrailState
from lockgate.webhook.trail import EVALUATOR, current_user, open_trail

# How long an entry of main's own waits for its receipt.
if TYPE_CHECKING:
    from lockgate.engine.quota.store.reading import Difference

# Of one entry; a database that was tampered with may have any number.
MAX_REPAIRS: Final = 1_000
MAX_DRIFTED: Final = 200
RECEIPT_S: Final = 30.0


@final
class ReplicaTrail:
    """An open trail. Its methods wait for a database, so main calls them in threads, one at a time."""

    def __init__(self, home: str, configuration: Mapping[str, str]) -> None:
        """`configuration`: what the server was told besides its policies. Raises TrailError or UsageError."""
        self._told: Mapping[str, str] | None = configuration
        self._configuration = sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()
        self._trail = open_trail(home)
        self._coverage: Coverage | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="lockgate-trail-")
        try:
            self.master_key: Final = self._trail.master_key_file()
            self._appending = self._trail.appending()
            try:
                self._server = AppenderServer(self._appending.appender, Path(self._folder.name, "appender"))
            except BaseException:
                self._appending.close()
                raise
        except BaseException:
            self._folder.cleanup()
            self._trail.close()
            raise

    @property
    def place(self) -> str:
        """Where the appender listens."""
        return str(self._server.path)

    @property
    def origin(self) -> str:
        """The log's origin."""
        return self._trail.origin

    @property
    def unreached(self) -> tuple[tuple[str, str], ...]:
        """Anchors that do not have the newest checkpoint, and why."""
        return self._appending.unreached

    def answer_vault(self, peer: socket.socket) -> None:
        """Answers a worker's questions for keys of namespaces until it ends."""
        serve_vault(self._trail.store, peer)

    def change(self, gate: Gate, now_ns: int) -> None:
        """Records what changed of policies and exemptions, and that they are in force. Raises TrailError."""
        actor = current_user()
        in_force = InForce(gate.policies.digest, self._configuration, EVALUATOR)
        drafts = [
            *self._configuration_changes(gate, actor),
            *policy_changes(self._trail, gate.policies, actor),
            *exemption_changes(self._trail, gate.exemptions, gate.policies.digest, actor, now_ns),
        ]
        if self._coverage is None:
            self._coverage = Coverage(self._trail.config.instance, in_force, system_clock())
        else:
            drafts = [*self._coverage.change(in_force, system_clock()), *drafts]
        self._append(drafts)
        self._told = None

    def _configuration_changes(self, gate: Gate, actor: str) -> list[Draft]:
        """Once, at the start: it is what this process was started with."""
        if self._told is None:
            return []
        return configuration_changes(self._trail, self._told, gate.policies.digest, actor)

    def ended_grants(self) -> frozenset[str]:
        """Digests of the break-glass grants that were taken away. Raises TrailError."""
        return ended_grants(self._trail)

    def tell_grant(self, event: GlassEvent) -> None:
        """Records what became of a break-glass grant. Raises TrailError."""
        self._append([event_draft(self._trail.recorder(), event)])

    def tell_repairs(self, policies: str, repaired: "Sequence[Difference]") -> None:
        """Records what a rebuild set right in the quotas' ledger. Raises TrailError."""
        details: list[Value] = [
            {"key": str(one.key), "had": [*one.had], "has": [*one.has]} for one in repaired[:MAX_REPAIRS]
        ]
        drafted = self._trail.recorder().quota_repairs(policies, current_user(), details)
        self._append([drafted])

    def tell_drift(self, policies: str, drifted: Mapping[str, str]) -> None:
        """Records what the cluster has in place of what was promoted: all of it as it is now. Raises TrailError."""
        details: list[Value] = [
            {"object": name, "problem": why} for name, why in sorted(drifted.items())[:MAX_DRIFTED]
        ]
        self._append([self._trail.recorder().policy_drift(policies, current_user(), details)])

    def left_claims(self) -> Sequence[Claim]:
        """What was claimed before this process and not seen yet, read beside what goes on. Raises TrailError."""
        with open_trail(str(self._trail.home)) as trail:
            return left_claims(trail, system_clock())

    def tell_seen(self, records: Sequence[int]) -> None:
        """Records that the objects of these records were seen in the cluster. Raises TrailError."""
        self._append([*seen_drafts(self._trail.config.instance, records)])

    def count(self, judged: int, unmatched: int, refused: int) -> None:
        """Requests that a worker counted; waits for nothing."""
        if self._coverage is not None:
            self._coverage.count(judged, unmatched, refused)

    def tick(self) -> None:
        """Records the minutes that are over. Raises TrailError."""
        if self._coverage is not None:
            self._append(self._coverage.tick(system_clock()))

    def _append(self, drafts: list[Draft]) -> None:
        for draft in drafts:
            self._appending.appender.append(draft, RECEIPT_S)

    def state(self) -> TrailState:
        """How long the log is, and how much of it each anchor has seen."""
        seen = {one.name: one.held_size or 0 for one in self._appending.statuses()}
        return TrailState(self._appending.size, seen)

    def close(self) -> None:
        """Records the last minute's counts, ends the socket and the appender. Raises TrailError."""
        try:
            self._server.close()
            if self._coverage is not None:
                self._append(self._coverage.tick(system_clock()))
        finally:
            try:
                self._appending.close()
            finally:
                self._folder.cleanup()
                self._trail.close()
