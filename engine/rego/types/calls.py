"""Calls and equalities: arguments of wrong types, and sides that can never be equal."""

from collections.abc import Sequence

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import Call, Ref, Scalar, Term, Var
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.term_parser import dotted, operator_name
from lockgate.engine.rego.types.environment import Layer
from lockgate.engine.rego.types.lattice import ANY, FunctionType, Type, is_unknown
from lockgate.engine.rego.types.messages import argument_lines, match_lines
from lockgate.engine.rego.types.terms import TermTypes, function_arguments
from lockgate.engine.rego.types.unification import Unifier


class Mismatch:
    """A problem with types, and whether the cause may be that one of them is not known."""

    __slots__ = ("by_unknown", "problem")

    def __init__(
        self, message: str, location: Location, details: tuple[str, ...], types: "Sequence[Type | None]"
    ) -> None:
        self.problem = Problem("rego_type_error", message, location, details=details)
        self.by_unknown = any(map(is_unknown, types))


class CallCheck:
    """Checks calls and equalities; variables in them get types."""

    def __init__(self, terms: TermTypes, unifier: Unifier) -> None:
        self._terms = terms
        self._types = terms.types
        self._unifier = unifier

    def equal(self, location: Location, left: Term, right: Term, layer: Layer) -> Mismatch | None:
        """Two sides that can never be equal, if they are."""
        left_type, right_type = self._terms.of(left, layer), self._terms.of(right, layer)
        if self._unifier.equal(left, left_type, right, right_type, layer):
            return None
        details = match_lines(left_type, right_type)
        return Mismatch("match error", location, details, (left_type, right_type))

    def call(self, call: Call, arguments: Sequence[Term], layer: Layer) -> Mismatch | None:
        """A call with arguments of types that its function does not take; a last one may be its result."""
        function = self._terms.function(call.function, layer)
        name = function_name(call.function)
        if not isinstance(function, FunctionType):
            if function is ANY:
                return None
            # A rule `f() = 1` is no function: it has no arguments.
            return Mismatch(f"undefined function {name}", call.location, (), ())
        if name in ("internal.member_2", "internal.member_3"):
            mismatch = self._member(call, layer)
            if mismatch is not None:
                return mismatch
        wanted = function_arguments(function)
        if not len(function.arguments) <= len(arguments) <= len(wanted):
            return None
        have = [self._terms.of(argument, layer) for argument in arguments]
        for argument, type, want in zip(arguments, have, wanted, strict=False):
            if not is_unknown(type):
                if not self._types.unifies(type, want):
                    return self._wrong_arguments(call, name, have, function)
                if isinstance(argument, Var | Scalar):
                    continue
            if not self._unifier.fits(argument, want, layer):
                have = [self._terms.of(argument, layer) for argument in arguments]
                return self._wrong_arguments(call, name, have, function)
        return None

    def _wrong_arguments(
        self, call: Call, name: str, have: "list[Type | None]", function: FunctionType
    ) -> Mismatch:
        details = argument_lines(self._types, have, function, with_result=True)
        return Mismatch(f"{name}: invalid argument(s)", call.location, details, have)

    def _member(self, call: Call, layer: Layer) -> Mismatch | None:
        """`k, v in xs`: what is looked for must be able to occur in the collection."""
        *looked_for, collection = call.arguments
        type = self._terms.of(collection, layer)
        values = self._types.values(type)
        if values is None:
            return None
        wanted = [values] if len(looked_for) == 1 else [self._types.keys(type), values]
        for term, want in zip(looked_for, wanted, strict=True):
            if is_unknown(want):
                continue
            have = self._terms.of(term, layer)
            possible = is_unknown(have) or self._types.unifies(have, want)
            if not possible or not self._unifier.fits(term, want, layer):
                return Mismatch("match error", call.location, match_lines(have, want), (have, want))
        return None


def function_name(function: Ref) -> str:
    """The name of a function as messages have it."""
    return operator_name(function) or dotted(function)
