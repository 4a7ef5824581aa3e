"""A checked tree as Python source: the fast path, in which any exception means "evaluate again with care".

What is known of a value's kind (`Piece.type`) is known of its parts, and of functions, for certain: the checker's types are
those that values ought to have, since it fills what is open in them as it goes on.

CEL has no effects, so that the order in which parts are evaluated matters only for errors; and those are found by the
careful path (`careful.py`), which has CEL's rules for them. So `&&` is `and`, a missing key is Python's KeyError,
and a value of the wrong kind is whatever Python raises for it, or what a test of its class finds.
Text of an expression gets into the code as literals only; every name is one of `runtime.NAMES` or numbered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import isfinite
from typing import Any, Final

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
from lockgate.engine.cel.emit_call import emit_call
from lockgate.engine.cel.emit_macro import emit_macro
from lockgate.engine.cel.errors import ExpressionError, Mistake
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.knowledge import Typing
from lockgate.engine.cel.links import Links
from lockgate.engine.cel.pieces import (
    AND,
    CONDITION,
    MAX_NESTING,
    OR,
    Facts,
    Path,
    Piece,
    literal_type,
    member_type,
    terms,
    weight,
)
from lockgate.engine.cel.types import BOOL, DYN, INT, STRING, AnyType, Type
from lockgate.engine.cel.values import TypeValue, Uint, Value
from lockgate.engine.codegen.writer import Writer

# Fields of a path that is kept; none of a policy has so many.
_LONGEST_PATH: Final = 12


class Emitter:
    """Generates the function of one tree."""

    def __init__(self, typing: Typing, functions: Mapping[str, Function]) -> None:
        self.typing = typing
        self.functions = functions
        self.links = Links()
        self.writer = Writer("return")
        # Locals of the macros' variables that are in scope, and of variables of the environment.
        self.scope: dict[str, Piece] = {}
        self.reads: dict[str, str] = {}
        # What is known here: locals that hold what is at a path.
        self.facts: dict[Path, Piece] = {}
        # Conditions around the code that is generated, which may become blocks.
        self.branches = 0

    def function(self, node: Node, name: str) -> tuple[str, AnyType]:
        """The source of the function for a whole expression, and what is certain of its value.

        Raises SizeError where Python has no room for it.
        """
        result = self.emit(node)
        self.writer.line(f"return {result.text}")
        reads = [f"    {local} = names[{name!a}]" for name, local in self.reads.items()]
        head = [
            f"def {name}(names, budget):",
            f"    budget.left -= {weight(node)}",
            "    if budget.left < 0: exhausted(budget)",
        ]
        return "\n".join([*head, *reads, *self.writer.text(), ""]), result.type

    def emit(self, node: Node) -> Piece:
        """The code for a node: an expression, after statements where it needs some."""
        piece = _EMITTERS[type(node)](self, node)
        return self.spill(piece) if piece.nesting > MAX_NESTING else piece

    def truth(self, node: Node) -> Piece:
        """The code for a node that has to be a bool."""
        piece = self.emit(node)
        return piece if piece.is_a(BOOL) else Piece(f"truth({piece.text})", BOOL, piece.nesting + 1)

    def charge(self, steps: str) -> None:
        """Pays for the turns of a loop."""
        self.writer.line(f"budget.left -= {steps}")
        self.writer.line("if budget.left < 0: exhausted(budget)")

    def counted(self, items: str) -> tuple[str, str]:
        """What a loop that ends early goes through, and how many turns it took."""
        turns = self.writer.name()
        self.writer.line(f"{turns} = iter({items})")
        return turns, f"(len({items}) - {turns}.__length_hint__())"

    def kept(self, path: Path | None, piece: Piece) -> Piece:
        """What was read at a path, to be read again."""
        return piece

    def summed(self, parts: Sequence[Piece], kind: AnyType, nesting: int) -> Piece:
        """A chain of `+` of texts or of lists, or of anything else but numbers."""
        return Piece(f"summed(({', '.join([one.text for one in parts])}), budget)", kind, nesting)

    def shortcut(self, node: Call, arguments: Sequence[Piece]) -> Piece | None:
        """Code for a call that is faster than what the call is otherwise."""
        return None

    @contextmanager
    def statements(self) -> Iterator[None]:
        """Code in a block that is there whether or not the code needs statements."""
        outside = self.branches
        self.branches = 0
        yield
        self.branches = outside

    def spill(self, piece: Piece) -> Piece:
        """The value in a local."""
        if piece.is_atom:
            return piece
        local = self.writer.name()
        self.writer.line(f"{local} = {piece.text}")
        return Piece(local, piece.type, 0, piece.if_true, piece.if_false)

    def hold(self, piece: Piece) -> tuple[str, str]:
        """A text that gives the value when it is first needed, and one that gives it again."""
        if piece.is_atom:
            return piece.text, piece.text
        local = self.writer.name()
        return f"({local} := {piece.text})", local

    def not_literal(self, piece: Piece) -> str:
        """The value as something that Python does not warn of where its kind is looked at: no literal."""
        return self.spill(piece).text if piece.is_literal else piece.text

    @contextmanager
    def scoped(self, scope: Mapping[str, Piece], variables: Mapping[str, Piece]) -> Iterator[None]:
        """A scope with a macro's variables in it."""
        outside = self.scope
        self.scope = {**scope, **variables}
        yield
        self.scope = outside

    @contextmanager
    def knowing(self, facts: Facts = ()) -> Iterator[None]:
        """Code that is run where these facts hold: what becomes known in it is forgotten behind it."""
        outside = self.facts
        self.facts = {**outside, **dict(facts)}
        yield
        self.facts = outside

    def branch(self, header: str, local: str, emit: Callable[[], Piece]) -> tuple[Piece, bool]:
        """The code for a value under a condition, and whether it is an expression alone.

        If it needs statements, a block is written that puts the value into the local.
        """
        writer = self.writer
        at = len(writer.lines)
        before = self.facts
        self.branches += 1
        with writer.block(header), self.knowing():
            piece = emit()
            self.branches -= 1
            if len(writer.lines) > at + 1:
                writer.line(f"{local} = {piece.text}")
                found = tuple([fact for fact in self.facts.items() if fact[0] not in before])
                if_true, if_false = (*found, *piece.if_true), (*found, *piece.if_false)
                return Piece(piece.text, piece.type, piece.nesting, if_true, if_false), False
        del writer.lines[at:]
        return piece, True

    def path(self, node: Node) -> Path | None:
        """The path that a node reads; None where it is none."""
        fields: list[str] = []
        while isinstance(node, Select) and not node.optional and not node.test:
            fields.append(node.field)
            node = node.operand
        if not isinstance(node, Name) or len(fields) > _LONGEST_PATH:
            return None
        found = self.scope.get(node.name)
        # A macro's variable has a local of its own in each loop; one that `bind` declares may be any piece.
        if found is not None and not found.is_atom:
            return None
        return (f"{node.name}:" if found is None else found.text, *reversed(fields))

    def variable(self, name: str, kind: AnyType) -> Piece:
        """A variable of the environment."""
        local = self.reads.get(name)
        if local is None:
            local = self.reads[name] = self.writer.name(name)
        return Piece(local, kind)


def _constant(emitter: Emitter, node: Constant) -> Piece:
    return literal(emitter, node.value)


def literal(emitter: Emitter, value: Value) -> Piece:
    """A value as source."""
    kind = type(value)
    if kind is Uint:
        return Piece(emitter.links.name(("uint", int(value))), Type("uint"))
    if kind is TypeValue:
        return Piece(emitter.links.name(("type", value.name)))
    if kind is float and not isfinite(value):
        return Piece(emitter.links.name(("double", repr(value))), literal_type(value))
    if kind is int and value < 0:
        return Piece(f"({value!r})", INT, 1)
    return Piece(ascii(value), literal_type(value))


def _name(emitter: Emitter, node: Name) -> Piece:
    found = emitter.scope.get(node.name)
    return emitter.variable(node.name, emitter.typing.type_of(node)) if found is None else found


def _select(emitter: Emitter, node: Select) -> Piece:
    path = emitter.path(node)
    if path is not None and path in emitter.facts:
        return emitter.facts[path]
    operand = emitter.emit(node.operand)
    nesting = operand.nesting + 1
    field = ascii(node.field)
    if node.optional:
        return Piece(f"optional_index({operand.text}, {field})", Type("optional_type"), nesting)
    if operand.is_a(Type("optional_type")):
        function, kind = ("has", BOOL) if node.test else ("select", Type("optional_type"))
        return Piece(f"{function}({operand.text}, {field})", kind, nesting)
    if node.test:
        local = emitter.writer.name(node.field)
        # Of all values only maps have this method, and those with keys that are no texts have it not.
        text = f"(({local} := {emitter.not_literal(operand)}.get({field}, MISSING)) is not MISSING)"
        tested = emitter.path(Select(node.offset, node.operand, node.field))
        return Piece(text, BOOL, nesting + 1, () if tested is None else ((tested, Piece(local)),))
    piece = Piece(f"{emitter.not_literal(operand)}[{field}]", member_type(operand.type), nesting)
    return emitter.kept(path, piece)


def _index(emitter: Emitter, node: Index) -> Piece:
    operand, index = emitter.emit(node.operand), emitter.emit(node.index)
    nesting = max(operand.nesting, index.nesting) + 1
    if node.optional:
        text = f"optional_index({operand.text}, {index.text})"
        return Piece(text, Type("optional_type"), nesting)
    kind = member_type(operand.type)
    if index.is_a(STRING) and not operand.is_a(Type("optional_type")):
        # Of Python's values only a dict takes a text.
        return Piece(f"{emitter.not_literal(operand)}[{index.text}]", kind, nesting)
    if isinstance(node.index, Constant) and type(node.index.value) is int and node.index.value >= 0:
        first, again = emitter.hold(operand)
        place = index.text
        text = f"({again}[{place}] if {first}.__class__ is list else index({again}, {place}))"
        return Piece(text, kind, nesting)
    return Piece(f"index({operand.text}, {index.text})", kind, nesting)


def _list(emitter: Emitter, node: ListLiteral) -> Piece:
    parts: list[str] = []
    nesting = 0
    for at, item in enumerate(node.items):
        piece = emitter.emit(item)
        nesting = max(nesting, piece.nesting)
        parts.append(f"*given({piece.text})" if at in node.optional else piece.text)
    return Piece(f"[{', '.join(parts)}]", Type("list", (DYN,)), nesting + 1)


def _map(emitter: Emitter, node: MapLiteral) -> Piece:
    texts: list[str] = []
    nesting = 0
    plain = all(
        isinstance(item.key, Constant) and type(item.key.value) is str and not item.optional
        for item in node.items
    )
    for item in node.items:
        key, value = emitter.emit(item.key), emitter.emit(item.value)
        nesting = max(nesting, key.nesting, value.nesting)
        if plain:
            texts.append(f"{key.text}: {value.text}")
        else:
            texts.append(f"({key.text}, {value.text}, {item.optional})")
    if plain:
        return Piece(f"{{{', '.join(texts)}}}", Type("map", (STRING, DYN)), nesting + 1)
    return Piece(f"make_map([{', '.join(texts)}])", Type("map", (DYN, DYN)), nesting + 2)


def _message(emitter: Emitter, node: MessageLiteral) -> Piece:
    raise ExpressionError((Mistake(node.offset, f"undeclared reference to '{node.type_name}'"),))


def _call(emitter: Emitter, node: Call) -> Piece:
    if node.target is None:
        if node.function == AND or node.function == OR:
            return _logic(emitter, node)
        if node.function == CONDITION:
            return _condition(emitter, node)
    return emit_call(emitter, node)


def _logic(emitter: Emitter, node: Call) -> Piece:
    """A chain of `&&` or `||`: one expression, as far as its terms need no statements."""
    is_and = node.function == AND
    word, header = (" and ", "if {}:") if is_and else (" or ", "if not {}:")
    writer = emitter.writer
    first, *others = terms(node)
    piece = emitter.truth(first)
    texts, nesting = [piece.text], piece.nesting
    # A term is evaluated where all before it were true, or false; then so they were if all were.
    facts = piece.if_true if is_and else piece.if_false
    local = ""
    for term in others:
        local = local or writer.name()
        at = len(writer.lines)
        if texts != [local]:
            writer.line(f"{local} = {word.join(texts)}")
        with emitter.knowing(facts):
            piece, is_inline = emitter.branch(header.format(local), local, partial(emitter.truth, term))
        facts = (*facts, *(piece.if_true if is_and else piece.if_false))
        if is_inline:
            del writer.lines[at:]
            texts.append(piece.text)
            nesting = max(nesting, piece.nesting)
        else:
            texts, nesting = [local], 0
    text, nesting = (texts[0], nesting) if len(texts) == 1 else (f"({word.join(texts)})", nesting + 1)
    return Piece(text, BOOL, nesting, facts if is_and else (), () if is_and else facts)


def _condition(emitter: Emitter, node: Call) -> Piece:
    condition, then, other = node.arguments
    asked = emitter.truth(condition)
    writer = emitter.writer
    local = writer.name()
    at = len(writer.lines)
    with emitter.knowing(asked.if_true):
        first, first_inline = emitter.branch(f"if {asked.text}:", local, partial(emitter.emit, then))
    if first_inline:
        with writer.block(f"if {asked.text}:"):
            writer.line(f"{local} = {first.text}")
    with emitter.knowing(asked.if_false):
        second, second_inline = emitter.branch("else:", local, partial(emitter.emit, other))
    kind = first.type if first.type == second.type else DYN
    if first_inline and second_inline:
        del writer.lines[at:]
        nesting = max(asked.nesting, first.nesting, second.nesting) + 1
        return Piece(f"({first.text} if {asked.text} else {second.text})", kind, nesting)
    if second_inline:
        with writer.block("else:"):
            writer.line(f"{local} = {second.text}")
    return Piece(local, kind)


_EMITTERS: Final[Mapping[type, Callable[[Emitter, Any], Piece]]] = {
    Constant: _constant,
    Name: _name,
    Select: _select,
    Index: _index,
    Call: _call,
    ListLiteral: _list,
    MapLiteral: _map,
    MessageLiteral: _message,
    Macro: emit_macro,
}
