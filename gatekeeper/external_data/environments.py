"""The provider `lockgate-environments`, which answers in this process: in which environment an object is, or would be.

A key is JSON: `{"label": text of the object's label lockgate.dev/environment, "" without, "namespace": its namespace, ""
for none}`. The answer:

    {"cluster": this cluster's name, "environment": name, "required": bool}

`cluster` is "" where nobody named it; `required` says whether a PromotionPolicy in force has a step into the environment.
Where the environment is not known the key has an error that says why, and so has every key while something about
promotions is wrong: what that would ask for is not known.
"""

from collections.abc import Callable
from typing import Final, final

from lockgate.engine.codegen.values import parse_json
from lockgate.engine.decision import Item, Reply
from lockgate.engine.errors import InputError
from lockgate.engine.external_data import Providers, UnansweredError
from lockgate.engine.promotions.mapping import Placed
from lockgate.engine.record import record
from lockgate.gatekeeper.external_data.kinds import ENVIRONMENTS_PROVIDER

_FIELDS: Final = frozenset({"label", "namespace"})
# Answers that are kept.
_MOST_KEPT: Final = 10_000
_OK: Final = 200


@record
class KnownEnvironments:
    """What is known at a moment. place: the environment of a namespace and a label's text ("" for none), with the reason where it
    is not known. required: environments that take a promotion. wrong: why nothing is known, "" where something is.
    """

    cluster: str
    place: Callable[[str, str], Placed]
    required: frozenset[str] = frozenset()
    wrong: str = ""


@final
class EnvironmentProviders:
    """Answers by what is known; `others` answer for all other providers. Used by several threads at once."""

    def __init__(self, known: KnownEnvironments, others: Providers | None = None) -> None:
        self._known: Final = known
        self._others: Final = others
        self._kept: Final[dict[str, Item]] = {}

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer. Raises UnansweredError for another provider that nobody answers for."""
        if provider != ENVIRONMENTS_PROVIDER:
            if self._others is None:
                raise UnansweredError(f"the answers of provider {provider[:200]!r} (external_data)")
            return self._others.ask(provider, keys, seconds)
        return Reply(tuple([self._item(key) for key in keys]), _OK if keys else 0, keeps_s=None)

    def _item(self, key: str) -> Item:
        known = self._kept.get(key)
        if known is None:
            known = self._answer(key)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = known
        return known

    def _answer(self, key: str) -> Item:
        known = self._known
        asked = _question(key)
        if asked is None:
            return Item(
                key, None, f"no question about environments: no object with the texts {_names()} alone"
            )
        if known.wrong:
            return Item(key, None, known.wrong)
        placed = known.place(*asked)
        if not placed.environment:
            return Item(key, None, placed.why)
        return Item(
            key,
            {
                "cluster": known.cluster,
                "environment": placed.environment,
                "required": placed.environment in known.required,
            },
        )


def _names() -> str:
    return " and ".join(sorted(_FIELDS))


def _question(key: str) -> tuple[str, str] | None:
    """The namespace and the label that a key asks about; None where it is no question."""
    try:
        given = parse_json(key)
    except InputError:
        return None
    if type(given) is not dict or given.keys() != _FIELDS:
        return None
    label, namespace = given["label"], given["namespace"]
    if type(label) is not str or type(namespace) is not str:
        return None
    return namespace, label
