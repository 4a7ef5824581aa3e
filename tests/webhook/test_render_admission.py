"""The AdmissionResponse to Decisions: codes, lines and their order, which the running Gatekeeper gives in make e2e."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Action, Decision, Failure, NotEvaluated, PolicyKey, Verdict, Violation
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.policy import MessageFailure
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.render_admission import (
    AdmissionResponse,
    Enforcement,
    enforcements,
    excluded,
    render_admission,
)

from tests.gatekeeper.workbench import Json, constraint, document, manifest, template

Outcome = Violation | Failure | NotEvaluated

DENY: Final[tuple[Action, ...]] = ("deny",)
WARN: Final[tuple[Action, ...]] = ("warn",)
BOTH: Final[tuple[Action, ...]] = ("deny", "warn")
ENFORCED: Final = {
    ("A", "denies"): Enforcement("deny", DENY),
    ("A", "warns"): Enforcement("warn", WARN),
    ("A", "tries"): Enforcement("dryrun", ("dryrun",)),
    ("A", "both"): Enforcement("scoped", BOTH),
    ("B", "also"): Enforcement("deny", DENY),
}


def decision(*outcomes: Outcome, verdict: Verdict = "deny") -> Decision:
    return Decision(
        verdict,
        tuple([one for one in outcomes if isinstance(one, Violation)]),
        tuple([one for one in outcomes if isinstance(one, Failure)]),
        tuple([one for one in outcomes if isinstance(one, NotEvaluated)]),
        "",
        "",
    )


def violation(name: str, message: str, kind: str = "A") -> Violation:
    policy = PolicyKey(kind, name)
    return Violation(policy, message, ENFORCED[kind, name].actions)


@pytest.mark.parametrize(
    ("name", "outcomes", "allowed", "code", "message", "warnings"),
    [
        ("nothing", [], True, 200, "", ()),
        ("denied", [violation("denies", "no")], False, 403, "[denies] no", ()),
        ("warned", [violation("warns", "hm")], True, 299, "", ("[warns] hm",)),
        ("tried", [violation("tries", "no")], True, 200, "", ()),
        ("several actions", [violation("both", "no")], False, 403, "[both] no", ("[both] no",)),
        (
            "denied and warned",
            [violation("denies", "no"), violation("warns", "hm")],
            False,
            403,
            "[denies] no",
            ("[warns] hm",),
        ),
        (
            "by action as it is written, then by message",
            [
                violation("both", "a"),
                violation("also", "c", "B"),
                violation("denies", "d"),
                violation("denies", "b"),
            ],
            False,
            403,
            "[denies] b\n[also] c\n[denies] d\n[both] a",
            ("[both] a",),
        ),
        (
            "one message by constraint",
            [violation("also", "no", "B"), violation("denies", "no")],
            False,
            403,
            "[denies] no\n[also] no",
            (),
        ),
        (
            "what fails is a violation",
            [Failure(PolicyKey("A", "denies"), "broken"), violation("denies", "also")],
            False,
            403,
            "[denies] also\n[denies] broken",
            (),
        ),
        (
            "what fails and only warns",
            [Failure(PolicyKey("A", "warns"), "broken")],
            True,
            299,
            "",
            ("[warns] broken",),
        ),
        ("what fails and is tried", [Failure(PolicyKey("A", "tries"), "broken")], True, 200, "", ()),
        (
            "what fails and is no constraint",
            [Failure(PolicyKey("main", "deny"), "broken")],
            False,
            403,
            "[deny] broken",
            (),
        ),
        (
            "what is not evaluated",
            [NotEvaluated(PolicyKey("A", "denies"), "the inventory")],
            False,
            403,
            "[denies] not evaluated: it needs the inventory",
            (),
        ),
        (
            "a message that is none ends the review",
            [violation("denies", "no"), MessageFailure(PolicyKey("A", "tries"), "must be a string")],
            False,
            500,
            "A/tries: must be a string",
            (),
        ),
    ],
)
def test_answers(
    name: str, outcomes: list[Outcome], allowed: bool, code: int, message: str, warnings: tuple[str, ...]
) -> None:
    answer = render_admission(decision(*outcomes), ENFORCED)
    reason = "Forbidden" if code == 403 else ""
    assert answer == AdmissionResponse(allowed, code, reason, message, warnings)


def test_what_is_excluded_is_allowed() -> None:
    assert excluded().allowed and excluded().code == 200


def test_constraints_say_how_they_are_enforced() -> None:
    scoped: Json = {
        "enforcementAction": "scoped",
        "scopedEnforcementActions": [{"action": "warn", "enforcementPoints": [{"name": "*"}]}],
    }
    specs: list[Json | None] = [None, {}, {"enforcementAction": "warn"}, scoped]
    given = [template(), *[constraint(spec, name=f"c{number}") for number, spec in enumerate(specs)]]
    loaded = load_policies([document(one) for one in given])
    assert not loaded.errors
    found = {name: (one.name, one.actions) for (_, name), one in enforcements(loaded.policies).items()}
    assert found == {"c0": ("deny", DENY), "c1": ("deny", DENY), "c2": ("warn", WARN), "c3": ("scoped", WARN)}
    review = review_document(document(manifest()), Cluster())
    judged = evaluate(review, loaded.policies, Facts(), now_ns=0, limits=Limits())
    answer = render_admission(judged, enforcements(loaded.policies))
    assert answer.message == "[c0] hit\n[c1] hit" and answer.warnings == ("[c3] hit", "[c2] hit")


@given(
    st.lists(
        st.builds(violation, st.sampled_from(["denies", "warns", "tries", "both"]), st.sampled_from("ab\n[")),
        max_size=20,
    ),
)
def test_the_order_in_which_it_is_found_does_not_count(found: list[Violation]) -> None:
    answer = render_admission(decision(*found), ENFORCED)
    assert render_admission(decision(*reversed(found)), ENFORCED) == answer
    assert answer.allowed == (not any("deny" in one.actions for one in found))
    assert (answer.code == 403) is (not answer.allowed)
    assert len(answer.warnings) == sum("warn" in one.actions for one in found)
