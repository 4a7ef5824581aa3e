"""What `lockgate claims` costs on a thousand claims, and what a claim's review costs under every rule on claims."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.policy import Facts, PolicySet

from tests.bench.commands import LOCKGATE, Run, run_once, user_environment
from tests.bench.library import decide, inventory_of, load
from tests.shared_folder import ROOT

RULES = ROOT / "policies" / "claims"
CLAIMS = 1_000
RUNS = 5
# The bars, in seconds.
COMMAND, REVIEW = 1.0, 0.000_3

# The shapes in which claims are written, each as often.
SHAPES = (
    "exactly: {deviceClassName: gpu.nvidia.com, count: NUMBER}",
    "exactly: {deviceClassName: mig.nvidia.com, selectors: [{cel: {expression: device.driver == 'gpu.nvidia.com'}}]}",
    "firstAvailable: [{name: a, deviceClassName: gpu.nvidia.com}, {name: b, deviceClassName: mig.nvidia.com, count: 2}]",
    "exactly: {deviceClassName: gpu.nvidia.com}",
)


def claim(number: int) -> str:
    """One claim of many, as YAML."""
    asked = SHAPES[number % len(SHAPES)].replace("NUMBER", str(number % 8 + 1))
    return (
        "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\n"
        f"metadata:\n  name: claim-{number}\n  namespace: team-{number % 20}\n"
        f"spec:\n  devices:\n    requests:\n    - name: gpu\n      {asked}\n"
    )


def constraints() -> list[Path]:
    """The first sample constraint of each rule on claims."""
    found = [sorted(rule.glob("samples/*/constraint.yaml")) for rule in sorted(RULES.iterdir())]
    return [paths[0] for paths in found if paths]


def policies() -> PolicySet:
    """All rules on claims, each under one constraint."""
    paths = constraints()
    return load([*[path.parents[2] / "template.yaml" for path in paths], *paths])


# What the claims name, which the cluster has.
CLASSES = "---\n".join(
    [
        f"apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {{name: {name}}}\n"
        for name in ("gpu.nvidia.com", "mig.nvidia.com")
    ]
)


def fastest(documents: Sequence[Document], given: PolicySet, facts: Facts) -> float:
    """The time of the quietest quarter of reviews, in seconds."""
    times: list[float] = []
    clock = time.perf_counter
    for _ in range(3):
        for document in documents:
            before = clock()
            decide(document, given, facts)
            times.append(clock() - before)
    return sorted(times)[len(times) // 4]


def command(folder: Path) -> Run:
    """The fastest of a few runs of the command, whose library and rules are compiled already."""
    manifests = folder / "claims.yaml"
    manifests.write_text("---\n".join([claim(number) for number in range(CLAIMS)]))
    chosen = folder / "constraints.yaml"
    chosen.write_text(yaml.safe_dump_all([yaml.safe_load(path.read_text()) for path in constraints()]))
    line: list[str | Path] = [
        *LOCKGATE,
        "claims",
        "-p",
        chosen,
        "--format",
        "json",
        "--svg",
        folder / "claims.svg",
        manifests,
    ]
    runs = [run_once(line, user_environment(), (0,)) for _ in range(RUNS + 1)]
    return min(runs[1:], key=lambda run: run.wall)


def print_section() -> None:
    """Two lines, each with its bar."""
    text = "---\n".join([claim(number) for number in range(CLAIMS)])
    documents = read_documents(text.encode(), "claims.yaml", duplicates="last").documents
    given = policies()
    facts = inventory_of(read_documents(CLASSES.encode(), "classes.yaml", duplicates="last").documents)
    review = fastest(documents, given, facts)
    with tempfile.TemporaryDirectory() as folder:
        run = command(Path(folder))
    print("Claims: table, JSON and picture of 1,000, and a review under all rules on claims\n")
    print(f"{'':40} {'wall':>10} {'processor':>10} {'bar':>10}")
    print(f"{'lockgate claims, 1,000 claims, s':40} {run.wall:10.2f} {run.processor:10.2f} {COMMAND:10.2f}")
    name = f"review of a claim, {len(given.policies)} rules, µs"
    print(f"{name:40} {review * 1e6:10.0f} {'':10} {REVIEW * 1e6:10.0f}\n")
    sys.stdout.flush()
