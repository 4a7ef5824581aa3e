"""A pass of the sweep over a cluster: lists, page by page, what policies are for, and keeps none of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, final

from lockgate.engine.errors import LockgateError, UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.kinds import Kinds
from lockgate.engine.record import record
from lockgate.engine.review import Scope
from lockgate.webhook.cluster.discovery import Discovered
from lockgate.webhook.cluster.inventory import ExpiredListError, NotServedError, Object, Resource, Server
from lockgate.webhook.cluster.watch_events import metadata_text
from lockgate.webhook.serving.live_state import LiveState
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_reports import GROUP as REPORTS
from lockgate.webhook.serving.sweep import LiveObject, Sweep, VerdictChange

# They tell of moments, by the thousand, and nobody's policy is about them.
_PASSING: Final = frozenset(
    {
        ("", "Event"),
        ("events.k8s.io", "Event"),
        ("coordination.k8s.io", "Lease"),
        ("metrics.k8s.io", "NodeMetrics"),
        ("metrics.k8s.io", "PodMetrics"),
        (REPORTS, "ClusterPolicyReport"),
        (REPORTS, "PolicyReport"),
    }
)
_MOST_STARTS: Final = 3

# Tells changes of verdicts, and gives the objects of those that were told.
Tell = Callable[[Sequence[VerdictChange]], Iterable[ObjectKey]]


class SweepEndedError(LockgateError):
    """A pass was broken off: another replica leads, or the process is to end. What was judged stays known."""


@record
class Passed:
    """What a pass did. failed: by kind, why its objects could not all be looked at. untold: changes, for a later pass."""

    looked: int
    judged: int
    changed: int
    untold: int
    failed: Mapping[str, str]


def preferred(resources: Iterable[Resource]) -> dict[GroupVersionKind, Resource]:
    """One version of each kind: the first, which the server prefers. What tells of moments is left out."""
    chosen: dict[tuple[str, str], Resource] = {}
    for resource in resources:
        named = (resource.kind.group, resource.kind.kind)
        if named not in _PASSING:
            chosen.setdefault(named, resource)
    return {resource.kind: resource for resource in chosen.values()}


@final
class ClusterSweep:
    """Passes over one cluster. goes_on: asked after each page."""

    def __init__(self, server: Server, sweep: Sweep, tell: Tell, goes_on: Callable[[], bool]) -> None:
        self._server: Final = server
        self._sweep: Final = sweep
        self._tell: Final = tell
        self._goes_on: Final = goes_on

    def run(self, state: LiveState, found: Discovered, now_ns: int) -> Passed:
        """One pass, by what is in force now. found: what the cluster serves. Raises SweepFullError, SweepEndedError."""
        served = preferred(found.resources)
        scopes: dict[tuple[str, str], Scope] = {
            (kind.group, kind.kind): "Namespaced" if one.is_namespaced else "Cluster"
            for kind, one in served.items()
        }
        sweep, before = self._sweep, self._sweep.counts
        sweep.begin(state, now_ns, Kinds(scopes))
        failed = {group: why for group, why in found.failed if group != REPORTS}
        changed = untold = 0
        gone: set[GroupVersionKind] = set()
        for kind, resource in sorted(served.items()):
            if not sweep.wants(kind):
                continue
            try:
                for changes in self._look(resource):
                    told = set(self._tell(changes))
                    for key in told:
                        sweep.confirm(key)
                    changed += len(told)
                    untold += len(changes) - len(told)
                sweep.end_kind(kind)
            except NotServedError:
                gone.add(kind)
            except UsageError as error:
                failed[str(kind)] = error.message
        # What an extension server that is down had, is not gone.
        hidden = {group for group, _ in found.failed}
        sweep.end((frozenset(served) - gone) | {kind for kind in sweep.kinds if kind.group in hidden})
        after = sweep.counts
        return Passed(after.looked - before.looked, after.judged - before.judged, changed, untold, failed)

    def _look(self, resource: Resource) -> Iterator[list[VerdictChange]]:
        """The changes of each page. Raises UsageError."""
        for start in range(_MOST_STARTS):
            try:
                for page, _ in self._server.pages(resource):
                    found = [self._sweep.look(_object(value, resource.kind)) for value in page]
                    changes = [change for change in found if change is not None]
                    if changes:
                        yield changes
                    if not self._goes_on():
                        raise SweepEndedError(
                            "the pass was broken off: another replica leads, or it is to end"
                        )
                return
            except ExpiredListError:
                # What was looked at is known by now.
                if start + 1 == _MOST_STARTS:
                    raise


def _object(value: Object, kind: GroupVersionKind) -> LiveObject:
    key = ObjectKey(kind, metadata_text(value, "namespace"), metadata_text(value, "name"))
    version = f"{metadata_text(value, 'uid')}/{metadata_text(value, 'resourceVersion')}"
    return LiveObject(key, version, value)
