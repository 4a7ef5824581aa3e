"""What generated code calls. It holds no logic of its own beyond control flow; every name comes from `NAMES`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.engine.codegen.branches import Branch, branch_keys, branch_step, branch_value
from lockgate.engine.codegen.budget import MAX_TEXT
from lockgate.engine.codegen.building import (
    EMPTY,
    built,
    difference,
    joined,
    make_set,
    merged,
    open_path,
    put,
    put_path,
    set_of,
    set_over,
    sets_of,
    with_keys,
    with_true_keys,
)
from lockgate.engine.codegen.context import (
    MISS,
    apart,
    constant,
    exhausted,
    failed,
    grown,
    guarded,
    mocked,
    paid,
    plain,
    rejoin,
    replaced,
)
from lockgate.engine.codegen.lookups import (
    base_index,
    index,
    is_collection,
    items,
    object_of,
    sorted_items,
    sorted_values,
    values,
    walk_path,
)
from lockgate.engine.codegen.meter import pay
from lockgate.engine.codegen.places import Positions, at, conflict
from lockgate.engine.codegen.printing import printed
from lockgate.engine.codegen.spending import LimitError
from lockgate.engine.codegen.values import (
    UNDEFINED,
    Number,
    Object,
    Set,
    equal,
    key,
    make_object,
    render_rego,
    sort_key,
)
from lockgate.engine.codegen.watch import all_heads, asked, may_hold, note_head


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
    size = sum(map(len, texts))
    if size > MAX_TEXT:
        message = f"eval_cancel_error: a text of more than {MAX_TEXT} characters"
        raise LimitError(message, location=at(positions, number))
    if size > 64:
        pay(size >> 6)
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


def searcher(source: str) -> Any:
    """The search of a pattern that `re` matches."""
    # Not imported where no policy matches anything.
    from lockgate.engine.regex import compile_pattern

    return compile_pattern(source).fast_search


NAMES: Final[Mapping[str, Any]] = {
    "EMPTY": EMPTY,
    # What Python raises for a member that is not there.
    "LOOKUP": (KeyError, TypeError, IndexError),
    "MISS": MISS,
    "U": UNDEFINED,
    "Number": Number,
    "Object": Object,
    "Set": Set,
    "with_keys": with_keys,
    "with_true_keys": with_true_keys,
    "apart": apart,
    "at_most": at_most,
    "built": built,
    "conflict": conflict,
    "difference": difference,
    "constant": constant,
    "equal": equal,
    "exhausted": exhausted,
    "failed": failed,
    "grown": grown,
    "guarded": guarded,
    "index": index,
    "Branch": Branch,
    "base_index": base_index,
    "branch_keys": branch_keys,
    "branch_step": branch_step,
    "branch_value": branch_value,
    "is_collection": is_collection,
    "items": items,
    "key": key,
    "joined": joined,
    "less": less,
    "make_object": make_object,
    "make_set": make_set,
    "merged": merged,
    "all_heads": all_heads,
    "asked": asked,
    "may_hold": may_hold,
    "note_head": note_head,
    "mocked": mocked,
    "object_of": object_of,
    "paid": paid,
    "plain": plain,
    "printed": printed,
    "open_path": open_path,
    "put": put,
    "put_path": put_path,
    "rejoin": rejoin,
    "replaced": replaced,
    "searcher": searcher,
    "set_of": set_of,
    "set_over": set_over,
    "sets_of": sets_of,
    "sorted_items": sorted_items,
    "sorted_values": sorted_values,
    "template_text": template_text,
    "values": values,
    "walk_path": walk_path,
}
