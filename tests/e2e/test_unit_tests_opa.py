"""`lockgate test` beside `opa test`: the same outcome of every test and the same lines covered."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import run_program
from tests.shared_folder import ROOT
from tests.webhook.helpers import run_lockgate

pytestmark = pytest.mark.e2e

DATA = ROOT / "tests" / "webhook" / "data" / "unit_tests"
FOLDERS: list[list[str]] = [
    [str(DATA / "outcomes")],
    [str(DATA / "coverage")],
    [str(DATA / "index")],
    ["--v0-compatible", str(DATA / "old")],
    ["policies", "--ignore", "*.yaml", "--ignore", ".manifest"],
    ["-b", "policies"],
]


def outcome(result: dict[str, Any]) -> str:
    if "outcome" in result:
        return str(result["outcome"])
    if "error" in result:
        return "error"
    return "fail" if result.get("fail") else "skip" if result.get("skip") else "pass"


def cases(results: Any) -> Any:
    """Names and failures of cases, nested."""
    listed = results.values() if isinstance(results, dict) else results or []
    return {one["name"]: (bool(one.get("fail")), cases(one.get("sub_results"))) for one in listed}


def outcomes(results: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {
        (one["package"], one["name"]): (outcome(one), cases(one.get("sub_results")), one["location"]["row"])
        for one in results
    }


def lines(ranges: list[Any] | None) -> list[int]:
    spans = [range(one["start"]["row"], one["end"]["row"] + 1) for one in ranges or []]
    return sorted({line for span in spans for line in span})


@pytest.mark.parametrize("arguments", FOLDERS, ids=lambda one: " ".join(one)[-40:])
def test_outcomes(arguments: list[str]) -> None:
    theirs = run_program("opa", "test", "--format", "json", *arguments, cwd=ROOT)
    ours = run_lockgate("test", "--format", "json", *arguments, cwd=ROOT)
    expected = outcomes(json.loads(theirs.stdout))
    assert outcomes(json.loads(ours.out)["tests"]) == expected
    assert len(expected) > 3


@pytest.mark.parametrize("arguments", FOLDERS[1:5], ids=lambda one: " ".join(one)[-40:])
def test_coverage(arguments: list[str], tmp_path: Path) -> None:
    # With tests that fail opa tells no coverage.
    chosen = [*arguments, "--run", "violation|level|data.(lockgate|lib|q|q3|q4|q5|q6|members)[._]"]
    theirs = json.loads(
        run_program("opa", "test", "--coverage", "--format", "json", *chosen, cwd=ROOT).stdout
    )
    ours = json.loads(run_lockgate("test", "--coverage", "--format", "json", *chosen, cwd=ROOT).out)[
        "coverage"
    ]
    assert ours["files"].keys() == theirs["files"].keys()
    for name, expected in theirs["files"].items():
        found = ours["files"][name]
        for kind in ("covered", "not_covered"):
            assert lines(found[kind]) == lines(expected.get(kind)), (name, kind)
        assert found["coverage"] == pytest.approx(expected.get("coverage", 0))
    assert ours["coverage"] == pytest.approx(theirs["coverage"])


EXTERNAL = """package signed

violation contains {"msg": msg} if {
	response := external_data({"provider": "signatures", "keys": input.images})
	some row in response.errors
	msg := sprintf("%v: %v", row)
}

mock(request) := {"errors": [[key, "unsigned"] | some key in request.keys], "responses": [], "system_error": ""}

test_mocked if {
	violation == {{"msg": "a: unsigned"}} with input as {"images": ["a"]} with external_data as mock
}

test_asks_nobody if {
	count(violation) == 0 with input as {"images": ["a"]}
}
"""


def test_external_data_is_mocked(tmp_path: Path) -> None:
    """With capabilities that declare the function; a call that nothing stands in for is an error, not undefined."""
    known = json.loads(run_program("opa", "capabilities", "--current", cwd=tmp_path).stdout)
    declared = {"args": [{"type": "any"}], "result": {"type": "any"}, "type": "function"}
    known["builtins"].append({"name": "external_data", "decl": declared})
    (tmp_path / "capabilities.json").write_text(json.dumps(known))
    (tmp_path / "signed.rego").write_text(EXTERNAL)
    arguments = ["test", "--format", "json", "--capabilities", "capabilities.json", "signed.rego"]
    expected = outcomes(json.loads(run_program("opa", *arguments, cwd=tmp_path).stdout))
    assert outcomes(json.loads(run_lockgate(*arguments, cwd=tmp_path).out)["tests"]) == expected
    assert sorted(one[0] for one in expected.values()) == ["error", "pass"]
