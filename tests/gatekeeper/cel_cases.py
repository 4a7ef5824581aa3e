"""What templates with CEL say of objects: a table of facts, each row of which the real gator confirms."""

from dataclasses import dataclass, field
from typing import Any

from tests.gatekeeper.review_cases import admission
from tests.gatekeeper.workbench import Json, manifest, template

CEL = "K8sNativeValidation"
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
POD: Json = {
    **manifest(labels={"app": "web", "tier": "front"}),
    "spec": {
        "containers": [
            {"name": "one", "image": "registry/one:1"},
            {"name": "two", "image": "other/two", "securityContext": {"privileged": True}},
        ],
        "ratio": 0.5,
        "large": 9007199254740993,
        "whole": 1000000,
    },
}


@dataclass(frozen=True)
class CelCase:
    """A template's source and what it says of an object, in the order of its validations."""

    name: str
    source: Json
    messages: tuple[str, ...]
    value: Json = field(default_factory=lambda: POD)
    spec: Any = field(default_factory=dict)

    @property
    def template(self) -> Json:
        """The template with the source."""
        return cel_template(self.source)


def cel_template(source: Json, *, schema: Any = OPEN) -> Json:
    """A template whose only engine is CEL."""
    made = template(schema=schema)
    target = {"target": "admission.k8s.gatekeeper.sh", "code": [{"engine": CEL, "source": source}]}
    made["spec"]["targets"] = [target]
    return made


def says(expression: str, **more: Any) -> Json:
    """A source that shows the value of an expression of type string."""
    return {"validations": [{"expression": "false", "messageExpression": expression}], **more}


def needs(*expressions: str, **more: Any) -> Json:
    """A source with validations that have no messages."""
    return {"validations": [{"expression": one} for one in expressions], **more}


def _error(expression: str, error: str) -> str:
    return f"expression '{expression}' resulted in error: {error}"


MISSING = "object.spec.missing == 1"

CEL_CASES: tuple[CelCase, ...] = (
    # Messages.
    CelCase("nothing to say", needs("true"), ()),
    CelCase("the expression is the message", needs(" 1 == 2 "), ("failed expression: 1 == 2",)),
    CelCase(
        "each validation",
        needs("1 == 2", "true", "2 == 3"),
        ("failed expression: 1 == 2", "failed expression: 2 == 3"),
    ),
    CelCase("the same twice", needs("false", "false"), ("failed expression: false",) * 2),
    CelCase("a message", {"validations": [{"expression": "false", "message": "  no \n"}]}, ("no",)),
    CelCase(
        "a messageExpression comes first",
        {"validations": [{"expression": "false", "message": "no", "messageExpression": "'a' + 'b'"}]},
        ("ab",),
    ),
    *[
        CelCase(
            f"a messageExpression that {name}",
            {"validations": [{"expression": "false", "message": "no", "messageExpression": expression}]},
            (expected,),
        )
        for name, expression, expected in (
            ("fails", "object.spec.missing", "no"),
            ("is empty", "''", "no"),
            ("is blank", "' \\t\\u00a0'", "no"),
            ("has blanks around", "' a b\\u2003\\n'", "a b"),
            ("has lines", "'a\\nb'", "no"),
            ("is as long as may be", f"'{'x' * 5120}'", "x" * 5120),
            ("is longer", f"'{'x' * 5121}'", "no"),
            ("is longer in bytes", f"'{'é' * 2561}'", "no"),
            ("is no string", "1", "no"),
            ("is null", "null", "no"),
            ("is of an open type", "object.metadata.name", "no"),
            ("is wrong", "object.(", "no"),
        )
    ],
    CelCase(
        "without a message after a messageExpression that fails",
        {"validations": [{"expression": "1 == 2", "messageExpression": "object.spec.missing"}]},
        ("failed expression: 1 == 2",),
    ),
    # Errors.
    CelCase("an error is a violation", needs(MISSING), (_error(MISSING, "no such key: missing"),)),
    CelCase(
        "an error that Ignore ignores",
        needs(MISSING, "1 == 2", failurePolicy="Ignore"),
        ("failed expression: 1 == 2",),
    ),
    CelCase(
        "an error with a message",
        {"validations": [{"expression": MISSING, "message": "no"}]},
        (_error(MISSING, "no such key: missing"),),
    ),
    CelCase("an error that another term absorbs", needs(f"{MISSING} || true"), ()),
    CelCase(
        "an index out of bounds",
        needs("object.spec.containers[2] == 1"),
        (_error("object.spec.containers[2] == 1", "index out of bounds: 2"),),
    ),
    # Variables.
    CelCase(
        "a variable",
        says(
            "variables.a + variables.b",
            variables=[{"name": "a", "expression": "'x'"}, {"name": "b", "expression": "variables.a + 'y'"}],
        ),
        ("xxy",),
    ),
    CelCase(
        "a variable that fails and is not asked for",
        needs("true || variables.a", variables=[{"name": "a", "expression": "object.spec.missing"}]),
        (),
    ),
    CelCase(
        "a variable that fails",
        needs("variables.a == 1", variables=[{"name": "a", "expression": "object.spec.missing"}]),
        (_error("variables.a == 1", 'composited variable "a" fails to evaluate: no such key: missing'),),
    ),
    CelCase(
        "has() of a variable that fails",
        needs("has(variables.a)", variables=[{"name": "a", "expression": "object.spec.missing"}]),
        (_error("has(variables.a)", 'composited variable "a" fails to evaluate: no such key: missing'),),
    ),
    CelCase(
        "a variable of a variable that fails",
        needs(
            "variables.b == 1",
            variables=[{"name": "a", "expression": "1 / 0"}, {"name": "b", "expression": "variables.a"}],
        ),
        (
            _error(
                "variables.b == 1",
                'composited variable "b" fails to evaluate: composited variable "a" fails to evaluate: division by zero',
            ),
        ),
    ),
    CelCase(
        "a variable that fails, absorbed",
        needs("variables.a == 1 || true", variables=[{"name": "a", "expression": "object.spec.missing"}]),
        (),
    ),
    CelCase(
        "of two variables of one name the last",
        says(
            "variables.a", variables=[{"name": "a", "expression": "'x'"}, {"name": "a", "expression": "'y'"}]
        ),
        ("y",),
    ),
    # Parameters.
    CelCase("parameters", says("string(variables.params.a)"), ("1",), spec={"parameters": {"a": 1}}),
    CelCase("no parameters", says("variables.params == null ? 'null' : 'some'"), ("null",)),
    CelCase(
        "empty parameters",
        says("variables.params == null ? 'null' : string(size(variables.params))"),
        ("0",),
        spec={"parameters": {}},
    ),
    CelCase(
        "the constraint in a variable",
        says(
            "variables.a",
            variables=[{"name": "a", "expression": "string(params.kind + params.metadata.name)"}],
        ),
        ("Probeprobe",),
    ),
    # The review.
    CelCase("the object", says("string(object.kind) + ' ' + string(object.metadata.name)"), ("Pod a",)),
    CelCase("no former object", says("oldObject == null ? 'none' : 'some'"), ("none",)),
    CelCase("any object", says("string(variables.anyObject.kind)"), ("Pod",)),
    CelCase("no namespace object", says("namespaceObject == null ? 'none' : 'some'"), ("none",)),
    CelCase(
        "numbers",
        says("string(object.spec.ratio) + ' ' + string(object.spec.large) + ' ' + string(object.spec.whole)"),
        ("0.5 9007199254740993 1000000",),
    ),
    CelCase(
        "the keys of a map", says("object.metadata.labels.all(k, k.size() > 2) ? 'long' : 'short'"), ("long",)
    ),
    CelCase(
        "the request of a manifest",
        says("request.kind.kind + '/' + request.operation + '/' + request.kind.version"),
        ("Pod//v1",),
    ),
    CelCase(
        "fields of the request that are empty",
        says(
            "string(has(request.namespace)) + string(has(request.operation)) + string(has(request.subResource)) + string(has(request.dryRun))"
        ),
        ("falsetruefalsetrue",),
    ),
    CelCase(
        "the user of a manifest",
        says("string(has(request.userInfo)) + string(has(request.userInfo.username))"),
        ("truefalse",),
    ),
    CelCase(
        "a request",
        says(
            "request.operation + request.name + request.namespace + request.resource.resource + request.userInfo.username"
            " + request.userInfo.groups[0] + request.requestKind.kind + string(request.dryRun)"
        ),
        ("UPDATEabpodsmeusPodtrue",),
        admission(
            operation="UPDATE",
            name="a",
            namespace="b",
            kind={"group": "", "version": "v1", "kind": "Pod"},
            resource={"group": "", "version": "v1", "resource": "pods"},
            userInfo={"username": "me", "groups": ["us"]},
            dryRun=True,
            object=POD,
            oldObject=POD,
        ),
    ),
    CelCase(
        "a deletion has no object",
        says(
            "(object == null ? 'none ' : 'some ') + string(oldObject.kind) + string(variables.anyObject.metadata.name)"
        ),
        ("none Poda",),
        admission(operation="DELETE", oldObject=POD),
    ),
    CelCase(
        "options",
        says("string(request.options.gracePeriodSeconds)"),
        ("30",),
        admission(
            operation="DELETE",
            oldObject=POD,
            options={"apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 30},
        ),
    ),
    # Match conditions.
    *[
        CelCase(
            f"conditions: {name}",
            needs(
                "1 == 2",
                matchCondition=[{"name": f"c{at}", "expression": one} for at, one in enumerate(conditions)],
                **more,
            ),
            messages,
        )
        for name, conditions, messages, more in (
            ("one holds", ["true"], ("failed expression: 1 == 2",), {}),
            ("one does not", ["true", "1 == 3"], (), {}),
            ("one fails", ["true", MISSING], (_error(MISSING, "no such key: missing"),), {}),
            ("one fails and one does not hold", [MISSING, "false"], (), {}),
            (
                "two fail",
                [MISSING, "1 / 0 == 1"],
                (f"[{_error(MISSING, 'no such key: missing')}, {_error('1 / 0 == 1', 'division by zero')}]",),
                {},
            ),
            ("two fail alike", [MISSING, MISSING], (_error(MISSING, "no such key: missing"),), {}),
            ("one fails, ignored", [MISSING], (), {"failurePolicy": "Ignore"}),
        )
    ],
    CelCase(
        "a condition with a variable",
        needs(
            "1 == 2",
            matchCondition=[{"name": "c", "expression": "variables.a"}],
            variables=[{"name": "a", "expression": "object.kind == 'Job'"}],
        ),
        (),
    ),
    # Limits.
    CelCase(
        "a message with containers",
        says("object.spec.containers.filter(c, has(c.securityContext)).map(c, c.name).join(', ')"),
        ("two",),
    ),
)

# Templates that Gatekeeper refuses, with what is said.
REFUSED: tuple[tuple[str, Json, str], ...] = (
    (
        "a reserved variable",
        needs("true", variables=[{"name": "gatekeeper_internal_x", "expression": "1"}]),
        "prefix",
    ),
    ("a variable params", needs("true", variables=[{"name": "params", "expression": "1"}]), "params"),
    (
        "a variable anyObject",
        needs("true", variables=[{"name": "anyObject", "expression": "1"}]),
        "anyObject",
    ),
    (
        "a reserved condition",
        needs("true", matchCondition=[{"name": "gatekeeper_internal_x", "expression": "true"}]),
        "prefix",
    ),
    ("another failurePolicy", needs("true", failurePolicy="Warn"), "unrecognized failure policy"),
    ("an expression that is no string", {"validations": [{"expression": True}]}, "must be a string"),
)
