"""The tables of facts in tests/gatekeeper, put to the real gator: it must agree with every row."""

import re
from collections import Counter
from contextlib import chdir
from pathlib import Path

import pytest
from lockgate.gatekeeper.suite_report import render_report
from lockgate.gatekeeper.suite_run import run_suites
from lockgate.gatekeeper.template import EngineChoice

from tests.e2e.programs import run_program
from tests.gatekeeper.cel_cases import CEL_CASES, REFUSED, cel_template
from tests.gatekeeper.constraint_cases import CONSTRAINT_CASES
from tests.gatekeeper.match_cases import MATCH_CASES
from tests.gatekeeper.review_cases import REVIEW_CASES
from tests.gatekeeper.suite_cases import write_suite
from tests.gatekeeper.template_cases import TEMPLATE_CASES
from tests.gatekeeper.workbench import DUMP_REVIEW, Json, SuiteFolder, constraint, manifest, template
from tests.shared_folder import shared_path

pytestmark = pytest.mark.e2e

ASSERTIONS: dict[str, list[Json]] = {
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


def test_cel(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for case in CEL_CASES:
        counts = Counter(case.messages)
        assertions: list[Json] = [{"violations": len(case.messages)}]
        assertions += [
            {"violations": count, "message": f"^{re.escape(message)}$"} for message, count in counts.items()
        ]
        suite.test(case.name, case.template, constraint(case.spec), [(case.value, (), assertions)])
    said = verify(suite)
    assert "FAIL" not in said, said


def test_cel_that_is_refused(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for name, source, _ in REFUSED:
        suite.test(name, cel_template(source), constraint({}), [(manifest(), (), [{"violations": 0}])])
    said = verify(suite)
    assert [name for name, _, _ in REFUSED if f"--- FAIL: {name}\t" not in said] == [], said


def _outcomes(text: str) -> list[str]:
    """The lines that tell outcomes, without the times, and not what was said of failures."""
    words = ("=== RUN", "=== SKIP", "--- PASS", "--- FAIL", "ok\t", "FAIL\t")
    lines = [line.rsplit("\t", 1)[0] for line in text.splitlines() if line.lstrip().startswith(words)]
    return [line for line in lines if line]


def test_a_suite_with_everything(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    theirs = run_program("gator", "verify", "-v", path.name, cwd=tmp_path)
    with chdir(tmp_path):
        report = run_suites([path.name])
    assert theirs.returncode == (1 if report.failed else 0)
    assert _outcomes(render_report(report, "all")) == _outcomes(theirs.stdout)


def test_messages_of_a_suite_with_everything(tmp_path: Path) -> None:
    """Where a case fails for its violations, both list the same messages."""
    path = write_suite(tmp_path)
    theirs = run_program("gator", "verify", path.name, cwd=tmp_path).stdout
    with chdir(tmp_path):
        ours = render_report(run_suites([path.name]))
    pattern = re.compile(r"got (\d+) violations.*: (got messages \[.*\])")
    assert pattern.findall(ours) == pattern.findall(theirs) != []


@pytest.mark.parametrize(("engine", "flag"), [("rego", "false"), ("default", "true")])
def test_the_library(engine: EngineChoice, flag: str, tmp_path: Path) -> None:
    folder = shared_path("vectors", "gatekeeper-library")
    theirs = run_program(
        "gator", "verify", "-v", f"--enable-k8s-native-validation={flag}", f"{folder}/...", cwd=tmp_path
    )
    report = run_suites([f"{folder}/..."], engine=engine)
    assert _outcomes(render_report(report, "all")) == _outcomes(theirs.stdout)
