"""Unification of terms with types and with each other: what can never be equal, and what variables become."""

from lockgate.engine.codegen.values import Undefined, key
from lockgate.engine.rego.ast import ArrayTerm, ObjectTerm, Ref, SetTerm, Term, Var, shape
from lockgate.engine.rego.constant_terms import constant_value
from lockgate.engine.rego.term_parser import ROOTS
from lockgate.engine.rego.types.environment import Layer
from lockgate.engine.rego.types.lattice import (
    ANY,
    ArrayType,
    ObjectType,
    SetType,
    Type,
    UnionType,
    is_unknown,
    item_of,
)
from lockgate.engine.rego.types.terms import TermTypes


class Unifier:
    """Unifies terms in layers; variables whose types are not known get them."""

    def __init__(self, terms: TermTypes) -> None:
        self._terms = terms
        self._types = terms.types

    def equal(
        self, left: Term, left_type: Type | None, right: Term, right_type: Type | None, layer: Layer
    ) -> bool:
        """Can two terms be equal?"""
        if is_unknown(left_type):
            if not is_unknown(right_type):
                return self.fits(left, right_type, layer)
        elif is_unknown(right_type):
            return self.fits(right, left_type, layer)
        else:
            return self._types.unifies(left_type, right_type)
        decided = self._both_unknown(left, right, layer)
        if decided is not None:
            return decided
        # A variable takes over what is known of the other side.
        if _is_variable(left) and left_type is None and right_type is not None:
            return self.fits(left, right_type, layer)
        if _is_variable(right) and right_type is None and left_type is not None:
            return self.fits(right, left_type, layer)
        return False

    def _both_unknown(self, left: Term, right: Term, layer: Layer) -> bool | None:
        """The answer for two terms of unknown types, if their forms tell it."""
        if isinstance(left, ArrayTerm):
            return self._array_with(left, right, layer)
        if isinstance(left, ObjectTerm):
            return self._object_with(left, right, layer)
        if _is_variable(left):
            if _is_variable(right):
                return self._variable_with(left, right, layer)
            if isinstance(right, ArrayTerm):
                return self._array_with(right, left, layer)
            if isinstance(right, ObjectTerm):
                return self._object_with(right, left, layer)
            if isinstance(right, Ref):
                return self.fits(left, ANY, layer)
        elif isinstance(left, Ref) and _is_variable(right):
            return self.fits(right, ANY, layer)
        return None

    def _variable_with(self, one: Term, variable: Term, layer: Layer) -> bool:
        """A term takes any type, and a variable then the term's."""
        return self.fits(one, ANY, layer) and self.fits(variable, self._terms.of(one, layer), layer)

    def _array_with(self, array: ArrayTerm, other: Term, layer: Layer) -> bool:
        if isinstance(other, ArrayTerm):
            if len(array.items) != len(other.items):
                return False
            return all(self._pair(*pair, layer) for pair in zip(array.items, other.items, strict=True))
        return _is_variable(other) and self._variable_with(array, other, layer)

    def _object_with(self, object: ObjectTerm, other: Term, layer: Layer) -> bool:
        if isinstance(other, ObjectTerm):
            others = {shape(name): item for name, item in other.items}
            mine = {shape(name): item for name, item in object.items}
            if mine.keys() != others.keys():
                return False
            return all(self._pair(item, others[name], layer) for name, item in mine.items())
        return _is_variable(other) and self._variable_with(object, other, layer)

    def _pair(self, left: Term, right: Term, layer: Layer) -> bool:
        return self.equal(left, self._terms.of(left, layer), right, self._terms.of(right, layer), layer)

    def fits(self, term: Term, type: Type | None, layer: Layer) -> bool:
        """Can a term have a type? Variables in it whose types are not known get theirs."""
        if _is_variable(term):
            assert isinstance(term, Var)
            found = layer.variable(term.name)
            if found is not None:
                return self._types.unifies(found, type)
            if type is not None:
                layer.variables[term.name] = type
            return True
        return self._inside(term, type, layer, widen=False)

    def _widen(self, term: Term, type: Type | None, layer: Layer) -> bool:
        """As `fits`, for one of several types: variables get them all."""
        if _is_variable(term):
            assert isinstance(term, Var)
            wider = self._types.either(layer.variable(term.name), type)
            if wider is not None:
                layer.variables[term.name] = wider
            return True
        return self._inside(term, type, layer, widen=True)

    def _inside(self, term: Term, type: Type | None, layer: Layer, *, widen: bool) -> bool:
        if not isinstance(term, ArrayTerm | ObjectTerm | SetTerm):
            return self._types.unifies(self._terms.of(term, layer), type)
        if type is ANY:
            parts: list[Term] = []
            for item in term.items:
                parts.extend(item if isinstance(item, tuple) else (item,))
            for part in parts:
                self._widen(part, ANY, layer)
            return True
        if isinstance(type, UnionType):
            found = False
            for member in type.members:
                found = self._widen(term, member, layer) or found
            return found
        if isinstance(term, ArrayTerm):
            return isinstance(type, ArrayType) and self._array(term, type, layer, widen=widen)
        if isinstance(term, ObjectTerm):
            return isinstance(type, ObjectType) and self._object(term, type, layer, widen=widen)
        if not isinstance(type, SetType):
            return False
        step = self._widen if widen else self.fits
        return all(step(item, type.of, layer) for item in term.items)

    def _array(self, term: ArrayTerm, type: ArrayType, layer: Layer, *, widen: bool) -> bool:
        if len(term.items) != len(type.static) and type.dynamic is None:
            return False
        step = self._widen if widen else self.fits
        return all(step(item, item_of(type, index), layer) for index, item in enumerate(term.items))

    def _object(self, term: ObjectTerm, type: ObjectType, layer: Layer, *, widen: bool) -> bool:
        if len(term.items) != len(type.static) and (type.dynamic is None or type.dynamic[1] is None):
            return False
        step = self._widen if widen else self.fits
        for name, item in term.items:
            value = constant_value(name)
            if isinstance(value, Undefined):
                step(item, ANY, layer)
                continue
            child = self._types.member(type, value, key(value))
            if child is None or not step(item, child, layer):
                return False
        return True


def _is_variable(term: Term) -> bool:
    return isinstance(term, Var) and term.name not in ROOTS
