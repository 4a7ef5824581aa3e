"""Evidence: what a document says of a model, with the digests that it names, who made it and when; and its moments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from lockgate.engine.foreign_documents import Part

Kind = Literal["bom", "card", "drift", "evaluation", "mlflow", "provenance", "registry"]

# A report of a thousand columns has this size; histograms in it are not read.
MAX_BYTES: Final = 8 * 1024 * 1024
MAX_NAMES: Final = 1_000
# From the year 2001 to 2286: milliseconds since 1970 are told from seconds by them.
_EARLIEST_MS: Final = 1_000_000_000_000
_LATEST_MS: Final = 10_000_000_000_000
_SHA256: Final = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One document, read. fields: what is said, by the names that rules read (docs/models.md).

    subjects: SHA-256 in hex of what it says that it is about, none where it does not. producer and at: what it says of
    itself, which its signer vouches for and nobody else; empty where it does not say.
    """

    kind: Kind
    producer: str
    at: str
    subjects: tuple[str, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self, digest: str, name: str) -> dict[str, Any]:
        """As the facts have it. digest: of the document's own bytes."""
        made: dict[str, Any] = {
            "kind": self.kind,
            "document": {"name": name, "sha256": digest},
            **self.fields,
        }
        if self.producer:
            made["producer"] = self.producer
        if self.at:
            made["at"] = self.at
        if self.subjects:
            made["subjects"] = list(self.subjects)
        return made


def moment(part: Part | None) -> str:
    """A time in RFC 3339 and UTC, from a text with its zone or milliseconds; empty for what tells no moment."""
    if part is None:
        return ""
    value = part.value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == 13:
        value = int(value)
    try:
        if isinstance(value, int) and _EARLIEST_MS <= value < _LATEST_MS:
            made = datetime.fromtimestamp(value // 1000, UTC)
        elif isinstance(value, str) and len(value) <= 40:
            made = datetime.fromisoformat(value)
        else:
            return ""
        # Without a zone it may be any of twenty-six hours.
        return "" if made.tzinfo is None else made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return ""


def utc_moment(part: Part | None) -> str:
    """As `moment`, of a text that is in UTC by its field's definition."""
    if part is None or not isinstance(part.value, str):
        return ""
    return moment(Part(f"{part.value}+00:00", part.what, part.path)) or moment(part)


def texts(part: Part | None) -> list[str]:
    """One text or a list of texts, sorted, each once."""
    if part is None:
        return []
    if isinstance(part.value, str):
        return [part.text()]
    return sorted({one.text() for one in part.items(MAX_NAMES)})


def text_of(part: Part | None) -> str:
    """A text; empty where it is absent."""
    return "" if part is None else part.text()


def digests(part: Part | None) -> tuple[str, ...]:
    """SHA-256 in hex from a text, with or without its algorithm; none for what is no such digest."""
    if part is None or not isinstance(part.value, str):
        return ()
    found = _SHA256.fullmatch(part.value)
    return () if found is None else (found[1].lower(),)
