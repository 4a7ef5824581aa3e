"""What a review costs besides its policies' own work, and what constraints cost that do not match."""

import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.policy import Facts, PolicySet
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.target import review_document

from tests.bench.library import CLUSTER, POINT, decide, samples
from tests.bench.variants import vary

ROUNDS = 4_000
FURTHER = 100

# It reads the object as a policy has to, and finds nothing.
_TEMPLATE = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: trivial}
spec:
  crd: {spec: {names: {kind: Trivial}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package trivial
      violation[{"msg": "x"}] { input.review.object.spec.absent }
"""


def _constraint(name: str, kind: str) -> str:
    return (
        f"apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Trivial\nmetadata: {{name: {name}}}\n"
        f'spec: {{match: {{kinds: [{{apiGroups: [""], kinds: [{kind}]}}]}}}}\n'
    )


def policies(matching: int, others: int) -> PolicySet:
    """Constraints of a policy without work: for Pods, and for another kind."""
    texts = [_TEMPLATE, *[_constraint(f"pod-{number}", "Pod") for number in range(matching)]]
    texts += [_constraint(f"other-{number}", "Secret") for number in range(others)]
    documents = read_documents("---\n".join(texts).encode(), "trivial.yaml", duplicates="last").documents
    return load_policies(documents, engine="rego", point=POINT).policies


def fastest(documents: Sequence[Document], given: PolicySet) -> float:
    """The time of the quietest quarter of reviews, in seconds."""
    facts = Facts({}, "")
    times: list[float] = []
    clock = time.perf_counter
    gc.collect()
    gc.freeze()
    for document in documents:
        before = clock()
        decide(document, given, facts)
        times.append(clock() - before)
    gc.unfreeze()
    return sorted(times)[len(times) // 4]


def building(documents: Sequence[Document]) -> float:
    """The time that the review of an object takes to make, in seconds, as above."""
    times: list[float] = []
    clock = time.perf_counter
    for document in documents:
        before = clock()
        review_document(document, CLUSTER)
        times.append(clock() - before)
    return sorted(times)[len(times) // 4]


def print_section(library: Path) -> None:
    """A line a number of constraints."""
    sample = next(one for one in samples(library) if one.name == "allowedrepos")
    pod = next(document for document in sample.objects if sample.matches(document))
    documents = [vary(pod, (), number) for number in range(ROUNDS)]
    bare = replace(pod, value={**pod.value, "kind": "ConfigMap"})
    unmatched = [vary(bare, (), number) for number in range(ROUNDS)]
    one, ten, many = (policies(matching, others) for matching, others in ((1, 0), (10, 0), (1, FURTHER)))
    first = fastest(documents, one)
    rows = {
        "building the review alone": building(documents),
        "one constraint, nothing to do": first,
        "each further one that matches": (fastest(documents, ten) - first) / 9,
        "each further one for another kind": (fastest(documents, many) - first) / FURTHER,
        "one constraint, of another kind": fastest(unmatched, one),
    }
    print(f"Fixed cost, µs a review, the quietest quarter of {ROUNDS} reviews")
    for name, seconds in rows.items():
        print(f"{name:42}{seconds * 1e6:>8.2f}")
    print()
