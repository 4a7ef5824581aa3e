"""Queries: statements evaluated for the values of their variables, as `opa eval` does."""

from collections.abc import Mapping, Sequence

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.printing import PrintSink
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.rego.ast import (
    Clause,
    Comprehension,
    Expr,
    Head,
    Module,
    ObjectTerm,
    Rule,
    Scalar,
    Term,
    Var,
    WithExpr,
)
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.options import USUAL, CompileOptions
from lockgate.engine.rego.parser import parse_query
from lockgate.engine.rego.program import NO_DATA, Program, compile_program
from lockgate.engine.rego.ruletree import QUERY
from lockgate.engine.rego.safety import own_variables
from lockgate.engine.rego.source import Source

_ENTRY = f"data.{QUERY}.bindings"


class Query:
    """A compiled query with the modules that it refers to."""

    def __init__(self, program: Program) -> None:
        self._prepared = program.prepare()

    def bindings(
        self,
        *,
        input: Value | Undefined = UNDEFINED,
        data: Mapping[str, Value] = NO_DATA,
        now_ns: int,
        limits: Limits,
        strict: str = "",
        print_sink: PrintSink | None = None,
    ) -> list[Value]:
        """One object of variable values for each way in which the query holds."""
        found = self._prepared.evaluate(
            _ENTRY, input=input, data=data, now_ns=now_ns, limits=limits, strict=strict, print_sink=print_sink
        )
        assert isinstance(found, list)
        return found


def compile_query(
    text: str,
    modules: Sequence[Module],
    *,
    capabilities: Capabilities,
    version: str = "v1",
    options: CompileOptions = USUAL,
) -> Query:
    """Compiles a query. Raises RegoError."""
    source = Source(text, "query", "v0" if version == "v0" else "v1")
    body = parse_query(source)
    location = source.location(1, 1)
    names = sorted(name for name in own_variables(_plain(body)) if not name.startswith("$"))
    pairs: list[tuple[Term, Term]] = [(Scalar(location, name), Var(location, name)) for name in names]
    value = Comprehension(location, "array", None, ObjectTerm(location, tuple(pairs)), body)
    head = Head(location, "complete", (Scalar(location, "bindings"),), None, value)
    rule = Rule(location, head, (Clause(location, value, ()),))
    module = Module(location, (QUERY,), (), (rule,), source.version)
    program = compile_program(
        [*modules, module], entrypoints=[_ENTRY], capabilities=capabilities, options=options
    )
    return Query(program)


def _plain(body: tuple[Expr, ...]) -> list[Expr]:
    return [statement.inner if isinstance(statement, WithExpr) else statement for statement in body]
