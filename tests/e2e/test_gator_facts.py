"""The tables of facts in tests/gatekeeper, put to the real gator: it must agree with every row."""

import re
from pathlib import Path

import pytest

from tests.e2e.programs import run_program
from tests.gatekeeper.constraint_cases import CONSTRAINT_CASES
from tests.gatekeeper.match_cases import MATCH_CASES
from tests.gatekeeper.review_cases import REVIEW_CASES
from tests.gatekeeper.template_cases import TEMPLATE_CASES
from tests.gatekeeper.workbench import DUMP_REVIEW, SuiteFolder, constraint, manifest, template

pytestmark = pytest.mark.e2e

ASSERTIONS = {
    "match": [{"violations": 1, "message": "^hit$"}],
    "no": [{"violations": 0}],
    "error": [{"violations": 1, "message": "unable to match constraints"}],
}


def verify(suite: SuiteFolder) -> str:
    """What gator says of a suite."""
    result = run_program("gator", "verify", suite.write().name, cwd=suite.folder)
    assert result.returncode in (0, 1), result.stderr
    return result.stdout + result.stderr


def test_match(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for case in MATCH_CASES:
        spec = {} if case.match is None else {"match": case.match}
        suite.test(
            case.name, template(), constraint(spec), [(case.value, case.namespaces, ASSERTIONS[case.outcome])]
        )
    said = verify(suite)
    assert "FAIL" not in said, said


def test_reviews(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for case in REVIEW_CASES:
        pattern = f"^{re.escape(case.shown)}$"
        assertion = {"violations": 1, "message": pattern}
        suite.test(
            case.name, template(DUMP_REVIEW), constraint({}), [(case.value, case.namespaces, [assertion])]
        )
    said = verify(suite)
    assert "FAIL" not in said, said


def test_constraints(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for case in CONSTRAINT_CASES:
        made = template(case.rego, schema=case.schema)
        pod = [(manifest(), (), [{"violations": 1, "message": f"^{re.escape(case.shown)}$"}])]
        if case.outcome == "valid":
            suite.test(case.name, made, case.value, pod)
        else:
            suite.test(case.name, made, case.value, [], invalid=True)
    said = verify(suite)
    wrong = set()
    for case in CONSTRAINT_CASES:
        failed = f"--- FAIL: {case.name}\t" in said
        # A constraint that is wrong, but not by its schema, fails a test of `invalid`; so does a valid one.
        if failed is not (case.outcome == "refused"):
            wrong.add(case.name)
        if case.outcome == "refused":
            block = said.split(f"--- FAIL: {case.name}\t")[1].split("--- FAIL")[0] if failed else ""
            if "got error %!w(<nil>)" in block:
                wrong.add(case.name)
    assert not wrong, said


def test_templates(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for case in TEMPLATE_CASES:
        suite.test(
            case.name, case.value, constraint({}, kind=case.kind), [(manifest(), (), [{"violations": "yes"}])]
        )
    said = verify(suite)
    disagreed = [
        case.name for case in TEMPLATE_CASES if (f"--- FAIL: {case.name}\t" in said) is not bool(case.message)
    ]
    assert not disagreed, said
