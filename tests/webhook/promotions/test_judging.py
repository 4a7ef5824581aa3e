"""What is missing for a promotion that was recognised, under a PromotionPolicy as it is written."""

import os

import pytest
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.promotions.asking import Approval, Evidence, Known, Pool
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.engine.promotions.recognising import Event, Happening, NothingEarlier, recognise
from lockgate.engine.promotions.subjects import Holder, Subject
from lockgate.engine.record import changed
from lockgate.gatekeeper.exemptions.moments import SECOND_NS
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.judging import PromotionJudge
from lockgate.webhook.promotions.reading import HolderReader

from tests.gatekeeper.promotions.making import parsed
from tests.webhook.promotions.making import HEX_A, HEX_B, deployment

DAY_NS = 86_400 * SECOND_NS
DIGEST = f"sha256:{HEX_A}"
POLICY = parsed(
    {
        "to": "prod",
        "evidence": [{"kind": "facts"}, {"kind": "drift", "maxAge": "30d"}],
        "approvals": [{"group": "ml-leads", "count": 2}],
        "soakTime": "1d",
        "blockedWhileUnhealthy": True,
    }
)
COMPLETE = Known(
    now_ns=100 * DAY_NS,
    requester="ada",
    evidence=(Evidence("facts", DIGEST, 0, passed=True), Evidence("drift", DIGEST, 70 * DAY_NS, passed=True)),
    approvals=(Approval("bea", ("ml-leads",)), Approval("cyd", ("risk", "ml-leads"))),
    below_since_ns=99 * DAY_NS,
    pools=(Pool("h100", healthy=True),),
)
ALL = ["approvals/ml-leads", "evidence/drift", "evidence/facts", "health", "requester", "soak"]


def event(
    happening: Happening = "promotion",
    source: str = "staging",
    environment: str = "prod",
    version: str = DIGEST,
    digest: str = "",
    was_there: bool = False,
) -> Event:
    subject = Subject("image", "registry.example.com/server", version, "content", digest=digest)
    return Event(
        happening,
        environment,
        subject,
        Holder("apps", "Deployment", "ml", "a", "prod", (subject,)),
        None,
        source,
        was_there,
    )


def missing(found: Event, known: Known, policy: PromotionPolicy = POLICY) -> list[str]:
    judge = PromotionJudge(open_library(SHIPPED, open_cache(True, os.environ), "promotion"), policy)
    return [one.what for one in judge.judge(found, known)]


def test_nothing_is_missing() -> None:
    assert missing(event(), COMPLETE) == []
    assert missing(event(version="v1", digest=DIGEST), COMPLETE) == []


def test_all_is_missing_where_nothing_is_known() -> None:
    assert missing(event(), Known(now_ns=0)) == ALL


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (changed(COMPLETE, now_ns=101 * DAY_NS), ["evidence/drift"]),
        (changed(COMPLETE, requester="bea"), ["approvals/ml-leads"]),
        (changed(COMPLETE, requester=""), ["requester"]),
        (changed(COMPLETE, approvals=(Approval("bea", ("ml-leads",)),) * 2), ["approvals/ml-leads"]),
        (changed(COMPLETE, below_since_ns=None), ["soak"]),
        (changed(COMPLETE, below_since_ns=99 * DAY_NS + 1), ["soak"]),
        (changed(COMPLETE, pools=None), ["health"]),
        (changed(COMPLETE, pools=(Pool("h100", healthy=False),)), ["health"]),
    ],
    ids=[
        "old drift",
        "own approval",
        "nobody asks",
        "one person twice",
        "unknown",
        "too short",
        "pools",
        "sick",
    ],
)
def test_one_thing_is_missing(known: Known, expected: list[str]) -> None:
    assert missing(event(), known) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (event(version=f"sha256:{HEX_B}"), ["evidence/drift", "evidence/facts"]),
        (event(version="v1"), ["evidence/drift", "evidence/facts"]),
        (event(source=""), ["direction"]),
        (event(source="dev"), ["direction"]),
        (event("unknown"), ["direction"]),
        (event("floating"), ["direction"]),
        (event("rollback", source="", was_there=True), []),
        (event("rollback", source=""), ["direction"]),
        (event(environment="production"), ["environment"]),
        (event("removal", environment="production"), []),
    ],
    ids=[
        "bytes",
        "tag",
        "from nowhere",
        "a step left out",
        "unknown",
        "floating",
        "back",
        "back to what nobody knows",
        "no environment",
        "gone",
    ],
)
def test_events(found: Event, expected: list[str]) -> None:
    assert missing(found, COMPLETE) == expected


def test_from_manifests_to_what_is_missing() -> None:
    """A digest that ran in staging enters production, and nothing is known of it."""
    reader = HolderReader(open_library(SHIPPED, open_cache(True, os.environ), "subjects"))
    server = deployment(f"registry.example.com/ml/server@{DIGEST}")
    staging = reader.read(server, "staging", "ml", "staging.yaml")
    prod = reader.read(server, "prod", "ml", "prod.yaml")
    (found,) = recognise([staging], [staging, prod], POLICY.environments, NothingEarlier())
    assert (found.happening, found.source) == ("promotion", "staging")
    assert missing(found, Known(now_ns=0)) == ALL
    assert missing(found, COMPLETE) == []
