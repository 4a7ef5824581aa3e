"""What is refused of the kinds that decide, before it decides: a pure function of the object and the known templates.

After Gatekeeper's webhook (pkg/webhook/policy.go), which refuses names that are too long, templates that do not
compile and constraints that do not follow their template, so that who applies them learns it at once.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.gvk import GroupVersionKind, gvk_of
from lockgate.gatekeeper.cel_engine import CelEngine
from lockgate.gatekeeper.compiled_rego import TEMPLATE_CAPABILITIES
from lockgate.gatekeeper.constraint import find_template, parse_constraint
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.exemptions.kinds import is_exemption, is_exemption_policy
from lockgate.gatekeeper.loader import Compilers, prepare_template
from lockgate.gatekeeper.problems import PolicyErrors
from lockgate.gatekeeper.rego_template import TemplateCompiler
from lockgate.gatekeeper.sync import is_config, is_sync_set, load_sync
from lockgate.gatekeeper.template import (
    EngineChoice,
    Template,
    is_expansion_template,
    is_provider,
    is_template,
    parse_template,
)
from lockgate.webhook.serving.live_grants import is_about_grants
from lockgate.webhook.serving.live_problems import problems_of
from lockgate.webhook.serving.object_text import object_document
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_kinds import is_constraint_kind, is_deciding, is_quota_kind

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.gatekeeper.expansion import Expansion

Object = dict[str, Value]

# Of Gatekeeper's groups; the names of constraints become values of labels.
LONGEST_NAME: Final = 63
_GATEKEEPER: Final = ".gatekeeper.sh"
# An answer of more says no more: the API server shows it in one line.
_MOST_SHOWN: Final = 5
_POINT: Final[EnforcementPoint] = "validation.gatekeeper.sh"
# What an object is made of, besides what the API server keeps about it.
_DECIDES: Final = ("apiVersion", "kind", "spec")
_METADATA: Final = ("name", "annotations", "labels")


def object_error(
    value: Object,
    old: Object | None,
    templates: Iterable[Template],
    engine: EngineChoice = "default",
    expansion: "Expansion | None" = None,
) -> str | None:
    """What is wrong with an object that is created or updated, for whoever does so; None when nothing is.

    old: what is updated. An update that changes nothing that decides is let through, whatever is wrong: finalizers must
    come off. templates, expansion: those that are in force. Objects of other kinds are none of ours.
    """
    kind = gvk_of(value)
    if kind is None or not (is_deciding(kind) or is_about_grants(kind) or is_quota_kind(kind)):
        return None
    if old is not None and _decisive(old) == _decisive(value):
        return None
    name = _name(value)
    if kind.group.endswith(_GATEKEEPER) and len(name) > LONGEST_NAME:
        return f"resource cannot have metadata.name larger than {LONGEST_NAME} char; length: {len(name)}"
    document = object_document(value, str(ObjectKey(kind, "", name)))
    try:
        _check(kind, document, templates, engine)
        if is_expansion_template(value):
            _check_circle(name, document, expansion)
    except PolicyError as error:
        said = [str(problem) for problem in problems_of(error, document)]
        more = [f"and {len(said) - _MOST_SHOWN} more"] if len(said) > _MOST_SHOWN else []
        return "; ".join([*said[:_MOST_SHOWN], *more])
    return None


def _check(
    kind: GroupVersionKind, document: Document, templates: Iterable[Template], engine: EngineChoice
) -> None:
    value = document.value
    if is_template(value):
        compilers = Compilers(TemplateCompiler(TEMPLATE_CAPABILITIES), CelEngine())
        prepare_template(parse_template(document), engine=engine, compilers=compilers)
    elif is_constraint_kind(kind):
        parse_constraint(document, find_template(document, templates), point=_POINT)
    elif is_config(value) or is_sync_set(value):
        _, errors = load_sync([document])
        if errors:
            raise PolicyErrors(errors)
    else:
        for is_meant, parse in _parsers():
            if is_meant(value):
                parse(document)
                return


def _check_circle(name: str, document: Document, expansion: "Expansion | None") -> None:
    """An ExpansionTemplate must not lead back to itself through those that are in force."""
    from lockgate.gatekeeper.expansion import load_expansion

    known = () if expansion is None else expansion.templates
    _, errors = load_expansion([*[one.document for one in known if one.name != name], document])
    own = [one for one in errors if one.location is not None and one.location.file == document.file]
    if own:
        raise PolicyErrors(own)


def _parsers() -> tuple[tuple[Callable[[Mapping[str, Value]], bool], Callable[[Document], object]], ...]:
    """What reads the kinds that few clusters have."""
    from lockgate.gatekeeper.break_glass.grant import parse_grant
    from lockgate.gatekeeper.break_glass.kinds import is_grant, is_grant_policy
    from lockgate.gatekeeper.break_glass.policy import parse_grant_policy
    from lockgate.gatekeeper.exemptions.exemption import parse_exemption
    from lockgate.gatekeeper.exemptions.policy import parse_exemption_policy
    from lockgate.gatekeeper.expansion_template import parse_expansion_template
    from lockgate.gatekeeper.external_data.provider import parse_provider
    from lockgate.gatekeeper.promotions.environment_map import parse_environment_map
    from lockgate.gatekeeper.promotions.kinds import is_environment_map, is_promotion_policy
    from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy
    from lockgate.gatekeeper.quotas.device_quota import parse_device_quota
    from lockgate.gatekeeper.quotas.kinds import is_device_quota

    return (
        (is_provider, parse_provider),
        (is_expansion_template, parse_expansion_template),
        (is_exemption, parse_exemption),
        (is_exemption_policy, parse_exemption_policy),
        (is_grant, parse_grant),
        (is_grant_policy, parse_grant_policy),
        (is_device_quota, parse_device_quota),
        (is_promotion_policy, parse_promotion_policy),
        (is_environment_map, parse_environment_map),
    )


def _decisive(value: Object) -> Object:
    metadata = value.get("metadata")
    inner = metadata if isinstance(metadata, dict) else {}
    return {
        **{name: value.get(name) for name in _DECIDES},
        **{f"metadata.{name}": inner.get(name) for name in _METADATA},
    }


def _name(value: Object) -> str:
    metadata = value.get("metadata")
    found = metadata.get("name") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""
