"""Capabilities: what of OPA there is, what a policy may use of it, and how far it reaches."""

from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, Set
from lockgate.engine.errors import PolicyError
from lockgate.engine.rego.builtins.catalogue import BEYOND_OPA, ENTRIES
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.lookups import net_lookup_ip_addr
from lockgate.engine.rego.builtins.runtime import opa_runtime
from lockgate.engine.rego.capabilities import ALL_BUILTINS, EVERYTHING, FEATURES, OUTSIDE, Capabilities
from lockgate.engine.rego.capabilities_json import parse_capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.outside import Outside
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Program, compile_program
from lockgate.engine.rego.source import Source

from tests.engine.test_http_send import Evaluation

# OPA 1.22.2's builtins: `name/arity`, and whether they are deprecated or nondeterministic.
TABLE = Path(__file__).with_name("opa_builtins.txt").read_text().splitlines()

# Whoever runs tests waits for the calls of the one; the others look at the time, which OPA does not count.
VARY_HERE = {
    "internal.test_case",
    "crypto.x509.parse_and_verify_certificates",
    "crypto.x509.parse_and_verify_certificates_with_options",
}


def compiled(text: str, capabilities: Capabilities, version: Any = "v1", outside: Any = None) -> Program:
    module = parse_module(Source(text, "policy.rego", version))
    return compile_program([module], entrypoints=["data.a.p"], capabilities=capabilities, outside=outside)


def value_of(program: Program) -> Any:
    return program.prepare().evaluate("data.a.p", input=UNDEFINED, now_ns=0, limits=Limits())


def test_the_catalogue_is_exactly_opas() -> None:
    ours = [f"{name}/{entry.arity}" for name, entry in ENTRIES.items() if name not in BEYOND_OPA]
    assert sorted(ours) == sorted(line.split()[0] for line in TABLE)
    marks = {line.partition("/")[0]: line.split()[1:] for line in TABLE}
    deprecated = {name for name, entry in ENTRIES.items() if entry.deprecated}
    assert deprecated == {name for name, found in marks.items() if "deprecated" in found}
    varying = {name for name, entry in ENTRIES.items() if entry.nondeterministic and name not in BEYOND_OPA}
    assert varying - VARY_HERE == {name for name, found in marks.items() if "nondeterministic" in found}


@pytest.mark.parametrize("builtin", sorted(OUTSIDE))
def test_by_default_nothing_reaches_outside(builtin: str) -> None:
    arguments = ", ".join(["input.x"] * ENTRIES[builtin].arity)
    with pytest.raises(RegoError) as caught:
        compiled(f"package a\n\np := {builtin}({arguments})\n", Capabilities())
    problem = caught.value.errors[0]
    assert (problem.code, problem.message) == ("rego_type_error", f"undefined function {builtin}")
    assert str(problem.location) == "policy.rego:3:6"
    assert "off here" in problem.hint


def test_each_builtin_can_be_forbidden() -> None:
    capabilities = Capabilities().without({"count"})
    with pytest.raises(RegoError, match="undefined function count") as caught:
        compiled("package a\np := count([1])\n", capabilities)
    assert "the capabilities do not have it" in caught.value.hint
    assert value_of(compiled("package a\np := sum([1])\n", capabilities)) == 1


def test_capabilities_are_compared_by_their_fingerprint() -> None:
    assert Capabilities().fingerprint() == Capabilities(builtins=ALL_BUILTINS - OUTSIDE).fingerprint()
    others = [
        Capabilities().without({"count"}),
        Capabilities(external_data=True),
        Capabilities(allow_net=None),
        Capabilities(allow_net=frozenset(["a"])),
        Capabilities(features=frozenset()),
        EVERYTHING,
    ]
    assert len({one.fingerprint() for one in [Capabilities(), *others]}) == len(others) + 1


def test_a_file_of_opa_is_read() -> None:
    text = """{"builtins": [{"name": "count", "decl": {}}, {"name": "external_data"}, {"name": "custom.one"}],
        "wasm_abi_versions": [], "features": ["rego_v1"], "future_keywords": ["not", "in"], "allow_net": ["a.b"]}"""
    found = parse_capabilities(text, "capabilities.json")
    assert found.builtins == {"count", "custom.one"}
    assert found.external_data
    assert found.allow_net == frozenset(["a.b"])
    assert found.features == {"rego_v1"}
    assert found.future_keywords == {"not", "in"}
    with pytest.raises(RegoError, match=r"undefined function custom\.one"):
        compiled("package a\np := custom.one(1)\n", found)


@pytest.mark.parametrize(
    ("text", "hosts"), [("{}", None), ('{"allow_net": null}', None), ('{"allow_net": []}', frozenset())]
)
def test_hosts_that_a_file_does_not_name_are_all(text: str, hosts: Any) -> None:
    assert parse_capabilities(text, "capabilities.json").allow_net == hosts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"builtins": {}}',
        '{"builtins": ["count"]}',
        '{"builtins": [{"name": 3}]}',
        '{"allow_net": "a"}',
        '{"features": [1]}',
        '{"future_keywords": ["if", "nope"]}',
    ],
)
def test_a_wrong_file_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_capabilities(text, "capabilities.json")
    assert caught.value.location is not None
    assert caught.value.location.file == "capabilities.json"


@pytest.mark.parametrize(
    ("text", "version", "missing", "message", "line"),
    [
        ("package a\np := 1\n", "v1", "rego_v1", "rego_v1 feature required", 1),
        ("package a\nimport rego.v1\np := 1\n", "v0", "rego_v1 rego_v2", "`rego.v1` is not supported", 2),
        ("package a\nimport future.keywords.in\np = 1\n", "v0", "rego_v1", "must be one of [and not or]", 2),
        ('package a\np := $"a{1}"\n', "v1", "template_strings", "template strings are not supported", 2),
    ],
)
def test_features_of_the_language_can_be_missing(
    text: str, version: str, missing: str, message: str, line: int
) -> None:
    compiled(text, Capabilities(), version)
    with pytest.raises(RegoError) as caught:
        compiled(text, Capabilities(features=FEATURES.difference(missing.split())), version)
    problem = caught.value.errors[0]
    assert problem.code == "rego_parse_error"
    assert message in problem.message
    assert problem.location.line == line


def test_a_keyword_that_the_file_does_not_have_is_not_imported() -> None:
    text = "package a\nimport future.keywords.not\np := 1\n"
    compiled(text, Capabilities())
    with pytest.raises(RegoError, match="unexpected keyword"):
        compiled(text, Capabilities(future_keywords=frozenset()))


def test_the_runtime_is_what_was_given_without_secrets() -> None:
    given: Any = {
        "env": {"A": "1"},
        "config": {
            "services": {"one": {"url": "u", "credentials": {"x": 1}}},
            "keys": {"k": {"key": "secret", "private_key": "secret", "algorithm": "RS256"}},
            "labels": {"a": "b"},
        },
    }
    expected = {
        "env": {"A": "1"},
        "config": {
            "services": {"one": {"url": "u"}},
            "keys": {"k": {"algorithm": "RS256"}},
            "labels": {"a": "b"},
        },
    }
    text = "package a\np := opa.runtime()\n"
    assert value_of(compiled(text, EVERYTHING, outside=Outside(None, given))) == expected
    assert "credentials" in given["config"]["services"]["one"]
    assert value_of(compiled(text, EVERYTHING)) == {}


@pytest.mark.parametrize(
    "config", [{"services": 3}, {"services": [3]}, {"keys": []}, {"keys": {"a": 1}}], ids=str
)
def test_a_wrong_configuration_is_not_shown(config: Any) -> None:
    with pytest.raises(BuiltinError):
        opa_runtime(Outside(None, {"config": config}), Evaluation())


@pytest.mark.parametrize("address", ["10.0.0.0", "::", "127.0.0.1"])
def test_an_address_is_its_own(address: str) -> None:
    found = net_lookup_ip_addr(Outside(None), Evaluation(), address)
    assert list(found) == [address]


@pytest.mark.parametrize("host", ["", "1", "0x7f.1", "127.1", "010.0.0.1", "a" * 300, "\ud800", "a..b"])
def test_what_is_no_name_is_not_looked_up(host: str) -> None:
    with pytest.raises(BuiltinError, match="no such host"):
        net_lookup_ip_addr(Outside(None), Evaluation(), host)


def test_only_allowed_names_are_looked_up() -> None:
    with pytest.raises(BuiltinError, match="disallowed host: localhost"):
        net_lookup_ip_addr(Outside(frozenset(["a"])), Evaluation(), "localhost")
    assert isinstance(net_lookup_ip_addr(Outside(frozenset(["localhost"])), Evaluation(), "localhost"), Set)
    text = 'package a\np := net.lookup_ip_addr("127.0.0.1")\n'
    everywhere = Capabilities(builtins=ALL_BUILTINS)
    assert value_of(compiled(text, everywhere)) is UNDEFINED


def test_the_time_stands_still_during_an_evaluation() -> None:
    text = 'package a\np if {\n\tt := time.now_ns()\n\ttest.sleep("1h")\n\tt == time.now_ns()\n}\n'
    assert value_of(compiled(text, EVERYTHING.with_builtins({"test.sleep"}))) is True
    with pytest.raises(RegoError, match=r"undefined function test\.sleep"):
        compiled(text, EVERYTHING)
