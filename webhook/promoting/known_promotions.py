"""What a log has of promotions, as the provider `lockgate-promotions` answers it (policies/models/promoted_models).

A key is a model reference in its one spelling; the answer is, by environment, the latest promotions of it, one for each place:

    {"prod": [{"entry": 10, "state": "current", "model", "version", "subject", "namespace", "cluster", "flags": […],
               "serving": [{"kind", "key", "version"}]}]}

`state` is `current` where it is what that place has, `former` where another version came after it, `revoked`, or `unsound`
where it rests on a key that was revoked. A current one for any namespace, or any cluster, has `newer` where another version came
after it for a part of that: `[{"namespace", "cluster"}]`, in which it is former. Each statement is read from the body of the entry that asked for it: one that was
erased, or is no statement, is an error of the references that are known to be of those bytes, and of no others.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, Literal, final

from lockgate.audit.errors import FormatError, UnverifiableError, VerificationError
from lockgate.audit.promotions.history import Promotion, Request
from lockgate.audit.promotions.statement import PromotionStatement
from lockgate.engine.errors import InputError
from lockgate.gatekeeper.external_data.kinds import FIXTURES_KIND, FIXTURES_VERSION, PROMOTIONS_PROVIDER
from lockgate.webhook.promoting.promotion_log import PromotionLog

State = Literal["current", "former", "revoked", "unsound"]

# How the models are called that are policies.
POLICIES: Final = "policies:"
# What is said of a reference that was never promoted.
UNKNOWN: Final = "no promotion of it is recorded"
# Together, as JSON: every process that judges keeps all of it. About 40,000 promotions.
MAX_BYTES: Final = 16 * 1024 * 1024
# Entries that a text names.
_MOST_NAMED: Final = 5
_MAX_REASON: Final = 300

# Where a promotion is for: environment, cluster and namespace; "" for any.
_Slot = tuple[str, str, str]
# A model's version by its bytes: what a promotion says of itself without its body.
_Bytes = tuple[str, str, str]


@final
class KnownPromotions:
    """Tells what a log has, as it is then. Statements that were read are kept: their entries do not change."""

    def __init__(self, log: PromotionLog) -> None:
        self._log: Final = log
        self._read: Final[dict[int, PromotionStatement | str]] = {}

    def external_data(self) -> dict[str, Any]:
        """An object of kind ExternalData. Raises LockgateError where the trail cannot be read."""
        latest, newest, unread = self._latest()
        values, left_out = self._values(latest, newest)
        errors = {}
        for reference, promotion in unread.items():
            values.pop(reference, None)
            errors[reference] = (
                f"the statement of entry {promotion.request.index}, by which it was promoted into "
                f"{promotion.promoted.environment}, cannot be read: {self._read[promotion.request.index]}"
            )
        return _object(values=values, errors=errors, otherwise=self._otherwise(left_out))

    def bundles(self) -> dict[tuple[str, str, str], str]:
        """The digests of PolicyBundles that are promoted, by model, environment and cluster ("" for any)."""
        newest: dict[tuple[str, str, str], Promotion] = {}
        for promotion in self._log.history.made():
            if not promotion.promoted.model.startswith(POLICIES):
                continue
            said = self._statement(promotion.request)
            if not isinstance(said, str):
                newest[said.model, said.to.environment, said.to.cluster] = promotion
                continue
            # For which cluster it was nobody knows: what came before it is in force nowhere any more.
            for slot in [one for one in newest if one[:2] == _model_of(promotion)]:
                del newest[slot]
        return {
            slot: promotion.promoted.subject
            for slot, promotion in newest.items()
            if promotion.revoked is None and self._log.history.is_sound(promotion)
        }

    def _latest(
        self,
    ) -> tuple[dict[tuple[str, _Slot], Promotion], dict[tuple[str, _Slot], Promotion], dict[str, Promotion]]:
        """The latest promotions by reference and place, those by model and place, and what cannot be read where it would be one."""
        latest: dict[tuple[str, _Slot], Promotion] = {}
        newest: dict[tuple[str, _Slot], Promotion] = {}
        references: dict[_Bytes, set[str]] = {}
        unread: dict[str, Promotion] = {}
        for request in self._log.history.requests():
            # Also of requests that came to nothing: they tell what the bytes are called.
            said = self._statement(request)
            if not isinstance(said, str):
                references.setdefault(_bytes(request), set()).add(said.reference)
        for promotion in self._log.history.made():
            said = self._statement(promotion.request)
            environment = promotion.promoted.environment
            if isinstance(said, str):
                # For which place it was nobody knows: what came before it is current in none.
                for one in [one for one in newest if (one[0], one[1][0]) == _model_of(promotion)]:
                    newest[one] = promotion
                unread.update(dict.fromkeys(references.get(_bytes(promotion.request), ()), promotion))
                continue
            slot = (environment, said.to.cluster, said.to.namespace)
            latest[said.reference, slot] = newest[said.model, slot] = promotion
            before = unread.get(said.reference)
            if before is not None and before.promoted.environment == environment:
                del unread[said.reference]
        return latest, newest, unread

    def _statement(self, request: Request) -> PromotionStatement | str:
        """The statement, or why it cannot be read."""
        known = self._read.get(request.index)
        if known is None:
            try:
                known = self._log.asked(request).statement
            except (FormatError, InputError, UnverifiableError, VerificationError) as error:
                known = error.message[:_MAX_REASON]
            self._read[request.index] = known
        return known

    def _values(
        self,
        latest: Mapping[tuple[str, _Slot], Promotion],
        newest: Mapping[tuple[str, _Slot], Promotion],
    ) -> tuple[dict[str, Any], int]:
        """What is answered, and how many references are left out since it would be too much: the oldest that nothing runs by."""
        found: dict[str, dict[str, list[Any]]] = {}
        places = _Places(newest)
        for (reference, slot), promotion in sorted(latest.items(), key=lambda one: one[0]):
            said = self._statement(promotion.request)
            assert not isinstance(said, str)
            state = self._state(promotion, newest[said.model, slot])
            newer: list[dict[str, str]] = []
            if state == "current":
                after = places.after(promotion, said.model, slot)
                if any(_has(one, slot) for one in after):
                    state = "former"
                else:
                    newer = [{"namespace": one[2], "cluster": one[1]} for one in sorted(after)]
            found.setdefault(reference, {}).setdefault(slot[0], []).append(
                {**_answer(promotion, said, state), **({"newer": newer} if newer else {})}
            )
        room = MAX_BYTES
        values: dict[str, Any] = {}
        for reference in sorted(found, key=lambda one: _order(found[one]), reverse=True):
            room -= len(json.dumps(found[reference])) + len(reference)
            if room < 0:
                break
            values[reference] = found[reference]
        return values, len(found) - len(values)

    def _state(self, promotion: Promotion, newest: Promotion) -> State:
        """newest: of the model in that place."""
        history = self._log.history
        if promotion.revoked is not None:
            return "revoked"
        if not history.is_sound(promotion):
            return "unsound"
        return "current" if newest is promotion else "former"

    def _otherwise(self, left_out: int) -> str:
        unread = [one for one, said in self._read.items() if isinstance(said, str)]
        named = ", ".join(map(str, unread[:_MOST_NAMED])) + ("…" if len(unread) > _MOST_NAMED else "")
        return "; ".join(
            [
                UNKNOWN,
                *([f"what entries {named} ask for cannot be read"] if unread else []),
                *([f"{left_out} former ones are too many to be told"] if left_out else []),
            ]
        )


@final
class _Places:
    """Where what came last of each model meets."""

    def __init__(self, newest: Mapping[tuple[str, _Slot], Promotion]) -> None:
        self._all: Final[defaultdict[tuple[str, str], list[tuple[_Slot, Promotion]]]] = defaultdict(list)
        # By namespace too: there may be many, each for one.
        self._in: Final[defaultdict[tuple[str, str, str], list[tuple[_Slot, Promotion]]]] = defaultdict(list)
        for (model, slot), promotion in newest.items():
            self._all[model, slot[0]].append((slot, promotion))
            self._in[model, slot[0], slot[2]].append((slot, promotion))

    def after(self, promotion: Promotion, model: str, slot: _Slot) -> list[_Slot]:
        """Other places that have something in common with a promotion's, for which another of the model came after it."""
        environment, cluster, namespace = slot
        near = (
            [*self._in[model, environment, namespace], *self._in[model, environment, ""]]
            if namespace
            else self._all[model, environment]
        )
        return [
            one
            for one, newer in near
            if newer.index > promotion.index and (not cluster or one[1] in ("", cluster))
        ]


def _has(wide: _Slot, slot: _Slot) -> bool:
    """Is all of a place in another one?"""
    return all(one in ("", other) for one, other in zip(wide[1:], slot[1:], strict=True))


def trouble_data(why: str) -> dict[str, Any]:
    """An object of kind ExternalData for promotions that are not known."""
    return _object(systemError=f"the promotions are not known: {why}")


def _object(**said: Any) -> dict[str, Any]:
    return {
        "apiVersion": FIXTURES_VERSION,
        "kind": FIXTURES_KIND,
        "providers": [{"provider": PROMOTIONS_PROVIDER, **said}],
    }


def _model_of(promotion: Promotion) -> tuple[str, str]:
    """The model and the environment, which are known without a statement."""
    return promotion.promoted.model, promotion.promoted.environment


def _bytes(request: Request) -> _Bytes:
    return request.promoted.model, request.promoted.version, request.promoted.subject


def _order(environments: Mapping[str, list[Any]]) -> tuple[bool, int]:
    """What something runs by comes last, and of the others the newest."""
    answers = [one for places in environments.values() for one in places]
    return any(one["state"] == "current" for one in answers), max(one["entry"] for one in answers)


def _answer(promotion: Promotion, said: PromotionStatement, state: State) -> dict[str, Any]:
    return {
        "entry": promotion.index,
        "state": state,
        "model": said.model,
        "version": said.version,
        "subject": said.subject,
        "namespace": said.to.namespace,
        "cluster": said.to.cluster,
        "serving": [{"kind": one.kind, "key": one.key, "version": one.version} for one in said.serving],
        "flags": [*said.flags],
    }
