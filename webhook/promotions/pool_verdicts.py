"""Whether the pools of devices that a PromotionPolicy means are healthy, by what was given of clusters."""

from collections.abc import Callable, Iterator
from typing import Final, final

from lockgate.engine.promotions.asking import Pool
from lockgate.engine.promotions.policy import DeviceHealth
from lockgate.engine.record import record
from lockgate.webhook.promotions.pool_health_file import PoolHealth, told_of
from lockgate.webhook.terminal import some_of

_SHOWN: Final = 3


@record
class HealthUsed:
    """A file that was judged. signers: members of the identity map, whose keys count; healthy: by the PromotionPolicy."""

    health: PoolHealth
    signers: tuple[str, ...]
    healthy: bool


@record
class PoolVerdict:
    """pools: as they are judged, None where nothing is known. used: what said so."""

    pools: tuple[Pool, ...] | None
    used: tuple[HealthUsed, ...] = ()


@final
class PoolVerdicts:
    """What was given of clusters. signer: whose a key is, by its fingerprint; "" for one that does not count."""

    def __init__(self, given: tuple[PoolHealth, ...] | None, signer: Callable[[str], str]) -> None:
        self._given: Final = given
        self._signer: Final = signer

    def judge(self, cluster: str, wanted: DeviceHealth) -> PoolVerdict:
        """What is known for a promotion into a cluster, "" for any: then of every cluster that the PromotionPolicy lists.

        What is for any cluster where none is listed is not known: which have to be healthy nobody said.
        """
        if self._given is None:
            return PoolVerdict(None)
        uids = dict(wanted.clusters)
        names = (cluster,) if cluster else tuple(uids)
        if not names:
            return PoolVerdict(None)
        pools: list[Pool] = []
        used: list[HealthUsed] = []
        for name in names:
            if uids and name not in uids:
                pools.append(_not_known(name, "the PromotionPolicy does not list this cluster"))
                continue
            files = [one for one in self._given if one.cluster == name]
            if not files:
                pools.append(_not_known(name, "no file of --pool-health tells of it"))
            for one in files:
                signers = tuple(sorted({self._signer(key) for key in one.signers} - {""}))
                found = [*_pools(one, uids.get(name, ""), signers, wanted)]
                pools += found
                used.append(HealthUsed(one, signers, all(pool.healthy for pool in found)))
        return PoolVerdict(tuple(pools), tuple(used))


def _pools(one: PoolHealth, uid: str, signers: tuple[str, ...], wanted: DeviceHealth) -> Iterator[Pool]:
    if uid and one.uid != uid:
        yield _not_known(
            one.cluster,
            f"the file is of the cluster {one.uid}, and the PromotionPolicy has {uid} by that name",
        )
        return
    if wanted.signers and not {*signers} & {*wanted.signers}:
        named = some_of([*wanted.signers], _SHOWN)
        yield _not_known(one.cluster, f"the file is not signed by {named}, with a key that counts")
        return
    there = {pool.name: pool for pool in one.pools}
    for name in wanted.pools or sorted(there):
        found = there.get(name)
        if found is None:
            yield Pool(f"{name} in {one.cluster}", False, "the cluster tells of no such devices")
        else:
            yield Pool(f"{name} in {one.cluster}", found.is_healthy(wanted.maximum_share), told_of(found))


def _not_known(cluster: str, why: str) -> Pool:
    return Pool(f"the devices of {cluster}", False, why)
