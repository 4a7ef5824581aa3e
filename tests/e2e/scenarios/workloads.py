"""Scenarios of Pods and what makes and changes them, and of kinds that a cluster defines itself."""

from tests.e2e.scenarios.objects import OWNED, deployment, pod
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import Json, Scenario, Step, denied, warned
from tests.e2e.scenarios.users import SETS_ACCOUNT
from tests.gatekeeper.workbench import manifest

WIDGETS: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.shop.example"},
    "spec": {
        "group": "shop.example",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [
            {
                "name": version,
                "served": True,
                "storage": version == "v1",
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
            for version in ("v1", "v2")
        ],
    },
}

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "scaled",
        [
            Step("scale deployment app --replicas=9", denied("[most] 9 replicas of at most 3", doing=""), 1),
            Step("scale deployment app --replicas=2", "deployment.apps/app scaled\n"),
        ],
        in_force=[rule("MostReplicas", "most", "scaled", "apps/Deployment", "autoscaling/Scale", most=3)],
        there=[deployment()],
        trail=["deny UPDATE autoscaling/v1/Scale", "allow UPDATE autoscaling/v1/Scale"],
    ),
    Scenario(
        "debugged",
        [
            Step(
                "debug app --profile=general --image=evil/tools --container=tools",
                denied("[debuggers] container tools: evil/tools is not of registry.example", doing=""),
                1,
            ),
        ],
        in_force=[rule("OurImages", "debuggers", "debugged", "Pod")],
        there=[pod()],
        trail=["deny UPDATE v1/Pod"],
    ),
    Scenario(
        "resized",
        [
            Step(
                'patch pod app --subresource=resize -p {"spec":{"containers":[{"name":"app","resources":{"requests":{"memory":"2Gi"}}}]}}',
                denied("[resizing] container app: 2Gi of memory, at most 1Gi", doing=""),
                1,
            ),
            Step(
                'patch pod app --subresource=resize -p {"spec":{"containers":[{"name":"app","resources":{"requests":{"memory":"1Gi"}}}]}}',
                "pod/app patched\n",
            ),
        ],
        in_force=[rule("MostMemory", "resizing", "resized", "Pod", most="1Gi")],
        there=[pod()],
        trail=["deny UPDATE v1/Pod", "allow UPDATE v1/Pod"],
    ),
    Scenario(
        "executed",
        [Step("exec app -- sh", denied("[shells] no shell in app", doing=""), 1)],
        in_force=[rule("NoShells", "shells", "executed", "PodExecOptions")],
        there=[pod()],
        # kubectl asks over WebSocket, and when that is refused over SPDY.
        trail=["deny CONNECT v1/PodExecOptions"] * 2,
    ),
    Scenario(
        "token-of-account",
        [
            Step(
                "create token robot",
                denied(
                    "[tokens] admin asks for CREATE of TokenRequest in token-of-account",
                    doing="failed to create token: ",
                ).replace("Error from server (Forbidden): ", "error: "),
                1,
            )
        ],
        in_force=[
            rule(
                "Asked",
                "tokens",
                "token-of-account",
                "authentication.k8s.io/TokenRequest",
                operation="CREATE",
                subResource="token",
            )
        ],
        there=[manifest("ServiceAccount", "robot")],
        trail=["deny CREATE authentication.k8s.io/v1/TokenRequest"],
    ),
    Scenario(
        "evicted",
        [
            Step(
                "create --raw /api/v1/namespaces/evicted/pods/app/eviction -f -",
                denied("[evictions] admin asks for CREATE of Eviction in evicted", doing=""),
                1,
                manifest("Eviction", "app", group="policy/v1", namespace="evicted"),
            )
        ],
        in_force=[
            rule(
                "Asked", "evictions", "evicted", "policy/Eviction", operation="CREATE", subResource="eviction"
            )
        ],
        there=[pod()],
        trail=["deny CREATE policy/v1/Eviction"],
    ),
    Scenario(
        "service-status",
        [
            Step(
                'patch service app --subresource=status --type=merge -p {"status":{"loadBalancer":{"ingress":[{"ip":"10.1.1.1"}]}}}',
                denied("[addresses] admin asks for UPDATE of Service in service-status", doing=""),
                1,
            )
        ],
        in_force=[
            rule("Asked", "addresses", "service-status", "Service", operation="UPDATE", subResource="status")
        ],
        there=[{**manifest("Service", "app"), "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}],
        trail=["deny UPDATE v1/Service"],
    ),
    Scenario(
        "pod-of-a-deployment",
        [
            Step("create -f -", "deployment.apps/app created\n", given=deployment(image="evil/app")),
            Step(
                "create -f -",
                denied("[of-sets] container app: evil/app is not of registry.example"),
                1,
                pod(
                    "app-5d9c-x1",
                    "evil/app",
                    ownerReferences=[
                        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "app-5d9c", "uid": "u"}
                    ],
                ),
                SETS_ACCOUNT,
            ),
        ],
        in_force=[rule("OurImages", "of-sets", "pod-of-a-deployment", "Pod")],
        trail=["deny CREATE v1/Pod"],
    ),
    Scenario(
        "own-kind",
        [
            Step(
                "create -f -",
                denied("[widgets] Widget a has no owner"),
                1,
                manifest("Widget", group="shop.example/v2"),
            ),
            Step(
                "create -f -",
                "widget.shop.example/a created\n",
                given=manifest("Widget", group="shop.example/v1", labels=OWNED),
            ),
        ],
        in_force=[rule("NeedsOwner", "widgets", "own-kind", "shop.example/Widget")],
        there=[WIDGETS],
        trail=["deny CREATE shop.example/v2/Widget", "allow CREATE shop.example/v1/Widget"],
    ),
    Scenario(
        "of-many-kinds",
        [
            Step(
                "create -f -",
                warned("[any-kind] Secret a has no owner", "[any-kind] ServiceAccount b has no owner")
                + "secret/a created\nserviceaccount/b created\n",
                given=[manifest("Secret"), manifest("ServiceAccount", "b")],
            )
        ],
        in_force=[
            rule("NeedsOwner", "any-kind", "of-many-kinds", "*", action="warn", match={"scope": "Namespaced"})
        ],
        trail=["warn CREATE v1/Secret", "warn CREATE v1/ServiceAccount"],
    ),
)
