"""Re-rooting changes a module's package and its references to `data`, and nothing else."""

import pytest
from lockgate.engine.opa.rerooting import Places, package_of, reroot
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion

LIB = Places("r.t", None, "r.i.objects")
ENTRY = Places("r.t", "template", "r.i.objects")

# What is moved, its version, the places, and what comes out.
CASES: dict[str, tuple[str, RegoVersion, Places, str]] = {
    "a library": ("package lib.a\n\nx = 1\n", "v0", LIB, "package r.t.lib.a\n\nx = 1\n"),
    "an entry": ("package a.b\nx = 1\n", "v0", ENTRY, "package r.t.template\nx = 1\n"),
    "a package in brackets": (
        'package a["b c"].d\nx = 1\n',
        "v0",
        ENTRY,
        "package r.t.template\nx = 1\n",
    ),
    "a comment first": (
        "# package no\npackage lib.a # data.lib\n",
        "v0",
        LIB,
        "# package no\npackage r.t.lib.a # data.lib\n",
    ),
    "v1": (
        "package a\nx := 1\n",
        "v1",
        ENTRY,
        "package r.t.template import rego.v1\nx := 1\n",
    ),
    "v1 that imports the future": (
        "package a\nimport future.keywords.in\nimport future.keywords\nx := 1\n",
        "v1",
        ENTRY,
        "package r.t.template import rego.v1\n\n\nx := 1\n",
    ),
    "v0 that imports the future": (
        "package a\nimport future.keywords.in\nx := 1\n",
        "v0",
        ENTRY,
        "package r.t.template\nimport future.keywords.in\nx := 1\n",
    ),
    "an import": (
        "package a\nimport data.lib.x\ny = x.z\n",
        "v0",
        ENTRY,
        "package r.t.template\nimport data.r.t.lib.x\ny = x.z\n",
    ),
    "references": (
        'package a\nx = data.lib.y\ny = data["lib"].z[data.lib.k]\n',
        "v0",
        ENTRY,
        'package r.t.template\nx = data.r.t.lib.y\ny = data.r.t["lib"].z[data.r.t.lib.k]\n',
    ),
    "the inventory": (
        'package a\nx = data.inventory.cluster\ny = data["inventory"][_]\nz = data.inventory\n',
        "v0",
        ENTRY,
        "package r.t.template\nx = data.r.i.objects.cluster\ny = data.r.i.objects[_]\nz = data.r.i.objects\n",
    ),
    "the inventory without one": (
        "package a\nx = data.inventory.cluster\n",
        "v0",
        Places("r.t", "template", None),
        "package r.t.template\nx = data.r.t.inventory.cluster\n",
    ),
    "fields, strings and longer names": (
        'package a\nx = input.data.lib\ny = "data.lib"\nz = `data.lib`\ndatabase = 1\nw = {"data": database}\n',
        "v0",
        ENTRY,
        'package r.t.template\nx = input.data.lib\ny = "data.lib"\nz = `data.lib`\ndatabase = 1\nw = {"data": database}\n',
    ),
    "a template string": (
        'package a\nx := $"data.lib {data.lib.y} {$`{data.lib.z}`}"\n',
        "v1",
        ENTRY,
        'package r.t.template import rego.v1\nx := $"data.lib {data.r.t.lib.y} {$`{data.r.t.lib.z}`}"\n',
    ),
    "a mock": (
        "package a\nx { data.lib.y with data.inventory as {} }\n",
        "v0",
        ENTRY,
        "package r.t.template\nx { data.r.t.lib.y with data.r.i.objects as {} }\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_text(name: str) -> None:
    text, version, places, wanted = CASES[name]
    made = reroot(Source(text, "a.rego", version), places)
    assert made == wanted
    # Errors of a server name lines of the source.
    assert made.count("\n") == text.count("\n")
    assert parse_module(Source(made, "a.rego", "v0")).package[0] == "r"


def test_package_of() -> None:
    assert package_of(Source('package lib.a["b"] # c\nx = 1\n', "a.rego", "v0")) == 'lib.a["b"]'
