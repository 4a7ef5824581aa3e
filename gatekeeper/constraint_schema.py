"""The schema of a constraint: Gatekeeper's own part, with the template's parameters.

After github.com/open-policy-agent/frameworks constraint/pkg/client/crds/schema.go and
github.com/open-policy-agent/gatekeeper pkg/target/matchcrd_constant.go.
"""

from typing import Final

from lockgate.gatekeeper.schema import Schema
from lockgate.gatekeeper.wildcard import PATTERN, is_wildcard

LONGEST_NAME: Final = 63

_TEXT: Final = Schema(type="string")
_TEXTS: Final = Schema(type="array", items=_TEXT)
_WILDCARD: Final = Schema(type="string", pattern=PATTERN, search=is_wildcard)
_WILDCARDS: Final = Schema(type="array", items=_WILDCARD)
_SELECTOR: Final = Schema(
    type="object",
    properties={
        "matchLabels": Schema(type="object", additional=_TEXT),
        "matchExpressions": Schema(
            type="array",
            items=Schema(
                type="object",
                required=("key", "operator"),
                properties={"key": _TEXT, "operator": _TEXT, "values": _TEXTS},
            ),
        ),
    },
)
MATCH: Final = Schema(
    type="object",
    properties={
        "excludedNamespaces": _WILDCARDS,
        "kinds": Schema(
            type="array",
            items=Schema(type="object", properties={"apiGroups": _TEXTS, "kinds": _TEXTS}),
        ),
        "labelSelector": _SELECTOR,
        "name": _WILDCARD,
        "namespaceSelector": _SELECTOR,
        "namespaces": _WILDCARDS,
        "scope": _TEXT,
        "source": Schema(type="string", enum=("All", "Generated", "Original")),
    },
)
_SCOPED: Final = Schema(
    type="array",
    items=Schema(
        type="object",
        properties={
            "action": _TEXT,
            "enforcementPoints": Schema(
                type="array", items=Schema(type="object", properties={"name": _TEXT})
            ),
        },
    ),
)


def constraint_schema(parameters: Schema | None) -> Schema:
    """The schema of a whole constraint, of a template with these parameters (None: it takes none)."""
    spec: dict[str, Schema] = {
        "match": MATCH,
        "enforcementAction": Schema(type="string", default="deny"),
        "scopedEnforcementActions": _SCOPED,
    }
    if parameters is not None:
        spec["parameters"] = parameters
    return Schema(
        type="object",
        embedded=True,
        properties={
            "metadata": Schema(
                type="object", properties={"name": Schema(type="string", max_length=LONGEST_NAME)}
            ),
            "spec": Schema(type="object", properties=spec),
            "status": Schema(preserve_unknown=True),
        },
    )
