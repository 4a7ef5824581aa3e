"""What generated code calls: contexts, lookups, iteration and the errors of an evaluation.

Generated code holds no logic of its own beyond control flow; every name that it uses comes from `NAMES`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn

from lockgate.engine.codegen.values import (
    UNDEFINED,
    Key,
    Number,
    Object,
    Set,
    Undefined,
    Value,
    equal,
    key,
    make_object,
    object_items,
    ordered,
    render_rego,
    sort_key,
)
from lockgate.engine.errors import EvaluationError, Location

Outcome = Value | Undefined
# (file, line, column) by position number.
Positions = Sequence[tuple[str, int, int]]

MISS: Final = object()
_new: Final = object.__new__
ONCE: Final = (0,)


class Budget:
    """Steps left. Shared by all contexts of one evaluation."""

    __slots__ = ("left", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = limit


class BudgetError(EvaluationError):
    """The policy needed more steps than it may take."""


class ConflictError(EvaluationError):
    """Two rules gave different values for one document."""


class Context:
    """One evaluation under one `input` and `data`; `with` makes another that shares budget and clock.

    memo: values of documents, by number; fixed: values that depend on constants only. over: the places under
    `data` that a `with` replaces. mocks: functions that a `with` replaces, by name. shares: does `fixed` outlive
    the evaluation?
    """

    __slots__ = (
        "budget",
        "covered",
        "data",
        "fixed",
        "input",
        "memo",
        "mocks",
        "now_ns",
        "over",
        "shares",
        "strict",
        "tracer",
    )

    def __init__(
        self,
        *,
        input_value: Outcome,
        data: dict[str, Value],
        memo: list[Any],
        fixed: list[Any],
        budget: Budget,
        now_ns: int,
        strict: str = "",
        shares: bool = False,
    ) -> None:
        self.shares = shares
        self.input = input_value
        self.data = data
        self.memo = memo
        self.fixed = fixed
        self.budget = budget
        self.now_ns = now_ns
        self.over: tuple[tuple[str, ...], ...] = ()
        self.mocks: Mapping[str, Callable[..., Outcome]] = {}
        self.covered: set[int] | None = None
        self.tracer: Callable[[int, Mapping[str, Outcome]], None] | None = None
        self.strict = strict

    def spend(self, steps: int) -> None:
        """Takes steps from the budget; raises BudgetError when none are left."""
        self.budget.left -= steps
        if self.budget.left < 0:
            raise BudgetError(f"eval_cancel_error: more than {self.budget.limit} steps needed")


def at(positions: Positions, number: int) -> Location:
    """The place of a position number."""
    return Location(*positions[number])


def exhausted(context: Context, positions: Positions, number: int) -> NoReturn:
    """Ends an evaluation that has used up its steps."""
    raise BudgetError(
        f"eval_cancel_error: the policy needed more than {context.budget.limit} steps",
        location=at(positions, number),
        hint="the policy iterates too much for this input",
    )


def apart(context: Context) -> int:
    """Begins a value that later evaluations share: it has a budget of its own. Gives the steps left outside of it.

    So an evaluation needs the same number of steps whichever came first.
    """
    outside = context.budget.left
    if context.shares:
        context.budget.left = context.budget.limit
    return outside


def rejoin(context: Context, outside: int) -> None:
    """Ends a value that `apart` began."""
    if context.shares:
        context.budget.left = outside


def conflict(positions: Positions, number: int, what: str) -> NoReturn:
    """Ends an evaluation in which rules disagree."""
    raise ConflictError(f"eval_conflict_error: {what}", location=at(positions, number))


def failed(context: Context, error: Any, positions: Positions, number: int, name: str) -> Undefined:
    """A builtin has no answer: undefined, or an error under strict errors."""
    if context.strict:
        raise EvaluationError(f"{error.code}: {name}: {error.message}", location=at(positions, number))
    return UNDEFINED


def index(value: Any, part: Any) -> Any:
    """The member of a value by key, position or membership; UNDEFINED when there is none."""
    kind = type(value)
    if kind is dict:
        return value.get(part, UNDEFINED) if type(part) is str else UNDEFINED
    if kind is list:
        if type(part) is Number and part.exact == part.exact.to_integral_value():
            part = int(part.exact)
        if type(part) is int and 0 <= part < len(value):
            return value[part]
        return UNDEFINED
    if kind is Set:
        return value.members.get(key(part), UNDEFINED)
    if kind is Object:
        pair = value.members.get(key(part))
        return UNDEFINED if pair is None else pair[1]
    return UNDEFINED


def walk_path(value: Any, path: Iterable[str]) -> Any:
    """The value at a path of strings, or UNDEFINED."""
    for part in path:
        value = value.get(part, UNDEFINED) if type(value) is dict else index(value, part)
    return value


def items(value: Any) -> Any:
    """The (key, member) pairs of a collection in any order; none for other values."""
    kind = type(value)
    if kind is list:
        return list(enumerate(value))
    if kind is dict:
        return value.items()
    if kind is Set:
        return [(member, member) for member in value.members.values()]
    if kind is Object:
        return value.members.values()
    return ()


def values(value: Any) -> Any:
    """The members of a collection in any order; none for other values."""
    kind = type(value)
    if kind is list:
        return value
    if kind is dict or kind is Set:
        return (value if kind is dict else value.members).values()
    if kind is Object:
        return [pair[1] for pair in value.members.values()]
    return ()


def sorted_items(value: Any) -> Any:
    """The (key, member) pairs of a collection in Rego's order."""
    kind = type(value)
    if kind is list:
        return list(enumerate(value))
    if kind is dict or kind is Object:
        return object_items(value)
    if kind is Set:
        return [(member, member) for member in ordered(value.members.values())]
    return ()


def sorted_values(value: Any) -> Any:
    """The members of a collection in Rego's order of their keys."""
    kind = type(value)
    if kind is list:
        return value
    if kind is Set:
        return ordered(value.members.values())
    if kind is dict:
        return [value[name] for name in sorted(value)]
    if kind is Object:
        return [pair[1] for pair in object_items(value)]
    return ()


def is_collection(value: Any) -> bool:
    """May the value be iterated?"""
    return type(value) in (list, dict, Set, Object)


def object_of(value: Any, size: int) -> bool:
    """Is the value an object of that many members?"""
    return type(value) in (dict, Object) and len(value) == size


def make_set(members: Iterable[Value]) -> Set:
    """A set of the values."""
    return Set(members)


def set_of(members: dict[Key, Value]) -> Set:
    """A set over a table by key, which it takes over."""
    made = _new(Set)
    made.members = members
    return made


def difference(left: Set, right: Set) -> Set:
    """The members of the one set that are not in the other."""
    other = right.members
    return set_of({name: member for name, member in left.members.items() if name not in other})


def put(table: dict[Key, Any], part: Value, value: Value, positions: Positions, number: int) -> None:
    """Adds a member to an object under construction; a second, different one is a conflict."""
    name = part if type(part) is str else key(part)
    present = table.get(name)
    if present is None:
        table[name] = (part, value)
    elif not equal(present[1], value):
        conflict(positions, number, f"object keys must be unique: two values for key {render_rego(part)}")


class _Branch:
    """An object or set under construction inside another."""

    __slots__ = ("is_set", "table")

    def __init__(self, kind: str) -> None:
        self.table: dict[Key, Any] = {}
        self.is_set = kind == "set"


def put_path(
    table: dict[Key, Any], path: Sequence[Value], leaf: str, value: Value, positions: Positions, number: int
) -> None:
    """Adds a value at a path of keys to an object under construction; `leaf` "set" adds to a set there."""
    last = len(path) - 1
    for depth, part in enumerate(path):
        name = key(part)
        if depth == last and leaf != "set":
            present = table.get(name)
            if present is None:
                table[name] = (part, value)
            elif isinstance(present[1], _Branch) or not equal(present[1], value):
                conflict(
                    positions, number, f"object keys must be unique: two values for key {render_rego(part)}"
                )
            return
        kind = "set" if depth == last else "object"
        present = table.get(name)
        if present is None:
            branch = _Branch(kind)
            table[name] = (part, branch)
        elif isinstance(present[1], _Branch) and present[1].is_set == (kind == "set"):
            branch = present[1]
        else:
            conflict(positions, number, f"object keys must be unique: two values for key {render_rego(part)}")
        table = branch.table
    table[key(value)] = value


def built(table: dict[Key, Any]) -> Value:
    """The object that `put` and `put_path` have made."""
    pairs: list[tuple[Value, Value]] = []
    for part, value in table.values():
        if isinstance(value, _Branch):
            value = Set.of_members(value.table) if value.is_set else built(value.table)
        pairs.append((part, value))
    return make_object(pairs)


def merged(value: Any, other: Any) -> Any:
    """Base data and the documents that rules make at one place; the first wins where both have a value."""
    if value is UNDEFINED:
        return other
    if other is UNDEFINED or type(value) not in (dict, Object) or type(other) not in (dict, Object):
        return value
    members = {key(name): (name, item) for name, item in object_items(other)}
    for name, item in object_items(value):
        present = members.get(key(name))
        members[key(name)] = (name, item if present is None else merged(item, present[1]))
    return make_object(members.values())


def joined(value: Any, below: Any, depth: int, positions: Positions, number: int, name: str) -> Any:
    """The document of a rule together with those of rules at places below it; they must not disagree.

    Down to `depth` keys the rule makes objects that others may add to; what lies there is the rule's own.
    """
    if value is UNDEFINED:
        return below
    if type(value) is Set and type(below) is Set:
        return set_of({**value.members, **below.members})
    if depth and isinstance(value, dict | Object) and isinstance(below, dict | Object):
        members = {key(part): (part, item) for part, item in object_items(value)}
        for part, item in object_items(below):
            present = members.get(key(part))
            if present is not None:
                item = joined(present[1], item, depth - 1, positions, number, name)
            members[key(part)] = (part, item)
        return make_object(members.values())
    if not equal(value, below):
        conflict(positions, number, f"rules below {name} must not change what it gives")
    return value


def replace_path(value: Any, path: Sequence[str], new: Value) -> Value:
    """A copy of a document with another value at a path."""
    if not path:
        return new
    base = dict(value) if type(value) is dict else {}
    base[path[0]] = replace_path(base.get(path[0], UNDEFINED), path[1:], new)
    return base


def replaced(
    context: Context, changes: Sequence[tuple[str, Any, Any]], memo_size: int, fixed_size: int
) -> Context:
    """The context under `with`: changes are (what, path or name, value) with what in input, data, function."""
    new_input: Outcome = context.input
    new_data = context.data
    over = list(context.over)
    mocks = dict(context.mocks)
    fixed = context.fixed
    for what, target, value in changes:
        if what == "input":
            new_input = replace_path(new_input, target, value)
            fixed = [MISS] * fixed_size
        elif what == "data":
            replacement = replace_path(new_data, target, value)
            new_data = replacement if type(replacement) is dict else {}
            over.append(tuple(target))
        else:
            mocks[target] = value
            fixed = [MISS] * fixed_size
    if over and fixed is context.fixed:
        fixed = [MISS] * fixed_size
    made = Context(
        input_value=new_input,
        data=new_data,
        memo=[MISS] * memo_size,
        fixed=fixed,
        budget=context.budget,
        now_ns=context.now_ns,
        strict=context.strict,
    )
    made.over = tuple(over)
    made.mocks = mocks
    made.covered = context.covered
    made.tracer = context.tracer
    return made


def guarded(context: Context, compute: Callable[[Context], Outcome], path: tuple[str, ...]) -> Any:
    """A document that some `with` may replace, wholly or in part."""
    below: list[tuple[str, ...]] = []
    for place in context.over:
        if path[: len(place)] == place:
            return walk_path(context.data, path)
        if place[: len(path)] == path:
            below.append(place)
    value: Any = compute(context)
    for place in below:
        replacement = walk_path(context.data, place)
        if replacement is not UNDEFINED:
            value = replace_path(value, place[len(path) :], replacement)
    return value


def mocked(context: Context, name: str, function: Callable[..., Outcome], arguments: Sequence[Any]) -> Any:
    """A call of a function that some `with` may replace."""
    mock = context.mocks.get(name)
    if mock is None:
        return function(context, *arguments)
    # A mock sees the originals: it may call what it replaces.
    return mock(_without_mocks(context), *arguments)


def _without_mocks(context: Context) -> Context:
    made = replaced(context, (("function", "", None),), len(context.memo), len(context.fixed))
    made.mocks = {}
    return made


def constant(value: Outcome) -> Callable[..., Outcome]:
    """A function that gives one value whatever it is called with."""
    return lambda context, *arguments: value


def plain(function: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """A builtin as a function that takes the context first."""
    return lambda context, *arguments: function(*arguments)


def template_text(positions: Positions, number: int, parts: Sequence[Any]) -> str:
    """The text of a template string; a part is a string, or the set of an expression's values."""
    texts: list[str] = []
    for part in parts:
        if type(part) is Set:
            if len(part) > 1:
                conflict(positions, number, "a template-expression must have one value")
            if not part:
                texts.append("<undefined>")
                continue
            part = next(iter(part))
        texts.append(part if type(part) is str else render_rego(part))
    return "".join(texts)


def less(left: Any, right: Any) -> bool:
    """`<` in Rego's total order."""
    kind, other = type(left), type(right)
    if kind is other and (kind is str or kind is int):
        return bool(left < right)
    return bool(sort_key(left) < sort_key(right))


def at_most(left: Any, right: Any) -> bool:
    """`<=` in Rego's total order."""
    return not less(right, left)


NAMES: Final[Mapping[str, Any]] = {
    "MISS": MISS,
    "ONCE": ONCE,
    "U": UNDEFINED,
    "Number": Number,
    "Object": Object,
    "Set": Set,
    "apart": apart,
    "at_most": at_most,
    "built": built,
    "conflict": conflict,
    "difference": difference,
    "constant": constant,
    "equal": equal,
    "exhausted": exhausted,
    "failed": failed,
    "guarded": guarded,
    "index": index,
    "is_collection": is_collection,
    "items": items,
    "key": key,
    "joined": joined,
    "less": less,
    "make_object": make_object,
    "make_set": make_set,
    "merged": merged,
    "mocked": mocked,
    "object_of": object_of,
    "plain": plain,
    "put": put,
    "put_path": put_path,
    "rejoin": rejoin,
    "replaced": replaced,
    "set_of": set_of,
    "sorted_items": sorted_items,
    "sorted_values": sorted_values,
    "template_text": template_text,
    "values": values,
    "walk_path": walk_path,
}
