"""Lines of JSON whose parts recur: a field that was found harmless and rendered once is looked up from then on.

It gives the text that `log_lines.json_line` makes of the same fields, or none, and then that one has to be asked.
"""

from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from typing import Final, final

from lockgate.engine.masking.credentials import may_hold_secrets
from lockgate.webhook.app.log_lines import MAX_ITEMS, MAX_TEXT, OWN, LogValue

# Bounded, since whoever sends objects chooses their names.
MAX_KNOWN: Final = 4_096
MAX_KNOWN_TEXT: Final = 256


@final
class QuickLines:
    """Fields by name and value. recurring: names of those that have the same value in many lines."""

    __slots__ = ("_known", "_recurring")

    def __init__(self, recurring: frozenset[str]) -> None:
        self._recurring: Final = recurring
        self._known: dict[tuple[str, str | tuple[str, ...]], str] = {}

    def fields(self, fields: Mapping[str, LogValue]) -> str | None:
        """The fields as text; None where one is not known, has something to mask, or is to be cut."""
        parts: list[str] = []
        new: list[str] = []
        known, recurring = self._known, self._recurring
        for name, value in fields.items():
            part: str | None
            if value is None or name in OWN:
                continue
            if isinstance(value, str):
                if not value:
                    continue
                if name in recurring:
                    part = known.get((name, value))
                elif len(value) <= MAX_TEXT:
                    new.append(value)
                    part = f',"{name}":{quoted(value)}'
                else:
                    return None
            elif isinstance(value, tuple):
                if not value:
                    continue
                part = known.get((name, value))
            elif type(value) is int or (type(value) is float and isfinite(value)):
                part = f',"{name}":{value!r}'
            else:
                return None
            if part is None:
                return None
            parts.append(part)
        try:
            if may_hold_secrets("\n".join(new).encode()):
                return None
        except UnicodeEncodeError:
            return None
        return "".join(parts)

    def learn(self, fields: Mapping[str, LogValue]) -> None:
        """Takes what recurs of fields in which nothing is to be masked."""
        for name, value in fields.items():
            if name not in self._recurring or name in OWN or not value:
                continue
            if isinstance(value, str):
                if len(value) <= MAX_KNOWN_TEXT:
                    self._keep(name, value, quoted(value))
            elif (
                isinstance(value, tuple)
                and len(value) <= MAX_ITEMS
                and all(len(one) <= MAX_KNOWN_TEXT for one in value)
            ):
                self._keep(name, value, f"[{','.join(map(quoted, value))}]")

    def _keep(self, name: str, value: str | tuple[str, ...], text: str) -> None:
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[name, value] = f',"{name}":{text}'
