"""Masks what must never be shown, in everything that is quoted, logged or printed.

One Masker a file: it knows the secret values of all of the file's documents (see `secret_values`), since one line may
carry several of them, and replaces every occurrence, whatever a policy's message has done with the object. Text that
cannot be masked in bounded time is not shown at all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from lockgate.engine.documents.document import Document, Span
from lockgate.engine.masking import credentials
from lockgate.engine.record import record

if TYPE_CHECKING:
    from lockgate.engine.masking.secret_values import SecretValues

MASK: Final = "***"

# Characters searched times forms searched for: 50 million take about 50 ms.
MAX_WORK: Final = 50_000_000
# The same for what is kept, where only known values are searched for: 200 million take about 100 ms.
MAX_KEPT_WORK: Final = 200_000_000
MAX_OCCURRENCES: Final = 100_000
# What a message shows at most: kubectl and annotations cut earlier still.
MAX_SHOWN: Final = 4_096

# Longer values are no runs of something, and searching for those takes longer by the square of their length.
_LONGEST_OVERLAPPING: Final = 512

Interval = credentials.Interval
_DELIMITERS: Final = frozenset("\"'`=:,;()[]{}<> \t\n")


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    made: list[Interval] = []
    for start, end in sorted(intervals):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        elif end > start:
            made.append((start, end))
    return made


def _replace(text: str, intervals: list[Interval]) -> str:
    parts: list[str] = []
    place = 0
    for start, end in intervals:
        parts += [text[place:start], MASK]
        place = end
    return "".join([*parts, text[place:]])


def _moved(offset: int, intervals: list[Interval], at_end: Callable[[], bool]) -> int:
    """Where an offset of the text is after the intervals were replaced."""
    shift = 0
    for start, end in intervals:
        if offset >= end:
            shift += len(MASK) - (end - start)
        elif offset > start:
            return start + shift + (len(MASK) if at_end() else 0)
    return offset + shift


@record
class Masker:
    """Replaces secret values. `hidden`: there are too many of them, so no text of the file is shown."""

    forms: tuple[str, ...] = ()
    short_forms: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    hidden: bool = False

    def _occurrences(self, text: str) -> Iterator[Interval]:
        for form in self.forms:
            place = text.find(form)
            while place >= 0:
                first, end = place, place + len(form)
                # What overlaps is one: a value such as `aaaa` stands at every place of a long run.
                while len(form) <= _LONGEST_OVERLAPPING:
                    found = text.rfind(form, place + 1, end + len(form))
                    if found < 0:
                        break
                    place, end = found, found + len(form)
                yield first, end
                place = text.find(form, end)
        for form in self.short_forms:
            place = text.find(form)
            while place >= 0:
                end = place + len(form)
                before = text[place - 1] if place else "\n"
                after = text[end] if end < len(text) else "\n"
                if (before in "\"'`:=" and after in _DELIMITERS) or (place == 0 and end == len(text)):
                    yield place, end
                place = text.find(form, place + 1)

    def _is_too_much(self, text: str) -> bool:
        work = len(text) * (len(self.forms) + len(self.short_forms) + 32)
        return self.hidden or work > MAX_WORK

    def _found(self, text: str) -> list[Interval]:
        found = list(self._occurrences(text))
        # Nearly all text has neither, which one search can tell.
        if credentials.may_hold_literals(text):
            found += [*credentials.find_shapes(text), *credentials.find_assigned(text)]
        return found

    def text(self, text: str) -> str:
        """The text, masked, cut to what is worth showing; a remark in its place where it cannot be masked."""
        if not text:
            return text
        if self._is_too_much(text):
            return f"({len(text)} characters that may hold secret values, not shown)"
        found = self._found(text)
        masked = _replace(text, _merged(found)) if found else text
        if len(masked) > MAX_SHOWN:
            masked = masked[:MAX_SHOWN] + f"… ({len(masked) - MAX_SHOWN} characters more)"
        return masked

    def pattern(self, text: str) -> str | None:
        """The text with MASK for whatever must not be shown, for something that is to know it again; None if too long.

        A long text is cut, and ends with a MASK then.
        """
        if self._is_too_much(text):
            return None
        found = self._found(text)
        masked = _replace(text, _merged(found)) if found else text
        return masked if len(masked) <= MAX_SHOWN else masked[:MAX_SHOWN].rstrip(MASK[0]) + MASK

    def beside(self, other: "Masker | None") -> "Masker":
        """This one with what another one knows too; the places are this one's."""
        if other is None:
            return self
        forms = sorted({*self.forms, *other.forms}, key=lambda one: (-len(one), one))
        short_forms = sorted({*self.short_forms, *other.short_forms})
        return Masker(tuple(forms), tuple(short_forms), self.spans, self.hidden or other.hidden)

    def known_in(self, texts: str) -> "Masker | None":
        """A Masker of the values that occur in the texts at all; None where finding them would take too long."""
        if self.hidden or len(texts) * (len(self.forms) + len(self.short_forms)) > MAX_KEPT_WORK:
            return None
        forms = tuple([form for form in self.forms if form in texts])
        short_forms = tuple([form for form in self.short_forms if form in texts])
        # Each occurrence is a step of Python's.
        if sum([texts.count(form) for form in (*forms, *short_forms)]) > MAX_OCCURRENCES:
            return None
        return Masker(forms, short_forms)

    def replaced(self, text: str) -> str:
        """The text with every known secret value masked, whole. The work is bounded by `known_in`.

        For what is kept: the shapes of credentials are among the known values then, since they were collected.
        """
        found = list(self._occurrences(text))
        return _replace(text, _merged(found)) if found else text

    def name(self, text: str) -> str:
        """A name of an object, masked by shape only: a Secret may well hold the words that name things."""
        if len(text) > MAX_SHOWN:
            return f"({len(text)} characters, not shown)"
        found = credentials.find_name_shapes(text)
        return _replace(text, _merged(found)) if found else text

    def line(self, text: str, number: int, start: int, end: int) -> tuple[str, int, int] | None:
        """A quoted line of the file, masked, with where its offsets `start` and `end` are now; None: not shown."""
        if self._is_too_much(text):
            return None
        found = list(self._occurrences(text))
        # Nearly all text has neither, which one search can tell.
        if credentials.may_hold_in_line(text):
            found += [*credentials.find_shapes(text), *credentials.find_raw_assigned(text)]
        for span in self.spans:
            if span.line <= number <= span.end_line:
                first = span.column - 1 if number == span.line else 0
                last = span.end_column - 1 if number == span.end_line else len(text)
                found.append((first, min(max(last, first + 1), len(text))))
        intervals = _merged(found)
        return (
            _replace(text, intervals),
            _moved(start, intervals, lambda: False),
            _moved(end, intervals, lambda: True),
        )


def make_masker(documents: Sequence[Document], raw_text: str | None) -> Masker:
    """The Masker of a file. `raw_text` is given when a part of the file could not be parsed or was skipped."""
    # A Masker that knows no value needs nothing of this.
    from lockgate.engine.masking.secret_values import SecretValues, collect_document, collect_text

    collected = SecretValues()
    for document in documents:
        collect_document(document, collected)
    if raw_text is not None:
        collect_text(raw_text, collected)
    return masker_of(collected)


def masker_of(collected: "SecretValues") -> Masker:
    """The Masker that knows these values."""
    from lockgate.engine.masking.secret_values import MIN_ANYWHERE

    shown = [form for form in collected.forms if not credentials.is_plain_word(form)]
    return Masker(
        forms=tuple(
            sorted([form for form in shown if len(form) >= MIN_ANYWHERE], key=lambda one: (-len(one), one))
        ),
        short_forms=tuple(sorted([form for form in shown if len(form) < MIN_ANYWHERE])),
        spans=tuple(collected.spans),
        hidden=collected.overflow,
    )
