"""The shipped rules in Lockgate itself: their suites, their unit tests in Rego, and the entry for Conftest."""

import subprocess
import sys

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, Set, Value, parse_json
from lockgate.engine.rego.ast import Module
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Prepared, compile_program
from lockgate.engine.rego.source import Source

from tests.policies.shipped import POLICIES, RULES
from tests.shared_folder import ROOT

NOW_NS = 1_767_225_600_000_000_000


def _modules() -> list[Module]:
    paths = sorted(POLICIES.root.rglob("*.rego"))
    return [
        parse_module(Source(path.read_text("utf-8"), str(path.relative_to(ROOT)), "v1")) for path in paths
    ]


MODULES = _modules()
UNIT_TESTS = sorted(
    {
        ".".join(("data", *module.package, rule.head.name))
        for module in MODULES
        for rule in module.rules
        if rule.head.name.startswith("test_")
    }
)


def test_unit_tests_are_found() -> None:
    written = [
        line for path in POLICIES.root.rglob("*_test.rego") for line in path.read_text("utf-8").splitlines()
    ]
    assert len(UNIT_TESTS) == sum(line.startswith("test_") for line in written) > 40


@pytest.fixture(scope="module")
def program() -> Prepared:
    """All modules of the folder, compiled with every unit test as an entry point."""
    capabilities = Capabilities()
    entrypoints = [*UNIT_TESTS, "data.main.deny", "data.main.warn"]
    return compile_program(MODULES, entrypoints=entrypoints, capabilities=capabilities).prepare()


@pytest.mark.parametrize("name", UNIT_TESTS)
def test_unit_tests_pass(program: Prepared, name: str) -> None:
    found = program.evaluate(name, input=UNDEFINED, now_ns=NOW_NS, limits=Limits(), strict="builtins")
    assert found is True


def test_suites_pass() -> None:
    command = [sys.executable, "-m", "lockgate.webhook", "verify", "policies/..."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for rule in RULES:
        assert f"policies/{rule.key}/suite.yaml" in done.stdout


CLAIM = (
    '{"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "spec": {"devices": {"requests": ['
    '{"name": "gpu", "exactly": {"deviceClassName": "CLASS"}}]}}}'
)
PARAMETERS = '{"parameters": {"claims": {"approved_device_classes": {"allowedDeviceClasses": ["good"]}}}}'


@pytest.mark.parametrize(("of_class", "denied"), [("good", 0), ("other", 1)])
def test_the_entry_for_conftest(program: Prepared, of_class: str, denied: int) -> None:
    parameters = parse_json(PARAMETERS)
    assert isinstance(parameters, dict)
    judged: Value = parse_json(CLAIM.replace("CLASS", of_class))
    found = program.evaluate("data.main.deny", input=judged, data=parameters, now_ns=NOW_NS, limits=Limits())
    assert isinstance(found, Set)
    assert len(found) == denied
