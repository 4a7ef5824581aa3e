"""What the profiles deny in public manifests, to be read one by one: `python -m tests.bench hits` writes `docs/measurements/hits.md`.

What people said of each hit is kept in `hits.tsv` beside this file: rule, file, place, right or wrong, and why. A hit that is not in
it has not been read; the command prints such lines, to be filled in and added.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from lockgate.gatekeeper.fields import render_path

from tests.bench.corpus_run import Manifest, corpus_folders, judge_corpus
from tests.policies.shipped import POLICIES, RULES, load
from tests.shared_folder import ROOT

PAGE: Final = ROOT / "docs" / "measurements" / "hits.md"
READ: Final = Path(__file__).with_name("hits.tsv")
# Of each rule so many are read: the first by a hash, so that they are of many repositories and the same each time.
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that a rule denies in a file of the corpus, at a place."""

    rule: str
    file: str
    place: str
    message: str

    @property
    def order(self) -> tuple[str, str]:
        return self.rule, sha256(f"{self.file} {self.place}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reading:
    """What was said of a hit. verdict: `right` or `wrong`."""

    verdict: str
    reason: str


def hits_of(judged: Sequence[Manifest]) -> list[Hit]:
    """The first hits of each rule that denies."""
    keys = {load(rule.template)["spec"]["crd"]["spec"]["names"]["kind"]: rule.key for rule in RULES}
    every = {
        Hit(keys[one.policy.kind], manifest.file, render_path(one.path or ()), one.message)
        for manifest in judged
        for one in manifest.decision.violations
        if "deny" in one.actions
    }
    ordered = sorted(every, key=lambda one: (*one.order, one.message))
    return [
        one
        for rule in sorted({one.rule for one in ordered})
        for one in [hit for hit in ordered if hit.rule == rule][:MOST]
    ]


def hits_of_profile(profile: str) -> list[Hit]:
    """The first hits of each rule that denies in a shipped profile, over the corpus."""
    return hits_of(judge_corpus(POLICIES.root / "profiles" / f"{profile}.yaml", corpus_folders()))


def read_readings() -> dict[tuple[str, str, str], Reading]:
    """What was said of hits, by rule, file and place."""
    with READ.open(encoding="utf-8", newline="") as table:
        return {
            (row["rule"], row["file"], row["place"]): Reading(row["verdict"], row["reason"])
            for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        }


def render(hits: Sequence[Hit], readings: Mapping[tuple[str, str, str], Reading]) -> str:
    """The page."""
    rows = ["| rule | hits read | right | wrong |", "|---|---:|---:|---:|"]
    parts: list[str] = []
    for rule in sorted({one.rule for one in hits}):
        own = [one for one in hits if one.rule == rule]
        said = [readings.get((one.rule, one.file, one.place)) for one in own]
        counts = [
            sum(one is not None and one.verdict == verdict for one in said) for verdict in ("right", "wrong")
        ]
        rows.append(f"| `{rule}` | {sum(counts)} of {len(own)} | {counts[0]} | {counts[1]} |")
        parts += [f"## {rule}", "", "| file | place | | why |", "|---|---|---|---|"]
        for hit, reading in zip(own, said, strict=True):
            verdict, reason = ("not read", "") if reading is None else (reading.verdict, reading.reason)
            parts.append(f"| {hit.file} | `{hit.place}` | {verdict} | {reason} |")
        parts.append("")
    return _HEAD.format(most=MOST) + "\n".join(rows) + "\n\n" + "\n".join(parts).rstrip("\n") + "\n"


def print_section() -> None:
    """Writes the page; prints what has not been read, as lines for the file of readings."""
    hits = sorted({*hits_of_profile("baseline"), *hits_of_profile("production")}, key=lambda one: one.order)
    readings = read_readings()
    PAGE.write_text(render(hits, readings), "utf-8")
    unread = [one for one in hits if (one.rule, one.file, one.place) not in readings]
    print(f"{len(hits)} hits, {len(unread)} not read")
    for one in unread:
        print(f"{one.rule}\t{one.file}\t{one.place}\t?\t{one.message}")


_HEAD: Final = """\
# What is denied, read one by one

Written by `python -m tests.bench hits`: of each rule that denies in `baseline` or `production`, the first {most} hits over the shared corpus by a hash, so that
they are of many repositories. Each was read: what is said with the value that it quotes, and the manifest where that left a doubt. *Right*: what the rule says of the manifest is true, and it is what the rule is there to find.
Examples are no production, so that a right hit may still be fine where it stands. *Wrong*: a rule to be mended.

"""
