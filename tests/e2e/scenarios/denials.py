"""Scenarios of objects that are created and changed: what is denied, warned of, let through, and how it is asked."""

from tests.e2e.scenarios.objects import OWNED, config_map, ingress, pod
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import Scenario, Step, denied, warned
from tests.gatekeeper.workbench import template

BROKEN = 'package broken\n\nviolation[{"msg": "x"}] {\n  nothing(input.review)\n}\n'

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "denied",
        [Step("create -f -", denied("[owners] ConfigMap settings has no owner"), 1, config_map())],
        in_force=[rule("NeedsOwner", "owners", "denied", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "denied-by-several",
        [
            Step(
                "create -f -",
                denied(
                    "[owners-of-several] Pod app has no owner",
                    "[images-of-several] container app: evil/app is not of registry.example",
                ),
                1,
                pod(image="evil/app"),
            )
        ],
        in_force=[
            rule("NeedsOwner", "owners-of-several", "denied-by-several", "Pod"),
            rule("OurImages", "images-of-several", "denied-by-several", "Pod"),
        ],
        trail=["deny CREATE v1/Pod"],
    ),
    Scenario(
        "warned",
        [
            Step(
                "create -f -",
                warned("[owners-soon] ConfigMap settings has no owner") + "configmap/settings created\n",
                given=config_map(),
            )
        ],
        in_force=[rule("NeedsOwner", "owners-soon", "warned", "ConfigMap", action="warn")],
        trail=["warn CREATE v1/ConfigMap"],
    ),
    Scenario(
        "warned-and-denied",
        [
            Step(
                "create -f -",
                warned("[warns] container app: evil/app is not of registry.example")
                + denied("[denies] Pod app has no owner"),
                1,
                pod(image="evil/app"),
            )
        ],
        in_force=[
            rule("OurImages", "warns", "warned-and-denied", "Pod", action="warn"),
            rule("NeedsOwner", "denies", "warned-and-denied", "Pod"),
        ],
        trail=["deny CREATE v1/Pod"],
    ),
    Scenario(
        "dryrun-action",
        [Step("create -f -", "configmap/settings created\n", given=config_map())],
        in_force=[rule("NeedsOwner", "tried", "dryrun-action", "ConfigMap", action="dryrun")],
        trail=["allow CREATE v1/ConfigMap"],
    ),
    Scenario(
        "allowed",
        [Step("create -f -", "configmap/settings created\n", given=config_map(labels=OWNED))],
        in_force=[rule("NeedsOwner", "kept", "allowed", "ConfigMap")],
        trail=["allow CREATE v1/ConfigMap"],
    ),
    Scenario(
        "nothing-matches",
        [Step("create -f -", "configmap/settings created\n", given=config_map())],
    ),
    Scenario(
        "updated",
        [
            Step(
                'patch configmap settings --type=merge -p {"data":{"a":"2"}}',
                denied("[fixed] the data of settings is fixed", doing=""),
                1,
            ),
            Step("label configmap settings a=b", "configmap/settings labeled\n"),
        ],
        in_force=[rule("FixedData", "fixed", "updated", "ConfigMap")],
        there=[config_map(data={"a": "1"})],
        trail=["deny UPDATE v1/ConfigMap", "allow UPDATE v1/ConfigMap"],
    ),
    Scenario(
        "deleted",
        [
            Step(
                "delete configmap settings",
                denied("[keeps] settings is kept", doing=""),
                1,
            ),
            Step("delete configmap loose --output=name", "configmap/loose\n"),
        ],
        in_force=[rule("Kept", "keeps", "deleted", "ConfigMap")],
        there=[config_map(labels={"keep": "yes"}), config_map("loose")],
        trail=["deny DELETE v1/ConfigMap", "allow DELETE v1/ConfigMap"],
    ),
    Scenario(
        "dry-run-of-kubectl",
        [
            Step(
                "create --dry-run=server -f -",
                denied("[owners-tried] ConfigMap settings has no owner"),
                1,
                config_map(),
            ),
            Step(
                "create --dry-run=server -f -",
                "configmap/settings created (server dry run)\n",
                given=config_map(labels=OWNED),
            ),
        ],
        in_force=[rule("NeedsOwner", "owners-tried", "dry-run-of-kubectl", "ConfigMap")],
    ),
    Scenario(
        "generated-name",
        [
            Step(
                "create -f -",
                denied("[unnamed] ConfigMap made- has no owner"),
                1,
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "made-"}},
            )
        ],
        in_force=[rule("NeedsOwner", "unnamed", "generated-name", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "server-side-apply",
        [
            Step(
                "apply --server-side -f -",
                denied("[owners-applied] ConfigMap settings has no owner", doing=""),
                1,
                config_map(),
            ),
            Step(
                "apply --server-side -f -",
                "configmap/settings serverside-applied\n",
                given=config_map(labels=OWNED),
            ),
        ],
        in_force=[rule("NeedsOwner", "owners-applied", "server-side-apply", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap", "allow CREATE v1/ConfigMap"],
    ),
    Scenario(
        "list",
        [
            Step(
                "create -f -",
                denied("[owners-listed] ConfigMap b has no owner") + "configmap/a created\n",
                1,
                {
                    "apiVersion": "v1",
                    "kind": "List",
                    "items": [config_map("a", labels=OWNED), config_map("b")],
                },
            )
        ],
        in_force=[rule("NeedsOwner", "owners-listed", "list", "ConfigMap")],
        trail=["allow CREATE v1/ConfigMap", "deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "collection-deleted",
        [
            Step(
                "delete --raw /api/v1/namespaces/collection-deleted/configmaps",
                denied("[keeps-all] settings is kept", doing=""),
                1,
            )
        ],
        in_force=[rule("Kept", "keeps-all", "collection-deleted", "ConfigMap")],
        there=[config_map(labels={"keep": "yes"})],
        trail=["deny DELETE v1/ConfigMap"],
    ),
    Scenario(
        "replaced",
        [
            Step(
                "replace -f -",
                denied("[replaced] ConfigMap settings has no owner", doing='error when replacing "STDIN": '),
                1,
                config_map(),
            )
        ],
        in_force=[rule("NeedsOwner", "replaced", "replaced", "ConfigMap")],
        there=[config_map(labels=OWNED)],
        trail=["deny UPDATE v1/ConfigMap"],
    ),
    Scenario(
        "selected-namespace",
        [Step("create -f -", denied("[selecting] ConfigMap settings has no owner"), 1, config_map())],
        in_force=[
            rule(
                "NeedsOwner",
                "selecting",
                "",
                "ConfigMap",
                match={"namespaceSelector": {"matchLabels": {"scenario": "selected"}}},
            )
        ],
        labels=(("scenario", "selected"),),
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "referential",
        [
            Step(
                "create -f -",
                denied("[hosts] shop.example is of referential/a already"),
                1,
                ingress("b", "shop.example"),
            ),
            Step("create -f -", "ingress.networking.k8s.io/c created\n", given=ingress("c", "c.example")),
        ],
        in_force=[rule("UniqueHost", "hosts", "referential", "networking.k8s.io/Ingress")],
        there=[ingress("a", "shop.example")],
        trail=[
            "deny CREATE networking.k8s.io/v1/Ingress",
            "allow CREATE networking.k8s.io/v1/Ingress",
        ],
    ),
    Scenario(
        "broken-template",
        [
            Step(
                "create -f -",
                'Error from server: error when creating "STDIN": admission webhook "policies.lockgate.dev" denied the '
                "request: spec.targets[0].rego:4:3: rego_type_error: undefined function nothing (no builtin and no "
                "function of this package has that name)\n",
                1,
                template(BROKEN, kind="Broken"),
            )
        ],
    ),
    Scenario(
        "ignored-namespace",
        [
            Step(
                "label namespace ignored-namespace admission.gatekeeper.sh/ignore=yes",
                denied(
                    "Only exempt namespace can have the admission.gatekeeper.sh/ignore label",
                    doing="",
                    webhook="namespaces.lockgate.dev",
                ),
                1,
            )
        ],
    ),
    Scenario(
        "cel",
        [Step("create -f -", denied("[cel-owners] settings has no owner, says CEL"), 1, config_map())],
        in_force=[rule("CelOwner", "cel-owners", "cel", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap"],
    ),
)
