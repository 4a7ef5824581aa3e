"""Grants as they come and go in a running server."""

from collections.abc import Mapping
from typing import Any

from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.serving.live_grants import MAX_OBJECT, LiveGrants
from lockgate.webhook.serving.objects import Change, ObjectKey

from tests.gatekeeper.break_glass.making import START_NS, data, policy_value, sign, unsigned


def apply(live: LiveGrants, objects: Mapping[str, bytes | None]) -> None:
    """Objects by name."""
    kinds = {"policy": "BreakGlassPolicy"}
    changes = [
        Change(
            ObjectKey(
                GroupVersionKind("breakglass.lockgate.dev", "v1alpha1", kinds.get(name, "BreakGlass")),
                "",
                name,
            ),
            data,
        )
        for name, data in objects.items()
    ]
    live.apply(changes)


def states(live: LiveGrants) -> list[tuple[str, str]]:
    return [(one.grant.name, one.state) for one in live.grants.standings(START_NS)]


def started(*values: dict[str, Any]) -> LiveGrants:
    live = LiveGrants()
    apply(live, {"policy": data(policy_value()), **{one["metadata"]["name"]: data(one) for one in values}})
    return live


def test_a_grant_comes_and_goes() -> None:
    live = started()
    assert states(live) == []
    apply(live, {"night-1": data(sign(unsigned()))})
    assert states(live) == [("night-1", "active")]
    before = live.grants
    apply(live, {"night-1": None})
    assert states(live) == []
    assert before.find("", None, START_NS) is not None


def test_a_grant_that_was_deleted_cannot_be_replayed() -> None:
    live = started(sign(unsigned()))
    apply(live, {"night-1": None})
    apply(live, {"night-1": data(sign(unsigned()))})
    assert states(live) == [("night-1", "refused")]
    apply(live, {"night-2": data(sign(unsigned("night-2", nonce="f" * 32)))})
    assert ("night-2", "active") in states(live)


def test_nor_after_a_restart_that_knows_of_it() -> None:
    first = started(sign(unsigned()))
    apply(first, {"night-1": None})
    second = LiveGrants(first.ended)
    apply(second, {"policy": data(policy_value()), "night-1": data(sign(unsigned()))})
    assert states(second) == [("night-1", "refused")]


def test_the_same_object_again_ends_nothing() -> None:
    live = started(sign(unsigned()))
    value = sign(unsigned())
    value["metadata"]["resourceVersion"] = "7"
    apply(live, {"night-1": data(value)})
    assert states(live) == [("night-1", "active")]
    assert live.ended == frozenset()


def test_an_altered_grant_ends_the_former() -> None:
    live = started(sign(unsigned()))
    apply(live, {"night-1": data(sign(unsigned(reason="another")))})
    assert states(live) == [("night-1", "active")]
    apply(live, {"night-1": data(sign(unsigned()))})
    assert states(live) == [("night-1", "refused")]


def test_without_its_policy_a_grant_has_no_effect_and_with_it_again_it_has() -> None:
    live = started(sign(unsigned()))
    apply(live, {"policy": None})
    assert states(live) == [("night-1", "refused")]
    apply(live, {"policy": data(policy_value())})
    assert states(live) == [("night-1", "active")]


def test_what_is_wrong_is_a_problem_of_its_own() -> None:
    live = started(sign(unsigned()))
    apply(
        live,
        {
            "a": b"{",
            "b": b"x" * (MAX_OBJECT + 1),
            "c": data(unsigned("c", reason=None)),
            "d": data({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}}),
            "e": b"",
        },
    )
    assert sorted([key.name for key in live.problems]) == ["a", "b", "c", "e"]
    assert states(live) == [("night-1", "active")]
    apply(live, {"a": None, "b": None, "c": None, "e": None})
    assert live.problems == {}


def test_forged_grants_do_not_crowd_out_what_was_taken_away() -> None:
    live = started(sign(unsigned()))
    apply(live, {"night-1": None})
    ended = live.ended
    assert len(ended) == 1
    for number in range(20):
        name = f"forged-{number}"
        apply(live, {name: data(unsigned(name))})
        apply(live, {name: None})
    assert live.ended == ended


def test_other_kinds_are_passed_over() -> None:
    live = started(sign(unsigned()))
    before = live.grants
    live.apply([Change(ObjectKey(GroupVersionKind("", "v1", "Pod"), "ml", "night-1"), None)])
    assert live.grants is before


def _placed(place: str, name: str, value: bytes | None) -> Change:
    return Change(
        ObjectKey(GroupVersionKind("breakglass.lockgate.dev", "v1alpha1", "BreakGlass"), place, name), value
    )


def test_one_of_the_same_name_elsewhere_takes_nobodys_place() -> None:
    live = started()
    live.apply([_placed("night.yaml", "night-1", data(sign(unsigned())))])
    # Whoever may make grants in the cluster, and has no key.
    live.apply([_placed("", "night-1", data(unsigned()))])
    assert sorted(states(live)) == [("night-1", "active"), ("night-1", "refused")]
    live.apply([_placed("", "night-1", None)])
    assert states(live) == [("night-1", "active")]


def test_the_same_grant_in_two_places_ends_when_both_are_gone() -> None:
    live = started()
    same = data(sign(unsigned()))
    live.apply([_placed("night.yaml", "night-1", same), _placed("", "night-1", same)])
    live.apply([_placed("", "night-1", None)])
    assert states(live) == [("night-1", "active")]
    # A file that is called otherwise.
    live.apply([_placed("night.yaml", "night-1", None), _placed("later.yaml", "night-1", same)])
    assert states(live) == [("night-1", "active")]
    live.apply([_placed("later.yaml", "night-1", None)])
    live.apply([_placed("", "night-1", same)])
    assert states(live) == [("night-1", "refused")]
