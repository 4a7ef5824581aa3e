"""What the profiles deny of planted defects: `python -m tests.bench recall` writes `docs/measurements/recall.md`."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lockgate.webhook.catalogue.entries import PROFILES

from tests.recall.planting import Outcome, Planted, make_set, outcomes
from tests.shared_folder import ROOT

PAGE: Final = ROOT / "docs" / "measurements" / "recall.md"
_HEAD: Final = """\
# Recall

Written by `python -m tests.bench recall`. Each defect of the table in `tests/recall/defects.py` is planted in up to eight real manifests
of the shared corpus, chosen by a fixed seed. Caught is what a profile denies for a reason that the manifest did not give before; which
rule says it does not matter. Of the {count} pairs {dangerous} are dangerous (remote code, public access, credentials, host access,
administrative device access, verification off); `baseline` denies {caught} of these ({share:.1%}). The goal is 95 %.

"""


def measure(pairs: list[Planted], profile: str) -> list[Outcome]:
    """What the profile says of each pair."""
    with tempfile.TemporaryDirectory() as folder:
        return outcomes(pairs, profile, Path(folder))


def caught(found: Sequence[Outcome]) -> set[int]:
    """The numbers of the pairs that are denied for the defect."""
    return {number for number, one in enumerate(found) if one.denying}


def render(pairs: Sequence[Planted], found: Mapping[str, Sequence[Outcome]]) -> str:
    """The page."""
    dangerous = {number for number, pair in enumerate(pairs) if pair.defect.dangerous}
    hit = caught(found["baseline"]) & dangerous
    share = len(hit) / len(dangerous)
    text = _HEAD.format(count=len(pairs), dangerous=len(dangerous), caught=len(hit), share=share)
    rows = [
        f"| family | planted | dangerous | {' | '.join(found)} |",
        f"|---|---:|---:|{'---:|' * len(found)}",
    ]
    for family in sorted({pair.defect.family for pair in pairs}):
        own = {number for number, pair in enumerate(pairs) if pair.defect.family == family}
        cells = " | ".join(str(len(own & caught(one))) for one in found.values())
        rows.append(f"| {family} | {len(own)} | {len(own & dangerous)} | {cells} |")
    planted = Counter((pair.defect.family, pair.defect.name) for pair in pairs)
    missed = Counter(
        (pairs[number].defect.family, pairs[number].defect.name, _reason(number, found))
        for number in dangerous - hit
    )
    lines = ["| family | defect | manifests | why |", "|---|---|---:|---|"]
    for family, name, reason in sorted(missed):
        count = missed[family, name, reason]
        lines.append(f"| {family} | {name} | {count} of {planted[family, name]} | {reason} |")
    return text + "\n".join([*rows, "", "## Dangerous ones that `baseline` does not deny", "", *lines, ""])


def _reason(number: int, found: Mapping[str, Sequence[Outcome]]) -> str:
    warning = found["baseline"][number].warning
    if warning:
        return f"only warned of: {', '.join(f'`{kind}`' for kind in sorted(warning))}"
    for profile, every in found.items():
        if every[number].denying:
            kinds = ", ".join(f"`{kind}`" for kind in sorted(every[number].denying))
            return f"first denied in `{profile}`: {kinds}"
    return "no rule of a profile says anything"


def print_section() -> None:
    """Writes the page and prints it."""
    pairs = make_set()
    text = render(pairs, {profile: measure(pairs, profile) for profile in PROFILES})
    PAGE.write_text(text, "utf-8")
    print(text)
