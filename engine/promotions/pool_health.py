"""Which pools of devices are healthy, by what a cluster says of its nodes, slices of devices and taints of devices.

A pool is all devices of one driver of DRA (`ResourceSlice.spec.driver`), or all of one extended resource (`nvidia.com/gpu`), of a cluster. It is
healthy while at most a share of the nodes that have such devices is struck: by a condition (of the kubelet or of Node Problem Detector), a taint of the
node, a taint of a device, devices that the kubelet does not hand out, or since the node, or a part of what it offers, is not there.
Kubernetes' documentation: Nodes / Node Status; Dynamic Resource Allocation / Device taints and tolerations.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.quantity_value import parse
from lockgate.engine.foreign_documents import Part
from lockgate.engine.record import record

# What Node Problem Detector and the GPU monitor that Lockgate documents report for good, besides the kubelet's own `Ready`.
FATAL_CONDITIONS: Final = frozenset(
    (
        "ContainerRuntimeUnhealthy",
        "CperHardwareErrorFatal",
        "DiskBadBlock",
        "GPUUnhealthy",
        "KernelDeadlock",
        "KubeletUnhealthy",
        "ReadonlyFilesystem",
        "XfsShutdown",
    )
)
# Set by Kubernetes itself. Other taints, such as `nvidia.com/gpu`, keep pods away from nodes that are well.
FATAL_TAINTS: Final = frozenset(
    (
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/out-of-service",
        "node.kubernetes.io/unreachable",
    )
)
# A taint of a device with another effect only informs.
_EFFECTS: Final = ("NoSchedule", "NoExecute")
# One node in ten may be out for repair.
SHARE: Final = 0.1
_MAX_OBJECTS: Final = 100_000
_MAX_PARTS: Final = 1_000
_MAX_TEXT: Final = 512


@record
class Struck:
    """A node that counts as unhealthy. why: one reason, which may be quoted. since: as the cluster spells it, "" where it does not say."""

    node: str
    why: str
    since: str = ""

    @property
    def told(self) -> str:
        """The reason, and since when."""
        return f"{self.why} since {self.since}" if self.since else self.why


@record
class PoolState:
    """What is known of a pool. nodes: how many have devices of it, at least one."""

    name: str
    nodes: int
    struck: tuple[Struck, ...]

    def is_healthy(self, share: float) -> bool:
        """Is at most this share of its nodes struck?"""
        return len(self.struck) <= share * self.nodes


@record
class FatalSigns:
    """What strikes a node, besides what always does. conditions: types whose status is not False; taints: keys."""

    conditions: frozenset[str] = FATAL_CONDITIONS
    taints: frozenset[str] = FATAL_TAINTS


def find_pools(objects: Iterable[Part], signs: FatalSigns) -> tuple[PoolState, ...]:
    """The pools of a cluster by its Nodes, ResourceSlices and DeviceTaintRules; other kinds are passed over. Raises InputError."""
    nodes: dict[str, Part] = {}
    slices: list[_Slice] = []
    rules: list[_Rule] = []
    for one in objects:
        kind = _text(one, "kind")
        if kind == "Node":
            nodes[one.get("metadata").get("name").text(_MAX_TEXT)] = one
        elif kind == "ResourceSlice":
            slices.append(_slice(one.get("spec")))
        elif kind == "DeviceTaintRule":
            rules += _rule(one.get("spec"))
    members: dict[str, dict[str, Struck | None]] = {}
    by_node = {name: _struck_node(name, node, signs) for name, node in nodes.items()}
    for name, node in nodes.items():
        for resource, struck in _extended(name, node):
            members.setdefault(resource, {})[name] = by_node[name] or struck
    for one_slice in _newest(slices):
        found = members.setdefault(one_slice.driver, {})
        known = found.get(one_slice.place)
        found[one_slice.place] = known or _struck_slice(one_slice, by_node, rules)
    return tuple(
        [
            PoolState(
                name,
                len(found),
                tuple([struck for _, struck in sorted(found.items()) if struck is not None]),
            )
            for name, found in sorted(members.items())
        ]
    )


def newest_heartbeat(objects: Iterable[Part]) -> str:
    """The newest `lastHeartbeatTime` of the nodes: about when they were read. "" where no node tells it. Raises InputError."""
    told = [
        _text(condition, "lastHeartbeatTime")
        for one in objects
        if _text(one, "kind") == "Node"
        for condition in _list(one.at("status", "conditions"))
    ]
    # All of one spelling, in UTC, so that they sort as text.
    return max(told, default="")


@record
class _Slice:
    """A part of what a driver offers. place: its node, or its pool where no single node has it. taints: (device, key, since)."""

    driver: str
    pool: str
    generation: int
    count: int
    node: str
    devices: tuple[str, ...]
    taints: tuple[tuple[str, str, str], ...]
    is_whole: bool = True

    @property
    def place(self) -> str:
        return self.node or f"pool {self.pool}"


@record
class _Rule:
    """A DeviceTaintRule that strikes: "" stands for any."""

    driver: str
    pool: str
    device: str
    key: str
    since: str


def _struck_node(name: str, node: Part, signs: FatalSigns) -> Struck | None:
    ready = False
    for condition in _list(node.at("status", "conditions")):
        kind, status = _text(condition, "type"), _text(condition, "status")
        since = _text(condition, "lastTransitionTime")
        if kind == "Ready":
            ready = True
            if status != "True":
                return Struck(name, f"Ready is {status or 'not told'}", since)
        elif kind in signs.conditions and status != "False":
            reason = _text(condition, "reason")
            return Struck(name, f"{kind} is {status or 'not told'}{f' ({reason})' if reason else ''}", since)
    for taint in _list(node.at("spec", "taints")):
        key = _text(taint, "key")
        if key in signs.taints:
            return Struck(name, f"taint {key}", _text(taint, "timeAdded"))
    return None if ready else Struck(name, "it does not say whether it is ready")


def _extended(name: str, node: Part) -> Iterator[tuple[str, Struck | None]]:
    """Extended resources of a node, each with what strikes it there."""
    capacity, allocatable = node.at("status", "capacity"), node.at("status", "allocatable")
    left = {} if allocatable is None else allocatable.mapping()
    for resource, told in sorted(({} if capacity is None else capacity.mapping()).items()):
        domain, slash, _ = resource.partition("/")
        if not slash or domain == "kubernetes.io" or domain.endswith(".kubernetes.io"):
            continue
        has, gives = _count(told), _count(left.get(resource, "0"))
        if has is None or gives is None:
            yield resource, Struck(name, f"how many {resource} it has cannot be read")
        elif has:
            yield (
                resource,
                Struck(name, f"{gives} of {has} {resource} are handed out") if gives < has else None,
            )


def _count(told: object) -> int | None:
    try:
        return parse(str(told)[:64]).integer
    except CelError:
        return None


def _newest(slices: Iterable[_Slice]) -> Iterator[_Slice]:
    """Those of the newest generation of each pool, told whether all of them are there: an older one is on its way out."""
    pools: dict[tuple[str, str], list[_Slice]] = {}
    for one in slices:
        pools.setdefault((one.driver, one.pool), []).append(one)
    for found in pools.values():
        newest = max(one.generation for one in found)
        current = [one for one in found if one.generation == newest]
        whole = all(one.count == len(current) for one in current)
        for one in current:
            yield _Slice(
                one.driver, one.pool, newest, one.count, one.node, one.devices, one.taints, is_whole=whole
            )


def _struck_slice(one: _Slice, nodes: Mapping[str, Struck | None], rules: Iterable[_Rule]) -> Struck | None:
    if one.node and one.node not in nodes:
        return Struck(one.place, "the node is not there")
    struck = nodes.get(one.node)
    if struck is not None:
        return struck
    if not one.is_whole:
        return Struck(one.place, f"not all slices of the pool {one.pool} are there")
    for device, key, since in one.taints:
        return Struck(one.place, f"device {device} has the taint {key}", since)
    for rule in rules:
        if rule.driver not in ("", one.driver) or rule.pool not in ("", one.pool):
            continue
        for device in one.devices:
            if rule.device in ("", device):
                return Struck(one.place, f"device {device} has the taint {rule.key} by a rule", rule.since)
    return None


def _slice(spec: Part) -> _Slice:
    pool = spec.get("pool")
    devices: list[str] = []
    taints: list[tuple[str, str, str]] = []
    for device in _list(spec.maybe("devices")):
        name = device.get("name").text(_MAX_TEXT)
        devices.append(name)
        # v1beta1 has them a level below.
        for holder in (device, device.maybe("basic")):
            taints += [
                (name, _text(taint, "key"), _text(taint, "timeAdded"))
                for taint in _list(None if holder is None else holder.maybe("taints"))
                if _text(taint, "effect") in _EFFECTS
            ]
    generation, count = pool.maybe("generation"), pool.maybe("resourceSliceCount")
    return _Slice(
        spec.get("driver").text(_MAX_TEXT),
        pool.get("name").text(_MAX_TEXT),
        0 if generation is None else generation.integer(),
        1 if count is None else count.integer(),
        _text(spec, "nodeName"),
        tuple(devices),
        tuple(taints),
    )


def _rule(spec: Part) -> Iterator[_Rule]:
    """A rule without a selector strikes nothing, one with an empty selector all devices; what only informs strikes none."""
    taint, selector = spec.get("taint"), spec.maybe("deviceSelector")
    if selector is not None and _text(taint, "effect") in _EFFECTS:
        yield _Rule(
            _text(selector, "driver"),
            _text(selector, "pool"),
            _text(selector, "device"),
            _text(taint, "key"),
            _text(taint, "timeAdded"),
        )


def _list(part: Part | None) -> Iterator[Part]:
    return iter(()) if part is None else part.items(_MAX_PARTS)


def _text(part: Part, key: str) -> str:
    found = part.maybe(key)
    return "" if found is None else found.text(_MAX_TEXT)


def listed(part: Part) -> Iterator[Part]:
    """The objects of a document: itself, or those of a List. Raises InputError."""
    if not _text(part, "kind").endswith("List"):
        yield part
        return
    # A list of one kind leaves out the kind of its items when it comes from the API itself.
    kind = _text(part, "kind").removesuffix("List")
    for one in part.get("items").items(_MAX_OBJECTS):
        yield (
            one
            if _text(one, "kind") or not kind
            else Part({"kind": kind, **one.mapping()}, one.what, one.path)
        )
