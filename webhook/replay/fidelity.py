"""Fidelity: do the policies that a record names decide again what it says they did, and if not, why not?"""

from collections.abc import Mapping
from typing import Final, Literal, final

from lockgate.engine.decision import Decision
from lockgate.engine.policy import PolicySet
from lockgate.gatekeeper.quotas.kinds import DEVICE_QUOTA
from lockgate.webhook.replay.outcome import Outcome, Said, outcome_of
from lockgate.webhook.replay.recorded import Recorded

# What explains that a Decision comes out otherwise, the first that does; see `REASONS`.
Reason = Literal[
    "quota", "answer", "facts", "exemption", "stopped", "clock", "evaluator", "masked", "unexplained"
]
REASONS: Final[Mapping[Reason, str]] = {
    "quota": "a DeviceQuota denied it: what its ledger held then is not in the record",
    "answer": "a policy asks for external data that is not in the record",
    "facts": "a policy needs the inventory, or what else was known of the cluster, which is not in the record",
    "exemption": "the exemptions are not those of then",
    "stopped": "a policy was stopped then, by its deadline, or failed, and was not now",
    "clock": "a policy looks at the clock, and the record's time is that of its entry",
    "evaluator": "it was decided by another version of the evaluator",
    "masked": "the record masks values that a policy looks at",
    "unexplained": "nothing in the record explains it",
}
_QUOTA: Final = f"{DEVICE_QUOTA}/"
_ANSWER: Final = "an answer of provider"
_NOT_RECORDED: Final = "that was not recorded"
# Misses that are shown.
MAX_SHOWN: Final = 20


def explain_miss(
    recorded: Recorded, again: Decision, policies: PolicySet, evaluator: str
) -> tuple[Reason, tuple[Said, ...]] | None:
    """Why a Decision made again is another, and what only one of both says; None where it is the same."""
    now = frozenset([_as_recorded(one, recorded.outcome) for one in outcome_of(again)])
    if now == recorded.outcome:
        return None
    gone, new = recorded.outcome - now, now - recorded.outcome
    return _reason(recorded, gone, new, policies, evaluator), tuple(sorted([*gone, *new]))


def _as_recorded(said: Said, outcome: Outcome) -> Said:
    """What a policy says for want of an answer, as it was said then if nobody was asked then either."""
    if said.how != "unknown" or not said.message.startswith(_ANSWER):
        return said
    unasked = f"the answers of provider {said.message.removeprefix(_ANSWER).removesuffix(_NOT_RECORDED).strip()} (external_data)"
    then = said._replace(message=unasked)
    return then if then in outcome else said


def _reason(recorded: Recorded, gone: Outcome, new: Outcome, policies: PolicySet, evaluator: str) -> Reason:
    unknown = [one for one in new if one.how == "unknown"]
    differing = gone | new
    if all(one.policy.startswith(_QUOTA) for one in differing):
        return "quota"
    if any(_ANSWER in one.message for one in unknown):
        return "answer"
    if unknown:
        return "facts"
    permitted = _without_exemptions(gone)
    if permitted and permitted == _without_exemptions(new):
        return "exemption"
    if any(one.how == "failure" for one in gone):
        return "stopped"
    if policies.momentary and not {str(key) for key in policies.momentary}.isdisjoint(
        {one.policy for one in differing}
    ):
        return "clock"
    if recorded.evaluator != evaluator:
        return "evaluator"
    return "masked" if recorded.masked else "unexplained"


def _without_exemptions(outcome: Outcome) -> frozenset[tuple[str, str]]:
    return frozenset([(one.policy, one.message) for one in outcome if one.how in ("violation", "exempted")])


@final
class Fidelity:
    """Counts. same: Decisions that came out as recorded, of the `judged` under the policies that they name.

    others: Decisions under other policies than those given, by their digest; `others_same` came out as recorded all
    the same. misses: by reason; shown: some of them, with what only one of both says.
    """

    def __init__(self) -> None:
        self.judged = self.same = self.others_same = 0
        self.others: dict[str, int] = {}
        self.misses: dict[Reason, int] = {}
        self.shown: list[tuple[int, Reason, tuple[Said, ...]]] = []

    def take(self, recorded: Recorded, again: Decision, policies: PolicySet, evaluator: str) -> None:
        """One more."""
        if recorded.policies != policies.digest:
            self.others[recorded.policies] = self.others.get(recorded.policies, 0) + 1
            self.others_same += outcome_of(again) == recorded.outcome
            return
        self.judged += 1
        miss = explain_miss(recorded, again, policies, evaluator)
        if miss is None:
            self.same += 1
            return
        reason, said = miss
        self.misses[reason] = self.misses.get(reason, 0) + 1
        if len(self.shown) < MAX_SHOWN:
            self.shown.append((recorded.index, reason, said))

    def add(self, other: "Fidelity") -> None:
        """The counts of later ones too."""
        self.judged += other.judged
        self.same += other.same
        self.others_same += other.others_same
        for digest, count in other.others.items():
            self.others[digest] = self.others.get(digest, 0) + count
        for reason, count in other.misses.items():
            self.misses[reason] = self.misses.get(reason, 0) + count
        self.shown = [*self.shown, *other.shown][:MAX_SHOWN]
