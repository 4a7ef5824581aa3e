"""Why a rule held or failed, as text: the clause, the statement at which it stopped, and the values there; masked."""

from collections.abc import Sequence
from typing import Final, Literal

from lockgate.engine.codegen.values import Undefined, Value, render_rego
from lockgate.engine.errors import Location
from lockgate.engine.masking.masker import Masker
from lockgate.engine.rego.explanation import Named, Reason, Statement
from lockgate.webhook.terminal import Palette, printable

Steps = Literal["shown", "hidden"]
# Of a value, as much as fits a line or two.
MAX_VALUE: Final = 160
# Values of a rule that are shown; the others are counted.
MAX_GAVE: Final = 5


def value_text(value: Value | Undefined, masker: Masker) -> str:
    """A value in Rego, masked and cut."""
    if isinstance(value, Undefined):
        return "undefined"
    shown = printable(masker.text(render_rego(value)))
    return shown if len(shown) <= MAX_VALUE else shown[:MAX_VALUE] + "…"


def reason_lines(
    reason: Reason, masker: Masker, palette: Palette, indent: str = "", steps: Steps = "hidden"
) -> list[str]:
    """What became of one clause of a rule, a line for each thing to know; `steps`: and the statements that held?"""
    called = reason.rule
    if reason.arguments:
        called += f"({', '.join([value_text(argument, masker) for argument in reason.arguments])})"
    if reason.case is not None:
        called += f" (case {_case(reason.case, masker)})"
    name = f"{palette.paint(printable(called), 'bold')}  {_place(reason.location)}"
    if reason.held:
        lines = [f"{indent}{palette.paint('held', 'green')}    {name}"]
        lines += [f"{indent}  gave {value_text(value, masker)}" for value in reason.gave[:MAX_GAVE]]
        if reason.given > MAX_GAVE:
            lines.append(f"{indent}  and {reason.given - MAX_GAVE} more")
        return lines
    lines = [f"{indent}{palette.paint('failed', 'red')}  {name}"]
    if reason.failed is None:
        lines.append(f"{indent}  its arguments are others")
    else:
        if steps == "shown":
            lines += [f"{indent}  held {_written(statement, masker)}" for statement in reason.held_before]
        lines += _statement_lines(reason.failed, masker, indent + "  at ")
    if reason.inner is not None:
        lines += _statement_lines(reason.inner, masker, indent + "  in it, at ")
    for below in reason.because:
        lines += reason_lines(below, masker, palette, indent + "    ", steps)
    return lines


def _case(name: Value, masker: Masker) -> str:
    parts = name if isinstance(name, list) else [name]
    return " / ".join([part if isinstance(part, str) else value_text(part, masker) for part in parts])


def _place(location: Location) -> str:
    return printable(str(location))


def _written(statement: Statement, masker: Masker) -> str:
    place = statement.location
    return f"{place.line}:{place.column}  {printable(masker.text(statement.text))}"


def _statement_lines(statement: Statement, masker: Masker, lead: str) -> list[str]:
    rest = " " * (len(lead) - len(lead.lstrip()) + 2)
    return [f"{lead}{_written(statement, masker)}", *_values(statement.values, masker, rest)]


def _values(values: Sequence[Named], masker: Masker, indent: str) -> list[str]:
    return [f"{indent}{printable(masker.text(one.name))} = {value_text(one.value, masker)}" for one in values]


def reason_json(reason: Reason, masker: Masker) -> dict[str, object]:
    """The same as plain data."""
    made: dict[str, object] = {
        "rule": masker.text(reason.rule),
        "held": reason.held,
        **_location_json(reason.location),
    }
    if reason.case is not None:
        made["case"] = masker.text(_case(reason.case, masker))
    if reason.arguments:
        made["arguments"] = [value_text(argument, masker) for argument in reason.arguments]
    if reason.held:
        made["gave"] = [value_text(value, masker) for value in reason.gave]
        made["given"] = reason.given
        return made
    if reason.held_before:
        made["heldBefore"] = [
            {**_location_json(one.location), "text": masker.text(one.text)} for one in reason.held_before
        ]
    if reason.failed is not None:
        made["failed"] = _statement_json(reason.failed, masker)
    if reason.inner is not None:
        made["inner"] = _statement_json(reason.inner, masker)
    if reason.because:
        made["because"] = [reason_json(below, masker) for below in reason.because]
    return made


def _location_json(location: Location) -> dict[str, object]:
    return {"file": location.file, "line": location.line, "column": location.column}


def _statement_json(statement: Statement, masker: Masker) -> dict[str, object]:
    return {
        **_location_json(statement.location),
        "text": masker.text(statement.text),
        "values": {
            masker.text(one.name): None if isinstance(one.value, Undefined) else value_text(one.value, masker)
            for one in statement.values
        },
    }
