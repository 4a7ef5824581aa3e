"""What all functions of a generated module share: constants, positions, builtins, slots."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lockgate.engine.codegen.literals import is_inline, literal
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.codegen.writer import safe_name
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import Ref
from lockgate.engine.rego.function_shape import Shape, shape_of
from lockgate.engine.rego.probes import Probe
from lockgate.engine.rego.program import Mode
from lockgate.engine.rego.ruletree import Group, Node, RuleTree

# A set of more strings is made once for the module.
_MOST_INLINE: Final = 64
# Functions for known arguments: in a program, and of those that are made one for another.
MAX_COPIES: Final = 64
MAX_COPYING: Final = 4


def meets(path: tuple[str, ...], places: Iterable[tuple[str, ...]]) -> bool:
    """Is the path one of the places, above one or below one?"""
    return any(path[: len(place)] == place or place[: len(path)] == path for place in places)


@dataclass(slots=True)
class ModuleCode:
    """What all functions of a generated module share.

    shares: whether code may use a value again that it has read or made before, in place of each statement for itself.
    values: what expressions that are literals, and constants of the module, stand for. bound: the values of places in
    `input` that the code is made for, by path. programs: how many the code is of, each of which may take what one may.
    """

    tree: RuleTree
    mode: Mode
    shares: bool = False
    programs: int = 1
    constants: dict[str, str] = field(default_factory=dict)
    constant_lines: dict[str, str] = field(default_factory=dict)
    positions: list[Location] = field(default_factory=list)
    position_numbers: dict[tuple[str, int, int], int] = field(default_factory=dict)
    builtins: dict[str, str] = field(default_factory=dict)
    replaced_places: set[tuple[str, ...]] = field(default_factory=set)
    replaced_names: set[str] = field(default_factory=set)
    documents: dict[tuple[str, ...], int] = field(default_factory=dict)
    pending_documents: list[Node] = field(default_factory=list)
    functions: list[list[str]] = field(default_factory=list)
    branches: dict[tuple[str, ...], str] = field(default_factory=dict)
    branch_lines: list[str] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    # Was a part of a body left out since it cannot hold?
    left_out: bool = False
    head_slots: dict[int, int] = field(default_factory=dict)
    memo_size: int = 0
    fixed_size: int = 0
    shared_size: int = 0
    values: dict[str, Value | Undefined] = field(
        default_factory=lambda: {"U": UNDEFINED, "True": True, "False": False}
    )
    bound: Mapping[tuple[str, ...], Value] = field(default_factory=dict)
    usual: frozenset[tuple[str, ...]] = frozenset()
    is_constant: Callable[[Ref], bool] = lambda reference: False
    # Does a group depend on constants only?
    is_fixed_group: Callable[[Group], bool] = lambda group: False
    # Makes a function of a name for known arguments; False where it never has a value.
    make_copy: Callable[[Group, str, Sequence[str]], bool] = lambda group, name, arguments: True
    # Functions for known arguments by what is known, the others being empty; `U` for those that have no value.
    copies: dict[tuple[int, tuple[str, ...]], str] = field(default_factory=dict)
    # How many of them are being made, one for another.
    copying: int = 0
    # Comprehensions over constants by what they say, and their places in the table of fixed values.
    fixed_comprehensions: dict[object, int] = field(default_factory=dict)
    shapes: dict[int, Shape] = field(default_factory=dict)
    # How much of functions has been copied to calls.
    copied_nodes: int = 0

    def position(self, location: Location) -> int:
        """The number of a place, for generated code to name it."""
        place = (location.file, location.line, location.column)
        number = self.position_numbers.get(place)
        if number is None:
            number = len(self.positions)
            self.position_numbers[place] = number
            self.positions.append(location)
        return number

    def probe(self, probe: Probe) -> int:
        """The number of a new probe."""
        self.probes.append(probe)
        return len(self.probes) - 1

    def head_slot(self, group: Group) -> int | None:
        """In `covered`, of a set or object: the slot for the heads of rules that gave each of its members."""
        if self.mode != "covered" or group.kind not in ("set", "object"):
            return None
        slot = self.head_slots.get(group.index)
        if slot is None:
            slot = self.head_slots[group.index] = self.memo()
        return slot

    def constant(self, value: Value) -> str:
        """A literal, or the name of a module constant that holds the value."""
        text = literal(value)
        if not is_inline(value):
            text = self._module_constant(text)
        self.values[text] = value
        return text

    def constant_key(self, value: Value) -> str:
        """The name of a module constant that holds the key of a value."""
        return self._module_constant(f"key({literal(value)})")

    def pattern_cell(self, source: str) -> str:
        """The name of a cell that gets the search for a pattern when one is first made, and of the pattern in it."""
        return self._module_constant(f"[MISS, {literal(source)}]")

    def strings(self, members: Sequence[str]) -> str:
        """A Python set of strings: in the code itself, or the name of a constant where they are many."""
        text = "{" + ", ".join([literal(member) for member in members]) + "}"
        return text if len(members) <= _MOST_INLINE else self._module_constant(text)

    def _module_constant(self, text: str) -> str:
        name = self.constants.get(text)
        if name is None:
            name = f"k{len(self.constants)}"
            self.constants[text] = name
            self.constant_lines[name] = f"{name} = {text}"
        return name

    def builtin(self, name: str) -> str:
        """The Python name of a builtin."""
        found = self.builtins.get(name)
        if found is None:
            found = f"b{len(self.builtins)}_{safe_name(name)}"
            self.builtins[name] = found
        return found

    def function_name(self, group: Group) -> str:
        """The Python name of a group's function."""
        return f"r{group.index}_{safe_name(group.path[-1])}"

    def copy_name(self, group: Group, known: Sequence[str]) -> str | None:
        """The Python name of a function for arguments of which some are known, or `U`; None where there is none.

        known: what the arguments are, empty for those that are not known.
        """
        place = (group.index, tuple(known))
        name = self.copies.get(place)
        if name is None:
            if len(self.copies) >= MAX_COPIES * self.programs or self.copying >= MAX_COPYING:
                return None
            name = f"{self.function_name(group)}_with{len(self.copies)}"
            self.copies[place] = name
            self.copying += 1
            arguments = [atom or f"a{number}" for number, atom in enumerate(known)]
            if not self.make_copy(group, name, arguments):
                name = self.copies[place] = "U"
            self.copying -= 1
        return name

    def document_name(self, node: Node) -> str:
        """The Python name of the function that makes the whole document of a place."""
        number = self.documents.get(node.path)
        if number is None:
            number = len(self.documents)
            self.documents[node.path] = number
            self.pending_documents.append(node)
        return f"d{number}"

    def shape(self, group: Group) -> Shape:
        """The shape of a function."""
        found = self.shapes.get(group.index)
        if found is None:
            found = self.shapes[group.index] = shape_of(group)
        return found

    def memo(self) -> int:
        """A new slot for a memoised document."""
        self.memo_size += 1
        return self.memo_size - 1

    def fixed(self) -> int:
        """A new slot for a document that depends on constants only."""
        self.fixed_size += 1
        return self.fixed_size - 1

    def shared(self) -> int:
        """A slot for a document that evaluations which are made together have in common."""
        self.shared_size += 1
        return self.shared_size - 1

    def is_replaced(self, path: tuple[str, ...]) -> bool:
        """May a `with` replace this place, something above or below it?"""
        return meets(path, self.replaced_places)
