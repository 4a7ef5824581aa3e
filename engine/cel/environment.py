"""What an expression may name: variables with their types, functions, and types as values."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final

from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.types import (
    BOOL,
    BYTES,
    CIDR,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    IP,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    ObjectType,
    Type,
    list_of,
    map_of,
)
from lockgate.engine.record import record

# Types that Kubernetes 1.34 lets an expression name; other opaque ones have no name there.
NAMED_TYPES: Final[Mapping[str, AnyType]] = {
    "bool": BOOL,
    "bytes": BYTES,
    "double": DOUBLE,
    "int": INT,
    "list": list_of(DYN),
    "map": map_of(DYN, DYN),
    "null_type": NULL,
    "string": STRING,
    "type": Type("type"),
    "uint": UINT,
    "optional_type": Type("optional_type"),
    "google.protobuf.Duration": DURATION,
    "google.protobuf.Timestamp": TIMESTAMP,
    "net.CIDR": CIDR,
    "net.IP": IP,
}


@record
class Environment:
    """All by name. A variable's name may have dots, as `authorizer.requestResource` has.

    macros: those that are declared beside Kubernetes' own: `bind`. fingerprint: a digest of all that decides how an
    expression is checked.
    """

    variables: Mapping[str, AnyType]
    functions: Mapping[str, Function]
    types: Mapping[str, AnyType]
    macros: frozenset[str] = frozenset()
    fingerprint: bytes = b""

    def extended(
        self,
        *,
        variables: Mapping[str, AnyType] | None = None,
        functions: Iterable[Function] = (),
        macros: Iterable[str] = (),
    ) -> "Environment":
        """This and more: variables in place of others of the name, overloads beside those of a function of the name.

        Raises ValueError for an overload that is declared twice.
        """
        added = variables or {}
        new = tuple(functions)
        objects = _object_types(added.values())
        digest = sha256(self.fingerprint)
        added_macros = sorted(macros)
        for part in [*_described(added, new, objects), *added_macros]:
            digest.update(part.encode() + b"\n")
        return Environment(
            {**self.variables, **added},
            _merged([*self.functions.values(), *new]),
            {**self.types, **objects},
            self.macros | frozenset(added_macros),
            digest.digest(),
        )


def make_environment(
    functions: Iterable[Function], variables: Mapping[str, AnyType] | None = None
) -> Environment:
    """An environment with the types that Kubernetes names. Raises ValueError for an overload that is declared twice."""
    return Environment({}, {}, NAMED_TYPES).extended(variables=variables, functions=functions)


def _merged(functions: Iterable[Function]) -> Mapping[str, Function]:
    found: dict[str, list[Overload]] = {}
    for function in functions:
        found.setdefault(function.name, []).extend(function.overloads)
    for name, overloads in found.items():
        if len({one.id for one in overloads}) < len(overloads):
            raise ValueError(f"an overload of {name} is declared twice")
    return {name: Function(name, tuple(overloads)) for name, overloads in found.items()}


def _described(
    variables: Mapping[str, AnyType], functions: Iterable[Function], objects: Mapping[str, ObjectType]
) -> Iterator[str]:
    for name, one in sorted(variables.items()):
        yield f"variable {name} {one}"
    for name, declared in sorted(objects.items()):
        yield f"object {name} {', '.join([f'{field} {one}' for field, one in declared.fields])}"
    for function in functions:
        for overload in function.overloads:
            given = ", ".join([str(one) for one in overload.parameters])
            yield f"{function.name} {overload.id} {overload.receiver} {given} {overload.result}"


def _object_types(types: Iterable[AnyType]) -> Mapping[str, ObjectType]:
    """The declared objects among the types and in their parts, by name."""
    found: dict[str, ObjectType] = {}
    waiting = list(types)
    while waiting:
        one = waiting.pop()
        if isinstance(one, ObjectType):
            if one.name not in found:
                found[one.name] = one
                waiting.extend([type_ for _, type_ in one.fields])
        elif isinstance(one, Type):
            waiting.extend(one.parameters)
    return found
