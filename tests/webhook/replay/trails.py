"""Trails of checks, and policies that they are replayed by."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import lockgate.webhook
import pytest
from lockgate.audit.entry import parse_entry
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.webhook.helpers import run_here

SCHEMA = Path(lockgate.webhook.__file__).parent / "schemas" / "replay.schema.json"
ORIGIN = "example.com/lockgate/ci"
TEMPLATE = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8sno}
spec:
  crd: {spec: {names: {kind: K8sNo}, validation: {openAPIV3Schema: {type: object, properties: {image: {type: string}}}}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8sno
      violation[{"msg": msg}] {
        image := input.review.object.spec.containers[_].image
        endswith(image, input.parameters.image)
        msg := sprintf("%v has the image %v", [input.review.object.metadata.name, image])
      }
"""


def constraint(name: str, image: str, action: str = "deny", more: str = "") -> str:
    return (
        "---\napiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sNo\n"
        f"metadata: {{name: {name}}}\nspec: {{enforcementAction: {action}, parameters: {{image: '{image}'}}{more}}}\n"
    )


def policies(folder: str, *constraints: str, template: str = TEMPLATE) -> str:
    Path(folder).mkdir()
    Path(folder, "all.yaml").write_text(template + "".join(constraints))
    return folder


def pod(name: str, image: str, namespace: str = "team-a", more: str = "") -> str:
    return (
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec: {{containers: [{{name: c, image: 'registry.example/app:{image}'}}]{more}}}\n"
    )


def made_trail(home: str = "trail") -> str:
    assert run_here("audit", "init", home, "--origin", ORIGIN, cwd=Path.cwd()).code == 0
    return home


def checked(given: str, objects: str, *more: str) -> None:
    """Records a check of objects."""
    Path("objects.yaml").write_text(objects)
    ran = run_here("check", "-p", given, "--trail", "trail", *more, "objects.yaml", cwd=Path.cwd())
    assert ran.code in (0, 1), ran.err


def replayed(
    capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0, home: str = "trail"
) -> dict[str, Any]:
    assert run(["audit", "replay", "--trail", home, "--format", "json", *arguments]) == code
    return valid(capsys.readouterr().out)


def valid(text: str) -> dict[str, Any]:
    """What was written, held to its schema."""
    made: dict[str, Any] = json.loads(text)
    jsonschema.validate(made, json.loads(SCHEMA.read_text()))
    return made


def entries_of(kind: str, home: str = "trail") -> list[dict[str, Any]]:
    with open_trail(home) as opened:
        found = [parse_entry(one) for one in opened.store.entries(0, opened.store.head().size)]
    return [dict(entry.value) for entry in found if entry.kind == kind]
