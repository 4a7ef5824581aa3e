"""The tier of an imported name: tensor, value, estimator, unvetted or exec.

`tensor`, `value` and `estimator` are listed, each group with its reason; a name with dots or of a dunder is of these
only when it is listed as it is written, for it reaches through an object into another.
"""

import _compat_pickle
import re
from functools import lru_cache

from lockgate.engine.facts.name_lists.bad import is_bad
from lockgate.engine.facts.name_lists.estimators import ESTIMATOR_RULES, ESTIMATORS
from lockgate.engine.facts.name_lists.tensors import TENSOR_RULES, TENSORS
from lockgate.engine.facts.name_lists.values import VALUE_RULES, VALUES
from lockgate.engine.facts.scan import NameTier

_EXACT: tuple[tuple[NameTier, frozenset[str]], ...] = (
    ("tensor", TENSORS),
    ("value", VALUES),
    ("estimator", ESTIMATORS),
)
_RULES: tuple[tuple[NameTier, tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]], ...] = (
    ("tensor", TENSOR_RULES),
    ("value", VALUE_RULES),
    ("estimator", ESTIMATOR_RULES),
)


@lru_cache(maxsize=4096)
def tier_of(module: str, name: str) -> NameTier:
    """The tier of a name in a module, as a pickle writes it."""
    tier = _tier(module, name)
    if tier == "unvetted":
        # Pickles of Python 2 name what has moved since then.
        moved = _compat_pickle.NAME_MAPPING.get((module, name))
        renamed = _compat_pickle.IMPORT_MAPPING.get(module)
        if moved:
            return _tier(*moved)
        if renamed:
            return _tier(renamed, name)
    return tier


def full_name(module: str, name: str) -> str:
    """The name that stands in the lists: of today's Python for those of Python 2."""
    moved = _compat_pickle.NAME_MAPPING.get((module, name))
    if moved:
        return ".".join(moved)
    return f"{_compat_pickle.IMPORT_MAPPING.get(module, module)}.{name}"


def _tier(module: str, name: str) -> NameTier:
    if "." not in name:
        written = f"{module}.{name}"
        for tier, names in _EXACT:
            if written in names:
                return tier
    if is_bad(module, name):
        return "exec"
    if "." in name or not _is_plain(module) or not _is_plain(name):
        return "unvetted"
    for tier, rules in _RULES:
        if any(modules.fullmatch(module) and names.fullmatch(name) for modules, names in rules):
            return tier
    return "unvetted"


def _is_plain(text: str) -> bool:
    """Whether all characters are those of names in ASCII: others may be folded into different ones."""
    return text.isascii() and all(part.isidentifier() for part in text.split("."))
