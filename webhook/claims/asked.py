"""What one object asks for, as the claims library says it, in types."""

from typing import Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.record import record
from lockgate.webhook.report import Resource

# A number, or why there is none: nothing bounds it, or something outside of the object decides.
Amount = int | Literal["unbounded", "unknown"]
Outcome = Literal["passes", "violated", "exempt", "not evaluated", "failed"]


@record
class Charge:
    """One charge: a class in a request, or a resource of a pod. `total` is `devices` for all claims or pods."""

    path: Path
    name: str
    how: str
    class_name: str
    resource: str
    devices: Amount
    pods: Amount
    total: Amount
    selectors: tuple[str, ...]


@record
class Named:
    """A claim that a pod or a group of pods names. `pods`: for how many of them at one time."""

    path: Path
    name: str
    is_template: bool
    reference: str
    used: bool
    pods: Amount


@record
class DeviceClass:
    """A class: what it selects (None: an expression that is none), and the resource that it serves (or "")."""

    name: str
    selectors: tuple[str, ...]
    extended_resource: str


@record
class Unreadable:
    """What cannot be read as a request."""

    path: Path
    what: str
    fix: str


@record
class RuleOutcome:
    """What came of one rule for the object; `rule` is KIND/NAME of its constraint."""

    rule: str
    outcome: Outcome


@record
class Asked:
    """An object and what it asks for."""

    file: str
    line: int
    resource: Resource
    charges: tuple[Charge, ...]
    named: tuple[Named, ...]
    classes: tuple[DeviceClass, ...]
    unreadable: tuple[Unreadable, ...]
    # Texts of which pods are made later: only those pods tell what they ask for.
    undecidable: tuple[Path, ...] = ()
    rules: tuple[RuleOutcome, ...] = ()

    @property
    def is_claim(self) -> bool:
        """Is it a claim or a template of claims?"""
        return self.resource.kind in (
            "ResourceClaim",
            "ResourceClaimTemplate",
        ) and self.resource.api_version.startswith("resource.k8s.io/")

    def says_nothing(self) -> bool:
        """Does it ask for nothing, and is it nothing that others ask for?"""
        told = self.charges or self.named or self.classes or self.unreadable or self.undecidable
        return not (told or self.is_claim)


def read_asked(
    answer: dict[str, Value], file: str, line: int, resource: Resource, rules: tuple[RuleOutcome, ...]
) -> Asked:
    """The library's answer in types."""
    return Asked(
        file,
        line,
        resource,
        tuple([_charge(one) for one in read_objects(answer["charges"])]),
        tuple([_named(one) for one in read_objects(answer["named"])]),
        tuple([_class(one) for one in read_objects(answer["classes"])]),
        read_unreadable(answer["unreadable"]),
        _paths(answer["undecidable"]),
        rules,
    )


def times(devices: Amount, pods: Amount) -> Amount:
    """The product, as `lib.lockgate.amounts` has it."""
    if devices == 0 or pods == 0:
        return 0
    if isinstance(devices, int) and isinstance(pods, int):
        return devices * pods
    return "unbounded" if "unbounded" in (devices, pods) else "unknown"


def added(first: Amount, second: Amount) -> Amount:
    """The sum, as `lib.lockgate.amounts` has it."""
    if isinstance(first, int) and isinstance(second, int):
        return first + second
    return "unbounded" if "unbounded" in (first, second) else "unknown"


def _charge(one: dict[str, Value]) -> Charge:
    return Charge(
        read_path(one["path"]),
        read_text(one["name"]),
        read_text(one["how"]),
        read_text(one["class"]),
        read_text(one["resource"]),
        read_amount(one["devices"]),
        read_amount(one["pods"]),
        read_amount(one["total"]),
        read_selectors(one["selectors"]),
    )


def _named(one: dict[str, Value]) -> Named:
    return Named(
        read_path(one["path"]),
        read_text(one["name"]),
        one["template"] is True,
        read_text(one["reference"]),
        one["used"] is True,
        read_amount(one["pods"]),
    )


def _class(one: dict[str, Value]) -> DeviceClass:
    return DeviceClass(
        read_text(one["name"]), read_selectors(one["selectors"]), read_text(one["extended_resource"])
    )


def read_unreadable(value: Value) -> tuple[Unreadable, ...]:
    """A list of what cannot be read."""
    return tuple(
        [
            Unreadable(read_path(one["path"]), read_text(one["what"]), read_text(one["fix"]))
            for one in read_objects(value)
        ]
    )


def read_objects(value: Value) -> list[dict[str, Value]]:
    """The objects of a list."""
    return [one for one in value if type(one) is dict] if type(value) is list else []


def read_path(value: Value) -> Path:
    """A path."""
    return tuple([part for part in value if isinstance(part, str | int)]) if type(value) is list else ()


def _paths(value: Value) -> tuple[Path, ...]:
    return tuple([read_path(one) for one in value]) if type(value) is list else ()


def read_text(value: Value) -> str:
    """The text; a value that is none is told by its type, since a name may be anything before a server has seen it."""
    return value if type(value) is str else "" if value is None else f"({type(value).__name__})"


def read_amount(value: Value) -> Amount:
    """An amount; whatever is none is unknown."""
    if type(value) is int:
        return value
    return "unbounded" if value == "unbounded" else "unknown"


def read_selectors(value: Value) -> tuple[str, ...]:
    """The CEL of selectors; one that cannot be read is "", which selects nothing."""
    return tuple([_expression(one) for one in value]) if type(value) is list else ()


def _expression(selector: Value) -> str:
    cel = selector.get("cel") if type(selector) is dict else None
    expression = cel.get("expression") if type(cel) is dict else None
    return expression if type(expression) is str else ""
