"""By what the ledger is kept: what has to be counted anew, and which resources are charged."""

from typing import Any

from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.quota.expiry import TTL_S
from lockgate.webhook import serve_command
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.quota_basis import Basis, differ
from lockgate.webhook.cluster.quota_reading import charged_resources
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings

from tests.gatekeeper.quotas.making import quota
from tests.webhook.serving.builders import present

Json = dict[str, Any]
TEAMS = quota("teams", scope={"team": {"label": "team"}})


def namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def basis(code_cache: CodeCache, *values: Json) -> Basis:
    live = LiveGate(LiveSettings(cache=code_cache, ledger_cluster="prod"))
    live.apply(present(*values), DEVICE_KINDS)
    assert live.state is not None
    assert live.state.quotas is not None
    return Basis(live.state.quotas, live.state.namespaces)


def test_what_is_counted_anew(code_cache: CodeCache) -> None:
    before = basis(code_cache, TEAMS, namespace("a", team="one"))
    assert not differ(before, basis(code_cache, TEAMS, namespace("a", team="one", other="label")))
    # Nothing lives in a namespace that was not there; what comes is counted as it comes.
    assert not differ(
        before, basis(code_cache, TEAMS, namespace("a", team="one"), namespace("b", team="two"))
    )
    assert differ(before, basis(code_cache, TEAMS, namespace("a", team="two")))
    assert differ(before, basis(code_cache, TEAMS, namespace("a")))
    assert differ(before, basis(code_cache, TEAMS, quota("more"), namespace("a", team="one")))


def resource(kind: str, version: str, group: str = "resource.k8s.io") -> Resource:
    return Resource(GroupVersionKind(group, version, kind), f"/{version}/{kind}", True)


def test_claims_come_before_pods_in_the_best_version() -> None:
    pods = resource("Pod", "v1", "")
    old, new = resource("ResourceClaim", "v1beta1"), resource("ResourceClaim", "v1")
    found = charged_resources([pods, old, new, resource("ResourceSlice", "v1")])
    assert [*found.items()] == [("resourceclaims.resource.k8s.io", new), ("pods", pods)]
    assert charged_resources([old])["resourceclaims.resource.k8s.io"] is old
    assert charged_resources([]) == {}


def test_the_command_line_has_the_ledgers_age() -> None:
    assert serve_command.TTL_S == TTL_S
