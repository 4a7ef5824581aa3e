"""Facts of templates: which load, and what is said of those that do not; real gator is asked about each too."""

from dataclasses import dataclass
from typing import Any

from tests.gatekeeper.workbench import HIT, Json, template

V1 = 'package hit\n\nviolation contains {"msg": "hit"} if true\n'
LIB = "package lib.util\n\nsays(x) = x { true }\n"
USES_LIB = 'package hit\n\nimport data.lib.util\n\nviolation[{"msg": msg}] { msg := util.says("hit") }\n'


@dataclass(frozen=True)
class TemplateCase:
    """A template; `message` is part of what is said of a wrong one, "" for one that loads."""

    name: str
    value: Json
    message: str = ""
    kind: str = "Probe"


def _rego(name: str, rego: str, message: str = "", **target: Any) -> TemplateCase:
    return TemplateCase(name, template(rego, **target), message)


def _schema(name: str, schema: Any, message: str = "") -> TemplateCase:
    return TemplateCase(name, template(schema=schema), message)


def _code(name: str, code: Any, message: str = "", **target: Any) -> TemplateCase:
    made = template()
    made["spec"]["targets"] = [{"target": "admission.k8s.gatekeeper.sh", "code": code, **target}]
    return TemplateCase(name, made, message)


def _changed(name: str, message: str = "", **top: Any) -> TemplateCase:
    return TemplateCase(name, {**template(), **top}, message)


def _targets(name: str, message: str, *targets: Json) -> TemplateCase:
    made = template()
    made["spec"]["targets"] = list(targets)
    return TemplateCase(name, made, message)


TARGET = {"target": "admission.k8s.gatekeeper.sh", "rego": HIT}
TEXT = {"type": "string"}


def _body(text: str) -> str:
    return f'package hit\n\nviolation[{{"msg": "hit"}}] {{ {text} }}\n'


def _v1(body: str) -> Json:
    """Rego v1 with a library, and a violation with this body."""
    rego = f'package hit\n\nviolation contains {{"msg": "hit"}} if {{\n  {body}\n}}\n'
    return {
        "engine": "Rego",
        "source": {"rego": rego, "version": "v1", "libs": ["package lib.util\n\nsays(x) := x\n"]},
    }


TEMPLATE_CASES: tuple[TemplateCase, ...] = (
    _rego("plain", HIT),
    _changed("v1beta1", apiVersion="templates.gatekeeper.sh/v1beta1"),
    _changed("v1alpha1", apiVersion="templates.gatekeeper.sh/v1alpha1"),
    _changed("v2", "unknown version 'v2'", apiVersion="templates.gatekeeper.sh/v2"),
    TemplateCase("kind with capitals", template(kind="PRObe"), kind="PRObe"),
    _changed(
        "another name", "is not equal to the lowercase of CRD's Kind: 'probe'", metadata={"name": "other"}
    ),
    _changed("no name", "no metadata.name", metadata={}),
    TemplateCase(
        "no kind", {**template(kind=""), "metadata": {"name": "probe"}}, "does not specify CRD Kind"
    ),
    _targets("no target", "no targets specified"),
    _targets("two targets", "multi-target templates are not currently supported", TARGET, TARGET),
    _targets("another target", "target 'x' not recognized", {**TARGET, "target": "x"}),
    _targets("no target name", "not recognized", {"rego": HIT}),
    _targets("no code", "no language driver is installed", {"target": "admission.k8s.gatekeeper.sh"}),
    # the engines
    _code("code: Rego", [{"engine": "Rego", "source": {"rego": HIT}}]),
    _code("code: Rego v1", [{"engine": "Rego", "source": {"rego": V1, "version": "v1"}}]),
    _code("code: v1 said to be v0", [{"engine": "Rego", "source": {"rego": V1}}], "rego_parse_error"),
    _code(
        "code: v0 said to be v1",
        [{"engine": "Rego", "source": {"rego": HIT, "version": "v1"}}],
        "rego_parse_error",
    ),
    _code("code: another version is v0", [{"engine": "Rego", "source": {"rego": HIT, "version": "v7"}}]),
    _code("code: no rego", [{"engine": "Rego", "source": {"version": "v1"}}], "missing required field: rego"),
    _code("code: source is text", [{"engine": "Rego", "source": HIT}], "must be an object"),
    _code("code: another engine", [{"engine": "Lua", "source": {}}], "no language driver is installed"),
    _code(
        "code: another engine beside Rego",
        [{"engine": "Lua", "source": {}}, {"engine": "Rego", "source": {"rego": HIT}}],
    ),
    _code("code: rego overrides it", [{"engine": "Rego", "source": {"rego": "nonsense"}}], rego=HIT),
    _code(
        "code: the first Rego counts",
        [{"engine": "Rego", "source": {"rego": HIT}}, {"engine": "Rego", "source": {"rego": "nonsense"}}],
    ),
    # the module
    _rego("any package", HIT.replace("package hit", "package a.b.c")),
    _rego("no violation", "package hit\n\ndeny { true }\n", "missing required rules: [violation]"),
    _rego("empty", "   ", "rego_parse_error"),
    _rego("no package", "violation { true }", "rego_parse_error"),
    _rego("syntax error", 'package hit\n\nviolation[{"msg": "x"}] { true\n', "rego_parse_error"),
    _rego("unsafe variable", _body("x == y"), "rego_unsafe_var_error"),
    _rego("unknown function", _body("frobnicate(1)"), "undefined function"),
    _rego("http.send is not there", _body('http.send({"method": "get", "url": "x"}).x'), "http.send"),
    _rego(
        "external_data is not there",
        _body('external_data({"provider": "p", "keys": []}).x'),
        "external_data",
    ),
    # libraries
    _rego("lib", USES_LIB, libs=[LIB]),
    _rego("lib by its path", _body("x := data.lib.util.says(1); x == 1"), "does not resolve", libs=[LIB]),
    _rego("lib by its path, as a statement", _body("data.lib.util.says(1)"), libs=[LIB]),
    _rego(
        "lib by its path, a value",
        _body("x := data.lib.util.one; x == 1"),
        libs=["package lib.util\n\none = 1\n"],
    ),
    *(
        _code(f"lib by its path: {name}", [_v1(body)], "does not resolve" if nested else "")
        for name, body, nested in (
            ("negated", "not data.lib.util.says(false)", False),
            ("in an operand", "count(data.lib.util.says([1])) == 1", True),
            ("in an array", "x := [data.lib.util.says([1])]; x", True),
            ("some", "some x in data.lib.util.says([1])", True),
            ("every's domain", "every x in data.lib.util.says([1]) { x }", True),
            ("every's body", "every x in [1] { data.lib.util.says(x) }", False),
            ("a comprehension's body", "x := [1 | data.lib.util.says(1)]; x", True),
            ("with", "input.x with input as data.lib.util.says(1)", True),
        )
    ),
    _rego("lib with another package", USES_LIB, "invalid lib prefix", libs=[LIB.replace("lib.util", "util")]),
    _rego("lib with package lib", HIT, "invalid lib prefix", libs=["package lib\n\nx = 1\n"]),
    _rego("lib with a syntax error", HIT, "rego_parse_error", libs=["package lib.x\n\nx = {"]),
    _rego("lib that is not used", HIT, libs=[LIB]),
    _rego(
        "lib that imports input",
        HIT,
        "cannot import input",
        libs=["package lib.x\n\nimport input.review\n\nx = 1\n"],
    ),
    _rego("lib that is not there", _body("data.lib.other.says(1)"), "undefined function"),
    # imports and references
    _rego("import input", "package hit\n\nimport input\n\n" + HIT[13:], "cannot import input"),
    _rego("import input.review", "package hit\n\nimport input.review\n\n" + HIT[13:], "cannot import input"),
    _rego("import data.inventory", "package hit\n\nimport data.inventory\n\n" + HIT[13:], "bad import"),
    _rego("import rego.v1", "package hit\n\nimport rego.v1\n\n" + V1[13:], "bad import"),
    _rego("import future.keywords", "package hit\n\nimport future.keywords\n\n" + V1[13:]),
    _rego("data.inventory", _body("not data.inventory.cluster.x")),
    _rego("data.constraints", _body("not data.constraints.x"), "disallowed ref data.constraints"),
    _rego("data by a variable", _body("not data[input.x]"), "disallowed ref data"),
    _rego("data whole", _body("x := data; x"), "disallowed ref data"),
    _rego("its own package", _body("not data.hit.x"), "disallowed ref data.hit"),
    _rego("data.template", _body("not data.template.x"), "disallowed ref data.template"),
    # schemas
    _schema("schema", {"type": "object", "properties": {"a": TEXT}}),
    _schema("schema without type", {"properties": {"a": TEXT}}, "no type"),
    _schema("field without type", {"type": "object", "properties": {"a": {}}}, "no type"),
    _schema(
        "array without items", {"type": "object", "properties": {"a": {"type": "array"}}}, "needs `items`"
    ),
    _schema(
        "items without type",
        {"type": "object", "properties": {"a": {"type": "array", "items": {}}}},
        "no type",
    ),
    _schema(
        "list of items",
        {"type": "object", "properties": {"a": {"type": "array", "items": [TEXT]}}},
        "one schema",
    ),
    _schema("unknown type", {"type": "object", "properties": {"a": {"type": "text"}}}, "unknown type 'text'"),
    _schema("type null", {"type": "object", "properties": {"a": {"type": "null"}}}, "unknown type 'null'"),
    _schema("int or string", {"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": True}}}),
    _schema(
        "kept unknown",
        {"type": "object", "properties": {"a": {"x-kubernetes-preserve-unknown-fields": True}}},
    ),
    _schema("reference", {"type": "object", "properties": {"a": {"$ref": "#/x"}}}, "`$ref` is not supported"),
    _schema("definitions", {"type": "object", "definitions": {"a": TEXT}}, "`definitions` is not supported"),
    _schema(
        "pattern properties",
        {"type": "object", "patternProperties": {"a": TEXT}},
        "`patternProperties` is not supported",
    ),
    _schema(
        "unique items",
        {"type": "object", "properties": {"a": {"type": "array", "items": TEXT, "uniqueItems": True}}},
        "uniqueItems",
    ),
    _schema("additional", {"type": "object", "additionalProperties": TEXT}),
    _schema(
        "additional beside properties",
        {"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT},
        "mutually exclusive",
    ),
    _schema(
        "no additional",
        {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": False}}},
    ),
    _schema(
        "type in anyOf",
        {"type": "object", "properties": {"a": {"type": "string", "anyOf": [{"type": "string"}]}}},
        "`type` must not",
    ),
    _schema(
        "default in anyOf",
        {"type": "object", "properties": {"a": {"type": "string", "anyOf": [{"default": "x"}]}}},
        "`default` must not",
    ),
    _schema(
        "unknown property in anyOf",
        {"type": "object", "properties": {"a": TEXT}, "anyOf": [{"properties": {"b": {"pattern": "x"}}}]},
        "",
    ),
    _schema(
        "known property in anyOf",
        {"type": "object", "properties": {"a": TEXT}, "anyOf": [{"properties": {"a": {"pattern": "x"}}}]},
    ),
    _schema("pattern", {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a$"}}}),
    _schema(
        "wrong pattern",
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a"}}},
        "no regular expression",
    ),
    _schema("default", {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}}),
    _schema(
        "wrong default",
        {"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}},
        "the default does not fit",
    ),
    _schema(
        "default with an unknown field",
        {
            "type": "object",
            "properties": {"a": {"type": "object", "properties": {"b": TEXT}, "default": {"c": "x"}}},
        },
        "the default has a field",
    ),
    # operations
    _rego("operations", HIT, operations=["CREATE", "UPDATE"]),
)
