"""Python code for loops over collections, each of which counts its members as steps."""

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
        name = self.writer.name("all")
        self.writer.line(f"{name} = {members}")
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
