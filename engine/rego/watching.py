"""Code by which a program tells what it does, in the modes `traced` and `covered` (see `probes`)."""

from collections.abc import Mapping

from lockgate.engine.codegen.values import Value
from lockgate.engine.codegen.writer import Writer
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import BlockExpr, Call, Expr, UnifyExpr, Var, WithExpr
from lockgate.engine.rego.indexing import index_conditions
from lockgate.engine.rego.module_code import ModuleCode
from lockgate.engine.rego.probes import Ahead, Probe, ProbeKind
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import Group
from lockgate.engine.rego.safety import shown_name, variables
from lockgate.engine.rego.term_parser import operator_name


class StatementWatch:
    """Emits the line ahead of each statement of one clause."""

    def __init__(self, module: ModuleCode) -> None:
        self._module = module
        self._rule = 0
        self._count = 0
        # What the statement stands in, outermost first.
        self._inside: list[str] = []
        # The terms that were bound to locals of the compiler.
        self._ahead: dict[str, Ahead] = {}

    def begin(self, rule: int) -> None:
        """The statements to come are those of the clause with this probe."""
        self._rule = rule

    def enter_every(self) -> None:
        """The statements to come are those of an `every`."""
        self._inside.append("every")

    def enter_comprehension(self) -> None:
        """The statements to come are those of a comprehension."""
        self._inside.append("comprehension")

    def leave(self) -> None:
        """The end of what was entered last."""
        self._inside.pop()

    def before(self, statement: Expr, env: Mapping[str, str], context: str, writer: Writer) -> None:
        """Tells that a statement is tried. What is under a `with` tells it of itself."""
        if self._module.mode == "plain" or isinstance(statement, WithExpr | BlockExpr):
            return
        if self._module.mode == "covered":
            term = _evaluated_ahead(statement)
            kind: ProbeKind = "statement" if term is None else "ahead"
            self._cover(kind, statement.location if term is None else term, context, writer)
            return
        if isinstance(statement, UnifyExpr) and isinstance(statement.left, Var):
            right = statement.right
            operator = operator_name(right.function) if isinstance(right, Call) else None
            self._ahead[statement.left.name] = Ahead(right.location, operator or "")
        if "comprehension" in self._inside:
            return  # That some of its turns fail is what it is for.
        ahead = [name for name in variables(statement) if name in env and name in self._ahead]
        # What the author wrote may name more than what is left of it here.
        shown = [*sorted([name for name in env if "#" in name]), *sorted(ahead)]
        names = tuple([shown_name(name) if "#" in name else self._ahead[name] for name in shown])
        kind = "inner" if self._inside else "statement"
        number = self._module.probe(Probe(kind, statement.location, self._rule, self._count, names))
        self._count += 1
        values = "".join([f"{env[name]}, " for name in shown])
        writer.line(
            f"if {context}.tracer is not None: {context}.tracer.tried({number}, {context}, ({values}))"
        )

    def after(self, statement: Expr, context: str, writer: Writer) -> None:
        """In `covered`: `x := f(y)` is a call and a comparison, and the second is tried where the first has a value."""
        if self._module.mode != "covered" or not isinstance(statement, UnifyExpr) or _is_ahead(statement):
            return
        if _evaluated_ahead(statement) is not None:
            self._cover("statement", statement.location, context, writer)

    def _cover(self, kind: ProbeKind, place: Location | Ahead, context: str, writer: Writer) -> None:
        location = place.location if isinstance(place, Ahead) else place
        names = (place,) if isinstance(place, Ahead) else ()
        number = self._module.probe(Probe(kind, location, self._rule, names=names))
        writer.line(f"{context}.covered.add({number})")


def _is_ahead(statement: UnifyExpr) -> bool:
    """Does the statement bind a term to a local of the compiler?"""
    return isinstance(statement.left, Var) and statement.left.name.startswith("%")


def _evaluated_ahead(statement: Expr) -> Ahead | None:
    """The term whose value a statement binds to a local of the compiler, or the call that it unifies."""
    if not isinstance(statement, UnifyExpr):
        return None
    sides = (statement.right, statement.left)
    call = next((side for side in sides if isinstance(side, Call)), None)
    if call is not None:
        return Ahead(call.location, operator_name(call.function) or "")
    return Ahead(statement.right.location, "") if _is_ahead(statement) else None


class ClauseWatch:
    """Emits what a clause of a rule tells of itself."""

    def __init__(self, module: ModuleCode, group: Group, alternative: Alternative) -> None:
        self._module = module
        self._alternative = alternative
        self.rule = module.probe(Probe("rule", alternative.location, len(module.probes), path=group.path))
        self._held = module.probe(Probe("held", alternative.location, self.rule))
        self._heads = module.head_slot(group)
        self._kind = group.kind

    def enter(self, writer: Writer) -> None:
        """At the beginning of the clause's function. `covered` leaves out what OPA's index of rules leaves out."""
        if self._module.mode != "covered":
            return
        conditions: list[Value] = [
            [root, list(path), how, wanted]
            for (root, path), how, wanted in index_conditions(self._alternative, self._module.tree)
        ]
        if conditions:
            arguments = "".join([f"a{number}, " for number in range(len(self._alternative.arguments))])
            writer.fail_if(f"not may_hold(c, {self._module.constant(conditions)}, ({arguments}))")
        writer.line(f"c.covered.add({self.rule})")

    def held(self, writer: Writer, value: str) -> None:
        """Where the body holds and `value` is what comes of it."""
        if self._heads is not None:
            # A set gives its member, an object a list that begins with the key.
            member = f"{value}[0]" if self._kind == "object" else value
            writer.line(f"note_head(c, {self._heads}, {member}, {self._held})")
        elif self._module.mode == "covered":
            writer.line(f"c.covered.add({self._held})")
        elif self._module.mode == "traced":
            writer.line(f"if c.tracer is not None: c.tracer.gave({self.rule}, {value})")

    def wrap(self, name: str, parameters: str) -> str:
        """In `traced`: writes a function around the clause's; gives the name for the inner one."""
        if self._module.mode != "traced":
            return name
        inner = f"{name}_of"
        given = parameters.removeprefix(", ")
        arguments = "" if given == "table" else given + ("," if given else "")
        self._module.functions.append(
            [
                f"def {name}(c{parameters}):",
                f"    if c.tracer is None: return {inner}(c{parameters})",
                f"    c.tracer.enter({self.rule}, c, ({arguments}))",
                f"    value = {inner}(c{parameters})",
                f"    c.tracer.leave({self.rule})",
                "    return value",
            ]
        )
        return inner
