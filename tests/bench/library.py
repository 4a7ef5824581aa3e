"""The shared library templates with their sample constraints and objects, as the benches use them."""

from dataclasses import dataclass
from pathlib import Path

from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.policy import Matched, PolicySet
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.suite import is_suite
from lockgate.gatekeeper.target import Cluster, review_document


@dataclass(frozen=True, slots=True)
class Sample:
    """A template with one of its sample constraints, and the objects of all of its samples."""

    name: str
    template: Path
    constraint: Path
    policies: PolicySet
    objects: tuple[Document, ...]

    def divided(self) -> tuple[list[Document], list[Document]]:
        """The objects that the constraint matches, and those it does not."""
        matching: list[Document] = []
        others: list[Document] = []
        policy = self.policies.policies[0]
        for document in self.objects:
            matched = isinstance(policy.match(review_document(document, Cluster())), Matched)
            (matching if matched else others).append(document)
        return matching, others


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
        loaded = load_policies([*read(template), *read(constraints[0])], engine="rego")
        if loaded.errors or not loaded.policies.policies:
            raise SystemExit(f"{template}: {loaded.errors}")
        name = template.parent.name
        found.append(Sample(name, template, constraints[0], loaded.policies, tuple(objects)))
    return found


def _is_plain(document: Document) -> bool:
    """gator bench reviews plain objects only, and refuses those without a name."""
    metadata = document.value.get("metadata")
    return document.value.get("kind") != "AdmissionReview" and isinstance(metadata, dict)
