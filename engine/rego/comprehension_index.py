"""Comprehensions in loops that ask for members with one value: `{x | x := all[_]; x.team == team}`.

Each turn would go through the whole collection again. Instead the first turn goes through it once and keeps what the
comprehension gives for every value of the compared term; the turns look theirs up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.writer import LoopMark, is_name
from lockgate.engine.rego.ast import Body, Comprehension, Expr, Ref, Term, UnifyExpr, Var
from lockgate.engine.rego.constant_terms import Unknown
from lockgate.engine.rego.emit_known import has_effects
from lockgate.engine.rego.printing import is_printing
from lockgate.engine.rego.safety import BodyOrder, own_variables, variables
from lockgate.engine.rego.unroll import compared

if TYPE_CHECKING:
    from lockgate.engine.rego.emit_body import BodyEmitter

# Stands for the compared term. No variable of a policy, or of another pass, has this name.
_INDEX: Final = "%index"


@dataclass(frozen=True, slots=True)
class Index:
    """asked: the variable of the loop around. body: the comprehension without it. mark: the loop ahead of which the
    comprehension can be made."""

    asked: Var
    comprehension: Comprehension
    mark: LoopMark


def indexed(emitter: "BodyEmitter", term: Comprehension) -> str | None:
    """Emits a comprehension by an index; gives the name of its value, or None where it has to be made in each turn."""
    found = _find(emitter, term)
    if found is None:
        return None
    writer = emitter.writer
    outer = writer.snapshot()
    name = writer.name("index")
    writer.insert(found.mark, f"{name} = MISS")
    taken = writer.snapshot()
    made = writer.name("groups")
    with writer.block(f"if {name} is MISS:"):
        writer.line(f"{made} = {{}}")
        lives = _groups(emitter, found.comprehension, made)
        writer.line(f"{name} = {'sets_of' if term.kind == 'set' else 'dict'}({made})")
    # What may fail is to fail for the members that a turn asks for alone.
    keep = lives and not has_effects(writer.since(taken))
    if not keep:
        writer.restore(taken)
    writer.release(taken)
    writer.release(outer)
    if not keep:
        return None
    asked = emitter.env[found.asked.name]
    key = emitter.key_expression(asked)
    result = writer.name("all")
    empty = "EMPTY" if term.kind == "set" else emitter.module.constant([])
    writer.line(f"{result} = {name}.get({key}, {empty})")
    emitter.kinds[result] = "Set" if term.kind == "set" else "list"
    if term.kind == "set":
        emitter.keyed.add(result)
    return result


def _find(emitter: "BodyEmitter", term: Comprehension) -> Index | None:
    if emitter.module.mode != "plain" or emitter.context != "c" or emitter.writer.in_nested_function:
        return None
    if term.kind == "object" or is_printing(term):
        return None
    outside = {name: emitter.env[name] for name in variables(term) if name in emitter.env}
    for place, statement in enumerate(term.body):
        for asked, other in _sides(statement):
            if (
                not isinstance(asked, Var)
                or not _is_asked(emitter, asked.name)
                or not isinstance(other, Ref | Var)
            ):
                continue
            rest = (*term.body[:place], *term.body[place + 1 :], term.value, other)
            if asked.name in variables(rest):
                continue
            needed = {atom for name, atom in outside.items() if name != asked.name and is_name(atom)}
            atom = outside[asked.name]
            marks = [
                mark for mark in emitter.writer.marks() if needed <= mark.bound and atom not in mark.bound
            ]
            equality = UnifyExpr(statement.location, Var(statement.location, _INDEX), other)
            body = (*term.body[:place], equality, *term.body[place + 1 :])
            if marks and _is_safe(body, term.value, set(emitter.env)):
                return Index(asked, replace(term, body=body), marks[0])
    return None


def _is_safe(body: Body, value: Term, bound: set[str]) -> bool:
    """Do the statements bind what they need, and the comprehension's value, without the variable that is asked for?"""
    order = BodyOrder(bound | own_variables(body) | variables(value))
    _, left, known = order.order(body, set(bound))
    return not left and variables(value) <= known


def _is_asked(emitter: "BodyEmitter", name: str) -> bool:
    """Is it a variable of the bodies around whose value is not known?"""
    return name in emitter.env and isinstance(emitter.known(emitter.env[name]), Unknown)


def _sides(statement: Expr) -> Sequence[tuple[Term, Term]]:
    """The sides of an equality, either way round."""
    if isinstance(statement, UnifyExpr):
        return ((statement.left, statement.right), (statement.right, statement.left))
    return compared(statement)


def _groups(emitter: "BodyEmitter", term: Comprehension, made: str) -> bool:
    """Emits the comprehension, which fills a table by the compared value; False: it never gives anything."""
    writer = emitter.writer

    def success(inside: "BodyEmitter") -> None:
        asked = inside.env[_INDEX]
        value = inside.atom(term.value)
        key = inside.key_expression(asked)
        if term.kind == "set":
            writer.line(
                f"{made}.setdefault({key}, {{}}).setdefault({inside.key_of(term.value, value)}, {value})"
            )
        else:
            writer.line(f"{made}.setdefault({key}, []).append({value})")

    return emitter.inner_body(term, (term.value, Var(term.location, _INDEX)), success)
