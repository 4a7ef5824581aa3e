"""Where events are told of: file, line and object, with everything masked that is not to be shown."""

import os
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.documents.document import Path, Span
from lockgate.engine.promotions.recognising import Event
from lockgate.engine.record import record
from lockgate.webhook.git_tree import TreeFile
from lockgate.webhook.judging import find_resource, quote_span
from lockgate.webhook.old_objects import OldObjects
from lockgate.webhook.promotions.held import Held, held_in
from lockgate.webhook.promotions.trees import Seen, States
from lockgate.webhook.report import MissingPart, MovedVersion, Quote, Resource
from lockgate.webhook.walk import MAX_FILE_BYTES, InputFile, read_file

if TYPE_CHECKING:
    from lockgate.engine.masking.masker import Masker

_NOWHERE: Final = Span(1, 1, 1, 1)


@record
class Place:
    """Where an event is told of. why: the reason for which its environment is not known. in_base: is it one of the base revision?"""

    file: str
    span: Span
    exact: bool
    path: Path | None
    resource: Resource
    quote: Quote | None
    why: str
    in_base: bool
    masker: "Masker"

    def text(self, text: str) -> str:
        """A text, masked."""
        return self.masker.text(text)

    def moved(self, event: Event, missing: tuple[MissingPart, ...]) -> MovedVersion:
        """The event, to be shown."""
        subject, former = event.subject, event.former
        if event.happening == "removal":
            # It is gone itself.
            former = None
        return MovedVersion(
            event.happening,
            event.environment,
            event.source,
            subject.kind,
            self.text(subject.key),
            self.text(subject.version),
            subject.digest,
            None if former is None else (self.text(former.key), self.text(former.version)),
            event.was_there,
            self.file,
            self.span,
            self.path,
            self.in_base,
            self.resource,
            missing,
        )


@final
class Places:
    """Finds them. Files are read again, the last one but once: events of a file come together."""

    def __init__(self, old: OldObjects, states: States) -> None:
        self._old: Final = old
        self._states: Final = states
        self._last: tuple[tuple[str, str], list[Held], Masker] | None = None

    def find(self, event: Event) -> Place:
        """The place of what an event is about."""
        where = self._states.where[id(event.holder)]
        seen = where.seen
        held, masker = self._read(seen)
        named = Resource("", event.holder.kind, event.holder.namespace, event.holder.name)
        if seen.index >= len(held):
            # The file was written to since.
            return Place(seen.file, _NOWHERE, False, None, named, None, where.why, bool(seen.blob), masker)
        one = held[seen.index]
        if one.is_object:
            named = find_resource(one.document.value, seen.namespace)
        resource = Resource(
            masker.name(named.api_version),
            masker.name(named.kind),
            masker.name(named.namespace),
            masker.name(named.name),
        )
        path = one.place(event.subject.path)
        located = one.document.locate(path)
        return Place(
            seen.file,
            located.span,
            located.exact,
            tuple([masker.name(part) if isinstance(part, str) else part for part in path]),
            resource,
            quote_span(one.document.lines, located.span, masker),
            masker.text(where.why),
            bool(seen.blob),
            masker,
        )

    def _read(self, seen: Seen) -> "tuple[list[Held], Masker]":
        key = (seen.file, seen.blob)
        if self._last is None or self._last[0] != key:
            from lockgate.engine.masking.masker import make_masker

            data = self._data(seen)
            held = [*held_in(data, seen.file)]
            self._last = (key, held, make_masker([one.document for one in held], None))
        return self._last[1], self._last[2]

    def _data(self, seen: Seen) -> bytes:
        if seen.blob:
            tree = self._old.base.tree
            wanted = TreeFile(os.path.relpath(seen.real, tree.root), seen.blob)
            return next(iter([data or b"" for _, data in tree.read([wanted], MAX_FILE_BYTES)]), b"")
        outcome = read_file(InputFile(seen.real, seen.file))
        return outcome if isinstance(outcome, bytes) else b""
