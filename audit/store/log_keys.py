"""The log's keys as its own entries name them, for who is about to sign with one.

A guard against our own mistakes: a key that the log does not know, or has given up, would sign what nobody believes.
Verification proves the same from the entries (`verify/checkpoints.py`).
"""

from collections.abc import Mapping, Sequence

from lockgate.audit.canonical import Json
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.key_history import KeySpan, is_allowed, key_spans
from lockgate.audit.note import VerifierKey, render_verifier_key
from lockgate.audit.store.store import Store


def read_key_spans(store: Store) -> tuple[KeySpan, ...]:
    """The log's keys; none while it is empty. Raises FormatError."""
    first = next(store.entries(0, 1), None)
    if first is None:
        return ()
    vkey = parse_entry(first).value.get("vkey")
    if not isinstance(vkey, str):
        raise FormatError("the log's first entry names no key")
    events: list[tuple[int, Mapping[str, Json]]] = []
    for index in store.key_entries():
        events.extend([(index, parse_entry(data).value) for data in store.entries(index, index + 1)])
    return key_spans(store.origin, vkey, events)


def check_may_sign(store: Store, spans: Sequence[KeySpan], keys: Sequence[VerifierKey], size: int) -> None:
    """Whether a checkpoint of this size may rest on one of the keys. Raises TrailError."""
    named = {span.key for span in spans}
    if any(key in named and is_allowed(spans, key, size) for key in keys):
        return
    shown = ", ".join([render_verifier_key(key) for key in keys])
    reason = "has given up" if any(key in named for key in keys) else "does not know"
    raise TrailError(
        f"the log {store.origin} {reason} the key {shown}",
        hint="the signer of trail.toml has to be the log's key; `lockgate audit key rotate` goes on with another",
    )
