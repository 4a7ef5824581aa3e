"""Layouts: where the parts of a decision lie in its bytes, learned from one, used for all of the same lengths.

Most decisions of a log differ in hashes, counters and names of known lengths, and in nothing else. A layout cuts one
apart in a single call, and what it does not cut out must be equal to what it was learned from. What it cuts out is
checked in many at once (`are_hex`, `are_base64`) or was seen before. Together that accepts what `DECISION` accepts.
"""

import re
from collections.abc import Sequence
from struct import Struct
from typing import Final

from lockgate.audit.entry import MAX_ENTRY

_B64: Final = rb"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
_TEXT: Final = rb"[ !#-\[\]-~]{1,1024}"
_DIGEST: Final = rb"sha256:[0-9a-f]{64}"
_NAME: Final = rb"[!#-\[\]-~]{1,300}"
_LINK: Final = rb'\{"k":"' + _NAME + rb'","n":(?:1\}|(?:[2-9]|[1-9][0-9]{1,14}),"prev":"' + _B64 + rb'"\})'
_BEFORE: Final = rb'(?:"environment":"(?P<environment>' + _TEXT + rb')",)?"evaluator":"' + _TEXT + rb'",'
KIND: Final = b'"kind":"decision",'
_BEHIND: Final = (
    KIND + rb'(?:"mode":"observe",)?(?:"model":"(?P<model>' + _TEXT + rb')",)?"operation":"' + _TEXT + rb'",'
    rb'"outcome":"(?P<outcome>allow|warn|deny|error)","policies":"(?P<policies>'
    + _DIGEST
    + rb')","resource":"(?P<resource>'
    + _TEXT
    + rb')",'
)
# A decision with a body, as the recorder makes them.
DECISION: Final = re.compile(
    rb'\{"body":\{"sha256":"sha256:(?P<digest>[0-9a-f]{64})","size":(?P<size>0|[1-9][0-9]{0,14})\},'
    rb'(?:"caller":"(?:mtls|token|unauthenticated)",)?'
    rb'"commitments":(?P<commitments>\{(?:"actor":"' + _B64 + rb'",)?"body":"' + _B64 + rb'"'
    rb'(?:,"facts":"' + _B64 + rb'")?(?:,"input":"' + _B64 + rb'")?'
    rb'(?:,"namespace":"' + _B64 + rb'")?(?:,"object":"' + _B64 + rb'")?\}),'
    rb"(?P<before>" + _BEFORE + rb")"
    rb'(?:"idempotency":"(?P<request>[A-Za-z0-9+/]{21}[AQgw]==)",)?'
    rb"(?P<behind>" + _BEHIND + rb")"
    rb'"streams":\[(?P<streams>(?:' + _LINK + rb"(?:," + _LINK + rb")*)?)\],"
    rb'"time":"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)","v":1\}'
)
# What a decision says in clear between its commitments and its streams, without the request's key.
CLEAR: Final = re.compile(_BEFORE + _BEHIND)
NAME: Final = re.compile(_NAME)
_COMMITMENT: Final = re.compile(rb'"([a-z]+)":"([^"]+)"')
_ONE_LINK: Final = re.compile(rb'"k":"([^"]+)","n":([0-9]+)(?:,"prev":"([^"]+)")?\}')

_STREAMS: Final = b'"streams":['
# Lengths differ little within a log; somebody who makes them differ pays for it in time, and not in memory.
MAX_LAYOUTS: Final = 4096
MAX_ALIKE: Final = 8

_HEX_DIGITS: Final = b"0123456789abcdef"
_BASE64_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Layout:
    """The cut of a decision. Numbers count the parts that were cut out: digest 0, size 1, commitments, and so on.

    committed: the body's commitment. clear: the text in clear, with the request's key between its halves where there is one. links: of each stream its name,
    counter and previous leaf (0 where it is the first). The time is the last.
    """

    __slots__ = ("clear", "commitments", "committed", "cut", "has_request", "links", "literals")

    def __init__(self, data: bytes, found: re.Match[bytes]) -> None:
        spans = [found.span("digest"), found.span("size")]
        names: list[bytes] = []
        for one in _COMMITMENT.finditer(data, *found.span("commitments")):
            names.append(one[1])
            spans.append(one.span(2))
        self.commitments: Final = slice(2, len(spans))
        self.committed: Final = 2 + names.index(b"body")
        self.clear: Final = len(spans)
        self.has_request: Final = found["request"] is not None
        if self.has_request:
            spans += [found.span("before"), found.span("request"), found.span("behind")]
        else:
            spans.append((found.start("before"), found.end("behind")))
        links: list[tuple[int, int, int]] = []
        for one in _ONE_LINK.finditer(data, *found.span("streams")):
            number = len(spans)
            spans += [one.span(1), one.span(2)]
            if one[3] is not None:
                spans.append(one.span(3))
            links.append((number, number + 1, 0 if one[3] is None else number + 2))
        self.links: Final = tuple(links)
        spans.append(found.span("time"))
        widths: list[int] = []
        place = 0
        for start, stop in spans:
            widths += (start - place, stop - start)
            place = stop
        widths.append(len(data) - place)
        self.cut: Final = Struct("".join([f"{width}s" for width in widths])).unpack
        self.literals: Final[tuple[bytes, ...]] = self.cut(data)[::2]


class Layouts:
    """The layouts that were met, by what tells most of them apart."""

    __slots__ = ("_count", "_known")

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], list[Layout]] = {}
        self._count = 0

    def cut(self, data: bytes) -> tuple[Layout, tuple[bytes, ...]] | None:
        """The layout of an entry and its parts, or None for what is no decision of the common form.

        Of the parts, the digits of hashes and of the time, and what is in clear, are not looked at yet.
        """
        alike = len(data), data.find(_STREAMS)
        known = self._known.get(alike)
        if known is not None:
            for layout in known:
                parts = layout.cut(data)
                if parts[::2] == layout.literals:
                    return layout, parts[1::2]
        if len(data) > MAX_ENTRY:
            return None
        found = DECISION.fullmatch(data)
        if found is None:
            return None
        if self._count >= MAX_LAYOUTS:
            self._known.clear()
            self._count = 0
        layout = Layout(data, found)
        known = self._known.setdefault(alike, [])
        if len(known) >= MAX_ALIKE:
            known.pop()
            self._count -= 1
        known.insert(0, layout)
        self._count += 1
        return layout, layout.cut(data)[1::2]


def are_hex(texts: Sequence[bytes]) -> bool:
    """Whether all are lower-case hexadecimal digits."""
    return not b"".join(texts).translate(None, _HEX_DIGITS)


def are_base64(texts: Sequence[bytes], size: int) -> bool:
    """Whether all are the one base64 of `size` bytes each, where they have the length of one."""
    width = -(-size // 3) * 4
    filled = -size % 3
    joined = b"".join(texts)
    if len(joined) != width * len(texts) or not texts:
        return not texts
    padding = joined.translate(None, _BASE64_LETTERS)
    if padding != b"=" * (filled * len(texts)):
        return False
    # The padding is where it belongs, and the bits that the last letter has too many are zero.
    last = width - filled - 1
    lasts = _BASE64_LETTERS[:: 1 << (2 * filled)]
    return not joined[last::width].translate(None, lasts) and not any(
        joined[place::width].translate(None, b"=") for place in range(last + 1, width)
    )
