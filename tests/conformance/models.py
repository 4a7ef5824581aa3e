"""Scans labelled model files: `python -m tests.conformance.models FOLDER`, which holds SOURCES.tsv.

Columns `file` and `label` are read: a malicious file passes when it is not safe, a benign one when it is; other
labels are counted and pass always. No file is ever loaded. DISPUTED names labels that we do not share, with the reason.
"""

import csv
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lockgate.engine.facts.artifact import FileFacts, scan_file
from lockgate.engine.facts.findings import Tier

TIERS: tuple[Tier, ...] = ("safe", "unvetted", "unreadable", "unsafe")

# What the label should be, and why. A file is named as in SOURCES.tsv.
DISPUTED: Mapping[str, tuple[str, str]] = {
    "mmaitre314__picklescan/data__bad_pytorch.pt": (
        "unvetted",
        "eight bytes of a PNG image and no more: nothing that a loader of models takes, so that nothing vouches for it",
    ),
    "mmaitre314__picklescan/data__not_a_pickle.bin": (
        "unvetted",
        "a pickle that breaks off in its first import, and no other format: upstream expects no issue of what it cannot read",
    ),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled file and its facts."""

    file: str
    label: str
    facts: FileFacts

    @property
    def passed(self) -> bool:
        """Whether the verdict is one that the label allows."""
        label = DISPUTED[self.file][0] if self.file in DISPUTED else self.label
        safe = self.facts.tier == "safe"
        return {"malicious": not safe, "benign": safe}.get(label, True)

    @property
    def problem(self) -> str:
        """The file, its label, its tier and the reasons, in one line."""
        reasons = "; ".join(
            f"{finding.rule}: {finding.detail} [{finding.path}@{finding.offset}]"
            for finding in self.facts.findings[:3]
        )
        return f"{self.label} file is {self.facts.tier}: {self.file} ({self.facts.format}) {reasons}"


def judge_folder(folder: Path) -> list[Judged]:
    """Scans each labelled file of a folder."""
    with (folder / "SOURCES.tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return [Judged(row["file"], row["label"], scan_file(folder / row["file"], row["file"])) for row in rows]


def confusion(judged: list[Judged]) -> list[str]:
    """The lines of a table: for each format and label, how many files are of each tier."""
    counts = Counter((one.facts.format, one.label, one.facts.tier) for one in judged)
    lines = ["format               label      " + "".join(f"{tier:>12}" for tier in TIERS)]
    groups = sorted({(format_, label) for format_, label, _ in counts})
    groups += [("all", label) for label in sorted({one.label for one in judged})]
    for format_, label in groups:
        cells = [
            sum(
                count
                for (f, g, t), count in counts.items()
                if format_ in (f, "all") and (g, t) == (label, tier)
            )
            for tier in TIERS
        ]
        lines.append(f"{format_:<20} {label:<11}" + "".join(f"{cell:>12}" for cell in cells))
    return lines


def main(arguments: list[str]) -> int:
    """Prints the table and what failed. 1 when something did."""
    if len(arguments) != 1 or not (Path(arguments[0]) / "SOURCES.tsv").is_file():
        print("usage: python -m tests.conformance.models FOLDER (with SOURCES.tsv)", file=sys.stderr)
        return 2
    judged = judge_folder(Path(arguments[0]))
    print("\n".join(confusion(judged)))
    failed = [one for one in judged if not one.passed]
    for one in failed:
        print(one.problem)
    disputed = [one.file for one in judged if one.file in DISPUTED]
    for file in disputed:
        print(f"disputed label: {file}: {DISPUTED[file][1]}")
    print(f"{len(judged) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not judged else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
