"""The syntax tree of a Rego module, as parsed; one tree for v0 and v1.

After https://www.openpolicyagent.org/docs/policy-reference (grammar). Every node has its place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import Location
from lockgate.engine.rego.version import RegoVersion

if TYPE_CHECKING:
    from lockgate.engine.rego.source import Source


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """null, a boolean, a number or a string."""

    location: Location
    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """A variable. Wildcards `_` have unique names beginning with `$`."""

    location: Location
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Ref:
    """`head[a].b`: a head (Var, or any other term) and operands; `.b` is a Scalar string operand."""

    location: Location
    head: "Term"
    operands: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class ArrayTerm:
    """`[a, b]`."""

    location: Location
    items: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class SetTerm:
    """`{a, b}` or `set()`."""

    location: Location
    items: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class ObjectTerm:
    """`{k: v}`."""

    location: Location
    items: "tuple[tuple[Term, Term], ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension:
    """`[value | body]`, `{value | body}` or `{key: value | body}`.

    The compiler makes those with a role: of what a `print` prints, or a template string shows.
    """

    location: Location
    kind: Literal["array", "set", "object"]
    key: "Term | None"
    value: "Term"
    body: "Body"
    role: Literal["printed", "shown", ""] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """`f(a, b)`; operators are calls of their builtin (`plus`, `equal`, `internal.member_2`, ...)."""

    location: Location
    function: Ref
    arguments: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """`$"text {term} text"`: parts are strings and terms, or terms under `with`."""

    location: Location
    parts: "tuple[str | Term | WithExpr, ...]"


Term = Scalar | Var | Ref | ArrayTerm | SetTerm | ObjectTerm | Comprehension | Call | Template


@dataclass(frozen=True, slots=True, eq=False)
class With:
    """`with target as value`."""

    location: Location
    target: Ref
    value: Term


@dataclass(frozen=True, slots=True, eq=False)
class TermExpr:
    """A term that must be defined and not false."""

    location: Location
    term: Term


@dataclass(frozen=True, slots=True, eq=False)
class UnifyExpr:
    """`a = b`; of `a := b`, what the left side binds cannot bind the right.

    The compiler makes those of the origin "negated": a reference of a statement under `not`, which binds no variable.
    """

    location: Location
    left: Term
    right: Term
    origin: Literal["assignment", "negated", ""] = ""


@dataclass(frozen=True, slots=True, eq=False)
class AssignExpr:
    """`pattern := value`: declares the pattern's variables."""

    location: Location
    left: Term
    right: Term


@dataclass(frozen=True, slots=True, eq=False)
class SomeExpr:
    """`some x, y`: declares variables."""

    location: Location
    variables: tuple[Var, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SomeInExpr:
    """`some key, value in collection`: declares the patterns' variables and iterates."""

    location: Location
    key: Term | None
    value: Term
    collection: Term


@dataclass(frozen=True, slots=True, eq=False)
class EveryExpr:
    """`every key, value in domain { body }`."""

    location: Location
    key: Var | None
    value: Var
    domain: Term
    body: "Body"


@dataclass(frozen=True, slots=True, eq=False)
class NotExpr:
    """`not statement`."""

    location: Location
    inner: "TermExpr | UnifyExpr | AssignExpr | SomeInExpr"


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """What `and`, `or` and `not` take. Statements in braces have a scope of their own; else it is one statement."""

    location: Location
    body: "Body"
    braces: Literal["braces", ""]


@dataclass(frozen=True, slots=True, eq=False)
class NotBodyExpr:
    """`not { body }`, and `not statement` where `future.keywords.not` makes that a body."""

    location: Location
    operand: Operand


@dataclass(frozen=True, slots=True, eq=False)
class LogicExpr:
    """`a and b and c` or `a or b or c`: binds nothing, and evaluates an operand only if those before leave it open."""

    location: Location
    operator: Literal["and", "or"]
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WithExpr:
    """A statement under `with` modifiers (at least one)."""

    location: Location
    inner: "Expr"
    modifiers: tuple[With, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BlockExpr:
    """Several statements that must hold together (made by the compiler, never parsed)."""

    location: Location
    statements: "tuple[Expr, ...]"


Expr = (
    TermExpr
    | UnifyExpr
    | AssignExpr
    | SomeExpr
    | SomeInExpr
    | EveryExpr
    | NotExpr
    | NotBodyExpr
    | LogicExpr
    | WithExpr
    | BlockExpr
)
Body = tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A rule's head: `path` from the package (a name, then strings or terms), arguments of a function or None.

    kind "complete": one value. "set": `path contains member`, with `member` set. "object" rules are
    "complete" with at least one operand in `path` that is no string literal or that is bracketed last.
    """

    location: Location
    kind: Literal["complete", "set"]
    path: tuple[Term, ...]
    arguments: tuple[Term, ...] | None
    value: Term
    member: Term | None = None

    @property
    def name(self) -> str:
        """The first element of the path."""
        first = self.path[0]
        assert isinstance(first, Scalar)
        return str(first.value)


# What of a rule's clause was written: the keywords, `:=`, and what was left out.
Written = Literal["if", "contains", "assign", "no value", "no body"]


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """One alternative of an else-chain: the value it gives and the body that must hold."""

    location: Location
    value: Term
    body: Body
    written: frozenset[Written] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule: head, and the chain of clauses of which the first that holds decides."""

    location: Location
    head: Head
    clauses: tuple[Clause, ...]
    default: Literal["default", ""] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """`import path as alias`."""

    location: Location
    path: tuple[str, ...]
    alias: str | None

    @property
    def name(self) -> str:
        """The name by which rules use it."""
        return self.alias or self.path[-1]


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """A `# METADATA` block: the place of that mark, and the YAML text below it."""

    location: Location
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One Rego file."""

    location: Location
    package: tuple[str, ...]
    imports: tuple[Import, ...]
    rules: tuple[Rule, ...]
    version: RegoVersion
    annotations: tuple[Annotation, ...] = field(default=())
    source: "Source | None" = None


@cache
def _parts(kind: type) -> tuple[str, ...]:
    """The attributes of a class in which nodes may be."""
    if kind is Scalar or kind is Var:
        return ()
    names: tuple[str, ...] = getattr(kind, "__slots__", ())
    return tuple([name for name in names if name != "location"])


@cache
def _may_hold(kind: type) -> bool:
    """Is it the class of nodes, or of tuples, which may hold some?"""
    return kind is tuple or (hasattr(kind, "__dataclass_fields__") and kind is not Location)


@cache
def _values(kind: type) -> Callable[[Any], Sequence[Any]]:
    """What gives the values of a node's parts; of a tuple, its members."""
    if kind is tuple:
        return tuple
    names = _parts(kind)
    if len(names) > 1:
        return attrgetter(*names)
    return lambda node: [getattr(node, name) for name in names]


def shown_import(imported: Import) -> str:
    """An import as it is written."""
    shown = f"import {'.'.join(imported.path)}"
    return f"{shown} as {imported.alias}" if imported.alias else shown


def children(node: object) -> Iterator[object]:
    """The syntax nodes directly below a node, or of a tuple of nodes."""
    kind: type = node.__class__
    for item in _values(kind)(node):
        kind = item.__class__
        if kind is tuple:
            yield from children(item)
        elif _may_hold(kind):
            yield item


def walk(node: object) -> Iterator[object]:
    """The node and all nodes below it; of a tuple, those of its members."""
    stack = [node]
    while stack:
        current = stack.pop()
        kind: type = current.__class__
        if kind is not tuple:
            yield current
        stack += [item for item in _values(kind)(current)[::-1] if _may_hold(item.__class__)]


def shape(node: object) -> object:
    """What a node says, whatever its place: nodes that are written alike have equal, hashable shapes."""
    if isinstance(node, tuple):
        return tuple([shape(item) for item in node])
    if isinstance(node, Scalar):
        return (Scalar, type(node.value), str(node.value))
    if isinstance(node, Var):
        return (Var, node.name)
    if not hasattr(node, "__dataclass_fields__"):
        return node
    kind: type = node.__class__
    return (kind, *[shape(getattr(node, name)) for name in _parts(kind)])
