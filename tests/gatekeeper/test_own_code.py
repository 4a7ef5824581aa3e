"""Constraints with code of their own say what those with the shared code say."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.documents.document import Document
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts, Policy
from lockgate.engine.rego.specialise import Allowance
from lockgate.gatekeeper.inventory import facts_of
from lockgate.gatekeeper.loader import load_policies, make_policy_set
from lockgate.gatekeeper.target import Cluster, review_document

from tests.bench.library import read
from tests.gatekeeper.workbench import constraint, document, manifest, template
from tests.shared_folder import shared_path

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
NEVER, AT_ONCE = Allowance(after=None), Allowance(after=0, most=10_000, apart=0)
REGO = """package probe

violation[{"msg": msg}] {
  name := input.parameters.names[_]
  not allowed(name)
  msg := sprintf("%v is not %v", [input.review.object.metadata.name, name])
}

violation[{"msg": msg}] {
  name := input.parameters.names[_]
  startswith(input.review.object.metadata.name, name)
  not input.parameters.lenient
  msg := sprintf("%v begins with %v", [input.review.object.metadata.name, name])
}

allowed(name) { name == input.review.object.metadata.labels[_] }
allowed(name) { object.get(input, "parameters", {}).always == name }
"""


def load(documents: Sequence[Document], allowance: Allowance, shown: list[str] | None = None) -> list[Policy]:
    """The policies; `shown` gets the kind of a template each time that it is compiled."""
    loaded = load_policies(
        documents,
        engine="rego",
        allowance=allowance,
        show=None if shown is None else lambda kind, code: shown.append(kind),
    )
    assert not loaded.errors, loaded.errors
    return list(loaded.policies.policies)


def judged(policies: Sequence[Policy], objects: Sequence[Document], facts: Facts) -> list[str]:
    said: list[str] = []
    for policy in policies:
        for one in objects:
            decision = evaluate(
                review_document(one, Cluster()),
                make_policy_set([policy]),
                facts,
                now_ns=0,
                limits=Limits(),
            )
            said.append(str((decision.violations, decision.failures, decision.not_evaluated)))
    return said


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"names": []},
        {"names": ["po"]},
        {"names": ["probe", "x", "po"]},
        {"names": ["a", "b"], "always": "b"},
        {"names": ["pro"], "lenient": True},
        {"names": ["pro", 1, None, True, {"a": [1, 2.5]}], "always": None},
        {"names": {"a": "po", "b": "x"}},
        {"names": "po"},
        {"names": [f"n{number}" for number in range(30)]},
    ],
)
def test_parameters(parameters: dict[str, object]) -> None:
    made = [document(template(REGO, schema=OPEN)), document(constraint({"parameters": parameters}))]
    objects = [document(manifest(name=name)) for name in ("pod", "probe", "other")]
    shown: list[str] = []
    own = judged(load(made, AT_ONCE, shown), objects, Facts({}))
    assert own == judged(load(made, NEVER), objects, Facts({}))
    assert len(shown) == 2


def templates() -> list[Path]:
    return sorted(shared_path("vectors", "gatekeeper-library").rglob("template.yaml"))


def test_the_library() -> None:
    for path in templates():
        documents = [
            one for sample in sorted((path.parent / "samples").rglob("*.yaml")) for one in read(sample)
        ]
        objects = [one for one in documents if "apiVersion" in one.value]
        facts = facts_of([one.value for one in objects])
        own: list[Policy] = []
        shared: list[Policy] = []
        for sample in sorted((path.parent / "samples").rglob("constraint*.yaml")):
            shown: list[str] = []
            own += load([*read(path), *read(sample)], AT_ONCE, shown)
            shared += load([*read(path), *read(sample)], NEVER)
            assert len(shown) == 2, f"{path}: too large for code of its own"
        assert judged(own, objects, facts) == judged(shared, objects, facts), path


def test_code_comes_after_so_many_evaluations_and_for_so_many_constraints() -> None:
    allowance = Allowance(after=3, most=1, apart=0)
    shown: list[str] = []
    bound = [constraint({"parameters": {"names": [name]}}, name=name) for name in ("first", "second")]
    policies = load([document(template(REGO, schema=OPEN)), *map(document, bound)], allowance, shown)
    assert len(shown) == 1
    for count, policy in ((2, policies[0]), (1, policies[0]), (5, policies[1])):
        judged([policy] * count, [document(manifest())], Facts({}))
        assert len(shown) == (1 if count == 2 else 2)


def test_constraints_that_are_evaluated_together_get_their_code_apart() -> None:
    allowance = Allowance(after=2, apart=3)
    shown: list[str] = []
    bound = [constraint({"parameters": {"names": [name]}}, name=name) for name in ("first", "second")]
    policies = load([document(template(REGO, schema=OPEN)), *map(document, bound)], allowance, shown)
    compiled: list[int] = []
    for _ in range(6):
        judged(policies, [document(manifest())], Facts({}))
        compiled.append(len(shown) - 1)
    assert compiled == [0, 1, 1, 1, 2, 2]


def test_a_template_of_much_rego_is_compiled_once() -> None:
    shown: list[str] = []
    long = REGO + "".join([f"# {'x' * 98}\n" for _ in range(200)])
    bound = constraint({"parameters": {"names": ["first"]}})
    policies = load([document(template(long, schema=OPEN)), document(bound)], AT_ONCE, shown)
    said = judged(policies, [document(manifest())], Facts({}))
    assert said == judged(
        load([document(template(REGO, schema=OPEN)), document(bound)], NEVER),
        [document(manifest())],
        Facts({}),
    )
    assert len(shown) == 1
