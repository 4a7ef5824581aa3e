"""How much the profiles find in public manifests: `python -m tests.bench noise` writes `docs/measurements/noise.md`.

Beside ours stands Checkov on the same files, from PyPI in an environment of its own.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lockgate.engine.decision import Action
from lockgate.webhook.catalogue.entries import PROFILES

from tests.bench.corpus_run import Manifest, corpus_folders, judge_corpus
from tests.e2e.environments import add_environments, environment
from tests.policies.shipped import POLICIES, RULES, load
from tests.shared_folder import ROOT

PAGE: Final = ROOT / "docs" / "measurements" / "noise.md"
CHECKOV: Final = "checkov-3.3.30"
PEERS: Final = {CHECKOV: ("checkov==3.3.30",)}
# The share of manifests that `baseline` may deny.
MOST_DENIED: Final = 0.05
_HEAD: Final = """\
# Noise

Written by `python -m tests.bench noise` over the real public manifests of the shared corpus (`systems` and `dra`), with each profile as it
is shipped. A manifest is an object that `lockgate check` judges. Nobody wrote these for a gate, so that a finding is what a new user would
see on the first day. The bar: `baseline` denies at most {bar} of them, which a test holds.

{profiles}

Checkov judges pods, their controllers, roles and their like by what it ships, all of it, as `checkov -d` does by itself; a manifest with any failed
check fails its run, which is written as denied here. It counts a pod
that a controller makes beside the controller. Polaris is not here: its module is not on the Go module proxy.

## Findings in a hundred manifests, by rule

Rules that find nothing here are not listed. `d` beside a number: denied; the others are warned of.

{rules}
"""


@dataclass(frozen=True, slots=True)
class Noise:
    """What was found in how many manifests. found: findings by rule and action; denied, warned: manifests."""

    manifests: int
    denied: int
    warned: int
    found: Mapping[tuple[str, Action], int]

    @property
    def findings(self) -> int:
        return sum(self.found.values())


def noise_of(judged: Sequence[Manifest]) -> Noise:
    """The noise in what was judged. A policy that cannot be evaluated denies."""
    keys = {load(rule.template)["spec"]["crd"]["spec"]["names"]["kind"]: rule.key for rule in RULES}
    found: Counter[tuple[str, Action]] = Counter()
    for one in judged:
        for violation in one.decision.violations:
            for action in violation.actions:
                found[keys[violation.policy.kind], action] += 1
        for failure in one.decision.failures:
            found[keys[failure.policy.kind], "deny"] += 1
    denied = sum(one.is_denied for one in judged)
    warned = sum(one.decision.verdict == "warn" for one in judged)
    return Noise(len(judged), denied, warned, found)


def noise_of_profile(profile: str) -> Noise:
    """The noise of a shipped profile over the corpus."""
    return noise_of(judge_corpus(POLICIES.root / "profiles" / f"{profile}.yaml", corpus_folders()))


def noise_of_checkov(python: Path) -> Noise:
    """What Checkov says of the same files. It knows no warnings by itself."""
    manifests, denied = 0, 0
    found: Counter[tuple[str, Action]] = Counter()
    for folder in corpus_folders():
        command = [python.parent / "checkov", "-d", folder, "--framework", "kubernetes", "-o", "json"]
        options = ["--compact", "--quiet", "--skip-download"]
        done = subprocess.run([*map(str, command), *options], capture_output=True, text=True, check=False)
        # 1 says that a check failed.
        if done.returncode not in (0, 1):
            raise SystemExit(f"checkov: exit code {done.returncode}\n{done.stderr[-2000:]}")
        report: dict[str, Any] = json.loads(done.stdout)
        failed = report["results"]["failed_checks"]
        manifests += report["summary"]["resource_count"]
        denied += len({(one["file_path"], one["resource"]) for one in failed})
        found.update((str(one["check_id"]), "deny") for one in failed)
    return Noise(manifests, denied, 0, found)


def render(profiles: Mapping[str, Noise], peers: Mapping[str, Noise]) -> str:
    """The page."""
    rows = ["| | manifests | denied | warned of | findings in a hundred |", "|---|---:|---:|---:|---:|"]
    rows += [_row(f"`{name}`", one) for name, one in profiles.items()]
    rows += [_row(name, one) for name, one in peers.items()]
    head = f"| rule | {' | '.join(profiles)} |"
    rules = [head, f"|---|{'---:|' * len(profiles)}"]
    keys = sorted({key for one in profiles.values() for key, _ in one.found})
    rules += [f"| `{key}` | {' | '.join([_cell(one, key) for one in profiles.values()])} |" for key in keys]
    return _HEAD.format(bar=f"{MOST_DENIED:.0%}", profiles="\n".join(rows), rules="\n".join(rules))


def _row(name: str, one: Noise) -> str:
    denied, warned = [f"{count} ({count / one.manifests:.1%})" for count in (one.denied, one.warned)]
    return f"| {name} | {one.manifests} | {denied} | {warned} | {100 * one.findings / one.manifests:.1f} |"


def _cell(one: Noise, key: str) -> str:
    denied, others = one.found.get((key, "deny"), 0), sum(one.found.get((key, name), 0) for name in _OTHERS)
    parts = [
        f"{100 * count / one.manifests:.2f}{mark}" for count, mark in ((denied, " d"), (others, "")) if count
    ]
    return ", ".join(parts) or "-"


_OTHERS: Final[tuple[Action, ...]] = ("warn", "dryrun")


def print_section() -> None:
    """Writes the page and prints it."""
    profiles = {name: noise_of_profile(name) for name in PROFILES}
    peers: dict[str, Noise] = {}
    if add_environments(PEERS) == 0:
        peers[CHECKOV.replace("-", " ").capitalize()] = noise_of_checkov(environment(CHECKOV))
    text = render(profiles, peers)
    PAGE.write_text(text, "utf-8")
    print(text)
