"""What is known of each system: `python -m tests.bench systems` writes `docs/measurements/systems.md`.

For each system: how many of its objects in the corpus `check` judges, which rules name it, of which of its kinds a version that moves
is recognised, and which integration runs.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import EvaluationError
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.policy_folder import read_metadata
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.reading import HolderReader
from lockgate.webhook.systems import SYSTEMS, systems_of

from tests.bench.corpus_run import corpus_folders, judge_corpus
from tests.policies.shipped import POLICIES, RULES
from tests.shared_folder import ROOT

PAGE: Final = ROOT / "docs" / "measurements" / "systems.md"
# Systems without kinds of their own, by what objects hold of them.
IMAGES: Final = "image-registries"
# Where a system's example has another name than the system.
EXAMPLES: Final = {"kserve": "golden-path"}
# What `lockgate monitoring` writes, with the test that holds it against the system's own form.
WRITTEN: Final = {
    "gcp-monitoring": ("cloud-monitoring", "tests/e2e/test_cloud_monitoring.py"),
    "grafana": ("grafana", "tests/webhook/monitoring/test_monitoring.py"),
    "node-problem-detector": ("node-problem-detector", "tests/webhook/monitoring/test_other_systems.py"),
    "prometheus": ("prometheus", "tests/webhook/monitoring/test_alerts_fire.py"),
    "zabbix": ("zabbix", "tests/webhook/monitoring/test_other_systems.py"),
}
_HEAD: Final = """\
# Systems

Written by `python -m tests.bench systems` over the shared corpus. For each system: how many of its objects `lockgate check` judges there,
how many rules name it ([catalogue](../../policies/catalogue.md)), of which of its kinds a version that moves is recognised as a promotion
(`policies/lib/subjects.rego` finds something in objects of these kinds there), and which integration runs, with the test that runs it:
an example, or what `lockgate monitoring` writes.
Documents of tools that have no kind are judged where a constraint of the profile `regulated` names theirs.
Image registries have no kinds of their own: what is counted is every object that names an image.

"""


def example_of(system: str, root: Path) -> tuple[str, str] | None:
    """The example of a system, with the test that names it, as paths from the root; None where there is none."""
    place = root / "examples" / EXAMPLES.get(system, system)
    if not place.is_dir():
        return None
    name = re.escape(place.name)
    # The folder by its path; else its name in a test that reads examples.
    for pattern in (rf"""examples(?:/|"\s*/\s*"){name}["'/]""", rf"""["'/]{name}["'/]"""):
        for path in sorted((root / "tests").rglob("test_*.py")):
            text = path.read_text("utf-8")
            if "examples" in text and re.search(pattern, text):
                return str(place.relative_to(root)), str(path.relative_to(root))
    return None


def _integration(system: str) -> str:
    """The example or the command, and the test that runs it."""
    if system in WRITTEN:
        written, test = WRITTEN[system]
        return f"[`lockgate monitoring {written}`](../observability.md#alerts-and-dashboard), `{test}`"
    example = example_of(system, ROOT)
    return "-" if example is None else f"[`{example[0]}`](../../{example[0]}), `{example[1]}`"


def recognised() -> tuple[Mapping[str, Counter[str]], int]:
    """By system, the kinds whose objects hold something with a version, with how many; and how many objects hold an image."""
    reader = HolderReader(open_library(SHIPPED, open_cache(None, os.environ), "subjects"))
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    images = 0
    for folder in corpus_folders():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in (".yaml", ".yml", ".json"):
                continue
            reading = read_documents(path.read_bytes(), path.name, duplicates="last")
            beside = [one.document for one in reading.skipped if one.document is not None]
            for document in (*reading.documents, *beside):
                try:
                    running = reader.ask(document.value)
                except EvaluationError:
                    continue
                if not running.subjects:
                    continue
                images += any(one.kind == "image" for one in running.subjects)
                for system in systems_of(running.group, running.kind):
                    kinds[system][running.kind] += 1
    return kinds, images


def render(rows: Sequence[Sequence[str]]) -> str:
    """The page."""
    lines = ["| system | manifests judged | rules | promotion recognised in | integration that runs |"]
    lines += ["|---|---:|---:|---|---|", *[f"| {' | '.join(row)} |" for row in rows]]
    return _HEAD + "\n".join(lines) + "\n"


def print_section() -> None:
    """Writes the page and prints it."""
    judged = Counter(
        system
        for one in judge_corpus(POLICIES.root / "profiles" / "regulated.yaml", corpus_folders())
        for system in systems_of(one.group, one.kind)
    )
    rules = Counter(system for rule in RULES for system in read_metadata(rule.source).systems)
    kinds, images = recognised()
    judged[IMAGES] = images
    rows = []
    for system, name in sorted(SYSTEMS.items(), key=lambda one: one[1].casefold()):
        found = ", ".join(f"{kind} {count}" for kind, count in kinds.get(system, Counter()).most_common(8))
        run = _integration(system)
        known = "images of every kind of workload" if system == IMAGES else found or "-"
        rows.append([name, str(judged[system]), str(rules[system]), known, run])
    text = render(rows)
    PAGE.write_text(text, "utf-8")
    print(text)
