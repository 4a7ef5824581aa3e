"""When to make, publish, use and retire certificates: what to do next, of what is kept and what is published. Pure.

The law: whatever certificate a replica shows until it expires, each `caBundle` that an API server may hold verifies it.

- An authority issues only once every webhook configuration has been seen to trust it and PROPAGATION_NS have passed:
  by then no API server holds an older bundle. (The very first one has nothing before it, and issues at once.) Whoever
  takes it out of a configuration sets it back to the beginning.
- An authority stays in the bundle until the last certificate that it issued has expired, so that a replica which has
  heard of nothing is still trusted. How fast replicas learn of a new certificate does not matter.
- A certificate is renewed with a third of its time left, an authority succeeded likewise, long before either expires.

A process that slept so long that everything expired starts anew at once: there is nothing left that could be broken.
"""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.record import record
from lockgate.webhook.certificates.authority import AUTHORITY_NS, SECOND_NS, SERVING_NS
from lockgate.webhook.certificates.state import Authority, CertificateState, identities

# API servers watch webhook configurations, and have a change within a second; after a lost watch within minutes.
PROPAGATION_NS: Final = 3_600 * SECOND_NS
AUTHORITY_RENEWAL_NS: Final = AUTHORITY_NS // 3
SERVING_RENEWAL_NS: Final = SERVING_NS // 3
# Where a person copies the bundle, the newer authority is used this long before the older one expires.
_SOON_NS: Final = SERVING_RENEWAL_NS


@record
class MakeAuthority:
    """Make a new authority, and keep it."""


@record
class Publish:
    """Write the state's bundle into every webhook configuration."""


@record
class MarkTrusted:
    """Keep that every webhook configuration trusts these authorities since now."""

    authorities: tuple[str, ...]


@record
class MarkUntrusted:
    """Keep that somebody took these authorities out of a webhook configuration."""

    authorities: tuple[str, ...]


@record
class IssueServing:
    """Issue a certificate by this authority, keep it, and show it."""

    authority: str


@record
class Retire:
    """Forget these authorities; what is published follows."""

    authorities: tuple[str, ...]


Step = MakeAuthority | Publish | MarkTrusted | MarkUntrusted | IssueServing | Retire


def plan(state: CertificateState, published: Sequence[str], names: Sequence[str], now_ns: int) -> Step | None:
    """What to do next; None: nothing.

    published: the `caBundle` of each webhook configuration, read before the state was; none: there are no
    configurations that can be seen. names: what the certificate has to be for.
    """
    living = [one for one in state.authorities if one.pair.not_after_ns > now_ns]
    if not living or _left(living[-1], now_ns) <= AUTHORITY_RENEWAL_NS:
        return MakeAuthority()
    retired = tuple([one.identity for one in state.authorities if _is_done(one, state, now_ns)])
    if retired:
        return Retire(retired)
    there = [identities(bundle) for bundle in published]
    lost = [one.identity for one in living if one.trusted_ns is not None]
    lost = [one for one in lost if any(one not in bundle for bundle in there)]
    if lost:
        return MarkUntrusted(tuple(lost))
    serving = _serving_step(state, living, names, now_ns)
    if serving is not None:
        return serving
    wanted = identities(state.bundle)
    if any(bundle != wanted for bundle in there):
        return Publish()
    untrusted = tuple([one.identity for one in living if one.trusted_ns is None])
    return MarkTrusted(untrusted) if untrusted and published else None


def next_ns(state: CertificateState, now_ns: int) -> int:
    """When a plan may say something new without anything having changed, by the clock alone."""
    moments = [now_ns + SERVING_RENEWAL_NS]
    for one in state.authorities:
        moments += [one.pair.not_after_ns - AUTHORITY_RENEWAL_NS, one.last_issued_until_ns]
        moments += [one.pair.not_after_ns]
        if one.trusted_ns is not None:
            moments.append(one.trusted_ns + PROPAGATION_NS)
    if state.serving is not None:
        moments.append(state.serving.pair.not_after_ns - SERVING_RENEWAL_NS)
    return min([one for one in moments if one > now_ns])


def _serving_step(
    state: CertificateState, living: Sequence[Authority], names: Sequence[str], now_ns: int
) -> IssueServing | None:
    issuer = _issuer(living, now_ns)
    serving = state.serving
    if (
        serving is not None
        and serving.issuer == issuer.identity
        and serving.names == tuple(names)
        and serving.pair.not_after_ns - now_ns > min(SERVING_RENEWAL_NS, _left(issuer, now_ns) // 2)
    ):
        return None
    return IssueServing(issuer.identity)


def _issuer(living: Sequence[Authority], now_ns: int) -> Authority:
    """The newest authority that every API server trusts; where nothing is known of that, the oldest while it lasts."""
    trusted = [one for one in living if _is_propagated(one, now_ns)]
    if trusted:
        return trusted[-1]
    return next((one for one in living if _left(one, now_ns) > _SOON_NS), living[-1])


def _is_propagated(one: Authority, now_ns: int) -> bool:
    return one.trusted_ns is not None and one.trusted_ns + PROPAGATION_NS <= now_ns


def _left(one: Authority, now_ns: int) -> int:
    return one.pair.not_after_ns - now_ns


def _is_done(one: Authority, state: CertificateState, now_ns: int) -> bool:
    """Has nothing any use for this authority: it expired, or a newer one issues and all that it issued expired?"""
    if one.pair.not_after_ns <= now_ns:
        return True
    newer = state.authorities[state.authorities.index(one) + 1 :]
    return (
        one.last_issued_until_ns <= now_ns
        and any(_is_propagated(other, now_ns) for other in newer)
        and (state.serving is None or state.serving.issuer != one.identity)
    )
