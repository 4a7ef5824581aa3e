"""Loads templates and constraints from documents into a PolicySet; every error of every document is collected."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.codegen.values import render_json
from lockgate.engine.decision import PolicyKey
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import InputError, Location, PolicyError
from lockgate.engine.policy import Policy, PolicySet
from lockgate.engine.record import record
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.program import PARAMETERS, Program
from lockgate.engine.rego.specialise import Allowance, Specialiser
from lockgate.gatekeeper.cel_engine import CelEngine
from lockgate.gatekeeper.compiled_rego import (
    ENTRY_POINT,
    EXTERNAL_DATA,
    INVENTORY,
    TEMPLATE_CAPABILITIES,
    RegoTemplate,
)
from lockgate.gatekeeper.constraint import Constraint, find_template, is_constraint, parse_constraint
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.external_data.kinds import DEVICES_PROVIDER
from lockgate.gatekeeper.fields import root
from lockgate.gatekeeper.inventory_needs import (
    SYNC_ANNOTATION,
    InventoryNeeds,
    InventoryRead,
    Requirement,
    merge_needs,
    parse_requirements,
)
from lockgate.gatekeeper.match import Matcher, MatcherCache
from lockgate.gatekeeper.policy import (
    DOCS_ANNOTATION,
    FIX_ANNOTATION,
    ON_ERROR_ANNOTATION,
    RULE_ANNOTATION,
    SWEEP_ANNOTATION,
    UNKNOWN_FIELDS,
    WITHOUT_USER,
    ConstraintPolicy,
    Gate,
    Gated,
)
from lockgate.gatekeeper.problems import Lint, Problem, flatten, locate, policy_error
from lockgate.gatekeeper.rego_template import ShowCode, TemplateCompiler
from lockgate.gatekeeper.sync import Sync, load_sync
from lockgate.gatekeeper.template import (
    EngineChoice,
    Template,
    is_expansion_template,
    is_provider,
    is_template,
    parse_template,
)

if TYPE_CHECKING:
    from lockgate.gatekeeper.compiled_cel import CelTemplate
    from lockgate.gatekeeper.expansion import Expansion
    from lockgate.gatekeeper.external_data.provider import Provider
    from lockgate.gatekeeper.memo import Memo

T = TypeVar("T")

# Parameters of more characters are no constants of code: it would grow with them.
_LARGEST_IN_CODE: Final = 20_000
# Nor is a template of more Rego compiled again for each constraint: that would take the time of ten thousand reviews.
_LONGEST_COMPILED_AGAIN: Final = 20_000
# Gatekeeper looks at a template's operations at its webhook alone.
_WEBHOOK: Final = "validation.gatekeeper.sh"
_SYNC_HINT: Final = (
    'such as "[[{\\"groups\\":[\\"\\"],\\"versions\\":[\\"v1\\"],\\"kinds\\":[\\"Service\\"]}]]"'
)
# At this point nothing is unknown: gator shows policies an empty user and Namespace.
_GATOR: Final = "gator.gatekeeper.sh"
_AUDIT: Final = "audit.gatekeeper.sh"


@record
class Loaded:
    """What came of loading: policies, everything that is wrong, and lints; sorted by place.

    templates: those that were read, whether or not a constraint uses them, sorted by kind. needs: what the policies need
    of the inventory. sync: what is kept of the cluster, and which namespaces are left alone. expansion: which objects
    imply others. providers: who answers for external data; asks: does any template ask them? asks_devices: does one name
    the provider of devices?
    """

    policies: PolicySet
    errors: tuple[PolicyError, ...]
    lints: tuple[Lint, ...]
    templates: tuple[Template, ...]
    needs: InventoryNeeds = InventoryNeeds()
    sync: Sync = Sync()
    expansion: "Expansion | None" = None
    providers: "tuple[Provider, ...]" = ()
    asks: bool = False
    asks_devices: bool = False


@record
class CompiledTemplate:
    """A template with the code of the engine that evaluates it, and what that needs of the inventory."""

    template: Template
    code: "RegoTemplate | CelTemplate"
    needs: InventoryNeeds = InventoryNeeds()

    @property
    def asks(self) -> bool:
        """Does it ask providers of external data?"""
        return isinstance(self.code, RegoTemplate) and self.code.program.calls(EXTERNAL_DATA)

    @property
    def asks_devices(self) -> bool:
        """Does it name the provider of devices? Then DeviceClasses and ResourceSlices are to be known."""
        rego = self.template.rego
        if rego is None or not self.asks:
            return False
        return any(DEVICES_PROVIDER in source.text for source in (rego.entry, *rego.libs))


@record
class Compilers:
    """What compiles templates, one for each engine."""

    rego: TemplateCompiler
    cel: CelEngine


def load_policies(
    documents: Iterable[Document],
    *,
    point: EnforcementPoint = "validation.gatekeeper.sh",
    engine: EngineChoice = "default",
    capabilities: Capabilities | None = None,
    cache: CodeCache | None = None,
    show: ShowCode | None = None,
    allowance: Allowance | None = None,
    memo: "Memo | None" = None,
    beside: Sequence[tuple[str, str]] = (),
) -> Loaded:
    """Loads the templates and constraints, Config, SyncSets, ExpansionTemplates and Providers; others are left alone.

    point: where the policies will be enforced, which decides the actions of scoped constraints.
    engine: "rego" evaluates the Rego of templates that also have CEL.
    cache: compiled templates are kept there, if it is given. show: is told the code of those compiled anew.
    allowance: says when constraints get code of their own. memo: what was made of the same Documents before, with the
    same arguments, is taken from there. beside: names and digests of what else decides, which the caller knows of.
    """
    allowance = Allowance() if allowance is None else allowance

    def remembered(purpose: str, anchors: tuple[object, ...], make: Callable[[], T]) -> T:
        return make() if memo is None else memo.get(purpose, anchors, make)

    def make_compilers() -> Compilers:
        wanted = TEMPLATE_CAPABILITIES if capabilities is None else capabilities
        return Compilers(TemplateCompiler(wanted, cache, show), CelEngine(cache))

    compilers = remembered("compilers", (), make_compilers)
    # Of two things with one name the first counts; by file, so that the order of a folder's listing does not.
    given = sorted(documents, key=lambda document: document.file)
    sync, wrong = load_sync(given)
    errors: list[PolicyError] = [*wrong]
    expansion: Expansion | None = None
    if any(is_expansion_template(document.value) for document in given):
        from lockgate.gatekeeper.expansion import load_expansion

        expansion, wrong_too = load_expansion(given)
        errors += wrong_too
    providers: tuple[Provider, ...] = ()
    if any(is_provider(document.value) for document in given):
        from lockgate.gatekeeper.external_data.provider import load_providers

        providers, wrong_providers = load_providers(given)
        errors += wrong_providers
    parsed: dict[str, Template] = {}
    compiled: dict[str, CompiledTemplate] = {}
    broken: set[str] = set()

    def refused(document: Document, error: PolicyError) -> None:
        errors.extend(flatten(error))
        broken.update(_kinds_named(document))

    for document in given:
        if not is_template(document.value):
            continue
        try:
            template = remembered("template", (document,), partial(parse_template, document))
            _refuse_second(template, parsed)
            parsed[template.kind.lower()] = template
        except PolicyError as error:
            refused(document, error)
    # Only those whose code is not remembered are compiled, and those together.
    fresh = [one for one in parsed.values() if memo is None or not memo.has("code", (one,))]
    made = prepare_templates(fresh, engine=engine, compilers=compilers)
    prepared = {template.kind: one for template, one in zip(fresh, made, strict=True)}
    for template in parsed.values():
        try:
            take = partial(_taken, prepared, template.kind)
            compiled[template.kind.lower()] = remembered("code", (template,), take)
        except PolicyError as error:
            refused(template.document, error)
    policies: dict[PolicyKey, Policy] = {}
    first: dict[PolicyKey, Document] = {}
    unused: list[Lint] = []
    matchers = MatcherCache()
    templates = [entry.template for entry in compiled.values()]
    for document in given:
        if not is_constraint(document.value):
            continue
        kind = document.value.get("kind")
        if isinstance(kind, str) and kind.lower() in broken and kind.lower() not in compiled:
            continue  # its template's error is reported
        try:
            entry = compiled[find_template(document, templates).kind.lower()]
            make = partial(_policy, document, entry, point, matchers, compilers, allowance)
            policy, annotations = remembered("policy", (document, entry), make)
            other = first.setdefault(policy.key, document)
            if other is not document:
                message = f"constraint {policy.key} is defined twice; the other is in {other.file}"
                raise policy_error(document, Problem(("metadata", "name"), message, "rename one"))
            policies[policy.key] = policy
            if not entry.asks and ON_ERROR_ANNOTATION in annotations:
                unused.append(_without_effect(document))
        except PolicyError as error:
            errors.extend(flatten(error))
    lints = [*unused, *[lint for entry in compiled.values() for lint in entry.code.lints]]
    others = [*sync.digests, *(() if expansion is None else expansion.digests)]
    others += [(f"Provider/{provider.name}", provider.digest) for provider in providers]
    others += beside
    if memo is not None:
        compilers.rego.forget_modules()
    return Loaded(
        policies=make_policy_set(list(policies.values()), others),
        errors=tuple(sorted(errors, key=lambda error: _order(error.location, error.message))),
        lints=tuple(sorted(lints, key=lambda lint: _order(lint.location, lint.message))),
        templates=tuple(sorted(templates, key=lambda template: template.kind)),
        needs=merge_needs(
            [policy.needs for policy in policies.values() if isinstance(policy, ConstraintPolicy)]
        ),
        sync=sync,
        expansion=expansion,
        providers=providers,
        asks=any(entry.asks for entry in compiled.values()),
        asks_devices=any(entry.asks_devices for entry in compiled.values()),
    )


def prepare_template(template: Template, *, engine: EngineChoice, compilers: Compilers) -> CompiledTemplate:
    """Compiles the template's code for the engine that evaluates it. Raises PolicyError."""
    (prepared,) = prepare_templates([template], engine=engine, compilers=compilers)
    if isinstance(prepared, PolicyError):
        raise prepared
    return prepared


def prepare_templates(
    templates: Sequence[Template], *, engine: EngineChoice, compilers: Compilers
) -> list[CompiledTemplate | PolicyError]:
    """As `prepare_template` for each of several, in the order given: those with the same libraries share their code."""
    with_rego = [template for template in templates if template.engine(engine) == "Rego"]
    compiled = iter(compilers.rego.compile_all(with_rego))
    prepared: list[CompiledTemplate | PolicyError] = []
    for template in templates:
        if template.engine(engine) == "Rego":
            made = next(compiled)
            prepared.append(made if isinstance(made, PolicyError) else _with_needs(template, made))
            continue
        try:
            prepared.append(CompiledTemplate(template, compilers.cel.compile(template)))
        except PolicyError as error:
            prepared.append(error)
    return prepared


def _taken(prepared: Mapping[str, CompiledTemplate | PolicyError], kind: str) -> CompiledTemplate:
    found = prepared[kind]
    if isinstance(found, PolicyError):
        raise found
    return found


def _with_needs(template: Template, rego: RegoTemplate) -> CompiledTemplate:
    """A template with what its Rego needs of the inventory."""
    if not rego.program.reads_data((INVENTORY,)):
        return CompiledTemplate(template, rego)
    requires: tuple[Requirement, ...] = ()
    try:
        requires = parse_requirements(template.annotations)
    except InputError as error:
        # Gatekeeper's webhook takes such a template all the same.
        place, quoted = locate(template.document, ("metadata", "annotations", SYNC_ANNOTATION))
        lint = Lint("warning", error.message, place, _SYNC_HINT, quoted)
        rego = replace(rego, lints=(*rego.lints, lint))
    # What refers to `data` in a way that the text does not show may read anything.
    reads = rego.inventory or (InventoryRead(None, None, None),)
    return CompiledTemplate(template, rego, InventoryNeeds(reads, requires))


def _policy(
    document: Document,
    entry: CompiledTemplate,
    point: EnforcementPoint,
    matchers: MatcherCache,
    compilers: Compilers,
    allowance: Allowance,
) -> tuple[Policy, Mapping[str, str]]:
    """The policy of a constraint of the template, and the constraint's annotations. Raises PolicyError."""
    constraint = parse_constraint(document, entry.template, point=point)
    policy = make_policy(
        entry,
        constraint,
        point=point,
        matcher=matchers.compile(constraint.match),
        cel=compilers.cel,
        specialiser=_specialiser(entry, constraint, compilers.rego, allowance),
    )
    return policy, constraint.annotations


def _specialiser(
    entry: CompiledTemplate, constraint: Constraint, compiler: TemplateCompiler, allowance: Allowance
) -> Specialiser | None:
    if not isinstance(entry.code, RegoTemplate) or len(render_json(constraint.parameters)) > _LARGEST_IN_CODE:
        return None
    rego = entry.template.rego
    if rego is None or sum([len(one.text) for one in rego.texts]) > _LONGEST_COMPILED_AGAIN:
        return None

    def make() -> Program:
        return compiler.specialise(entry.template, constraint.parameters)

    return Specialiser(make, allowance)


def make_policy(
    entry: CompiledTemplate,
    constraint: Constraint,
    *,
    point: EnforcementPoint,
    matcher: Matcher,
    cel: CelEngine,
    specialiser: Specialiser | None = None,
) -> Policy:
    """The policy of a constraint. `cel`: what compiled the template, if it has CEL."""
    template = entry.template
    operations = frozenset(template.operations) if point == _WEBHOOK else frozenset()
    gate = Gate(
        constraint=constraint,
        matcher=matcher,
        operations=frozenset() if "*" in operations else operations,
        rule=template.annotations.get(RULE_ANNOTATION),
        docs=_annotation(constraint, template, DOCS_ANNOTATION),
        fix=_annotation(constraint, template, FIX_ANNOTATION),
    )
    unknown = _unknown_fields(template, point)
    code = entry.code
    if not isinstance(code, RegoTemplate):
        return cel.policy(Gated(gate, gate.policy_key), code, unknown)
    prepared = code.program.prepare({PARAMETERS: constraint.parameters}, specialiser)
    policy = ConstraintPolicy(
        gate=gate,
        evaluate=prepared.entry(ENTRY_POINT),
        parameters=constraint.parameters,
        rules=code.program.artifact.rules,
        needs=entry.needs,
        unknown=unknown & code.reads,
        momentary=code.program.is_momentary,
        key=gate.policy_key,
    )
    if not entry.asks:
        return policy
    # Few templates do.
    from lockgate.gatekeeper.external_data.on_error import find_on_error
    from lockgate.gatekeeper.external_data.policy import external_policy

    return external_policy(policy, prepared, find_on_error(constraint, template))


def _unknown_fields(template: Template, point: EnforcementPoint) -> frozenset[str]:
    """Fields of a review that have to be known. At gator's point nothing is unknown."""
    if point == _GATOR:
        return frozenset()
    said = template.annotations.get(SWEEP_ANNOTATION)
    if said is None:
        return UNKNOWN_FIELDS
    if said != WITHOUT_USER:
        root(template.document).at("metadata", "annotations", SWEEP_ANNOTATION).refuse(
            f"{SWEEP_ANNOTATION}: {said[:40]!r} is not {WITHOUT_USER}",
            "leave it out where who asks has to be known",
        )
    return UNKNOWN_FIELDS - {"userInfo"} if point == _AUDIT else UNKNOWN_FIELDS


def make_policy_set(policies: Sequence[Policy], others: Sequence[tuple[str, str]] = ()) -> PolicySet:
    """The policies sorted by key, with a digest over all of theirs.

    others: names and digests of what else decides beside the policies, sorted.
    """
    from hashlib import sha256

    ordered = tuple(sorted(policies, key=lambda policy: policy.key))
    lines = [f"{policy.key} {policy.digest}\n" for policy in ordered]
    text = "".join([*lines, *[f"{name} {digest}\n" for name, digest in others]])
    momentary = [one.key for one in ordered if isinstance(one, ConstraintPolicy) and one.momentary]
    asking = [one.key for one in ordered if isinstance(one, ConstraintPolicy) and one.asks]
    digest = sha256(text.encode()).hexdigest()
    return PolicySet(ordered, digest, others, frozenset(momentary), frozenset(asking))


def _without_effect(constraint: Document) -> Lint:
    place, quoted = locate(constraint, ("metadata", "annotations", ON_ERROR_ANNOTATION))
    message = f"{ON_ERROR_ANNOTATION} has no effect: the template does not call external_data"
    return Lint("warning", message, place, "remove it", quoted)


def _annotation(constraint: Constraint, template: Template, name: str) -> str:
    return constraint.annotations.get(name) or template.annotations.get(name) or ""


def _refuse_second(template: Template, known: Mapping[str, Template]) -> None:
    first = known.get(template.kind.lower())
    if first is not None:
        other = first.document
        raise policy_error(
            template.document,
            Problem(
                ("metadata", "name"),
                f"template {template.kind} is defined twice; the other is in {other.file}",
                "remove one, or load one folder at a time",
            ),
        )


def _kinds_named(document: Document) -> set[str]:
    """The kind that a broken template would have had, so that its constraints are not blamed too."""
    found: set[str] = set()
    value: object = document.value
    for name in ("spec", "crd", "spec", "names", "kind"):
        value = value.get(name) if isinstance(value, dict) else None
    metadata = document.value.get("metadata")
    for named in (value, metadata.get("name") if isinstance(metadata, dict) else None):
        if isinstance(named, str):
            found.add(named.lower())
    return found


def _order(location: Location | None, message: str) -> tuple[str, int, int, str]:
    if location is None:
        return ("", 0, 0, message)
    return (location.file, location.line, location.column, message)
