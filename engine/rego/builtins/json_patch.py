"""`json.patch`: JSON Patch (RFC 6902) on values, sets and keys of any type included."""

from typing import Final

from lockgate.engine.codegen.values import (
    UNDEFINED,
    Object,
    Set,
    Undefined,
    Value,
    equal,
    key,
    make_object,
    render_rego,
    type_name,
)
from lockgate.engine.rego.builtins.context import Context, reserve
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.json_paths import parse_path
from lockgate.engine.rego.builtins.lookup import lookup
from lockgate.engine.rego.builtins.objects import pairs_of
from lockgate.engine.rego.builtins.operands import array, machine_integer

# Steps of a path; each is a level that the patch copies.
_MAX_PATH: Final = 1_000


def json_patch(context: Context, value: Value, operations: Value) -> Value | Undefined:
    """The value after all operations: `add`, `remove`, `replace`, `move`, `copy` and `test`."""
    current: Value | Undefined = value
    for operation in array(operations, 2):
        current = _Patch(context, current).apply(operation)
    return current


class _Patch:
    """One operation on a document, which is copied where it changes; UNDEFINED is a removed document."""

    def __init__(self, context: Context, document: Value | Undefined) -> None:
        self.context = context
        self.document = document

    def apply(self, operation: Value) -> Value | Undefined:
        if type(operation) is not dict and type(operation) is not Object:
            raise BuiltinError(
                "must be an array of JSON-Patch objects, but at least one element is not an object"
            )
        path = self.path(operation, "path")
        kind = lookup(operation, "op")
        if isinstance(kind, Undefined):
            raise BuiltinError("missing required attribute 'op'")
        if type(kind) is not str:
            raise BuiltinError(f"attribute 'op' must be a string but found: {type_name(kind)}")
        if kind == "add":
            self.document = self.changed(self.document, path, self.value(operation))
        elif kind == "remove":
            self.document = self.changed(self.document, path, UNDEFINED)
        elif kind == "replace":
            self.document = self.changed(self.document, path, UNDEFINED)
            self.document = self.changed(self.document, path, self.value(operation))
        elif kind in ("move", "copy"):
            origin = self.path(operation, "from")
            moved = self.at(origin)
            if kind == "move":
                self.document = self.changed(self.document, origin, UNDEFINED)
            self.document = self.changed(self.document, path, moved)
        elif kind == "test":
            found = self.at(path)
            if not equal(found, self.value(operation)):
                raise BuiltinError(
                    f"value from EditTree != patch value.\n\nExpected: {render_rego(self.value(operation))}"
                    f"\n\nFound: {render_rego(found)}"
                )
        else:
            raise BuiltinError(f"unrecognized op: '{kind}'")
        return self.document

    def path(self, operation: Value, name: str) -> list[Value]:
        given = lookup(operation, name)
        if isinstance(given, Undefined):
            raise BuiltinError(f"missing required attribute '{name}'")
        steps = parse_path(given, 2)
        if len(steps) > _MAX_PATH:
            raise BuiltinError(f"a path of {len(steps)} steps")
        return steps

    def value(self, operation: Value) -> Value:
        given = lookup(operation, "value")
        if isinstance(given, Undefined):
            raise BuiltinError("missing required attribute 'value'")
        return given

    def at(self, path: list[Value]) -> Value:
        current: Value | Undefined = self.document
        for step in path:
            current = self.child(current, step)
        if isinstance(current, Undefined):
            raise BuiltinError("nil value encountered where composite value was expected")
        return current

    def child(self, parent: Value | Undefined, step: Value) -> Value:
        if isinstance(parent, Undefined):
            raise BuiltinError("nil value encountered where composite value was expected")
        if type(parent) is list:
            index = _index(step, len(parent))
            if not 0 <= index < len(parent):
                raise BuiltinError(f"path {index} does not exist in array term {_shown(parent)}")
            return parent[index]
        if type(parent) in (dict, Object, Set):
            found = lookup(parent, step)
            if isinstance(found, Undefined):
                raise BuiltinError(f"path {_shown(step)} does not exist in {_shown(parent)}")
            return found
        raise BuiltinError(f"expected composite type for path {_shown(step)}, found value: {_shown(parent)}")

    def changed(
        self, document: Value | Undefined, path: list[Value], value: Value | Undefined
    ) -> Value | Undefined:
        """The document with a value inserted at a path, or what is there removed."""
        if not path:
            if value is UNDEFINED and document is UNDEFINED:
                raise BuiltinError("deleted node encountered during delete operation")
            return value
        parents: list[Value] = []
        current: Value | Undefined = document
        for step in path[:-1]:
            child = self.child(current, step)
            assert not isinstance(current, Undefined)
            parents.append(current)
            current = child
        if isinstance(current, Undefined):
            raise BuiltinError("deleted node encountered")
        if isinstance(value, Undefined):
            made = self.removed(current, path[-1])
        else:
            made = self.inserted(current, path[-1], value)
        for parent, step in zip(reversed(parents), reversed(path[:-1]), strict=True):
            made = self.replaced(parent, step, made)
        return made

    def pay(self, parent: Value) -> None:
        if type(parent) is list or type(parent) is dict or type(parent) is Set or type(parent) is Object:
            reserve(self.context, len(parent))

    def inserted(self, parent: Value, step: Value, value: Value) -> Value:
        self.pay(parent)
        if type(parent) is list:
            index = _index(step, len(parent))
            if not 0 <= index <= len(parent):
                raise BuiltinError("index for array insertion out of bounds")
            return [*parent[:index], value, *parent[index:]]
        if type(parent) is Set:
            if not equal(step, value):
                raise BuiltinError(
                    f"set key {_shown(step)} does not equal value to be inserted {_shown(value)}"
                )
            return Set.of_members({**parent.members, key(value): value})
        return self.replaced(parent, step, value)

    def replaced(self, parent: Value, step: Value, value: Value) -> Value:
        self.pay(parent)
        if type(parent) is list:
            index = _index(step, len(parent))
            return [*parent[:index], value, *parent[index + 1 :]]
        if type(parent) is Set:
            members = {**parent.members}
            members.pop(key(step))
            members[key(value)] = value
            return Set.of_members(members)
        if type(parent) is dict and type(step) is str:
            return {**parent, step: value}
        if type(parent) is dict or type(parent) is Object:
            kept = [(k, v) for k, v in pairs_of(parent) if not equal(k, step)]
            return make_object([*kept, (step, value)])
        raise BuiltinError(f"expected composite type, found value: {_shown(parent)}")

    def removed(self, parent: Value, step: Value) -> Value:
        self.pay(parent)
        if type(parent) is list:
            index = _index(step, len(parent))
            if not 0 <= index < len(parent):
                raise BuiltinError("index for array delete out of bounds")
            return [*parent[:index], *parent[index + 1 :]]
        if type(parent) is not dict and type(parent) is not Object and type(parent) is not Set:
            raise BuiltinError(f"expected composite type, found value: {_shown(parent)}")
        if lookup(parent, step) is UNDEFINED:
            raise BuiltinError(f"cannot delete child key {_shown(step)} that does not exist")
        if type(parent) is Set:
            gone = key(step)
            return Set.of_members({name: item for name, item in parent.members.items() if name != gone})
        return make_object((k, v) for k, v in pairs_of(parent) if not equal(k, step))


def _shown(value: Value) -> str:
    text = render_rego(value)
    return text if len(text) <= 200 else text[:200] + "..."


def _index(step: Value, length: int) -> int:
    """The index that a step of a path names: a number, its digits, or `-` for the end."""
    if type(step) is str:
        if step == "-":
            return length
        digits = step.removeprefix("-").removeprefix("+")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            raise BuiltinError("invalid string for indexing")
        if step != "0" and step.startswith("0"):
            raise BuiltinError("leading zeros are not allowed in JSON paths")
        return int(step)
    if type(step) is bool or step is None or type(step) in (list, dict, Set, Object):
        raise BuiltinError("invalid type for indexing")
    try:
        return machine_integer(step, 2)
    except BuiltinError as error:
        raise BuiltinError("invalid number type for indexing") from error
