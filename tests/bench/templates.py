"""The shipped rules as one program and as a program a template: time to load, code, memory, a review."""

import gc
import marshal
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts
from lockgate.engine.review import Review
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.target import Cluster, review_document

from tests.gatekeeper.workbench import document
from tests.policies.shipped import RULES, load
from tests.shared_folder import ROOT

ROUNDS = 9
WAYS = ("alone", "together")


def print_section() -> None:
    """Each way in a process of its own, in turn."""
    print("All shipped rules, a constraint each, on the objects of their samples")
    print(f"{'':10} {'load ms':>8} {'code kB':>8} {'kept MB':>8} {'peak MB':>8} {'a review µs':>12}")
    for way in WAYS:
        command = [sys.executable, "-m", "tests.bench.templates", way]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        print(f"{way:10} {done.stdout.strip()}")


def shipped() -> tuple[list[Document], list[Document]]:
    """The templates with the first constraint of their samples, and the objects of all samples."""
    policies: list[Document] = []
    objects: list[Document] = []
    for rule in RULES:
        policies += _read(rule.template.read_bytes(), str(rule.template))
        for number, sample in enumerate(rule.samples()):
            if number == 0:
                value = load(sample.constraint)
                value["metadata"]["name"] = rule.name.replace("_", "-")
                policies.append(document(value, f"{rule.name}.json"))
            for path in (*sample.allowed, *sample.denied):
                objects += _read(path.read_bytes(), str(path))
    return policies, objects


def _read(content: bytes, file: str) -> tuple[Document, ...]:
    return read_documents(content, file, duplicates="error").documents


def loaded(policies: Sequence[Document], way: str) -> Loaded:
    """The policies, loaded without a cache. Who is shown the code of each template gets one for each."""
    return load_policies(policies, show=(lambda kind, code: None) if way == "alone" else None)


def _judge(reviews: Sequence[Review], policies: Loaded) -> float:
    """Seconds of processor time for a review (mean)."""
    start = time.process_time()
    for review in reviews:
        evaluate(review, policies.policies, Facts(), now_ns=10**18, limits=Limits())
    return (time.process_time() - start) / len(reviews)


def _resident() -> int:
    """The memory that the process has now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main(way: str) -> None:
    """Prints one row."""
    policies, objects = shipped()
    reviews = [review_document(one, Cluster()) for one in objects]
    # What the compiler imports is not its work.
    loaded(policies[:2], way)
    before = _resident()
    start = time.process_time()
    made = loaded(policies, way)
    seconds = time.process_time() - start
    assert not made.errors, made.errors
    gc.collect()
    memory = _resident() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    codes: dict[int, Any] = {}
    for policy in made.policies.policies:
        entry: Any = policy
        for cell in (entry.evaluate.__closure__ or ()) if hasattr(entry, "evaluate") else ():
            parts = cell.cell_contents
            if type(parts) is tuple and parts and hasattr(parts[0], "__code__"):
                codes[id(parts[0].__globals__)] = parts[0].__globals__
    size = sum(
        len(marshal.dumps(value.__code__))
        for names in codes.values()
        for value in names.values()
        if hasattr(value, "__code__") and value.__code__.co_filename == "<rego>"
    )
    times = [_judge(reviews, made) for _ in range(ROUNDS)]
    print(
        f"{seconds * 1e3:8.0f} {size / 1e3:8.0f} {memory / 1e6:8.1f} {peak / 1e6:8.0f} {min(times) * 1e6:12.0f}"
    )


if __name__ == "__main__":
    main(sys.argv[1])
