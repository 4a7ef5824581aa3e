"""skops: a tree of nodes in JSON, each with the type that it is made of.

https://skops.readthedocs.io/en/stable/persistence.html. The node says how the type is used; types have the tiers that
they have in pickles (names.py). Nodes that call what they name have been ways out (CVE-2025-54412, CVE-2025-54413).
"""

from collections.abc import Iterator, Mapping

from lockgate.engine.facts.json_events import Scalar
from lockgate.engine.facts.names import tier_of
from lockgate.engine.facts.scan import GlobalUse, Scan

# They hold values, or arrays in other members.
_PLAIN = frozenset({
    "DictNode", "ListNode", "TupleNode", "SetNode", "JsonNode", "NdArrayNode", "SparseMatrixNode", "BytesNode",
    "BytearrayNode", "SliceNode", "DatetimeTimedeltaNode", "RandomStateNode", "RandomGeneratorNode", "MaskedArrayNode",
    "DefaultDictNode", "CachedNode", "BunchNode", "TreeNode", "LossNode", "DTypeNode", "CriterionNode", "QuantileForestNode",
    "NodeDtypeNode", "ObjectNode", "TypeNode", "FunctionNode", "ReduceNode", "SGDNode", "LinearSVCNode", "TreePredictorNode",
    "_DictWithDeprecatedKeysNode", "OrderedDictNode", "SplineNode", "BSplineNode", "KNeighborsNode",
})  # fmt: skip
_CALLING = frozenset({"MethodNode", "PartialNode", "OperatorFuncNode"})
_BUILTINS = frozenset({
    "dict", "list", "tuple", "set", "frozenset", "str", "int", "float", "bool", "bytes", "bytearray", "complex", "slice",
    "NoneType", "type", "object",
})  # fmt: skip


def judge_skops(texts: Mapping[str, Scalar], scan: Scan, offset: int) -> Iterator[GlobalUse]:
    """Judges a node. Answers the name that it imports."""
    module, name, loader = (str(texts.get(key)) for key in ("__module__", "__class__", "__loader__"))
    if loader not in _PLAIN | _CALLING:
        scan.find(
            "skops-node", "unvetted", f"a node {loader[:80]!r}, which is not known", offset, loader[:80]
        )
    full = f"{module}.{name}"[:200]
    if module in ("builtins", "None") and name in _BUILTINS:
        return
    tier = tier_of(module, name)
    yield GlobalUse(module[:200], name[:200], tier, loader != "TypeNode", scan.path, offset)
    if tier == "exec":
        scan.find("skops-type-exec", "unsafe", f"the type {full}", offset, full)
    elif tier == "unvetted" or loader in _CALLING:
        scan.find("skops-type-unvetted", "unvetted", f"the type {full} in a {loader[:40]}", offset, full)
