"""The stage *record* of a worker: a decision is in the trail before it is answered, or the answer is closed.

Main has the log and the keys of namespaces; a worker makes drafts, and counts what it does not record.
"""

import asyncio
from time import monotonic
from typing import Final, final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.receipt import Place
from lockgate.audit.recorder import Caller, Recorder, Subject
from lockgate.audit.vault import NO_NAMESPACE, Vault
from lockgate.engine.codegen.values import Value
from lockgate.webhook.gate import Judged
from lockgate.webhook.serving.admitting import Admitted, Mode
from lockgate.webhook.serving.claims import Untold
from lockgate.webhook.serving.glass_uses import GlassUses
from lockgate.webhook.serving.trail_client import TrailClient
from lockgate.webhook.serving.wire import AdmissionCall
from lockgate.webhook.spool import Spool

_NOBODY: Final = Subject()


@final
class CoverageCounts:
    """What one worker counted for the replica's coverage since the last time."""

    __slots__ = ("judged", "refused", "unmatched")

    def __init__(self) -> None:
        self.judged = self.unmatched = self.refused = 0

    def take(self) -> tuple[int, int, int]:
        """Judged, unmatched and refused since the last time."""
        taken = (self.judged, self.unmatched, self.refused)
        self.judged = self.unmatched = self.refused = 0
        return taken


@final
class Remembering:
    """Records what was decided. Used on one event loop."""

    __slots__ = ("_client", "_recorder", "_uses", "_vault", "counts", "untold")

    def __init__(
        self,
        vault: Vault,
        evaluator: str,
        client: TrailClient,
        spool: Spool | None = None,
        untold: Untold | None = None,
    ) -> None:
        """`spool`: of what break-glass lets through while nothing can be recorded; `untold`: what records claim, where
        somebody looks for it in a cluster."""
        self._vault = vault
        self._recorder = Recorder(vault, evaluator)
        self._client = client
        self._uses = GlassUses(self._recorder, spool)
        self.counts: Final = CoverageCounts()
        self.untold: Final = untold

    @property
    def waiting(self) -> int:
        """How many drafts wait for their receipts."""
        return self._client.waiting

    async def remember(
        self, call: AdmissionCall, admitted: Admitted, judged: Judged, caller: Caller, answer_by: float
    ) -> Place | None:
        """Records what was decided of a call that is answered so, and waits for its receipt until a moment (`time.monotonic`).

        None for what no policy matched, which is counted. Raises LockgateError for what could not be recorded.
        """
        decision = judged.decision
        if decision.matched == 0 and decision.verdict == "allow":
            self.counts.unmatched += 1
            return None
        try:
            receipt = await self._append(call, admitted.mode, judged, caller, answer_by)
        except BaseException:
            self.counts.refused += 1
            raise
        self.counts.judged += 1
        if self.untold is not None:
            self.untold.add(call, decision, receipt.index, admitted.mode)
        return receipt

    async def remember_labels(
        self, call: AdmissionCall, admitted: Admitted, policies: str, answer_by: float
    ) -> Place:
        """Records labels of a Namespace that change and decide. Raises LockgateError for what could not be recorded."""
        changes: list[Value] = [
            {"label": one.label, "before": one.before, "after": one.after} for one in admitted.labels
        ]
        user = call.request.get("userInfo")
        actor = user.get("username") if isinstance(user, dict) else None
        details: dict[str, Value] = {"namespace": call.name, "operation": call.operation, "labels": changes}
        key = f"labels/{call.uid}/{call.digest}"
        who = actor if isinstance(actor, str) else ""
        try:
            async with asyncio.timeout(answer_by - monotonic()):
                draft = await asyncio.to_thread(self._recorder.namespace_labels, policies, who, details, key)
        except TimeoutError:
            raise TrailError("the key of the entry did not come in time") from None
        return await self._client.append(draft, answer_by - monotonic())

    async def remember_use(self, call: AdmissionCall, admitted: Admitted, answer_by: float) -> None:
        """Records what a break-glass grant lets through. Raises LockgateError for what could not be recorded."""
        try:
            async with asyncio.timeout(answer_by - monotonic()):
                draft = await asyncio.to_thread(self._uses.draft, call, admitted)
        except TimeoutError:
            raise TrailError("the key of the namespace did not come in time") from None
        await self._client.append(draft, answer_by - monotonic())

    async def keep_use(self, call: AdmissionCall, admitted: Admitted) -> None:
        """Keeps it until it can be recorded. Raises TrailError where that cannot be done either."""
        await asyncio.to_thread(self._uses.keep, call, admitted)

    async def _append(
        self, call: AdmissionCall, mode: Mode, judged: Judged, caller: Caller, answer_by: float
    ) -> Place:
        if self._vault.is_at_hand(call.namespace or NO_NAMESPACE):
            drafts = self._drafts(call, mode, judged, caller)
        else:
            # Main is asked for the key.
            try:
                async with asyncio.timeout(answer_by - monotonic()):
                    drafts = await asyncio.to_thread(self._drafts, call, mode, judged, caller)
            except TimeoutError:
                raise TrailError("the key of the namespace did not come in time") from None
        first, *others = drafts
        receipt = await self._client.append(first, answer_by - monotonic())
        for draft in others:
            await self._client.append(draft, answer_by - monotonic())
        return receipt

    def _drafts(self, call: AdmissionCall, mode: Mode, judged: Judged, caller: Caller) -> list[Draft]:
        decision = judged.decision
        made = [
            self._recorder.decision(
                judged.review, decision, _NOBODY, _request_key(call, judged), caller=caller, mode=mode
            )
        ]
        if decision.exempted:
            made += self._recorder.exemption_uses(judged.review, decision)
        return made


def _request_key(call: AdmissionCall, judged: Judged) -> str:
    """What names the request: its uid, and what was decided of what, so that a uid that is used for something else
    stands for another request."""
    decision = judged.decision
    return f"admission/{call.uid}/{call.digest}/{decision.verdict}/{decision.policies_digest}/{decision.facts_digest}"
