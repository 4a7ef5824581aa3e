"""CustomResourceDefinitions: of exemptions, promotions and quotas, and of Gatekeeper's kinds where no Gatekeeper brings them.

Those of Gatekeeper's kinds have its names, scopes and versions (3.23.1), so that its own can take their place; what
stands in the objects is checked by Lockgate, at admission and when they are loaded, and these let everything through.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from lockgate.engine.promotions.policy import APPROVAL_ASSURANCES, EVIDENCE_KINDS
from lockgate.engine.quota.windows import PERIODS
from lockgate.engine.record import record
from lockgate.gatekeeper.break_glass.kinds import GRANT, POLICY
from lockgate.gatekeeper.break_glass.kinds import GROUP as GLASS_GROUP
from lockgate.gatekeeper.break_glass.kinds import VERSION as GLASS_VERSION
from lockgate.gatekeeper.exemptions.kinds import EXEMPTION, EXEMPTION_POLICY, GROUP, VERSION
from lockgate.gatekeeper.promotions.environment_map import MAX_PATTERNS
from lockgate.gatekeeper.promotions.kinds import ENVIRONMENT_MAP, PROMOTION_POLICY
from lockgate.gatekeeper.promotions.kinds import GROUP as PROMOTION_GROUP
from lockgate.gatekeeper.promotions.kinds import VERSION as PROMOTION_VERSION
from lockgate.gatekeeper.promotions.promotion_policy import (
    MAX_COUNT,
    MAX_ENVIRONMENTS,
    MAX_EVIDENCE,
    MAX_GROUP,
    MAX_GROUPS,
    MAX_HEALTH,
)
from lockgate.gatekeeper.quotas.device_quota import Admin, FirstAvailable, Mode
from lockgate.gatekeeper.quotas.kinds import DEVICE_QUOTA
from lockgate.gatekeeper.quotas.kinds import GROUP as QUOTA_GROUP
from lockgate.gatekeeper.quotas.kinds import VERSION as QUOTA_VERSION
from lockgate.gatekeeper.sync import CONFIG_GROUP, SYNCSET_GROUP
from lockgate.gatekeeper.template import EXPANSION, EXPANSION_GROUP, KIND, PROVIDERS_GROUP
from lockgate.gatekeeper.template import GROUP as TEMPLATES_GROUP

Json = dict[str, Any]
_ANYTHING: Final = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_NAME: Final = {"type": "string", "minLength": 1}
# Printed by `kubectl get`, beside the name.
_COLUMNS: Final[Mapping[str, list[Json]]] = {
    PROMOTION_POLICY: [
        {"name": "in-force", "type": "boolean", "jsonPath": ".status.created"},
        {"name": "environments", "type": "string", "jsonPath": ".spec.environments"},
        {"name": "age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ],
    ENVIRONMENT_MAP: [
        {"name": "in-force", "type": "boolean", "jsonPath": ".status.created"},
        {"name": "age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ],
}


@record
class Definition:
    """A kind. versions: served; the first is stored."""

    group: str
    kind: str
    plural: str
    scope: str
    versions: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the definition is called."""
        return f"{self.plural}.{self.group}"


GATEKEEPER: Final = (
    Definition(CONFIG_GROUP, "Config", "configs", "Namespaced", ("v1alpha1",)),
    Definition(EXPANSION_GROUP, EXPANSION, "expansiontemplate", "Cluster", ("v1alpha1", "v1beta1")),
    Definition(PROVIDERS_GROUP, "Provider", "providers", "Cluster", ("v1beta1", "v1alpha1")),
    Definition(SYNCSET_GROUP, "SyncSet", "syncsets", "Cluster", ("v1alpha1",)),
    Definition(TEMPLATES_GROUP, KIND, "constrainttemplates", "Cluster", ("v1", "v1beta1", "v1alpha1")),
)
OWN: Final = (
    Definition(GROUP, EXEMPTION, "exemptions", "Cluster", (VERSION,)),
    Definition(GROUP, EXEMPTION_POLICY, "exemptionpolicies", "Cluster", (VERSION,)),
    Definition(PROMOTION_GROUP, ENVIRONMENT_MAP, "environmentmaps", "Cluster", (PROMOTION_VERSION,)),
    Definition(PROMOTION_GROUP, PROMOTION_POLICY, "promotionpolicies", "Cluster", (PROMOTION_VERSION,)),
    Definition(QUOTA_GROUP, DEVICE_QUOTA, "devicequotas", "Cluster", (QUOTA_VERSION,)),
)

# Their manifests are in `break_glass_definitions.py`: a server outside of a cluster has them too.
BREAK_GLASS: Final = (
    Definition(GLASS_GROUP, GRANT, "breakglasses", "Cluster", (GLASS_VERSION,)),
    Definition(GLASS_GROUP, POLICY, "breakglasspolicies", "Cluster", (GLASS_VERSION,)),
)


def gatekeeper_definitions() -> list[Json]:
    """Those of the kinds that Lockgate reads of Gatekeeper's, but for the constraints', which templates make."""
    return [_definition(one, _ANYTHING) for one in GATEKEEPER]


def own_definitions() -> list[Json]:
    """Those of exemptions, promotions and quotas; what their schema does not say Lockgate checks."""
    schemas = {
        EXEMPTION: _exemption(),
        EXEMPTION_POLICY: _exemption_policy(),
        ENVIRONMENT_MAP: _environment_map(),
        PROMOTION_POLICY: _promotion_policy(),
        DEVICE_QUOTA: _device_quota(),
    }
    return [_definition(one, schemas[one.kind]) for one in OWN]


def _definition(one: Definition, spec: Mapping[str, Any]) -> Json:
    schema = {
        "type": "object",
        "properties": {
            "apiVersion": _TEXT,
            "kind": _TEXT,
            "metadata": {"type": "object"},
            "spec": spec,
            "status": _ANYTHING,
        },
    }
    if one in OWN:
        schema["required"] = ["spec"]
    names = {
        "kind": one.kind,
        "listKind": f"{one.kind}List",
        "plural": one.plural,
        "singular": one.kind.lower(),
    }
    columns = {"additionalPrinterColumns": _COLUMNS[one.kind]} if one.kind in _COLUMNS else {}
    versions = [
        {
            "name": version,
            "served": True,
            "storage": place == 0,
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
            **columns,
        }
        for place, version in enumerate(one.versions)
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": one.name, "labels": {"app.kubernetes.io/name": "lockgate"}},
        "spec": {"group": one.group, "names": names, "scope": one.scope, "versions": versions},
    }


def _object(properties: Json, required: tuple[str, ...] = ()) -> Json:
    # The API server would drop what is misspelt, and an exemption without it would exempt more: Lockgate refuses it.
    made: Json = {**_ANYTHING, "properties": properties}
    if required:
        made["required"] = [*required]
    return made


def _selections() -> Json:
    item = _object({"kind": {"type": "string", "minLength": 1}, "name": _TEXT}, ("kind",))
    return {"type": "array", "items": item}


def _exemption() -> Json:
    kinds = {"type": "array", "items": _object({"apiGroups": _TEXTS, "kinds": _TEXTS})}
    match = _object(
        {
            "kinds": kinds,
            "namespaces": _TEXTS,
            "excludedNamespaces": _TEXTS,
            "namespaceSelector": _ANYTHING,
            "name": _TEXT,
            "scope": {"type": "string", "enum": ["Cluster", "Namespaced"]},
        }
    )
    violation = _object({"path": _TEXT, "message": _TEXT, "messageMasked": _TEXT, "messageSha256": _TEXT})
    moment = {"type": "string", "format": "date-time"}
    signature = _object({"signer": _TEXT, "signature": _TEXT}, ("signer", "signature"))
    return _object(
        {
            "policies": {**_selections(), "minItems": 1},
            "match": match,
            "violations": {"type": "array", "items": violation},
            "reason": {"type": "string", "minLength": 1},
            "owner": {"type": "string", "minLength": 1},
            "ticket": _TEXT,
            "issuedAt": moment,
            "expiresAt": moment,
            "signatures": {"type": "array", "items": signature},
        },
        ("policies", "match", "reason", "owner", "issuedAt", "expiresAt"),
    )


def _exemption_policy() -> Json:
    signer = _object({"name": _TEXT, "publicKey": _TEXT}, ("name", "publicKey"))
    rule = _object(
        {
            "policies": _selections(),
            "never": {"type": "boolean"},
            "maxDuration": _TEXT,
            "requireSignature": {"type": "boolean"},
            "signers": _TEXTS,
            "requireTicket": {"type": "boolean"},
        }
    )
    return _object(
        {
            "signers": {"type": "array", "items": signer},
            "rules": {"type": "array", "items": rule, "minItems": 1},
        },
        ("rules",),
    )


def _promotion_policy() -> Json:
    bound = {"type": "number"}
    evidence = _object(
        {
            "kind": {"type": "string", "enum": [*EVIDENCE_KINDS]},
            "maxAge": _TEXT,
            "metric": _NAME,
            "minimum": bound,
            "maximum": bound,
            "maximumShare": bound,
        },
        ("kind",),
    )
    approvals = _object(
        {
            "group": {**_NAME, "maxLength": MAX_GROUP},
            "count": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
            "assurance": {"type": "string", "enum": [*APPROVAL_ASSURANCES]},
        },
        ("group", "count"),
    )
    step = _object(
        {
            "to": _NAME,
            "evidence": {"type": "array", "items": evidence, "maxItems": MAX_EVIDENCE},
            "approvals": {"type": "array", "items": approvals, "maxItems": MAX_GROUPS},
            "separationOfDuties": {"type": "boolean"},
            "soakTime": _TEXT,
            "blockedWhileUnhealthy": {"type": "boolean"},
            "deviceHealth": _device_health(),
        },
        ("to",),
    )
    return _object(
        {
            "environments": {"type": "array", "items": _NAME, "minItems": 2, "maxItems": MAX_ENVIRONMENTS},
            # None into the lowest.
            "steps": {"type": "array", "items": step, "minItems": 1, "maxItems": MAX_ENVIRONMENTS - 1},
        },
        ("environments", "steps"),
    )


def _device_health() -> Json:
    word = {**_NAME, "maxLength": MAX_GROUP}
    words = {"type": "array", "items": word, "minItems": 1, "maxItems": MAX_HEALTH}
    cluster = _object({"name": word, "uid": word}, ("name", "uid"))
    return _object(
        {
            "maximumShare": {"type": "number", "minimum": 0, "maximum": 1, "exclusiveMaximum": True},
            "pools": words,
            "clusters": {**words, "items": cluster},
            "signers": words,
        }
    )


def _environment_map() -> Json:
    patterns = {**_TEXTS, "maxItems": MAX_PATTERNS}
    environment = _object({"name": _NAME, "clusters": patterns, "namespaces": patterns}, ("name",))
    many = {"type": "array", "items": environment, "minItems": 2, "maxItems": MAX_ENVIRONMENTS}
    return _object({"environments": many}, ("environments",))


def _device_quota() -> Json:
    ceiling = {"type": "integer", "minimum": 0}
    ceilings = {"hard": ceiling, "soft": ceiling}
    named = dict.fromkeys(("class", "driver", "product", "resource"), _NAME)
    claims = {"type": "string", "enum": ["claims"]}
    limit = _object({**named, "objects": claims, **ceilings})
    window = _object(
        {
            "class": _NAME,
            "every": {"type": "string", "enum": [*PERIODS]},
            "gpuHours": _object(ceilings),
        },
        ("class", "every", "gpuHours"),
    )
    scope = _object(
        {
            "namespaces": {**_TEXTS, "minItems": 1},
            "namespaceSelector": _ANYTHING,
            "team": _object({"label": _NAME, "names": {**_TEXTS, "minItems": 1}}, ("label",)),
            "per": {"type": "string", "enum": ["Scope", "Namespace"]},
        }
    )
    strict = _object(
        {
            # 32 is a number in YAML, and means the same.
            "all": {"x-kubernetes-int-or-string": True},
            "firstAvailable": {"type": "string", "enum": [*get_args(FirstAvailable)]},
            "admin": {"type": "string", "enum": [*get_args(Admin)]},
        }
    )
    return _object(
        {
            "scope": scope,
            "mode": {"type": "string", "enum": [*get_args(Mode)]},
            "strict": strict,
            "limits": {"type": "array", "items": limit},
            "windows": {"type": "array", "items": window},
            "maxRunTime": _TEXT,
            "productAttribute": _NAME,
        },
        ("scope",),
    )
