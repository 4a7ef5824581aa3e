"""Suites with everything that can go right and wrong; real gator must print the same outcomes."""

from pathlib import Path
from typing import Any

from tests.gatekeeper.review_cases import REFUSED_REVIEWS, admission
from tests.gatekeeper.workbench import HIT, Json, SuiteFolder, constraint, manifest, template

INVENTORY = """package probe

violation[{"msg": msg}] {
  other := data.inventory.namespace[ns][_]["Pod"][name]
  name == input.review.object.metadata.name
  ns != input.review.object.metadata.namespace
  msg := sprintf("also in %v", [ns])
}
"""
THREE = 'package probe\n\nviolation[{"msg": msg}] { msg := ["one", "two", "two times"][_] }\n'
CONFLICT = 'package probe\n\nviolation[{"msg": "x"}] { p == 1 }\np = 1 { true }\np = 2 { true }\n'
NUMBER = 'package probe\n\nviolation[{"msg": 3}] { true }\n'
INTEGER = {"type": "object", "properties": {"a": {"type": "integer"}}}

# Assertions about three violations "one", "two", "two times", and whether they hold.
ASSERTIONS: tuple[tuple[str, list[Json], bool], ...] = (
    ("default is yes", [{}], True),
    ("yes", [{"violations": "yes"}], True),
    ("no", [{"violations": "no"}], False),
    ("three", [{"violations": 3}], True),
    ("two", [{"violations": 2}], False),
    ("zero", [{"violations": 0}], False),
    ("negative", [{"violations": -1}], False),
    ("another word", [{"violations": "maybe"}], False),
    ("digits in quotes", [{"violations": "3"}], False),
    ("message", [{"message": "two"}], True),
    ("message counts", [{"message": "two", "violations": 2}], True),
    ("message is a regular expression", [{"message": "^t.o$", "violations": 1}], True),
    ("message that none has", [{"message": "four", "violations": "no"}], True),
    ("message that one should have", [{"message": "four"}], False),
    ("message that is no regular expression", [{"message": "("}], False),
    ("empty message", [{"message": "", "violations": 3}], True),
    ("all must hold", [{"violations": 3}, {"message": "four"}], False),
    ("several", [{"message": "one", "violations": 1}, {"message": "two", "violations": 2}], True),
    ("none at all", [], False),
)


def write_suite(folder: Path) -> Path:
    """Writes a suite with every feature; gives its path."""
    suite = SuiteFolder(folder)
    yes, no = [{"violations": "yes"}], [{"violations": "no"}]
    pod = manifest(namespace="shop")
    suite.test("assertions", template(THREE), constraint({}), [(pod, (), rows) for _, rows, _ in ASSERTIONS])
    for (name, _, _), case in zip(ASSERTIONS, suite.tests[-1]["cases"], strict=True):
        case["name"] = name
    suite.test(
        "inventory",
        template(INVENTORY),
        constraint({}),
        [
            (pod, (), no),
            (pod, [manifest(namespace="bank")], yes),
            (pod, [pod, manifest(name="b", namespace="x")], no),
        ],
    )
    suite.test("conflict is a violation", template(CONFLICT), constraint({}), [(pod, (), yes)])
    suite.test("msg that is no string", template(NUMBER), constraint({}), [(pod, (), yes), (pod, (), no)])
    refused = [(value, (), yes) for _, value, _ in REFUSED_REVIEWS]
    suite.test("refused requests", template(), constraint({}), refused)
    suite.test("request", template(), constraint({}), [(admission(object=pod), (), yes)])
    suite.test("skipped test", template(), constraint({}), [(pod, (), no)], skip=True)
    suite.test("skipped case", template(), constraint({}), [(pod, (), no), (pod, (), yes)])
    suite.tests[-1]["cases"][0]["skip"] = True
    invalid = constraint({"parameters": {"a": "x"}})
    suite.test("invalid", template(schema=INTEGER), invalid, [], invalid=True)
    suite.test("not invalid", template(schema=INTEGER), constraint({}), [(pod, (), yes)], invalid=True)
    suite.test("invalid by an unknown field", template(), constraint({"colour": "red"}), [], invalid=True)
    suite.test("wrong constraint", template(schema=INTEGER), invalid, [(pod, (), yes)])
    suite.test("wrong template", template("package x"), constraint({}), [(pod, (), yes)])
    suite.test("no cases", template(), constraint({}), [])
    _broken(suite, "no template", template="")
    _broken(suite, "no constraint", constraint="")
    _broken(suite, "absent template", template="absent.yaml")
    _broken(suite, "a constraint for a template", template=suite.tests[0]["constraint"])
    _broken(suite, "a template for a constraint", constraint=suite.tests[0]["template"])
    suite.test("objects", template(), constraint({}), [(pod, (), yes)] * 5)
    cases = suite.tests[-1]["cases"]
    cases[0]["object"] = ""
    cases[1]["object"] = "absent.yaml"
    cases[2]["object"] = suite.file("two.yaml", [pod, pod])
    cases[3]["object"] = suite.file("none.yaml", [])
    (folder / "below").mkdir()
    cases[4]["object"] = suite.file("below/../above.yaml", [pod])
    return suite.write()


def _broken(suite: SuiteFolder, name: str, **changes: Any) -> None:
    suite.test(name, template(HIT), constraint({}), [(manifest(), (), [{"violations": "yes"}])])
    suite.tests[-1].update(changes)
