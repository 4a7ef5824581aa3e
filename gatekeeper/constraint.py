"""A constraint: a template's policy put to use, with its match, its action and its parameters.

After github.com/open-policy-agent/frameworks constraint/pkg/client/crds/validate.go and client/client.go.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Action
from lockgate.engine.documents.document import Document
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import record
from lockgate.gatekeeper.constraint_schema import constraint_schema
from lockgate.gatekeeper.enforcement import EnforcementPoint, parse_actions
from lockgate.gatekeeper.fields import Field, render_path, root
from lockgate.gatekeeper.labels import is_subdomain, selector_problems
from lockgate.gatekeeper.problems import (
    ConstraintSchemaError,
    PolicyErrors,
    Problem,
    policy_error,
)
from lockgate.gatekeeper.schema_check import fill_defaults, unknown_fields, violations
from lockgate.gatekeeper.template import LazyDigest, Template

GROUP: Final = "constraints.gatekeeper.sh"
VERSIONS: Final = ("v1beta1", "v1alpha1")


@record
class Constraint:
    """One constraint, checked against its template; `parameters` have the schema's defaults.

    match: None when there is no match block. actions: what a violation leads to at the enforcement point that
    it was loaded for, sorted; empty when it is not enforced there. object: all of it, with the schema's defaults.
    """

    kind: str
    name: str
    match: Mapping[str, Value] | None
    actions: tuple[Action, ...]
    parameters: Value
    object: Mapping[str, Value]
    annotations: Mapping[str, str]
    document: Document
    lazy_digest: LazyDigest

    @property
    def digest(self) -> str:
        """SHA-256 over the template's source, and over the constraint's name, spec and actions."""
        return self.lazy_digest.text()


def is_constraint(value: Mapping[str, Value]) -> bool:
    """Is the object of Gatekeeper's group of constraints?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP


def find_template(document: Document, templates: Iterable[Template]) -> Template:
    """The template of a constraint. Raises PolicyError, naming the known kinds, when there is none."""
    kind = root(document).get("kind")
    known = {template.kind.lower(): template for template in templates}
    template = known.get(kind.string().lower())
    if template is None:
        from difflib import get_close_matches

        names = sorted([found.kind for found in known.values()])
        near = get_close_matches(kind.string(), names, n=1)
        hint = f"did you mean {near[0]}?" if near else "load the template too, or mend the kind"
        listed = ", ".join(names) if names else "none"
        kind.refuse(
            f"missing ConstraintTemplate: no template has the kind {kind.string()!r}; known kinds: {listed}",
            hint,
        )
    return template


def parse_constraint(document: Document, template: Template, *, point: EnforcementPoint) -> Constraint:
    """Reads and checks a constraint of the template, for an enforcement point.

    Raises ConstraintSchemaError when it does not follow the schema, PolicyError or PolicyErrors for the rest.
    """
    top = root(document)
    name = top.at("metadata", "name")
    if not name.string():
        name.refuse("invalid Constraint: missing metadata.name", "name the constraint")
    _check_selectors(top)
    if not is_subdomain(name.string()):
        name.refuse(
            f"invalid Constraint: invalid name {name.string()!r}",
            "use lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
        )
    _check_kind(top, template)
    schema = constraint_schema(template.schema)
    _check_schema(document, [*violations(document.value, schema, ())])
    _check_unknown(document, [*unknown_fields(document.value, schema, ())], template)
    filled = fill_defaults(document.value, schema)
    assert isinstance(filled, dict)
    whole = Field(document, (), filled)
    actions = parse_actions(whole.get("spec"), point)
    match = whole.at("spec", "match")
    parameters = whole.at("spec", "parameters")
    return Constraint(
        kind=template.kind,
        name=name.string(),
        match=None if match.absent else match.mapping(),
        actions=actions,
        parameters={} if parameters.absent else parameters.value,
        object=filled,
        annotations=top.at("metadata", "annotations").string_map(),
        document=document,
        lazy_digest=LazyDigest(lambda: _digested(template, name.string(), filled.get("spec"), actions)),
    )


def _check_selectors(top: Field) -> None:
    problems: list[Problem] = []
    match = top.at("spec", "match")
    if not match.absent:
        match.mapping()
        for name in ("labelSelector", "namespaceSelector"):
            selector = match.get(name)
            if not selector.absent:
                problems.extend(selector_problems(selector.value, selector.path))
    if problems:
        raise PolicyErrors([policy_error(top.document, _named(problem)) for problem in problems])


def _check_kind(top: Field, template: Template) -> None:
    kind, name = top.get("kind"), top.at("metadata", "name").string()
    if kind.string() != template.kind:
        kind.refuse(
            f"invalid Constraint: wrong kind {kind.string()!r} for constraint {name!r}; want {template.kind!r}",
            f"write {template.kind}",
        )
    version = top.get("apiVersion")
    group, number = split_api_version(version.string())
    if group != GROUP:
        version.refuse(f"invalid Constraint: unsupported group {group!r}; allowed group: {GROUP!r}")
    if number not in VERSIONS:
        version.refuse(
            f"invalid Constraint: unsupported version {number!r}; supported versions: {', '.join(VERSIONS)}",
            f"write {GROUP}/{VERSIONS[0]}",
        )


def _check_schema(document: Document, problems: list[Problem]) -> None:
    if problems:
        raise ConstraintSchemaError(
            [
                policy_error(
                    document,
                    Problem(
                        problem.path,
                        f"schema validation failed: {render_path(problem.path)} {problem.message}",
                        problem.hint,
                    ),
                )
                for problem in problems
            ]
        )


def _check_unknown(document: Document, paths: list[tuple[str | int, ...]], template: Template) -> None:
    errors = []
    for path in sorted(paths, key=render_path):
        hint = "remove it, or mend its name"
        if path[:2] == ("spec", "parameters"):
            hint = f"template {template.kind} has no such parameter"
            if template.schema is None:
                hint = f"template {template.kind} takes no parameters: it has no openAPIV3Schema"
            elif template.schema.properties:
                hint += f"; it has {', '.join(sorted(template.schema.properties))}"
        errors.append(
            policy_error(
                document, Problem(path, f"invalid Constraint: unknown field {render_path(path)}", hint)
            )
        )
    if errors:
        raise PolicyErrors(errors)


def _named(problem: Problem) -> Problem:
    return Problem(
        problem.path, f"invalid Constraint: {render_path(problem.path)}: {problem.message}", problem.hint
    )


def _digested(template: Template, name: str, spec: Value, actions: tuple[Action, ...]) -> Value:
    return {
        "template": template.digest,
        "kind": template.kind,
        "name": name,
        "spec": spec,
        "actions": list(actions),
    }
