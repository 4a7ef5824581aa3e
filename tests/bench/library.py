"""The shared library templates with their sample constraints and objects, as the benches use them."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint
from lockgate.engine.decision import Decision
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts, Matched, PolicySet
from lockgate.engine.rego.specialise import Allowance
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.inventory import facts_of
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.policy import ConstraintPolicy
from lockgate.gatekeeper.suite import is_suite
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.gatekeeper.template import EngineChoice

# As gator has it: nothing of a review is unknown, and objects are reviewed as they are written.
POINT: EnforcementPoint = "gator.gatekeeper.sh"
CLUSTER = Cluster(namespace="")
LIMITS = Limits()
# What constraints of one template share, and what each has of its own once it has been evaluated often.
Code = Literal["shared", "own"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A template with one of its sample constraints, and the objects of all of its samples."""

    name: str
    template: Path
    constraint: Path
    policies: PolicySet
    objects: tuple[Document, ...]

    @property
    def reads_inventory(self) -> bool:
        """Does what is said of one object depend on the others?"""
        policy = self.policies.policies[0]
        return isinstance(policy, ConstraintPolicy) and bool(policy.needs.reads)

    def matches(self, document: Document) -> bool:
        """Does the constraint match the object?"""
        return isinstance(self.policies.policies[0].match(review_document(document, CLUSTER)), Matched)

    def judge(self, documents: Sequence[Document]) -> list[list[str]]:
        """What the policy says of each object."""
        return judge(self.policies, documents)


def decide(document: Document, policies: PolicySet, facts: Facts) -> Decision:
    """From the parsed object to the Decision: what is measured."""
    return evaluate(review_document(document, CLUSTER), policies, facts, now_ns=0, limits=LIMITS)


def inventory_of(documents: Sequence[Document]) -> Facts:
    """The objects as the inventory, which gator bench makes of them too."""
    return facts_of([document.value for document in documents])


def judge(policies: PolicySet, documents: Sequence[Document]) -> list[list[str]]:
    """What the policies say of each of the objects, which are the inventory too."""
    facts = inventory_of(documents)
    said: list[list[str]] = []
    for document in documents:
        decision = decide(document, policies, facts)
        texts = [f"{violation.policy} {violation.message}" for violation in decision.violations]
        texts += [f"{failure.policy} failed: {failure.message}" for failure in decision.failures]
        said.append(sorted(texts))
    return said


def read(path: Path) -> tuple[Document, ...]:
    """The objects of a file."""
    return read_documents(path.read_bytes(), str(path), duplicates="last").documents


def samples(library: Path) -> list[Sample]:
    """One sample a template: its first sample constraint."""
    found: list[Sample] = []
    for template in sorted(library.rglob("template.yaml")):
        constraints: list[Path] = []
        objects: list[Document] = []
        for path in sorted((template.parent / "samples").rglob("*.yaml")):
            documents = read(path)
            if any(is_constraint(document.value) for document in documents):
                constraints.append(path)
            else:
                objects.extend(d for d in documents if not is_suite(d.value) and _is_plain(d))
        if not constraints:
            continue
        policies = load([template, constraints[0]])
        found.append(Sample(template.parent.name, template, constraints[0], policies, tuple(objects)))
    return found


def load(paths: Sequence[Path], code: Code = "shared", engine: EngineChoice = "rego") -> PolicySet:
    """The policies of template and constraint files; an error ends the bench."""
    # With a cache the expressions of a template in CEL are fused at once.
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_policies(
            [document for path in paths for document in read(path)],
            engine=engine,
            point=POINT,
            cache=CodeCache(folder, compiler_fingerprint()),
            allowance=Allowance(after=0 if code == "own" else None, apart=0),
        )
    if loaded.errors or not loaded.policies.policies:
        raise SystemExit(f"{paths}: {loaded.errors}")
    return loaded.policies


def _is_plain(document: Document) -> bool:
    """gator bench reviews plain objects only, and refuses those without a name."""
    metadata = document.value.get("metadata")
    return document.value.get("kind") != "AdmissionReview" and isinstance(metadata, dict)
