"""The kind PromotionPolicy: environments, the lowest first, and what entering each takes."""

from typing import Final

from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.documents.document import Document
from lockgate.engine.promotions.environments import Environments
from lockgate.engine.promotions.policy import (
    APPROVAL_ASSURANCES,
    EVIDENCE_KINDS,
    ApprovalAssurance,
    Approvals,
    DeviceHealth,
    EvidenceKind,
    PromotionPolicy,
    Requirement,
    Step,
)
from lockgate.engine.record import changed
from lockgate.gatekeeper.exemptions.moments import parse_span
from lockgate.gatekeeper.exemptions.selection import only_fields
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.promotions.heads import read_environment_name, read_name, spec_digest
from lockgate.gatekeeper.promotions.kinds import PROMOTION_POLICY

MAX_ENVIRONMENTS: Final = 50
MAX_GROUPS: Final = 20
# Kinds of evidence, and metrics of evaluations.
MAX_EVIDENCE: Final = 50
MAX_GROUP: Final = 200
# Pools, clusters and signers of a step's deviceHealth.
MAX_HEALTH: Final = 100
# Approvals stand in a statement, each with a signature.
MAX_COUNT: Final = 20


def parse_promotion_policy(document: Document) -> PromotionPolicy:
    """Reads a PromotionPolicy strictly. Raises PolicyError, with the place."""
    top = root(document)
    name = read_name(top, PROMOTION_POLICY)
    spec = top.get("spec")
    only_fields(spec, "environments", "steps")
    names = _environments(spec.get("environments"))
    return PromotionPolicy(
        name, Environments(names), _steps(spec.get("steps"), names), spec_digest(name, spec.value)
    )


def _environments(field: Field) -> tuple[str, ...]:
    if len(field.items()) > MAX_ENVIRONMENTS:
        field.refuse(f"{field.name} has {len(field.items())} entries, and may have {MAX_ENVIRONMENTS}")
    names: list[str] = []
    for item in field.items():
        name = read_environment_name(item)
        if name in names:
            item.refuse(f"{item.name} names {name} again", "name each environment once, the lowest first")
        names.append(name)
    if len(names) < 2:
        field.refuse("spec.environments needs two names or more", "list the environments, the lowest first")
    return tuple(names)


def _steps(field: Field, names: tuple[str, ...]) -> tuple[Step, ...]:
    steps: dict[str, Step] = {}
    for item in field.items():
        only_fields(
            item,
            "to",
            "evidence",
            "approvals",
            "separationOfDuties",
            "soakTime",
            "blockedWhileUnhealthy",
            "deviceHealth",
        )
        to = item.get("to")
        if to.string() not in names:
            to.refuse(
                f"{to.name} is {to.string()!r}, none of spec.environments", f"one of {', '.join(names[1:])}"
            )
        if to.string() == names[0]:
            to.refuse(
                f"{to.name} is the lowest environment, which nothing is promoted to",
                f"one of {', '.join(names[1:])}",
            )
        if to.string() in steps:
            to.refuse(f"{to.name} is {to.string()!r} again", "write one step for an environment")
        steps[to.string()] = _step(item)
    if not steps:
        field.refuse(
            "spec.steps is empty, and would ask for nothing", "say what entering an environment takes"
        )
    return tuple(steps.values())


def _step(item: Field) -> Step:
    soak, separated = item.get("soakTime"), item.get("separationOfDuties").boolean()
    step = Step(
        item.get("to").string(),
        _evidence(item.get("evidence")),
        _approvals(item.get("approvals")),
        # What is not said is the stricter one.
        separated is not False,
        0 if soak.absent else parse_span(soak),
        item.get("blockedWhileUnhealthy").boolean() or False,
        _device_health(item.get("deviceHealth")),
    )
    if not item.get("deviceHealth").absent and not step.blocked_while_unhealthy:
        item.get("deviceHealth").refuse(
            f"{item.get('deviceHealth').name} says what is healthy, and the step is not blocked by it",
            "set blockedWhileUnhealthy: true, or remove it",
        )
    if separated is not None and not step.approvals:
        item.get("separationOfDuties").refuse(
            f"{item.get('separationOfDuties').name} is about approvals, and the step asks for none",
            "list who approves in approvals, or remove it",
        )
    if not (step.evidence or step.approvals or step.soak_ns or step.blocked_while_unhealthy):
        item.refuse(
            f"{item.name} asks for nothing",
            "list evidence or approvals, or set soakTime or blockedWhileUnhealthy",
        )
    return step


def _device_health(field: Field) -> DeviceHealth:
    if field.absent:
        return DeviceHealth()
    only_fields(field, "maximumShare", "pools", "clusters", "signers")
    share = _number(field.get("maximumShare"))
    given = (
        DeviceHealth().maximum_share
        if share is None
        else float(share.text if isinstance(share, Number) else str(share))
    )
    if not 0 <= given < 1:
        field.get("maximumShare").refuse(
            f"{field.get('maximumShare').name} is no share from 0 to below 1", "such as 0.1, one node in ten"
        )
    clusters: dict[str, str] = {}
    for item in _bounded_items(field.get("clusters")):
        only_fields(item, "name", "uid")
        name, uid = _word(item.get("name")), _word(item.get("uid"))
        if name in clusters:
            item.get("name").refuse(f"{item.get('name').name} is {name!r} again", "write one entry for it")
        clusters[name] = uid
    return DeviceHealth(
        given,
        tuple([_word(one) for one in _bounded_items(field.get("pools"))]),
        tuple(sorted(clusters.items())),
        tuple([_word(one) for one in _bounded_items(field.get("signers"))]),
    )


def _bounded_items(field: Field) -> tuple[Field, ...]:
    if not field.absent and not 0 < len(field.items()) <= MAX_HEALTH:
        field.refuse(
            f"{field.name} has {len(field.items())} entries, and may have 1 to {MAX_HEALTH}",
            "remove it where all are meant",
        )
    return field.items()


def _word(field: Field) -> str:
    text = field.string()
    if not text or len(text) > MAX_GROUP or not text.isprintable():
        field.refuse(f"{field.name} is no name", f"up to {MAX_GROUP} characters")
    return text


def _evidence(field: Field) -> tuple[Requirement, ...]:
    if len(field.items()) > MAX_EVIDENCE:
        field.refuse(f"{field.name} has {len(field.items())} entries, and may have {MAX_EVIDENCE}")
    made: dict[str, Requirement] = {}
    for item in field.items():
        only_fields(item, "kind", "maxAge", "metric", "minimum", "maximum", "maximumShare")
        kind, age = _evidence_kind(item.get("kind")), item.get("maxAge")
        if kind == "drift" and age.absent:
            item.refuse(
                f"{item.name} does not say how old a report on drift may be", "set maxAge, such as 30d"
            )
        one = _bounded(item, Requirement(kind, None if age.absent else parse_span(age)))
        if one.name in made:
            item.refuse(f"{item.name} requires {one.name} again", "write one entry for it")
        made[one.name] = one
    return tuple(made.values())


def _bounded(item: Field, asked: Requirement) -> Requirement:
    """With the bounds of a value, as the kind has them."""
    names = {"evaluation": ("metric", "minimum", "maximum"), "drift": ("maximumShare",)}.get(asked.kind, ())
    for name in ("metric", "minimum", "maximum", "maximumShare"):
        if name not in names and not item.get(name).absent:
            item.get(name).refuse(f"{item.get(name).name} is nothing that {asked.kind} has", "remove it")
    if asked.kind == "drift":
        share = _number(item.get("maximumShare"))
        return asked if share is None else changed(asked, metric="share", maximum=share)
    metric = item.get("metric")
    if asked.kind != "evaluation" or metric.absent:
        for name in ("minimum", "maximum"):
            if not item.get(name).absent:
                item.get(name).refuse(f"{item.get(name).name} is of no metric", "name it in metric")
        return asked
    if not metric.string() or len(metric.string()) > MAX_GROUP:
        metric.refuse(f"{metric.name} is no name of a metric", "as the evaluation spells it")
    minimum, maximum = _number(item.get("minimum")), _number(item.get("maximum"))
    if minimum is None and maximum is None:
        item.refuse(f"{item.name} has no bound for {metric.string()}", "set minimum or maximum")
    return changed(asked, metric=metric.string(), minimum=minimum, maximum=maximum)


def _number(field: Field) -> Value:
    if field.absent:
        return None
    if type(field.value) is not int and not isinstance(field.value, Number):
        field.refuse(f"{field.name} is no number", "write a number")
    return field.value


def _evidence_kind(field: Field) -> EvidenceKind:
    for kind in EVIDENCE_KINDS:
        if field.string() == kind:
            return kind
    field.refuse(f"{field.name} is {field.string()!r}", f"one of {', '.join(EVIDENCE_KINDS)}")


def _assurance(field: Field) -> ApprovalAssurance:
    if field.absent:
        return "token"
    for one in APPROVAL_ASSURANCES:
        if field.string() == one:
            return one
    field.refuse(f"{field.name} is {field.string()!r}", f"one of {', '.join(APPROVAL_ASSURANCES)}")


def _approvals(field: Field) -> tuple[Approvals, ...]:
    made: dict[str, Approvals] = {}
    for item in field.items():
        only_fields(item, "group", "count", "assurance")
        group, count = item.get("group").string(), item.get("count").value
        if not group or len(group) > MAX_GROUP or not group.isprintable():
            item.get("group").refuse(
                f"{item.get('group').name} is empty or no name of a group", "name a group of the identity map"
            )
        if group in made:
            item.refuse(f"{item.name} names {group} again", "write one entry for a group")
        if type(count) is not int or not 1 <= count <= MAX_COUNT:
            item.get("count").refuse(
                f"{item.get('count').name} is no whole number from 1 to {MAX_COUNT}",
                "how many people of the group have to approve",
            )
        made[group] = Approvals(count, group, _assurance(item.get("assurance")))
    if len(made) > MAX_GROUPS:
        field.refuse(f"{field.name} has {len(made)} entries, and may have {MAX_GROUPS}")
    return tuple(made.values())
