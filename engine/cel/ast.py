"""The syntax tree of a CEL expression, with macros as nodes of their own.

After https://github.com/google/cel-spec/blob/master/doc/langdef.md (grammar, macros). `offset` counts code points from
the start of the expression. Operators are calls under the names that cel-go gives them (`_+_`, `@in`, `_?_:_`).
"""

from lockgate.engine.cel.values import Value
from lockgate.engine.record import record


@record
class Constant:
    """null, true, 1, 1u, 1.0, "text" or b"bytes"."""

    offset: int
    value: Value


@record
class Name:
    """An identifier. A qualified name such as `optional.none` is parsed as selects, and resolved by the checker."""

    offset: int
    name: str


@record
class Select:
    """`operand.field`; `operand.?field` when optional. `has(operand.field)` when `test`."""

    offset: int
    operand: "Node"
    field: str
    optional: bool = False
    test: bool = False


@record
class Index:
    """`operand[index]`; `operand[?index]` when optional."""

    offset: int
    operand: "Node"
    index: "Node"
    optional: bool = False


@record
class Call:
    """`function(arguments)`, `target.function(arguments)`, or an operator."""

    offset: int
    function: str
    target: "Node | None"
    arguments: "tuple[Node, ...]"


@record
class ListLiteral:
    """`[a, ?b]`; `optional` holds the places of the items with a question mark."""

    offset: int
    items: "tuple[Node, ...]"
    optional: frozenset[int] = frozenset()


@record
class MapItem:
    """`key: value` of a map or message; `?key: value` when optional."""

    offset: int
    key: "Node"
    value: "Node"
    optional: bool = False


@record
class MapLiteral:
    """`{key: value}`."""

    offset: int
    items: tuple[MapItem, ...]


@record
class MessageLiteral:
    """`Type{field: value}`. Kubernetes declares no type that can be made so; it is kept for the error."""

    offset: int
    type_name: str
    items: tuple[MapItem, ...]


@record
class Macro:
    """A macro over a range: `all`, `exists`, `exists_one`, `map`, `filter`, `transformList`, `transformMap`,
    `transformMapEntry`, `optMap`, `optFlatMap`, `sortBy`; and `bind`, which the
    checker makes of `cel.bind(variable, target, part)` where that is declared.

    variables: the one or two names that `parts` may use. parts: the predicate or the transformation; of `map`,
    `transformList`, `transformMap` and `transformMapEntry` with a filter, the filter and then the transformation.
    """

    offset: int
    name: str
    target: "Node"
    variables: tuple[str, ...]
    parts: "tuple[Node, ...]"


Node = Constant | Name | Select | Index | Call | ListLiteral | MapLiteral | MessageLiteral | Macro
