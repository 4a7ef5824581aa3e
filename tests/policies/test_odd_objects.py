"""Objects that nobody meant: in the samples of all rules values are replaced, taken away and put into lists.

Whatever stands in a field, a rule has to come to a verdict: an evaluation that fails lets nothing through where it is enforced, and
tells nobody what to mend.
"""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.webhook.cli import run

from tests.policies.shipped import RULES, constraints_of, load

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**20, "", " ", "x", "${X}", "{{x}}", "\x00", "a" * 300),
    *([], {}, [None], [[]], [{}], ["a"], [1], {"": ""}, {"a": None}, {"name": None}, [{"name": []}]),
)
OBJECTS = 2_500


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of everything in a value."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, child in children:
        yield (*path, step)
        yield from places(child, (*path, step))


def made_odd(drawn: random.Random, value: Any) -> Any:
    """A copy of an object in which up to three things are other ones; it stays of its kind."""
    made = copy.deepcopy(value)
    for _ in range(drawn.randint(1, 3)):
        path = drawn.choice([one for one in places(made) if one not in (("kind",), ("apiVersion",))])
        holder = made
        for step in path[:-1]:
            holder = holder[step]
        match drawn.choice(("other", "other", "other", "none", "listed")):
            case "none" if isinstance(holder, dict):
                del holder[path[-1]]
            case "listed":
                holder[path[-1]] = [holder[path[-1]]]
            case _:
                holder[path[-1]] = copy.deepcopy(drawn.choice(ODD))
        if not [one for one in places(made) if one not in (("kind",), ("apiVersion",))]:
            break
    return made


def documents(path: Path) -> list[Any]:
    """The objects in a file."""
    return [one for one in yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader) if isinstance(one, dict)]


@pytest.mark.parametrize("seed", [7, 11])
def test_every_rule_comes_to_a_verdict(
    seed: int, tmp_path: Path, compiled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    monkeypatch.chdir(tmp_path)
    drawn = random.Random(seed)
    constraints = []
    objects = []
    for rule in RULES:
        constraints.append(load(rule.template))
        for number, path in enumerate(constraints_of(rule)):
            constraint = load(path)
            constraint["metadata"]["name"] = f"sample-{number}"
            constraints.append(constraint)
        for sample in rule.samples():
            objects += [one for path in (*sample.allowed, *sample.denied) for one in documents(path)]
    Path("policies").mkdir()
    Path("policies/all.json").write_text(
        json.dumps({"kind": "List", "apiVersion": "v1", "items": constraints})
    )
    Path("odd").mkdir()
    for number in range(OBJECTS):
        Path(f"odd/{number:04}.json").write_text(json.dumps(made_odd(drawn, drawn.choice(objects))))
    code = run(["check", "-p", "policies", "--format", "json", "--output", "told.json", "odd"])
    told = json.loads(Path("told.json").read_text())
    assert code in (1, 2)
    assert told["summary"]["documents"] > OBJECTS * 0.8
    assert told["summary"]["denied"] > OBJECTS * 0.3
    failed = [one["message"] for one in told["errors"] if "could not be evaluated" in one["message"]]
    assert failed == []
