"""In which environment an object is, in a server: for its own policies and for others, as the map and Namespaces change."""

import json
from typing import Any

from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings, LiveState
from lockgate.webhook.serving.sweep_basis import EVERYTHING, basis_of, delta_between

from tests.gatekeeper.external_data.test_devices import only
from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.gatekeeper.workbench import constraint, document, manifest, template
from tests.webhook.serving.builders import gone, present
from tests.webhook.serving.test_live_gate import ALL
from tests.webhook.serving.test_live_promotions import space
from tests.webhook.serving.test_sweep import NOW

Json = dict[str, Any]
NAME = "lockgate-environments"
ASKS = """package p
violation[{"msg": msg}] {
  key := json.marshal({"label": "", "namespace": input.review.object.metadata.namespace})
  answer := external_data({"provider": "lockgate-environments", "keys": [key]})
  msg := json.marshal([answer.responses, answer.errors, answer.system_error])
}
"""
DEV: Json = {"name": "dev", "namespaces": ["*"]}
MAP = environment_map(DEV, {"name": "staging"}, {"name": "prod", "namespaces": ["prod-*"]})
POLICY = promotion_policy({"to": "prod", "soakTime": "24h"})
WRONG = promotion_policy({"to": "production", "soakTime": "24h"})
STAGED = {"lockgate.dev/environment": "staging"}


def live(*values: Json, **settings: Any) -> LiveGate:
    made = LiveGate(LiveSettings(**settings))
    made.apply(present(*values), ALL)
    return made


def state_of(made: LiveGate) -> LiveState:
    assert made.state is not None
    return made.state


def key(namespace: str, label: str = "") -> str:
    return json.dumps({"label": label, "namespace": namespace}, sort_keys=True, separators=(",", ":"))


def said(made: LiveGate, namespace: str, label: str = "") -> Any:
    """What is offered: the value, or the error."""
    item = only(state_of(made).in_process.ask(NAME, (key(namespace, label),), 1.0))
    return item.error or item.value


def answer(environment: str, required: bool, cluster: str = "") -> Json:
    return {"cluster": cluster, "environment": environment, "required": required}


def test_it_is_offered_as_the_map_the_policies_and_namespaces_are_now() -> None:
    made = live(MAP, POLICY, space("prod-eu"), space("shop"), offers=True, cluster_name="eu")
    assert state_of(made).in_process.names == {"lockgate-devices", NAME}
    assert said(made, "prod-eu") == answer("prod", True, "eu")
    assert said(made, "prod-eu", "dev") == answer("prod", True, "eu")
    assert said(made, "shop") == answer("dev", False, "eu")
    assert said(made, "shop", "prod") == answer("prod", True, "eu")
    assert said(made, "shop", "nowhere") == (
        "the label lockgate.dev/environment says nowhere, which is no environment"
    )
    assert said(made, "new") == "the labels of the namespace new are not known"
    made.apply(present(space("new"), space("shop", **STAGED)), ALL)
    assert said(made, "new") == answer("dev", False, "eu")
    assert said(made, "shop") == answer("staging", False, "eu")
    made.apply(gone(POLICY), ALL)
    assert said(made, "prod-eu") == answer("prod", False, "eu")
    made.apply(gone(MAP), ALL)
    assert said(made, "prod-eu") == "there is no EnvironmentMap"


def test_without_anything_about_promotions_nothing_is_known() -> None:
    assert said(live(template(), constraint(), offers=True), "shop") == "there is no EnvironmentMap"


def test_while_something_is_wrong_nothing_is_known() -> None:
    made = live(MAP, POLICY, space("prod-eu"), offers=True)
    (change,) = present(WRONG)
    made.apply([type(change)(change.key, b"{")], ALL)
    assert said(made, "prod-eu") == (
        "what takes a promotion is not known, since PromotionPolicy models cannot be used: what is wrong stands in the log "
        "of the server, and in the status"
    )
    made.apply(present(WRONG), ALL)
    assert "PromotionPolicy models cannot be used" in said(made, "prod-eu")
    made.apply(present(POLICY), ALL)
    assert said(made, "prod-eu") == answer("prod", True)


def messages(made: LiveGate, namespace: str) -> list[str]:
    gate = made.gate_at(NOW)
    assert gate is not None
    value = manifest()
    value["metadata"]["namespace"] = namespace
    decision = gate.judge(document(value), lambda one: review_document(one, Cluster())).decision
    assert not decision.failures
    return [one.message for one in decision.violations]


def test_policies_ask_it() -> None:
    made = live(template(ASKS), constraint({}), MAP, POLICY, space("prod-eu"))
    (message,) = messages(made, "prod-eu")
    assert json.loads(message) == [[[key("prod-eu"), answer("prod", True)]], [], ""]
    (message,) = messages(made, "gone")
    assert json.loads(message) == [
        [],
        [[key("gone"), "the labels of the namespace gone are not known"]],
        "",
    ]


def test_a_file_of_answers_comes_first() -> None:
    answers = {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "metadata": {"name": "answers"},
        "providers": [{"provider": NAME, "otherwise": "said in a file"}],
    }
    made = live(template(ASKS), constraint({}), MAP, answers, space("prod-eu"), offers=True)
    assert "said in a file" in messages(made, "prod-eu")[0]
    assert said(made, "prod-eu") == "said in a file"


def test_what_lives_is_judged_anew_where_answers_may_differ() -> None:
    made = live(template(ASKS), constraint({}), MAP, POLICY, space("shop"), space("prod-eu"))
    before = basis_of(state_of(made))
    made.apply(present(manifest()), ALL)
    assert not delta_between(before, basis_of(state_of(made))).everything
    made.apply(present(space("shop", **STAGED)), ALL)
    delta = delta_between(before, basis_of(state_of(made)))
    assert not delta.everything
    assert delta.namespaces == {"shop"}
    for changes in (gone(POLICY), present(WRONG), present(POLICY), gone(MAP)):
        before = basis_of(state_of(made))
        made.apply(changes, ALL)
        assert delta_between(before, basis_of(state_of(made))) == EVERYTHING
