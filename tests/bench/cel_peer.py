"""The expressions of a template in Google's cel-cpp, through cel-expr-python."""

import importlib
import time
from collections.abc import Sequence
from typing import Any

from lockgate.engine.cel.documents import native_document
from lockgate.engine.codegen.values import Value
from lockgate.gatekeeper.cel_source import ANY_OBJECT, PARAMETERS, CelSource

_VARIABLES = ("object", "oldObject", "request", "namespaceObject", "params", "variables")
# Fields of the request that templates look at.
_REQUEST: dict[str, Any] = {"operation": "", "userInfo": {}, "dryRun": False}


def peer_time(source: CelSource, constraint: Value, objects: Sequence[Value]) -> float | None:
    """Seconds an object; None where cel-expr-python is absent, or has not what the template needs.

    Variables are evaluated when an expression has its turn that names them: a value that cel-cpp gives is none that it
    takes, so that each goes through Python.
    """
    try:
        cel = importlib.import_module("cel_expr_python.cel")
        extensions = [
            importlib.import_module(f"cel_expr_python.ext.ext_{name}") for name in ("strings", "optional")
        ]
    except ImportError:
        return None
    made = [extensions[0].ExtStrings(), extensions[1].ExtOptional()]
    environment = cel.NewEnv(variables=dict.fromkeys(_VARIABLES, cel.Type.DYN), extensions=made)
    try:
        variables = [(one.name, environment.compile(one.expression.text)) for one in source.variables]
        validations = [
            (
                environment.compile(one.expression.text),
                None if one.message_expression is None else environment.compile(one.message_expression.text),
            )
            for one in source.validations
        ]
    except Exception:  # noqa: BLE001 - whatever it says: then it is not compared
        return None
    assert isinstance(constraint, dict)
    spec = constraint.get("spec")
    parameters = native_document(spec.get("parameters")) if isinstance(spec, dict) else None
    given = [native_document(value) for value in objects]
    before = time.perf_counter()
    for value in given:
        known: dict[str, Any] = {PARAMETERS: parameters, ANY_OBJECT: value}
        names = {
            "object": value,
            "oldObject": None,
            "request": _REQUEST,
            "namespaceObject": None,
            "params": constraint,
            "variables": known,
        }
        for name, expression in variables:
            found = expression.eval(data=names)
            if found.type() != cel.Type.ERROR:
                known[name] = found.plain_value()
        for expression, message in validations:
            if expression.eval(data=names).plain_value() is not True and message is not None:
                message.eval(data=names).plain_value()
    return (time.perf_counter() - before) / len(given)
