"""The conditions and validations of a policy as one Python function, in which its variables are locals.

A variable is computed where it is first needed: in place, and behind a test whether it has been computed where the code
cannot tell. What depends on the parameters alone is made once for each set of them, and is a global of the function
(`fused.py`). As in `emit.py` any exception means "evaluate again with care", which is done one expression at a time:
in code of fused expressions nothing has to be told apart, neither whose error it is nor what each of them costs. It
costs no less than the expressions one by one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from lockgate.engine.cel.ast import Call, Name, Node, Select
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.emit import Emitter
from lockgate.engine.cel.emit_call import LIST, emit_function
from lockgate.engine.cel.expression import CODE_FILE
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.fused import FusedArtifact
from lockgate.engine.cel.pieces import IN, Path, Piece, weight
from lockgate.engine.cel.stages import VARIABLES, Stages
from lockgate.engine.cel.types import BOOL, DYN, STRING, AnyType
from lockgate.engine.codegen.writer import SizeError
from lockgate.engine.record import record

# Lines of one function: beyond, to compile it takes longer than it gains.
MAX_LINES: Final = 3_000
# Members of a list that a text is looked for in, and characters at whose length a text's beginning is compared, unpaid.
_FEW: Final = 100
_METHODS: Final = {"startsWith": "startswith", "endsWith": "endswith"}


@record
class FusedSource:
    """What is fused. variables: each after those that it refers to. validations: each with the message's expression.

    given: what the attributes of what is judged stand for, names and fields of them that are always there. fixed: names
    and variables that are the same in all evaluations.
    """

    variables: Mapping[str, Checked]
    conditions: Sequence[Checked]
    validations: Sequence[tuple[Checked, Checked | None]]
    given: Mapping[Path, str]
    fixed: frozenset[Path]


def fuse(source: FusedSource, functions: Mapping[str, Function]) -> FusedArtifact | None:
    """The function; None where Python has no room for it, or its expressions use their variables as a map."""
    try:
        return _FusedEmitter(source, functions).artifact()
    except (SizeError, RecursionError, MemoryError, SyntaxError):
        return None


class _FusedEmitter(Emitter):
    """Generates the function."""

    def __init__(self, source: FusedSource, functions: Mapping[str, Function]) -> None:
        super().__init__(Checked(Name(0, ""), DYN, {}, {}), functions)
        self._source = source
        nodes = {name: checked.node for name, checked in source.variables.items()}
        self._stages = Stages(nodes, source.fixed)
        # Of fixed parts their functions, by what they are, and their places, by their nodes.
        self._slots: dict[object, Piece] = {}
        self._slot_sources: list[str] = []
        self._fixed: dict[int, Piece] = {}
        # Locals of variables; those that a test may find not computed yet.
        self._lazy: dict[str, str] = {}
        self._tested: dict[str, None] = {}

    def artifact(self) -> FusedArtifact:
        source = self._source
        self.writer.line("found = []")
        for condition in source.conditions:
            piece = self._whole(condition)
            self.writer.line(f"if not {piece.text}: return found")
            self.facts |= dict(piece.if_true)
        for number, (validation, message) in enumerate(source.validations):
            piece = self._whole(validation)
            with self.writer.block(f"if not {piece.text}:"), self.knowing(piece.if_false):
                said = "None" if message is None else self._of(message).text
                self.writer.line(f"found.append(({number}, {said}))")
        self.writer.line("return found")
        trees = [*source.variables.values(), *source.conditions]
        trees += [one for pair in source.validations for one in pair if one is not None]
        head = [
            "def run(subject, budget):",
            f"    taken = {sum([weight(one.node) for one in trees])} + FIXED",
            *[f"    {local} = {self._read(name)}" for name, local in self.reads.items()],
            *[f"    {self._lazy[name]} = MISSING" for name in self._tested],
        ]
        text = "\n".join([*self._slot_sources, *head, *self.writer.text(), ""])
        code = compile(text, CODE_FILE, "exec", dont_inherit=True)
        return FusedArtifact(code, self.links.plain(), len(self._slots), text)

    def emit(self, node: Node) -> Piece:
        fixed = self._fixed.get(id(node))
        if fixed is not None:
            return fixed
        if isinstance(node, Select) and isinstance(node.operand, Name) and not node.optional:
            root = node.operand.name
            if root not in self.scope:
                is_given = (root, node.field) in self._source.given
                if is_given or root == VARIABLES:
                    name = f"{root}.{node.field}"
                    piece = self.variable(name, DYN) if is_given else self._variable(node.field)
                    return Piece("True", BOOL) if node.test else piece
        elif isinstance(node, Name) and node.name == VARIABLES and VARIABLES not in self.scope:
            raise SizeError("the variables are used as a map")
        return super().emit(node)

    def charge(self, steps: str) -> None:
        self.writer.line(f"taken += {steps}")
        self.writer.line("if taken > 999: taken = settled(taken, budget)")

    def counted(self, items: str) -> tuple[str, str]:
        # The turns that it did not take are paid too: to count the others takes as long as many turns.
        return items, f"len({items})"

    def kept(self, path: Path | None, piece: Piece) -> Piece:
        if path is None or self.branches:
            return piece
        found = self.facts[path] = self.spill(piece)
        return found

    def summed(self, parts: Sequence[Piece], kind: AnyType, nesting: int) -> Piece:
        parts = [self.spill(one) if one.nesting else one for one in parts]
        known, name = (STRING, "str") if kind == STRING else (LIST, "list")
        tests = [f"{self.not_literal(one)}.__class__ is {name}" for one in parts if not one.is_a(known)]
        local = self.writer.name()
        text = " + ".join([one.text for one in parts])
        if tests:
            text += f" if {' and '.join(tests)} else {super().summed(parts, kind, nesting).text}"
        self.writer.line(f"{local} = {text}")
        # What is open may be a number.
        test = "" if kind != DYN else f"{local}.__class__ is list and "
        self.writer.line(f"if {test}len({local}) > 999: grown({local}, budget)")
        return Piece(local, kind)

    def shortcut(self, node: Call, arguments: Sequence[Piece]) -> Piece | None:
        if node.function == "dyn" and node.target is None and len(arguments) == 1:
            return arguments[0]
        if len(arguments) != 2:
            return None
        if node.function == IN and node.target is None:
            return self._member(node, *arguments)
        if node.function in _METHODS and node.target is not None:
            return self._affix(node, *arguments)
        return None

    def _member(self, node: Call, item: Piece, container: Piece) -> Piece | None:
        """A text in a short list."""
        if not container.is_atom:
            return None
        first, again = self.hold(item)
        tests = [f"{first}.__class__ is str"] if not item.is_a(STRING) else []
        if item.is_a(STRING):
            first = again = self.spill(item).text
        if not container.is_a(LIST):
            tests.append(f"{container.text}.__class__ is list")
        tests.append(f"len({container.text}) < {_FEW}")
        compute = emit_function(self, node, [Piece(again), container])
        text = f"({again} in {container.text} if {' and '.join(tests)} else {compute.text})"
        return Piece(text, BOOL, item.nesting + 2)

    def _affix(self, node: Call, text: Piece, affix: Piece) -> Piece | None:
        """The beginning or the end of a text that is short."""
        if affix.is_literal:
            return None
        (first, again), (other, other_again) = self.hold(text), self.hold(affix)
        compute = emit_function(self, node, [Piece(again), Piece(other_again)])
        test = f"{first}.__class__ is {other}.__class__ is str and len({other_again}) < {_FEW}"
        method = _METHODS[node.function]
        nesting = max(text.nesting, affix.nesting) + 2
        return Piece(f"({again}.{method}({other_again}) if {test} else {compute.text})", BOOL, nesting)

    def _whole(self, checked: Checked) -> Piece:
        """The code for an expression that has to be a bool."""
        self._find_fixed(checked)
        outside, self.typing = self.typing, checked
        piece = self.truth(checked.node)
        self.typing = outside
        return piece

    def _of(self, checked: Checked) -> Piece:
        """The code for an expression of its own, wherever it is needed."""
        self._find_fixed(checked)
        typing, scope, self.typing, self.scope = self.typing, self.scope, checked, {}
        with self.statements():
            piece = self.emit(checked.node)
        self.typing, self.scope = typing, scope
        return piece

    def _variable(self, name: str) -> Piece:
        """A variable, computed here if it may not have been."""
        path = (f"{VARIABLES}:", name)
        known = self.facts.get(path)
        if known is not None:
            return known
        writer = self.writer
        if len(writer.lines) > MAX_LINES:
            raise SizeError("the expressions are too long together")
        is_first = name not in self._lazy and not writer.in_loop
        local = self._lazy.setdefault(name, writer.name(name))
        checked = self._source.variables[name]
        if is_first:
            piece = self._of(checked)
            writer.line(f"{local} = {piece.text}")
        else:
            self._tested[name] = None
            with writer.block(f"if {local} is MISSING:"), self.knowing():
                piece = self._of(checked)
                writer.line(f"{local} = {piece.text}")
        found = self.facts[path] = Piece(local, piece.type)
        return found

    def _read(self, name: str) -> str:
        path = tuple(name.split("."))
        attribute = self._source.given.get(path)
        if attribute is None:
            raise SizeError(f"{name} is not given")
        return f"subject.{attribute}"

    def _find_fixed(self, checked: Checked) -> None:
        for node in self._stages.fixed_parts(checked.node):
            if id(node) not in self._fixed:
                self._fixed[id(node)] = self._slot(node, checked)

    def _slot(self, node: Node, checked: Checked) -> Piece:
        """The global that holds the value of a fixed part."""
        shape = _shape(node)
        found = self._slots.get(shape)
        if found is None:
            number = len(self._slots)
            inner = Emitter(checked, self.functions)
            inner.links = self.links
            source, kind = inner.function(node, f"slot{number}")
            self._slot_sources.append(source)
            if isinstance(node, Select) and isinstance(node.operand, Name) and not node.test:
                kind = self._kind(node.field) if node.operand.name == VARIABLES else kind
            found = self._slots[shape] = Piece(f"fixed{number}", kind)
        return found

    def _kind(self, name: str) -> AnyType:
        """What is certain of a variable's value."""
        checked = self._source.variables.get(name)
        return DYN if checked is None else Emitter(checked, self.functions).emit(checked.node).type


def _shape(node: object) -> object:
    """Equal for nodes that say the same, wherever they stand."""
    if isinstance(node, tuple):
        return tuple([_shape(one) for one in node])
    names = getattr(type(node), "__match_args__", None)
    if names is None:
        return type(node), node
    return type(node), *[_shape(getattr(node, name)) for name in names if name != "offset"]
