"""The pages of a folder of rules: a page for each rule from its METADATA, its schema and its samples, and a list of all."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from lockgate.engine.errors import Location, PolicyError
from lockgate.webhook.policy_folder import (
    Metadata,
    PolicyFolder,
    Rule,
    Sample,
    read_metadata,
    read_text,
    read_yaml,
)
from lockgate.webhook.policy_sync import Generated
from lockgate.webhook.systems import SYSTEMS

NOTE = "<!-- Written by `lockgate policy docs` from {sources}; change those. -->"
LIST_BEGIN = "<!-- rules: written by `lockgate policy docs` -->"
LIST_END = "<!-- end of rules -->"
EVERYWHERE = "Lockgate, Gatekeeper, gator, opa, Conftest"
EXTERNAL = "Lockgate, Gatekeeper (it asks external data, which the others do not have)"


def pages(folder: PolicyFolder) -> Iterator[Generated]:
    """Every page that `policy docs` owns, with the text it should have."""
    rules = folder.rules()
    described = [(rule, read_metadata(rule.source)) for rule in rules]
    for rule, metadata in described:
        yield Generated(rule.page, render_page(rule, metadata))
    overview = folder.root / "README.md"
    before = read_text(overview) if overview.is_file() else f"# Policies\n\n{LIST_BEGIN}\n{LIST_END}\n"
    yield Generated(overview, with_list(before, _rule_list(described), overview))


def render_page(rule: Rule, metadata: Metadata) -> str:
    """The page of one rule, in Markdown."""
    template = read_yaml(rule.template)
    schema = _at(template, ("spec", "crd", "spec"), rule.template).get("validation", {})
    facts = [
        ("Rule", f"`{rule.key}`"),
        ("Id", metadata.identifier),
        ("Kind of its constraints", f"`{_kind(template, rule)}`"),
        ("Severity", metadata.severity),
        ("Systems", ", ".join(SYSTEMS[one] for one in metadata.systems) or "none named"),
        ("Runs in", EXTERNAL if metadata.external else EVERYWHERE),
        ("Controls", "; ".join(metadata.controls) or "none"),
    ]
    parts = [
        NOTE.format(sources="`src.rego`, `template.yaml` and `samples/`"),
        f"# {metadata.title}",
        "\n".join(["| | |", "|---|---|", *(f"| {name} | {cell(text)} |" for name, text in facts)]),
        metadata.description.strip(),
        *_links(metadata),
        "## Parameters",
        _parameters(schema.get("openAPIV3Schema", {})),
        *_samples(rule),
    ]
    return "\n\n".join(parts) + "\n"


def constraint_kind(rule: Rule) -> str:
    """The kind of a rule's constraints, as its template says. Raises PolicyError for a template without one."""
    return _kind(read_yaml(rule.template), rule)


def _kind(template: Any, rule: Rule) -> str:
    return str(_at(template, ("spec", "crd", "spec", "names", "kind"), rule.template))


def _at(value: Any, keys: tuple[str, ...], path: Path) -> Any:
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise PolicyError(f"the template has no {'.'.join(keys)}", location=Location(str(path), 1, 1))
        value = value[key]
    return value


def cell(text: str) -> str:
    """The text as a cell of a table in Markdown."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def _links(metadata: Metadata) -> list[str]:
    links = [f"- [{title}]({url})" for title, url in metadata.references]
    return ["\n".join(["See also:", "", *links])] if links else []


def _parameters(schema: dict[str, Any]) -> str:
    properties = schema.get("properties", {})
    lead = str(schema.get("description", "")).strip()
    if not properties:
        return lead or "None."
    required = schema.get("required", [])
    rows = ["| name | type | required | what it says |", "|---|---|---|---|"]
    for name in sorted(properties, key=lambda name: (name not in required, name)):
        field = properties[name]
        needed = "yes" if name in required else "no"
        rows.append(f"| `{name}` | {_type(field)} | {needed} | {cell(str(field.get('description', '')))} |")
    return "\n\n".join(part for part in (lead, "\n".join(rows)) if part)


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {field.get('items', {}).get('type', 'any')}"
    return str(field.get("type", "any"))


def _samples(rule: Rule) -> Iterator[str]:
    samples = rule.samples()
    if not samples:
        return
    yield "## A constraint"
    yield _fenced(read_text(samples[0].constraint))
    first = _parameters_of(samples[0])
    yield "## Samples"
    for sample in samples:
        yield f"### {sample.name.replace('_', ' ').capitalize()}"
        parameters = _parameters_of(sample)
        if parameters != first:
            yield "With the parameters"
            yield _fenced(yaml.safe_dump(parameters, sort_keys=True, allow_unicode=True))
        for heading, paths in (("Before", sample.denied), ("After", sample.allowed)):
            for path in paths:
                why = path.stem.partition("_")[2].replace("_", " ")
                yield f"{heading}, {path.stem.partition('_')[0]}{f' ({why})' if why else ''}:"
                yield _fenced(read_text(path))


def _parameters_of(sample: Sample) -> Any:
    constraint = read_yaml(sample.constraint)
    spec = constraint.get("spec") if isinstance(constraint, dict) else None
    return (spec or {}).get("parameters", {})


def _fenced(text: str) -> str:
    return f"```yaml\n{text.rstrip()}\n```"


def _rule_list(described: list[tuple[Rule, Metadata]]) -> str:
    rows = ["| rule | id | severity | what it demands |", "|---|---|---|---|"]
    rows += [
        f"| [`{rule.key}`]({rule.key}/README.md) | {metadata.identifier} | {metadata.severity} | {cell(metadata.title)} |"
        for rule, metadata in described
    ]
    return "\n".join(rows)


def with_list(text: str, table: str, path: Path) -> str:
    """A page with the table in its place. Raises PolicyError for a page that has no place for one."""
    head, begin, rest = text.partition(LIST_BEGIN)
    _, end, tail = rest.partition(LIST_END)
    if not begin or not end:
        raise PolicyError(
            "the page has no place for the list of rules",
            location=Location(str(path), 1, 1),
            hint=f"put the lines {LIST_BEGIN} and {LIST_END} where the list belongs",
        )
    return f"{head}{LIST_BEGIN}\n{table}\n{LIST_END}{tail}"
