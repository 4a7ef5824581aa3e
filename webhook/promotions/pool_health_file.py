"""The file of facts about pools of devices: `lockgate promotions health` writes it, and whoever judges a promotion reads it.

`{"schemaVersion": 2, "cluster", "clusterUid", "observed", "pools": [{"name", "nodes", "unhealthy": [{"node", "why", "since"}]}]}`, or a DSSE envelope of an in-toto
statement with that as its predicate, where somebody signed it. `clusterUid` is the UID of the Namespace kube-system, which no two clusters have and nobody
chooses; `observed` is the newest heartbeat among the nodes, so that an old answer of a cluster does not become a new fact. What share of a pool may be struck,
the PromotionPolicy says.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from lockgate.engine.errors import InputError, UsageError
from lockgate.engine.foreign_documents import Part, parse_foreign_json
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

if TYPE_CHECKING:
    from lockgate.audit.dsse import PublicKey

SCHEMA_VERSION: Final = 2
PREDICATE: Final = "https://lockgate.dev/pool-health/v1"
# What people ask a cluster by.
ASKING: Final = "kubectl get nodes,resourceslices,devicetaintrules,namespaces -o json"
# The Namespace that every cluster has from its beginning to its end.
_SYSTEM: Final = "kube-system"
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
    """What is known of a cluster's pools. uid: of the cluster; observed: RFC 3339.

    digest: `sha256:<hex>` of the file that said it, "" for none. signers: fingerprints of keys that signed it.
    """

    cluster: str
    uid: str
    observed: str
    pools: tuple[PoolState, ...]
    digest: str = ""
    signers: tuple[str, ...] = ()

    @property
    def observed_ms(self) -> int:
        """Milliseconds since 1970."""
        return _seconds(datetime.fromisoformat(self.observed)) * 1_000


def observe(data: bytes, what: str, cluster: str, signs: FatalSigns) -> PoolHealth:
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
    uid = _cluster_uid(objects)
    if not uid:
        raise InputError(
            f"{what} does not tell which cluster it is: it has no Namespace {_SYSTEM} with its UID",
            hint=ASKING,
        )
    return PoolHealth(cluster, uid, observed, found)


def _cluster_uid(objects: Sequence[Part]) -> str:
    for one in objects:
        kind, metadata = one.maybe("kind"), one.maybe("metadata")
        if kind is None or kind.value != "Namespace" or metadata is None:
            continue
        if metadata.mapping().get("name") == _SYSTEM:
            return metadata.get("uid").text(_MAX_TEXT)
    return ""


def health_value(health: PoolHealth) -> dict[str, Any]:
    """What the file says."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "cluster": health.cluster,
        "clusterUid": health.uid,
        "observed": health.observed,
        "pools": [
            {
                "name": pool.name,
                "nodes": pool.nodes,
                "unhealthy": [{"node": one.node, "why": one.why, "since": one.since} for one in pool.struck],
            }
            for pool in health.pools
        ],
    }


def render_health(health: PoolHealth) -> str:
    """The file, where nobody signs it."""
    return json.dumps(health_value(health), indent=2, ensure_ascii=False) + "\n"


def health_statement(health: PoolHealth) -> bytes:
    """The payload that is signed: about the cluster, by the SHA-256 of its UID."""
    # Statements are for those who sign.
    from lockgate.audit.attestations.statement import render_statement

    subject = sha256(health.uid.encode()).hexdigest()
    return render_statement({health.cluster: subject}, PREDICATE, health_value(health))


def health_lines(health: PoolHealth, share: float) -> Iterator[str]:
    """For people: each pool, and what strikes it. share: of its nodes may be struck in a pool that is healthy."""
    yield f"{health.cluster} ({health.uid}), as of {health.observed}: {len(health.pools)} pools of devices"
    for pool in health.pools:
        state = "healthy" if pool.is_healthy(share) else "unhealthy"
        yield f"  {state:<10} {pool.name}: {len(pool.struck)} of {pool.nodes} nodes are struck"
        for one in pool.struck:
            yield f"             {one.node}: {one.told}"


def read_health(
    paths: Sequence[str], now_ns: int, keys: "Mapping[str, PublicKey]"
) -> tuple[PoolHealth, ...] | None:
    """What files say, None without any. now_ns: since 1970. keys: by fingerprint, whose signatures are looked for.

    Raises LockgateError for one that cannot be read, or that is old.
    """
    return tuple([_read(one, now_ns, keys) for one in paths]) if paths else None


def _read(path: str, now_ns: int, keys: "Mapping[str, PublicKey]") -> PoolHealth:
    shown = printable(path)
    data = read_regular(path, shown, _LARGEST)
    given = parse_foreign_json(data, shown, _LARGEST)
    signers: tuple[str, ...] = ()
    if "payloadType" in given.mapping():
        given, signers = _signed(data, shown, keys)
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
    pools = tuple([_pool(one) for one in given.get("pools").items(_MAX_POOLS)])
    if not pools:
        given.get("pools").refuse("tells of no devices")
    return PoolHealth(
        given.get("cluster").text(_MAX_TEXT),
        given.get("clusterUid").text(_MAX_TEXT),
        observed.text(_MAX_TEXT),
        pools,
        f"sha256:{sha256(data).hexdigest()}",
        signers,
    )


def _signed(data: bytes, shown: str, keys: "Mapping[str, PublicKey]") -> tuple[Part, tuple[str, ...]]:
    """What an envelope says, and by which keys. Raises UsageError where none of these signed it."""
    from lockgate.audit.attestations.statement import parse_statement
    from lockgate.audit.dsse import IN_TOTO, parse_envelope, verify_envelope
    from lockgate.audit.errors import FormatError, VerificationError

    try:
        envelope = parse_envelope(data)
        signers = verify_envelope(envelope, keys, IN_TOTO)
        statement = parse_statement(envelope.payload, shown)
    except (FormatError, VerificationError) as error:
        raise UsageError(
            f"{shown}: {error.message}", hint="it is signed by a key of the identity map"
        ) from None
    if statement.predicate_type != PREDICATE:
        raise UsageError(
            f"{shown} is a statement of another kind: {printable(statement.predicate_type[:200])}"
        )
    return statement.predicate, tuple(signers)


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
    return _seconds(moment)


def _seconds(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def told_of(pool: PoolState) -> str:
    """Which nodes, why and since when."""
    if not pool.struck:
        return ""
    named = some_of([f"{one.node} ({one.told})" for one in pool.struck], _SHOWN)
    return f"{len(pool.struck)} of {pool.nodes} nodes: {named}"
