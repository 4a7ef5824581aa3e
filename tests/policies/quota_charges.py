"""`lib.lockgate.quota`, evaluated by the engine: what quotas charge for an object."""

import json
from functools import cache
from typing import Any

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, parse_json, render_json
from lockgate.engine.rego.program import Prepared

from tests.conformance.dra.library import compile_library

ENTRY = "data.lib.lockgate.quota.quota"


@cache
def _program() -> Prepared:
    return compile_library(ENTRY)


def said_of(value: dict[str, Any], parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the library says of an object; an error of a builtin is an error here."""
    given = parse_json(json.dumps({"review": {"object": value}, "parameters": parameters or {}}))
    found = _program().evaluate(ENTRY, input=given, now_ns=0, limits=Limits(), strict="builtins")
    assert not isinstance(found, Undefined)
    answer: dict[str, Any] = json.loads(render_json(found))
    return answer


def claim_of(version: str, requests: list[dict[str, Any]]) -> dict[str, Any]:
    """A claim in a version of the API: flat in v1beta1."""
    listed = []
    for place, request in enumerate(requests):
        named: dict[str, Any] = {"name": f"r{place}"}
        if "firstAvailable" in request:
            named["firstAvailable"] = [
                {"name": f"s{k}", **one} for k, one in enumerate(request["firstAvailable"])
            ]
        elif version == "v1beta1":
            named |= request["exactly"]
        else:
            named["exactly"] = request["exactly"]
        listed.append(named)
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "team"},
        "spec": {"devices": {"requests": listed}},
    }
