"""What harmless names may be called with: some of them call their arguments in turn, or import by text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockgate.engine.facts.pickle.judge import Judge

# Names whose instances pickles make without `__init__`: with arguments it would open files, train or start programs.
NO_INIT = (
    "xgboost.core.Booster",
    "xgboost.sklearn.Booster",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.Booster",
    "transformers.training_args.TrainingArguments",
    "gensim.models.",
    "gensim.corpora.",
    "morfessor.",
    "chemprop.",
    "torchmetrics.",
)

# Answers what comes of the call; None for something of the called name.
Check = Callable[["Judge", int, int], int | None]


def _encode(judge: Judge, arguments: int, offset: int) -> int | None:
    """`_codecs.encode(text, "latin1")` is how Python 3 writes bytes in protocol 2; other codecs may be anything."""
    items = judge.items(arguments)
    codec = judge.literal(items[1]) if items and len(items) == 2 else None
    if codec not in ("latin1", "latin-1", "utf-8", "ascii"):
        judge.doubt("calls _codecs.encode with another codec than latin1", offset)
    return None


def _class_first(judge: Judge, arguments: int, offset: int) -> int | None:
    """The first argument is a class, and has to be an imported name that is known."""
    items = judge.items(arguments)
    name = judge.name_of(items[0]) if items else None
    if name is None:
        judge.doubt("makes an instance of a class that is not imported by its name", offset)
    return None


def _reconstructor(judge: Judge, arguments: int, offset: int) -> int | None:
    """`copyreg._reconstructor(class, base, state)` calls the `__init__` of the base, which has to be a builtin."""
    _class_first(judge, arguments, offset)
    items = judge.items(arguments)
    base = judge.name_of(items[1]) if items and len(items) == 3 else None
    if base is None or not base.full.startswith("builtins.") or base.tier != "value":
        judge.doubt("calls copyreg._reconstructor with a base that is not a builtin type", offset)
    return None


def _rebuild_from_type(judge: Judge, arguments: int, offset: int) -> int | None:
    """`torch._tensor._rebuild_from_type_v2(function, type, arguments, state)` calls the function."""
    items = judge.items(arguments)
    function = judge.name_of(items[0]) if items else None
    if (
        function is None
        or function.tier != "tensor"
        or not function.full.startswith("torch._utils._rebuild_")
    ):
        judge.doubt("rebuilds a tensor with a function that is not one of torch._utils", offset)
    return None


def _create_array(judge: Judge, arguments: int, offset: int) -> int | None:
    """`dill._dill._create_array(function, arguments, state, attributes)` calls the function."""
    items = judge.items(arguments)
    function = judge.name_of(items[0]) if items else None
    if function is None or not function.full.endswith("multiarray._reconstruct") or function.tier != "tensor":
        judge.doubt("makes an array with another function than numpy's", offset)
    return None


def _load_from_bytes(judge: Judge, arguments: int, offset: int) -> int | None:
    """`torch.storage._load_from_bytes` is `torch.load` of its argument."""
    items = judge.items(arguments)
    if not items or len(items) != 1 or not judge.nested_bytes(items[0]):
        judge.doubt("loads bytes that are not written in the pickle", offset)
    return None


def _ufunc_reconstruct(judge: Judge, arguments: int, offset: int) -> int | None:
    """`numpy.core._ufunc_reconstruct(module, name)` imports by text."""
    items = judge.items(arguments)
    if not items or len(items) != 2:
        judge.opaque_import("numpy.core._ufunc_reconstruct", offset)
        return None
    return judge.import_values(items[0], items[1], offset)


CHECKS: dict[str, Check] = {
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstructor,
    "copyreg.__newobj__": _class_first,
    "dill._dill._create_array": _create_array,
    "numpy.core.multiarray._reconstruct": _class_first,
    "numpy._core.multiarray._reconstruct": _class_first,
    "numpy.ma.core._mareconstruct": _class_first,
    "numpy.core._ufunc_reconstruct": _ufunc_reconstruct,
    "numpy._core._ufunc_reconstruct": _ufunc_reconstruct,
    "pandas.core.indexes.base._new_Index": _class_first,
    "torch._tensor._rebuild_from_type": _rebuild_from_type,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch._utils._rebuild_wrapper_subclass": _class_first,
    "torch.storage._load_from_bytes": _load_from_bytes,
}
