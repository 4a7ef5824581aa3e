"""Loading policies: the shared library cold and from the cache, and 1,000 constraints of one template.

Each figure is of a process of its own, the lowest of several.
"""

import gc
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.policy import PolicySet
from lockgate.gatekeeper.loader import load_policies

from tests.bench.library import POINT, Sample, decide, inventory_of, read, samples
from tests.bench.variants import vary
from tests.shared_folder import shared_root

RUNS = 5
CONSTRAINTS = 1_000

Figures = dict[str, float]


def _templates() -> list[Document]:
    library = shared_root() / "vectors" / "gatekeeper-library"
    return [document for path in sorted(library.rglob("template.yaml")) for document in read(path)]


def _load(documents: Sequence[Document], cache: CodeCache | None) -> tuple[PolicySet, float]:
    before = time.perf_counter()
    loaded = load_policies(documents, engine="rego", point=POINT, cache=cache)
    taken = time.perf_counter() - before
    if loaded.errors:
        raise SystemExit(str(loaded.errors))
    return loaded.policies, taken


def cold(folder: str) -> Figures:
    """Parsing and compiling every template, the import of the compiler included."""
    before = time.perf_counter()
    documents = _templates()
    reading = time.perf_counter() - before
    return {"templates": len(documents), "YAML ms": reading * 1e3, "load ms": _load(documents, None)[1] * 1e3}


def warm(folder: str) -> Figures:
    """The same from the cache in the folder, which this fills when it is empty."""
    documents = _templates()
    before = time.perf_counter()
    cache = CodeCache(folder, compiler_fingerprint())
    fingerprint = time.perf_counter() - before
    return {"templates": len(documents), "load ms": (fingerprint + _load(documents, cache)[1]) * 1e3}


def _constraints() -> tuple[Sample, list[Document], list[Document]]:
    """A template with its sample constraint, and 1,000 others with parameters of their own."""
    sample = next(
        one for one in samples(shared_root() / "vectors" / "gatekeeper-library") if one.name == "allowedrepos"
    )
    template, (constraint,) = read(sample.template), read(sample.constraint)
    spec = constraint.value["spec"]
    assert isinstance(spec, dict)
    documents: list[Document] = []
    for number in range(CONSTRAINTS):
        value: dict[str, Value] = {
            **constraint.value,
            "metadata": {"name": f"repos-{number}"},
            "spec": {
                **spec,
                "parameters": {"repos": [f"registry-{number}.example.com/", "openpolicyagent/"]},
            },
        }
        documents.append(replace(constraint, value=value))
    return sample, [*template, constraint], [*template, *documents]


def constraints(folder: str) -> Figures:
    """1,000 constraints of one template beside one, and reviews under all of them."""
    sample, single, many = _constraints()
    _, one = _load(single, None)
    policies, all_of_them = _load(many, None)
    matching = next(document for document in sample.objects if sample.matches(document))
    other = replace(matching, value={**matching.value, "apiVersion": "v1", "kind": "ConfigMap"})
    times = [_review_time(document, policies, 40) for document in (matching, other)]
    return {
        "constraints": len(policies.policies),
        "load ms": (all_of_them - one) * 1e3,
        "matching review us": times[0] * 1e6,
        "other review us": times[1] * 1e6,
    }


def memory(folder: str) -> Figures:
    """What Python allocates for them: when loaded, and after reviews have made what belongs to each."""
    sample, single, many = _constraints()
    _load(single, None)
    matching = next(document for document in sample.objects if sample.matches(document))
    gc.collect()
    tracemalloc.start()
    policies, _ = _load(many, None)
    gc.collect()
    loaded, _ = tracemalloc.get_traced_memory()
    _review_time(matching, policies, 40)
    gc.collect()
    reviewed, _ = tracemalloc.get_traced_memory()
    count = len(policies.policies)
    return {
        "constraints": count,
        "loaded KB each": loaded / count / 1e3,
        "after reviews KB each": reviewed / count / 1e3,
    }


def _review_time(document: Document, policies: PolicySet, turns: int) -> float:
    given = [vary(document, (), number) for number in range(turns)]
    facts = inventory_of([document])
    times: list[float] = []
    for one in given:
        before = time.perf_counter()
        decide(one, policies, facts)
        times.append(time.perf_counter() - before)
    return median(times)


MEASURES: dict[str, Callable[[str], Figures]] = {
    "cold": cold,
    "warm": warm,
    "constraints": constraints,
    "memory": memory,
}


def _measured(name: str, folder: str) -> Figures:
    command = [sys.executable, "-m", "tests.bench.loading", name, folder]
    runs: list[Figures] = []
    for _ in range(RUNS):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        runs.append(json.loads(done.stdout))
    return {key: min([run[key] for run in runs]) for key in runs[0]}


def print_section() -> None:
    """A line a measure."""
    print(f"Loading policies, the lowest figures of {RUNS} processes")
    for name in MEASURES:
        with tempfile.TemporaryDirectory() as folder:
            figures = _measured(name, folder)
        print(f"{name:14}" + ", ".join([f"{key} {value:.1f}" for key, value in figures.items()]))
    print()


if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]](sys.argv[2])))
