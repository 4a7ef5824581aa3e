"""The promotions, rollbacks and other events of a change, as `lockgate check --base` tells and judges them.

Recognition reads all files that are judged, also the unchanged ones: where a version comes from is told by them.
"""

import os
from typing import Final

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.errors import EvaluationError
from lockgate.engine.promotions.recognising import recognise
from lockgate.engine.record import record
from lockgate.gatekeeper.promotions.loading import Promotions
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.first_pass import Learned
from lockgate.webhook.inputs import Inputs
from lockgate.webhook.old_objects import OldObjects
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.history import Asking, read_history
from lockgate.webhook.promotions.judging import PromotionJudge
from lockgate.webhook.promotions.knowing import Knowledge
from lockgate.webhook.promotions.places import Place, Places
from lockgate.webhook.promotions.policies import environment_mapping
from lockgate.webhook.promotions.reading import HolderReader
from lockgate.webhook.promotions.trees import read_states
from lockgate.webhook.report import Finding, MissingPart, MovedVersion, Problem
from lockgate.webhook.walk import Walk

KIND: Final = "PromotionPolicy"


@record
class Change:
    """What is judged: a check's inputs, what its walk found, and what the first pass learned. old: of `learned`."""

    inputs: Inputs
    walk: Walk
    learned: Learned
    old: OldObjects


@record
class Told:
    """What a change moves, what is refused of it, and what could not be read."""

    moved: tuple[MovedVersion, ...]
    findings: tuple[Finding, ...]
    errors: tuple[Problem, ...]


def tell_change(change: Change, promotions: Promotions | None, knowledge: Knowledge) -> Told | None:
    """The events of a change, judged by the PromotionPolicies; None where nobody says which environments there are.

    Raises UsageError where policies and configuration have other environments.
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
    judges: list[tuple[str, PromotionJudge]] = []
    if promotions is not None and promotions.policies:
        library = open_library(SHIPPED, cache, "promotion")
        judges = [(policy.name, PromotionJudge(library, policy)) for policy in promotions.policies]
    places = Places(change.old, states)
    moved: list[MovedVersion] = []
    findings: list[Finding] = []
    for event in events:
        known = knowledge.known(event)
        place = places.find(event)
        missing: list[MissingPart] = []
        for name, judge in judges:
            try:
                asked = judge.judge(event, known)
            except EvaluationError as error:
                message = f"{KIND}/{name} could not be evaluated on {place.resource}: {error.message}"
                errors.append(Problem(place.file, place.span.line, place.span.column, message, error.hint))
                continue
            missing += [MissingPart(name, one.what, place.text(one.message), one.fix) for one in asked]
        version = place.moved(event, tuple(missing))
        moved.append(version)
        findings += [_finding(version, part, place) for part in missing]
    return Told(tuple(sorted(moved, key=lambda one: one.order)), tuple(findings), tuple(errors))


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
