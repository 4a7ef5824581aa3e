"""Values of Kubernetes' libraries, as far as they are alike."""

from typing import Any

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.values import Opaque


class KubernetesValue(Opaque):
    """A value that may be compared with its own kind only; anything else is an error."""

    __slots__ = ()

    def equals(self, other: Any) -> bool:
        """Is it the other value? Raises CelError for one of another kind."""
        if type(other) is not type(self):
            raise CelError("no such overload")
        return bool(self == other)
