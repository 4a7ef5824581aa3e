"""What is known of a promotion when a change is checked: who asks, signed facts of models, and promotions that were made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.promotions.asking import Known
from lockgate.engine.promotions.subjects import Holder, Subject
from lockgate.webhook.claims.asked import read_objects
from lockgate.webhook.promotions.judging import digest_of

if TYPE_CHECKING:
    from lockgate.webhook.promotions.known_facts import FactsReader
    from lockgate.webhook.promotions.naming import ModelNames

# What decides how a model answers, besides itself: as `policies/lib/serving.rego` has it.
BESIDE: Final = frozenset(("adapter", "code", "image", "runtime"))


class Knowledge(Protocol):
    """Tells what is known; all that it tells was verified."""

    def digest(self, model: Subject, environment: str) -> str:
        """Of a model's bytes, as they count in an environment; "" where nobody knows."""
        ...

    def known(self, digest: str, environment: str) -> Known:
        """All that is known of a promotion of these bytes."""
        ...

    def remarks(self, model: Subject, environment: str) -> tuple[str, ...]:
        """Why what was given of a model does not count in an environment."""
        ...

    def is_promoted(self, model: Subject, holder: Holder) -> bool:
        """Was the model promoted into the holder's environment and namespace, with all that runs it there?"""
        ...


@final
class GivenKnowledge:
    """What a command is given. facts: None without any. promotions: what the provider `lockgate-promotions` answers, by reference."""

    def __init__(
        self,
        now_ns: int,
        requester: str,
        names: "ModelNames",
        facts: "FactsReader | None" = None,
        promotions: Mapping[str, Value] | None = None,
    ) -> None:
        self._now_ns: Final = now_ns
        self._requester: Final = requester
        self._facts: Final = facts
        self._promotions: Final[dict[tuple[str, str], dict[str, Value]]] = {}
        named = names.of(promotions or ())
        for uri, answer in (promotions or {}).items():
            if uri in named and type(answer) is dict:
                self._promotions[named[uri]] = answer

    def digest(self, model: Subject, environment: str) -> str:
        """By signed facts."""
        if model.digest or self._facts is None:
            return model.digest
        return self._facts.facts_of(environment).digests.get((model.key, model.version), "")

    def known(self, digest: str, environment: str) -> Known:
        """Who asks, and evidence in signed facts."""
        evidence = () if self._facts is None else self._facts.facts_of(environment).evidence.get(digest, ())
        return Known(self._now_ns, self._requester, evidence)

    def remarks(self, model: Subject, environment: str) -> tuple[str, ...]:
        """Of signed facts."""
        if self._facts is None:
            return ()
        return self._facts.facts_of(environment).reasons.get((model.key, model.version), ())

    def is_promoted(self, model: Subject, holder: Holder) -> bool:
        """By what a trail has of it. Who sends it is not known here: that it is the newest is asked of everybody."""
        told = self._promotions.get((model.key, model.version), {}).get(holder.environment)
        promotions = read_objects(told)
        return any(_fits(one, model, holder) for one in promotions)


def _fits(promotion: dict[str, Value], model: Subject, holder: Holder) -> bool:
    """Is a promotion current, of this place and these bytes, and does it have all that runs the model? Of clusters nothing is known."""
    if promotion.get("state") != "current" or promotion.get("namespace") not in ("", holder.namespace):
        return False
    if any(one.get("namespace") in ("", holder.namespace) for one in read_objects(promotion.get("newer"))):
        return False
    digest = digest_of(model)
    if digest and promotion.get("subject") != digest:
        return False
    beside = read_objects(promotion.get("serving"))
    return all(
        {"kind": one.kind, "key": one.key, "version": one.version} in beside
        for one in holder.subjects
        if one.kind in BESIDE
    )
