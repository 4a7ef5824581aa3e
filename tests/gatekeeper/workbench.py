"""Builds templates, constraints, objects and suites for tests, as documents and as files on disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents

Json = dict[str, Any]

HIT = 'package hit\n\nviolation[{"msg": "hit"}] { true }\n'
DUMP_REVIEW = 'package dump\n\nviolation[{"msg": msg}] { msg := json.marshal(input.review) }\n'
DUMP_PARAMETERS = 'package dump\n\nviolation[{"msg": msg}] { msg := json.marshal(input.parameters) }\n'


def template(rego: str = HIT, *, kind: str = "Probe", schema: Any = None, **spec: Any) -> Json:
    """A v1 template; `spec` adds to its target."""
    crd: Json = {"spec": {"names": {"kind": kind}}}
    if schema is not None:
        crd["spec"]["validation"] = {"openAPIV3Schema": schema}
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {"crd": crd, "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego, **spec}]},
    }


def constraint(spec: Any = None, *, kind: str = "Probe", name: str = "probe", **top: Any) -> Json:
    """A constraint of the template; without a spec it has none."""
    made: Json = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": name},
    }
    if spec is not None:
        made["spec"] = spec
    made.update(top)
    return made


def manifest(kind: str = "Pod", name: str = "a", *, group: str = "v1", **metadata: Any) -> Json:
    """An object with this apiVersion and kind, and more metadata."""
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, **metadata}}


def document(value: Json, file: str = "object.json") -> Document:
    """The object as read from a file, one value a line."""
    reading = read_documents(json.dumps(value, indent=1).encode(), file, duplicates="error")
    assert not reading.errors and len(reading.documents) == 1, reading
    return reading.documents[0]


def documents(text: str, file: str = "policy.yaml") -> tuple[Document, ...]:
    """The objects of a YAML text."""
    reading = read_documents(text.encode(), file, duplicates="error")
    assert not reading.errors, reading.errors
    return reading.documents


@dataclass
class SuiteFolder:
    """A suite written to a folder, test by test."""

    folder: Path
    tests: list[Json] = field(default_factory=list)

    def file(self, name: str, values: Sequence[Mapping[str, Any]]) -> str:
        """Writes the objects to one file; gives its name."""
        text = "\n---\n".join(json.dumps(value, indent=1) for value in values)
        (self.folder / name).write_text(text + "\n")
        return name

    def test(
        self,
        name: str,
        made: Json,
        bound: Json,
        cases: Sequence[tuple[Json, Sequence[Json], Sequence[Json]]] = (),
        **more: Any,
    ) -> None:
        """Adds a test; a case is its object, its inventory and its assertions."""
        number = len(self.tests)
        rows: list[Json] = []
        for index, (value, inventory, assertions) in enumerate(cases):
            row: Json = {
                "name": f"{index}",
                "object": self.file(f"{number}-{index}-object.yaml", [value]),
                "assertions": list(assertions),
            }
            if inventory:
                row["inventory"] = [self.file(f"{number}-{index}-inventory.yaml", inventory)]
            rows.append(row)
        self.tests.append(
            {
                "name": name,
                "template": self.file(f"{number}-template.yaml", [made]),
                "constraint": self.file(f"{number}-constraint.yaml", [bound]),
                "cases": rows,
                **more,
            }
        )

    def write(self) -> Path:
        """Writes the suite; gives its path."""
        path = self.folder / "suite.yaml"
        suite = {"apiVersion": "test.gatekeeper.sh/v1alpha1", "kind": "Suite", "tests": self.tests}
        path.write_text(json.dumps(suite, indent=1))
        return path
