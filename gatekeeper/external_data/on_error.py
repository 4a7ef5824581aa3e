"""`onError`: what comes of a policy when a provider that it asks fails.

The annotation `lockgate.dev/on-error` of a constraint, or of its template, says it: `deny` fails the evaluation, `warn`
warns, `allow` lets the object through as far as this policy goes. Without it the policy itself decides by
`system_error`, as in Gatekeeper. Rules that guard claims, quota, models and promotions cannot be loosened so.
"""

import re
from typing import Final, get_args

from lockgate.engine.external_data import OnError
from lockgate.gatekeeper.constraint import Constraint
from lockgate.gatekeeper.fields import root
from lockgate.gatekeeper.policy import ON_ERROR_ANNOTATION, RULE_ANNOTATION
from lockgate.gatekeeper.template import Template

# Families of rules (`lockgate.dev/rule: <family>/<rule>`, and packages `lockgate.<family>.<rule>`).
GUARDED: Final = frozenset({"claims", "quota", "models", "promotion"})
_PACKAGE: Final = re.compile(r"^[ \t]*package[ \t]+lockgate\.([a-z_0-9]+)", re.MULTILINE)


def find_on_error(constraint: Constraint, template: Template) -> OnError | None:
    """What the constraint, or else its template, says. Raises PolicyError for a word that is none, or that is refused."""
    document = constraint.document
    text = constraint.annotations.get(ON_ERROR_ANNOTATION)
    if text is None:
        document, text = template.document, template.annotations.get(ON_ERROR_ANNOTATION)
    if text is None:
        return None
    field = root(document).at("metadata", "annotations", ON_ERROR_ANNOTATION)
    chosen: OnError | None = next((one for one in get_args(OnError) if one == text), None)
    if chosen is None:
        field.refuse(
            f"{ON_ERROR_ANNOTATION}: {text[:40]!r} is none of {', '.join(get_args(OnError))}",
            "leave it out to let the policy decide by `system_error`, as in Gatekeeper",
        )
    family = _family(template)
    if chosen != "deny" and family:
        field.refuse(
            f"{ON_ERROR_ANNOTATION}: {chosen} is refused for rules of the family {family}: what nobody could verify "
            "must not pass",
            "write deny, or leave it out",
        )
    return chosen


def _family(template: Template) -> str:
    """The guarded family that a rule is of, by its annotation or its package; empty for any other."""
    found = [template.annotations.get(RULE_ANNOTATION, "").partition("/")[0]]
    if template.rego is not None:
        found += _PACKAGE.findall(template.rego.texts[0].text)
    return next((family for family in found if family in GUARDED), "")
