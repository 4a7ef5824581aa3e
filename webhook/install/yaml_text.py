"""Writes manifests as YAML: block style, in the order of the values, the same text each time.

Scalars that any reader could take for something else (YAML 1.1 has `on`, `0o7`, `1_000` and dates) are quoted, so that
the text means the same to YAML 1.1 and 1.2.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

Yaml = Mapping[str, "Yaml"] | Sequence["Yaml"] | str | int | bool | None

_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*", re.ASCII)
_WORDS: Final = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan"])
_STEP: Final = "  "


def render_documents(documents: Sequence[Yaml]) -> str:
    """One text of all, each behind `---`."""
    return "".join([f"---\n{render_yaml(one)}" for one in documents])


def render_yaml(value: Yaml) -> str:
    """One document, with a final newline."""
    lines = _lines(value)
    return "\n".join(lines) + "\n"


def _lines(value: Yaml) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [line for name, inside in value.items() for line in _entry(f"{_scalar(name)}:", inside)]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return [line for inside in value for line in _item(inside)]
    return [_scalar(value)]


def _entry(head: str, value: Yaml) -> list[str]:
    if _is_block(value):
        # A list in an object is not indented, as kubectl writes it.
        step = _STEP if isinstance(value, Mapping) else ""
        return [head, *[f"{step}{line}" for line in _lines(value)]]
    return [f"{head} {_scalar(value)}"]


def _item(value: Yaml) -> list[str]:
    first, *rest = _lines(value)
    return [f"- {first}", *[f"{_STEP}{line}" for line in rest]]


def _is_block(value: Yaml) -> bool:
    return isinstance(value, (Mapping, Sequence)) and not isinstance(value, str) and len(value) > 0


def _scalar(value: Yaml) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        # JSON's strings are YAML's where they are ASCII, but for characters of two surrogates.
        return "".join([f"\\U{ord(one):08x}" if ord(one) > 0xFFFF else one for one in _quoted(value)])
    return json.dumps(value)


def _quoted(text: str) -> str:
    return '"' + "".join([one if ord(one) > 0xFFFF else json.dumps(one)[1:-1] for one in text]) + '"'
