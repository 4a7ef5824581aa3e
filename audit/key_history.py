"""The history of a log's own keys, as its entries tell it, and which key may have signed a checkpoint of which size.

A key is believed because it was given from outside, or because a log that a believed key signed names it. So a
verifier who kept the first key, or was given the latest, can follow every honest rotation; a key that no entry names
has signed nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from lockgate.audit.canonical import Json
from lockgate.audit.errors import FormatError
from lockgate.audit.note import ED25519, VerifierKey, parse_verifier_key


@dataclass(frozen=True, slots=True)
class KeySpan:
    """A key of the log: named by entry `added`, given up by entry `retired`; `last_good`: revoked, and believed up to
    that size."""

    key: VerifierKey
    added: int
    retired: int | None = None
    last_good: int | None = None

    def is_valid(self, size: int) -> bool:
        """Whether a checkpoint of this size may rest on this key's signature."""
        if self.last_good is not None and size > self.last_good:
            return False
        # From the checkpoint that covers the entry which gives the key up, another key has to sign.
        return size > self.added and (self.retired is None or size <= self.retired)


def _log_key(text: "Json | None", origin: str) -> VerifierKey:
    key = parse_verifier_key(text) if isinstance(text, str) else None
    if key is None or key.algorithm != ED25519 or key.name != origin:
        raise FormatError(f"an entry names a key that is not one of the log {origin}")
    return key


def _is_of_predecessor(value: Mapping[str, Json], origin: str) -> bool:
    """Whether an entry revokes the key of the log that this one follows."""
    text = value.get("vkey")
    return (
        value.get("event") == "revoked" and isinstance(text, str) and parse_verifier_key(text).name != origin
    )


def key_spans(
    origin: str, first: str, events: Sequence[tuple[int, Mapping[str, Json]]]
) -> tuple[KeySpan, ...]:
    """The keys of a log, in the order in which they came.

    first: the vkey in its opening. events: index and fields of its entries of kind `key`, in order. Raises FormatError
    for a history that no log makes: a key added twice, or given up without having been added.
    """
    spans = {(key := _log_key(first, origin)): KeySpan(key, 0)}
    for index, value in events:
        if value.get("use") != "log" or _is_of_predecessor(value, origin):
            continue
        key = _log_key(value.get("vkey"), origin)
        span = spans.get(key)
        match value.get("event"):
            case "added":
                if span is not None:
                    raise FormatError(f"entry {index} adds a key that the log has already")
                spans[key] = KeySpan(key, index)
            case "retired":
                if span is None or span.retired is not None:
                    raise FormatError(f"entry {index} retires a key that the log does not have")
                spans[key] = replace(span, retired=index)
            case "revoked":
                good = value.get("lastGood")
                if span is None or type(good) is not int:
                    raise FormatError(f"entry {index} revokes a key that the log does not have")
                spans[key] = replace(span, last_good=good)
    if not any(span.retired is None for span in spans.values()):
        raise FormatError("the log has retired all of its keys")
    return tuple(spans.values())


def believed_keys(
    spans: Sequence[KeySpan], given: Collection[VerifierKey], reach: Callable[[VerifierKey], int]
) -> frozenset[VerifierKey]:
    """The given keys and those of the log's that follow from them.

    reach: the largest size of a checkpoint over the log's entries that a key signed and was allowed to sign; 0 without
    any. A key follows when the entry that names it is below what a believed key reaches.
    """
    believed, new, reached = set(given), set(given), 0
    while new:
        reached = max([reached, *[reach(key) for key in new]])
        new = {span.key for span in spans if span.added < reached} - believed
        believed |= new
    return frozenset(believed)


def is_allowed(spans: Sequence[KeySpan], key: VerifierKey, size: int) -> bool:
    """Whether a checkpoint of this size may rest on a believed key; one that no entry names has no bounds."""
    return all(span.is_valid(size) for span in spans if span.key == key)
