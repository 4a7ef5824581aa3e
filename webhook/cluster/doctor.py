"""Asks a cluster for what `lockgate doctor` looks at; nothing is changed."""

import time
from email.utils import parsedate_to_datetime
from typing import Final

from kubernetes import client
from lockgate.engine.errors import UsageError
from lockgate.gatekeeper.promotions.kinds import API_VERSION as PROMOTIONS
from lockgate.webhook.cluster.calls import ask_text, call, segment
from lockgate.webhook.cluster.constraint_definitions import GATEKEEPER_GROUP
from lockgate.webhook.cluster.webhook_configurations import PATH as CONFIGURATIONS
from lockgate.webhook.doctor.facts import ClusterFacts, Denied, Seen
from lockgate.webhook.install.definitions import BREAK_GLASS, GATEKEEPER, OWN
from lockgate.webhook.install.options import parse_options
from lockgate.webhook.install.rights import Right, rights
from lockgate.webhook.install.settings import (
    CERTIFICATES,
    CONFIGURATION,
    DATABASE_PASSWORD,
    NAME,
    TRAIL,
    InstallSettings,
)
from lockgate.webhook.install.workload import OPTIONS_ANNOTATION

_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_GATEKEEPER: Final = "gatekeeper-validating-webhook-configuration"
_TEMPLATES: Final = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
_CONSTRAINTS: Final = "/apis/constraints.gatekeeper.sh/v1beta1"
_PROMOTIONS: Final = f"/apis/{PROMOTIONS}"
_REVIEWS: Final = "/apis/authorization.k8s.io/v1"
SECOND_NS: Final = 1_000_000_000

# How an API server answers while it is busy, or makes a place for a new kind.
_TOO_EARLY: Final = 429
_TRIES: Final = 10
_WAIT_S: Final = 0.5


def read_facts(api: client.ApiClient, namespace: str) -> ClusterFacts:
    """What there is to see. Raises ClusterError where the API server does not answer at all."""
    version = call(api, "GET", "/version")
    skew_ns = _skew_ns(version.date)
    inside = f"/api/v1/namespaces/{segment(namespace)}"
    deployment = _see(api, f"/apis/apps/v1/namespaces/{segment(namespace)}/deployments/{NAME}")
    settings = InstallSettings("", namespace, beside_gatekeeper=_is_beside(deployment))
    denied, asked = _denied(api, namespace, rights(settings))
    return ClusterFacts(
        host=_host(api),
        version=Seen(version.value) if version.status == 200 else Seen(None, version.message),
        skew_ns=skew_ns,
        definitions={
            one.name: _see(api, f"{_DEFINITIONS}/{one.name}") for one in (*GATEKEEPER, *OWN, *BREAK_GLASS)
        },
        configuration=_see(api, f"{CONFIGURATIONS}/{CONFIGURATION}"),
        deployment=deployment,
        certificates=_see(api, f"{inside}/secrets/{CERTIFICATES}"),
        trail=_see(api, f"{inside}/secrets/{TRAIL}"),
        database=_see(api, f"{inside}/secrets/{DATABASE_PASSWORD}"),
        volume=_see(api, f"{inside}/persistentvolumeclaims/{TRAIL}"),
        gatekeeper=_see(api, f"{CONFIGURATIONS}/{_GATEKEEPER}"),
        gatekeeper_status=_see(api, f"/apis/{GATEKEEPER_GROUP}"),
        templates=_see(api, f"{_TEMPLATES}?limit=1"),
        constraints=_constraints(api),
        promotion_policies=_see(api, f"{_PROMOTIONS}/promotionpolicies"),
        environment_maps=_see(api, f"{_PROMOTIONS}/environmentmaps"),
        denied=denied,
        asked=asked,
        ready=_ready(api, inside),
    )


def _host(api: client.ApiClient) -> str:
    host: str = api.configuration.host
    return host


def _see(api: client.ApiClient, path: str) -> Seen:
    answer = call(api, "GET", path)
    for _ in range(_TRIES):
        # A kind that was defined a moment ago: "storage is (re)initializing".
        if answer.status != _TOO_EARLY:
            break
        time.sleep(_WAIT_S)
        answer = call(api, "GET", path)
    if answer.status == 200:
        return Seen(answer.value)
    if answer.status == 404:
        return Seen()
    return Seen(None, f"{answer.status} {answer.message}")


def _skew_ns(date: str) -> int | None:
    try:
        then = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return time.time_ns() - int(then) * SECOND_NS


def _constraints(api: client.ApiClient) -> dict[str, Seen]:
    """Every constraint, by kind; where the kinds cannot be told, that."""
    served = _see(api, _CONSTRAINTS)
    if served.value is None:
        return {} if served.absent else {"kinds": served}
    names = [one.get("name") for one in served.value.get("resources") or () if isinstance(one, dict)]
    # Subresources have a slash.
    plain = sorted({one for one in names if isinstance(one, str) and "/" not in one})
    return {one: _see(api, f"{_CONSTRAINTS}/{segment(one)}") for one in plain}


def _is_beside(deployment: Seen) -> bool:
    metadata = (deployment.value or {}).get("metadata") or {}
    try:
        return parse_options(
            (metadata.get("annotations") or {}).get(OPTIONS_ANNOTATION) or ""
        ).beside_gatekeeper
    except UsageError:
        return False


def _ready(api: client.ApiClient, inside: str) -> tuple[int, str]:
    """What the server says of itself, through the API server, since there may be no other way to it from here."""
    return ask_text(api, f"{inside}/services/http:{NAME}:metrics/proxy/readyz")


def _denied(
    api: client.ApiClient, namespace: str, table: tuple[Right, ...]
) -> tuple[tuple[Denied, ...], str]:
    """Which rights the server's account lacks, and as whom it was asked; "" where nobody could be."""
    account = f"system:serviceaccount:{namespace}:{NAME}"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    for kind, who in (
        ("SubjectAccessReview", {"user": account, "groups": groups}),
        # Who may not ask for others, as the server itself, asks what it may do.
        ("SelfSubjectAccessReview", {}),
    ):
        found: list[Denied] = []
        for right, verb, attributes in _questions(table, namespace):
            body = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": kind,
                "spec": {**who, "resourceAttributes": attributes},
            }
            answer = call(api, "POST", f"{_REVIEWS}/{kind.lower()}s", body)
            if answer.status != 201:
                break
            if not (answer.value.get("status") or {}).get("allowed"):
                found.append(Denied(right, verb))
        else:
            return tuple(found), account if who else "whoever runs this"
    return (), ""


def _questions(table: tuple[Right, ...], namespace: str) -> list[tuple[Right, str, dict[str, str]]]:
    made: list[tuple[Right, str, dict[str, str]]] = []
    for right in table:
        for resource in right.resources:
            for name in right.names or ("",):
                for verb in right.verbs:
                    plain, _, below = resource.partition("/")
                    attributes = {"group": right.group, "resource": plain, "verb": verb}
                    optional = {
                        "subresource": below,
                        "name": name,
                        "namespace": namespace if right.where == "namespace" else "",
                    }
                    made.append(
                        (right, verb, {**attributes, **{key: text for key, text in optional.items() if text}})
                    )
    return made
