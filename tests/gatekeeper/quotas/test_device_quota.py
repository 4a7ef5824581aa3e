"""DeviceQuota: what is read, and what is refused with its place."""

from typing import Any

import pytest
from lockgate.engine.errors import PolicyError
from lockgate.engine.quota.amounts import MAX_LIMIT
from lockgate.gatekeeper.quotas.device_quota import Ceiling, Counting, parse_device_quota
from lockgate.gatekeeper.quotas.scope import Unknown

from tests.gatekeeper.exemptions.making import read
from tests.gatekeeper.quotas.making import LIMIT, parsed, quota


def namespace(**labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": labels}}


def test_what_is_limited() -> None:
    found = parsed(
        limits=[
            {"class": "gpu.example.com", "hard": 8, "soft": 6},
            {"driver": "gpu.example.com", "hard": 8},
            {"product": "H100 80GB", "soft": 0},
            {"resource": "nvidia.com/gpu", "hard": 4},
            {"objects": "claims", "hard": 20},
        ],
        windows=[{"class": "gpu.example.com", "every": "week", "gpuHours": {"hard": 100, "soft": 80}}],
    )
    assert found.ceilings == (
        Ceiling("devices/gpu.example.com", 8, 6),
        Ceiling("drivers/gpu.example.com", 8, None),
        Ceiling("products/H100 80GB", None, 0),
        Ceiling("resources/nvidia.com/gpu", 4, None),
        Ceiling("objects/claims", 20, None),
        Ceiling("gpu-seconds/gpu.example.com", 360_000, 288_000, "week"),
    )


def test_counts_as_kubernetes_unless_told() -> None:
    assert parsed().counting == Counting()
    assert parsed(mode="Strict").counting == Counting("Strict", "resolve", "each", "deny")
    strict = {"all": 32, "firstAvailable": "max-cost", "admin": "zero"}
    assert parsed(mode="Strict", strict=strict, maxRunTime="24h").counting == Counting(
        "Strict", "32", "max-cost", "zero", 86_400
    )


def test_namespaces_by_name() -> None:
    together = parsed(scope={"namespaces": ["a", "b"]})
    assert [together.scope.part(name, None) for name in ("a", "b", "c")] == ["", "", None]
    assert together.holder("") == "gpus"
    each = parsed(scope={"namespaces": ["a", "b"], "per": "Namespace"})
    assert each.scope.part("a", None) == "a"
    assert each.holder("a") == "gpus/a"


def test_namespaces_by_labels() -> None:
    selected = parsed(scope={"namespaceSelector": {"matchLabels": {"tier": "ml"}}, "per": "Namespace"}).scope
    assert selected.part("a", namespace(tier="ml")) == "a"
    assert selected.part("a", namespace(tier="web")) is None
    assert selected.part("a", None) == Unknown("the labels of namespace a")


def test_teams() -> None:
    teams = parsed(scope={"team": {"label": "example.com/team", "names": ["fraud", "search"]}}).scope
    assert teams.part("a", namespace(**{"example.com/team": "fraud"})) == "fraud"
    assert teams.part("a", namespace(**{"example.com/team": "ads"})) is None
    assert teams.part("a", namespace()) is None
    assert isinstance(teams.part("a", None), Unknown)
    every = parsed(scope={"team": {"label": "example.com/team"}}).scope
    assert every.part("a", namespace(**{"example.com/team": "ads"})) == "ads"


def test_the_digest_goes_by_name_and_spec() -> None:
    assert parsed().digest == parsed(mode=None).digest
    assert parsed().digest != parsed(mode="Strict").digest


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"scope": None}, "spec.scope has nothing that says"),
    ({"scope": {"namespaces": ["a"], "team": {"label": "x"}}}, "spec.scope has namespaces and team"),
    ({"scope": {"namespaces": []}}, "spec.scope.namespaces is empty"),
    ({"scope": {"namespaces": ["team-*"]}}, "'team-*' is no name of a namespace"),
    ({"scope": {"namespaces": ["a"], "per": "Team"}}, "spec.scope.per is 'Team'"),
    ({"scope": {"team": {"label": "x", "names": []}}}, "spec.scope.team.names is empty"),
    ({"scope": {"team": {"label": "x"}, "per": "Scope"}}, "spec.scope.per is not for teams"),
    ({"scope": {"team": {"label": "no label"}}}, "'no label' is no label key"),
    ({"scope": {"namespaceSelector": {"matchLabels": {"x": 1}}}}, "a label's value must be a string"),
    ({"scope": {"objectSelector": {}}}, "unknown field spec.scope.objectSelector"),
    ({"limits": None}, "limits nothing"),
    ({"limits": []}, "limits nothing"),
    ({"limits": [{"hard": 1}]}, "spec.limits[0] is about nothing"),
    ({"limits": [{"class": "a", "driver": "b", "hard": 1}]}, "spec.limits[0] is about class and driver"),
    ({"limits": [{"class": "", "hard": 1}]}, "spec.limits[0].class is empty"),
    ({"limits": [{"class": "a\nb", "hard": 1}]}, "spec.limits[0].class is empty or no name"),
    ({"limits": [{"objects": "pods", "hard": 1}]}, "spec.limits[0].objects is 'pods'"),
    ({"limits": [{"class": "a"}]}, "spec.limits[0] has no ceiling"),
    ({"limits": [{"class": "a", "hard": 1, "soft": 2}]}, "spec.limits[0].soft is above hard"),
    (
        {"limits": [{"class": "a", "hard": 1}, {"class": "a", "soft": 1}]},
        "spec.limits[1] limits devices/a again",
    ),
    ({"limits": [{"class": "a", "hard": 1, "max": 2}]}, "unknown field spec.limits[0].max"),
    ({"mode": "kubernetes"}, "spec.mode is 'kubernetes'"),
    ({"strict": {"all": "deny"}}, "spec.strict is for mode: Strict"),
    ({"mode": "Strict", "strict": {"all": "some"}}, "spec.strict.all is 'some'"),
    ({"mode": "Strict", "strict": {"all": True}}, "spec.strict.all must be a string"),
    ({"windows": [{"class": "a", "gpuHours": {"hard": 1}}]}, "spec.windows[0] has no window"),
    ({"windows": [{"class": "a", "every": "7d", "gpuHours": {"hard": 1}}]}, "spec.windows[0].every is '7d'"),
    (
        {"windows": [{"class": "a", "every": "day", "gpuHours": {}}]},
        "spec.windows[0].gpuHours has no ceiling",
    ),
    ({"productAttribute": "a b"}, "spec.productAttribute is no name of an attribute"),
    ({"maxRunTime": "1 day"}, "spec.maxRunTime is no span of time"),
    ({"limits": [LIMIT] * 201}, "has 201 limits"),
]


@pytest.mark.parametrize(("spec", "said"), WRONG, ids=[said for _, said in WRONG])
def test_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(**spec)
    assert said in str(caught.value)
    location = caught.value.location
    assert location is not None
    assert (location.file, location.line > 0) == ("quota.yaml", True)


@pytest.mark.parametrize("amount", [-1, 1.5, "8", True, MAX_LIMIT + 1, 10**30])
def test_amounts_that_are_none(amount: Any) -> None:
    with pytest.raises(PolicyError, match=r"spec\.limits\[0\]\.hard is no whole number"):
        parsed(limits=[{"class": "a", "hard": amount}])


def test_the_place_is_told() -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(limits=[LIMIT, {"class": "a", "hard": -1}])
    location = caught.value.location
    assert location is not None
    text = read(quota(limits=[LIMIT, {"class": "a", "hard": -1}])).lines[location.line - 1]
    assert '"hard": -1' in text


def test_other_versions_are_refused() -> None:
    with pytest.raises(PolicyError, match=r"unsupported version 'quota\.lockgate\.dev/v2'"):
        parse_device_quota(read({**quota(), "apiVersion": "quota.lockgate.dev/v2"}))


def test_names_are_names_of_objects() -> None:
    with pytest.raises(PolicyError, match="is no name for a DeviceQuota"):
        parse_device_quota(read(quota("A/b")))
