"""JSON of a bundle's own files, read so that no two readers see different things: no key twice, no odd numbers."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from lockgate.engine.foreign_documents import DoubtfulError, strict_json
from lockgate.webhook.policy_bundle.bundle import bundle_error


def _refuse(text: str) -> NoReturn:
    raise DoubtfulError(f"it has the number {text[:20]}")


def parse_object(data: bytes, shown: str, what: str, limit: int) -> Mapping[str, Any]:
    """The object that a text of at most `limit` bytes is. Raises UsageError."""
    if len(data) > limit:
        raise bundle_error(shown, f"{what} is larger than {limit >> 10} KiB")
    try:
        value = strict_json(data, _refuse, _refuse)
    except DoubtfulError as error:
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
