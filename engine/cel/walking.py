"""Ways through a tree that use no recursion."""

from collections.abc import Iterator

from lockgate.engine.cel.ast import (
    Call,
    Constant,
    Index,
    ListLiteral,
    Macro,
    MapLiteral,
    MessageLiteral,
    Name,
    Node,
    Select,
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right under `node`, in the order of the source."""
    match node:
        case Constant() | Name():
            return ()
        case Select():
            return (node.operand,)
        case Index():
            return node.operand, node.index
        case Call():
            return node.arguments if node.target is None else (node.target, *node.arguments)
        case ListLiteral():
            return node.items
        case MapLiteral():
            return tuple([part for item in node.items for part in (item.key, item.value)])
        case MessageLiteral():
            return tuple([item.value for item in node.items])
        case Macro():
            return node.target, *node.parts


def walk(node: Node) -> Iterator[Node]:
    """`node` and all under it, each before what is under it."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(children(one)))


def depth(node: Node) -> int:
    """How many nodes lie one under another."""
    deepest = 0
    level = [node]
    while level:
        deepest += 1
        level = [under for one in level for under in children(one)]
    return deepest
