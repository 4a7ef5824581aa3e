"""A stock Gatekeeper judges by the promotions of a trail and the environments of a cluster, as Lockgate, which it asks, does."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.gatekeeper import Gatekeeper, running_gatekeeper
from tests.e2e.serving_cluster import apply_values, manifests, until
from tests.e2e.test_promoted_models import CONSTRAINT, IMAGE, MAP, OTHER, RULE, deployment
from tests.gatekeeper.external_data.making import provider
from tests.webhook.promoting.office import REFERENCE, open_office
from tests.webhook.serving.server_processes import Server, review_of, running_server

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Json = dict[str, Any]
Said = tuple[bool, list[str]]


@dataclass(frozen=True, slots=True)
class Both:
    """Gatekeeper's webhook, which asks ours as its providers, and ours, with the cluster's policies."""

    theirs: Gatekeeper
    ours: Server

    def says(self, value: Json) -> tuple[Said, Said]:
        """What Gatekeeper says to an object, and what we say."""
        review = review_of(value)
        return _said(self.theirs.admit(review)), _said(self.ours.admit(review))

    def agreed(self, value: Json) -> Said:
        """What both say."""
        theirs, ours = self.says(value)
        assert theirs == ours
        return theirs


def _said(answer: Json) -> Said:
    return answer["allowed"], sorted(answer.get("status", {}).get("message", "").splitlines())


def _define(cluster: Cluster, policy: Json) -> None:
    """The kinds about promotions, an EnvironmentMap, a PromotionPolicy, and namespaces."""
    definitions = [
        one
        for one in manifests()
        if one["kind"] == "CustomResourceDefinition" and one["spec"]["group"] == "promotion.lockgate.dev"
    ]
    assert apply_values(cluster, *definitions) == (0, "")
    until(lambda: apply_values(cluster, MAP, policy)[0] == 0, lambda: apply_values(cluster, MAP, policy))
    for name in ("ml", "ml-b", "ml-staging"):
        assert kubectl(cluster, "create", "namespace", name).returncode == 0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    office = open_office(tmp_path_factory.mktemp("office"))
    office.write("deploy/fraud.yaml", json.dumps(deployment()))
    # Before Gatekeeper asks: it keeps answers for three minutes.
    asked = [office.promote("staging"), office.promote("prod"), office.approve(by="risk-1")]
    asked.append(office.approve("--require", by="risk-2"))
    assert not [one.err for one in asked if one.code]
    template = yaml.safe_load(RULE.read_text("utf-8"))
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("serve")
        cluster = stack.enter_context(running_cluster())
        theirs = stack.enter_context(running_gatekeeper(cluster))
        _define(cluster, json.loads((office.folder / "policy.yaml").read_text()))
        options = ["--kubeconfig", str(cluster.kubeconfig()), "--cluster-name", "eu-1"]
        options += ["--provider-client-ca", str(cluster.folder / "webhook" / "tls.crt")]
        options += ["--provider-client-name", "gatekeeper", "--promotions", str(office.folder / "trail")]
        ours = stack.enter_context(running_server(folder, None, options))
        authority = ours.identity.certificate.read_bytes()
        for name in ("lockgate-environments", "lockgate-promotions"):
            named = provider(f"https://127.0.0.1:{ours.port}/providers/{name}", authority)
            theirs.apply([{**named, "metadata": {"name": name}}])
        theirs.load([template], [CONSTRAINT])
        made = Both(theirs, ours)
        # Each of our workers, and Gatekeeper.
        until(
            lambda: not any(one[0] for _ in range(8) for one in made.says(deployment(OTHER))),
            lambda: made.says(deployment(OTHER)),
        )
        yield made


def test_gatekeeper_is_answered_as_we_judge(both: Both) -> None:
    judged = {
        "promoted": (deployment(), True, ""),
        "not promoted": (deployment(OTHER), False, "no promotion of it is recorded"),
        "another namespace": (deployment(namespace="ml-b"), False, "for another place"),
        "another image": (deployment(image="registry.example.com/server:4"), False, "server 4"),
        "code": (deployment(REFERENCE, "ml", IMAGE, "--trust-remote-code"), False, "--trust-remote-code"),
        "label lowered": (deployment(OTHER, label="staging"), False, "not promoted to prod"),
        "label of nowhere": (deployment(OTHER, label="nowhere"), False, "which is no environment"),
        "no environment": (deployment(OTHER, "default"), False, "nobody knows in which environment"),
        "staging": (deployment(OTHER, "ml-staging"), True, ""),
    }
    for name, (value, expected, text) in judged.items():
        said, messages = both.agreed(value)
        assert (name, said, text in " ".join(messages)) == (name, expected, True), messages
