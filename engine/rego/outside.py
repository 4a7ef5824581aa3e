"""What lies outside of evaluations and may be reached by them, for those few builtins that do."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from lockgate.engine.codegen.values import Value

# Evaluations whose answers from outside are kept at the same time: one for each thread that evaluates.
_MAX_EVALUATIONS: Final = 64
NO_RUNTIME: Final[Mapping[str, Value]] = MappingProxyType({})


class Outside:
    """The hosts that may be reached (None: any), the document that `opa.runtime` gives, and answers that are kept.

    What was answered once during an evaluation is answered so until it ends. `shared` is for answers that later
    evaluations may use, by whoever puts them there.
    """

    def __init__(
        self, allow_net: frozenset[str] | None = frozenset(), runtime: Mapping[str, Value] = NO_RUNTIME
    ) -> None:
        self.allow_net = allow_net
        self.runtime = runtime
        self.shared: dict[Any, Any] = {}
        self._answers: OrderedDict[int, tuple[object, dict[Any, Any]]] = OrderedDict()
        self._lock = Lock()

    def answers(self, evaluation: object) -> dict[Any, Any]:
        """What was answered during an evaluation so far, by what was asked."""
        with self._lock:
            # The evaluation is kept too, so that no later one gets its number.
            found = self._answers.setdefault(id(evaluation), (evaluation, {}))
            self._answers.move_to_end(id(evaluation))
            if len(self._answers) > _MAX_EVALUATIONS:
                self._answers.popitem(last=False)
        return found[1]

    def may_reach(self, host: str) -> bool:
        """May this host be reached?"""
        return self.allow_net is None or host in self.allow_net
