"""`scan --format text`: a tree of the artefact, its files, and what was found in each, with the place."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.facts.artifact import ArtifactFacts, FileFacts
from lockgate.engine.facts.findings import Finding
from lockgate.engine.masking.masker import Masker
from lockgate.webhook.scanning.scanned import Artefact, render_size
from lockgate.webhook.terminal import Palette, printable

_STYLES: Final = {"safe": "green", "unvetted": "yellow", "unreadable": "red", "unsafe": "red", "note": "dim"}
_SEVERITY: Final = {"unsafe": 0, "unreadable": 1, "unvetted": 2, "note": 3}
# Of a folder with more files than this, those that are safe are counted.
_MOST_SAFE: Final = 20
# Findings of one file; the JSON has all.
_MOST_FINDINGS: Final = 20


def render_tree(artefact: Artefact, facts: ArtifactFacts, palette: Palette) -> str:
    """The tree of one artefact."""
    head = f"{printable(artefact.shown)}: {_tier(facts.tier, palette)}"
    count = "1 file" if len(facts.files) == 1 else f"{len(facts.files)} files"
    lines = [f"{head}  {palette.paint(f'sha256:{facts.digest}', 'dim')}  {count}, {render_size(facts.size)}"]
    shown = list(facts.files)
    left = 0
    if len(shown) > _MOST_SAFE:
        shown = [one for one in facts.files if one.tier != "safe" or one.findings]
        left = len(facts.files) - len(shown)
    for place, file in enumerate(shown):
        is_last = place == len(shown) - 1 and not left
        lines += _file(file, is_last, palette)
    if left:
        lines.append(f"└─ … and {left} files that are safe")
    return "\n".join(lines) + "\n"


def _tier(tier: str, palette: Palette) -> str:
    return palette.paint(tier, _STYLES[tier], "bold")


def _file(file: FileFacts, is_last: bool, palette: Palette) -> list[str]:
    branch, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
    lines = [f"{branch}{printable(file.path)}  {file.format}  {_tier(file.tier, palette)}"]
    found = sorted(file.findings, key=lambda one: (_SEVERITY[one.tier], one.path, one.offset or 0, one.rule))
    lines += [f"{below}{line}" for line in _findings(file, found[:_MOST_FINDINGS], palette)]
    if len(found) > _MOST_FINDINGS:
        lines.append(f"{below}   … and {len(found) - _MOST_FINDINGS} more (--format json)")
    return lines


def _findings(file: FileFacts, found: Sequence[Finding], palette: Palette) -> list[str]:
    masker = Masker()
    lines: list[str] = []
    for one in found:
        inside = one.path.removeprefix(file.path).removeprefix("!")
        place = " ".join(
            [
                *([f"in {printable(inside)}"] if inside else []),
                *([f"at {one.offset}"] if one.offset is not None else []),
            ]
        )
        told = printable(masker.text(one.detail))
        lines.append(
            f"   {palette.paint(one.tier, _STYLES[one.tier])}: {told}"
            f" {palette.paint(_place(one.rule, place), 'dim')}"
        )
    return lines


def _place(rule: str, place: str) -> str:
    return f"({rule}, {place})" if place else f"({rule})"
