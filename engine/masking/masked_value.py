"""A copy of a value without its secrets, for what is hashed or stored rather than shown."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.masking.masker import MASK, Masker, masker_of
from lockgate.engine.masking.secret_values import LAST_APPLIED, SecretValues, collect_value
from lockgate.engine.record import record

# Stands for what may hold secrets and cannot be masked in bounded time.
# Deeper than any manifest; what is below is not kept.
MAX_NESTING: Final = 150
NOT_KEPT: Final = "(not kept: it may hold secret values and is too large or too deep to mask)"


@record
class MaskedValues:
    """Copies of values, masked together, and the Masker that knows their secrets."""

    values: tuple[Value, ...]
    masker: Masker


def mask_values(values: Sequence[Value]) -> MaskedValues:
    """Copies of values (a request, and what was said of it), without the secrets that any of them holds.

    Masked are values of Secrets, `userInfo.extra`, `last-applied-configuration` copies, credential-like literals, and
    every echo of them. A value that cannot be masked in bounded time is replaced as a whole.
    """
    collected = SecretValues()
    paths = [frozenset(collect_value(value, collected, 0)) for value in values]
    masker = masker_of(collected)
    if collected.overflow:
        return MaskedValues(tuple([NOT_KEPT for _ in values]), masker)
    made = [_copy(value, (), found, masker) for value, found in zip(values, paths, strict=True)]
    return MaskedValues(tuple(made), masker)


def _copy(value: Value, path: Path, secret: frozenset[Path], masker: Masker) -> Value:
    if len(path) > MAX_NESTING:
        return NOT_KEPT
    if type(value) is str:
        return MASK if path in secret else masker.replaced(value)
    if type(value) is dict:
        made: dict[str, Value] = {}
        for name, part in value.items():
            if name == LAST_APPLIED:
                kept: Value = MASK
            elif name == "userInfo" and type(part) is dict and "extra" in part:
                kept = _copy({**part, "extra": MASK}, (*path, name), secret, masker)
            else:
                kept = _copy(part, (*path, name), secret, masker)
            made[masker.replaced(name)] = kept
        return made
    if type(value) is list:
        return [_copy(part, (*path, index), secret, masker) for index, part in enumerate(value)]
    return MASK if path in secret else value
