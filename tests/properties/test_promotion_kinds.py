"""Whatever stands in an object about promotions: admission and the server say the same of it, and nothing breaks."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.documents.json_values import read_value
from lockgate.gatekeeper.promotions.kinds import API_VERSION
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.objects import Change
from lockgate.webhook.serving.own_kinds import object_error

from tests.webhook.serving.builders import key_of

WORDS = [
    *[
        "environments",
        "steps",
        "to",
        "evidence",
        "kind",
        "maxAge",
        "metric",
        "minimum",
        "maximumShare",
        "approvals",
    ],
    *[
        "group",
        "count",
        "assurance",
        "separationOfDuties",
        "soakTime",
        "blockedWhileUnhealthy",
        "name",
        "clusters",
    ],
    *["namespaces", "dev", "prod", "facts", "drift", "30d", "*", "prod-*", "key", "", "A", "a\nb", "\ud800"],
]
SCALARS = st.none() | st.booleans() | st.integers(-2, 60) | st.floats(-1, 2) | st.sampled_from(WORDS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Now and then anything else."""
    return st.integers(0, 19).flatmap(lambda chance: good if chance else ANYTHING)


def words(*names: str) -> st.SearchStrategy[Any]:
    return mostly(st.sampled_from(names))


EVIDENCE = st.fixed_dictionaries(
    {"kind": words("facts", "drift", "signature"), "maxAge": words("30d", "1h")},
    optional={"metric": ANYTHING, "minimum": ANYTHING},
)
APPROVALS = st.fixed_dictionaries(
    {"group": words("leads", "risk"), "count": mostly(st.integers(0, 3))},
    optional={"assurance": words("key", "token")},
)
STEP = st.fixed_dictionaries(
    {"to": words("staging", "prod"), "soakTime": words("24h")},
    optional={
        "evidence": mostly(st.lists(EVIDENCE, max_size=2)),
        "approvals": mostly(st.lists(APPROVALS, max_size=2)),
    },
)
POLICY = st.fixed_dictionaries(
    {"environments": mostly(st.just(["dev", "staging", "prod"])), "steps": mostly(st.lists(STEP, max_size=2))}
)
ENVIRONMENT = st.fixed_dictionaries(
    {"name": words("dev", "staging", "prod"), "namespaces": mostly(st.just(["prod-*"]))},
    optional={"clusters": mostly(st.just(["a"]))},
)
MAP = st.fixed_dictionaries({"environments": mostly(st.lists(ENVIRONMENT, max_size=3))})
SPECS = st.tuples(st.just("PromotionPolicy"), mostly(POLICY)) | st.tuples(
    st.just("EnvironmentMap"), mostly(MAP)
)


@given(SPECS, st.sampled_from(["cluster", "models"]))
def test_what_admission_lets_through_is_in_force_and_nothing_else_is(
    spec: tuple[str, Any], name: str
) -> None:
    kind, inside = spec
    value = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": inside}
    text = json.dumps(value)
    read, _, _ = read_value(text, 0)
    assert isinstance(read, dict)
    said = object_error(read, None, ())
    live = LiveGate()
    live.apply([Change(key_of(value), text.encode())], frozenset())
    assert live.state is not None
    now = live.state.promotions
    assert now is not None
    (problems,) = [*live.problems.values()] or [()]
    if said is None:
        assert problems == ()
        assert (len(now.policies), now.map is not None) == (
            (1, False) if kind == "PromotionPolicy" else (0, True)
        )
    else:
        assert "; ".join([str(one) for one in problems]) == said
        assert ((), None) == (now.policies, now.map)
    # Whatever it is, somebody who asks is answered, and what is no environment of the map is unknown.
    placed = now.environment_of("prod-eu", {"metadata": {"labels": {}}}, {"metadata": {"labels": None}})
    names = () if now.map is None else now.map.mapping.environments.names
    assert placed.environment in (*names, "")
    assert bool(placed.why) == (not placed.environment)
