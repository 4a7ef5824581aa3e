"""The law of rotation, over schedules of passes, pauses, interferences and restarts; and single moments of it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.webhook.certificates.authority import (
    DAY_NS,
    SECOND_NS,
    SERVING_NS,
    is_issued_by,
    issue_serving,
    make_authority,
    not_after_ns,
)
from lockgate.webhook.certificates.rotation import (
    AUTHORITY_RENEWAL_NS,
    PROPAGATION_NS,
    SERVING_RENEWAL_NS,
    IssueServing,
    MakeAuthority,
    MarkTrusted,
    MarkUntrusted,
    Publish,
    Retire,
    Step,
    next_ns,
    plan,
)
from lockgate.webhook.certificates.state import CertificateState, Serving, split_bundle
from lockgate.webhook.certificates.tending import ByHand, tend

from tests.webhook.certificates.memory import MemoryCluster, nobody

START_NS = 1_800_000_000 * SECOND_NS
NAMES = ("lockgate.lockgate-system.svc",)
REPLICAS = 3


def verifies(bundle: str, serving: Serving, now_ns: int) -> bool:
    """Does a bundle verify a certificate, as Go would: signed by a living authority in it?"""
    return any(is_issued_by(serving.pair.certificate, authority) for authority in living(bundle, now_ns))


def living(bundle: str, now_ns: int) -> list[str]:
    """A bundle's authorities that have not expired."""
    return [one for one in split_bundle(bundle) if not_after_ns(one.encode()) > now_ns]


class World:
    """Replicas beside one cluster, each with the certificate that it last took; API servers lag by PROPAGATION_NS."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster()
        self.cluster.now_ns = START_NS
        self.shown: list[Serving | None] = [None] * REPLICAS

    def held(self) -> Sequence[str]:
        """Every bundle that an API server may hold now, of any configuration, and that still verifies anything.

        Where all authorities expired while nobody ran, what is published verifies nothing until the fresh start has
        reached the API servers: nothing can be shown that would pass.
        """
        since = self.cluster.now_ns - PROPAGATION_NS
        found: list[str] = []
        for history in self.cluster.history:
            found += [bundle for written, bundle in history if written > since]
            # And the one that was current at the beginning of the lag.
            found += [bundle for written, bundle in history if written <= since][-1:]
        # Before the first bundle nothing was trusted, nor gated.
        return [bundle for bundle in found if living(bundle, self.cluster.now_ns)]

    def turn(self, replica: int) -> None:
        """A whole pass of a replica, which then shows what is kept."""
        self.shown[replica] = tend(self.cluster, self.cluster, NAMES, self.cluster.now_ns).serving

    def check(self) -> None:
        now_ns = self.cluster.now_ns
        for serving in self.shown:
            if serving is None or serving.pair.not_after_ns <= now_ns:
                continue
            for bundle in self.held():
                assert verifies(bundle, serving, now_ns), (now_ns - START_NS) / DAY_NS


class CrashError(Exception):
    """A replica ends in the middle of a pass."""


CRASH = -1


class Interference:
    """Before some of the calls of a pass other replicas have a whole one, or the replica crashes."""

    def __init__(self, world: World, others: dict[int, int]) -> None:
        self.world = world
        self.others = others
        self.calls = 0

    def __call__(self) -> None:
        other = self.others.get(self.calls)
        self.calls += 1
        if other == CRASH:
            raise CrashError
        if other is not None:
            self.world.cluster.before = nobody
            self.world.turn(other)
            self.world.check()
            self.world.cluster.before = self


@st.composite
def interferences(draw: st.DrawFn) -> dict[int, int]:
    """Before which call of a pass which other replica has a whole pass of its own."""
    return draw(st.dictionaries(st.integers(0, 12), st.integers(CRASH, REPLICAS - 1), max_size=3))


TURNS = st.tuples(
    # Hours until then: from seconds to more than half a year of nobody running.
    st.sampled_from(
        [0.0, 0.01, 0.5, 1.0, 1.5, 24.0, 24.0 * 20, 24.0 * 59, 24.0 * 61, 24.0 * 100, 24.0 * 200]
    ),
    st.integers(0, REPLICAS - 1),
    interferences(),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(TURNS, min_size=1, max_size=40))
def test_every_certificate_in_use_is_verified_by_every_bundle_that_an_api_server_may_hold(
    turns: list[tuple[float, int, dict[int, int]]],
) -> None:
    world = World()
    for hours, replica, others in turns:
        world.cluster.now_ns += int(hours * 3_600 * SECOND_NS)
        # The laggards' certificates meet what is published by now.
        world.check()
        world.cluster.before = Interference(world, others)
        try:
            world.turn(replica)
        except CrashError:
            # It comes back, and has nothing until it has read what is kept.
            world.shown[replica] = None
        world.cluster.before = nobody
        world.check()
    assert len(world.cluster.state.authorities) <= 3


def test_a_year_of_passes_each_day_never_shows_what_expired() -> None:
    world = World()
    authorities: set[str] = set()
    certificates: set[str] = set()
    for _ in range(3 * 365 + 200):
        world.turn(0)
        world.check()
        (serving,) = [world.shown[0]] if world.shown[0] else []
        assert serving.pair.not_after_ns - world.cluster.now_ns > SERVING_RENEWAL_NS - DAY_NS
        authorities |= {one.identity for one in world.cluster.state.authorities}
        certificates.add(serving.pair.identity)
        world.cluster.now_ns += DAY_NS
    # One succession, and a certificate each 60 days.
    assert len(authorities) == 2
    assert len(certificates) in range(20, 24)
    assert len(world.cluster.state.authorities) == 1


def settled(now_ns: int = START_NS) -> CertificateState:
    """One trusted authority and its certificate, some time after the start."""
    one = make_authority(now_ns)
    serving = issue_serving(one, NAMES, now_ns)
    trusted = replace(one, trusted_ns=now_ns, last_issued_until_ns=serving.pair.not_after_ns)
    return CertificateState((trusted,), serving)


def succeeded(trusted_ns: int | None) -> CertificateState:
    """As settled, with a second authority that is trusted since then."""
    state = settled()
    second = replace(make_authority(START_NS), trusted_ns=trusted_ns)
    return replace(state, authorities=(*state.authorities, second))


def test_what_comes_next_at_each_moment() -> None:
    state, two = settled(), succeeded(None)
    first, second = two.authorities
    third_left = START_NS + SERVING_NS - SERVING_RENEWAL_NS
    expired = START_NS + SERVING_NS + SECOND_NS
    old = state.authorities[0].pair.not_after_ns
    new = replace(state, authorities=(replace(state.authorities[0], trusted_ns=None),))
    trusted = succeeded(START_NS)
    moved = replace(trusted, serving=issue_serving(trusted.authorities[1], NAMES, START_NS + DAY_NS))
    cases: list[tuple[str, CertificateState, list[str], tuple[str, ...], int, Step | None]] = [
        ("nothing yet", CertificateState(), [], NAMES, START_NS, MakeAuthority()),
        ("settled", state, [state.bundle], NAMES, START_NS, None),
        ("never published", new, [""], NAMES, START_NS, Publish()),
        ("one of two published", new, [new.bundle, ""], NAMES, START_NS, Publish()),
        ("somebody took it out", state, [state.bundle, ""], NAMES, START_NS, MarkUntrusted((first_of(state),))),
        ("foreign authority", state, [state.bundle + make_authority(1).pair.certificate], NAMES, START_NS, Publish()),
        ("order does not matter", two, ["".join(split_bundle(two.bundle)[::-1])], NAMES, START_NS,
         MarkTrusted((second.identity,))),
        ("by hand, nothing is marked", two, [], NAMES, START_NS, None),
        ("other names", state, [state.bundle], ("other.ns.svc",), START_NS, IssueServing(first_of(state))),
        ("a third left", state, [state.bundle], NAMES, third_left, IssueServing(first_of(state))),
        ("a moment before", state, [state.bundle], NAMES, third_left - SECOND_NS, None),
        ("an authority's third left", state, [state.bundle], NAMES, old - AUTHORITY_RENEWAL_NS, MakeAuthority()),
        ("trusted too lately", trusted, [trusted.bundle], NAMES, START_NS + PROPAGATION_NS - 1, None),
        ("trusted", trusted, [trusted.bundle], NAMES, START_NS + PROPAGATION_NS,
         IssueServing(trusted.authorities[1].identity)),
        ("the old one's last is alive", moved, [moved.bundle], NAMES, START_NS + SERVING_NS - SECOND_NS * 3600,
         IssueServing(trusted.authorities[1].identity)),
        ("the old one's last expired", moved, [moved.bundle], NAMES, expired, Retire((trusted.authorities[0].identity,))),
        ("all expired", state, [state.bundle], NAMES, old + 1, MakeAuthority()),
    ]  # fmt: skip
    for name, kept, published, names, now_ns, expected in cases:
        assert plan(kept, published, names, now_ns) == expected, name
    assert first.identity == first_of(two)


def first_of(state: CertificateState) -> str:
    return state.authorities[0].identity


def test_it_starts_anew_when_everything_expired() -> None:
    cluster = MemoryCluster()
    cluster.now_ns = START_NS
    first = tend(cluster, cluster, NAMES, START_NS)
    later = START_NS + 4 * 365 * DAY_NS
    cluster.now_ns = later
    then = tend(cluster, cluster, NAMES, later)
    assert len(then.authorities) == 1
    assert then.authorities[0].identity != first.authorities[0].identity
    assert then.serving is not None
    assert then.serving.pair.not_after_ns > later
    assert [one[-1][1] for one in cluster.history] == [then.bundle] * 2


def test_where_a_person_copies_the_bundle_the_newer_authority_is_used_before_the_older_expires() -> None:
    cluster = MemoryCluster()
    first = tend(cluster, ByHand(), NAMES, START_NS)
    old = first.authorities[0]
    # A year's time to copy it.
    both = tend(cluster, ByHand(), NAMES, old.pair.not_after_ns - AUTHORITY_RENEWAL_NS)
    assert len(both.authorities) == 2
    assert both.serving is not None
    assert both.serving.issuer == old.identity
    last = tend(cluster, ByHand(), NAMES, old.pair.not_after_ns - 20 * DAY_NS)
    assert last.serving is not None
    assert last.serving.issuer == both.authorities[1].identity


@pytest.mark.parametrize("days", [0, 1, 30, 59, 61, 400, 800])
def test_the_next_look_is_later_and_no_step_is_due_before(days: int) -> None:
    cluster = MemoryCluster()
    now_ns = cluster.now_ns = START_NS
    tend(cluster, cluster, NAMES, now_ns)
    now_ns = cluster.now_ns = START_NS + days * DAY_NS
    state = tend(cluster, cluster, NAMES, now_ns)
    bundles = cluster.read().bundles
    later = next_ns(state, now_ns)
    assert later > now_ns
    assert plan(state, bundles, NAMES, later - 1) is None
