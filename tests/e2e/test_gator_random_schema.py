"""Random schemas and parameters: gator must agree on which templates and constraints are good, and on defaults."""

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.codegen.values import render_json
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.constraint import parse_constraint
from lockgate.gatekeeper.problems import ConstraintSchemaError
from lockgate.gatekeeper.template import parse_template

from tests.e2e.programs import run_program
from tests.gatekeeper.workbench import (
    DUMP_PARAMETERS,
    Json,
    SuiteFolder,
    constraint,
    document,
    manifest,
    template,
)

pytestmark = pytest.mark.e2e

COUNT = int(os.environ.get("LOCKGATE_RANDOM_SCHEMAS", "400"))

WORDS = ["", "a", "ab", "b", "10.0.0.1", "2026-01-02"]
VALUES: list[Any] = [
    *WORDS,
    0,
    1,
    2,
    7,
    1.5,
    -3,
    True,
    False,
    None,
    [],
    {},
    ["a"],
    [1],
    {"a": "a"},
    {"a": 1},
    {"b": {}},
]


# Bounds are whole: of a default that is an integer Kubernetes compares a bound without its fraction.
def _bounds(dice: random.Random, kind: str) -> Json:
    made: Json = {}
    options: dict[str, list[tuple[str, list[Any]]]] = {
        "string": [
            ("pattern", ["^a", "b$", "^[0-9.]+$"]),
            ("minLength", [0, 1, 2]),
            ("maxLength", [1, 2, 9]),
            ("format", ["ipv4", "date", "hostname", "made-up"]),
            ("enum", [["a", "b"], ["ab"]]),
        ],
        "integer": [("minimum", [0, 1]), ("maximum", [1, 5]), ("multipleOf", [2]), ("enum", [[1, 7], [0]])],
        "number": [("minimum", [0, 1]), ("maximum", [1, 5]), ("exclusiveMaximum", [True])],
        "array": [("minItems", [0, 1]), ("maxItems", [0, 1])],
        "object": [("minProperties", [1]), ("maxProperties", [1]), ("required", [["a"], ["b"]])],
        "boolean": [("enum", [[True]])],
    }
    for name, choices in options.get(kind, []):
        if dice.random() < 0.25:
            made[name] = dice.choice(choices)
    return made


def random_schema(dice: random.Random, depth: int = 0) -> Json:
    """A schema of up to four levels, mostly structural."""
    kinds = ["string", "integer", "number", "boolean", "array", "object", "any", "int-or-string", "wrong"]
    weights = [4, 3, 2, 2, 3, 5, 0.5, 1, 0.15]
    kind = "object" if depth == 0 else dice.choices(kinds, weights)[0]
    if depth > 2 and kind in ("array", "object"):
        kind = "string"
    made: Json = {"type": kind}
    if kind == "any":
        made = {"x-kubernetes-preserve-unknown-fields": True}
    elif kind == "int-or-string":
        made = {"x-kubernetes-int-or-string": True}
    elif kind == "wrong":
        made = dice.choice([{}, {"type": "text"}, {"type": "array"}, {"type": "string", "uniqueItems": True}])
    elif kind == "array":
        made["items"] = random_schema(dice, depth + 1)
    elif kind == "object" and dice.random() < 0.2:
        made["additionalProperties"] = (
            random_schema(dice, depth + 1) if dice.random() < 0.7 else dice.random() < 0.5
        )
    elif kind == "object":
        made["properties"] = {
            name: random_schema(dice, depth + 1) for name in dice.sample(["a", "b", "c"], 2)
        }
        if dice.random() < 0.2:
            made["x-kubernetes-preserve-unknown-fields"] = True
    made.update(_bounds(dice, kind))
    if depth and dice.random() < 0.2:
        made["nullable"] = True
    # A format that Kubernetes does not know is looked at in defaults alone, and lets lists pass for strings there.
    if depth and made.get("format") != "made-up" and dice.random() < 0.25:
        made["default"] = dice.choice([value for value in VALUES if value is not None])
    if dice.random() < 0.15:
        parts = [_bounds(dice, kind) for _ in range(2)]
        made[dice.choice(["allOf", "anyOf", "oneOf"])] = parts
    if dice.random() < 0.07:
        made["not"] = _bounds(dice, kind)
    return made


def random_value(dice: random.Random, schema: Json, depth: int = 0) -> Any:
    """A value that mostly fits the schema."""
    kind = schema.get("type")
    if dice.random() < (0.08 if depth else 0.02):
        return dice.choice(VALUES)
    if kind == "object":
        made = {
            name: random_value(dice, inner, depth + 1) for name, inner in schema.get("properties", {}).items()
        }
        made = {name: value for name, value in made.items() if dice.random() < 0.75}
        additional = schema.get("additionalProperties")
        if isinstance(additional, dict) and dice.random() < 0.8:
            made["x"] = random_value(dice, additional, depth + 1)
        if dice.random() < 0.05:
            made["unknown"] = dice.choice(VALUES)
        return made
    if kind == "array":
        return [random_value(dice, schema.get("items", {}), depth + 1) for _ in range(dice.randint(0, 2))]
    fitting: dict[Any, list[Any]] = {
        "string": WORDS,
        "integer": [0, 1, 2, 7],
        "number": [0, 1, 1.5],
        "boolean": [True, False],
    }
    return dice.choice(
        schema["enum"] if "enum" in schema and dice.random() < 0.7 else fitting.get(kind, VALUES)
    )


def test_random_schemas(tmp_path: Path) -> None:
    seed = int(os.environ.get("LOCKGATE_SEED", random.SystemRandom().randrange(10**6)))
    dice = random.Random(seed)
    suite = SuiteFolder(tmp_path)
    outcomes: dict[str, str] = {}
    for number in range(COUNT):
        schema = random_schema(dice)
        made = template(DUMP_PARAMETERS, schema=schema)
        bound = constraint({"parameters": random_value(dice, schema)} if dice.random() < 0.95 else {})
        name, cases, invalid = f"{number}", [], False
        try:
            parsed = parse_template(document(made))
            found = parse_constraint(document(bound), parsed, point="gator.gatekeeper.sh")
            pattern = f"^{re.escape(render_json(found.parameters))}$"
            cases = [(manifest(), (), [{"violations": 1, "message": pattern}])]
            outcomes[name] = "valid"
        except ConstraintSchemaError:
            outcomes[name], invalid = "schema", True
        except PolicyError:
            outcomes[name], invalid = "refused", True
        suite.test(name, made, bound, cases, invalid=invalid)
    said = run_program("gator", "verify", suite.write().name, cwd=tmp_path).stdout
    blocks = dict(
        re.findall(
            r"^--- FAIL: (\d+)\t\([^)]*\)\n(.*?)(?=^--- FAIL|^    --- FAIL|^FAIL)",
            said,
            re.MULTILINE | re.DOTALL,
        )
    )
    disagreed = {}
    for name, outcome in outcomes.items():
        # A test of `invalid` fails, saying why, when it is not the schema that the constraint breaks.
        agreed = (name in blocks) is (outcome == "refused") and "%!w(<nil>)" not in blocks.get(name, "")
        if not agreed:
            files = [(tmp_path / f"{name}-{part}.yaml").read_text() for part in ("template", "constraint")]
            disagreed[name] = (outcome, blocks.get(name, "no failure"), *files)
    assert not disagreed, f"LOCKGATE_SEED={seed}, {len(disagreed)} of {COUNT}: {list(disagreed.values())[:3]}"
    assert set(outcomes.values()) == {"valid", "schema", "refused"}
