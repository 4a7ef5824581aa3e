"""PromotionPolicies in a server: in force as they come and go, and what is wrong with them is known."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.errors import UsageError
from lockgate.gatekeeper.problems import PolicyErrors
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_promotions import PromotionsNow
from lockgate.webhook.serving.live_state import LiveSettings, LiveState

from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.builders import gone, key_of, present
from tests.webhook.serving.test_live_gate import ALL, made, messages

Json = dict[str, Any]
PROD: Json = {"to": "prod", "soakTime": "24h"}
POLICY = promotion_policy(PROD)
LOOSER = promotion_policy({"to": "prod", "soakTime": "1h"})
WRONG = promotion_policy({"to": "production", "soakTime": "24h"})
SAID = "spec.steps[0].to: spec.steps[0].to is 'production', none of spec.environments (one of staging, prod)"


def state_of(live: LiveGate) -> LiveState:
    assert live.state is not None
    return live.state


def promotions(live: LiveGate) -> PromotionsNow:
    found = state_of(live).promotions
    assert found is not None
    return found


def test_without_any_nothing_is_told() -> None:
    assert state_of(made(template(), constraint())).promotions is None


def test_they_come_change_and_go() -> None:
    live = made(template(), constraint())
    before = live.digest
    live.apply(present(POLICY), ALL)
    assert [one.name for one in promotions(live).policies] == ["models"]
    assert key_of(POLICY) in state_of(live).created
    assert live.digest != before
    with_it, kept = live.digest, state_of(live)
    live.apply(present(LOOSER), ALL)
    assert live.digest not in (before, with_it)
    # Whoever decides with the state before goes on with it as it was.
    assert kept.promotions is not None
    assert kept.promotions.policies != promotions(live).policies
    live.apply(gone(POLICY), ALL)
    assert (state_of(live).promotions, live.digest) == (None, before)


def test_what_is_written_into_its_status_changes_nothing() -> None:
    live = made(POLICY)
    before = promotions(live).policies[0]
    live.apply(present({**POLICY, "status": {"created": True}}), ALL)
    assert promotions(live).policies[0] is before


def test_the_policies_that_are_recorded_name_it() -> None:
    gate = made(template(), constraint(), POLICY).gate
    assert gate is not None
    assert [name for name, _ in gate.policies.others] == ["PromotionPolicy/models"]
    other = made(template(), constraint(), LOOSER).gate
    assert other is not None
    assert other.policies.digest != gate.policies.digest


def test_a_wrong_one_leaves_the_others_and_is_known_to_be_wrong() -> None:
    fine = {**POLICY, "metadata": {"name": "fine"}}
    live = made(template(), constraint(), fine, WRONG)
    assert messages(live, manifest()) == ["hit"]
    assert [one.name for one in promotions(live).policies] == ["fine"]
    assert {key: [str(one) for one in found] for key, found in promotions(live).wrong.items()} == {
        key_of(WRONG): [SAID]
    }
    assert {*live.problems} == {key_of(WRONG)}
    assert key_of(WRONG) not in state_of(live).created


def test_what_cannot_be_read_is_wrong_too() -> None:
    live = made(POLICY)
    (change,) = present(POLICY)
    live.apply([type(change)(change.key, b"{")], ALL)
    assert key_of(POLICY) in live.problems
    assert {*promotions(live).wrong} == {key_of(POLICY)}


def write(folder: Path, name: str, *values: Json) -> None:
    (folder / name).write_text("\n---\n".join([json.dumps(value) for value in values]))


def source(*folders: Path) -> FolderSource:
    return FolderSource([str(one) for one in folders], [], str(folders[0]), LiveSettings())


def test_they_may_lie_in_a_folder_with_policies_or_apart(tmp_path: Path) -> None:
    policies, apart = tmp_path / "policies", tmp_path / "promotions"
    policies.mkdir()
    apart.mkdir()
    write(policies, "all.yaml", template(), constraint(), POLICY)
    write(apart, "one.yaml", {**POLICY, "metadata": {"name": "others"}})
    live = LiveGate()
    live.apply(source(policies, apart).changes(), ALL)
    assert [one.name for one in promotions(live).policies] == ["models", "others"]


@pytest.mark.parametrize(
    ("values", "line", "at", "said"),
    [
        ([WRONG], 1, '"production"', "spec.steps[0].to is 'production', none of spec.environments"),
        (
            [POLICY, POLICY],
            3,
            '"models"',
            "the PromotionPolicy models is defined twice; the other is in promotions.yaml",
        ),
    ],
    ids=["wrong", "twice"],
)
def test_a_wrong_file_is_told_with_its_place_and_what_was_in_force_stays(
    values: list[Json], line: int, at: str, said: str, tmp_path: Path
) -> None:
    write(tmp_path, "all.yaml", template(), constraint())
    write(tmp_path, "promotions.yaml", POLICY)
    files, live = source(tmp_path), LiveGate()
    live.apply(files.changes(), ALL)
    before = promotions(live)
    write(tmp_path, "promotions.yaml", *values)
    with pytest.raises(PolicyErrors) as caught:
        files.changes()
    place = caught.value.location
    assert place is not None
    assert (caught.value.message, place.file) == (said, "promotions.yaml")
    text = (tmp_path / "promotions.yaml").read_text().splitlines()[line - 1]
    assert (place.line, place.column) == (line, text.index(at) + 1)
    assert promotions(live) is before


def test_a_file_that_loses_its_promotion_policy_leaves_it_in_force(tmp_path: Path) -> None:
    write(tmp_path, "all.yaml", template(), constraint())
    write(tmp_path, "promotions.yaml", POLICY)
    files = source(tmp_path)
    assert len(files.changes()) == 3
    (tmp_path / "promotions.yaml").write_text("# soon\n")
    with pytest.raises(Exception, match=r"promotions\.yaml held policies, and holds none now"):
        files.changes()


DEV: Json = {"name": "dev", "namespaces": ["*"]}
MAP = environment_map(DEV, {"name": "prod", "clusters": ["here"], "namespaces": ["prod-*"]})
NAMESPACED = environment_map(DEV, {"name": "staging"}, {"name": "prod", "namespaces": ["prod-*"]})


def space(name: str, **labels: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def labelled(environment: Any) -> Json:
    return {"metadata": {"name": "a", "labels": {"lockgate.dev/environment": environment}}}


def at(live: LiveGate, namespace: str, found: Json | None, value: Json) -> tuple[str, str]:
    placed = promotions(live).environment_of(namespace, found, value)
    return placed.environment, placed.why


def mapped(*values: Json, cluster: str = "") -> LiveGate:
    live = LiveGate(LiveSettings(cluster_name=cluster))
    live.apply(present(*values), ALL)
    return live


STAGED = {"lockgate.dev/environment": "staging"}


@pytest.mark.parametrize(
    ("namespace", "found", "value", "expected"),
    [
        ("shop", space("shop"), {}, "dev"),
        ("prod-eu", space("prod-eu"), {}, "prod"),
        # A label raises, and does not lower, on the object as on its Namespace.
        ("shop", space("shop"), labelled("staging"), "staging"),
        ("shop", space("shop", **STAGED), {}, "staging"),
        ("shop", space("shop", **STAGED), labelled("prod"), "prod"),
        ("shop", space("shop", **STAGED), labelled("dev"), "staging"),
        ("prod-eu", space("prod-eu"), labelled("dev"), "prod"),
        ("prod-eu", space("prod-eu", **STAGED), labelled("dev"), "prod"),
        # What is no environment is unknown, and so is what nobody says anything of.
        ("prod-eu", space("prod-eu"), labelled("nowhere"), ""),
        ("prod-eu", space("prod-eu"), labelled(""), ""),
        ("prod-eu", space("prod-eu"), labelled(1), ""),
        ("prod-eu", space("prod-eu"), labelled(None), ""),
        ("prod-eu", None, {}, ""),
        ("", None, {}, ""),
        ("", None, labelled("prod"), ""),
    ],
)
def test_the_map_says_in_which_environment_an_object_is(
    namespace: str, found: Json | None, value: Json, expected: str
) -> None:
    environment, why = at(mapped(NAMESPACED), namespace, found, value)
    assert environment == expected
    assert bool(why) == (not expected)


@pytest.mark.parametrize(
    ("cluster", "namespace", "expected"),
    [
        ("here", "shop", ("prod", "")),
        ("here", "", ("prod", "")),
        ("elsewhere", "prod-eu", ("", "no environment has the cluster elsewhere")),
        ("", "shop", ("dev", "")),
    ],
)
def test_the_cluster_counts_by_the_name_that_the_server_was_given(
    cluster: str, namespace: str, expected: tuple[str, str]
) -> None:
    assert at(mapped(MAP, cluster=cluster), namespace, space(namespace), {}) == expected


def test_a_map_that_is_not_there_or_wrong_leaves_everything_unknown() -> None:
    live = mapped(POLICY)
    assert at(live, "prod-eu", space("prod-eu"), {}) == ("", "there is no EnvironmentMap")
    live.apply(present(MAP), ALL)
    assert at(live, "prod-eu", space("prod-eu"), {}) == ("prod", "")
    wrong = environment_map(DEV, DEV)
    live.apply(present(wrong), ALL)
    assert at(live, "prod-eu", space("prod-eu"), {}) == ("", "the EnvironmentMap is wrong")
    assert {*live.problems} == {key_of(MAP)}
    live.apply(gone(MAP), ALL)
    assert at(live, "prod-eu", space("prod-eu"), {}) == ("", "there is no EnvironmentMap")


def test_one_of_another_name_changes_nothing_and_says_so() -> None:
    live = mapped(MAP, environment_map(DEV, {"name": "prod"}, name="mine"))
    assert at(live, "prod-eu", space("prod-eu"), {}) == ("prod", "")
    assert {key.name for key in live.problems} == {"mine"}


def test_a_policy_in_another_order_than_the_map_is_wrong_until_one_is_mended() -> None:
    backwards = promotion_policy({"to": "dev", "soakTime": "1h"}, environments=["prod", "dev"])
    live = mapped(backwards)
    assert [one.name for one in promotions(live).policies] == ["models"]
    live.apply(present(NAMESPACED), ALL)
    assert promotions(live).policies == ()
    (problem,) = promotions(live).wrong[key_of(backwards)]
    assert str(problem) == (
        "spec.environments[1]: spec.environments has prod below dev, and the EnvironmentMap has it above "
        "(write them in the same order)"
    )
    live.apply(present(POLICY), ALL)
    assert (promotions(live).wrong, live.problems) == ({}, {})


def test_a_folder_may_have_the_map(tmp_path: Path) -> None:
    write(tmp_path, "all.yaml", template(), constraint())
    write(tmp_path, "promotions.yaml", POLICY, NAMESPACED)
    live = LiveGate()
    live.apply(source(tmp_path).changes(), ALL)
    assert at(live, "prod-eu", space("prod-eu"), {}) == ("prod", "")


def test_files_of_answers_do_not_speak_for_a_trail(tmp_path: Path) -> None:
    provider = {"provider": "lockgate-promotions", "otherwise": "said in a file"}
    answers = {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "providers": [provider],
    }
    write(tmp_path, "policies.yaml", template(), constraint())
    apart = tmp_path / "apart"
    apart.mkdir()
    write(apart, "answers.yaml", answers)

    def given(*spoken_for: str) -> FolderSource:
        policies, folder = str(tmp_path / "policies.yaml"), str(tmp_path)
        return FolderSource([policies], [], folder, LiveSettings(), [str(apart)], None, frozenset(spoken_for))

    assert len(given().changes()) == 3
    with pytest.raises(
        UsageError, match="lockgate-promotions is answered from a trail, and files of answers"
    ):
        given("lockgate-promotions").changes()
