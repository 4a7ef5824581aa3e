"""Python code for flat terms, references and calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lockgate.engine.codegen.literals import is_inline, literal
from lockgate.engine.codegen.values import UNDEFINED, Set, Undefined, Value, equal, make_object
from lockgate.engine.codegen.writer import Writer, safe_name
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Call,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Template,
    Term,
    Var,
)
from lockgate.engine.rego.builtins.catalogue import ENTRIES, NONDETERMINISTIC
from lockgate.engine.rego.inline import Inline, Operand, format_expression, format_parts, inline
from lockgate.engine.rego.program import Mode
from lockgate.engine.rego.ruletree import Group, Node, RuleTree
from lockgate.engine.rego.term_parser import dotted, operator_name

# Comparisons that become Python expressions.
_COMPARISONS = {"equal", "neq", "lt", "lte", "gt", "gte"}


@dataclass(slots=True)
class ModuleCode:
    """What all functions of a generated module share."""

    tree: RuleTree
    mode: Mode
    constants: dict[str, str] = field(default_factory=dict)
    constant_lines: list[str] = field(default_factory=list)
    positions: list[Location] = field(default_factory=list)
    position_numbers: dict[tuple[str, int, int], int] = field(default_factory=dict)
    builtins: dict[str, str] = field(default_factory=dict)
    replaced_places: set[tuple[str, ...]] = field(default_factory=set)
    replaced_names: set[str] = field(default_factory=set)
    documents: dict[tuple[str, ...], int] = field(default_factory=dict)
    pending_documents: list[Node] = field(default_factory=list)
    fixed_groups: set[int] = field(default_factory=set)
    functions: list[list[str]] = field(default_factory=list)
    memo_size: int = 0
    fixed_size: int = 0
    is_constant: Callable[[Ref], bool] = lambda reference: False

    def position(self, location: Location) -> int:
        """The number of a place, for generated code to name it."""
        place = (location.file, location.line, location.column)
        number = self.position_numbers.get(place)
        if number is None:
            number = len(self.positions)
            self.position_numbers[place] = number
            self.positions.append(location)
        return number

    def constant(self, value: Value) -> str:
        """A literal, or the name of a module constant that holds the value."""
        text = literal(value)
        if is_inline(value):
            return text
        return self._module_constant(text)

    def constant_key(self, value: Value) -> str:
        """The name of a module constant that holds the key of a value."""
        return self._module_constant(f"key({literal(value)})")

    def _module_constant(self, text: str) -> str:
        name = self.constants.get(text)
        if name is None:
            name = f"k{len(self.constants)}"
            self.constants[text] = name
            self.constant_lines.append(f"{name} = {text}")
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

    def document_name(self, node: Node) -> str:
        """The Python name of the function that makes the whole document of a place."""
        number = self.documents.get(node.path)
        if number is None:
            number = len(self.documents)
            self.documents[node.path] = number
            self.pending_documents.append(node)
        return f"d{number}"

    def memo(self) -> int:
        """A new slot for a memoised document."""
        self.memo_size += 1
        return self.memo_size - 1

    def fixed(self) -> int:
        """A new slot for a document that depends on constants only."""
        self.fixed_size += 1
        return self.fixed_size - 1

    def is_replaced(self, path: tuple[str, ...]) -> bool:
        """May a `with` replace this place, something above or below it?"""
        return any(path[: len(p)] == p or p[: len(path)] == path for p in self.replaced_places)


@dataclass(slots=True)
class Trail:
    """The fixed path that a reference has taken from a root, and the names of the values on it."""

    root: str
    path: tuple[str, ...] = ()
    names: list[tuple[tuple[str, ...], str]] = field(default_factory=list)


def constant_value(term: Term) -> Value | Undefined:
    """The value of a term made of literals only, or UNDEFINED."""
    if isinstance(term, Scalar):
        return term.value
    if isinstance(term, ArrayTerm | SetTerm):
        members: list[Value] = []
        for item in term.items:
            value = constant_value(item)
            if isinstance(value, Undefined):
                return UNDEFINED
            members.append(value)
        return members if isinstance(term, ArrayTerm) else Set(members)
    if isinstance(term, ObjectTerm):
        pairs: list[tuple[Value, Value]] = []
        for name, item in term.items:
            first, second = constant_value(name), constant_value(item)
            if isinstance(first, Undefined) or isinstance(second, Undefined):
                return UNDEFINED
            pairs.append((first, second))
        return make_object(pairs)
    return UNDEFINED


class TermEmitter:
    """Emits terms into a writer. `env` maps variables to Python names; `context` is the Python name of the context."""

    def __init__(
        self, module: ModuleCode, writer: Writer, env: dict[str, str], ordered: Sequence[bool]
    ) -> None:
        self.module = module
        self.writer = writer
        self.env = env
        self.context = "c"
        self.ordered = list(ordered)
        # Values of fixed paths from a root, defined where the code now is: (root, path) to a Python name.
        self.seen: dict[tuple[str, tuple[str, ...]], str] = {}
        # Names of values that are the same in every evaluation.
        self.constants: set[str] = set()

    # Iteration

    def loop(
        self, collection: str, key_name: str | None, value_name: str, location: Location, flag: str = ""
    ) -> None:
        """Opens a loop over a collection, counting its members as steps."""
        writer = self.writer
        mark = writer.mark(self.env)
        prefix = "sorted_" if self.ordered[-1] else ""
        iterated = writer.name("all")
        if key_name is None:
            writer.line(
                f"{iterated} = {collection} if type({collection}) is list else {prefix}values({collection})"
            )
        else:
            writer.line(f"{iterated} = {prefix}items({collection})")
        number = self.module.position(location)
        budget = f"{self.context}.budget"
        writer.line(f"{budget}.left -= len({iterated}) + 1")
        writer.line(f"if {budget}.left < 0: exhausted({self.context}, P, {number})")
        header = (
            f"for {value_name} in {iterated}:"
            if key_name is None
            else f"for {key_name}, {value_name} in {iterated}:"
        )
        writer.open_loop(header, flag, mark)

    # Terms

    def atom(self, term: Term) -> str:
        """The Python expression for a simple term whose variables are bound: a name or a literal."""
        if isinstance(term, Var):
            return self.env[term.name]
        value = constant_value(term)
        if not isinstance(value, Undefined):
            return self.module.constant(value)
        name = self.writer.name()
        self.writer.line(f"{name} = {self.composite(term)}")
        return name

    def composite(self, term: Term) -> str:
        """The Python expression that builds a collection."""
        if isinstance(term, ArrayTerm):
            return "[" + ", ".join([self.atom(item) for item in term.items]) + "]"
        if isinstance(term, SetTerm):
            return "make_set([" + ", ".join([self.atom(item) for item in term.items]) + "])"
        if isinstance(term, ObjectTerm):
            pairs = [(self.atom(k), self.atom(v)) for k, v in term.items]
            if all(isinstance(k, Scalar) and type(k.value) is str for k, _ in term.items):
                return "{" + ", ".join([f"{k}: {v}" for k, v in pairs]) + "}"
            return "make_object([" + ", ".join([f"({k}, {v})" for k, v in pairs]) + "])"
        assert isinstance(term, Template)
        parts = [literal(p) if isinstance(p, str) else self.atom(p) for p in term.parts]
        return f"template_text(P, {self.module.position(term.location)}, [{', '.join(parts)}])"

    # References

    def reference(self, reference: Ref, *, fail: bool = True) -> str:
        """The value of a reference. Unbound operands are iterated. With `fail`, undefined gives up the try.

        Without `fail` (all operands bound) the result may be `U`.
        """
        head = reference.head
        assert isinstance(head, Var)
        operands = list(reference.operands)
        if head.name == "data":
            current, operands = self._document(operands)
        elif head.name == "input":
            current = f"{self.context}.input"
        else:
            current = self.env[head.name]
        checked = head.name not in ("input", "data")
        if "." in current:
            current = self._step(current, (), current)
        trail = Trail(current)
        for operand in operands:
            if self._has_unbound(operand):
                if not checked:
                    self._check(current, trail)
                current = self._iterate(current, operand, reference.location)
                trail, checked = Trail(current), True
                continue
            if isinstance(operand, Scalar) and type(operand.value) is str:
                trail.path += (operand.value,)
                known = self.seen.get((trail.root, trail.path))
                if known is not None:
                    current, checked = known, True
                    continue
                part = self.atom(operand)
                value = f"{current}.get({part}, U) if type({current}) is dict else index({current}, {part})"
                current = self._step(operand.value, None, value)
                trail.names.append((trail.path, current))
            else:
                part = self.atom(operand)
                fast = f"type({current}) is dict and type({part}) is str"
                value = f"{current}.get({part}, U) if {fast} else index({current}, {part})"
                if not part.isidentifier():
                    value = f"index({current}, {part})"
                current = self._step("", None, value)
                trail = Trail(current)
            checked = False
        if fail and not checked:
            self._check(current, trail)
        if (
            self.context == "c"
            and all(isinstance(o, Scalar) for o in operands)
            and self.module.is_constant(reference)
        ):
            self.constants.add(current)
        return current

    def _step(self, hint: str, path: tuple[str, ...] | None, value: str) -> str:
        """A local with a value; with a `path`, one that later references from the same root find again."""
        if path is not None:
            known = self.seen.get((value, path))
            if known is not None:
                return known
        name = self.writer.name(hint)
        self.writer.line(f"{name} = {value}")
        if path is not None:
            self.seen[(value, path)] = name
        return name

    def _check(self, current: str, trail: "Trail") -> None:
        """Gives up on undefined; else all values on the way are known to later references."""
        self.writer.fail_if(f"{current} is U")
        for path, name in trail.names:
            self.seen[(trail.root, path)] = name

    def _has_unbound(self, term: Term) -> bool:
        if isinstance(term, Var):
            return term.name not in self.env
        if isinstance(term, ArrayTerm | SetTerm):
            return any(self._has_unbound(item) for item in term.items)
        if isinstance(term, ObjectTerm):
            return any(self._has_unbound(k) or self._has_unbound(v) for k, v in term.items)
        return False

    def _iterate(self, collection: str, operand: Term, location: Location) -> str:
        """Opens a loop over a collection whose keys the operand matches or names; gives the member's name."""
        writer = self.writer
        value = writer.name("each")
        if isinstance(operand, Var) and operand.name.startswith("$"):
            self.loop(collection, None, value, location)
            return value
        name = writer.name(operand.name.split("#")[0] if isinstance(operand, Var) else "key")
        self.loop(collection, name, value, location)
        self.match(operand, name)
        return value

    def _local(self, expression: str) -> str:
        if expression.isidentifier():
            return expression
        name = self.writer.name()
        self.writer.line(f"{name} = {expression}")
        return name

    def _document(self, operands: list[Term]) -> tuple[str, list[Term]]:
        """The Python expression for the fixed part of a reference into `data`, and the operands left."""
        tree = self.module.tree
        node, taken = tree.find(operands)
        writer = self.writer
        if node.group is not None:
            if node.group.kind == "function":
                name = writer.name()
                writer.line(f"{name} = U")
                return name, operands[taken:]
            name = writer.name(node.path[-1])
            writer.line(f"{name} = {self.place_call(node)}")
            return name, operands[taken:]
        rest = operands[taken:]
        if node.children and (not rest or not (isinstance(rest[0], Scalar) and type(rest[0].value) is str)):
            name = writer.name("document")
            call = f"{self.module.document_name(node)}({self.context})"
            writer.line(f"{name} = {call}")
            return name, rest
        # No rule below: base data from the root.
        return f"{self.context}.data", operands

    def place_call(self, node: Node) -> str:
        """The call that gives the document of a place with rules."""
        module = self.module
        assert node.group is not None
        function = module.document_name(node) if node.children else module.function_name(node.group)
        if module.is_replaced(node.path):
            return f"guarded({self.context}, {function}, {node.path!r})"
        return f"{function}({self.context})"

    # Calls

    def comparison(self, call: Call) -> str | None:
        """A Python condition for a comparison, or None for other calls."""
        name = operator_name(call.function)
        if name not in _COMPARISONS:
            return None
        left, right = call.arguments
        if name == "equal" or name == "neq":
            if isinstance(left, Var) and left.name not in self.env:
                left, right = right, left  # The reference on the other side binds it.
            return self.equality(
                left, self._compared(left), right, self._compared(right), negate=name == "neq"
            )
        first, second = self.atom(left), self.atom(right)
        general = {
            "lt": f"less({first}, {second})",
            "gt": f"less({second}, {first})",
            "lte": f"at_most({first}, {second})",
            "gte": f"at_most({second}, {first})",
        }[name]
        guard = " and ".join(
            f"type({text}) is int"
            for term, text in ((left, first), (right, second))
            if not (isinstance(term, Scalar) and type(term.value) is int)
        )
        if not guard:
            return general
        symbol = {"lt": "<", "gt": ">", "lte": "<=", "gte": ">="}[name]
        return f"({first} {symbol} {second} if {guard} else {general})"

    def _compared(self, term: Term) -> str:
        return self.reference(term) if isinstance(term, Ref) else self.atom(term)

    def equality(self, left: Term, first: str, right: Term, second: str, *, negate: bool = False) -> str:
        """A Python condition for equality, inlined where one side is a literal of a known type."""
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return repr(equal(left.value, right.value) is not negate)
        for term, other, text in ((left, second, first), (right, first, second)):
            if not isinstance(term, Scalar):
                continue
            value = term.value
            if value is None or type(value) is bool:
                return f"{other} is {'not ' if negate else ''}{text}"
            if type(value) is str:
                return f"{other} {'!=' if negate else '=='} {text}"
            if type(value) is int:
                # Python's True equals 1.
                same = f"{other} == {text} and type({other}) is not bool"
                plain = f"{other} == {text}" if value not in (0, 1) else f"({same})"
                return f"not {plain}" if negate else plain
        return f"{'not ' if negate else ''}equal({first}, {second})"

    def call(self, call: Call, *, fail: bool = True) -> str:
        """The value of a call; undefined gives up the try, or is `U` without `fail`."""
        writer, module = self.writer, self.module
        condition = self.comparison(call)
        if condition is not None:
            name = writer.name()
            writer.line(f"{name} = {condition}")
            return name
        number = module.position(call.location)
        group = module.tree.function(call.function)
        if group is not None:
            arguments = [self.atom(argument) for argument in call.arguments]
            name = writer.name(group.path[-1])
            function = module.function_name(group)
            writer.line(f"{name} = {self._function_call(group, function, arguments)}")
        else:
            builtin = self.builtin_name(call)
            name = writer.name(builtin.rpartition(".")[2])
            if builtin == "sprintf" and self._format(call, name):
                return name
            arguments = [self.atom(argument) for argument in call.arguments]
            if self._constant_call(call, builtin, arguments, name):
                if fail:
                    writer.fail_if(f"{name} is U")
                return name
            fast = None if builtin in module.replaced_names else self._inline(call, arguments)
            if fast is not None and not fast.guard:
                writer.line(f"{name} = {fast.expression}")
                return name
            entry = ENTRIES[builtin]
            function = module.builtin(builtin)
            leading = [self.context] if entry.context else []
            if fast is not None:
                given = "".join(f"{argument}, " for argument in [*leading, *arguments])
                slow = f"called({self.context}, {function}, ({given}), P, {number}, {builtin!r})"
                writer.line(f"{name} = {fast.expression} if {fast.guard} else {slow}")
            else:
                invocation = f"{function}({', '.join([*leading, *arguments])})"
                if builtin in module.replaced_names:
                    target = function if entry.context else f"plain({function})"
                    given = "".join(f"{argument}, " for argument in arguments)
                    invocation = f"mocked({self.context}, {builtin!r}, {target}, ({given}))"
                writer.line("try:")
                writer.line(f"    {name} = {invocation}")
                writer.line("except BuiltinError as error:")
                writer.line(f"    {name} = failed({self.context}, error, P, {number}, {builtin!r})")
        if fail:
            writer.fail_if(f"{name} is U")
        if group is None and ENTRIES[self.builtin_name(call)].relation and fail:
            each = writer.name("each")
            self.loop(name, None, each, call.location)
            return each
        return name

    def _constant_call(self, call: Call, builtin: str, atoms: Sequence[str], name: str) -> bool:
        """Emits a call whose arguments are the same in every evaluation so that it is made once; False for others."""
        module = self.module
        entry = ENTRIES[builtin]
        if self.context != "c" or module.mode != "plain" or module.replaced_names or module.replaced_places:
            return False
        if builtin in NONDETERMINISTIC or entry.relation or builtin == "trace":
            return False
        if not any(atom in self.constants for atom in atoms):
            return self._constant_field(call, builtin, atoms, name)
        for term, atom in zip(call.arguments, atoms, strict=True):
            if atom not in self.constants and isinstance(constant_value(term), Undefined):
                return False
        slot = module.fixed()
        leading = ["c"] if entry.context else []
        given = "".join(f"{atom}, " for atom in [*leading, *atoms])
        number = module.position(call.location)
        made = f"called(c, {module.builtin(builtin)}, ({given}), P, {number}, {builtin!r})"
        self.writer.line(f"{name} = c.fixed[{slot}]")
        self.writer.line(f"if {name} is MISS: {name} = c.fixed[{slot}] = {made}")
        self.constants.add(name)
        return True

    def _constant_field(self, call: Call, builtin: str, atoms: Sequence[str], name: str) -> bool:
        """`object.get(input, "parameters", {})` is constant where `input.parameters` is."""
        if builtin != "object.get" or atoms[0] != self.seen.get((f"{self.context}.input", ())):
            return False
        field_name, default = call.arguments[1], constant_value(call.arguments[2])
        if not isinstance(field_name, Scalar) or isinstance(default, Undefined):
            return False
        head = Var(call.location, "input")
        if not self.module.is_constant(Ref(call.location, head, (field_name,))):
            return False
        self.writer.line(
            f"{name} = {atoms[0]}.get({atoms[1]}, {atoms[2]}) if type({atoms[0]}) is dict else U"
        )
        self.constants.add(name)
        return True

    def condition(self, call: Call) -> str | None:
        """A Python condition for a call that always gives a boolean, or None."""
        found = self.comparison(call)
        if found is not None or self.module.tree.function(call.function) is not None:
            return found
        if self.builtin_name(call) in self.module.replaced_names:
            return None
        atoms = [self.atom(argument) for argument in call.arguments]
        fast = self._inline(call, atoms)
        return fast.expression if fast is not None and fast.is_condition and not fast.guard else None

    def _inline(self, call: Call, atoms: Sequence[str]) -> Inline | None:
        operands = [Operand(term, atom) for term, atom in zip(call.arguments, atoms, strict=True)]
        return inline(self.builtin_name(call), operands)

    def _format(self, call: Call, name: str) -> bool:
        """Emits a `sprintf` with a simple literal format as a concatenation; False where it is none."""
        template, given = call.arguments
        parts = format_parts(template, given)
        if parts is None or "sprintf" in self.module.replaced_names:
            return False
        assert isinstance(given, ArrayTerm)
        verbs = {id(part[1]): part[0] for part in parts if not isinstance(part, str)}
        atoms = {id(item): self._shown_atom(item, verbs[id(item)]) for item in given.items}
        shown = [part if isinstance(part, str) else (part[0], atoms[id(part[1])]) for part in parts]
        fast = format_expression(shown)
        if not fast.guard:
            self.writer.line(f"{name} = {fast.expression}")
            return True
        function = self.module.builtin("sprintf")
        listed = "[" + ", ".join([atoms[id(item)] for item in given.items]) + "]"
        arguments = f"({self.context}, {self.atom(template)}, {listed})"
        number = self.module.position(call.location)
        slow = f"called({self.context}, {function}, {arguments}, P, {number}, 'sprintf')"
        self.writer.line(f"{name} = {fast.expression} if {fast.guard} else {slow}")
        return True

    def _shown_atom(self, term: Term, verb: str) -> str:
        """An argument of a format. For a constant under `%v` its text, which is made once."""
        atom = self._local(self.atom(term))
        if atom not in self.constants or verb != "v":
            return atom
        slot = self.module.fixed()
        name = self.writer.name("text")
        number = self.module.position(term.location)
        function = self.module.builtin("sprintf")
        self.writer.line(f"{name} = c.fixed[{slot}]")
        made = f"called(c, {function}, (c, '%v', [{atom}]), P, {number}, 'sprintf')"
        self.writer.line(f"if {name} is MISS: {name} = c.fixed[{slot}] = {made}")
        return name

    def _function_call(self, group: Group, function: str, arguments: Sequence[str]) -> str:
        module = self.module
        if any(group.path == place for place in module.replaced_places):
            tuple_text = "".join(argument + ", " for argument in arguments)
            return f"mocked({self.context}, {str(group)!r}, {function}, ({tuple_text}))"
        return f"{function}({', '.join([self.context, *arguments])})"

    @staticmethod
    def builtin_name(call: Call) -> str:
        """The name of the builtin that a call calls."""
        name = operator_name(call.function)
        return name if name is not None else dotted(call.function)

    # Patterns

    def match(self, pattern: Term, value: str) -> None:
        """Matches a value (a Python name) against a pattern: binds what is unbound, gives up on a mismatch."""
        writer = self.writer
        if isinstance(pattern, Var):
            bound = self.env.get(pattern.name)
            if bound is None:
                self.env[pattern.name] = value
            else:
                writer.fail_if(f"not equal({bound}, {value})")
            return
        if isinstance(pattern, ArrayTerm) and self._has_unbound(pattern):
            writer.fail_if(f"type({value}) is not list or len({value}) != {len(pattern.items)}")
            for position, item in enumerate(pattern.items):
                if isinstance(item, Var) and item.name.startswith("$") and item.name not in self.env:
                    continue
                name = writer.name()
                writer.line(f"{name} = {value}[{position}]")
                self.match(item, name)
            return
        if isinstance(pattern, ObjectTerm) and self._has_unbound(pattern):
            writer.fail_if(f"not object_of({value}, {len(pattern.items)})")
            for key, item in pattern.items:
                name = writer.name()
                writer.line(f"{name} = index({value}, {self.atom(key)})")
                writer.fail_if(f"{name} is U")
                self.match(item, name)
            return
        condition = self.equality(pattern, self.atom(pattern), Var(pattern.location, ""), value, negate=True)
        writer.fail_if(condition)
