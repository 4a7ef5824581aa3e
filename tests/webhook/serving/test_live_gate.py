"""The Gate of what is told: the verdicts of `check`, wrong objects apart from the others, and whole states only."""

import gc
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.decision import Decision
from lockgate.engine.devices.shelf import Shelf
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.policy import Facts
from lockgate.engine.record import changed
from lockgate.engine.rego.ast import Module
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.external_data.devices import DeviceProviders
from lockgate.gatekeeper.inventory import facts_of
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.gatekeeper.template import is_template
from lockgate.webhook.gate import Gate
from lockgate.webhook.serving import live_gate
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import Change

from tests.gatekeeper.workbench import constraint, document, manifest, template
from tests.shared_folder import ROOT, shared_path
from tests.webhook.serving.builders import gone, key_of, kinds, present

Json = dict[str, Any]
NOW = 1_800_000_000 * 10**9
ALL: frozenset[Any] = frozenset()

SERVICES = """package probe

violation[{"msg": msg}] {
  name := data.inventory.namespace[_][_].Service[_].metadata.name
  msg := sprintf("there is %v", [name])
}
"""
SECRETS = """package probe

violation[{"msg": msg}] {
  msg := data.inventory.namespace[_]["v1"].Secret[_].data.key
}
"""
BROKEN = "package probe\n\nviolation[{}] {\n  nothing(1)\n}\n"


def messages(live: LiveGate, value: Json) -> list[str]:
    gate = live.gate_at(NOW)
    assert gate is not None and live.state is not None
    cluster = Cluster(namespaces=live.state.namespaces)
    judged = gate.judge(document(value), lambda one: review_document(one, cluster))
    decision = judged.decision
    return sorted(
        [one.message for one in decision.violations]
        + [f"failed: {one.message}" for one in decision.failures]
        + [f"not evaluated: {one.needs}" for one in decision.not_evaluated]
    )


def made(*values: Json, covered: frozenset[Any] = ALL) -> LiveGate:
    live = LiveGate()
    live.apply(present(*values), covered)
    return live


def is_policy(value: Json) -> bool:
    return is_template(value) or is_constraint(value)


def read_all(root: Path) -> list[Document]:
    found: list[Document] = []
    for path in sorted(root.rglob("*.yaml")):
        found += read_documents(path.read_bytes(), str(path), duplicates="last").documents
    return found


def shown(decision: Decision) -> tuple[Any, ...]:
    return (
        decision.verdict,
        [(one.policy, one.message, one.actions, one.path) for one in decision.violations],
        [(one.policy, one.message) for one in decision.failures],
        [(one.policy, one.needs) for one in decision.not_evaluated],
    )


def compare(root: Path, cache: CodeCache) -> int:
    """Judges every object of a library by check's Gate and by the live one; gives how many were denied."""
    documents = read_all(root)
    # Policies that rules judge are objects of samples, and wrong on purpose.
    own = [one for one in documents if not Path(one.file).name.startswith(("allowed", "denied"))]
    by_key = {key_of(one.value): one for one in own if is_policy(one.value)}
    policies = [*by_key.values()]
    others = [one for one in documents if not is_policy(one.value) and one.value.get("metadata")]
    loaded = load_policies(policies, cache=cache)
    assert not loaded.errors
    inventory = [one.value for one in others if "inventory" in one.file]
    facts = facts_of(inventory) if loaded.needs.reads else Facts()
    known = {key_of(value).kind for value in inventory}
    required = {kind for one in loaded.needs.requires for kind in one.kinds}
    reached = [one for one in loaded.needs.reads if one.kind is not None]
    named = kinds(*[f"{one.api_version or 'v1'}/{one.kind}" for one in reached])
    covered = frozenset(known | required | named)
    if loaded.asks_devices:
        shelf = Shelf()
        shelf.cover(covered)
        facts = changed(facts, providers=DeviceProviders(shelf.devices()))
    gate = Gate(loaded.policies, facts, Limits(), NOW, sync=loaded.sync, expansion=loaded.expansion)
    live = LiveGate(LiveSettings(cache=cache))
    everything = [*present(*[one.value for one in policies]), *present(*inventory)]
    # In several steps, as watches tell them.
    for start in range(0, len(everything), 40):
        live.apply(everything[start : start + 40], kinds())
    assert not live.problems
    live.apply([], covered)
    now = live.gate_at(NOW)
    assert now is not None
    assert now.policies.digest == gate.policies.digest
    denied, cluster = 0, Cluster()
    for one in others:
        ours = now.judge(one, lambda one: review_document(one, cluster)).decision
        theirs = gate.judge(one, lambda one: review_document(one, cluster)).decision
        assert shown(ours) == shown(theirs), one.file
        denied += ours.verdict == "deny"
    return denied


def test_it_judges_as_check_does_by_the_library(code_cache: CodeCache) -> None:
    assert compare(shared_path("vectors", "gatekeeper-library"), code_cache) > 100


def test_it_judges_as_check_does_by_the_shipped_rules(code_cache: CodeCache) -> None:
    assert compare(ROOT / "policies", code_cache) > 10


def test_nothing_is_in_force_before_the_first_changes() -> None:
    live = LiveGate()
    assert (live.gate, live.state, live.digest, live.gate_at(1)) == (None, None, "", None)
    live.apply([], ALL)
    assert messages(live, manifest()) == []


def test_a_constraint_may_come_before_its_template() -> None:
    live = made(constraint())
    assert messages(live, manifest()) == []
    (problem,) = live.problems[key_of(constraint())]
    assert "no template has the kind 'Probe'" in str(problem)
    live.apply(present(template()), ALL)
    assert (messages(live, manifest()), live.problems) == (["hit"], {})


def test_what_is_gone_decides_no_more() -> None:
    live = made(template(), constraint())
    live.apply(gone(constraint()), ALL)
    assert messages(live, manifest()) == []
    live.apply(present(constraint()), ALL)
    live.apply(gone(template()), ALL)
    assert messages(live, manifest()) == []


def test_a_broken_template_leaves_the_others_and_says_where_it_is_wrong() -> None:
    broken = template(BROKEN, kind="Broken")
    live = made(template(), constraint(), broken, constraint(kind="Broken"))
    assert messages(live, manifest()) == ["hit"]
    (problem,) = live.problems[key_of(broken)]
    assert str(problem).startswith("spec.targets[0].rego:4:3: rego_type_error: undefined function nothing")
    assert problem.quoted == "nothing(1)"
    (idle,) = live.problems[key_of(constraint(kind="Broken"))]
    assert str(idle) == "not enforced: ConstraintTemplate broken is wrong (its status says what to mend)"
    assert live.state is not None
    assert live.state.created == {key_of(template()), key_of(constraint())}
    live.apply(present(template(kind="Broken")), ALL)
    assert (messages(live, manifest()), live.problems) == (["hit", "hit"], {})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config", "metadata": {"name": "other"}},
            "metadata.name: the Config is named 'other'",
        ),
        (
            {
                "apiVersion": "syncset.gatekeeper.sh/v1alpha1",
                "kind": "SyncSet",
                "metadata": {"name": "s"},
                "spec": {"gvks": [{"kind": "Service"}]},
            },
            "spec.gvks[0]: an entry of what is synced needs a version and a kind",
        ),
        (
            {
                "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
                "kind": "Provider",
                "metadata": {"name": "p"},
                "spec": {"url": "http://a"},
            },
            "spec.url: invalid Provider: only HTTPS is supported",
        ),
        (
            {
                "apiVersion": "expansion.gatekeeper.sh/v1alpha1",
                "kind": "ExpansionTemplate",
                "metadata": {"name": "e"},
                "spec": {"enforcementAction": 3},
            },
            "spec",
        ),
        (
            {
                "apiVersion": "exemptions.lockgate.dev/v1alpha1",
                "kind": "Exemption",
                "metadata": {"name": "x"},
            },
            "spec",
        ),
    ],
    ids=lambda one: one["kind"] if isinstance(one, dict) else "",
)
def test_what_is_wrong_beside_policies_leaves_them(wrong: Json, said: str) -> None:
    read = template(SERVICES)
    live = made(read, constraint(), wrong, covered=kinds("v1/Service"))
    live.apply(present(manifest("Service", "s", namespace="a")), kinds("v1/Service"))
    assert messages(live, manifest()) == ["there is s"]
    assert [*live.problems] == [key_of(wrong)]
    assert str(live.problems[key_of(wrong)][0]).startswith(said)
    live.apply(gone(wrong), kinds("v1/Service"))
    assert live.problems == {}


class Unreadable(dict[str, Any]):
    """What no compiler expects: it ends whoever looks for its targets."""

    def get(self, key: str, default: Any = None) -> Any:
        if key == "targets":
            raise RuntimeError("a bug")
        return super().get(key, default)


def test_a_bug_that_one_template_meets_is_that_templates_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = template(kind="Bad")
    real = live_gate.read_object

    def read(data: bytes) -> Json | None:
        value: Json | None = real(data)
        if value is not None and value["metadata"]["name"] == "bad":
            value["spec"] = Unreadable(value["spec"])
        return value

    monkeypatch.setattr(live_gate, "read_object", read)
    live = made(template(), constraint(), bad, constraint(kind="Bad"))
    assert messages(live, manifest()) == ["hit"]
    (problem,) = live.problems[key_of(bad)]
    assert str(problem).startswith("an internal error of Lockgate, which is a bug: RuntimeError")
    assert key_of(constraint(kind="Bad")) in live.problems
    assert live.state is not None
    assert live.state.created == {key_of(template()), key_of(constraint())}


def test_what_cannot_be_read_is_a_problem_of_that_object() -> None:
    live = made(template(), constraint())
    key = key_of(constraint())
    live.apply([Change(key, b'{"a":')], ALL)
    assert messages(live, manifest()) == []
    assert [str(one) for one in live.problems[key]] == [
        "the object cannot be read: it is no JSON, or nested too deeply"
    ]
    live.apply(present(constraint()), ALL)
    assert (messages(live, manifest()), live.problems) == (["hit"], {})


def test_status_and_bookkeeping_change_no_policy() -> None:
    live = made(template(), constraint())
    before = live.state
    assert before is not None
    noisy = template()
    noisy["metadata"].update({"resourceVersion": "7", "managedFields": [{}]})
    noisy["status"] = {"byPod": [{"id": "x"}]}
    live.apply(present(noisy), ALL)
    assert live.state is not None
    assert live.gate is not None
    assert live.gate.policies is before.gate.policies
    assert live.digest == before.digest


def test_a_changed_constraint_leaves_the_other_policies_as_they_are() -> None:
    live = made(template(), constraint(), constraint(name="other"))
    assert live.gate is not None
    before = {policy.key.name: policy for policy in live.gate.policies.policies}
    live.apply(present(constraint({"enforcementAction": "warn"}, name="other")), ALL)
    after = {policy.key.name: policy for policy in live.gate.policies.policies}
    assert after["probe"] is before["probe"]
    assert after["other"] is not before["other"]


def test_the_inventory_changes_without_the_policies() -> None:
    covered = kinds("v1/Service")
    live = made(template(SERVICES), constraint(), covered=covered)
    assert live.gate is not None
    policies, first = live.gate.policies, live.digest
    service = manifest("Service", "s", namespace="a")
    live.apply(present(service), covered)
    assert live.gate.policies is policies
    assert live.digest != first
    assert messages(live, manifest()) == ["there is s"]
    live.apply(gone(service), covered)
    assert (messages(live, manifest()), live.digest) == ([], first)


def test_the_inventory_has_to_be_told_in_full() -> None:
    live = made(template(SERVICES), constraint())
    (message,) = messages(live, manifest())
    assert message.startswith("not evaluated: the inventory of the cluster")
    assert live.needs.wants(next(iter(kinds("v1/Service"))))
    assert not live.needs.wants(next(iter(kinds("v1/Pod"))))


CONFIG: Json = {
    "apiVersion": "config.gatekeeper.sh/v1alpha1",
    "kind": "Config",
    "metadata": {"name": "config", "namespace": "gatekeeper-system"},
    "spec": {
        "sync": {"syncOnly": [{"group": "", "version": "v1", "kind": "Service"}]},
        "match": [{"excludedNamespaces": ["hidden"], "processes": ["sync"]}],
    },
}


def test_a_config_says_what_is_in_the_inventory_whenever_it_comes() -> None:
    services = [manifest("Service", name, namespace=name) for name in ("seen", "hidden")]
    covered = kinds("v1/Service")
    live = made(template(SERVICES), constraint(), *services, covered=covered)
    assert messages(live, manifest()) == ["there is hidden", "there is seen"]
    live.apply(present(CONFIG), covered)
    assert messages(live, manifest()) == ["there is seen"]
    nothing = {**CONFIG, "spec": {}}
    live.apply(present(nothing), covered)
    assert messages(live, manifest())[0].startswith("not evaluated: ")
    live.apply(gone(CONFIG), covered)
    assert messages(live, manifest()) == ["there is hidden", "there is seen"]


def test_objects_count_once_a_policy_reads_them() -> None:
    covered = kinds("v1/Service")
    live = made(manifest("Service", "s", namespace="a"), covered=covered)
    live.apply(present(template(SERVICES), constraint()), covered)
    assert messages(live, manifest()) == ["there is s"]


def test_values_of_secrets_are_masked_as_they_change() -> None:
    covered = kinds("v1/Secret")

    def secret(value: str, name: str = "s") -> Json:
        return {**manifest("Secret", name, namespace="a"), "data": {"key": value}}

    live = made(template(SECRETS), constraint(), secret("aHVudGVyMmh1bnRlcjI="), covered=covered)
    assert "aHVu" not in "".join(messages(live, manifest()))
    live.apply(present(secret("b3RoZXJzZWNyZXQxMg==")), covered)
    assert "b3Ro" not in "".join(messages(live, manifest()))
    many = [secret("c29tZXRoaW5nZWxzZQ==", f"n{number}") for number in range(200)]
    live.apply(present(*many), covered)
    live.apply(gone(*many), covered)
    assert "b3Ro" not in "".join(messages(live, manifest()))
    assert live.gate is not None
    assert live.gate.masker is not None
    # What no Secret has any more is forgotten.
    assert live.gate.masker.text("c29tZXRoaW5nZWxzZQ==") == "c29tZXRoaW5nZWxzZQ=="
    live.apply(gone(secret("")), covered)
    assert live.gate.masker is None


def test_namespaces_are_known_by_name_and_decide() -> None:
    selecting = constraint({"match": {"namespaceSelector": {"matchLabels": {"a": "b"}}}})
    live = made(template(), selecting, manifest("Namespace", "shop"))
    first = live.digest
    assert messages(live, manifest(namespace="shop")) == []
    before = live.state
    live.apply(present(manifest("Namespace", "shop", labels={"a": "b"})), ALL)
    assert live.digest != first
    assert messages(live, manifest(namespace="shop")) == ["hit"]
    assert before is not None
    assert before.namespaces == {"shop": manifest("Namespace", "shop")}
    live.apply(gone(manifest("Namespace", "shop")), ALL)
    assert live.state is not None
    assert live.state.namespaces == {}


EXEMPTION: Json = {
    "apiVersion": "exemptions.lockgate.dev/v1alpha1",
    "kind": "Exemption",
    "metadata": {"name": "x"},
    "spec": {
        "policies": [{"kind": "Probe", "name": "probe"}],
        "match": {"name": "a"},
        "reason": "until it is moved",
        "owner": "team",
        "issuedAt": "2027-01-01T00:00:00Z",
        "expiresAt": "2027-02-01T00:00:00Z",
    },
}
RULES: Json = {
    "apiVersion": "exemptions.lockgate.dev/v1alpha1",
    "kind": "ExemptionPolicy",
    "metadata": {"name": "rules"},
    "spec": {"rules": [{"policies": [{"kind": "Other"}], "never": True}]},
}


def test_exemptions_come_and_go() -> None:
    live = made(template(), constraint(), EXEMPTION)
    assert (messages(live, manifest()), messages(live, manifest(name="b"))) == ([], ["hit"])
    with_rules = live.digest
    live.apply(present(RULES), ALL)
    assert messages(live, manifest()) == []
    assert live.digest != with_rules
    live.apply(gone(EXEMPTION), ALL)
    assert messages(live, manifest()) == ["hit"]


def test_no_exemption_has_an_effect_while_the_rules_about_them_are_wrong() -> None:
    live = made(template(), constraint(), EXEMPTION)
    wrong = {**RULES, "spec": {"rules": [{"never": "yes"}]}}
    live.apply(present(wrong), ALL)
    assert messages(live, manifest()) == ["hit"]
    assert {*live.problems} == {key_of(wrong), key_of(EXEMPTION)}
    live.apply(present(RULES), ALL)
    assert (messages(live, manifest()), live.problems) == ([], {})


def test_states_reached_in_other_ways_are_the_same() -> None:
    values = [template(SERVICES), constraint(), CONFIG, EXEMPTION, manifest("Namespace", "shop")]
    covered = kinds("v1/Service")
    at_once = made(*values, manifest("Service", "s", namespace="a"), covered=covered)
    live = made(manifest("Service", "s", namespace="a"), template(), covered=covered)
    for value in reversed(values):
        live.apply(present(value), covered)
    assert live.digest == at_once.digest


def test_templates_that_were_changed_leave_nothing_behind() -> None:
    """A server lives for months: what was parsed of each former text would fill its memory."""
    live = made(template("package probe\n\nviolation[{}] { false }\n"), constraint())
    counts: list[int] = []
    for number in range(4):
        text = f'package probe\n\nviolation[{{"msg": "{number}"}}] {{ true }}\n'
        live.apply(present(template(text)), ALL)
        gc.collect()
        counts.append(sum([isinstance(one, Module) for one in gc.get_objects()]))
    assert len(set(counts)) == 1, counts
