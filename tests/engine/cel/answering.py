"""Lockgate's answers to questions, in the form of the oracle's, and where the two differ."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from lockgate.engine.cel.admission import ADMISSION_VARIABLES, variables_type
from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.checker import check
from lockgate.engine.cel.compiler import compile_checked
from lockgate.engine.cel.device import device_environment
from lockgate.engine.cel.documents import native_document
from lockgate.engine.cel.environment import Environment, make_environment
from lockgate.engine.cel.errors import CelError, CostError, ExpressionError
from lockgate.engine.cel.expression import Artifact, Expression
from lockgate.engine.cel.lazy import LazyMap
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    Type,
)
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits

from tests.conformance.cel_cases import Question
from tests.engine.cel.tagged import ordered, tagged

# How cel-go says that evaluating the constant parts of an expression fails, when it makes the program.
FOLDED: Final = "program instantiation failed: "
SYNTAX: Final = "Syntax error"
ADMISSION: Final = "admission"
KEPT: Final = frozenset((BOOL, BYTES, DOUBLE, DURATION, INT, NULL, STRING, TIMESTAMP, UINT))
# Failures of cel-go's own code: a call of a method that a value does not have, a value that it cannot convert; and
# values that have no tag, as `variables` as a whole.
DEFECTS: Final = ("internal error: ", "unsupported conversion to ref.Val: (*", '"other": ')
# Of a map that has a double, null or a collection as key, which cel-go takes.
BAD_KEY: Final = "unsupported key type"
# Where cel-go names a type of Go: `[]interface {}` and `*types.baseList` are both lists.
GO_TYPE: Final = re.compile(
    r"(?<=invalid qualifier type: ).*|(?<=got ')\*?\w+\.\w+(?=', expected iterable type)"
)


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """In what Lockgate's answer differs from the oracle's; empty when it does not.

    Of a syntax error it only matters that there is one: the words are those of the tool that made cel-go's parser. What
    cel-go finds in constants when it makes a program may here be found in the evaluation.
    """
    if "crash" in theirs or any(one in json.dumps(theirs) for one in DEFECTS) or ours.get("error") == BAD_KEY:
        return ""
    mistakes = [(one["offset"], one["message"]) for one in theirs.get("mistakes", ())]
    found = [(one["offset"], one["message"]) for one in ours.get("mistakes", ())]
    if any(message.startswith(SYNTAX) for _, message in mistakes):
        return "" if found else "accepted"
    if mistakes and mistakes[0][1].startswith(FOLDED):
        # Here with the place, and all of them: cel-go tells the first that it finds.
        if any(message.startswith(FOLDED) for _, message in found):
            return ""
        return "" if ours.get("error", "").endswith(mistakes[0][1].removeprefix(FOLDED)) else _text(ours)
    if mistakes and found:
        # cel-go tells a mistake in the target of some macros as often as the target is in their expansion.
        return "" if set(mistakes) == set(found) else _text(ours)
    mine = {name: ours[name] for name in ("type", "mistakes") if name in ours} | _outcome(ours)
    possible = [{"type": theirs.get("type")} | _outcome(one) for one in [theirs, *theirs.get("others", ())]]
    return "" if mine in possible else _text(ours)


def _text(answer: Mapping[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _outcome(answer: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: ordered(answer[name]) for name in ("result", "error") if name in answer}
    if "error" in found:
        found["error"] = GO_TYPE.sub("a type", found["error"])
    return found


def careful_expression(checked: Checked, known: Environment) -> Expression:
    """An expression without a fast path."""
    return Expression(Artifact(None, ()), known.functions, lambda: (checked.node, checked))


def answer(
    question: Question, compiled: Callable[[Checked, Environment], Expression] = compile_checked
) -> dict[str, Any]:
    """Lockgate's answer to a question about an admission review, of an expression that is `compiled` so."""
    variables = {name: native_document(value) for name, value in (question.variables or {}).items()}
    try:
        known, variables["variables"] = composed(base(question.environment), question.composed, variables)
        checked = check(parse(question.expression), known)
        expression = compiled(checked, known)
    except ExpressionError as error:
        return _mistakes(error)
    found = {"type": str(checked.result)}
    try:
        value = expression.evaluate(variables, CostBudget(Limits()))
    except (CelError, CostError) as error:
        return {**found, "error": str(error)}
    return {**found, "result": tagged(value)}


def type_answer(question: Question) -> dict[str, Any]:
    """The type of the question's expression, or its mistakes."""
    try:
        found = check(parse(question.expression), base(question.environment)).result
    except ExpressionError as error:
        return _mistakes(error)
    return {"type": "google.protobuf.Any" if found == ANY else str(found)}


def _mistakes(error: ExpressionError) -> dict[str, Any]:
    return {"mistakes": [{"offset": one.offset, "message": one.message} for one in error.mistakes]}


@cache
def base(name: str) -> Environment:
    """The environment of a question, without the variables of a policy."""
    kubernetes = make_environment(FUNCTIONS)
    if name == ADMISSION:
        return kubernetes.extended(variables={**ADMISSION_VARIABLES, "params": DYN})
    return device_environment(kubernetes)


def composed(
    known: Environment, expressions: Sequence[tuple[str, str]], variables: Mapping[str, Value]
) -> tuple[Environment, LazyMap]:
    """The environment with the variables of a policy, and their values, computed when they are asked for."""
    types: dict[str, AnyType] = {}
    compiled: dict[str, Expression] = {}

    def compute(name: str) -> Value:
        try:
            return compiled[name].evaluate({**variables, "variables": values}, CostBudget(Limits()))
        except CelError as error:
            raise CelError(f'composited variable "{name}" fails to evaluate: {error}') from error

    for name, text in expressions:
        environment = known.extended(variables={"variables": variables_type(types)})
        checked = check(parse(text), environment)
        compiled[name] = compile_checked(checked, environment)
        types[name] = kept(checked.result)
    values = LazyMap(compiled, compute)
    return known.extended(variables={"variables": variables_type(types)}), values


def kept(one: AnyType) -> AnyType:
    """What Kubernetes remembers of the type of a policy's variable."""
    if not isinstance(one, Type) or (one not in KEPT and one.name not in ("list", "map")):
        return DYN
    return Type(one.name, tuple([kept(part) for part in one.parameters]))
