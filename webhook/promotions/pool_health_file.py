"""The file of facts about pools of devices: `lockgate promotions health` writes it, and whoever judges a promotion reads it.

`{"schemaVersion": 1, "cluster", "observed", "share", "pools": [{"name", "nodes", "healthy", "unhealthy": [{"node", "why", "since"}]}]}`. Nobody signs it: it is
the word of whoever hands it in. `observed` is the newest heartbeat among the nodes, so that an old answer of a cluster does not become a new fact.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from lockgate.engine.errors import InputError, UsageError
from lockgate.engine.foreign_documents import Part, parse_foreign_json
from lockgate.engine.promotions.asking import Pool
from lockgate.engine.promotions.pool_health import (
    FatalSigns,
    PoolState,
    Struck,
    find_pools,
    listed,
    newest_heartbeat,
)
from lockgate.engine.record import record
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable, some_of

SCHEMA_VERSION: Final = 1
# What people ask a cluster by.
ASKING: Final = "kubectl get nodes,resourceslices,devicetaintrules -o json"
# A node tells its heartbeat at least each five minutes, and a person runs one command after the other.
MAX_AGE_S: Final = 1_800
# Clocks of nodes and of whoever judges differ.
_SKEW_S: Final = 300
# 5,000 nodes as `kubectl get -o json` prints them.
MAX_OBJECT_BYTES: Final = 256 * 1024 * 1024
_LARGEST: Final = 16 * 1024 * 1024
_MAX_POOLS: Final = 10_000
_MAX_NODES: Final = 100_000
_MAX_TEXT: Final = 1_200
# What a message names of a pool's nodes.
_SHOWN: Final = 3


@record
class PoolHealth:
    """What is known of a cluster's pools. observed: RFC 3339. share: of its nodes may be struck in a pool that is healthy."""

    cluster: str
    observed: str
    share: float
    pools: tuple[PoolState, ...]


@record
class GivenHealth:
    """What was given of clusters."""

    clusters: tuple[PoolHealth, ...]

    def pools(self, cluster: str) -> tuple[Pool, ...] | None:
        """Pools of a cluster, or of all that were given for "" (a promotion for any cluster); None where nothing is known of it."""
        found = [one for one in self.clusters if cluster in ("", one.cluster)]
        if not found:
            return None
        return tuple(
            [
                Pool(
                    f"{pool.name} in {one.cluster}",
                    pool.is_healthy(one.share),
                    _told(pool),
                )
                for one in found
                for pool in one.pools
            ]
        )


def observe(data: bytes, what: str, cluster: str, share: float, signs: FatalSigns) -> PoolHealth:
    """The pools by what `ASKING` printed. Raises InputError."""
    objects = list(listed(parse_foreign_json(data, what, MAX_OBJECT_BYTES)))
    observed = newest_heartbeat(objects)
    if not observed:
        raise InputError(
            f"{what} has no Node that tells when it was heard of last",
            hint=ASKING,
        )
    _moment(Part(observed, what, "status.conditions.lastHeartbeatTime"))
    found = find_pools(objects, signs)
    if not found:
        raise InputError(
            f"{what} tells of no devices: neither of a driver (ResourceSlice) nor of a node (status.capacity)",
            hint=ASKING,
        )
    return PoolHealth(cluster, observed, share, found)


def render_health(health: PoolHealth) -> str:
    """The file."""
    value: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "cluster": health.cluster,
        "observed": health.observed,
        "share": health.share,
        "pools": [
            {
                "name": pool.name,
                "nodes": pool.nodes,
                "healthy": pool.is_healthy(health.share),
                "unhealthy": [{"node": one.node, "why": one.why, "since": one.since} for one in pool.struck],
            }
            for pool in health.pools
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def health_lines(health: PoolHealth) -> Iterator[str]:
    """For people: each pool, and what strikes it."""
    yield f"{health.cluster}, as of {health.observed}: {len(health.pools)} pools of devices"
    for pool in health.pools:
        state = "healthy" if pool.is_healthy(health.share) else "unhealthy"
        yield f"  {state:<10} {pool.name}: {len(pool.struck)} of {pool.nodes} nodes are struck"
        for one in pool.struck:
            yield f"             {one.node}: {one.told}"


def read_health(paths: Sequence[str], now_ns: int) -> GivenHealth | None:
    """What files say, None without any. now_ns: since 1970. Raises LockgateError for one that cannot be read, or that is old."""
    return GivenHealth(tuple([_read(one, now_ns) for one in paths])) if paths else None


def _read(path: str, now_ns: int) -> PoolHealth:
    shown = printable(path)
    given = parse_foreign_json(read_regular(path, shown, _LARGEST), shown, _LARGEST)
    if given.get("schemaVersion").integer() != SCHEMA_VERSION:
        given.get("schemaVersion").refuse(f"is not {SCHEMA_VERSION}")
    observed = given.get("observed")
    age = now_ns // 1_000_000_000 - _moment(observed)
    if not -_SKEW_S <= age <= MAX_AGE_S:
        raise UsageError(
            f"{shown} tells of {observed.text(_MAX_TEXT)}, which is "
            + ("still to come" if age < 0 else f"longer ago than {MAX_AGE_S // 60} minutes"),
            hint=f"ask the cluster anew: {ASKING} | lockgate promotions health -",
        )
    share = given.get("share")
    if not 0 <= share.number() < 1:
        share.refuse("is no share from 0 to below 1")
    pools = tuple([_pool(one) for one in given.get("pools").items(_MAX_POOLS)])
    return PoolHealth(given.get("cluster").text(_MAX_TEXT), observed.text(_MAX_TEXT), share.number(), pools)


def _pool(part: Part) -> PoolState:
    struck = tuple(
        [
            Struck(
                one.get("node").text(_MAX_TEXT),
                one.get("why").text(_MAX_TEXT),
                one.get("since").text(_MAX_TEXT),
            )
            for one in part.get("unhealthy").items(_MAX_NODES)
        ]
    )
    nodes = part.get("nodes")
    if nodes.integer() < max(1, len(struck)):
        nodes.refuse("is fewer than those that are unhealthy")
    return PoolState(part.get("name").text(_MAX_TEXT), nodes.integer(), struck)


def _moment(part: Part) -> int:
    """Seconds since 1970."""
    try:
        moment = datetime.fromisoformat(part.text(_MAX_TEXT))
    except ValueError:
        part.refuse("is no time as RFC 3339 has it")
    if moment.tzinfo is None:
        part.refuse("is a time without its zone")
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def _told(pool: PoolState) -> str:
    """Which nodes, why and since when."""
    if not pool.struck:
        return ""
    named = some_of([f"{one.node} ({one.told})" for one in pool.struck], _SHOWN)
    return f"{len(pool.struck)} of {pool.nodes} nodes: {named}"
