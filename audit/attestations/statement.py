"""In-toto statements (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md): who says what of which bytes."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.errors import FormatError
from lockgate.engine.foreign_documents import Part, parse_foreign_json

STATEMENT: Final = "https://in-toto.io/Statement/v1"
# A folder of a hundred thousand files, with a digest and a name of each, takes 20 MB.
MAX_STATEMENT: Final = 32 * 1024 * 1024
MAX_SUBJECTS: Final = 10_000
_MOST_DIGESTS: Final = 16
_SHA256_HEX: Final = 64
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}){16,64}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: a name, which proves nothing, and digests by algorithm, in hex."""

    name: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement. It is believed only if the envelope that it came in was verified."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Part
    whole: Part


def _subject(part: Part) -> Subject:
    digests: dict[str, str] = {}
    listed = part.get("digest")
    if not 0 < len(listed.mapping()) <= _MOST_DIGESTS:
        listed.refuse(f"has 1 to {_MOST_DIGESTS} digests")
    for algorithm in listed.mapping():
        digests[algorithm] = (sha256_digest if algorithm == "sha256" else hex_digest)(listed.get(algorithm))
    name = part.maybe("name")
    return Subject("" if name is None else name.text(), digests)


def hex_digest(part: Part) -> str:
    """A digest in lower-case hex."""
    text = part.text(128)
    if not _HEX.fullmatch(text):
        part.refuse("is no digest in hex")
    return text


def sha256_digest(part: Part) -> str:
    """A SHA-256 in lower-case hex."""
    text = hex_digest(part)
    if len(text) != _SHA256_HEX:
        part.refuse("is no SHA-256 in hex")
    return text


def parse_statement(payload: bytes, what: str = "the statement") -> Statement:
    """The statement in an envelope's payload. Raises FormatError or InputError."""
    whole = parse_foreign_json(payload, what, MAX_STATEMENT)
    kind = whole.get("_type").text()
    if kind != STATEMENT:
        raise FormatError(f"{what} is of type {kind[:80]!r}, not {STATEMENT}")
    subjects = tuple([_subject(one) for one in whole.get("subject").items(MAX_SUBJECTS)])
    if not subjects:
        raise FormatError(f"{what} is about nothing: it has no subject")
    return Statement(subjects, whole.get("predicateType").text(), whole.get("predicate"), whole)


def render_statement(
    subjects: Mapping[str, str | Mapping[str, str]], predicate_type: str, predicate: Mapping[str, Any]
) -> bytes:
    """A statement about subjects (names, and their SHA-256 in hex, or their digests by algorithm), sorted and compact."""
    made = {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest} if isinstance(digest, str) else dict(digest)}
            for name, digest in sorted(subjects.items())
        ],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
