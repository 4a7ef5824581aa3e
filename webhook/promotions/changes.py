"""The promotions, rollbacks and other events of a change, as `lockgate check --base` tells and judges them.

Recognition reads all files that are judged, also the unchanged ones: where a version comes from is told by them.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, final

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.errors import EvaluationError
from lockgate.engine.promotions.asking import Missing
from lockgate.engine.promotions.recognising import Event, recognise
from lockgate.engine.record import record
from lockgate.gatekeeper.promotions.loading import Promotions
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.first_pass import Learned
from lockgate.webhook.inputs import Inputs
from lockgate.webhook.old_objects import OldObjects
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.history import Asking, read_history
from lockgate.webhook.promotions.judging import PromotionJudge, digest_of
from lockgate.webhook.promotions.knowing import BESIDE, Knowledge
from lockgate.webhook.promotions.places import Place, Places
from lockgate.webhook.promotions.policies import environment_mapping
from lockgate.webhook.promotions.reading import REFERENCES, HolderReader
from lockgate.webhook.promotions.trees import read_states
from lockgate.webhook.report import Finding, MissingPart, MovedVersion, Problem
from lockgate.webhook.walk import Walk

KIND: Final = "PromotionPolicy"
MODEL: Final = "model"
# What brings a version in.
_ENTERS: Final = frozenset(("floating", "introduction", "promotion", "rollback"))


@record
class Change:
    """What is judged: a check's inputs, what its walk found, and what the first pass learned. old: of `learned`."""

    inputs: Inputs
    walk: Walk
    learned: Learned
    old: OldObjects


@record
class Told:
    """What a change moves, what is refused of it, and what could not be read. notices: why what was given does not count."""

    moved: tuple[MovedVersion, ...]
    findings: tuple[Finding, ...]
    errors: tuple[Problem, ...]
    notices: tuple[str, ...] = ()


def tell_change(
    change: Change, promotions: Promotions | None, make_knowledge: Callable[[], Knowledge]
) -> Told | None:
    """The events of a change, judged by the PromotionPolicies; None where nobody says which environments there are.

    make_knowledge: makes what is known, once there is something to judge. Raises UsageError where policies and configuration
    have other environments.
    """
    mapping = environment_mapping(change.inputs.config, promotions)
    if mapping is None:
        return None
    cache = open_cache(None, os.environ)
    reader = HolderReader(open_library(SHIPPED, cache, "subjects"))
    states = read_states(change.inputs, change.walk, change.learned, change.old, reader, mapping)
    if states is None:
        return Told((), (), ())
    asking = Asking()
    events = recognise(states.before, states.after, mapping.environments, asking)
    if asking.slots:
        earlier = read_history(change.old, states, asking.slots, change.inputs.cwd)
        events = recognise(states.before, states.after, mapping.environments, earlier)
    errors = [Problem(one.file, one.line, one.column, one.message, one.hint) for one in states.errors]
    if not events:
        return Told((), (), tuple(errors))
    judges: Sequence[EventJudge] = ()
    if promotions is not None and promotions.policies:
        library, knowledge = open_library(SHIPPED, cache, "promotion"), make_knowledge()
        judges = [
            EventJudge(one.name, PromotionJudge(library, one), knowledge, events)
            for one in promotions.policies
        ]
        events = tuple([_with_digest(event, knowledge) for event in events])
    places = Places(change.old, states)
    moved: list[MovedVersion] = []
    findings: list[Finding] = []
    for event in events:
        place = places.find(event)
        missing: list[MissingPart] = []
        for judge in judges:
            try:
                missing += [replace(one, message=place.text(one.message)) for one in judge.judge(event)]
            except EvaluationError as error:
                message = f"{KIND}/{judge.name} could not be evaluated on {place.resource}: {error.message}"
                errors.append(Problem(place.file, place.span.line, place.span.column, message, error.hint))
        version = place.moved(event, tuple(missing))
        moved.append(version)
        findings += [_finding(version, part, place) for part in missing]
    notices = dict.fromkeys([notice for judge in judges for notice in judge.notices])
    return Told(
        tuple(sorted(moved, key=lambda one: one.order)), tuple(findings), tuple(errors), tuple(notices)
    )


@final
class EventJudge:
    """Judges events by one PromotionPolicy. name: the policy's. events: all of the change. notices: why what was given does not count.

    Of a model all is asked that the policy asks for. What decides how a model answers (its image, its runtime) is a promotion of that
    model anew, unless the model is promoted itself with it; of what is no model and runs none only the way is judged, since
    statements are about models.
    """

    def __init__(
        self, name: str, judge: PromotionJudge, knowledge: Knowledge, events: Sequence[Event]
    ) -> None:
        self.name: Final = name
        self._judge: Final = judge
        self._knowledge: Final = knowledge
        self.notices: Final[list[str]] = []
        self._with_model: Final = {
            id(event.holder) for event in events if event.subject.kind == MODEL and event.happening in _ENTERS
        }

    def judge(self, event: Event) -> tuple[MissingPart, ...]:
        """What is missing. Raises EvaluationError where that is too large to be judged."""
        holder, subject = event.holder, event.subject
        models = [one for one in holder.subjects if one.kind == MODEL] if subject.kind in BESIDE else []
        if subject.kind == MODEL:
            models = [subject]
        lacking = [one for one in models if not self._knowledge.is_promoted(one, holder)]
        if models and not lacking:
            return ()
        if not models or (subject.kind != MODEL and id(holder) in self._with_model):
            return self._parts(self._judge.judge(event, self._knowledge.known("", ""), "way"))
        made: dict[MissingPart, None] = {}
        for model in lacking:
            of_model = _with_digest(replace(event, subject=model), self._knowledge)
            known = self._knowledge.known(digest_of(of_model.subject), event.environment)
            made.update(dict.fromkeys(self._parts(self._judge.judge(of_model, known))))
            self.notices.extend(
                [
                    f"signed facts of {model.key} do not count in {event.environment}: {reason}"
                    for reason in self._knowledge.remarks(model, event.environment)
                ]
            )
        return tuple(made)

    def _parts(self, missing: Sequence[Missing]) -> tuple[MissingPart, ...]:
        return tuple([MissingPart(self.name, one.what, one.message, one.fix) for one in missing])


def _with_digest(event: Event, knowledge: Knowledge) -> Event:
    """The event with what is known of the bytes of its model."""
    if event.subject.kind not in REFERENCES:
        return event
    digest = knowledge.digest(event.subject, event.environment)
    return replace(event, subject=replace(event.subject, digest=digest))


def _finding(moved: MovedVersion, part: MissingPart, place: Place) -> Finding:
    why = f" ({place.why})" if part.what == "environment" and place.why else ""
    return Finding(
        policy=KIND,
        constraint=part.policy,
        rule=None,
        message=f"{moved.told()}: {part.message}{why}",
        actions=("deny",),
        file=place.file,
        span=place.span,
        exact=place.exact,
        path=place.path,
        resource=place.resource,
        fix=part.fix,
        docs="",
        quote=place.quote,
    )
