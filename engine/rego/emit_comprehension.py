"""Python code for comprehensions, and for the keys of their members."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import Set, Undefined, Value
from lockgate.engine.codegen.writer import LoopMark, Writer, is_name
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Comprehension,
    ObjectTerm,
    Ref,
    Scalar,
    Term,
    Var,
    shape,
)
from lockgate.engine.rego.constant_terms import Unknown, constant_value
from lockgate.engine.rego.emit_statement import StatementEmitter, Success
from lockgate.engine.rego.key_sets import Keys, find_keys
from lockgate.engine.rego.printing import is_printing
from lockgate.engine.rego.safety import (
    variables,
)

if TYPE_CHECKING:
    from lockgate.engine.rego.emit_body import BodyEmitter

_COLLECTIONS: Final = {"array": "list", "set": "Set"}

# Decides whether a closed comprehension may be computed once (a slot of the fixed table), given its syntax.
IsFixed = Callable[[Comprehension], bool]


class ComprehensionEmitter(StatementEmitter):
    """Emits comprehensions: once for all evaluations, once for a loop, by an index, or where they stand."""

    is_fixed: IsFixed

    @abstractmethod
    def by_index(self, term: Comprehension) -> str | None:
        """Emits a comprehension that asks for members with one value by an index; None where it is none."""

    @abstractmethod
    def for_function(self, writer: Writer) -> "BodyEmitter":
        """An emitter for another function of the module."""

    def comprehension(self, term: Comprehension) -> str:
        """Emits a comprehension; gives the name of its value."""
        if self.is_fixed(term) and not (variables(term) & set(self.env)):
            return self._fixed_comprehension(term)
        needed = {self.env[name] for name in variables(term) if name in self.env}
        mark = None if is_printing(term) else self._outermost_loop(set(filter(is_name, needed)))
        if mark is not None:
            return self._lazy_comprehension(term, mark)
        return self.by_index(term) or self.open_comprehension(term)

    def _outermost_loop(self, needed: set[str]) -> LoopMark | None:
        """The outermost open loop that a comprehension with these variables does not depend on."""
        if self.context != "c" or self.writer.in_nested_function:
            return None
        return next((mark for mark in self.writer.marks() if needed <= mark.bound), None)

    def _lazy_comprehension(self, term: Comprehension, mark: LoopMark) -> str:
        """A comprehension that is the same in every turn of a loop: made in the first turn that needs it."""
        writer = self.writer
        name = writer.name("same")
        writer.insert(mark, f"{name} = MISS")
        with writer.block(f"if {name} is MISS:"):
            writer.line(f"{name} = {self.open_comprehension(term)}")
        self.kinds[name] = _COLLECTIONS.get(term.kind, "")
        return name

    def _fixed_comprehension(self, term: Comprehension) -> str:
        """A comprehension over constants: computed once for all evaluations."""
        writer = self.writer
        name = writer.name("fixed")
        # What is said twice in a file is made once; its failures are told of at the first place.
        written = (term.location.file, shape(term))
        known = self.module.fixed_comprehensions.get(written)
        if known is not None:
            writer.line(f"{name} = {self.context}.fixed[{known}]")
            writer.line(f"if {name} is MISS: {name} = s{known}({self.context})")
            self.kinds[name] = _COLLECTIONS.get(term.kind, "")
            return name
        slot = self.module.fixed()
        function = Writer("return")
        function.line("below = apart(c)")
        value = self.for_function(function).open_comprehension(term)
        if not isinstance(self.known(value), Unknown):
            return value
        writer.line(f"{name} = {self.context}.fixed[{slot}]")
        self.kinds[name] = _COLLECTIONS.get(term.kind, "")
        function.line("rejoin(c, below)")
        function.line(f"c.fixed[{slot}] = {value}")
        function.line(f"return {value}")
        self.module.functions.append([f"def s{slot}(c):", *function.text()])
        self.module.fixed_comprehensions[written] = slot
        writer.line(f"if {name} is MISS: {name} = s{slot}({self.context})")
        return name

    def open_comprehension(self, term: Comprehension) -> str:
        """Emits a comprehension where the code now is; gives the name of its value, or a literal."""
        writer = self.writer
        taken = writer.snapshot()
        result = writer.name("all")
        writer.line(f"{result} = []" if term.kind == "array" else f"{result} = {{}}")

        def success(emitter: "BodyEmitter") -> None:
            value = emitter.atom(term.value)
            if term.kind == "array":
                writer.line(f"{result}.append({value})")
            elif term.kind == "set":
                # Of equal values, such as 1 and 1.0, the first stays.
                writer.line(f"{result}.setdefault({emitter.key_of(term.value, value)}, {value})")
            else:
                assert term.key is not None
                number = emitter.module.position(term.location)
                key = emitter.atom(term.key)
                added = f"put({result}, {key}, {value}, P, {number})"
                if is_name(value):
                    # Where the same value is there already, nothing is to be done.
                    present = writer.name("present")
                    text = f"{result}.get({key})"
                    found = text if emitter.kind(key) == "str" else f"{text} if type({key}) is str else None"
                    writer.line(f"{present} = {found}")
                    added = f"if {present} is None or {present}[1] is not {value}: {added}"
                writer.line(added)

        needed = (term.value,) if term.key is None else (term.key, term.value)
        keys = find_keys(term, set(self.env)) if self.module.mode == "plain" else None
        if keys is not None:
            lives = self.inner_body(keys.rest, (), lambda emitter: emitter.add_keys(keys, result))
        else:
            lives = self.inner_body(term, needed, success)
        if not lives:
            writer.restore(taken)
        writer.release(taken)
        if not lives:
            empty: dict[str, Value] = {"array": [], "set": Set(), "object": {}}
            return self.module.constant(empty[term.kind])
        if term.kind == "set":
            writer.line(f"{result} = set_over({result})")
            self.kinds[result] = "Set"
            self.keyed.add(result)
        elif term.kind == "object":
            writer.line(f"{result} = built({result})")
        else:
            self.kinds[result] = "list"
        return result

    def add_keys(self, keys: Keys, table: str) -> None:
        """Emits what adds the keys of a collection to the table of a set."""
        writer = self.writer
        if isinstance(keys.collection, Ref):
            collection = self._local(self.reference(keys.collection))
        else:
            collection = self._local(self.atom(keys.collection))
        number = self.module.position(keys.rest.location)
        writer.fail_if(f"type({collection}) is not dict and not is_collection({collection})")
        writer.line(f"{self.context}.budget.left -= len({collection}) + 1")
        writer.line(f"if {self.context}.budget.left < 0: exhausted({self.context}, P, {number})")
        if writer.in_nested_function:
            writer.line(f"{table}.update({keys.function}(dict({table}), {collection}))")
        else:
            writer.line(f"{table} = {keys.function}({table}, {collection})")

    def inner_body(self, term: Comprehension, needed: tuple[Term, ...], success: Success) -> bool:
        """Emits the body of a comprehension; False: it cannot hold, and what was emitted is to be forgotten."""
        writer = self.writer
        level = len(writer.blocks)
        writer.open_once()
        outer_env, outer_flag = self.env, self.flag
        self.env, self.flag = dict(outer_env), ""
        self.ordered.append(term.kind == "array")
        self.watch.enter_comprehension()
        lives = self.body(term.body, needed, success, self._scope)
        self.watch.leave()
        self.ordered.pop()
        self.env, self.flag = outer_env, outer_flag
        writer.close_to(level)
        return lives

    def key_of(self, term: Term, value: str) -> str:
        """The Python expression for a value's key in a set (see `values.key`), inlined where its shape is known."""
        if self.kind(value) == "str":
            return value
        if isinstance(term, Scalar):
            return value if type(term.value) is str else f"key({value})"
        if isinstance(term, ArrayTerm):
            return "('[', " + "".join(self._part_key(item) + ", " for item in term.items) + ")"
        if isinstance(term, ObjectTerm) and term.items:
            names = [name.value if isinstance(name, Scalar) else None for name, _ in term.items]
            if all(type(name) is str for name in names) and len(set(names)) == len(names):
                pairs = [f"({self.atom(name)}, {self._part_key(item)})" for name, item in term.items]
                return "('{', frozenset((" + "".join(pair + ", " for pair in pairs) + ")))"
        return self.key_expression(value)

    def _part_key(self, term: Term) -> str:
        fixed = constant_value(term)
        if not isinstance(fixed, Undefined) and type(fixed) is not str:
            return self.module.constant_key(fixed)
        if isinstance(term, Scalar | Var):
            value = self.atom(term)
            if self.kind(value) == "str":
                return value
            return f"({self.key_expression(value)})"
        return f"key({self.atom(term)})"
