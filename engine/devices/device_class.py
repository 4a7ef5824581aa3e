"""DeviceClasses: what they select, and the extended resource that they serve."""

from collections.abc import Iterable

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record


@record
class DeviceClass:
    """A class. selectors: its expressions; None where one cannot be read. created: as the API server wrote it, or "".

    extended_resource: the name of the resource that it serves, or "".
    """

    name: str
    selectors: tuple[str, ...] | None
    extended_resource: str = ""
    created: str = ""


def parse_class(value: dict[str, Value]) -> DeviceClass:
    """Reads a DeviceClass of any version."""
    metadata, spec = _object(value.get("metadata")), _object(value.get("spec"))
    return DeviceClass(
        _text(metadata.get("name")),
        read_selectors(spec.get("selectors")),
        _text(spec.get("extendedResourceName")),
        _text(metadata.get("creationTimestamp")),
    )


def read_selectors(given: Value) -> tuple[str, ...] | None:
    """The expressions of a list of selectors; None where one has none: it would take what its author did not mean."""
    if given is None:
        return ()
    if type(given) is not list:
        return None
    found: list[str] = []
    for one in given:
        expression = _object(_object(one).get("cel")).get("expression")
        if type(expression) is not str:
            return None
        found.append(expression)
    return tuple(found)


def class_serving(resource: str, classes: Iterable[DeviceClass]) -> DeviceClass | None:
    """The class that serves an extended resource: of several the one created last, then the first by name."""
    serving = sorted([one for one in classes if one.extended_resource == resource], key=lambda one: one.name)
    return max(serving, key=lambda one: one.created, default=None)


def _object(value: Value) -> dict[str, Value]:
    return value if type(value) is dict else {}


def _text(value: Value) -> str:
    return value if type(value) is str else ""
