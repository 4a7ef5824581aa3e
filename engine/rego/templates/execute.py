"""Running a template on data."""

from collections.abc import Iterator
from typing import Any, Final

from lockgate.engine.rego.builtins.context import Context, reserve
from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.templates.errors import TemplateDepthError, TemplateError
from lockgate.engine.rego.templates.functions import FUNCTIONS
from lockgate.engine.rego.templates.parser import ROOT, Templates
from lockgate.engine.rego.templates.tree import (
    Action,
    Branch,
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Identifier,
    Include,
    Leave,
    Located,
    Nil,
    Operand,
    Pipeline,
    Statement,
    Text,
    Variable,
)
from lockgate.engine.rego.templates.values import MISSING, go_type, is_true, printed

# Templates inside each other; in Go 100,000, which no Python stack has.
MAX_DEPTH: Final = 40
_NO_VALUE: Final = "<no value>"
# There is no value yet that a command would get from the one before it.
_FIRST: Final = object()


def execute(context: Context, text: str, templates: Templates, data: Any) -> str:
    """The text that the template makes of the data. Raises TemplateError."""
    writer = _Writer(context)
    _Run(context, text, templates, writer, ROOT, data, 0).body(data, templates[ROOT])
    return "".join(writer.made)


class _Writer:
    """Collects the text, looking at its size as it grows."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._size = 0
        self.made: list[str] = []

    def write(self, text: str) -> None:
        self._size += len(text)
        self.made.append(text)
        if len(self.made) & 0xFF == 0 or len(text) > 0xFFF:
            reserve(self._context, self._size)


class _Run:
    """One template that is being executed: its variables are a stack of names and values."""

    def __init__(
        self,
        context: Context,
        text: str,
        templates: Templates,
        writer: _Writer,
        name: str,
        data: Any,
        depth: int,
    ) -> None:
        self._context = context
        self._text = text
        self._templates = templates
        self._writer = writer
        self._name = name
        self._variables: list[tuple[str, Any]] = [("$", data)]
        self._depth = depth
        self._at: Located = Text(0, "")

    def _error(self, message: str) -> TemplateError:
        before = self._text[: self._at.at]
        line = before.count("\n") + 1
        column = len(before.rpartition("\n")[2].encode("utf-8", "replace"))
        place = f"{ROOT}:{line}:{column}"
        return TemplateError(
            f"template: {place}: executing {quote(self._name)} at <{self._at.shown}>: {message}"
        )

    def body(self, dot: Any, statements: tuple[Statement, ...]) -> str:
        """Executes statements; gives "break" or "continue" if one of them leaves a loop so."""
        for statement in statements:
            self._context.spend(1)
            self._at = statement
            if isinstance(statement, Text):
                self._writer.write(statement.shown)
            elif isinstance(statement, Action):
                value = self._pipeline(dot, statement.pipeline)
                if not statement.pipeline.variables:
                    self._writer.write(_NO_VALUE if value is MISSING else printed(value))
            elif isinstance(statement, Branch):
                leaves = self._branch(dot, statement)
                if leaves:
                    return leaves
            elif isinstance(statement, Leave):
                return statement.word
            else:
                self._include(dot, statement)
        return ""

    def _branch(self, dot: Any, branch: Branch) -> str:
        outside = len(self._variables)
        if branch.word == "range":
            leaves = self._range(dot, branch)
        else:
            value = self._pipeline(dot, branch.pipeline)
            if is_true(value):
                leaves = self.body(value if branch.word == "with" else dot, branch.body)
            else:
                leaves = self.body(dot, branch.otherwise)
        del self._variables[outside:]
        return leaves

    def _range(self, dot: Any, branch: Branch) -> str:
        pipeline = branch.pipeline
        value = self._pipeline(dot, pipeline)
        base = len(self._variables)
        empty = True
        for index, element in self._elements(value, pipeline):
            empty = False
            self._context.spend(1)
            self._take(pipeline, index, element)
            leaves = self.body(element, branch.body)
            del self._variables[base:]
            if leaves == "break":
                break
        # What leaves the loop stays inside of it; an `else` is outside.
        return self.body(dot, branch.otherwise) if empty else ""

    def _elements(self, value: Any, pipeline: Pipeline) -> Iterator[tuple[Any, Any]]:
        if value is MISSING or value is None:
            return
        if isinstance(value, list):
            yield from enumerate(value)
        elif isinstance(value, dict):
            for name in sorted(value):
                yield name, value[name]
        elif type(value) is int:
            if len(pipeline.variables) > 1:
                raise self._error(f"can't use {value} to iterate over more than one variable")
            for number in range(value):
                yield MISSING, number
        else:
            raise self._error(f"range can't iterate over {printed(value)}")

    def _take(self, pipeline: Pipeline, index: Any, element: Any) -> None:
        """Gives an element, and its index, to the variables of a range."""
        names = pipeline.variables
        if not names:
            return
        values = [element] if len(names) == 1 else [index, element]
        if pipeline.assigns == "=":
            for name, value in zip(names, values, strict=True):
                self._assign(name, value)
            return
        # The pipeline has declared them, with its whole value.
        base = len(self._variables) - len(names)
        for position, (name, value) in enumerate(zip(names, values, strict=True)):
            self._variables[base + position] = (name, value)

    def _include(self, dot: Any, include: Include) -> None:
        body = self._templates.get(include.name)
        if body is None:
            raise self._error(f"template {quote(include.name)} not defined")
        if self._depth >= MAX_DEPTH:
            raise TemplateDepthError
        data = MISSING if include.pipeline is None else self._pipeline(dot, include.pipeline)
        inner = _Run(
            self._context,
            self._text,
            self._templates,
            self._writer,
            include.name,
            data,
            self._depth + 1,
        )
        inner.body(data, body)

    def _assign(self, name: str, value: Any) -> None:
        for position in range(len(self._variables) - 1, -1, -1):
            if self._variables[position][0] == name:
                self._variables[position] = (name, value)
                return
        raise self._error(f"undefined variable: {name}")

    def _pipeline(self, dot: Any, pipeline: Pipeline) -> Any:
        self._at = pipeline
        value: Any = _FIRST
        for command in pipeline.commands:
            self._context.spend(1)
            value = self._command(dot, command, value)
            if value is None:
                # A null that leaves a command is no value.
                value = MISSING
        for name in pipeline.variables:
            if pipeline.assigns == "=":
                self._assign(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _command(self, dot: Any, command: Command, final: Any) -> Any:
        first, rest = command.arguments[0], command.arguments[1:]
        if isinstance(first, Identifier):
            return self._call(dot, command, first, rest, final)
        if isinstance(first, Field | Chain) or (isinstance(first, Variable) and first.names):
            if rest or final is not _FIRST:
                # Only the last name of a chain could be a method; data has none.
                receiver = self._value(dot, first, len(first.names) - 1)
                self._at = first
                self._no_arguments(receiver, first.names[-1])
            return self._value(dot, first, len(first.names))
        self._at = first
        if rest or final is not _FIRST:
            raise self._error(f"can't give argument to non-function {first.shown}")
        if isinstance(first, Nil):
            raise self._error("nil is not a command")
        return self._operand(dot, first)

    def _no_arguments(self, receiver: Any, name: str) -> None:
        if isinstance(receiver, dict):
            raise self._error(f"{name} is not a method but has arguments")

    def _operand(self, dot: Any, operand: Operand) -> Any:
        self._at = operand
        if isinstance(operand, Constant):
            return operand.value
        if isinstance(operand, Dot):
            return dot
        if isinstance(operand, Nil):
            return None
        if isinstance(operand, Pipeline):
            return self._pipeline(dot, operand)
        if isinstance(operand, Identifier):
            return self._call(dot, operand, operand, (), _FIRST)
        return self._value(dot, operand, len(operand.names))

    def _value(self, dot: Any, operand: Field | Variable | Chain, depth: int) -> Any:
        """The value at the first so many names of a chain."""
        if isinstance(operand, Field):
            value = dot
        elif isinstance(operand, Variable):
            value = next(found for name, found in reversed(self._variables) if name == operand.name)
        else:
            if isinstance(operand.inner, Nil):
                raise self._error(f"indirection through explicit nil in {operand.shown}")
            value = self._operand(dot, operand.inner)
        self._at = operand
        # What lies in a map has the type of any value; only the first has one that Go knows.
        static = go_type(value)
        for name in operand.names[:depth]:
            value = self._member(value, name, static)
            static = "interface {}"
        return value

    def _member(self, value: Any, name: str, static: str) -> Any:
        if value is MISSING:
            return MISSING
        if value is None:
            raise self._error(f"nil pointer evaluating interface {{}}.{name}")
        if isinstance(value, dict):
            return value.get(name, MISSING)
        raise self._error(f"can't evaluate field {name} in type {static}")

    def _call(
        self, dot: Any, whole: Located, function: Identifier, arguments: tuple[Operand, ...], final: Any
    ) -> Any:
        name = function.name
        self._at = function
        count = len(arguments) + (final is not _FIRST)
        if name in ("and", "or"):
            return self._junction(dot, name, arguments, final)
        if name == "call":
            if not count:
                raise self._error("wrong number of args for call: want at least 1 got 0")
            shown = arguments[0].shown if arguments else printed(final)
            kind = go_type(self._operand(dot, arguments[0]) if arguments else final)
            self._at = whole
            raise self._error(f"error calling call: non-function {shown} of type {kind}")
        implementation, needed, more = FUNCTIONS[name]
        if more and count < needed:
            raise self._error(f"wrong number of args for {name}: want at least {needed} got {len(arguments)}")
        if not more and count != needed:
            raise self._error(f"wrong number of args for {name}: want {needed} got {count}")
        values = [self._operand(dot, argument) for argument in arguments]
        if final is not _FIRST:
            values.append(final)
        self._context.spend(1 + len(values))
        try:
            made = implementation(self._context, *values)
        except TemplateError as error:
            self._at = whole
            raise self._error(f"error calling {name}: {error}") from error
        if isinstance(made, str):
            # A variable can hold it, and a call can double it.
            reserve(self._context, len(made))
        return made

    def _junction(self, dot: Any, name: str, arguments: tuple[Operand, ...], final: Any) -> Any:
        if not arguments and final is _FIRST:
            raise self._error(f"wrong number of args for {name}: want at least 1 got 0")
        value: Any = MISSING
        for argument in arguments:
            value = self._operand(dot, argument)
            if is_true(value) == (name == "or"):
                return value
        return value if final is _FIRST else final
