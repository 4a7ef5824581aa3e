"""Types of CEL, as the checker sees them."""

from typing import Final

from lockgate.engine.record import record


@record
class Type:
    """A type without parameters, or with some: `list(T)`, `map(K, V)`, `type(T)`, `optional_type(T)`."""

    name: str
    parameters: "tuple[AnyType, ...]" = ()

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        return f"{self.name}({', '.join([str(one) for one in self.parameters])})"


@record
class TypeVariable:
    """A type that an overload leaves open, such as `T`; the same in all of its places."""

    name: str

    def __str__(self) -> str:
        return self.name


@record
class ObjectType:
    """An object whose fields are declared, such as `request`; anything else in it is an error of the checker."""

    name: str
    fields: "tuple[tuple[str, AnyType], ...]"

    def __str__(self) -> str:
        return self.name


AnyType = Type | TypeVariable | ObjectType

DYN: Final = Type("dyn")
# A value of unknown type in a message; `dyn` in all but its name.
ANY: Final = Type("any")
ERROR: Final = Type("!error!")
NULL: Final = Type("null_type")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
DURATION: Final = Type("google.protobuf.Duration")
TIMESTAMP: Final = Type("google.protobuf.Timestamp")
QUANTITY: Final = Type("kubernetes.Quantity")
URL: Final = Type("kubernetes.URL")
IP: Final = Type("net.IP")
CIDR: Final = Type("net.CIDR")
SEMVER: Final = Type("kubernetes.Semver")
FORMAT: Final = Type("kubernetes.NamedFormat")


def list_of(item: AnyType) -> Type:
    """`list(item)`."""
    return Type("list", (item,))


def map_of(key: AnyType, value: AnyType) -> Type:
    """`map(key, value)`."""
    return Type("map", (key, value))


def optional_of(value: AnyType) -> Type:
    """`optional_type(value)`."""
    return Type("optional_type", (value,))


def type_of(one: AnyType) -> Type:
    """The type of a type."""
    return Type("type", (one,))
