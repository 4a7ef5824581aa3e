"""A request as the API has it, and its reply: nothing here knows a framework."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

from lockgate.audit.web.caller import Caller
from lockgate.audit.web.problems import not_found

Form = Literal["json", "jsonl", "csv"]
MEDIA: Final[Mapping[Form, str]] = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8; header=present",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody who is known. parts: of the path, by their names; told: of the query; matching: If-None-Match."""

    caller: Caller
    parts: Mapping[str, str]
    told: Mapping[str, Sequence[str]]
    form: Form = "json"
    matching: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. parts: of its body, which is sent as they come, where it may be long."""

    body: bytes
    media: str = MEDIA["json"]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Iterator[bytes] | None = None


def split_suffix(text: str) -> tuple[str, Form]:
    """A last part of a path without `.json`, `.jsonl` or `.csv`, and which it was."""
    for form in MEDIA:
        if text.endswith(f".{form}"):
            return text[: -len(form) - 1], form
    return text, "json"


def tag_of(*parts: object) -> str:
    """An entity tag (RFC 9110, 8.8.3) over what an answer depends on."""
    return f'"{sha256(repr(parts).encode()).hexdigest()[:32]}"'


def index_of(text: str) -> int:
    """The index of an entry. Raises ProblemError."""
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise not_found(f"no entry is called {text[:40]!r}")
    return int(text)
