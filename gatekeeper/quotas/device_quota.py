"""The kind DeviceQuota: ceilings on devices, for a scope.

Where several quotas are about one object, all of them must hold. `mode: Kubernetes` counts as ResourceQuota does; `Strict` says
itself what `allocationMode: All`, alternatives and administrative access count.
"""

from hashlib import sha256
from typing import Final, Literal, TypeVar, get_args

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.quota.amounts import MAX_LIMIT, MAX_NAME
from lockgate.engine.quota.windows import PERIODS, Period
from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, parse_span
from lockgate.gatekeeper.exemptions.selection import only_fields
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.labels import is_label_key, is_subdomain
from lockgate.gatekeeper.quotas.kinds import API_VERSION, DEVICE_QUOTA
from lockgate.gatekeeper.quotas.scope import Scope, parse_scope

Mode = Literal["Kubernetes", "Strict"]
All = Literal["resolve", "32", "deny"]
FirstAvailable = Literal["each", "max-cost"]
Admin = Literal["charge", "zero", "deny"]
T = TypeVar("T", bound=str)

# One object is compared with each.
MAX_CEILINGS: Final = 200
# What a limit is about, by the field that names it, and the family of its dimension.
_FAMILIES: Final = {"class": "devices", "driver": "drivers", "product": "products", "resource": "resources"}
# What drivers call the product of a device, as a rule.
PRODUCT: Final = "productName"
CLAIMS: Final = "objects/claims"
_CEILINGS: Final = ("hard", "soft")
_HOUR_S: Final = 3_600


@record
class Ceiling:
    """What there may be of a dimension. hard: above it nothing is admitted; soft: above it one is warned. None: there is none.

    period: of what is counted over time, in device-seconds; None for what is held at one time.
    """

    dimension: str
    hard: int | None
    soft: int | None
    period: Period | None = None


@record
class Counting:
    """How claims are counted. most_run_s: for how long devices are held at most, None where nothing bounds it."""

    mode: Mode = "Kubernetes"
    all: All = "32"
    first_available: FirstAvailable = "each"
    admin: Admin = "charge"
    most_run_s: int | None = None

    def options(self) -> dict[str, Value]:
        """The parameters of `lib.lockgate.quota`."""
        return {
            "all": self.all,
            "first": self.first_available,
            "admin": self.admin,
            "pods": "classes" if self.mode == "Strict" else "resources",
            "seconds": self.most_run_s,
        }


@record
class DeviceQuota:
    """A checked DeviceQuota. attribute: of devices, the one that names their product. digest: SHA-256 (hex) over name and spec."""

    name: str
    scope: Scope
    counting: Counting
    attribute: str
    ceilings: tuple[Ceiling, ...]
    digest: str

    def counts(self, family: Literal["drivers", "products"]) -> bool:
        """Is there a ceiling for a driver, or for a product?"""
        return any(one.dimension.startswith(f"{family}/") for one in self.ceilings)

    def holder(self, part: str) -> str:
        """The name of what counts together, as the ledger has it: the quota's, and the part of its scope if it has any."""
        return f"{self.name}/{part}" if part else self.name


def parse_device_quota(document: Document) -> DeviceQuota:
    """Reads a DeviceQuota strictly. Raises PolicyError or PolicyErrors, with the place."""
    return read_device_quota(root(document))


def read_device_quota(top: Field) -> DeviceQuota:
    """The same of one that stands in another object."""
    version = top.get("apiVersion")
    if version.string() != API_VERSION:
        version.refuse(f"unsupported version {version.string()!r}", f"write {API_VERSION}")
    if top.get("kind").string() != DEVICE_QUOTA:
        top.get("kind").refuse(f"{top.get('kind').name} is no {DEVICE_QUOTA}", f"write {DEVICE_QUOTA}")
    only_fields(top, "apiVersion", "kind", "metadata", "spec", "status")
    name = top.at("metadata", "name")
    if not is_subdomain(name.string()):
        name.refuse(
            f"{name.string()!r} is no name for a DeviceQuota", "lower-case letters, digits, '-' and '.'"
        )
    spec = top.get("spec")
    only_fields(spec, "scope", "mode", "strict", "limits", "windows", "maxRunTime", "productAttribute")
    ceilings = (*map(_limit, spec.get("limits").items()), *map(_window, spec.get("windows").items()))
    if not ceilings:
        spec.refuse("the DeviceQuota limits nothing", "list what is limited in spec.limits or spec.windows")
    if len(ceilings) > MAX_CEILINGS:
        spec.refuse(
            f"the DeviceQuota has {len(ceilings)} limits, and may have {MAX_CEILINGS}", "make several"
        )
    _refuse_twice(spec, ceilings)
    digest = sha256(render_json({"name": name.string(), "spec": spec.value}).encode("utf-8", "surrogatepass"))
    return DeviceQuota(
        name.string(),
        parse_scope(spec.get("scope")),
        _counting(spec),
        _attribute(spec.get("productAttribute")),
        ceilings,
        digest.hexdigest(),
    )


def _attribute(field: Field) -> str:
    if field.absent:
        return PRODUCT
    name = field.string()
    # Attributes are named as labels are, but for the characters of identifiers.
    if not is_label_key(name):
        field.refuse(f"{field.name} is no name of an attribute", "such as productName, or example.com/model")
    return name


def _counting(spec: Field) -> Counting:
    mode, strict, longest = spec.get("mode"), spec.get("strict"), spec.get("maxRunTime")
    most_run_s = None if longest.absent else parse_span(longest) // SECOND_NS
    if _choice(mode, get_args(Mode), "Kubernetes") == "Kubernetes":
        if not strict.absent:
            strict.refuse(f"{strict.name} is for mode: Strict", "remove it, or set spec.mode to Strict")
        return Counting(most_run_s=most_run_s)
    only_fields(strict, "all", "firstAvailable", "admin")
    every: tuple[All, ...] = get_args(All)
    first: tuple[FirstAvailable, ...] = get_args(FirstAvailable)
    admin: tuple[Admin, ...] = get_args(Admin)
    return Counting(
        "Strict",
        _choice(strict.get("all"), every, "resolve"),
        _choice(strict.get("firstAvailable"), first, "each"),
        _choice(strict.get("admin"), admin, "deny"),
        most_run_s,
    )


def _choice(field: Field, choices: tuple[T, ...], otherwise: T) -> T:
    if field.absent:
        return otherwise
    # YAML reads 32 as a number, and both mean the same.
    text = str(field.value) if type(field.value) is int else field.string()
    for one in choices:
        if one == text:
            return one
    field.refuse(f"{field.name} is {text!r}", f"write one of {', '.join(choices)}")


def _limit(item: Field) -> Ceiling:
    only_fields(item, *_FAMILIES, "objects", *_CEILINGS)
    named = [name for name in (*_FAMILIES, "objects") if not item.get(name).absent]
    if len(named) != 1:
        item.refuse(
            f"{item.name} is about {' and '.join(named) or 'nothing'}",
            f"give one of {', '.join((*_FAMILIES, 'objects'))}",
        )
    field = item.get(named[0])
    if named[0] == "objects":
        if field.string() != "claims":
            field.refuse(f"{field.name} is {field.string()!r}", "write claims, the number of ResourceClaims")
        dimension = CLAIMS
    else:
        dimension = f"{_FAMILIES[named[0]]}/{_name(field)}"
    return Ceiling(dimension, *_numbers(item, MAX_LIMIT, 1))


def _window(item: Field) -> Ceiling:
    only_fields(item, "class", "every", "gpuHours")
    every, hours = item.get("every"), item.get("gpuHours")
    period: Period = _choice(every, PERIODS, "week")
    if every.absent:
        item.refuse(f"{item.name} has no window", f"set every to one of {', '.join(PERIODS)}")
    only_fields(hours, *_CEILINGS)
    dimension = f"gpu-seconds/{_name(item.get('class'))}"
    return Ceiling(dimension, *_numbers(hours, MAX_LIMIT // _HOUR_S, _HOUR_S), period)


def _name(field: Field) -> str:
    """A name as it stands in objects; what it may be is theirs."""
    name = field.string()
    if not name or not name.isprintable() or len(name.encode("utf-8", "surrogatepass")) > MAX_NAME // 2:
        field.refuse(f"{field.name} is empty or no name", f"use 1 to {MAX_NAME // 2} printable bytes")
    return name


def _numbers(item: Field, most: int, times: int) -> tuple[int | None, int | None]:
    """The ceilings hard and soft of an entry."""
    found = [_number(item.get(name), most) for name in _CEILINGS]
    hard, soft = [None if one is None else one * times for one in found]
    if hard is None and soft is None:
        item.refuse(f"{item.name} has no ceiling", "set hard, soft, or both")
    if hard is not None and soft is not None and soft > hard:
        item.get("soft").refuse(f"{item.get('soft').name} is above hard", "one would never be warned")
    return hard, soft


def _number(field: Field, most: int) -> int | None:
    value = field.value
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:
        field.refuse(
            f"{field.name} is no whole number from 0 to {most}", "write a number of devices, objects or hours"
        )
    return value


def _refuse_twice(spec: Field, ceilings: tuple[Ceiling, ...]) -> None:
    limits = len(spec.get("limits").items())
    seen: set[str] = set()
    for place, one in enumerate(ceilings):
        at = spec.at("limits", place) if place < limits else spec.at("windows", place - limits)
        if one.dimension in seen:
            # Of one dimension a ledger counts one window.
            at.refuse(f"{at.name} limits {one.dimension} again", "keep one, or make a quota of its own")
        seen.add(one.dimension)
