"""Random match blocks and objects: gator must agree with what `compile_match` says of each."""

import os
import random
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.policy import Matched, MatchError
from lockgate.gatekeeper.constraint import parse_constraint
from lockgate.gatekeeper.match import compile_match
from lockgate.gatekeeper.suite_run import gator_review
from lockgate.gatekeeper.target import find_namespaces
from lockgate.gatekeeper.template import parse_template

from tests.e2e.programs import run_program
from tests.gatekeeper.workbench import Json, SuiteFolder, constraint, document, template

pytestmark = pytest.mark.e2e

# Each test is three files and one start of gator's client; 400 take about a second.
COUNT = int(os.environ.get("LOCKGATE_RANDOM_MATCHES", "400"))

NAMES = ["a", "ab", "b-a", "kube-a", "ba"]
WILDCARDS = ["*", "a*", "*a", "*b*", "ab", "kube-*", "a"]
KINDS = [
    ("v1", "Pod"),
    ("v1", "Namespace"),
    ("apps/v1", "Deployment"),
    ("x.io/v1", "Namespace"),
    ("v1", "Node"),
]
LABELS: list[Json] = [{}, {"app": "a"}, {"app": "b", "env": "prod"}, {"env": "dev"}]


def _selector(dice: random.Random) -> Json:
    made: Json = {}
    if dice.random() < 0.5:
        made["matchLabels"] = dice.choice(LABELS)
    if dice.random() < 0.7:
        operator = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        row: Json = {"key": dice.choice(["app", "env"]), "operator": operator}
        if operator in ("In", "NotIn"):
            row["values"] = dice.sample(["a", "b", "prod", "dev"], dice.randint(1, 3))
        made["matchExpressions"] = [row]
    return made


def _some(dice: random.Random, values: list[Any]) -> list[Any]:
    return dice.sample(values, dice.randint(0, 2))


def random_match(dice: random.Random) -> Json:
    """A match block with about half of its criteria."""
    made: Json = {
        "kinds": [
            {
                "apiGroups": _some(dice, ["", "apps", "*", "x.io"]),
                "kinds": _some(dice, ["Pod", "*", "Namespace"]),
            }
            for _ in range(dice.randint(0, 2))
        ],
        "scope": dice.choice(["Cluster", "Namespaced", "*", "other", ""]),
        "namespaces": _some(dice, WILDCARDS),
        "excludedNamespaces": _some(dice, WILDCARDS),
        "labelSelector": _selector(dice),
        "namespaceSelector": _selector(dice),
        "name": dice.choice([*WILDCARDS, ""]),
        "source": dice.choice(["All", "Original", "Generated"]),
    }
    rare = {
        "source": 0.1,
        "namespaces": 0.3,
        "excludedNamespaces": 0.3,
        "name": 0.3,
        "namespaceSelector": 0.3,
    }
    return {name: value for name, value in made.items() if dice.random() < rare.get(name, 0.4)}


def random_object(dice: random.Random) -> Json:
    """An object with a name or a generateName, labels or none, a namespace or none."""
    version, kind = dice.choice(KINDS)
    metadata: Json = {dice.choice(["name", "name", "generateName"]): dice.choice(NAMES)}
    if dice.random() < 0.6:
        metadata["labels"] = dice.choice(LABELS)
    if dice.random() < 0.6:
        metadata["namespace"] = dice.choice(NAMES)
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def random_namespaces(dice: random.Random) -> list[Json]:
    """Namespaces of some of the names."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dice.choice(LABELS)}}
        for name in NAMES
        if dice.random() < 0.5
    ]


def test_random_matches(tmp_path: Path) -> None:
    seed = int(os.environ.get("LOCKGATE_SEED", random.SystemRandom().randrange(10**6)))
    dice = random.Random(seed)
    made = parse_template(document(template()))
    suite = SuiteFolder(tmp_path)
    outcomes: set[str] = set()
    for number in range(COUNT):
        bound, value, known = (
            constraint({"match": random_match(dice)}),
            random_object(dice),
            random_namespaces(dice),
        )
        match = parse_constraint(document(bound), made, point="gator.gatekeeper.sh").match
        found = compile_match(match)(gator_review(document(value), find_namespaces(known)))
        outcomes.add(type(found).__name__)
        wanted: Json = {"violations": 0}
        if isinstance(found, Matched):
            wanted = {"violations": 1, "message": "^hit$"}
        elif isinstance(found, MatchError):
            wanted = {"violations": 1, "message": "unable to match constraints"}
        suite.test(f"{number}", template(), bound, [(value, known, [wanted])])
    said = run_program("gator", "verify", suite.write().name, cwd=tmp_path)
    assert said.returncode == 0, f"LOCKGATE_SEED={seed}\n{said.stdout[-4000:]}"
    assert outcomes == {"Matched", "NotMatched", "MatchError"}
