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
    "xgboost.callback.Booster",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.Booster",
    "transformers.training_args.TrainingArguments",
    "gensim.models.",
    "gensim.corpora.",
    "morfessor.",
    "chemprop.",
    "torchmetrics.",
    # Its tasks evaluate the text of `activation` in the configuration that they are made with.
    "ultralytics.nn.tasks.",
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
    """`dill._dill._create_array(function, arguments, state, attributes)` calls the function, as does jax's."""
    items = judge.items(arguments)
    function = judge.name_of(items[0]) if items else None
    if function is None or not function.full.endswith("multiarray._reconstruct") or function.tier != "tensor":
        judge.doubt("makes an array with another function than numpy's", offset)
    return None


def _bit_generator_maker(judge: Judge, arguments: int, offset: int) -> int | None:
    """`numpy.random._pickle.__generator_ctor(name, maker)` calls the maker with the name."""
    items = judge.items(arguments)
    maker = judge.name_of(items[1]) if items and len(items) == 2 else None
    is_numpy = maker is not None and maker.full == "numpy.random._pickle.__bit_generator_ctor"
    if items is None or len(items) > 2 or (len(items) == 2 and not is_numpy):
        judge.doubt("makes a random generator with another function than numpy's", offset)
    return None


def hands_on(judge: Judge, callee: str, arguments: int) -> str | None:
    """The guarded name that a call hands to its callee, who may call it with what nobody has looked at."""
    if callee in _ARRAY_MAKERS:
        return None
    items = judge.items(arguments)
    if items is None and callee not in CHECKS:
        return "arguments that are not known" if judge.has_guarded else None
    left = list(items or ())
    looked_at = 0
    while left:
        looked_at += 1
        if looked_at > _LOOKED_AT:
            return "more values than are looked at"
        value = left.pop()
        name = judge.name_of(value)
        if name is not None and (
            name.full in CHECKS or (callee not in CHECKS and name.full in _MAKES_BY_ARGUMENTS)
        ):
            return name.full
        inner = judge.items(value)
        if inner:
            # Tuples may hold each other many times over: looking at them is work like that of opcodes.
            judge.scan.budget.opcodes(len(inner))
            left.extend(inner)
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


# As many arguments of a call are looked at.
_LOOKED_AT = 1_000

# Their own checks say which function they may be handed.
_ARRAY_MAKERS = frozenset({"dill._dill._create_array", "jax._src.array._reconstruct_array"})

# Of NO_INIT, what opens files when it is made with arguments.
_MAKES_BY_ARGUMENTS = frozenset(name for name in NO_INIT if not name.endswith("."))

CHECKS: dict[str, Check] = {
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstructor,
    "copyreg.__newobj__": _class_first,
    "dill._dill._create_array": _create_array,
    "jax._src.array._reconstruct_array": _create_array,
    "numpy.core.multiarray._reconstruct": _class_first,
    "numpy._core.multiarray._reconstruct": _class_first,
    "numpy.ma.core._mareconstruct": _class_first,
    "numpy.core._ufunc_reconstruct": _ufunc_reconstruct,
    "numpy._core._ufunc_reconstruct": _ufunc_reconstruct,
    "numpy.random._pickle.__generator_ctor": _bit_generator_maker,
    "numpy.random._pickle.__randomstate_ctor": _bit_generator_maker,
    "numpy.random.__RandomState_ctor": _bit_generator_maker,
    "numpy.random.mtrand.__RandomState_ctor": _bit_generator_maker,
    "pandas.core.indexes.base._new_Index": _class_first,
    "torch._tensor._rebuild_from_type": _rebuild_from_type,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch._utils._rebuild_wrapper_subclass": _class_first,
    "torch.storage._load_from_bytes": _load_from_bytes,
}
