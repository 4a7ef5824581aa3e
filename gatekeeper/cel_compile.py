"""Checks and compiles the expressions of a template, as Gatekeeper's driver and Kubernetes do.

After github.com/open-policy-agent/gatekeeper v3.23 pkg/drivers/k8scel/driver.go and k8s.io/apiserver 0.34
pkg/admission/plugin/cel/{compile,composition}.go. Gatekeeper finds mistakes only when it evaluates; here they are errors
of the template, but for those of a messageExpression, without which its `message` is shown.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from lockgate.engine.cel.admission import ADMISSION_VARIABLES, variables_type
from lockgate.engine.cel.ast import Name, Node, Select
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.checker import check
from lockgate.engine.cel.compiler import compile_checked
from lockgate.engine.cel.environment import Environment, make_environment
from lockgate.engine.cel.errors import ExpressionError, Mistake
from lockgate.engine.cel.expression import Expression
from lockgate.engine.cel.fuse import FusedSource, fuse
from lockgate.engine.cel.fused import FusedCode
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.types import BOOL, DYN, STRING, AnyType, Type
from lockgate.engine.cel.walking import walk
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.cel_source import ANY_OBJECT, PARAMETERS, CelSource, ExpressionText
from lockgate.gatekeeper.compiled_cel import CelTemplate, CompiledValidation
from lockgate.gatekeeper.problems import Lint, PolicyErrors

USER_INFO: Final = "userInfo"
# Evaluations of a template after which its expressions are fused, where it is not kept in the cache: it takes as long as
# so many evaluations gain.
_FUSED_AFTER: Final = 300
# Where `fuse` finds in `ReviewValues` what expressions name.
_GIVEN: Final = {
    ("object",): "object",
    ("oldObject",): "old_object",
    ("request",): "request",
    # By itself, since few templates ask for anything else of the request, which takes long to make.
    ("request", "operation"): "operation",
    ("namespaceObject",): "namespace",
    ("variables", ANY_OBJECT): "any_object",
}
# The constraint and its parameters.
_FIXED: Final = frozenset((("params",), ("variables", PARAMETERS)))
_VARIABLES: Final = ("object", "oldObject", "request", "namespaceObject")


def base_environment() -> Environment:
    """What every expression of a template may name. Gatekeeper gives no authorizer."""
    declared = {name: ADMISSION_VARIABLES[name] for name in _VARIABLES}
    return make_environment(FUNCTIONS, declared)


def _with_variables(base: Environment, variables: Mapping[str, AnyType], *, is_variable: bool) -> Environment:
    """The base with `variables`; with `params`, the whole constraint, for expressions of variables only."""
    declared: dict[str, AnyType] = {"variables": variables_type(variables)}
    if is_variable:
        declared["params"] = DYN
    return base.extended(variables=declared)


def compile_source(source: CelSource) -> CelTemplate:
    """Compiles all expressions. Raises PolicyErrors with all mistakes."""
    return _Compiler(source).template()


class _Compiler:
    def __init__(self, source: CelSource) -> None:
        self._source = source
        self._base = base_environment()
        self._errors: list[PolicyError] = []
        self._lints: list[Lint] = []
        self._reads: set[str] = set()

    def template(self) -> CelTemplate:
        types: dict[str, AnyType] = {ANY_OBJECT: DYN, PARAMETERS: DYN}
        variables: dict[str, Checked] = {}
        compiled: dict[str, Expression] = {}
        for variable in self._source.variables:
            environment = _with_variables(self._base, types, is_variable=True)
            checked = self._check(variable.expression, environment, None)
            # One that is wrong is reported itself, and not where it is used.
            types[variable.name] = DYN if checked is None else checked.result
            if checked is not None:
                variables[variable.name] = checked
                compiled[variable.name] = compile_checked(checked, environment)
        environment = _with_variables(self._base, types, is_variable=False)
        conditions: list[tuple[Expression, str]] = []
        fused_conditions: list[Checked] = []
        for condition in self._source.match_conditions:
            checked = self._check(condition.expression, environment, BOOL)
            if checked is not None:
                conditions.append((compile_checked(checked, environment), condition.expression.text))
                fused_conditions.append(checked)
        validations: list[CompiledValidation] = []
        fused_validations: list[tuple[Checked, Checked | None]] = []
        for validation in self._source.validations:
            message = self._message(validation.message_expression, environment)
            checked = self._check(validation.expression, environment, BOOL)
            if checked is not None:
                validations.append(
                    CompiledValidation(
                        compile_checked(checked, environment),
                        validation.expression.text,
                        validation.message,
                        None if message is None else compile_checked(message, environment),
                    )
                )
                fused_validations.append((checked, message))
        if self._errors:
            raise PolicyErrors(self._errors)
        functions = self._base.functions
        source = FusedSource(variables, fused_conditions, fused_validations, _GIVEN, _FIXED)
        return CelTemplate(
            validations=tuple(validations),
            failure_policy=self._source.failure_policy,
            conditions=tuple(conditions),
            variables=compiled,
            names=frozenset(types),
            fused=FusedCode(functions, lambda: fuse(source, functions), _FUSED_AFTER),
            reads=frozenset(self._reads),
            lints=tuple(self._lints),
        )

    def _check(self, text: ExpressionText, environment: Environment, wanted: Type | None) -> Checked | None:
        try:
            checked = _checked(text, environment, wanted)
        except ExpressionError as error:
            self._errors.extend([_policy_error(text, mistake) for mistake in error.mistakes])
            return None
        self._reads.update(_reads(checked.node))
        return checked

    def _message(self, text: ExpressionText | None, environment: Environment) -> Checked | None:
        if text is None:
            return None
        try:
            checked = _checked(text, environment, STRING)
        except ExpressionError as error:
            for mistake in error.mistakes:
                message = f"{mistake.message}; Gatekeeper shows `message` in place of this messageExpression"
                self._lints.append(
                    Lint(
                        "warning",
                        message,
                        text.location(mistake.offset),
                        "mend the expression",
                        text.line_at(mistake.offset),
                    )
                )
            return None
        self._reads.update(_reads(checked.node))
        return checked


def _checked(text: ExpressionText, environment: Environment, wanted: Type | None) -> Checked:
    checked = check(parse(text.text), environment)
    if wanted is not None and checked.result != wanted:
        message = f"must evaluate to {wanted} but got {checked.result}"
        raise ExpressionError((Mistake(-1, message),))
    return checked


def _policy_error(text: ExpressionText, mistake: Mistake) -> PolicyError:
    location = text.location(mistake.offset)
    return PolicyError(mistake.message, location=location, quoted=text.line_at(mistake.offset))


def _reads(node: Node) -> Iterator[str]:
    for one in walk(node):
        if isinstance(one, Name):
            yield one.name
        elif isinstance(one, Select) and one.field == USER_INFO and _is_request(one.operand):
            yield USER_INFO


def _is_request(node: Node) -> bool:
    return isinstance(node, Name) and node.name == "request"
