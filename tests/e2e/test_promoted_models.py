"""Nothing runs in production that was not promoted: `kubectl` on a real API server, a trail, and the commands that record in it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.webhook.bodies import open_body
from lockgate.webhook.trail import open_trail

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.serving_cluster import ACCOUNT, apply_text, apply_values, serving_cluster, until
from tests.gatekeeper.promotions.making import environment_map
from tests.policies.shipped import POLICIES
from tests.webhook.promoting.office import EVALUATION, OTHER_BYTES, REFERENCE, Office, open_office
from tests.webhook.serving.server_processes import Server

pytestmark = pytest.mark.e2e

Json = dict[str, Any]

OTHER: Final = "s3://models/fraud/8"
# Which nobody asks to be promoted, to anywhere.
NEVER: Final = "s3://models/fraud/9"
IMAGE: Final = "registry.example.com/server:3"
RULE: Final = POLICIES.root / "models" / "promoted_models" / "template.yaml"
CONSTRAINT: Final[Json] = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "LockgatePromotedModels",
    "metadata": {"name": "promoted"},
    "spec": {"match": {"kinds": [{"apiGroups": ["apps"], "kinds": ["Deployment"]}]}},
}
MAP: Final = environment_map(
    {"name": "staging", "namespaces": ["ml-staging"]}, {"name": "prod", "namespaces": ["ml", "ml-b"]}
)
DENIED: Final = 'admission webhook "validation.lockgate.dev" denied the request: [promoted] '
LABEL: Final = "lockgate.dev/environment"


def deployment(
    uri: str = REFERENCE, namespace: str = "ml", image: str = IMAGE, *more: str, label: str = ""
) -> Json:
    """A server of a model."""
    container = {"name": "server", "image": image, "args": [f"--model={uri}", *more]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "fraud",
            "namespace": namespace,
            "labels": {LABEL: label} if label else {},
        },
        "spec": {
            "selector": {"matchLabels": {"app": "fraud"}},
            "template": {"metadata": {"labels": {"app": "fraud"}}, "spec": {"containers": [container]}},
        },
    }


@dataclass(frozen=True)
class Place:
    """A cluster whose server reads the trail of an office."""

    cluster: Cluster
    server: Server
    office: Office
    own: str

    def says(self, value: Json) -> str:
        """What `kubectl apply` says to an object that is not kept; "" where it would be, and without what every refusal says."""
        done = kubectl(self.cluster, "apply", "--dry-run=server", "-f", "-", given=json.dumps(value))
        return "" if done.returncode == 0 else done.stderr.partition(DENIED)[2].strip() or done.stderr

    def comes_to_say(self, value: Json, text: str) -> None:
        """Within seconds."""
        until(
            lambda: self.says(value) == text,
            lambda: (self.says(value), self.server.log.read_text()[-3000:]),
        )

    def swept(self) -> list[tuple[str, str]]:
        """Kind and name of what lives and violates, as `lockgate sweep` finds it."""
        trail = str(self.office.folder / "trail")
        command = [sys.executable, "-m", "lockgate.webhook", "sweep", "--promotions", trail]
        done = subprocess.run(
            [*command, "--cluster-name", "eu-1", "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig())},
        )
        assert done.returncode in (0, 1), done.stderr
        found = json.loads(done.stdout)["constraints"]
        assert [one["notEvaluated"] for one in found] == [0], done.stdout
        return [(one["resource"]["kind"], one["resource"]["name"]) for told in found for one in told["shown"]]

    def promote(self, value: Json, to: str) -> None:
        """Asks for it, and has two people approve it where that is needed."""
        self.office.write("deploy/fraud.yaml", json.dumps(value))
        asked = [self.office.promote(to)]
        if to == "prod":
            asked += [self.office.approve(by="risk-1"), self.office.approve("--require", by="risk-2")]
        assert not [(one.out, one.err) for one in asked if one.code]

    def entry(self) -> int:
        """Of the last promotion into prod."""
        return int([one["entry"] for one in self.office.history() if one["environment"] == "prod"][-1])

    def answered(self) -> Json:
        """What the provider said when an object was let through last, by the record of that decision."""
        with open_trail(self.own) as trail:
            opened = [
                json.loads(open_body(trail.vault(), index, entry, body))
                for index, entry in enumerate(trail.store.entries(0, trail.store.head().size))
                if parse_entry(entry).value["kind"] == "decision"
                and parse_entry(entry).value["outcome"] == "allow"
                for body in trail.store.bodies(index, index + 1)
            ]
        (asked,) = [one for one in opened[-1]["externalData"] if one["provider"] == "lockgate-promotions"]
        found: Json = asked
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    office = open_office(tmp_path_factory.mktemp("office"))
    office.write_facts(EVALUATION, digest=OTHER_BYTES, reference=OTHER, name="other")
    trail = str(office.folder / "trail")
    folder = tmp_path_factory.mktemp("serve")
    own = str(folder / "trail")
    assert office.run("audit", "init", own, "--origin", "example.com/eu-1").code == 0
    options = ["--trail", own, "--promotions", trail, "--cluster-name", "eu-1"]
    options.append("--judge-raised-namespaces")
    with running_cluster({ACCOUNT: ""}) as cluster, serving_cluster(cluster, folder, options) as server:
        for name in ("ml", "ml-b", "ml-staging"):
            assert kubectl(cluster, "create", "namespace", name).returncode == 0
        template = RULE.read_text("utf-8")
        until(lambda: apply_text(cluster, template)[0] == 0, lambda: apply_text(cluster, template))
        until(lambda: apply_values(cluster, CONSTRAINT)[0] == 0, lambda: apply_values(cluster, CONSTRAINT))
        made = Place(cluster, server, office, own)
        policy = json.loads((office.folder / "policy.yaml").read_text())
        until(lambda: DENIED in _raw(cluster, deployment()), lambda: server.log.read_text()[-3000:])
        assert apply_values(cluster, MAP, policy) == (0, "")
        until(lambda: "nobody knows" not in made.says(deployment()), lambda: made.says(deployment()))
        yield made


def _raw(cluster: Cluster, value: Json) -> str:
    return kubectl(cluster, "apply", "--dry-run=server", "-f", "-", given=json.dumps(value)).stderr


AT: Final = f"at spec.template.spec.containers[0].args[0] ({REFERENCE});"
ANEW: Final = "fix: lockgate promote FILE --to prod"
UNPROMOTED: Final = (
    f"model is not promoted to prod {AT} no promotion of it is recorded; {ANEW}, and have it approved"
)
BELOW: Final = UNPROMOTED.replace("of it is", "of it into this environment is")


def of_other(text: str) -> str:
    """The same of the other version."""
    return text.replace(REFERENCE, OTHER)


def otherwise(entry: int, what: str) -> str:
    """The refusal of what runs otherwise than it was promoted."""
    why = f"the statement of entry {entry} does not have {what}"
    return (
        f"model is promoted to prod to run otherwise {AT} {why}; {ANEW} as it is to run, and have it approved"
    )


def test_from_a_refusal_to_a_promotion_and_back(place: Place) -> None:
    office = place.office
    # In staging, by another manifest.
    assert place.says(deployment()) == BELOW
    place.promote(deployment(), "staging")
    place.promote(deployment(), "prod")
    place.comes_to_say(deployment(), "")
    made = place.entry()
    assert apply_values(place.cluster, deployment()) == (0, "")
    until(lambda: place.answered()["keys"] == [REFERENCE])
    (answer,) = place.answered()["response"]["items"]
    (said,) = answer["value"]["prod"]
    assert (said["entry"], said["state"], said["namespace"]) == (made, "current", "ml")

    assert place.swept() == []

    there = "it is promoted for namespace ml, and this is namespace ml-b of cluster eu-1"
    refused = {
        "namespace": (
            deployment(namespace="ml-b"),
            f"model is promoted to prod for another place {AT} {there}; {ANEW} for this place, and have it approved",
        ),
        "image": (
            deployment(image="registry.example.com/server:4"),
            otherwise(made, "image registry.example.com/server 4"),
        ),
        "code": (
            deployment(REFERENCE, "ml", IMAGE, "--trust-remote-code"),
            otherwise(made, "--trust-remote-code"),
        ),
        "label lowered": (deployment(OTHER, label="staging"), of_other(UNPROMOTED)),
        "label raised": (deployment(OTHER, "ml-staging", label="prod"), of_other(UNPROMOTED)),
        "label of nowhere": (
            deployment(OTHER, "ml-staging", label="nowhere"),
            of_other(
                f"nobody knows in which environment the model would run {AT} the label {LABEL} says nowhere, which is no "
                "environment; fix: name the namespace in the EnvironmentMap"
            ),
        ),
        "a namespace of no environment": (
            deployment(OTHER, "default"),
            of_other(
                f"nobody knows in which environment the model would run {AT} no folder, cluster or namespace says in which "
                "environment it runs; fix: name the namespace in the EnvironmentMap"
            ),
        ),
        "where nothing is asked for": (deployment(OTHER, "ml-staging"), ""),
    }
    assert {name: place.says(value) for name, (value, _) in refused.items()} == {
        name: text for name, (_, text) in refused.items()
    }

    # Another version comes, and the old one does not come back by itself.
    place.promote(deployment(OTHER), "staging")
    place.promote(deployment(OTHER), "prod")
    place.comes_to_say(deployment(OTHER), "")
    assert apply_values(place.cluster, deployment(OTHER)) == (0, "")
    assert place.says(deployment()) == (
        f"model is not the version that prod has {AT} entry {made} promoted it, and another version came after it; "
        "fix: lockgate rollback FILE --to prod, and have it approved"
    )
    office.write("deploy/fraud.yaml", json.dumps(deployment()))
    assert office.promote("prod", command="rollback").code == 0
    assert [office.approve(by=by).code for by in ("risk-1", "risk-2")] == [0, 0]
    place.comes_to_say(deployment(), "")
    assert apply_values(place.cluster, deployment()) == (0, "")

    # What is taken back does not come again.
    assert office.run("revoke", str(place.entry()), "--reason", "drifts", "--trail", "trail").code == 0
    assert place.swept() == [("Deployment", "fraud")]
    assert kubectl(place.cluster, "delete", "-n", "ml", "deployment", "fraud").returncode == 0
    place.comes_to_say(
        deployment(),
        f"the promotion of the model to prod does not count any more {AT} it was revoked; "
        "fix: lockgate promote or lockgate rollback another version --to prod",
    )


def test_a_trail_that_cannot_be_read_refuses_what_takes_a_promotion(place: Place) -> None:
    """Whatever was promoted."""
    # Of another name than what may live: an update that changes nothing is let through.
    second = deployment()
    second["metadata"]["name"] = "second"
    before = place.says(second)
    trail, away = place.office.folder / "trail", place.office.folder / "away"
    trail.rename(away)
    until(lambda: "the promotions are not known: " in place.says(second), lambda: place.says(second))
    assert place.says(deployment(namespace="ml-staging")) == ""
    away.rename(trail)
    place.comes_to_say(second, before)


def test_a_namespace_rises_with_what_runs_in_it_or_not(place: Place) -> None:
    """Of its own: what the sweep finds elsewhere is nothing of this."""
    cluster = place.cluster
    moved = environment_map(
        {"name": "staging", "namespaces": ["ml-staging", "rising"]},
        {"name": "prod", "namespaces": ["ml", "ml-b"]},
    )
    assert kubectl(cluster, "create", "namespace", "rising").returncode == 0
    try:
        assert apply_values(cluster, moved) == (0, "")
        place.comes_to_say(deployment(NEVER, "rising"), "")
        assert apply_values(cluster, deployment(NEVER, "rising")) == (0, "")
        raise_it = ("label", "namespace", "rising", f"{LABEL}=prod")
        why = "Namespace rising goes from staging to prod, and what runs in it would be refused there: Deployment fraud: "
        until(
            lambda: why in kubectl(cluster, *raise_it, "--dry-run=server").stderr,
            lambda: kubectl(cluster, *raise_it),
        )
        assert UNPROMOTED.replace(REFERENCE, NEVER) in kubectl(cluster, *raise_it).stderr
        assert LABEL not in cluster.ask("GET", "/api/v1/namespaces/rising")[1]["metadata"]["labels"]
        # By the constraint it may be a warning.
        warning = {**CONSTRAINT, "spec": {**CONSTRAINT["spec"], "enforcementAction": "warn"}}
        assert apply_values(cluster, warning) == (0, "")
        until(lambda: kubectl(cluster, *raise_it, "--dry-run=server").returncode == 0)
        assert (
            "is not allowed there: Deployment fraud: "
            in kubectl(cluster, *raise_it, "--dry-run=server").stderr
        )
        assert apply_values(cluster, CONSTRAINT) == (0, "")
        until(lambda: why in kubectl(cluster, *raise_it, "--dry-run=server").stderr)
        # Nothing runs in it any more.
        assert kubectl(cluster, "delete", "deployment", "fraud", "-n", "rising").returncode == 0
        until(lambda: kubectl(cluster, *raise_it).returncode == 0, lambda: kubectl(cluster, *raise_it))
    finally:
        kubectl(cluster, "delete", "deployment", "--all", "-n", "rising")
        apply_values(cluster, MAP, CONSTRAINT)
