"""The Gate as a value: a moment's copy of it is the same in all else."""

from dataclasses import fields, replace
from typing import Any

from lockgate.engine.codegen.budget import Limits
from lockgate.webhook.gate import Gate


def test_a_gate_at_a_moment_is_the_same_in_all_else() -> None:
    given: dict[str, Any] = {one.name: object() for one in fields(Gate)}
    limits = Limits(1, 2.0, 3, 4.0)
    gate = Gate(**{**given, "limits": limits})
    # What reserves is one request's.
    reserving: Any = object()
    at = gate.at(5, 6.0, reserving)
    assert at == replace(gate, now_ns=5, limits=replace(limits, until=6.0), reserving=reserving)
