"""An entry's text, written by its parts: what entries of a log have in common is checked and rendered once.

Entries are canonical JSON, in which members are in the order of their names. What differs in each entry of a kind (its
commitments, body, request key, links and time) stands between fields that recur, decision after decision.
"""

from bisect import bisect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.draft import Draft
from lockgate.audit.entry import (
    CLOCK_TOLERANCE_MS,
    MAX_ENTRY,
    VERSION,
    check_common,
    check_own,
)
from lockgate.audit.errors import FormatError
from lockgate.audit.note import encode_base64
from lockgate.audit.streams import StreamLink
from lockgate.audit.times import render_time

# Between which the recurring fields stand, in order.
_MARKS: Final = ("body", "clockAnomaly", "commitments", "idempotency", "streams", "time")
# Sets of recurring fields, and names of streams, that are remembered: a few kilobytes each at most.
_MOST_KEPT: Final = 1_024
_NAMES: Final = 4_096

_Texts = tuple[str, ...]


def finish(draft: Draft, time_ms: int, links: Sequence[StreamLink], previous_ms: int) -> bytes:
    """The entry of a draft at its time and place. previous_ms: time of the entry before (0 for the first).

    Raises FormatError when it is larger than an entry may be, not as its kind demands, or has no canonical form.
    """
    commitments = check_common(draft)
    recurring, body = _recurring(draft), draft.body
    parts = ["{", recurring[0]]
    if body is not None:
        parts.append(
            f'"body":{{"sha256":"sha256:{sha256(body.sealed).hexdigest()}","size":{len(body.sealed)}}},'
        )
    parts.append(recurring[1])
    if time_ms < previous_ms - CLOCK_TOLERANCE_MS:
        parts.append('"clockAnomaly":true,')
    parts.append(recurring[2])
    if commitments:
        # Their names are the schema's.
        listed = ",".join([f'"{name}":"{commitments[name]}"' for name in sorted(commitments)])
        parts.append(f'"commitments":{{{listed}}},')
    parts.append(recurring[3])
    if draft.idempotency:
        parts.append(f'"idempotency":"{encode_base64(draft.idempotency)}",')
    parts += (recurring[4], '"streams":[', ",".join([_link_text(link) for link in links]), "],", recurring[5])
    parts += (f'"time":"{render_time(time_ms)}",', recurring[6][:-1], "}")
    made = "".join(parts).encode()
    if len(made) > MAX_ENTRY:
        raise FormatError(f"the entry has {len(made)} bytes, and may have {MAX_ENTRY}")
    return made


def _recurring(draft: Draft) -> _Texts:
    """The fields in clear before, between and behind the marks, checked. Raises FormatError."""
    fields = draft.fields
    names = [*fields]
    if "commitments" in fields:
        names.remove("commitments")
    values = [fields[name] for name in names]
    for value in values:
        if type(value) is not str:
            # As keys of what is remembered `1` and `True` would be one.
            return _rendered(draft.kind, dict(zip(names, values, strict=True)))
    return _kept(draft.kind, tuple(names), tuple(values))


@lru_cache(maxsize=_MOST_KEPT)
def _kept(kind: str, names: _Texts, values: _Texts) -> _Texts:
    return _rendered(kind, dict(zip(names, values, strict=True)))


def _rendered(kind: str, fields: Mapping[str, Json]) -> _Texts:
    check_own(kind, fields)
    texts = [""] * (len(_MARKS) + 1)
    for name, value in sorted({**fields, "kind": kind, "v": VERSION}.items()):
        texts[bisect(_MARKS, name)] += f'"{name}":{canonical_bytes(value).decode()},'
    return tuple(texts)


def _link_text(link: StreamLink) -> str:
    if link.prev is None:
        return f'{{"k":{_quoted(link.name)},"n":{link.n}}}'
    return f'{{"k":{_quoted(link.name)},"n":{link.n},"prev":"{encode_base64(link.prev)}"}}'


@lru_cache(maxsize=_NAMES)
def _quoted(name: str) -> str:
    return canonical_bytes(name).decode()
