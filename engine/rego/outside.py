"""What lies outside of evaluations and may be reached by them, for those few builtins that do."""

from collections.abc import Mapping
from threading import Lock
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakKeyDictionary

from lockgate.engine.codegen.values import Value

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
        self._answers: WeakKeyDictionary[object, dict[Any, Any]] = WeakKeyDictionary()
        self._lock = Lock()

    def answers(self, evaluation: object) -> dict[Any, Any]:
        """What was answered during an evaluation so far, by what was asked. Gone with the evaluation."""
        with self._lock:
            return self._answers.setdefault(evaluation, {})

    def may_reach(self, host: str) -> bool:
        """May this host be reached?"""
        return self.allow_net is None or host in self.allow_net
