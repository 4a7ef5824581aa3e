"""Tricks with labels of Namespaces: to take oneself out of what is judged, or an exemption that is another's."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.audit.entry import parse_entry
from lockgate.webhook.bodies import open_body
from lockgate.webhook.cli import run
from lockgate.webhook.install.settings import InstallSettings
from lockgate.webhook.install.webhooks import webhook_configuration
from lockgate.webhook.serving.admitting import Terms
from lockgate.webhook.serving.ignore_label import IGNORE
from lockgate.webhook.trail import open_trail

from tests.bypasses.gate import Gate, gate
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    TEMPLATE,
    review_of,
    running_server,
    write_policies,
)

Json = dict[str, Any]
SELECTOR = {
    "matchLabels": {"env": "prod"},
    "matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["platform"]}],
}
SELECTING = yaml.safe_dump(
    {
        **yaml.safe_load(CONSTRAINT),
        "spec": {
            "match": {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}], "namespaceSelector": SELECTOR}
        },
    }
)
ALICE = {"username": "alice", "groups": ["developers", "system:authenticated"]}
MASTER = {"username": "root", "groups": ["system:masters"]}


def space(name: str = "shop", **labels: str) -> Json:
    told = {"kubernetes.io/metadata.name": name, **labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": told}}


def change(before: Json | None, after: Json, user: Json, **more: Any) -> Json:
    operation = "CREATE" if before is None else "UPDATE"
    return review_of(after, operation=operation, oldObject=before, userInfo=user, **more)


def ask(known: Gate, review: Json) -> Json:
    return known.admit(review, "/v1/admitlabel")


@pytest.fixture(scope="module")
def known() -> Gate:
    return gate(TEMPLATE, SELECTING)


# A constraint with a namespaceSelector is as strong as the right to label a Namespace, which `edit` on Namespaces is enough for.
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (space(env="prod"), space(env="dev"), "env ('prod' → 'dev')"),
        (space(env="prod"), space(), "env ('prod' → none)"),
        (space(env="prod"), space(env="prod", team="platform"), "team (none → 'platform')"),
        (space(env="prod"), space(env="PROD"), "env ('prod' → 'PROD')"),
        (space(), space(env="prod"), "env (none → 'prod')"),
        # Whoever makes a Namespace chooses its labels.
        (None, space(team="platform"), "team (none → 'platform')"),
        (space(env="prod", team="a"), space(), "env ('prod' → none), team ('a' → none)"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_who_is_not_named_may_not(before: Json | None, after: Json, said: str, known: Gate) -> None:
    answer = ask(known, change(before, after, ALICE))
    assert answer["status"]["message"] == (
        f"labels of Namespace shop decide what is judged in it: {said}; "
        "only accounts that --namespace-editor names may change them"
    )
    assert answer["status"]["code"] == 403


RAISES = "lockgate.dev/environment"
MAP = """apiVersion: promotion.lockgate.dev/v1alpha1
kind: EnvironmentMap
metadata: {name: cluster}
spec: {environments: [{name: dev, namespaces: ["*"]}, {name: prod, namespaces: [prod]}]}
"""


# The label raises a Namespace into a higher environment; whoever may take it off takes all in there out of what is asked for.
def test_the_environment_of_a_namespace_is_the_administrators(known: Gate) -> None:
    raised = space(**{RAISES: "prod"})
    mapped = gate(TEMPLATE, SELECTING, MAP)
    for before, after in ((raised, space()), (space(), raised), (None, raised)):
        assert RAISES in ask(mapped, change(before, after, ALICE))["status"]["message"]
        assert ask(mapped, change(before, after, MASTER))["allowed"] is True
        # Where nothing is said about environments it is a label like others.
        assert ask(known, change(before, after, ALICE))["allowed"] is True


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (space(env="prod", owner="a"), space(env="prod", owner="b")),
        (None, space(owner="a")),
        (space(env="prod"), space(env="prod")),
        (None, space()),
    ],
)
def test_other_labels_are_anybodys(before: Json | None, after: Json, known: Gate) -> None:
    assert ask(known, change(before, after, ALICE))["allowed"] is True


@pytest.mark.parametrize(
    ("user", "editors", "may"),
    [
        (MASTER, (), True),
        ({"username": "a", "groups": ["kubeadm:cluster-admins"]}, (), True),
        (ALICE, ("alice",), True),
        (ALICE, ("group:developers",), True),
        (ALICE, ("developers", "group:alice", "Alice", "*", "group:*"), False),
        ({"username": "group:system:masters"}, (), False),
        ({"username": "system:masters"}, (), False),
        ({"username": "", "groups": []}, ("",), False),
        ({"username": "system:serviceaccount:kube-system:namespace-controller"}, (), False),
        (None, (), False),
    ],
)
def test_who_is_named(user: Json | None, editors: tuple[str, ...], may: bool) -> None:
    terms = Terms(namespace_editors=Terms().namespace_editors | set(editors))
    known = gate(TEMPLATE, SELECTING, terms=terms)
    assert ask(known, change(space(env="prod"), space(), user or {}))["allowed"] is may


# Both subresources of a Namespace take its labels too (k8s.io/kubernetes pkg/registry/core/namespace/strategy.go): a rule
# for `namespaces` alone does not see them.
def test_every_way_to_the_labels_is_sent() -> None:
    made = webhook_configuration(InstallSettings("image", mode="enforce"))
    (webhook,) = [one for one in made["webhooks"] if one["name"] == "namespaces.lockgate.dev"]
    (rule,) = webhook["rules"]
    assert rule["resources"] == ["namespaces", "namespaces/finalize", "namespaces/status"]
    assert (rule["operations"], rule["apiVersions"]) == (["CREATE", "UPDATE"], ["*"])
    assert "matchConditions" not in webhook


@pytest.mark.parametrize("below", ["status", "finalize"])
def test_through_a_subresource(below: str, known: Gate) -> None:
    review = change(space(env="prod"), space(), ALICE, subResource=below)
    assert ask(known, review)["allowed"] is False


def test_the_label_of_gatekeeper_decides_too() -> None:
    known = gate(TEMPLATE, CONSTRAINT, terms=Terms(excluded_namespaces=frozenset({"shop"})))
    assert ask(known, change(space(), space(**{IGNORE: "yes"}), ALICE))["allowed"] is False
    assert ask(known, change(space(), space(**{IGNORE: "yes"}), MASTER))["allowed"] is True


# A policy's code may read a label (`data.inventory.cluster["v1"].Namespace[name].metadata.labels.tier`, `namespaceObject`), and
# which one is not always to be told from it.
def test_labels_that_code_reads_are_guarded_where_they_are_named() -> None:
    moves = change(space(tier="gold"), space(tier="bronze"), ALICE)
    assert ask(gate(TEMPLATE, SELECTING), moves)["allowed"]
    named = gate(TEMPLATE, SELECTING, terms=Terms(guarded_labels=frozenset({"tier"})))
    assert "tier ('gold' → 'bronze')" in ask(named, moves)["status"]["message"]
    assert not ask(named, change(space(env="prod"), space(env="dev"), ALICE))["allowed"]
    assert ask(named, change(space(tier="gold"), space(tier="bronze"), MASTER))["allowed"]


def test_labels_that_exemptions_select_by() -> None:
    exemption = {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": "for-labs"},
        "spec": {
            "policies": [{"kind": "NeedsOwner"}],
            "match": {"namespaceSelector": {"matchLabels": {"lab": "yes"}}},
            "reason": "labs try things",
            "owner": "platform",
            "issuedAt": "2026-09-01T00:00:00Z",
            "expiresAt": "2026-10-01T00:00:00Z",
        },
    }
    known = gate(TEMPLATE, CONSTRAINT, yaml.safe_dump(exemption))
    assert "lab (none → 'yes')" in ask(known, change(space(), space(lab="yes"), ALICE))["status"]["message"]
    assert ask(known, change(space(), space(env="dev"), ALICE))["allowed"] is True


def test_observing_denies_none() -> None:
    known = gate(TEMPLATE, SELECTING, terms=Terms("observe"))
    answer = ask(known, change(space(env="prod"), space(), ALICE))
    assert (answer["allowed"], answer["auditAnnotations"]) == (True, {"observed": "denied"})


def _entries(home: Path, stream: str) -> list[tuple[str, Json]]:
    """What an entry of the stream is about, and its body."""
    with open_trail(str(home)) as trail:
        vault, found = trail.vault(), []
        for _, index in trail.store.stream_entries(stream, 0, 1000):
            data = next(iter(trail.store.entries(index, index + 1)))
            (body,) = trail.store.bodies(index, index + 1)
            found.append(
                (str(parse_entry(data).value["policy"]), json.loads(open_body(vault, index, data, body)))
            )
        return found


# What may be changed is in the log before it is: with old and new value, and by whom.
def test_each_change_is_recorded(tmp_path: Path) -> None:
    home = tmp_path / "trail"
    assert run(["audit", "init", str(home), "--origin", "example.com/lockgate/labels"]) == 0
    options = ["--trail", str(home), "--namespace-editor", "group:platform", "--exclude-namespace", "b"]
    options += ["--exclude-namespace", "a"]
    policies = write_policies(tmp_path, TEMPLATE, SELECTING)
    with running_server(tmp_path, policies, options) as server:
        editor = {"username": "bob", "groups": ["platform"]}
        review = change(space(env="prod"), space(env="dev"), editor)
        said = server.admit({**review, "request": {**review["request"], "dryRun": True}}, "/v1/admitlabel")
        assert "auditAnnotations" not in said
        assert server.admit(change(space(env="prod"), space(), ALICE), "/v1/admitlabel")["allowed"] is False
        said = server.admit(review, "/v1/admitlabel")
        assert said["allowed"] is True
        index = int(said["auditAnnotations"]["record-index"])
        assert server.admit(review, "/v1/admitlabel")["auditAnnotations"]["record-index"] == str(index)
    (entry,) = _entries(home, "exclusion")
    assert entry == (
        "Namespace/labels",
        {
            "actor": "bob",
            "details": {
                "namespace": "shop",
                "operation": "UPDATE",
                "labels": [{"label": "env", "before": "prod", "after": "dev"}],
            },
        },
    )
    told = {name: body["details"].get("after") for name, body in _entries(home, "configuration")}
    assert told == {
        "Configuration/enforcedNamespaces": "",
        "Configuration/excludedNamespaces": "a, b",
        "Configuration/mode": "enforce",
        "Configuration/namespaceEditors": "group:kubeadm:cluster-admins, group:platform, group:system:masters",
    }
    # Another list, another entry; the same again none.
    for _ in range(2):
        with running_server(tmp_path, policies, [*options[:4], "--exclude-namespace", "a"]):
            pass
    (changed,) = _entries(home, "configuration")[4:]
    assert changed[0] == "Configuration/excludedNamespaces"
    assert (changed[1]["details"]["before"], changed[1]["details"]["after"]) == ("a, b", "a")
