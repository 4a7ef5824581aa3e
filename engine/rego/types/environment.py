"""What is known of documents and variables at a place in a policy: layers, of which the nearest decides."""

from collections.abc import Iterator, Sequence

from lockgate.engine.codegen.values import Key, Object, Set, Undefined, Value, key
from lockgate.engine.rego.types.compatibility import Types
from lockgate.engine.rego.types.lattice import ANY, STRING, ObjectType, Property, SetType, Type, UnionType
from lockgate.engine.rego.types.table import MAX_DEPTH

# The name of a place below another; UNDEFINED is one that is not known.
Name = Value | Undefined
# A place of a document: the names of those on the way.
Path = Sequence[Name]


class TypeNode:
    """A place of a document: its type, if rules give it one, and the places below it, by the key of their names.

    `whole` is the type of all that is below it, while that stays as it is.
    """

    __slots__ = ("below", "name", "type", "whole")

    def __init__(self, name: Name = None) -> None:
        self.name = name
        self.type: Type | None = None
        self.whole: Type | None = None
        self.below: dict[Key, TypeNode] = {}

    def child(self, name: Name) -> "TypeNode":
        """The place of a name below, made if it is missing, for a change of it. To one that is not known none leads."""
        self.whole = None
        name_key = name if isinstance(name, str | Undefined) else key(name)
        found = self.below.get(name_key)
        if found is None:
            found = self.below[name_key] = TypeNode(name)
        return found

    def at(self, path: Path) -> "TypeNode":
        """The place at a path, made if it is missing."""
        node = self
        for name in path:
            node = node.child(name)
        return node

    def leaves(self) -> Iterator[tuple[list[Name], Type]]:
        """The nearest places below that have types, each with its path from here."""
        stack: list[tuple[list[Name], TypeNode]] = [([], self)]
        while stack:
            path, node = stack.pop()
            if path and node.type is not None:
                yield path, node.type
            else:
                stack.extend(([*path, child.name], child) for child in node.below.values())


class Layer:
    """What one scope knows: the types of its variables, and those of the documents `data` and `input`.

    `variables` is shared with the layer above where a statement stands under `with`: what it binds outlives it.
    """

    __slots__ = ("documents", "outer", "variables")

    def __init__(
        self,
        outer: "Layer | None",
        variables: dict[str, Type] | None = None,
        documents: dict[str, TypeNode] | None = None,
    ) -> None:
        self.outer = outer
        self.variables: dict[str, Type] = {} if variables is None else variables
        self.documents = documents

    def variable(self, name: str) -> Type | None:
        """The type of a variable, if it is known."""
        layer: Layer | None = self
        while layer is not None:
            found = layer.variables.get(name)
            if found is not None:
                return found
            layer = layer.outer
        return None

    def roots(self, name: str) -> Iterator[TypeNode]:
        """What this layer and those around it know of a document, nearest first."""
        layer: Layer | None = self
        while layer is not None:
            if layer.documents is not None:
                root = layer.documents.get(name)
                if root is not None and (root.below or root.type is not None):
                    yield root
            layer = layer.outer


def whole_type(types: Types, node: TypeNode, depth: int = 0) -> Type:
    """The type of all that is at and below a place: its rules' documents, and base data of any type."""
    known = node.type or node.whole
    if known is not None:
        return known
    if depth > MAX_DEPTH:
        return ANY
    static: dict[Key, Property] = {}
    for name_key, child in node.below.items():
        if child.name is not None and not isinstance(child.name, Undefined | list | dict | Set | Object):
            static[name_key] = Property(child.name, whole_type(types, child, depth + 1))
    node.whole = types.object(static, (STRING, ANY))
    return node.whole


def insert(types: Types, root: TypeNode, path: Path, type: Type) -> None:
    """Adds the type that a rule gives to a place, to what other rules give there, above and below."""
    node = root
    for depth, name in enumerate(path, start=1):
        node = node.child(name)
        if isinstance(node.type, ObjectType) and depth < len(path):
            node.type = _with_member(types, node.type, path[depth:], type)
    node.type = _merged(types, node.type, type)
    if isinstance(type, ObjectType):
        for below, leaf in node.leaves():
            # A document above its parts knows their types too.
            if isinstance(node.type, ObjectType):
                node.type = _with_member(types, node.type, below, leaf)


def _with_member(types: Types, object: ObjectType, path: Path, type: Type) -> Type:
    """The type of an object that may also have a member of a type at a path inside of it."""
    name, *rest = [None if isinstance(part, Undefined) else types.of_constant(part) for part in path]
    inner: Type | None = type
    for part in reversed(rest):
        inner = types.object({}, (part, inner))
    dynamic = (name, inner)
    if object.dynamic is not None:
        dynamic = (types.either(object.dynamic[0], name) or name, types.either(object.dynamic[1], inner))
    return types.object(object.static, dynamic)


def _merged(types: Types, left: Type | None, right: Type | None) -> Type | None:
    """The type of a document to which two rules contribute."""
    if left is None or right is None or left is right:
        return right if left is None else left
    if isinstance(left, UnionType) and not isinstance(right, UnionType):
        left, right = right, left
    if isinstance(left, ObjectType) and not left.static:
        if isinstance(right, ObjectType) and not right.static:
            return _merged_objects(types, left, right)
        if isinstance(right, UnionType) and left.dynamic is not None:
            return _merged_into(types, left, right)
    if isinstance(left, SetType) and isinstance(right, SetType):
        return types.set(types.either(left.of, right.of))
    return types.either(left, right)


def _merged_objects(types: Types, left: ObjectType, right: ObjectType) -> Type:
    if left.dynamic is None or right.dynamic is None:
        return right if left.dynamic is None else left
    keys = types.either(left.dynamic[0], right.dynamic[0])
    return types.object({}, (keys, _merged(types, left.dynamic[1], right.dynamic[1])))


def _merged_into(types: Types, object: ObjectType, union: UnionType) -> Type | None:
    """A union to which an object without fixed members is added: its first object of that kind takes it in."""
    assert object.dynamic is not None
    for member in union.members:
        if isinstance(member, ObjectType) and not member.static and member.dynamic is not None:
            dynamic = tuple(
                [types.either(*pair) for pair in zip(member.dynamic, object.dynamic, strict=True)]
            )
            merged = types.object({}, (dynamic[0], dynamic[1]))
            return types.any_of([merged if other is member else other for other in union.members])
    return types.either(object, union)
