"""The claims library, evaluated by the engine: everything it says of one object."""

import json
from functools import cache
from typing import Any

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, Value, parse_json, render_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Prepared, compile_program
from lockgate.engine.rego.source import Source

from tests.policies.shipped import POLICIES

QUERY = """package whole

import data.lib.lockgate.charges
import data.lib.lockgate.claims
import data.lib.lockgate.configs
import data.lib.lockgate.device_access
import data.lib.lockgate.device_classes
import data.lib.lockgate.device_constraints
import data.lib.lockgate.extended_resources
import data.lib.lockgate.multiplicity
import data.lib.lockgate.pod_claims
import data.lib.lockgate.quota
import data.lib.lockgate.requests
import data.lib.lockgate.unreadable
import data.lib.lockgate.workloads

answer := {
	"specs": claims.specs,
	"classes": claims.classes,
	"requests": requests.requests,
	"configs": configs.configs,
	"constraints": device_constraints.constraints,
	"device_classes": device_classes.device_classes,
	"extended": extended_resources.extended,
	"pod_claims": pod_claims.pod_claims,
	"uses": pod_claims.uses,
	"accesses": device_access.accesses,
	"charges": charges.charges,
	"by_class": charges.by_class,
	"quota": quota.quota,
	"unreadable": unreadable.unreadable,
	"pods": [{"path": pod.path, "many": multiplicity.at(pod.path)} | some pod in workloads.pods],
}
"""


def compile_library(entry: str, *more: Source) -> Prepared:
    """The whole library with an entry point, which may be in one of `more`."""
    sources = [
        Source(path.read_text("utf-8"), path.name, "v1")
        for path in sorted(POLICIES.root.glob("lib/*.rego"))
        if path.name != "conftest.rego" and not path.name.endswith("_test.rego")
    ]
    modules = [parse_module(source) for source in [*sources, *more]]
    return compile_program(modules, entrypoints=[entry], capabilities=Capabilities()).prepare()


@cache
def _program() -> Prepared:
    return compile_library("data.whole.answer", Source(QUERY, "whole.rego", "v1"))


def said_of(value: Value) -> dict[str, Any]:
    """What the library says of an object; an error of a builtin is an error here."""
    found = _program().evaluate(
        "data.whole.answer",
        input={"review": {"object": value}, "parameters": {}},
        now_ns=0,
        limits=Limits(),
        strict="builtins",
    )
    assert not isinstance(found, Undefined)
    answer: dict[str, Any] = json.loads(render_json(found))
    return answer


def said_of_json(text: str) -> dict[str, Any]:
    """The same of an object written as JSON."""
    return said_of(parse_json(text))
