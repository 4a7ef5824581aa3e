"""Generates the Python module of a program: a function a group of rules, and one a place that is read whole."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

from lockgate.engine.codegen.values import Undefined, Value
from lockgate.engine.codegen.writer import SizeError, Writer
from lockgate.engine.rego.ast import Comprehension, Scalar, Term
from lockgate.engine.rego.constant_terms import constant_value, same_constant, table_of
from lockgate.engine.rego.emit_body import MAX_STATEMENTS, BodyEmitter
from lockgate.engine.rego.emit_known import Dead
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.fusion import Branch, fused, needed_terms
from lockgate.engine.rego.module_code import ModuleCode, meets
from lockgate.engine.rego.program import NO_VALUES, Mode
from lockgate.engine.rego.resolve import Alternative, Definition
from lockgate.engine.rego.ruletree import HIDDEN, Group, Node, RuleTree, replaced_inputs, with_targets
from lockgate.engine.rego.safety import variables
from lockgate.engine.rego.stage import Stages
from lockgate.engine.rego.watching import ClauseWatch

_NAME = re.compile(r"\b[A-Za-z]\w*", re.ASCII)
# The functions of a group, which begin with its number.
_GROUP = re.compile(r"\br([0-9]+)_", re.ASCII)
_PARAMETER = re.compile(r"a[0-9]+", re.ASCII)
# Rules of one document stand in one function up to about so many lines.
_MOST_LINES = 600


class Generator:
    """Generates the functions of all groups. Unsafe rules are added to `problems`."""

    def __init__(
        self,
        tree: RuleTree,
        stages: Stages,
        mode: Mode,
        problems: list[Problem],
        usual: Sequence[tuple[str, ...]] = (),
        bound: Mapping[tuple[str, ...], Value] = NO_VALUES,
        *,
        shares: bool = False,
        programs: int = 1,
    ) -> None:
        """shares: as in `ModuleCode`, where it is for plain programs. programs: how many are compiled as one."""
        self.module = ModuleCode(tree, mode, shares and mode == "plain", programs)
        replaced = replaced_inputs(tree.groups) if bound else ()
        self.module.bound = {
            path[1:]: value for path, value in bound.items() if not meets(path[1:], replaced)
        }
        self.module.usual = frozenset(path[1:] for path in usual)
        self.module.replaced_places, self.module.replaced_names = with_targets(tree.groups)
        self.module.is_constant = stages.is_constant
        self.module.is_fixed_group = lambda group: group.index in stages.fixed
        self.module.make_copy = self._copy
        self.stages = stages
        self.problems = problems

    def generate(self, entrypoints: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
        """Generates what entry points lead to; gives the Python name of the function for each of them.

        All other rules are looked at for mistakes. Who watches is told of every rule, so that all are generated.
        """
        entries = self._entries(entrypoints)
        groups = self.module.tree.groups
        waiting = [] if self.module.mode == "plain" else [group.index for group in groups]
        waiting += self._named(
            [*entries.values(), *[line for lines in self.module.functions for line in lines]]
        )
        reached: set[int] = set()
        while waiting or self.module.pending_documents:
            before, branches = len(self.module.functions), len(self.module.branch_lines)
            if self.module.pending_documents:
                self._document(self.module.pending_documents.pop())
            else:
                index = waiting.pop()
                if index in reached:
                    continue
                reached.add(index)
                self._try(self._group_checked, groups[index])
            made = self.module.branch_lines[branches:]
            made += [line for lines in self.module.functions[before:] for line in lines]
            waiting += self._named(made)
        if not self.module.bound:
            # What these call is not called by the program.
            called = dict(self.module.builtins)
            for group in groups:
                if group.index not in reached:
                    self._try(self._check, group)
            self.module.builtins = called
        return entries

    def _named(self, texts: Iterable[str]) -> list[int]:
        """The groups whose functions texts of code name."""
        return [int(number) for text in texts for number in _GROUP.findall(text)]

    def _try(self, work: Callable[[Group], None], group: Group) -> None:
        try:
            work(group)
        except SizeError as error:
            hint = "move a part of it to a rule of its own"
            message = f"rule {group} does not compile: {error}"
            self.problems.append(Problem("rego_compile_error", message, group.location, "", hint))

    def _group_checked(self, group: Group) -> None:
        self.module.left_out = False
        self._group(group)
        if self.module.left_out and not self.module.bound:
            self._check(group)

    def _entries(self, entrypoints: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
        entries: dict[tuple[str, ...], str] = {}
        for path in entrypoints:
            node = self._node(path)
            if node is None:
                inside = self._inside(path, len(entries))
                if inside:
                    entries[path] = inside
                continue
            if node.group is not None and not node.children:
                if node.group.kind != "function":
                    entries[path] = self.module.function_name(node.group)
            else:
                entries[path] = self.module.document_name(node)
        return entries

    def source(self, entries: Iterable[str]) -> str:
        """The text of the module: the functions that entry points lead to, and the constants in them."""
        module = self.module
        functions = {lines[0][4 : lines[0].index("(")]: "\n".join(lines) for lines in module.functions}
        branches = {line.split(" ", 1)[0]: line for line in module.branch_lines}
        texts = {**functions, **branches}
        needed: set[str] = set()
        names: set[str] = set()
        waiting = list(entries)
        while waiting:
            name = waiting.pop()
            if name in needed or name not in texts:
                continue
            needed.add(name)
            found = set(_NAME.findall(texts[name]))
            names |= found
            waiting.extend(found & texts.keys())
        parts = [line for name, line in module.constant_lines.items() if name in names]
        parts.extend(text for name, text in texts.items() if name in needed)
        return "\n\n".join(parts) + "\n"

    def _node(self, path: tuple[str, ...]) -> Node | None:
        node = self.module.tree.root
        for part in path:
            child = node.children.get(part)
            if child is None:
                return None
            node = child
        return node

    def _inside(self, path: tuple[str, ...], number: int) -> str:
        """The function of an entry point that lies inside what a rule above it gives; empty when there is none."""
        for depth in range(len(path) - 1, 0, -1):
            node = self._node(path[:depth])
            if node is None:
                continue
            if node.group is None or node.group.kind == "function":
                return ""
            above = (
                self.module.document_name(node) if node.children else self.module.function_name(node.group)
            )
            name = f"d{number}_inside"
            place = "(" + "".join(f"{part!a}, " for part in path[depth:]) + ")"
            self.module.functions.append([f"def {name}(c):", f"    return walk_path({above}(c), {place})"])
            return name
        return ""

    # Groups

    def _group(self, group: Group) -> None:
        name = self.module.function_name(group)
        if group.kind == "function":
            self._function(group, name)
            return
        fixed = group.index in self.stages.fixed
        if fixed:
            slot, table = self.module.fixed(), "c.fixed"
        elif group.index in self.stages.shared:
            slot, table = self.module.shared(), "c.shared"
        else:
            slot, table = self.module.memo(), "c.memo"
        lines = [f"def {name}(c):", f"    value = {table}[{slot}]", "    if value is not MISS: return value"]
        if fixed:
            lines.append("    below = apart(c)")
        if group.kind == "complete":
            bodies: list[tuple[str, Definition]] = []
            for number, definition in enumerate(group.definitions):
                body_name = f"{name}_{number}"
                self._definition(group, definition, body_name)
                bodies.append((body_name, definition))
            lines.extend(self._complete(group, name, bodies))
        else:
            lines.extend(self._partial_document(group, name))
        if fixed:
            lines.append("    rejoin(c, below)")
        lines.append(f"    {table}[{slot}] = value")
        lines.append("    return value")
        heads = self.module.head_slot(group)
        if heads is not None:
            lines[0] = f"def {name}_asked(c):"
            whole = [f"    value = {name}_asked(c)", f"    all_heads(c, {heads})", "    return value"]
            self.module.functions.append([f"def {name}(c):", *whole])
        self.module.functions.append(lines)

    def _fixed_beginnings(self, alternatives: Sequence[Alternative]) -> list[str]:
        """Code for the places that rules add to, where their names begin with fixed parts that are no names.

        Where some rule's first part is not fixed, OPA takes all for parts of one document, and none is there.
        """
        if not all(isinstance(alternative.tail[0], Scalar) for alternative in alternatives):
            return []
        lines: dict[str, None] = {}
        for alternative in alternatives:
            # The last part of a rule with a value is its own.
            tail = alternative.tail if alternative.member is not None else alternative.tail[:-1]
            fixed = list(takewhile(lambda part: isinstance(part, Scalar), tail))
            if not fixed:
                continue
            kind = "set" if alternative.member is not None and len(fixed) == len(tail) else "object"
            path = ", ".join([self.module.constant(part.value) for part in fixed if isinstance(part, Scalar)])
            lines[f"    open_path(table, [{path}], {kind!r})"] = None
        return list(lines)

    def _partial_document(self, group: Group, name: str) -> list[str]:
        """Code that fills the table of a set or object, rule by rule, and makes its value."""
        lines = ["    table = []" if group.kind == "set" else "    table = {}"]
        alternatives = [definition.alternatives[0] for definition in group.definitions]
        if group.kind == "object":
            lines.extend(self._fixed_beginnings(alternatives))
        # A body that is too long is refused where it stands for itself.
        is_short = all(len(alternative.body) <= MAX_STATEMENTS for alternative in alternatives)
        branches = fused(alternatives) if self.module.mode == "plain" and is_short else None
        if branches is not None:
            parts = self._fused(group, branches)
        else:
            # A rule that is watched stands for itself.
            parts = []
            for alternative in alternatives:
                writer = Writer("return")
                parts.append((writer, self._partial(group, alternative, writer)))
        for number, (writer, watch) in enumerate(parts):
            if number == 0 and watch is None:
                lines.extend(writer.text())
                continue
            part = f"{name}_{number}" if watch is None else watch.wrap(f"{name}_{number}", ", table")
            self.module.functions.append([f"def {part}(c, table):", *(writer.text() or ["    return"])])
            lines.append(f"    {name}_{number}(c, table)")
        made = "set_of(table) if table else EMPTY" if group.kind == "set" else "built(table)"
        return [*lines, f"    value = {made}"]

    def _check(self, group: Group) -> None:
        """Looks for what is unsafe in the parts that were left out: emits everything, for the problems alone."""
        module = self.module
        probes, mode, shares = len(module.probes), module.mode, module.shares
        # The mode in which nothing is left out.
        module.mode, module.shares = "traced", False
        for alternative in group.alternatives():
            needed = needed_terms(alternative)

            def success(inside: BodyEmitter, needed: tuple[Term, ...] = needed) -> None:
                for term in needed:
                    inside.atom(term)

            emitter = self._emitter(Writer("return"), {})
            names = [f"a{number}" for number in range(len(alternative.arguments))]
            self._arguments(emitter, alternative.arguments, names)
            emitter.body(alternative.body, needed, success)
        module.mode, module.shares = mode, shares
        del module.probes[probes:]

    def _complete(
        self,
        group: Group,
        name: str,
        bodies: Sequence[tuple[str, Definition]],
        arguments: tuple[str, ...] = (),
    ) -> list[str]:
        """Code that tries the rules of a complete document or function in turn; they must not disagree."""
        lines: list[str] = []
        what = "functions" if group.kind == "function" else "complete rules"
        message = f"{what} must not produce multiple outputs: {group}"
        same = same_constant(group)
        for number, (body_name, definition) in enumerate(bodies):
            call = f"{body_name}(c{_parameters(arguments)})"
            if number == 0:
                lines.append(f"    value = {call}")
                continue
            if same:
                lines.append(f"    if value is U: value = {call}")
                continue
            position = self.module.position(definition.location)
            lines.append(f"    other = {call}")
            lines.append("    if other is not U:")
            lines.append("        if value is U: value = other")
            lines.append(f"        elif not equal(value, other): conflict(P, {position}, {message!r})")
        if not bodies:
            lines.append("    value = U")
        if group.default is not None:
            default_name = f"{name}_default"
            self._definition(group, group.default, default_name, arguments)
            lines.append(f"    if value is U: value = {default_name}(c{_parameters(arguments)})")
        return lines

    def _function(self, group: Group, name: str) -> None:
        parameters = tuple([f"a{number}" for number in range(group.arity)])
        if not self._table(group, name):
            self._clauses(group, name, parameters)

    def _copy(self, group: Group, name: str, arguments: Sequence[str]) -> bool:
        """A function for some known arguments, `arguments` being these and the names of the others; False: no value."""
        return self._clauses(group, name, tuple(arguments))

    def _clauses(self, group: Group, name: str, arguments: tuple[str, ...]) -> bool:
        """The function of a group of clauses; False where none of them can hold."""
        if len(group.definitions) == 1 and group.default is None:
            return self._definition(group, group.definitions[0], name, arguments)
        bodies: list[tuple[str, Definition]] = []
        for number, definition in enumerate(group.definitions):
            body_name = f"{name}_{number}"
            if self._definition(group, definition, body_name, arguments):
                bodies.append((body_name, definition))
        lines = [
            f"def {name}(c{_parameters(arguments)}):",
            *self._complete(group, name, bodies, arguments),
            "    return value",
        ]
        self.module.functions.append(lines)
        return bool(bodies) or group.default is not None

    def _table(self, group: Group, name: str) -> bool:
        """A function that is a table becomes a look-up."""
        table = table_of(group)
        if table is None:
            return False
        constant = self.module.constant(table)
        lines = [f"def {name}(c, a0):", f"    return {constant}.get(a0, U) if type(a0) is str else U"]
        self.module.functions.append(lines)
        return True

    def _definition(
        self, group: Group, definition: Definition, name: str, arguments: tuple[str, ...] = ()
    ) -> bool:
        """The function of one rule of a complete document or function: its value or U; False where it is always U.

        arguments: of a function, their names, or what they are known to be.
        """
        if len(definition.alternatives) == 1:
            return self._alternative(group, definition.alternatives[0], name, arguments)
        parameters = _parameters(arguments)
        lines = [f"def {name}(c{parameters}):"]
        lives = False
        for number, alternative in enumerate(definition.alternatives):
            part = f"{name}_{'else' if number else 'if'}{number}"
            lives = self._alternative(group, alternative, part, arguments) or lives
            lines.append(f"    value = {part}(c{parameters})")
            lines.append("    if value is not U: return value")
        lines.append("    return U")
        self.module.functions.append(lines)
        return lives

    def _emitter(self, writer: Writer, env: dict[str, str]) -> BodyEmitter:
        return BodyEmitter(self.module, writer, env, self.problems, self._is_fixed)

    def _is_fixed(self, term: Comprehension) -> bool:
        return (
            self.stages.is_fixed(term) and not self.module.replaced_names and not self.module.replaced_places
        )

    def _enter(self, writer: Writer, alternative: Alternative, *, counted: bool) -> None:
        """The beginning of a rule's function. Functions that call others count as steps: they can multiply.

        Bodies of documents run once an evaluation, and a function that calls none is bounded by its text.
        """
        position = self.module.position(alternative.location)
        if counted and any(True for _ in self.module.tree.referenced([alternative])):
            writer.line("c.budget.left -= 1")
            writer.line(f"if c.budget.left < 0: exhausted(c, P, {position})")

    def _alternative(
        self, group: Group, alternative: Alternative, name: str, arguments: tuple[str, ...]
    ) -> bool:
        """The function of one clause; False where it is always U."""
        parameters = _parameters(arguments)
        writer = Writer("return U")
        emitter = self._emitter(writer, {})
        watch = ClauseWatch(self.module, group, alternative)
        emitter.watch.begin(watch.rule)
        self._enter(writer, alternative, counted=bool(arguments))
        matches = self._arguments(emitter, alternative.arguments, arguments)
        watch.enter(writer)
        value = constant_value(alternative.value)
        result_used = False

        def success(inside: BodyEmitter) -> None:
            nonlocal result_used
            shown = inside.atom(alternative.value)
            constant = not isinstance(value, Undefined)
            watch.held(writer, shown)
            if not writer.in_nested_function and (constant or not writer.in_loop):
                writer.line(f"return {shown}")
                return
            result_used = True
            if constant:
                writer.line(f"result = {shown}")
                return
            writer.line(f"if result is U: result = {shown}")
            position = self.module.position(alternative.location)
            what = "functions" if arguments else "complete rules"
            message = f"{what} must not produce multiple outputs"
            writer.line(f"elif not equal(result, {shown}): conflict(P, {position}, {message!r})")

        writer.flags.append("result")
        lives = emitter.body(alternative.body, (alternative.value,), success) and matches
        if result_used or any("nonlocal result" in line for line in writer.lines):
            writer.top.append("    result = U")
            writer.line("return result")
        elif not (writer.lines and writer.lines[-1].startswith("    return ")):
            writer.line("return U")
        name = watch.wrap(name, parameters)
        self.module.functions.append([f"def {name}(c{parameters}):", *writer.text()])
        return lives

    def _arguments(self, emitter: BodyEmitter, patterns: Sequence[Term], arguments: Sequence[str]) -> bool:
        """Matches the arguments; False where they never match."""
        try:
            for pattern, argument in zip(patterns, arguments, strict=True):
                emitter.match(pattern, argument)
        except Dead:
            # Nothing matches; the body is still looked at for mistakes.
            emitter.writer.fail_if("True")
            for name in variables(tuple(patterns)):
                emitter.env.setdefault(name, "U")
            return False
        return True

    def _fused(self, group: Group, branches: Sequence[Branch]) -> list[tuple[Writer, ClauseWatch | None]]:
        """The rules of a set or object as trees, in as many functions as their length asks for."""
        parts: list[tuple[Writer, ClauseWatch | None]] = [(Writer("return"), None)]
        for branch in branches:
            if len(parts[-1][0].lines) > _MOST_LINES:
                parts.append((Writer("return"), None))
            writer = parts[-1][0]

            def held(inside: BodyEmitter, alternative: Alternative) -> None:
                self._add_member(group, alternative, inside)

            self._emitter(writer, {}).branch_apart(branch, held)
        return parts

    def _partial(self, group: Group, alternative: Alternative, writer: Writer) -> ClauseWatch:
        """One rule of a set or object, which fills the table."""
        emitter = self._emitter(writer, {})
        watch = ClauseWatch(self.module, group, alternative)
        emitter.watch.begin(watch.rule)
        self._enter(writer, alternative, counted=False)
        watch.enter(writer)

        def success(inside: BodyEmitter) -> None:
            self._add_member(group, alternative, inside, watch)

        emitter.body(alternative.body, needed_terms(alternative), success)
        return watch

    def _add_member(
        self, group: Group, alternative: Alternative, inside: BodyEmitter, watch: ClauseWatch | None = None
    ) -> None:
        """Adds what a clause gives to the table."""
        writer, member = inside.writer, alternative.member
        if group.kind == "set":
            assert member is not None
            shown = inside.atom(member)
            if watch is not None:
                watch.held(writer, shown)
            writer.line(f"table.append({shown})")
            return
        keys = [inside.atom(element) for element in alternative.tail]
        shown = inside.atom(member if member is not None else alternative.value)
        if watch is not None:
            watch.held(writer, f"[{', '.join([*keys, shown])}]")
        position = self.module.position(alternative.location)
        if len(keys) == 1 and member is None:
            writer.line(f"put(table, {keys[0]}, {shown}, P, {position})")
            return
        kind = "set" if member is not None else "value"
        writer.line(f"put_path(table, [{', '.join(keys)}], {kind!r}, {shown}, P, {position})")

    # Documents

    def _document(self, node: Node) -> None:
        """The function that gives the whole document of a place: its rules, those below it, and base data."""
        module = self.module
        slot = module.memo()
        name = module.document_name(node)
        lines = [f"def {name}(c):", f"    value = c.memo[{slot}]", "    if value is not MISS: return value"]
        if node.group is not None and node.group.kind != "function":
            lines.append(f"    value = {module.function_name(node.group)}(c)")
        else:
            lines.append("    value = U")
        lines.append("    below = {}")
        for part in sorted(node.children):
            child = node.children[part]
            if part.startswith(HIDDEN):
                continue
            takes_arguments = child.group is not None and child.group.kind == "function" and child.group.arity
            if takes_arguments and not child.children:
                continue
            if child.group is not None and not child.children:
                function = module.function_name(child.group)
            else:
                function = module.document_name(child)
            call = f"{function}(c)"
            if module.is_replaced(child.path):
                call = f"guarded(c, {function}, {child.path!r})"
            lines.append(f"    part = {call}")
            lines.append(f"    if part is not U: below[{part!a}] = part")
        if node.group is None:
            lines.append("    value = below")
        else:
            depths = {len(alternative.tail) for alternative in node.group.alternatives()}
            position = module.position(node.group.location)
            depth = max(depths) if node.group.kind == "object" else 0
            call = f"joined(value, below, {depth}, P, {position}, {str(node.group)!r})"
            lines.append(f"    if below: value = {call}")
        lines.append(f"    value = merged(walk_path(c.data, {node.path!r}), value)")
        lines.append(f"    c.memo[{slot}] = value")
        lines.append("    return value")
        module.functions.append(lines)


def _parameters(arguments: Sequence[str]) -> str:
    """The parameters of a function, or what is given for them: arguments that are known are none."""
    return "".join([f", {name}" for name in arguments if _PARAMETER.fullmatch(name)])
