"""Python code for flat terms, references and patterns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lockgate.engine.codegen.literals import literal
from lockgate.engine.codegen.lookups import index
from lockgate.engine.codegen.values import Undefined, Value
from lockgate.engine.codegen.writer import SizeError, Writer, is_name
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    ArrayTerm,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Template,
    Term,
    Var,
    WithExpr,
)
from lockgate.engine.rego.constant_terms import Unknown, constant_value
from lockgate.engine.rego.emit_branch import branch_reference
from lockgate.engine.rego.emit_loop import LoopEmitter
from lockgate.engine.rego.module_code import ModuleCode
from lockgate.engine.rego.ruletree import Node
from lockgate.engine.rego.safety import variables

# Remembering the places on the way takes time by the square of this.
MAX_OPERANDS = 2_000

# A collection written with so many members, nested ones counted, costs steps of its own.
_LARGE = 32


def _size(term: Term) -> int:
    """The number of members in a written collection and in those inside of it."""
    size = 0
    pending = [term]
    while pending:
        found = pending.pop()
        if isinstance(found, ArrayTerm | SetTerm):
            size += len(found.items)
            pending.extend(found.items)
        elif isinstance(found, ObjectTerm):
            size += 2 * len(found.items)
            pending.extend([item for pair in found.items for item in pair])
    return size


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What holds at a place of the code: values of paths, types, strings that values are equal to, and their states."""

    seen: dict[tuple[str, tuple[str, ...]], str]
    narrowed: dict[str, str]
    equal_to: dict[str, str]
    states: dict[str, int]


@dataclass(slots=True)
class Trail:
    """The fixed path that a reference has taken from a root, and the names of the values on it."""

    root: str
    path: tuple[str, ...] = ()
    names: list[tuple[tuple[str, ...], str]] = field(default_factory=list)


class TermEmitter(LoopEmitter):
    """Emits terms into a writer."""

    def __init__(
        self, module: ModuleCode, writer: Writer, env: dict[str, str], ordered: Sequence[bool]
    ) -> None:
        super().__init__(module, writer, env, ordered)
        # Is the code inside of a large collection, which is paid for as a whole?
        self._paid = False
        # Values of fixed paths from a root, defined where the code now is: (root, path) to a Python name.
        self.seen: dict[tuple[str, tuple[str, ...]], str] = {}
        # Names of values that are the same in every evaluation.
        self.constants: set[str] = set()

    def knowledge(self) -> Knowledge:
        """What is known where the code now is, to go back to."""
        return Knowledge(dict(self.seen), dict(self.narrowed), dict(self.equal_to), dict(self.states))

    def know(self, known: Knowledge) -> None:
        """Goes back to what was known somewhere else."""
        self.seen, self.narrowed = dict(known.seen), dict(known.narrowed)
        self.equal_to, self.states = dict(known.equal_to), dict(known.states)

    # Terms

    def atom(self, term: Term) -> str:
        """The Python expression for a simple term whose variables are bound: a name or a literal."""
        if isinstance(term, Var):
            return self.env[term.name]
        value = constant_value(term)
        if not isinstance(value, Undefined):
            return self.module.constant(value)
        name = self.writer.name()
        size = 0 if self._paid else _size(term)
        if size < _LARGE:
            self.writer.line(f"{name} = {self.composite(term)}")
            return name
        number = self.module.position(term.location)
        self.writer.line(f"paid({self.context}, {size >> 2}, P, {number})")
        self._paid = True
        self.writer.line(f"{name} = {self.composite(term)}")
        self._paid = False
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
        parts: list[str] = []
        for part in term.parts:
            assert not isinstance(part, WithExpr), "collected ahead"
            parts.append(literal(part) if isinstance(part, str) else self.atom(part))
        return f"template_text(P, {self.module.position(term.location)}, [{', '.join(parts)}])"

    # References

    def reference(self, reference: Ref, *, fail: bool = True) -> str:
        """The value of a reference. Unbound operands are iterated. With `fail`, undefined gives up the try.

        Without `fail` (all operands bound) the result may be `U`.
        """
        head = reference.head
        assert isinstance(head, Var)
        operands = [self.resolved(operand) for operand in reference.operands]
        if len(operands) > MAX_OPERANDS:
            raise SizeError(f"a reference has more than {MAX_OPERANDS} parts")
        root = head.name
        if root not in ("input", "data"):
            path = self._input_path(self.env[root])
            if path is not None:
                operands = [*[Scalar(reference.location, part) for part in path], *operands]
                root = "input"
        whole = Ref(reference.location, Var(reference.location, root), tuple(operands))
        if root == "data":
            node, taken = self.module.tree.find(operands)
            goes_on = node.group is None and bool(node.children) and taken < len(operands)
            if goes_on and not isinstance(operands[taken], Scalar):
                return branch_reference(self, node, operands[taken:], reference.location, fail=fail)
            current, operands = self._document(operands)
        elif root == "input":
            current, operands = self._input(operands)
        else:
            current = self.env[root]
        # Numbers are keys of objects in base data as well.
        look_up = "base_index" if current == f"{self.context}.data" else "index"
        checked = root not in ("input", "data") or (current, ()) in self.seen
        if isinstance(self.known(current), Unknown) and not is_name(current):
            current = self._step("", (), current)  # A place in the context.
        trail = Trail(current)
        for number, operand in enumerate(operands):
            unbound = self.has_unbound(operand)
            if not unbound and not isinstance(self.known(current), Unknown):
                member = self._known_member(current, operand)
                if member is not None:
                    current, checked = member, member != "U"
                    if current == "U":
                        self._bind_nothing(tuple(operands[number:]))
                        break
                    trail = Trail(current)
                    continue
            if not is_name(current):
                # Python would not take a literal in front of a method's name.
                current = self._step("", (), current)
                trail = Trail(current)
            if unbound:
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
                if self.kind(current) == "Set":
                    value = f"{current}.members.get({part}, U)"
                elif self.kind(current) == "dict":
                    value = f"{current}.get({part}, U)"
                current = self._read(operand.value, value, current, part)
                trail.names.append((trail.path, current))
            else:
                part = self.atom(operand)
                fast = f"type({current}) is dict and type({part}) is str"
                value = f"{current}.get({part}, U) if {fast} else {look_up}({current}, {part})"
                if not part.isidentifier():
                    value = f"{look_up}({current}, {part})"
                current = self._read("", value, current, part)
                trail = Trail(current)
            checked = False
        if fail and not checked:
            self._check(current, trail)
        if (
            self.context == "c"
            and all(isinstance(o, Scalar) for o in operands)
            and self.module.is_constant(whole)
        ):
            self.constants.add(current)
        return current

    def _known_member(self, current: str, operand: Term) -> str | None:
        """A member of a known value by a known key, `U` where there is none; None where the key is not known."""
        part = self.known(self.atom(operand))
        if isinstance(part, Unknown):
            return None
        member = index(self.known(current), part)
        return "U" if isinstance(member, Undefined) else self.module.constant(member)

    def _input_path(self, name: str) -> tuple[str, ...] | None:
        """The place in `input` whose value a Python name is; None for other names."""
        if self.context != "c":
            return None
        if name == self.seen.get(("c.input", ())):
            return ()
        return next((path for path, root in self.writer.roots.items() if root == name), None)

    def _input(self, operands: list[Term]) -> tuple[str, list[Term]]:
        """The Python expression for the usual part of a reference into `input`, and the operands left."""
        if self.context != "c":
            return f"{self.context}.input", operands
        names: list[str] = []
        for operand in operands:
            if not isinstance(operand, Scalar) or type(operand.value) is not str:
                break
            names.append(operand.value)
        for path, bound in self.module.bound.items():
            if tuple(names[: len(path)]) == path:
                return self._bound(bound, operands[len(path) :])
        for length in range(len(names), 0, -1):
            path = tuple(names[:length])
            if path in self.module.usual:
                return self._usual(path), operands[length:]
        return "c.input", operands

    def _bound(self, value: Value | Undefined, operands: list[Term]) -> tuple[str, list[Term]]:
        """A place below a value that the code is made for, and the operands left."""
        taken = 0
        for operand in operands:
            if not isinstance(operand, Scalar) or isinstance(value, Undefined):
                break
            value = index(value, operand.value)
            taken += 1
        return "U" if isinstance(value, Undefined) else self.module.constant(value), operands[taken:]

    def _usual(self, path: tuple[str, ...]) -> str:
        """A local with the value of a place in `input`, read once where the function begins; it may be `U`."""
        writer = self.writer
        known = writer.roots.get(path)
        if known is not None:
            return known
        above = next((path[:n] for n in range(len(path) - 1, 0, -1) if path[:n] in writer.roots), ())
        base = writer.roots[above] if above else "c.input"
        rest = path[len(above) :]
        name = writer.roots[path] = writer.name(path[-1])
        steps = "".join(f"[{literal(part)}]" for part in rest)
        # Where something is missing, or is no object, the exact way is taken.
        writer.top.append(f"    try: {name} = {base}{steps}")
        writer.top.append(f"    except LOOKUP: {name} = walk_path({base}, {rest!a})")
        return name

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

    def _read(self, hint: str, value: str, collection: str, part: str) -> str:
        """A local with a member of a collection, given the expression for it; it may be `U`."""
        held = self.held("member", collection, part)
        if held is not None:
            return held
        name = self._step(hint, None, value)
        self.hold(name, "member", collection, part)
        return name

    def _check(self, current: str, trail: "Trail") -> None:
        """Gives up on undefined; else all values on the way are known to later references."""
        value = self.known(current)
        if isinstance(value, Undefined):
            self.dead()
        if not isinstance(value, Unknown) or self.kind(current):
            return
        self.require_defined(current)
        self.seen[(current, ())] = current
        for path, name in trail.names:
            self.seen[(trail.root, path)] = name

    def has_unbound(self, term: Term) -> bool:
        """Does a term have variables that are not bound yet?"""
        if isinstance(term, Var):
            return term.name not in self.env
        if isinstance(term, ArrayTerm | SetTerm):
            return any(self.has_unbound(item) for item in term.items)
        if isinstance(term, ObjectTerm):
            return any(self.has_unbound(k) or self.has_unbound(v) for k, v in term.items)
        return False

    def _iterate(self, collection: str, operand: Term, location: Location) -> str:
        """Opens a loop over a collection whose keys the operand matches or names; gives the member's name."""
        writer = self.writer
        only = self.only_pair(collection)
        if only is not None:
            self.match(operand, only[0])
            return only[1]
        value = writer.name("each")
        self.note_members(collection, value)
        if isinstance(operand, Var) and operand.name.startswith("$"):
            self.loop(collection, None, value, location)
            return value
        if self.kind(collection) == "Set":
            # The members of a set are their own keys.
            self.loop(collection, None, value, location)
            self.match(operand, value)
            return value
        name = writer.name(operand.name.split("#")[0] if isinstance(operand, Var) else "key")
        self.loop(collection, name, value, location)
        self.match(operand, name)
        return value

    def _local(self, expression: str) -> str:
        if is_name(expression):
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
            value = self._constant_rule(node)
            if value is not None:
                return value, operands[taken:]
            asked = self._asked(node, operands[taken:])
            held = None if asked else self.held("document", repr(node.path))
            if held is not None:
                return held, operands[taken:]
            name = writer.name(node.path[-1])
            writer.line(f"{name} = {asked or self.place_call(node)}")
            if not asked:
                self.hold(name, "document", repr(node.path))
            if node.group.kind == "set" and not node.children and not self.module.is_replaced(node.path):
                self.kinds[name] = "Set"
            return name, operands[taken:]
        if taken == len(operands):
            name = writer.name("document")
            call = f"{self.module.document_name(node)}({self.context})"
            writer.line(f"{name} = {call}")
            return name, []
        # No rule below: base data from the root.
        return f"{self.context}.data", operands

    def _asked(self, node: Node, operands: Sequence[Term]) -> str:
        """In `covered`: the call for a set or object that is asked for one member; only its rules are covered then."""
        module, group = self.module, node.group
        slot = None if group is None else module.head_slot(group)
        if group is None or slot is None or node.children or module.is_replaced(node.path):
            return ""
        if not operands or self.has_unbound(operands[0]):
            return ""
        function = f"{module.function_name(group)}_asked"
        return f"asked({self.context}, {function}, {slot}, {self.atom(operands[0])})"

    def _constant_rule(self, node: Node) -> str | None:
        """The value of a document with one rule, whose value is a literal and whose body is empty; None for others."""
        group, module = node.group, self.module
        if group is None or group.kind != "complete" or node.children or module.mode != "plain":
            return None
        if group.default is not None or len(group.definitions) != 1 or module.is_replaced(node.path):
            return None
        alternatives = group.definitions[0].alternatives
        if len(alternatives) != 1 or alternatives[0].body:
            return None
        value = constant_value(alternatives[0].value)
        return None if isinstance(value, Undefined) else module.constant(value)

    def place_call(self, node: Node) -> str:
        """The call that gives the document of a place with rules."""
        module = self.module
        assert node.group is not None
        function = module.document_name(node) if node.children else module.function_name(node.group)
        if module.is_replaced(node.path):
            return f"guarded({self.context}, {function}, {node.path!r})"
        return f"{function}({self.context})"

    # Patterns

    def match(self, pattern: Term, value: str) -> None:
        """Matches a value (a Python name) against a pattern: binds what is unbound, gives up on a mismatch."""
        writer = self.writer
        if isinstance(pattern, Var):
            bound = self.env.get(pattern.name)
            if bound is None:
                self.env[pattern.name] = value
            else:
                self.require(self.equality(bound, value))
            return
        if isinstance(pattern, ArrayTerm | ObjectTerm) and not isinstance(self.known(value), Unknown):
            if self._match_known(pattern, self.known(value)):
                return
            value = self._local(value)
        if isinstance(pattern, ArrayTerm) and self.has_unbound(pattern):
            writer.fail_if(f"type({value}) is not list or len({value}) != {len(pattern.items)}")
            for position, item in enumerate(pattern.items):
                if isinstance(item, Var) and item.name.startswith("$") and item.name not in self.env:
                    continue
                name = writer.name()
                writer.line(f"{name} = {value}[{position}]")
                self.match(item, name)
            return
        keys = pattern.items if isinstance(pattern, SetTerm) else ()
        if isinstance(pattern, ObjectTerm):
            keys = tuple([key for key, _ in pattern.items])
        if any(map(self.has_unbound, keys)):
            self._match_nothing(pattern)
            return
        if isinstance(pattern, ObjectTerm) and self.has_unbound(pattern):
            plain = all(isinstance(key, Scalar) and type(key.value) is str for key, _ in pattern.items)
            count = len(pattern.items)
            # An object with other keys than strings has one too many for a pattern of strings.
            wrong = f"type({value}) is not dict or len({value}) != {count}"
            writer.fail_if(wrong if plain else f"not object_of({value}, {count})")
            for key, item in pattern.items:
                name = writer.name()
                found = f"{value}.get({self.atom(key)}, U)" if plain else f"index({value}, {self.atom(key)})"
                writer.line(f"{name} = {found}")
                if not (isinstance(item, Scalar) and type(item.value) is str):
                    writer.fail_if(f"{name} is U")
                self.match(item, name)
            return
        wanted = self.atom(pattern)
        self.require(self.equality(wanted, value))
        self.note_equal(wanted, value)

    def _match_nothing(self, pattern: Term) -> None:
        """A set, or a key of an object, with a variable that has no value when it is compared equals nothing."""
        self.writer.fail_if("True")
        self._bind_nothing(pattern)

    def _bind_nothing(self, pattern: object) -> None:
        """The variables of what is never matched, for the statements after it, which are emitted all the same."""
        for name in variables(pattern):
            self.env.setdefault(name, "U")

    def _match_known(self, pattern: ArrayTerm | ObjectTerm, value: Value | Undefined | Unknown) -> bool:
        """Matches a known value member by member; False where the pattern's keys are not known."""
        if isinstance(pattern, ArrayTerm):
            if not isinstance(value, list) or len(value) != len(pattern.items):
                self.dead()
                return False
            for item, member in zip(pattern.items, value, strict=True):
                self.match(item, self.module.constant(member))
            return True
        names = [constant_value(part) for part, _ in pattern.items]
        if any(type(name) is not str for name in names) or not isinstance(value, dict):
            return False
        if set(value) != set(names):
            self.dead()
            return False
        for name, (_, item) in zip(names, pattern.items, strict=True):
            assert isinstance(name, str)
            self.match(item, self.module.constant(value[name]))
        return True
