"""The constraints of a shipped profile that fit a repository, as text."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.record import record
from lockgate.webhook.install.yaml_text import render_yaml
from lockgate.webhook.policy_init.plan import Part
from lockgate.webhook.policy_sources import NOT_CONFIGURED, SHIPPED_SHOWN, parse_documents, shipped_file

_BETWEEN: Final = "---\n"
_MATCH: Final = "\n  match:\n"


@record
class Chosen:
    """The constraints for one part of a plan. open: parameters that are held open, as the constraints say it."""

    part: Part
    kinds: tuple[str, ...]
    left_out: int
    text: str
    open: tuple[str, ...]


def choose(part: Part, others: Collection[str], objects: Mapping[tuple[str, str], int]) -> Chosen:
    """The constraints of a part's profile that match a kind that is there; all of them where none does.

    others: the namespaces of other parts.
    """
    shown = f"{SHIPPED_SHOWN}/profiles/{part.profile}.yaml"
    text = shipped_file(shown).decode("utf-8")
    every = list(zip(text.split(_BETWEEN), parse_documents(shown, text.encode()), strict=True))
    fitting = [one for one in every if _fits(one[1], objects)] or every
    blocks = [_in_namespaces(_without_head(chunk), part, others) for chunk, _ in fitting]
    return Chosen(
        part,
        tuple([str(document.value["kind"]) for _, document in fitting]),
        len(every) - len(fitting),
        _head(part, others) + _BETWEEN.join(blocks),
        tuple(sorted({found for _, document in fitting for found in _open(document)})),
    )


def _fits(document: Document, objects: Mapping[tuple[str, str], int]) -> bool:
    """Does the constraint match a kind that is there?"""
    entries = _at(document.value, "spec", "match", "kinds")
    for entry in entries if type(entries) is list else ():
        groups, kinds = _at(entry, "apiGroups"), _at(entry, "kinds")
        if type(groups) is list and type(kinds) is list:
            for group, kind in objects:
                if (group in groups or "*" in groups) and (kind in kinds or "*" in kinds):
                    return True
    return False


def _open(document: Document) -> Sequence[str]:
    said = _at(document.value, "metadata", "annotations", NOT_CONFIGURED)
    return [f"{_at(document.value, 'metadata', 'name')}: {said}"] if type(said) is str else []


def _at(value: Value, *names: str) -> Value:
    for name in names:
        value = value.get(name) if type(value) is dict else None
    return value


def _without_head(chunk: str) -> str:
    """The text without the remarks on the whole profile."""
    lines = chunk.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines)


def _in_namespaces(block: str, part: Part, others: Collection[str]) -> str:
    """The constraint for the part's namespaces alone, or for all but those of others."""
    named = {"namespaces": part.namespaces} if part.namespaces else {"excludedNamespaces": sorted(others)}
    if not any(named.values()):
        return block
    lines = render_yaml({name: list(names) for name, names in named.items()}).splitlines(keepends=True)
    return block.replace(_MATCH, _MATCH + "".join([f"    {line}" for line in lines]), 1)


def _head(part: Part, others: Collection[str]) -> str:
    about = f"# Constraints of the profile {part.profile} for the kinds of this repository, written by `lockgate policy init`; change them.\n"
    if part.namespaces or others:
        about += "# What is in no namespace is judged by all profiles.\n"
    return about
