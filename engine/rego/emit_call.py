"""Python code for calls: comparisons, builtins (inlined where they can be), formats and functions."""

from collections.abc import Sequence

from lockgate.engine.codegen.values import Set, Undefined, Value
from lockgate.engine.regex import RegexError, compile_pattern
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Call,
    Ref,
    Scalar,
    Term,
    Var,
)
from lockgate.engine.rego.builtins.catalogue import ENTRIES, NONDETERMINISTIC
from lockgate.engine.rego.builtins.formatting import message_text
from lockgate.engine.rego.constant_terms import Unknown, constant_value, table_of
from lockgate.engine.rego.emit_term import TermEmitter
from lockgate.engine.rego.folding import folded_call
from lockgate.engine.rego.inline import (
    MOST_PARTS,
    NARROWING,
    RESULT_KINDS,
    Inline,
    Operand,
    format_expression,
    format_parts,
    has_inline,
    inline,
)
from lockgate.engine.rego.ruletree import Group
from lockgate.engine.rego.term_parser import dotted, operator_name

# Comparisons that become Python expressions.
_COMPARISONS = {"equal", "neq", "lt", "lte", "gt", "gte"}


class CallEmitter(TermEmitter):
    """Emits calls into a writer."""

    # The sides of the equality that was emitted last.
    compared: tuple[str, str] | None = None

    def comparison(self, call: Call) -> str | None:
        """A Python condition for a comparison, or None for other calls."""
        name = operator_name(call.function)
        if name not in _COMPARISONS:
            return None
        left, right = call.arguments
        if name == "equal" or name == "neq":
            if not isinstance(left, Ref) and self.has_unbound(left):
                left, right = right, left  # The reference on the other side binds it.
            first = self._compared(left)
            second = self._compared(right)
            condition = self.equality(first, second, negate=name == "neq")
            self.compared = (first, second) if name == "equal" else None
            return condition
        return self.order(name, self.atom(left), self.atom(right))

    def _compared(self, term: Term) -> str:
        return self.reference(term) if isinstance(term, Ref) else self.atom(term)

    def call(self, call: Call, *, fail: bool = True) -> str:
        """The value of a call; undefined gives up the try, or is `U` without `fail`."""
        writer, module = self.writer, self.module
        condition = self.comparison(call)
        if condition is not None:
            if condition in ("True", "False"):
                return self.module.constant(condition == "True")
            name = writer.name()
            writer.line(f"{name} = {condition}")
            self.kinds[name] = "bool"
            return name
        number = module.position(call.location)
        group = module.tree.function(call.function)
        fast: Inline | None = None
        if group is not None:
            copied = self.inlined_value(call, group, fail=fail)
            if copied is not None:
                return copied
            arguments = [self.atom(argument) for argument in call.arguments]
            name = writer.name(group.path[-1])
            function = module.function_name(group)
            function, arguments = self._copied_function(group, function, arguments)
            if function == "U":
                if fail:
                    self.dead()
                return function
            if self._is_constant_function_call(group, arguments):
                self._made_once(name, f"{function}({', '.join(['c', *arguments])})")
            elif not self._again(name, "function", function, *arguments):
                writer.line(f"{name} = {self._function_call(group, function, arguments)}")
                self.hold(name, "function", function, *arguments)
        else:
            builtin = self.builtin_name(call)
            name = writer.name(builtin.rpartition(".")[2])
            if builtin == "sprintf" and self._format(call, name):
                return name
            if builtin == "concat" and fail and self._joined(call, name):
                return name
            arguments = [self.atom(argument) for argument in call.arguments]
            folded = self._folded(builtin, arguments)
            if folded is not None:
                if fail and folded == "U":
                    self.dead()
                return folded
            if self._constant_call(call, builtin, arguments, name):
                if fail:
                    writer.fail_if(f"{name} is U")
                    self.kinds[name] = RESULT_KINDS.get(builtin, "")
                return name
            if builtin not in module.replaced_names:
                fast = self._inline(call, arguments)
            if fast is not None and not fast.guard:
                if fast.expression in ("True", "False"):
                    return module.constant(fast.expression == "True")
                if not self._again(name, "builtin", builtin, *arguments):
                    writer.line(f"{name} = {fast.expression}")
                    self.hold(name, "builtin", builtin, *arguments)
                self.kinds[name] = fast.kind
                if fast.kind == "Set":
                    self.keyed.add(name)
                return name
            entry = ENTRIES[builtin]
            is_same = builtin not in NONDETERMINISTIC and builtin != "trace"
            function = module.builtin(builtin)
            leading = [self.context] if entry.context else []
            if is_same and self._again(name, "builtin", builtin, *arguments):
                pass
            elif fast is not None:
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
                writer.line("except Unanswered as error:")
                writer.line(f"    {name} = failed({self.context}, error, P, {number}, {builtin!r})")
            if is_same:
                self.hold(name, "builtin", builtin, *arguments)
        if fail:
            writer.fail_if(f"{name} is U")
            if group is None and self.builtin_name(call) not in module.replaced_names:
                self.kinds[name] = RESULT_KINDS.get(self.builtin_name(call), "")
                if self.builtin_name(call) == "minus" and fast is not None and fast.kind == "Set":
                    # The builtin, which takes large sets, gives one as well.
                    self.kinds[name] = "Set"
                    self.keyed.add(name)
        if fail and self.is_relation(call):
            each = writer.name("each")
            self.loop(name, None, each, call.location)
            return each
        return name

    def _again(self, name: str, *what: str) -> bool:
        """Gives a local a value that was made before; False where there is none. It may be `U`, as it may have been."""
        held = self.held(*what)
        if held is None:
            return False
        self.writer.line(f"{name} = {held}")
        self.writer.filled.note_same(name, held)
        return True

    def _copied_function(self, group: Group, function: str, arguments: list[str]) -> tuple[str, list[str]]:
        """The function to call with which arguments: one that was made for those that are known, where there is one.

        `U` for a function that has no value.
        """
        module = self.module
        known = ["" if isinstance(self.known(atom), Unknown | Undefined) else atom for atom in arguments]
        if not self.shares or not any(known) or not module.shape(group).fits or table_of(group) is not None:
            return function, arguments
        if self._is_constant_function_call(group, arguments):
            return function, arguments
        name = module.copy_name(group, known)
        if name is None:
            return function, arguments
        return name, [atom for atom, given in zip(arguments, known, strict=True) if not given]

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
        leading = ["c"] if entry.context else []
        given = "".join(f"{atom}, " for atom in [*leading, *atoms])
        number = module.position(call.location)
        self._made_once(name, f"called(c, {module.builtin(builtin)}, ({given}), P, {number}, {builtin!r})")
        return True

    def _is_constant_function_call(self, group: Group, atoms: Sequence[str]) -> bool:
        """Is it a call of a function that depends on constants alone, with arguments that are constants?"""
        module = self.module
        if self.context != "c" or module.mode != "plain" or module.replaced_names or module.replaced_places:
            return False
        if not module.is_fixed_group(group):
            return False
        return all(
            atom in self.constants or not isinstance(self.known(atom), Unknown) for atom in atoms
        ) and bool(atoms)

    def _made_once(self, name: str, made: str) -> None:
        """A value that is made in the first evaluation and kept for the others."""
        writer = self.writer
        slot = self.module.fixed()
        outside = writer.name("outside")
        writer.line(f"{name} = c.fixed[{slot}]")
        with writer.block(f"if {name} is MISS:"):
            writer.line(f"{outside} = apart(c)")
            writer.line(f"{name} = c.fixed[{slot}] = {made}")
            writer.line(f"rejoin(c, {outside})")
        self.constants.add(name)

    def _constant_field(self, call: Call, builtin: str, atoms: Sequence[str], name: str) -> bool:
        """`object.get(input, "parameters", {})` is constant where `input.parameters` is."""
        if builtin != "object.get" or atoms[0] != self.seen.get((f"{self.context}.input", ())):
            return False
        part, default = self.known(atoms[1]), self.known(atoms[2])
        if not isinstance(part, str) or isinstance(default, Unknown):
            return False
        head = Var(call.location, "input")
        if not self.module.is_constant(Ref(call.location, head, (Scalar(call.location, part),))):
            return False
        self.writer.line(
            f"{name} = {atoms[0]}.get({atoms[1]}, {atoms[2]}) if type({atoms[0]}) is dict else U"
        )
        self.constants.add(name)
        return True

    def _folded(self, builtin: str, atoms: Sequence[str]) -> str | None:
        """The value of a builtin whose arguments are known, as an expression; None where it is not known."""
        module = self.module
        if self.context != "c" or builtin in module.replaced_names:
            return None
        if builtin == "object.get" and atoms[0] == self.seen.get(("c.input", ())):
            part = self.known(atoms[1])
            bound = module.bound.get((part,)) if isinstance(part, str) else None
            return None if bound is None else module.constant(bound)
        values: list[Value] = []
        for atom in atoms:
            value = self.known(atom)
            if isinstance(value, Unknown | Undefined):
                return None
            values.append(value)
        made = folded_call(builtin, values)
        if isinstance(made, Undefined):
            return "U"
        return None if isinstance(made, Unknown) else module.constant(made)

    def condition(self, call: Call) -> str | None:
        """A Python condition for a call that always gives a boolean, or None."""
        found = self.comparison(call)
        if found is not None or self.module.tree.function(call.function) is not None:
            return found
        builtin = self.builtin_name(call)
        if builtin in self.module.replaced_names or not has_inline(builtin):
            return None
        atoms = [self.atom(argument) for argument in call.arguments]
        folded = self._folded(builtin, atoms)
        if folded is not None:
            return folded if folded in ("True", "False") else None
        fast = self._inline(call, atoms)
        if fast is None or not fast.is_condition:
            return None
        if not fast.guard:
            return fast.expression
        entry = ENTRIES[builtin]
        given = "".join([f"{atom}, " for atom in ([self.context, *atoms] if entry.context else atoms)])
        number = self.module.position(call.location)
        slow = f"called({self.context}, {self.module.builtin(builtin)}, ({given}), P, {number}, {builtin!r})"
        return f"({fast.expression} if {fast.guard} else {slow} is True)"

    def narrow(self, call: Call) -> None:
        """Remembers what a builtin that gave true says of the types of its arguments."""
        builtin = operator_name(call.function) or dotted(call.function)
        kinds = NARROWING.get(builtin, ())
        if builtin == "equal" and self.compared is not None:
            self.note_equal(*self.compared)
            return
        if builtin in self.module.replaced_names or self.module.tree.function(call.function) is not None:
            return
        for argument, kind in zip(call.arguments, kinds, strict=False):
            if isinstance(argument, Var) and kind:
                self.narrowed[self.env[argument.name]] = kind

    def _inline(self, call: Call, atoms: Sequence[str]) -> Inline | None:
        builtin = self.builtin_name(call)
        if builtin in ("regex.match", "re_match"):
            return self._searched(atoms)
        return inline(builtin, [self._operand(atom) for atom in atoms])

    def _search(self, cell: str) -> str:
        """A local with the search of a pattern, which is made where it is first needed."""
        writer = self.writer
        name = writer.cells.get(cell)
        if name is None or writer.in_nested_function:
            name = writer.name("search")
            if writer.in_nested_function:
                # A nested function cannot fill a local of the one around it.
                writer.line(f"{name} = {cell}[0]")
            else:
                writer.cells[cell] = name
                writer.top.append(f"    {name} = {cell}[0]")
        writer.line(f"if {name} is MISS: {name} = {cell}[0] = searcher({cell}[1])")
        return name

    def _searched(self, atoms: Sequence[str]) -> Inline | None:
        """A search for a known pattern that Python's `re` does for texts up to some length; None for others."""
        source, text = self.known(atoms[0]), self._operand(atoms[1])
        if not isinstance(source, str) or text.is_known():
            return None
        try:
            pattern = compile_pattern(source)
        except RegexError:
            return None  # For the builtin to say.
        if pattern.longest_fast_text < 0:
            return None
        cell = self.module.pattern_cell(source)
        name = self._search(cell)
        short = f"len({text.atom}) <= {pattern.longest_fast_text}"
        guard = f"{text.must_be('str')} and {short}" if text.must_be("str") else short
        return Inline(f"{name}({text.atom}) is not None", guard, is_condition=True, kind="bool")

    def _format(self, call: Call, name: str) -> bool:
        """Emits a `sprintf` with a simple literal format as a concatenation; False where it is none."""
        template, given = call.arguments
        parts = format_parts(template, given)
        if parts is None or "sprintf" in self.module.replaced_names:
            return False
        assert isinstance(given, ArrayTerm)
        verbs = {id(part[1]): part[0] for part in parts if not isinstance(part, str)}
        atoms = {id(item): self._shown_atom(item, verbs[id(item)]) for item in given.items}
        shown = [
            part if isinstance(part, str) else (part[0], self._operand(atoms[id(part[1])])) for part in parts
        ]
        fast = format_expression(shown)
        function = self.module.builtin("sprintf")
        self.kinds[name] = "str"
        number = self.module.position(call.location)
        grown = f"if len({name}) > 999: grown({self.context}, {name}, P, {number})"
        if not fast.guard:
            self.writer.line(f"{name} = {fast.expression}")
            if given.items:
                self.writer.line(grown)
            return True
        listed = "[" + ", ".join([atoms[id(item)] for item in given.items]) + "]"
        arguments = f"({self.context}, {self.atom(template)}, {listed})"
        slow = f"called({self.context}, {function}, {arguments}, P, {number}, 'sprintf')"
        self.writer.line(f"{name} = {fast.expression} if {fast.guard} else {slow}")
        self.writer.line(grown)
        return True

    def _joined(self, call: Call, name: str) -> bool:
        """Emits a `concat` of the members of a literal array as an addition, or gives up; False for others."""
        delimiter, given = call.arguments
        between = self.known(self.atom(delimiter))
        if (
            not isinstance(given, ArrayTerm)
            or not isinstance(between, str)
            or "concat" in self.module.replaced_names
        ):
            return False
        if not 0 < len(given.items) <= MOST_PARTS:
            return False
        atoms = [self.atom(item) for item in given.items]
        guard = " and ".join([f"type({atom}) is str" for atom in atoms if self.kind(atom) != "str"])
        text = f" + {self.module.constant(between)} + ".join(atoms) if between else " + ".join(atoms)
        self.kinds[name] = "str"
        number = self.module.position(call.location)
        if guard:
            function = self.module.builtin("concat")
            arguments = f"({self.context}, {self.atom(delimiter)}, [{', '.join(atoms)}])"
            slow = f"called({self.context}, {function}, {arguments}, P, {number}, 'concat')"
            self.writer.line(f"{name} = {text} if {guard} else {slow}")
            self.writer.fail_if(f"{name} is U")
        else:
            self.writer.line(f"{name} = {text}")
        self.writer.line(f"if len({name}) > 999: grown({self.context}, {name}, P, {number})")
        return True

    def _operand(self, atom: str) -> Operand:
        value = self.known(atom)
        return Operand(atom, value, self.kind(atom), atom in self.keyed or isinstance(value, Set))

    def _shown_atom(self, term: Term, verb: str) -> str:
        """An argument of a format. For a constant under `%v` its text, which is made once."""
        atom = self.atom(term)
        value = self.known(atom)
        if verb == "v" and not isinstance(value, Unknown | Undefined):
            return self.module.constant(message_text(value))
        atom = self._local(atom)
        if atom not in self.constants or verb != "v":
            return atom
        name = self.writer.name("text")
        self._made_once(name, f"text_of({atom})")
        self.kinds[name] = "str"
        return name

    def inlined_value(self, call: Call, group: Group, *, fail: bool) -> str | None:
        """The Python name of a call's value where the function's body stands in for it; None where it does not."""
        return None

    def is_relation(self, call: Call) -> bool:
        """Is it a call of a builtin with several outputs?"""
        return self.module.tree.function(call.function) is None and ENTRIES[self.builtin_name(call)].relation

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
