"""ExpansionTemplate: which objects imply which others, such as a Deployment its Pods.

After github.com/open-policy-agent/gatekeeper pkg/expansion/system.go (ValidateTemplate). `templateSource` is a path of
names with dots. A name that ends in `[*]` is Lockgate's own: every element of that list implies an object.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final, get_args

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.decision import Action
from lockgate.engine.documents.document import Document, Path
from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import Field, render_path, root
from lockgate.gatekeeper.template import EXPANSION

EACH: Final = "[*]"
_LONGEST_NAME: Final = 63
# Kinds that one template may apply to; Gatekeeper has no limit, and real ones name five.
_MOST_KINDS: Final = 1_000
_ACTIONS: Final[dict[str, Action]] = {action: action for action in get_args(Action)}


@record
class ExpansionTemplate:
    """One template. source: the names of its path. action: what violations of implied objects lead to; None: as the
    constraint has it."""

    name: str
    applies_to: frozenset[GroupVersionKind]
    source: tuple[str, ...]
    generates: GroupVersionKind
    action: Action | None
    document: Document
    digest: str

    @property
    def shown_source(self) -> str:
        """The path as it is written."""
        return ".".join(self.source)


def parse_expansion_template(document: Document) -> ExpansionTemplate:
    """Reads a template. Raises PolicyError."""
    top = root(document)
    name, spec = top.at("metadata", "name"), top.get("spec")
    if not name.string():
        name.refuse("ExpansionTemplate has empty name field", "name it")
    if len(name.string()) > _LONGEST_NAME:
        name.refuse("ExpansionTemplate name must be less than 64 characters", "shorten it")
    source = spec.get("templateSource")
    if not source.string():
        source.refuse(
            f"ExpansionTemplate {name.string()} has empty source field",
            "such as templateSource: spec.template",
        )
    gvk = spec.get("generatedGVK")
    generates = GroupVersionKind(*[gvk.get(part).string() for part in ("group", "version", "kind")])
    if generates == GroupVersionKind("", "", ""):
        gvk.refuse(
            f"ExpansionTemplate {name.string()} has empty generatedGVK field",
            'such as {group: "", version: v1, kind: Pod}',
        )
    if not generates.version or not generates.kind:
        gvk.refuse("generatedGVK needs a version and a kind", 'such as {group: "", version: v1, kind: Pod}')
    applies_to = _applies_to(spec.get("applyTo"))
    if not spec.get("applyTo").items():
        spec.get("applyTo").refuse(
            f"ExpansionTemplate {name.string()} must specify ApplyTo", "list groups, versions and kinds"
        )
    if generates in applies_to:
        spec.get("applyTo").refuse(
            f"ExpansionTemplate {name.string()} generates {generates}, but also applies to that same kind",
            "leave that kind out",
        )
    return ExpansionTemplate(
        name=name.string(),
        applies_to=applies_to,
        source=_source(source),
        generates=generates,
        action=_action(spec.get("enforcementAction")),
        document=document,
        digest=_digest(document.value),
    )


def _source(field: Field) -> tuple[str, ...]:
    parts = tuple(field.string().split("."))
    for part in parts:
        if not part.removesuffix(EACH):
            field.refuse(f"templateSource {field.string()!r} has an empty name", "such as spec.template")
    return parts


def _applies_to(field: Field) -> frozenset[GroupVersionKind]:
    made: set[GroupVersionKind] = set()
    for entry in field.items():
        names = [entry.get(part).strings() for part in ("groups", "versions", "kinds")]
        if len(made) + len(names[0]) * len(names[1]) * len(names[2]) > _MOST_KINDS:
            field.refuse(f"applyTo stands for more than {_MOST_KINDS} kinds", "split the template")
        made.update(GroupVersionKind(*named) for named in product(*names))
    return frozenset(made)


def _action(field: Field) -> Action | None:
    """Gatekeeper takes any word, and drops violations of implied objects without a word where it is none of these."""
    name = field.string()
    if not name:
        return None
    action = _ACTIONS.get(name)
    if action is None:
        field.refuse(
            f"unrecognized enforcementAction: {name!r} is not within the supported list [{', '.join(_ACTIONS)}]",
            "leave it out to keep the constraints' own actions",
        )
    return action


def _digest(value: dict[str, Value]) -> str:
    from hashlib import sha256

    return sha256(render_json({"kind": EXPANSION, "spec": value.get("spec")}).encode()).hexdigest()


def find_sources(
    value: Value, template: ExpansionTemplate, name: str
) -> Iterator[tuple[Path, dict[str, Value]]]:
    """The objects at the template's path, each with its place. Raises InputError where there is none.

    name: of the object that the value is, for errors.
    """
    found: list[tuple[Path, Value]] = [((), value)]
    for part in template.source:
        key = part.removesuffix(EACH)
        below: list[tuple[Path, Value]] = []
        for place, item in found:
            if not isinstance(item, dict):
                raise InputError(
                    f'could not extract source field "{template.shown_source}" from resource {name}: '
                    f"{render_path(place)} is no object"
                )
            if key not in item:
                raise InputError(f'could not find source field "{template.shown_source}" in resource {name}')
            inner = item[key]
            if not part.endswith(EACH):
                below.append(((*place, key), inner))
            elif isinstance(inner, list):
                below += [((*place, key, index), element) for index, element in enumerate(inner)]
            else:
                raise InputError(
                    f'could not extract source field "{template.shown_source}" from resource {name}: '
                    f"{render_path((*place, key))} is no list"
                )
        found = below
    for place, item in found:
        if not isinstance(item, dict):
            raise InputError(
                f'could not extract source field "{template.shown_source}" from resource {name}: '
                f"{render_path(place)} is no object"
            )
        yield place, item
