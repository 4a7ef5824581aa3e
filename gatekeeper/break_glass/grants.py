"""The grants that are known, and which of them let something through. Pure: the clock is passed in."""

from collections.abc import Sequence
from typing import Final, Literal, final

from lockgate.engine.decision import Decision, PolicyKey
from lockgate.engine.record import record
from lockgate.gatekeeper.break_glass.grant import Grant
from lockgate.gatekeeper.break_glass.policy import GrantPolicy, grant_objection, valid_signer
from lockgate.gatekeeper.exemptions.moments import render_moment

State = Literal["active", "expired", "not_yet", "refused"]
# Nobody needs as many at once; each costs the verification of its signatures.
MAX_GRANTS: Final = 1_000


@record
class GrantStanding:
    """How a grant stands at a moment: signer, of one that counts; why, of one that has no effect."""

    grant: Grant
    state: State
    signer: str
    why: str


@final
class Grants:
    """All grants that are known, with the policies about them.

    Exactly one policy has to be there: without one nobody may break the glass, and of two nobody knows which holds.
    ended: the digests of grants that were there once and were taken away, which nobody can bring back.
    """

    __slots__ = ("_standings", "all")

    def __init__(
        self,
        grants: Sequence[Grant],
        policies: Sequence[GrantPolicy],
        ended: frozenset[str] = frozenset(),
    ) -> None:
        # Two may be called the same, in files and in the cluster: each stands for itself.
        self.all: Final = tuple(sorted(grants, key=lambda one: one.name))
        standings: list[tuple[str, str | None]] = []
        # The same policy may be in a file and in the cluster.
        distinct = [one for place, one in enumerate(policies) if one not in policies[:place]]
        for place, one in enumerate(self.all):
            signer: str | None = None
            if len(distinct) != 1:
                told = (
                    "there is no BreakGlassPolicy" if not policies else "there are several BreakGlassPolicies"
                )
            elif one.digest in ended:
                told = "it was taken away before: make a new one"
            elif place >= MAX_GRANTS:
                told = f"there are more than {MAX_GRANTS} grants"
            else:
                told = grant_objection(distinct[0], one)
                signer = valid_signer(distinct[0], one)
            standings.append((told, signer))
        # Of each why it has no effect, and whose signature counts; None where nobody has looked at them.
        self._standings: tuple[tuple[str, str | None], ...] = tuple(standings)

    def find(self, namespace: str, keys: Sequence[PolicyKey] | None, now_ns: int) -> Grant | None:
        """The grant that lets through what these policies stopped; keys: None for what could not be judged at all.

        One grant has to reach all of it: several do not add up.
        """
        for one, (why, _) in zip(self.all, self._standings, strict=True):
            if not one.terms.from_ns <= now_ns < one.terms.until_ns:
                continue
            if not why and one.reaches(namespace, keys):
                return one
        return None

    def counted(self, grant: Grant) -> bool:
        """Whether the grant has an effect in its time, or would have with a policy about it."""
        found = [standing for one, standing in zip(self.all, self._standings, strict=True) if one == grant]
        return any(not why or signer is None for why, signer in found) or not found

    def standings(self, now_ns: int) -> tuple[GrantStanding, ...]:
        """How each grant stands."""
        pairs = zip(self.all, self._standings, strict=True)
        return tuple([_standing(one, why, signer or "", now_ns) for one, (why, signer) in pairs])


def _standing(one: Grant, why: str, signer: str, now_ns: int) -> GrantStanding:
    # What is refused is told as that, however late: nobody takes it for one that had an effect.
    if why:
        return GrantStanding(one, "refused", signer, why)
    if now_ns >= one.terms.until_ns:
        return GrantStanding(one, "expired", signer, f"it expired on {render_moment(one.terms.until_ns)}")
    if now_ns < one.terms.from_ns:
        return GrantStanding(one, "not_yet", signer, f"it begins on {render_moment(one.terms.from_ns)}")
    return GrantStanding(one, "active", signer, "")


def stopped_by(decision: Decision) -> tuple[PolicyKey, ...]:
    """The policies because of which an object is not let through; empty where none of them stops it."""
    keys = {one.policy: None for one in decision.violations if "deny" in one.actions}
    keys.update({one.policy: None for one in decision.failures})
    keys.update({one.policy: None for one in decision.not_evaluated})
    return tuple(keys)
