"""What quotas charge for an object: the claims library's word on it, with what other objects say.

How claims are counted, only the Rego in `policies/lib/quota.rego` says. What it cannot know, templates that other objects
hold and the devices that a selector reaches, is asked for here and given to it.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.record import record
from lockgate.gatekeeper.quotas.device_quota import DeviceQuota
from lockgate.webhook.claims.asked import (
    Amount,
    Unreadable,
    read_amount,
    read_objects,
    read_path,
    read_selectors,
    read_text,
    read_unreadable,
)
from lockgate.webhook.claims.library import ClaimsLibrary

Object = dict[str, Value]


@record
class Charges:
    """Amounts by dimension, as `lib.lockgate.quota` has them.

    own: for the object itself when it is created. predicted: for the pods and claims that follow. places: where a dimension is
    asked for first. seconds: for how long what is charged for the object itself may be held. refused: what cannot be counted or may
    not be asked for. missing: names of templates of claims that are not known.
    """

    own: Mapping[str, Amount]
    predicted: Mapping[str, Amount]
    places: Mapping[str, Path]
    seconds: Amount
    refused: tuple[Unreadable, ...]
    missing: tuple[str, ...]


@record
class Places:
    """What a request can reach: how many devices, whose drivers', and which products."""

    devices: int
    drivers: tuple[str, ...]
    products: tuple[str, ...]


class Reach(Protocol):
    """Knows the devices of a cluster."""

    def places(self, class_name: str, selectors: tuple[str, ...], attribute: str) -> Places | None:
        """What a request for a class with selectors of its own can reach; None where that cannot be told.

        attribute: names the product of a device.
        """
        ...


@record
class Known:
    """What other objects say. templates: ResourceClaimTemplates by namespace and name. classes: those that serve a resource.

    workloads: what has a number of replicas, by namespace, kind and name. reach: knows the devices; None where nobody does.
    """

    templates: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    reach: Reach | None = None
    workloads: Mapping[tuple[str, str, str], Object] = field(default_factory=dict)


@record
class Target:
    """What a HorizontalPodAutoscaler scales. most: its `maxReplicas`."""

    kind: str
    name: str
    most: Value


def target_of(value: Object) -> Target | None:
    """The target of a HorizontalPodAutoscaler; None for any other object."""
    version = value.get("apiVersion")
    if value.get("kind") != "HorizontalPodAutoscaler" or not str(version).startswith("autoscaling/"):
        return None
    spec = _mapping(value.get("spec"))
    target = _mapping(spec.get("scaleTargetRef"))
    return Target(read_text(target.get("kind")), read_text(target.get("name")), spec.get("maxReplicas"))


@final
class Charger:
    """Says what objects are charged, under what is known of the others."""

    def __init__(self, library: ClaimsLibrary, known: Known) -> None:
        self._library = library
        self._known = known
        # What each claim of a template is charged, by template and way of counting.
        self._each: dict[tuple[tuple[str, str], object], Object] = {}

    def charge_scaled(
        self, target: "Target", replicas: Value, namespace: str, quota: DeviceQuota
    ) -> Charges | None:
        """What the target of an autoscaler asks for with so many replicas (None: with its own); None where nobody knows the target."""
        value = self._known.workloads.get((namespace, target.kind, target.name))
        if value is None:
            return None
        if replicas is None:
            return self.charge(value, namespace, quota)
        return self.charge(
            {**value, "spec": {**_mapping(value["spec"]), "replicas": replicas}}, namespace, quota
        )

    def charge(self, value: Object, namespace: str, quota: DeviceQuota, user: str = "") -> Charges:
        """The charges of an object in a namespace, as a quota counts. Raises EvaluationError where it is too large to be read."""
        return _read_charges(self._ask(value, namespace, quota, user))

    def _ask(self, value: Object, namespace: str, quota: DeviceQuota, user: str) -> Object:
        known: Object = {"classes": dict(self._known.classes)}
        answer = self._library.ask(value, _parameters(quota, known), user)
        reach = self._reach(answer, quota)
        templates: Object = {}
        for one in read_objects(answer["missing"]):
            name = read_text(one["name"])
            each = self._each_of((namespace, name), quota)
            if each is not None:
                templates[name] = each
        if not (reach or templates):
            return answer
        return self._library.ask(
            value, _parameters(quota, {**known, "reach": reach, "templates": templates}), user
        )

    def _each_of(self, key: tuple[str, str], quota: DeviceQuota) -> Object | None:
        template = self._known.templates.get(key)
        if template is None:
            return None
        memo = (key, (quota.counting, quota.attribute, _needs_reach(quota)))
        if memo not in self._each:
            found = self._ask(template, key[0], quota, "")["each"]
            self._each[memo] = found if type(found) is dict else {}
        return self._each[memo]

    def _reach(self, answer: Object, quota: DeviceQuota) -> list[Value]:
        """What the requests of an object can reach, where the quota goes by that."""
        if self._known.reach is None or not _needs_reach(quota):
            return []
        found: list[Value] = []
        for one in read_objects(answer["asked"]):
            selectors = read_selectors(one["selectors"])
            places = self._known.reach.places(read_text(one["class"]), selectors, quota.attribute)
            if places is not None:
                drivers: list[Value] = [*places.drivers]
                products: list[Value] = [*places.products]
                path = one["path"]
                found.append(
                    {"path": path, "devices": places.devices, "drivers": drivers, "products": products}
                )
        return found


def _needs_reach(quota: DeviceQuota) -> bool:
    return quota.counting.all == "resolve" or quota.counts("drivers") or quota.counts("products")


def _parameters(quota: DeviceQuota, known: Object) -> Object:
    return {"quota": quota.counting.options(), "known": known}


def _read_charges(answer: Object) -> Charges:
    return Charges(
        _amounts(answer["own"]),
        _amounts(answer["predicted"]),
        {name: read_path(path) for name, path in _mapping(answer["places"]).items()},
        read_amount(answer["seconds"]),
        read_unreadable(answer["refused"]),
        tuple([read_text(one["name"]) for one in read_objects(answer["missing"])]),
    )


def _amounts(value: Value) -> dict[str, Amount]:
    return {name: read_amount(amount) for name, amount in _mapping(value).items()}


def _mapping(value: Value) -> Object:
    return value if type(value) is dict else {}
