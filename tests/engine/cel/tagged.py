"""Values of CEL as tagged JSON, as the oracle prints them: `{"int": 1}`, `{"list": [{"uint": 1}]}`."""

import base64
import json
import math
from typing import Any

from lockgate.engine.cel.values import Duration, Map, Optional, Timestamp, TypeValue, Uint, Value, native


def tagged(value: Value) -> dict[str, Any]:
    """An object with one member, whose name is the value's type; entries of maps are in the order of their keys."""
    one = native(value)
    match one:
        case None:
            return {"null": True}
        case bool():
            return {"bool": one}
        case Uint():
            return {"uint": int(one)}
        case int():
            return {"int": one}
        case float():
            return {"double": _double(one)}
        case str():
            return {"string": one}
        case bytes():
            return {"bytes": base64.b64encode(one).decode()}
        case list():
            return {"list": [tagged(item) for item in one]}
        case dict() | Map():
            return {"map": in_order([[tagged(name), tagged(item)] for name, item in one.items()])}
        case TypeValue():
            return {"type": one.name}
        case Duration():
            return {"duration": one.ns}
        case Timestamp():
            return {"timestamp": f"{one.ns // 10**9}.{one.ns % 10**9:09}"}
        case Optional():
            return {"optional": tagged(one.value) if one.has_value else None}
        case _:
            return {one.type_name.rpartition(".")[2].lower().removeprefix("named"): str(one)}


def in_order(entries: list[list[Any]]) -> list[list[Any]]:
    """Entries of a map in the order of their keys."""
    return sorted(entries, key=lambda entry: json.dumps(entry[0], sort_keys=True))


def ordered(answer: Any) -> Any:
    """An oracle's value with the entries of every map in one order."""
    if isinstance(answer, list):
        return [ordered(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    found: dict[str, Any] = {
        name: in_order(ordered(item)) if name == "map" else ordered(item) for name, item in answer.items()
    }
    if type(found.get("double")) is int:
        # Go writes a large double as digits.
        found["double"] = float(found["double"])
    return found


def _double(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0" if value == 0 and math.copysign(1, value) < 0 else value
