"""Random policies in CEL: variables, conditions and validations that name them, fused and one by one."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lockgate.engine.cel.admission import ADMISSION_VARIABLES, variables_type
from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.checker import check
from lockgate.engine.cel.compiler import compile_checked
from lockgate.engine.cel.documents import native_document
from lockgate.engine.cel.environment import Environment, make_environment
from lockgate.engine.cel.errors import CelError, CostError, ExpressionError
from lockgate.engine.cel.expression import Expression
from lockgate.engine.cel.fuse import FusedSource, fuse
from lockgate.engine.cel.fused import Found, Fused, FusedCode
from lockgate.engine.cel.lazy import LazyMap
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.types import BOOL, DYN, AnyType
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits

from tests.engine.cel.evaluating import same
from tests.engine.cel.random_expressions import Scope, Writer
from tests.engine.cel.random_templates import REQUEST

GIVEN: Final = {
    ("object",): "object",
    ("request",): "request",
    ("variables", "anyObject"): "any_object",
}
# What is judged by one policy.
SUBJECTS: Final = 4
FIXED: Final = frozenset((("variables", "params"),))
KINDS: Final = ("bool", "bool", "int", "string", "dyn", "list(string)", "list(dyn)", "map(int)")
# What expressions name often, and its type.
NAMED: Final = (
    ("variables.anyObject", "dyn"),
    ("variables.params", "dyn"),
    ("variables.params.n", "int"),
    ("variables.params.s", "string"),
    ("variables.params.names", "list(string)"),
    ("object.names", "list(string)"),
    ("variables.anyObject.items", "list(dyn)"),
)
_BASE: Final = make_environment(
    FUNCTIONS, {name: ADMISSION_VARIABLES[name] for name in ("object", "request")}
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged."""

    object: Value
    any_object: Value
    request: Value


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, as what is fused, and each of its expressions compiled."""

    source: FusedSource
    expressions: Mapping[int, Expression]
    parameters: Value

    def expression(self, checked: Checked) -> Expression:
        """An expression of the policy."""
        return self.expressions[id(checked)]

    def names(self, budget: CostBudget) -> dict[str, Value]:
        """What fixed parts name."""
        names: dict[str, Value] = {}
        variables = self.source.variables

        def compute(name: str) -> Value:
            return self.expression(variables[name]).evaluate(names, budget)

        lazy = names["variables"] = LazyMap((*variables, "params", "anyObject"), compute)
        lazy["params"] = self.parameters
        return names

    def one_by_one(self, subject: Subject) -> list[tuple[int, Value]] | None:
        """The validations that do not hold, with their messages; None where anything is an error."""
        budget = CostBudget(Limits())
        names = self.names(budget)
        names["variables"]["anyObject"] = subject.any_object
        names.update({"object": subject.object, "request": subject.request})
        found: list[tuple[int, Value]] = []
        try:
            for condition in self.source.conditions:
                if self.expression(condition).evaluate(names, budget) is not True:
                    return found
            for number, (validation, message) in enumerate(self.source.validations):
                if self.expression(validation).evaluate(names, budget) is not True:
                    said = None if message is None else self.expression(message).evaluate(names, budget)
                    found.append((number, said))
        except (CelError, CostError):
            return None
        finally:
            names.clear()
        return found

    def fused(self) -> Fused:
        """The policy as one function."""
        functions = _BASE.functions
        return Fused(
            FusedCode(functions, lambda: fuse(self.source, functions), 0), partial(Policy.names, self)
        )


def random_policy(seed: int) -> Policy:
    """The policy of a seed."""
    choose, writer = random.Random(seed), Writer(seed)
    types: dict[str, AnyType] = {"anyObject": DYN, "params": DYN}
    variables: dict[str, Checked] = {}
    expressions: dict[int, Expression] = {}
    named = list(NAMED)

    def make(kind: str, environment: Environment, wanted: AnyType | None) -> Checked:
        for _ in range(20):
            text = writer.expression(kind, Scope(tuple(named), choose.choice((1, 2, 2, 3))))
            try:
                checked = check(parse(text), environment)
            except ExpressionError:
                continue
            if wanted is None or checked.result == wanted:
                break
        else:
            checked = check(parse("true"), environment)
        expressions[id(checked)] = compile_checked(checked, environment)
        return checked

    for number in range(choose.randrange(6)):
        kind = choose.choice(KINDS)
        made = make(kind, _BASE.extended(variables={"variables": variables_type(types)}), None)
        variables[f"v{number}"] = made
        types[f"v{number}"] = made.result
        named += [(f"variables.v{number}", kind)] * 3
    environment = _BASE.extended(variables={"variables": variables_type(types)})
    conditions = [make("bool", environment, BOOL) for _ in range(choose.choice((0, 0, 1)))]
    validations = [
        (make("bool", environment, BOOL), choose.choice((None, make("string", environment, None))))
        for _ in range(choose.choice((1, 2, 3)))
    ]
    source = FusedSource(variables, conditions, validations, GIVEN, FIXED)
    return Policy(source, expressions, native_document(writer.document()))


def random_subject(seed: int) -> Subject:
    """What is judged, by a seed."""
    value: Any = native_document(Writer(seed).document())
    return Subject(value, value, REQUEST)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a policy says of a subject, by its fused function, which may leave it open, and one by one."""

    seed: int
    fused: Found | None
    one_by_one: Found | None

    @property
    def is_sound(self) -> bool:
        """Is nothing an error?"""
        return self.one_by_one is not None

    @property
    def agrees(self) -> bool:
        """Does the fused function say the same, if anything?"""
        if self.fused is None:
            return True
        return self.one_by_one is not None and _same_found(self.fused, self.one_by_one)


def answers(seed: int) -> Iterator[Answer]:
    """What the policy of a seed says of some subjects."""
    policy = random_policy(seed)
    fused = policy.fused()
    for number in range(SUBJECTS):
        subject = random_subject(seed * SUBJECTS + number)
        yield Answer(seed, fused.find(subject, CostBudget(Limits())), policy.one_by_one(subject))


def _same_found(found: Found, wanted: Found) -> bool:
    if [number for number, _ in found] != [number for number, _ in wanted]:
        return False
    return all(same(one, other) for (_, one), (_, other) in zip(found, wanted, strict=True))
