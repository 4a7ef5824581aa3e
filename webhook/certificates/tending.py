"""Carries out the plan of a rotation, step by step, beside other replicas that do the same.

No replica leads: what is kept changes only where it is what was read (compare and swap), and so do the webhook
configurations. Configurations are read *before* what is kept: whoever writes a bundle into a configuration that
nobody has changed since then has seen every authority that was kept when it was read. So no bundle can take away
an authority that somebody has already seen in it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from lockgate.engine.errors import LockgateError
from lockgate.engine.record import record
from lockgate.webhook.certificates.authority import issue_serving, make_authority
from lockgate.webhook.certificates.rotation import (
    IssueServing,
    MakeAuthority,
    MarkTrusted,
    MarkUntrusted,
    Publish,
    Retire,
    plan,
)
from lockgate.webhook.certificates.state import Authority, CertificateState

# A start takes four; the rest is for changes that others made first.
MAX_STEPS: Final = 64


class CertificateError(LockgateError):
    """The certificates do not come to rest."""


@record
class Kept:
    """What a store keeps, and the mark of this version of it ("" before there is any)."""

    state: CertificateState
    mark: str


@record
class Published:
    """The `caBundle` of each webhook configuration's webhooks, and what tells this version of each configuration."""

    bundles: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]


class CertificateStore(Protocol):
    """Keeps the state, for all replicas."""

    def load(self) -> Kept:
        """What is kept. Raises LockgateError."""
        ...

    def replace(self, before: Kept, state: CertificateState) -> bool:
        """Keeps another state in place of `before`; False when that has changed. Raises LockgateError."""
        ...


class BundlePublisher(Protocol):
    """Tells API servers whom to trust."""

    def read(self) -> Published:
        """What is published. Raises LockgateError."""
        ...

    def write(self, before: Published, bundle: str) -> bool:
        """Publishes a bundle in place of `before`; False when something has changed. Raises LockgateError."""
        ...


class ByHand:
    """Publishes nothing: somebody copies the bundle to where it belongs."""

    def read(self) -> Published:
        """Nothing can be seen."""
        return Published((), ())

    def write(self, before: Published, bundle: str) -> bool:
        """Is not called, since there is nothing that differs."""
        raise AssertionError


def tend(
    store: CertificateStore, publisher: BundlePublisher, names: Sequence[str], now_ns: int
) -> CertificateState:
    """Does whatever there is to do, and gives what is kept then. Raises LockgateError.

    What fails has changed nothing or one whole step, and is done when this is called again.
    """
    for _ in range(MAX_STEPS):
        # The order is the point: see above.
        published = publisher.read()
        kept = store.load()
        step = plan(kept.state, published.bundles, names, now_ns)
        if step is None:
            return kept.state
        if isinstance(step, Publish):
            publisher.write(published, kept.state.bundle)
        else:
            store.replace(kept, _changed(kept.state, step, names, now_ns))
    raise CertificateError(
        "the certificates are changed by somebody else all the time",
        hint="is there a second installation that keeps its certificates in the same place?",
    )


def _changed(
    state: CertificateState,
    step: MakeAuthority | MarkTrusted | MarkUntrusted | IssueServing | Retire,
    names: Sequence[str],
    now_ns: int,
) -> CertificateState:
    """The state after a step."""
    match step:
        case MakeAuthority():
            return replace(state, authorities=(*state.authorities, make_authority(now_ns)))
        case MarkTrusted(chosen):
            return _with_trust(state, chosen, now_ns)
        case MarkUntrusted(chosen):
            return _with_trust(state, chosen, None)
        case Retire(chosen):
            return _with_each(state, [one for one in state.authorities if one.identity not in chosen])
        case IssueServing(chosen):
            (issuer,) = [one for one in state.authorities if one.identity == chosen]
            serving = issue_serving(issuer, names, now_ns)
            until = max(issuer.last_issued_until_ns, serving.pair.not_after_ns)
            issued = replace(issuer, last_issued_until_ns=until)
            state = _with_each(state, [issued if one is issuer else one for one in state.authorities])
            return replace(state, serving=serving)


def _with_trust(state: CertificateState, chosen: Sequence[str], trusted_ns: int | None) -> CertificateState:
    return _with_each(
        state,
        [replace(one, trusted_ns=trusted_ns) if one.identity in chosen else one for one in state.authorities],
    )


def _with_each(state: CertificateState, authorities: Sequence[Authority]) -> CertificateState:
    return replace(state, authorities=tuple(authorities))
