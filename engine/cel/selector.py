"""Selectors of devices: the CEL of DeviceClasses, ResourceClaims and their templates.

After k8s.io/dynamic-resource-allocation 0.34 cel/compile.go. A domain that a device has nothing of is an empty map to
`device.attributes[…]` and `device.capacity[…]`, while `in`, `size` and macros see the domains that are there.
"""

from dataclasses import replace
from typing import Final, final

from lockgate.engine.cel.ast import Call, Constant, Index, ListLiteral, Macro, MapLiteral, Name, Node, Select
from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.checker import check
from lockgate.engine.cel.compiler import compile_checked
from lockgate.engine.cel.device import device_environment
from lockgate.engine.cel.environment import Environment, make_environment
from lockgate.engine.cel.errors import CelError, ExpressionError, Mistake
from lockgate.engine.cel.expression import Expression
from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.library.kinds import no_such_overload, type_name
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.types import ANY, BOOL, TypeVariable, map_of
from lockgate.engine.cel.values import Value

# CELSelectorExpressionMaxLength of resource.k8s.io, in bytes.
MAX_LENGTH: Final = 10 * 1024

# How Go says of results of these types that they are no bool.
_CONVERSIONS: Final = {
    "int": "unsupported type conversion from 'int' to bool",
    "kubernetes.Semver": "type conversion error from 'Semver' to 'bool'",
}

_DEVICE: Final = "device"
_BY_DOMAIN: Final = ("attributes", "capacity")
_DOMAIN: Final = "@domain"
_KEY, _MEMBER = TypeVariable("K"), TypeVariable("V")


def _domain(container: Value, name: Value) -> Value:
    if type(container) is not dict:
        raise no_such_overload(_DOMAIN, container, name)
    return container.get(name, {}) if type(name) is str else {}


_FUNCTION: Final = Function(
    _DOMAIN, (Overload("domain", False, (map_of(_KEY, _MEMBER), _KEY), _MEMBER, _domain, total=True),)
)


@final
class Selector:
    """A compiled selector. Make one with `SelectorCompiler`."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression

    def matches(self, device: Value, budget: CostBudget) -> bool:
        """Does it take the device (`device_values.device_value`)? Raises CelError or CostError, which take none."""
        found = self._expression.evaluate({_DEVICE: device}, budget)
        if type(found) is not bool:
            kind = type_name(found)
            reason = _CONVERSIONS.get(kind, f"unsupported native conversion from {kind} to 'bool'")
            raise CelError(f"CEL result of type {kind} could not be converted to bool: {reason}")
        return found


@final
class SelectorCompiler:
    """Compiles selectors, in Kubernetes' environment for them."""

    def __init__(self) -> None:
        self._environment: Environment = device_environment(make_environment(FUNCTIONS))
        self._with_domains = self._environment.extended(functions=[_FUNCTION])

    def compile(self, source: str) -> Selector:
        """A selector. Raises ExpressionError with all that is wrong with it."""
        if len(source.encode("utf-8", "surrogatepass")) > MAX_LENGTH:
            raise ExpressionError((Mistake(-1, f"must not be longer than {MAX_LENGTH} bytes"),))
        tree = parse(source)
        # As it is written, so that mistakes are told of that.
        checked = check(tree, self._environment)
        if checked.result not in (BOOL, ANY):
            message = f"must evaluate to bool or the unknown type, not {checked.result}"
            raise ExpressionError((Mistake(-1, message),))
        return Selector(compile_checked(check(_with_domains(tree), self._with_domains), self._with_domains))


def _with_domains(node: Node) -> Node:
    """The tree with lookups of domains that find an empty map where there is none."""
    match node:
        case Select():
            if _is_by_domain(node.operand):
                return _looked_up(
                    node, Constant(node.offset, node.field), test=node.test, optional=node.optional
                )
            return replace(node, operand=_with_domains(node.operand))
        case Index():
            index = _with_domains(node.index)
            if _is_by_domain(node.operand):
                return _looked_up(node, index, test=False, optional=node.optional)
            return replace(node, operand=_with_domains(node.operand), index=index)
        case Call():
            target = None if node.target is None else _with_domains(node.target)
            return replace(node, target=target, arguments=tuple(map(_with_domains, node.arguments)))
        case ListLiteral():
            return replace(node, items=tuple(map(_with_domains, node.items)))
        case MapLiteral():
            items = [
                replace(item, key=_with_domains(item.key), value=_with_domains(item.value))
                for item in node.items
            ]
            return replace(node, items=tuple(items))
        case Macro():
            target = _with_domains(node.target)
            if _DEVICE in node.variables:
                # Another `device` than this one.
                return replace(node, target=target)
            return replace(node, target=target, parts=tuple(map(_with_domains, node.parts)))
        case _:
            return node


def _is_by_domain(node: Node) -> bool:
    return (
        isinstance(node, Select)
        and node.field in _BY_DOMAIN
        and not (node.test or node.optional)
        and node.operand == Name(node.operand.offset, _DEVICE)
    )


def _looked_up(node: Select | Index, key: Node, *, test: bool, optional: bool) -> Node:
    if test:
        return Constant(node.offset, True)
    found = Call(node.offset, _DOMAIN, None, (node.operand, key))
    return Call(node.offset, "of", Name(node.offset, "optional"), (found,)) if optional else found
