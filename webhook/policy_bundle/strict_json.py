"""JSON of a bundle's own files, read so that no two readers see different things: no key twice, no odd numbers."""

import json
from collections.abc import Mapping
from typing import Any

from lockgate.webhook.policy_bundle.bundle import bundle_error


class _DoubtfulError(ValueError):
    """What another reader may take for something else."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _DoubtfulError("a key is in it twice")
    return made


def _refuse(text: str) -> Any:
    raise _DoubtfulError(f"it has the number {text[:20]}")


def parse_object(data: bytes, shown: str, what: str, limit: int) -> Mapping[str, Any]:
    """The object that a text of at most `limit` bytes is. Raises UsageError."""
    if len(data) > limit:
        raise bundle_error(shown, f"{what} is larger than {limit >> 10} KiB")
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
        # Half a character, escaped, is text to Python and not to others.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except _DoubtfulError as error:
        raise bundle_error(shown, f"{what} cannot be read: {error}") from None
    except (ValueError, RecursionError):
        raise bundle_error(shown, f"{what} is no JSON") from None
    if not isinstance(value, dict):
        raise bundle_error(shown, f"{what} is no object")
    return value


def render_object(value: Mapping[str, Any]) -> bytes:
    """Sorted, without spaces and not escaped more than it has to be.

    OPA hashes `.manifest` by its values, as they would be written so: the hash of these bytes is the same.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
