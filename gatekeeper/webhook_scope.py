"""What reaches the webhook at all: the rules, selectors and match conditions of a ValidatingWebhookConfiguration.

After k8s.io/apiserver pkg/admission/plugin/webhook (predicates/rules, predicates/namespace, predicates/object,
generic/webhook.go) and k8s.io/api/admissionregistration/v1. What cannot be told, such as the labels of a Namespace that
is not known, counts as reaching it: then it is judged.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.labels import Selector, compile_selector, labels_of, selector_problems
from lockgate.gatekeeper.match import is_namespace, name_of
from lockgate.gatekeeper.problems import PolicyErrors, policy_error

if TYPE_CHECKING:
    # Imported where there are match conditions.
    from lockgate.engine.cel.expression import Expression

GROUP: Final = "admissionregistration.k8s.io"
KIND: Final = "ValidatingWebhookConfiguration"
# The webhooks that decide by policies; others of a configuration guard other things.
WEBHOOKS: Final = (
    "validation.gatekeeper.sh",
    "validation.lockgate.dev",
    "enforcement.lockgate.dev",
    "nodes.lockgate.dev",
)
_EVERY: Final = "*"
_OPERATIONS: Final = ("CREATE", "UPDATE", "DELETE", "CONNECT", _EVERY)
_SCOPES: Final = ("Cluster", "Namespaced", _EVERY)
# The API server sends these to no webhook, so that none can lock everybody out.
NEVER_SENT: Final = frozenset(
    {
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    }
)
MAX_CONDITIONS: Final = 64
# Plurals that the rule for English words does not give.
_PLURALS: Final = {"Endpoints": "endpoints", "Gateway": "gateways"}

Condition = Callable[[Review], bool | None]


@record
class Rule:
    """One of a webhook's rules; resources as `pods`, `pods/*`, `*` or `*/*`."""

    operations: tuple[str, ...]
    groups: tuple[str, ...]
    versions: tuple[str, ...]
    resources: tuple[str, ...]
    scope: str

    def takes(self, review: Review, *, any_version: bool) -> bool:
        """Is the request one of these?"""
        kind = review.request.get("kind")
        group, version, name = [_text(kind.get(one)) if isinstance(kind, dict) else "" for one in _KIND]
        operation = _text(review.request.get("operation"))
        if _EVERY not in self.operations and operation and operation not in self.operations:
            return False
        if _EVERY not in self.groups and group not in self.groups:
            return False
        if not any_version and _EVERY not in self.versions and version not in self.versions:
            return False
        if self.scope != _EVERY and review.scope != "Unknown" and self.scope != review.scope:
            # A Namespace is an object of the cluster.
            return False
        return self._takes_resource(plurals(group, name), _text(review.request.get("subResource")))

    def _takes_resource(self, resources: frozenset[str], below: str) -> bool:
        for one in self.resources:
            wanted, _, sub = one.partition("/")
            if (wanted == _EVERY or wanted in resources) and sub in (
                (below, _EVERY) if below else ("", _EVERY)
            ):
                return True
        return False


_KIND: Final = ("group", "version", "kind")


@record
class WebhookScope:
    """The part of a configuration that says what one of its webhooks is sent."""

    name: str
    rules: tuple[Rule, ...]
    any_version: bool
    namespaces: Selector | None
    objects: Selector | None
    conditions: tuple[tuple[str, Condition], ...]

    def unseen(self, review: Review, namespace: dict[str, Value] | None) -> str:
        """Why the request does not reach the webhook; empty when it does. namespace: as far as its labels are known."""
        if not any(rule.takes(review, any_version=self.any_version) for rule in self.rules):
            return f"no rule of the webhook {self.name} is for it"
        if self.namespaces is not None and not _selects(self.namespaces, namespace):
            return f"the webhook {self.name} does not select its namespace"
        if self.objects is not None and not any(
            _selects(self.objects, value) for value in (review.object, review.old_object) if value is not None
        ):
            return f"the webhook {self.name} does not select it by its labels"
        for name, condition in self.conditions:
            if condition(review) is False:
                return f"the match condition {name} of the webhook {self.name} leaves it out"
        return ""


@record
class Scopes:
    """What all configurations together let through; without any, everything but what is sent to no webhook.

    own_namespaces: Namespaces whose labels do not count, since a change brings them: they count as selected.
    """

    webhooks: tuple[WebhookScope, ...]
    own_namespaces: frozenset[str] = frozenset()

    def unseen(self, review: Review) -> str:
        """Why no policy of a webhook is asked; empty where one is."""
        if not self.webhooks:
            return ""
        value = review.object or review.old_object or {}
        if value.get("kind") in NEVER_SENT and split_api_version(value.get("apiVersion"))[0] == GROUP:
            return "the API server sends objects of its kind to no webhook"
        namespace = _namespace(review)
        if namespace is not None and name_of(namespace) in self.own_namespaces:
            namespace = None
        reasons = [webhook.unseen(review, namespace) for webhook in self.webhooks]
        return "" if "" in reasons else reasons[0]


def is_webhook_configuration(value: Mapping[str, Value]) -> bool:
    """Is the object a ValidatingWebhookConfiguration, of any version?"""
    return value.get("kind") == KIND and split_api_version(value.get("apiVersion"))[0] == GROUP


def load_scopes(documents: Iterable[Document], own_namespaces: frozenset[str] = frozenset()) -> Scopes:
    """What the configurations among the documents say of the webhooks that decide by policies. Raises PolicyError."""
    configurations = [one for one in documents if is_webhook_configuration(one.value)]
    webhooks = [webhook for one in configurations for webhook in root(one).get("webhooks").items()]
    wanted = [one for one in webhooks if one.get("name").string() in WEBHOOKS]
    return Scopes(tuple(map(_webhook, wanted)), own_namespaces)


def plural(kind: str) -> str:
    """The resource of a kind, as apimachinery guesses it (meta.UnsafeGuessKindToResource)."""
    known = _PLURALS.get(kind)
    if known is not None:
        return known
    lower = kind.lower()
    if lower.endswith("s"):
        return f"{lower}es"
    return f"{lower[:-1]}ies" if lower.endswith("y") else f"{lower}s"


def plurals(group: str, kind: str) -> frozenset[str]:
    """What the resource of a kind may be called: a CRD says it as it likes, and such a kind is not to be passed over."""
    if "." not in group or group.endswith(".k8s.io"):
        return frozenset({plural(kind)})
    lower = kind.lower()
    return frozenset({plural(kind), lower, f"{lower}s", f"{lower}es"})


def _webhook(field: Field) -> WebhookScope:
    policy = field.get("matchPolicy").string() or "Equivalent"
    if policy not in ("Equivalent", "Exact"):
        field.get("matchPolicy").refuse(f"{policy!r} is no matchPolicy", "write Equivalent or Exact")
    return WebhookScope(
        name=field.get("name").string(),
        rules=tuple([_rule(one) for one in field.get("rules").items()]),
        any_version=policy == "Equivalent",
        namespaces=_selector(field.get("namespaceSelector")),
        objects=_selector(field.get("objectSelector")),
        conditions=_conditions(field.get("matchConditions").items()),
    )


def _rule(field: Field) -> Rule:
    operations = field.get("operations")
    for item in operations.items():
        if item.string() not in _OPERATIONS:
            item.refuse(f"{item.string()!r} is no operation", f"known are {', '.join(_OPERATIONS)}")
    scope = field.get("scope").string() or _EVERY
    if scope not in _SCOPES:
        field.get("scope").refuse(f"{scope!r} is no scope", f"known are {', '.join(_SCOPES)}")
    return Rule(
        operations.strings(),
        field.get("apiGroups").strings(),
        field.get("apiVersions").strings(),
        field.get("resources").strings(),
        scope,
    )


def _selector(field: Field) -> Selector | None:
    if field.absent or not field.mapping():
        return None
    problems = [*selector_problems(field.value, field.path)]
    if problems:
        raise PolicyErrors([policy_error(field.document, problem) for problem in problems])
    return compile_selector(field.mapping())


def _conditions(fields: Sequence[Field]) -> tuple[tuple[str, Condition], ...]:
    if len(fields) > MAX_CONDITIONS:
        fields[0].refuse(f"a webhook has {len(fields)} match conditions, and may have {MAX_CONDITIONS}")
    return tuple([(one.get("name").string(), _condition(one.get("expression"))) for one in fields])


def _condition(field: Field) -> Condition:
    from lockgate.engine.cel.compiler import compile_expression
    from lockgate.engine.cel.errors import ExpressionError
    from lockgate.gatekeeper.cel_compile import base_environment

    try:
        expression = compile_expression(field.string(), base_environment())
    except ExpressionError as error:
        field.refuse(f"{field.name} is no valid expression: {error}")

    def holds(review: Review) -> bool | None:
        return _value(expression, review)

    return holds


def _value(expression: "Expression", review: Review) -> bool | None:
    """Whether a condition holds; None where it fails: the API server then refuses or ignores by failurePolicy."""
    from lockgate.engine.cel.budget import CostBudget
    from lockgate.engine.cel.errors import CelError, CostError, UnknownError
    from lockgate.gatekeeper.cel_review import ReviewValues

    values = ReviewValues(review)
    names = {
        "object": values.object,
        "oldObject": values.old_object,
        "request": values.request,
        "namespaceObject": values.namespace,
    }
    try:
        found = expression.evaluate(names, CostBudget(Limits()))
    except (CelError, CostError, UnknownError):
        return None
    return found if isinstance(found, bool) else None


def _namespace(review: Review) -> dict[str, Value] | None:
    """The object whose labels a namespaceSelector asks for; None where they are not known or there is none."""
    value = review.object or review.old_object
    if value is not None and is_namespace(value):
        return value
    return review.namespace


def _selects(selector: Selector, value: dict[str, Value] | None) -> bool:
    return value is None or selector(labels_of(value))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
