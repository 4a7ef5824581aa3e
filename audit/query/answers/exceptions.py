"""A2: exemptions, what runs under them, and which end soon; A9: devices that were granted beyond what is approved."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from lockgate.audit.query.answers.answer import (
    DAY_MS,
    Answer,
    Given,
    Opener,
    columns,
    moment,
    proven,
    size_of,
)
from lockgate.audit.query.answers.people import details_of
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.page import Completeness, Link
from lockgate.audit.streams import OTHER_POLICIES
from lockgate.audit.times import render_time

# Policies by which devices are approved, as the shipped rules are called.
DEVICE_POLICIES: Final = (
    "LockgateApprovedDeviceClasses",
    "LockgateTeamDeviceClasses",
    "LockgatePinnedDeviceClasses",
    "LockgateReachableDevices",
    "LockgateDeviceCounts",
    "LockgateAdminAccess",
)
_MOST_STREAMS: Final = 1_000


@dataclass(frozen=True, slots=True)
class ExemptionState:
    """An exemption. entry: that granted it last, None where none did. until, owner, ticket: where bodies may be opened.

    ends_soon: `yes`, `no`, or `sealed`. running: names of live objects that were admitted under it.
    """

    exemption: str
    entry: int | None
    granted: str
    state: str
    until: str
    ends_soon: str
    owner: str
    ticket: str
    uses: int
    last_use: int | None
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """Something that came in although a policy about devices spoke against it. how: `warn`, `observed`, `exemption`, `break-glass`."""

    entry: int
    time: str
    policy: str
    how: str
    resource: str
    model: str
    environment: str


@dataclass(slots=True)
class _Known:
    granted: Link | None = None
    state: str = "unknown"
    uses: list[Link] = field(default_factory=list)


def _known(links: Iterable[Link]) -> dict[str, _Known]:
    made: dict[str, _Known] = {}
    for link in links:
        value = link.entry.value
        one = made.setdefault(str(value["exemption"]), _Known())
        match value["event"]:
            case "granted":
                one.granted, one.state = link, "active"
            case "used":
                one.uses.append(link)
            case event:
                one.state = str(event)
    return made


def a2_exemptions(engine: Engine, given: Given, opener: Opener | None) -> Answer[ExemptionState]:
    """Exemptions with their uses, what of the live objects came in by them, and those that end within some days."""
    size = size_of(engine, given)
    links, complete = engine.whole("exemption", size)
    at_ms = engine.now_ms if given.at_ms is None else given.at_ms
    live = {one.name for one in given.live or ()}
    lines: list[ExemptionState] = []
    entries: list[int] = []
    for name, one in sorted(_known(links).items()):
        details = {} if one.granted is None else details_of(opener, one.granted.index, one.granted.raw)
        until = str(details.get("expiresAt", ""))
        ends = moment(until)
        soon = "sealed" if ends is None else "no"
        if ends is not None and one.state == "active" and at_ms < ends <= at_ms + given.days * DAY_MS:
            soon = "yes"
        running: set[str] = set()
        if given.live is not None and opener is not None:
            for use in one.uses:
                body = opener(use.index, use.raw)
                told = "" if body is None else str(body.get("object", ""))
                running |= {told} & live
        entries += [use.index for use in one.uses] + ([] if one.granted is None else [one.granted.index])
        lines.append(
            ExemptionState(
                name,
                None if one.granted is None else one.granted.index,
                "" if one.granted is None else render_time(one.granted.entry.time_ms),
                "expired" if ends is not None and one.state == "active" and ends <= at_ms else one.state,
                until,
                soon,
                str(details.get("owner", "")),
                str(details.get("ticket", "")),
                len(one.uses),
                one.uses[-1].index if one.uses else None,
                tuple(sorted(running)),
            )
        )
    missing: list[str] = []
    if opener is None:
        missing.append("when an exemption ends, whose it is and what came in by it is sealed")
    if given.live is None:
        missing.append("what runs now was not given, so that nothing is said of running workloads")
    return Answer(
        "a2",
        f"Exemptions: what runs under them, and which end within {given.days} days",
        columns(ExemptionState),
        tuple(lines),
        engine.as_of(size),
        proven(engine, entries, [complete], ["each use is an entry of its own"], missing),
    )


def _kinds(given: Given) -> tuple[str, ...]:
    return (given.policy.partition("/")[0],) if given.policy else DEVICE_POLICIES


def a9_devices(engine: Engine, given: Given, opener: Opener | None) -> Answer[DeviceGrant]:
    """Grants of devices and quotas beyond what policies approve: what was warned of, observed, exempted, or let in by break-glass."""
    size = size_of(engine, given)
    kinds = _kinds(given)
    lines: list[DeviceGrant] = []
    complete: list[Completeness] = []
    for kind in kinds:
        for name in engine.index.streams_named(f"policy/{kind}/", "", _MOST_STREAMS):
            links, told = engine.whole(name, size)
            complete.append(told)
            lines += [
                _grant(
                    link, name.removeprefix("policy/"), "observed" if "mode" in link.entry.value else "warn"
                )
                for link in links
                if given.covers(link.entry.time_ms)
                and (link.entry.value["outcome"] in ("allow", "warn") or "mode" in link.entry.value)
            ]
    others, told = engine.whole(OTHER_POLICIES, size)
    complete.append(told)
    exemptions, told = engine.whole("exemption", size)
    complete.append(told)
    lines += _exempted(exemptions, kinds, given, opener)
    glass, told = engine.whole("break-glass", size)
    complete.append(told)
    for link in glass:
        if link.entry.value["event"] != "used" or not given.covers(link.entry.time_ms):
            continue
        stopped = details_of(opener, link.index, link.raw).get("stopped")
        named = [str(one) for one in stopped] if isinstance(stopped, list) else []
        hit = [one for one in named if one.partition("/")[0] in kinds]
        if hit or opener is None:
            lines.append(_grant(link, ", ".join(hit) or "sealed", "break-glass"))
    missing = (
        []
        if opener is not None
        else ["for which policies exemptions and break-glass stood is sealed: all uses are told"]
    )
    if others:
        missing.append(
            f"{len(others)} decisions breached more than 12 policies each; which, is in their bodies"
        )
    lines.sort(key=lambda one: one.entry)
    return Answer(
        "a9",
        "Devices: grants beyond what is approved",
        columns(DeviceGrant),
        tuple(lines),
        engine.as_of(size),
        proven(engine, [one.entry for one in lines], complete, [], missing),
    )


def _exempted(
    links: Iterable[Link], kinds: tuple[str, ...], given: Given, opener: Opener | None
) -> Iterable[DeviceGrant]:
    for one in _known(links).values():
        told = {} if one.granted is None else details_of(opener, one.granted.index, one.granted.raw)
        policies = told.get("policies")
        named = [str(policy) for policy in policies] if isinstance(policies, list) else []
        hit = [policy for policy in named if any(kind in policy for kind in kinds) or policy.startswith("*")]
        if hit or opener is None:
            for use in one.uses:
                if given.covers(use.entry.time_ms):
                    yield _grant(use, ", ".join(hit) or "sealed", "exemption")


def _grant(link: Link, policy: str, how: str) -> DeviceGrant:
    value = link.entry.value
    return DeviceGrant(
        link.index,
        render_time(link.entry.time_ms),
        policy,
        how,
        str(value.get("resource", "")),
        str(value.get("model", "")),
        str(value.get("environment", "")),
    )
