"""`test.sleep`, which OPA has in its own tests alone: they show that the time of an evaluation stands still."""

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.clock import time_parse_duration_ns


def test_sleep(duration: Value) -> None:
    """Null after a duration of the evaluation's time, which needs no waiting."""
    time_parse_duration_ns(duration)
