"""The fifteen questions, by their numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.query.answers.answer import Answer, Given, Opener
from lockgate.audit.query.answers.coverage import a6_degraded
from lockgate.audit.query.answers.exceptions import a2_exemptions, a9_devices
from lockgate.audit.query.answers.health import a14_access, a15_health
from lockgate.audit.query.answers.policies import a3_denied, a10_policies
from lockgate.audit.query.answers.promotions import a1_promotions, a4_lineage, a5_duties, a8_old_evidence
from lockgate.audit.query.answers.retried import a7_retried
from lockgate.audit.query.answers.sample import a13_sample
from lockgate.audit.query.answers.state import a11_state, a12_existed
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.errors import QuestionError


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. needs: parts of what is given that it reads; opens: whether it says more where bodies may be opened."""

    number: str
    text: str
    needs: tuple[str, ...]
    opens: bool
    answer: Callable[[Engine, Given, Opener | None], Answer[Any]]


_TIME: Final = ("since", "until")
_PROMOTIONS: Final = ("model", "environment", "requester", "approver", *_TIME)
_LIST: Final = (
    Asked("a1", "Which promotions were made: who asked, who approved, by which policy, on which evidence?", _PROMOTIONS, True, a1_promotions),
    Asked("a2", "What runs under an exemption, and which exemptions end soon?", ("days",), True, a2_exemptions),
    Asked("a3", "What was denied, by which policy, in which namespace?", _TIME, False, a3_denied),
    Asked("a4", "How did these bytes come into which environments?", ("model", "subject"), False, a4_lineage),
    Asked("a5", "Who approved what they asked for themselves, or alone?", _PROMOTIONS, False, a5_duties),
    Asked("a6", "When was less judged than should have been?", _TIME, False, a6_degraded),
    Asked("a7", "What was denied, and soon after let through with other labels?", ("model", "environment", "hours", *_TIME), True, a7_retried),
    Asked("a8", "Which reports on drift were old at promotion?", ("days", *_PROMOTIONS), True, a8_old_evidence),
    Asked("a9", "Which devices were granted beyond what is approved?", ("policy", *_TIME), True, a9_devices),
    Asked("a10", "How did policies change, when, by whom, and with which tests?", ("policy", *_TIME), True, a10_policies),
    Asked("a11", "What stood at a time?", ("at",), True, a11_state),
    Asked("a12", "Was this entry there by then, and is the log only continued since?", ("entry", "at"), False, a12_existed),
    Asked("a13", "Give me a random sample of promotions.", ("count", "seed", "model", "environment", *_TIME), False, a13_sample),
    Asked("a14", "Who looked at sealed records, or took them away?", _TIME, True, a14_access),
    Asked("a15", "Is the trail healthy, and who verified it last?", ("days",), True, a15_health),
)  # fmt: skip
QUESTIONS: Final[Mapping[str, Asked]] = {one.number: one for one in _LIST}


def answer(number: str, engine: Engine, given: Given, opener: Opener | None) -> Answer[Any]:
    """The answer to a question by its number. Raises QuestionError for one that there is not, and TrailError."""
    asked = QUESTIONS.get(number)
    if asked is None:
        raise QuestionError(f"there is no question {number[:20]!r}", field="question", hint="a1 to a15")
    return asked.answer(engine, given, opener)
