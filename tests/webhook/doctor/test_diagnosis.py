"""What facts mean, where no API server of a test can bring them about."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lockgate.webhook.break_glass_definitions import break_glass_definitions
from lockgate.webhook.certificates.authority import DAY_NS, SECOND_NS
from lockgate.webhook.certificates.state import render_state
from lockgate.webhook.certificates.tending import ByHand, tend
from lockgate.webhook.doctor.diagnosis import diagnose
from lockgate.webhook.doctor.facts import ClusterFacts, Denied, Seen
from lockgate.webhook.doctor.finding import Finding, exit_code
from lockgate.webhook.doctor_command import render_findings
from lockgate.webhook.install.definitions import gatekeeper_definitions, own_definitions
from lockgate.webhook.install.options import parse_options, render_options
from lockgate.webhook.install.rights import Right, rights
from lockgate.webhook.install.settings import InstallSettings
from lockgate.webhook.install.webhooks import webhook_configuration
from lockgate.webhook.install.workload import deployment

from tests.gatekeeper.promotions.making import environment_map
from tests.gatekeeper.workbench import constraint
from tests.webhook.certificates.memory import MemoryCluster

NOW_NS = 1_800_000_000 * SECOND_NS
NAMES = ("lockgate.lockgate-system.svc",)
RULE = {"apiGroups": ["*"], "resources": ["*"], "operations": ["CREATE"], "apiVersions": ["*"]}
OBSERVING = InstallSettings("registry.example.com/lockgate:1")
POSTGRES = replace(OBSERVING, mode="enforce", database="postgres", database_namespace="pg", replicas=3)
ENFORCING_ONE = replace(OBSERVING, enforced_namespaces=("shop",))
TOKEN = replace(OBSERVING, has_token=True, api_server_ranges=("10.0.0.1",))
MANAGED = replace(OBSERVING, certificates="cert-manager", beside_gatekeeper=True, has_monitoring=True)

Change = Callable[[ClusterFacts], ClusterFacts]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def healthy(settings: InstallSettings) -> ClusterFacts:
    """Everything as it should be."""
    store = MemoryCluster()
    state = tend(store, ByHand(), NAMES, NOW_NS)
    assert state.serving is not None
    token = "0123456789abcdef01234567" if settings.has_token else ""
    configuration = webhook_configuration(settings, [RULE], token=token)
    for webhook in configuration["webhooks"]:
        webhook["clientConfig"]["caBundle"] = encoded(state.bundle)
    kept = {"state.json": base64.b64encode(render_state(state)).decode()}
    if settings.certificates == "cert-manager":
        kept = {
            "tls.crt": encoded(state.serving.pair.certificate),
            "tls.key": "",
            "ca.crt": encoded(state.bundle),
        }
    workload = {**deployment(settings), "status": {"availableReplicas": settings.replicas}}
    established = {"conditions": [{"type": "Established", "status": "True"}]}
    definitions: list[Any] = [*gatekeeper_definitions(), *own_definitions(), *break_glass_definitions()]
    files = ("trail.toml", "trust.toml", "log.key", "log.vkey", "master.key")
    return ClusterFacts(
        host="https://api.example",
        version=Seen({"major": "1", "minor": "34"}),
        skew_ns=0,
        definitions={one["metadata"]["name"]: Seen({**one, "status": established}) for one in definitions},
        configuration=Seen(configuration),
        deployment=Seen(workload),
        certificates=Seen({"data": kept}),
        trail=Seen({"data": dict.fromkeys(files, "")}),
        database=Seen({"data": {"password": ""}}),
        volume=Seen({"status": {"phase": "Bound"}}),
        gatekeeper=Seen({}) if settings.beside_gatekeeper else Seen(),
        gatekeeper_status=Seen({}) if settings.beside_gatekeeper else Seen(),
        templates=Seen({"items": [{}]}),
        constraints={},
        promotion_policies=Seen({"items": []}),
        environment_maps=Seen({"items": []}),
        denied=(),
        asked="somebody",
        ready=(200, ""),
    )


def found(facts: ClusterFacts, now_ns: int = NOW_NS) -> set[tuple[str, str, str]]:
    return {(one.level, one.check, one.message) for one in diagnose(facts, "lockgate-system", now_ns)}


@pytest.mark.parametrize("settings", [OBSERVING, POSTGRES, MANAGED, ENFORCING_ONE, TOKEN])
def test_a_healthy_installation_has_nothing_to_mend(settings: InstallSettings) -> None:
    findings = diagnose(healthy(settings), "lockgate-system", NOW_NS)
    assert findings == ()
    assert exit_code(findings) == 0
    assert render_findings(findings) == "nothing to mend\n"


def status_of(name: str, value: dict[str, Any]) -> Change:
    def change(facts: ClusterFacts) -> ClusterFacts:
        seen = facts.definitions[name].value
        assert seen is not None
        return replace(facts, definitions={**facts.definitions, name: Seen({**seen, **value})})

    return change


def with_webhook(facts: ClusterFacts, name: str, **fields: Any) -> ClusterFacts:
    assert facts.configuration.value is not None
    webhooks = [
        {**one, **fields} if one["name"] == name else one for one in facts.configuration.value["webhooks"]
    ]
    return replace(facts, configuration=Seen({**facts.configuration.value, "webhooks": webhooks}))


NOT_ESTABLISHED = {
    "status": {"conditions": [{"type": "NamesAccepted", "status": "False", "message": "taken"}]}
}
OLD_ONLY = {"spec": {"versions": [{"name": "v1", "served": False}, {"name": "v1alpha1", "served": True}]}}
TEMPLATES = "constrainttemplates.templates.gatekeeper.sh"


def right_on(resource: str) -> Right:
    (found,) = [one for one in rights(OBSERVING) if resource in one.resources]
    return found


MAP = environment_map(
    {"name": "dev", "clusters": ["cluster", "dev-*"]}, {"name": "prod", "clusters": ["prod"]}
)
WRONG = {"location": "spec.steps[0].to", "message": "it is nowhere"}
ELSEWHERE = replace(OBSERVING, cluster_name="test-eu")


def listed(*values: dict[str, Any]) -> Seen:
    return Seen({"items": [{"metadata": {"name": "models"}, **one} for one in values]})


def status(created: bool, *errors: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"created": created, "byPod": [{"id": "lockgate", "errors": [*errors]}]}}


MAPS = listed(MAP)

CASES: list[tuple[str, InstallSettings, Change, tuple[str, str, str]]] = [
    (
        "old cluster",
        OBSERVING,
        lambda facts: replace(facts, version=Seen({"major": "1", "minor": "29+"})),
        ("error", "version", "Kubernetes 1.29 is older than 1.30"),
    ),
    (
        "no break-glass",
        OBSERVING,
        lambda facts: replace(
            facts, definitions={**facts.definitions, "breakglasses.breakglass.lockgate.dev": Seen()}
        ),
        ("error", "definitions", "it is not there"),
    ),
    (
        "what Gatekeeper left",
        OBSERVING,
        lambda facts: replace(facts, gatekeeper_status=Seen({})),
        (
            "error",
            "gatekeeper",
            (
                "Gatekeeper is gone, and its definitions of status.gatekeeper.sh are left: "
                "by them the server takes it to be there, and makes no definitions of constraints"
            ),
        ),
    ),
    (
        "enforced elsewhere",
        ENFORCING_ONE,
        lambda facts: with_webhook(facts, "enforcement.lockgate.dev", namespaceSelector={}),
        (
            "error",
            "exclusions",
            "it is not for the namespaces that are to be enforced, or for more than these",
        ),
    ),
    (
        "enforced without failing",
        ENFORCING_ONE,
        lambda facts: with_webhook(facts, "enforcement.lockgate.dev", failurePolicy="Ignore"),
        (
            "error",
            "failure-policy",
            "its failurePolicy is Ignore, in mode observe: what could not be judged passes",
        ),
    ),
    (
        "a promotion policy that is not in force",
        OBSERVING,
        lambda facts: replace(facts, promotion_policies=listed(status(False, WRONG)), environment_maps=MAPS),
        ("error", "promotions", "it is not in force: spec.steps[0].to: it is nowhere"),
    ),
    (
        "a map that is not in force",
        OBSERVING,
        lambda facts: replace(facts, environment_maps=listed({**MAP, **status(False)})),
        ("error", "promotions", "it is not in force: nothing says why"),
    ),
    (
        "no map",
        OBSERVING,
        lambda facts: replace(facts, promotion_policies=listed(status(True))),
        ("warning", "promotions", "there is none, and without it the environment of everything is unknown"),
    ),
    (
        "a cluster that the map does not have",
        ELSEWHERE,
        lambda facts: replace(facts, environment_maps=MAPS),
        (
            "error",
            "promotions",
            "no environment has the cluster test-eu, so that the environment of everything in it is unknown",
        ),
    ),
    (
        "promotion policies that may not be listed",
        OBSERVING,
        lambda facts: replace(facts, promotion_policies=Seen(None, "403 no")),
        ("unknown", "promotions", "it cannot be looked at: 403 no"),
    ),
    (
        "no version",
        OBSERVING,
        lambda facts: replace(facts, version=Seen({})),
        ("unknown", "version", "it does not tell its version"),
    ),
    (
        "clock ahead",
        OBSERVING,
        lambda facts: replace(facts, skew_ns=400 * SECOND_NS),
        ("error", "clock", "this machine's clock is 400 s ahead of the API server's"),
    ),
    (
        "clock behind",
        OBSERVING,
        lambda facts: replace(facts, skew_ns=-40 * SECOND_NS),
        ("warning", "clock", "this machine's clock is 40 s behind the API server's"),
    ),
    (
        "not established",
        OBSERVING,
        status_of(TEMPLATES, NOT_ESTABLISHED),
        ("error", "definitions", "it is not established: taken"),
    ),
    (
        "old versions",
        OBSERVING,
        status_of(TEMPLATES, OLD_ONLY),
        ("warning", "definitions", "it does not serve v1, v1beta1"),
    ),
    (
        "nobody may ask",
        OBSERVING,
        lambda facts: replace(facts, asked=""),
        ("unknown", "rights", "its rights cannot be asked for"),
    ),
    (
        "no right on its Secret",
        OBSERVING,
        lambda facts: replace(facts, denied=(Denied(right_on("secrets"), "update"),)),
        (
            "error",
            "rights",
            "it may not update secrets lockgate-certificates in lockgate-system (for: its certificates)",
        ),
    ),
    (
        "not ready",
        OBSERVING,
        lambda facts: replace(facts, ready=(503, "policies are loading")),
        ("error", "ready", "it does not say that it is ready: 503 policies are loading"),
    ),
    (
        "fail while observing",
        OBSERVING,
        lambda facts: replace(facts, configuration=failing(facts)),
        (
            "warning",
            "failure-policy",
            "its failurePolicy is Fail, in mode observe: requests fail while nobody answers, though nothing is to be denied",
        ),
    ),
    (
        "no password",
        POSTGRES,
        lambda facts: replace(facts, database=Seen()),
        ("error", "trail", "it is not there"),
    ),
    (
        "half a home",
        POSTGRES,
        lambda facts: replace(facts, trail=Seen({"data": {"trail.toml": "", "log.key": "", "log.vkey": ""}})),
        ("error", "trail", "it lacks trust.toml, master.key"),
    ),
    (
        "secrets that may not be read",
        POSTGRES,
        lambda facts: replace(facts, trail=Seen(None, "403 no")),
        ("unknown", "trail", "it cannot be looked at: 403 no"),
    ),
    (
        "Gatekeeper went",
        MANAGED,
        lambda facts: replace(facts, gatekeeper=Seen()),
        ("error", "gatekeeper", "there is no Gatekeeper, and nobody makes the definitions of constraints"),
    ),
    (
        "cert-manager made nothing",
        MANAGED,
        lambda facts: replace(facts, certificates=Seen({"data": {}})),
        ("error", "certificates", "there is no certificate in it yet"),
    ),
    (
        "no certificate is one",
        MANAGED,
        lambda facts: replace(facts, certificates=Seen({"data": {"tls.crt": encoded("rubbish")}})),
        ("error", "certificates", "there is no certificate in PEM"),
    ),
    (
        "a policy on leases",
        OBSERVING,
        lambda facts: about(facts, "Lease"),
        (
            "warning",
            "coverage",
            "it names what is never sent to the webhook, so that nothing is gated: Lease",
        ),
    ),
    (
        "a policy on nodes that is not in the rules yet",
        OBSERVING,
        lambda facts: about(facts, "Node"),
        (
            "warning",
            "coverage",
            "it has no rules, though constraints name kinds around nodes: these are not gated",
        ),
    ),
    (
        "a policy on nodes",
        OBSERVING,
        lambda facts: with_webhook(about(facts, "Node"), "nodes.lockgate.dev", rules=[RULE]),
        (
            "note",
            "coverage",
            "Probe/one: of Node, what kubelets, kube-system's accounts and --node-agent write is not gated",
        ),
    ),
    (
        "a policy on everything",
        OBSERVING,
        lambda facts: about(facts, "*"),
        (
            "note",
            "coverage",
            (
                "Probe/one: CSINode, CertificateSigningRequest, Node, VolumeAttachment are matched, and not gated "
                "unless a constraint names them"
            ),
        ),
    ),
    (
        "constraints that may not be read",
        OBSERVING,
        lambda facts: replace(facts, constraints={"probe": Seen(None, "403 no")}),
        ("unknown", "coverage", "it cannot be looked at: 403 no"),
    ),
    (
        "a token that nobody asks for",
        OBSERVING,
        lambda facts: with_path(facts, "/v1/admit/0123456789abcdef"),
        ("error", "webhook", "its path has a token that nobody asks for"),
    ),
    (
        "no token",
        TOKEN,
        lambda facts: with_path(facts, "/v1/admit"),
        ("error", "webhook", "its path lacks the token: every call is refused"),
    ),
    (
        "a token is not shown",
        TOKEN,
        lambda facts: with_path(facts, "/v1/admit/0123456789abcdef", name="other"),
        (
            "error",
            "webhook",
            "it calls Service lockgate-system/other/v1/admit/…, and not Service lockgate-system/lockgate",
        ),
    ),
    (
        "an annotation of somebody else",
        OBSERVING,
        lambda facts: replace(facts, deployment=annotated(facts, "--image=x --what")),
        (
            "warning",
            "options",
            "its annotation lockgate.dev/install-options does not say how it was installed: '--what' is no option of `lockgate install`",
        ),
    ),
]


def about(facts: ClusterFacts, kind: str) -> ClusterFacts:
    """With a constraint that names the kind."""
    value = constraint({"match": {"kinds": [{"apiGroups": ["*"], "kinds": [kind]}]}}, name="one")
    return replace(facts, constraints={"probe": Seen({"items": [value]})})


def with_path(facts: ClusterFacts, path: str, name: str = "lockgate") -> ClusterFacts:
    service = {"namespace": "lockgate-system", "name": name, "port": 443, "path": path}
    return with_webhook(facts, "validation.lockgate.dev", clientConfig={"service": service})


def failing(facts: ClusterFacts) -> Seen:
    assert facts.configuration.value is not None
    webhooks = [{**one, "failurePolicy": "Fail"} for one in facts.configuration.value["webhooks"]]
    return Seen({**facts.configuration.value, "webhooks": webhooks})


def annotated(facts: ClusterFacts, text: str) -> Seen:
    assert facts.deployment.value is not None
    metadata = facts.deployment.value["metadata"]
    annotations = {**metadata["annotations"], "lockgate.dev/install-options": text}
    return Seen({**facts.deployment.value, "metadata": {**metadata, "annotations": annotations}})


@pytest.mark.parametrize(("name", "settings", "change", "expected"), CASES, ids=[one[0] for one in CASES])
def test_what_is_wrong_is_told(
    name: str, settings: InstallSettings, change: Change, expected: tuple[str, str, str]
) -> None:
    facts = change(healthy(settings))
    assert expected in found(facts)
    findings = diagnose(facts, "lockgate-system", NOW_NS)
    assert all(one.where and (one.fix or one.level == "unknown") for one in findings)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (62, set()),
        (
            64,
            {("warning", "certificates", "the certificate expires in 26 days, and was to be renewed before")},
        ),
        (84, {("error", "certificates", "the certificate expires in 6.0 days")}),
        (93, {("error", "certificates", "the certificate expired 3 days ago")}),
    ],
)
def test_days_are_counted(days: int, expected: set[tuple[str, str, str]]) -> None:
    assert found(healthy(OBSERVING), NOW_NS + days * DAY_NS) == expected


def test_an_authority_that_expired_verifies_nothing() -> None:
    told = found(healthy(OBSERVING), NOW_NS + 4 * 365 * DAY_NS)
    assert (
        "error",
        "ca-bundle",
        "its caBundle does not verify the certificate that the server shows: every call fails",
    ) in told


@pytest.mark.parametrize(
    "seen", [{}, {"status": {}}, {"status": {"created": True}}], ids=["new", "empty", "in force"]
)
def test_what_is_in_force_or_was_applied_a_moment_ago_needs_no_mending(seen: dict[str, Any]) -> None:
    facts = replace(healthy(OBSERVING), promotion_policies=listed(seen), environment_maps=MAPS)
    assert found(facts) == set()
    named = replace(OBSERVING, cluster_name="dev-7")
    assert found(replace(healthy(named), environment_maps=MAPS)) == set()


@pytest.mark.parametrize("settings", [OBSERVING, POSTGRES, MANAGED, TOKEN, ELSEWHERE])
def test_options_are_read_back(settings: InstallSettings) -> None:
    assert parse_options(render_options(settings)) == settings


def test_not_knowing_beats_knowing() -> None:
    error, unknown = Finding("error", "a", "b", "c"), Finding("unknown", "a", "b", "c")
    assert exit_code((error,)) == 1
    assert exit_code((error, unknown)) == 2
    assert exit_code((Finding("note", "a", "b", "c"),)) == 0


def test_text_is_told_with_the_worst_first_and_without_controls() -> None:
    told = render_findings(
        (Finding("warning", "a", "here", "one", "do"), Finding("error", "b", "there\x1b[2J", "two"))
    )
    assert told.splitlines() == [
        "error   b               there\\x1b[2J: two",
        "warning a               here: one",
        "                        do",
        "",
        "1 errors, 1 warnings, 0 not looked at",
    ]
