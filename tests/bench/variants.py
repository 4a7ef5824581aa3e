"""Objects that differ from review to review, and are judged alike: no answer can come from an earlier one.

Each differs in its uid, and where that leaves every policy's words the same but for the change itself, in its name, in
a label, and in the names, images, hosts and the like that policies read (KEYS).
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document, Path
from lockgate.engine.documents.reading import read_documents

# What differs between the objects of a real cluster, as opposed to words such as `RuntimeDefault`.
KEYS = frozenset(
    {"name", "image", "host", "hosts", "path", "value", "args", "command", "claimName", "serviceName"}
)
LABEL = "bench/round"
# A round that tells its texts apart from anything in the samples.
_TRIAL = 94_837

# What each policy says of each object.
Judge = Callable[[Sequence[Document]], list[list[str]]]
Form = Literal["end", "before tag", "label"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A place where variants differ: at the text's end, before an image's tag, or by a label of its own."""

    path: Path
    form: Form


Edits = tuple[Edit, ...]


def vary(document: Document, edits: Edits, number: int) -> Document:
    """The variant of a round, parsed anew, so that it shares no value with any other."""
    text = render_json(_changed(document, edits, number).value)
    parsed = read_documents(text.encode(), document.file, duplicates="last").documents[0]
    return replace(document, value=parsed.value, small_integers_only=parsed.small_integers_only)


def find_edits(documents: Sequence[Document], judge: Judge) -> list[Edits]:
    """Where each object may differ, all at once, such that all are judged as before."""
    expected = judge(documents)
    found: list[Edits] = [() for _ in documents]
    for index, document in enumerate(documents):
        candidates = list(_candidates(document.value))
        for tried in (candidates, *[[one] for one in candidates]):
            attempt = [*found[:index], (*found[index], *tried), *found[index + 1 :]]
            if _agrees(documents, attempt, judge, expected):
                found = attempt
                if tried is candidates:
                    break
    return found


def _agrees(
    documents: Sequence[Document], edits: Sequence[Edits], judge: Judge, expected: list[list[str]]
) -> bool:
    return without_round(judge(_trial(documents, edits))) == expected


def settle(documents: Sequence[Document], edits: Sequence[Edits], judge: Judge) -> list[Edits]:
    """The edits, found under few policies, without those of objects that other policies judge differently then."""
    settled = list(edits)
    expected = judge(documents)

    def wrong(attempt: Sequence[Edits]) -> list[int]:
        judged = without_round(judge(_trial(documents, attempt)))
        return [index for index, one in enumerate(judged) if one != expected[index]]

    left = wrong(settled)
    while left:
        edited = [index for index in left if settled[index]]
        # Where an object is as it was, another that it is compared with has changed.
        for index in edited or [index for index, wanted in enumerate(settled) if wanted]:
            attempt = [*settled[:index], (), *settled[index + 1 :]]
            still = wrong(attempt)
            if edited or len(still) < len(left):
                settled, left = attempt, still
    return settled


def without_round(judged: list[list[str]]) -> list[list[str]]:
    """What was said of the trial's variants, as it would have been said of the originals."""
    return [[text.replace(_suffix(_TRIAL), "") for text in texts] for texts in judged]


def _trial(documents: Sequence[Document], edits: Sequence[Edits]) -> list[Document]:
    return [_changed(document, wanted, _TRIAL) for document, wanted in zip(documents, edits, strict=True)]


def _suffix(number: int) -> str:
    return f"-r{number}"


def _changed(document: Document, edits: Edits, number: int) -> Document:
    value = copy.deepcopy(document.value)
    metadata = value.setdefault("metadata", {})
    assert isinstance(metadata, dict)
    metadata["uid"] = f"00000000-0000-4000-8000-{number:012}"
    for edit in edits:
        *parents, last = edit.path
        place: Value = value
        for part in parents:
            if isinstance(place, dict):
                # Only a label's own parents can be absent.
                place = place.setdefault(str(part), {})
            else:
                assert isinstance(place, list) and isinstance(part, int)
                place = place[part]
        _apply(place, last, edit.form, number)
    return replace(document, value=value)


def _apply(place: Value, last: str | int, form: Form, number: int) -> None:
    assert isinstance(place, dict | list)
    if form == "label":
        place[last] = f"r{number}"  # type: ignore[index]  # its parent is a dict
        return
    text = place[last]  # type: ignore[index]  # the path was found in the object
    assert isinstance(text, str)
    head, tag = text, ""
    if form == "before tag":
        for mark in ("@", ":"):
            before, found, after = head.rpartition(mark)
            if found:
                head, tag = before, found + after + tag
    place[last] = head + _suffix(number) + tag  # type: ignore[index]


def _candidates(value: dict[str, Value]) -> Iterator[Edit]:
    for path, text in _texts(value, ()):
        if path == ("metadata", "name"):
            yield Edit(path, "end")
        elif path[0] != "metadata" and _last_name(path) in KEYS:
            yield Edit(path, "before tag" if ":" in text or "@" in text else "end")
    yield Edit(("metadata", "labels", LABEL), "label")


def _last_name(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _texts(value: Value, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
