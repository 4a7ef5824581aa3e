"""What the profiles deny of planted defects: `python -m tests.bench recall` writes `docs/measurements/recall.md`."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lockgate.webhook.catalogue.entries import PROFILES

from tests.recall.planting import Planted, caught, make_set
from tests.shared_folder import ROOT

PAGE: Final = ROOT / "docs" / "measurements" / "recall.md"
_HEAD: Final = """\
# Recall

Written by `python -m tests.bench recall`. Each defect of the table in `tests/recall/defects.py` is planted in up to eight real manifests
of the shared corpus, chosen by a fixed seed. Caught is what a
profile denies for a reason that the manifest did not give before. Of the {count} pairs {dangerous} are dangerous (remote code, public access, credentials, host access, administrative device
access, verification off); `baseline` denies {caught} of these ({share:.1%}). The goal is 95 %, and it is not
reached: what is missing is listed below. A rule that only warns, or no rule at all, is a miss alike.

"""


def measure(pairs: list[Planted], profile: str) -> set[int]:
    """The numbers of the pairs that the profile denies for the defect."""
    with tempfile.TemporaryDirectory() as folder:
        return caught(pairs, profile, Path(folder))


def render(pairs: Sequence[Planted], found: Mapping[str, set[int]]) -> str:
    """The page."""
    dangerous = {number for number, pair in enumerate(pairs) if pair.defect.dangerous}
    hit = found["baseline"] & dangerous
    text = _HEAD.format(
        count=len(pairs), dangerous=len(dangerous), caught=len(hit), share=len(hit) / len(dangerous)
    )
    rows = [
        f"| family | planted | dangerous | {' | '.join(found)} |",
        f"|---|---:|---:|{'---:|' * len(found)}",
    ]
    for family in sorted({pair.defect.family for pair in pairs}):
        own = {number for number, pair in enumerate(pairs) if pair.defect.family == family}
        cells = " | ".join(str(len(own & numbers)) for numbers in found.values())
        rows.append(f"| {family} | {len(own)} | {len(own & dangerous)} | {cells} |")
    by_name = Counter((pairs[n].defect.family, pairs[n].defect.name) for n in dangerous - hit)
    planted = Counter((pair.defect.family, pair.defect.name) for pair in pairs)
    lines = [f"- {key[0]}: {key[1]}: {by_name[key]} of {planted[key]} manifests" for key in sorted(by_name)]
    return text + "\n".join([*rows, "", "## Dangerous ones that `baseline` does not deny", "", *lines, ""])


def print_section() -> None:
    """Writes the page and prints it."""
    pairs = make_set()
    text = render(pairs, {profile: measure(pairs, profile) for profile in PROFILES})
    PAGE.write_text(text, "utf-8")
    print(text)
