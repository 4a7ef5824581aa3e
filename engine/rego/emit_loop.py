"""Python code for loops over collections, each of which counts its members as steps; values that are used again."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.lookups import sorted_items
from lockgate.engine.codegen.values import Object, Set, Value
from lockgate.engine.codegen.writer import Writer
from lockgate.engine.errors import Location
from lockgate.engine.rego.constant_terms import Unknown
from lockgate.engine.rego.emit_known import KnownEmitter
from lockgate.engine.rego.module_code import ModuleCode

# Loops over known collections of so many members are bounded as the text of a body is, and cost no steps of their own.
FEW_MEMBERS: Final = 8


class LoopEmitter(KnownEmitter):
    """Emits loops. `context` is the Python name of the context; `ordered` tells whether loops, innermost last, have to
    go in Rego's order."""

    def __init__(
        self, module: ModuleCode, writer: Writer, env: dict[str, str], ordered: Sequence[bool]
    ) -> None:
        super().__init__(module, writer, env)
        self.context = "c"
        self.ordered = list(ordered)

    def held(self, *what: str) -> str | None:
        """The local that already holds what the parts name, wherever the code now is; None where there is none."""
        if not self.shares:
            return None
        first = self.writer.filled.first
        return self.writer.filled.get(tuple(map(first, what)))

    def hold(self, name: str, *what: str) -> None:
        """A local was filled with what the parts name: a kind of value, and the expressions that it depends on."""
        if self.shares:
            first = self.writer.filled.first
            self.writer.filled.note(tuple(map(first, what)), name)

    @property
    def shares(self) -> bool:
        """May a value that was read or made once be used again? Else each statement stands for itself."""
        module = self.module
        replaced = module.replaced_names or module.replaced_places
        return module.shares and not replaced and self.context == "c"

    def loop(
        self, collection: str, key_name: str | None, value_name: str, location: Location, flag: str = ""
    ) -> None:
        """Opens a loop over a collection, counting its members as steps."""
        writer = self.writer
        mark = writer.mark(self.env.values())
        iterated = self._iterated(collection, key_name is not None)
        known = self.known(collection)
        is_small = isinstance(known, list | dict | Set | Object) and len(known) <= FEW_MEMBERS
        if not is_small or writer.in_loop:
            number = self.module.position(location)
            budget = f"{self.context}.budget"
            writer.line(f"{budget}.left -= len({iterated}) + 1")
            writer.line(f"if {budget}.left < 0: exhausted({self.context}, P, {number})")
        names = value_name if key_name is None else f"{key_name}, {value_name}"
        writer.open_loop(f"for {names} in {iterated}:", flag, mark)

    def _iterated(self, collection: str, with_keys: bool) -> str:
        """The Python name of what a loop goes through: members, or pairs of key and member."""
        value = self.known(collection)
        if not isinstance(value, Unknown):
            pairs: list[Value] = [[part, member] for part, member in sorted_items(value)]
            return self.module.constant(pairs if with_keys else [member for _, member in sorted_items(value)])
        kind = self.kind(collection)
        if kind == "list" and not with_keys:
            return collection
        prefix = "sorted_" if self.ordered[-1] else ""
        members = f"{prefix}items({collection})" if with_keys else f"{prefix}values({collection})"
        if with_keys and not prefix and not kind:
            members = f"{collection}.items() if type({collection}) is dict else {members}"
        if not with_keys and not kind:
            members = f"{collection} if type({collection}) is list else {members}"
        held = self.held("members", collection, members)
        if held is not None:
            return held
        name = self.writer.name("all")
        self.writer.line(f"{name} = {members}")
        self.hold(name, "members", collection, members)
        return name

    def only_pair(self, collection: str) -> tuple[str, str] | None:
        """Key and member of a known collection that has one; None for others. Gives up where there is none."""
        value = self.known(collection)
        if isinstance(value, Unknown):
            return None
        pairs = sorted_items(value)
        if not pairs:
            self.dead()
        if len(pairs) != 1:
            return None
        ((part, member),) = pairs
        return self.module.constant(part), self.module.constant(member)

    def note_members(self, collection: str, name: str) -> None:
        """Remembers the type of the members of a known collection, where they have one."""
        value = self.known(collection)
        if not isinstance(value, Unknown):
            kinds = {type(member).__name__ for _, member in sorted_items(value)}
            if len(kinds) == 1:
                self.kinds[name] = kinds.pop()
