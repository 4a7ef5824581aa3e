"""The values of the inventory's Secrets, which nothing that policies say may show, as Secrets come and go.

Values of Secrets that have changed stay masked for a while: finding out what is no longer a value of any needs all of
them, so that is done when as many have gone as are left.
"""

from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.serving.objects import ObjectKey

if TYPE_CHECKING:
    # Imported where there are Secrets.
    from lockgate.engine.masking.masker import Masker
    from lockgate.engine.masking.secret_values import SecretValues

SECRET: Final = GroupVersionKind("", "v1", "Secret")
_MOST_GONE: Final = 100


@final
class LiveSecrets:
    """The Secrets that policies can read."""

    __slots__ = ("_gone", "_known", "_made", "_secrets")

    def __init__(self) -> None:
        self._secrets: Final[dict[ObjectKey, dict[str, Value]]] = {}
        self._known: SecretValues | None = None
        self._made: Masker | None = None
        self._gone = 0

    def put(self, key: ObjectKey, value: dict[str, Value]) -> None:
        """The Secret is as `value`."""
        before = self._secrets.get(key)
        if before is value:
            return
        self._gone += before is not None
        self._secrets[key] = value
        if self._known is not None:
            self._collect(value, self._known)
        self._made = None

    def remove(self, key: ObjectKey) -> None:
        """The Secret is gone."""
        if self._secrets.pop(key, None) is not None:
            self._gone += 1
            self._made = None

    def masker(self) -> "Masker | None":
        """What masks their values; None when there are none."""
        if not self._secrets:
            self._known = self._made = None
            self._gone = 0
            return None
        if self._made is None:
            from lockgate.engine.masking.masker import masker_of
            from lockgate.engine.masking.secret_values import SecretValues

            if self._known is None or self._gone > max(_MOST_GONE, len(self._secrets)):
                self._known = SecretValues()
                self._gone = 0
                for value in self._secrets.values():
                    self._collect(value, self._known)
            self._made = masker_of(self._known)
        return self._made

    def _collect(self, value: dict[str, Value], known: "SecretValues") -> None:
        from lockgate.engine.masking.secret_values import collect_value

        collect_value(value, known, 0)
