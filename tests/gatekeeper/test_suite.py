"""Suites: what passes and fails, the filter, the files, and the report's shape."""

import json
import re
from pathlib import Path

import pytest
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.errors import PolicyError, UsageError
from lockgate.gatekeeper.suite_files import find_suites
from lockgate.gatekeeper.suite_report import SuiteReport, render_report
from lockgate.gatekeeper.suite_run import run_suites

from tests.gatekeeper.suite_cases import ASSERTIONS, write_suite
from tests.gatekeeper.workbench import HIT, SuiteFolder, constraint, manifest, template
from tests.shared_folder import shared_path

CEL = {"engine": "K8sNativeValidation", "source": {"validations": [{"expression": "true"}]}}
YES = [{"violations": "yes"}]
NO = [{"violations": "no"}]


def verify(path: Path | str, **options: object) -> SuiteReport:
    return run_suites([str(path)], **options)  # type: ignore[arg-type]


def outcomes(report: SuiteReport) -> dict[str, str]:
    return {
        f"{test.name}/{case.name}": case.outcome
        for suite in report.suites
        for test in suite.tests
        for case in test.cases
    }


def test_assertions(tmp_path: Path) -> None:
    found = outcomes(verify(write_suite(tmp_path)))
    wrong = [
        name
        for name, _, holds in ASSERTIONS
        if found[f"assertions/{name}"] != ("passed" if holds else "failed")
    ]
    assert not wrong


def test_tests_and_cases(tmp_path: Path) -> None:
    report = verify(write_suite(tmp_path))
    tests = {test.name: test for test in report.suites[0].tests}
    expected = {
        "inventory": "passed",
        "conflict is a violation": "passed",
        "msg that is no string": "failed",
        "refused requests": "failed",
        "request": "passed",
        "skipped test": "skipped",
        "skipped case": "passed",
        "invalid": "passed",
        "not invalid": "failed",
        "invalid by an unknown field": "failed",
        "wrong constraint": "failed",
        "wrong template": "failed",
        "no cases": "passed",
        "no template": "failed",
        "no constraint": "failed",
        "absent template": "failed",
        "a constraint for a template": "failed",
        "a template for a constraint": "failed",
        "objects": "failed",
    }
    assert {name: tests[name].outcome for name in expected} == expected
    assert [case.outcome for case in tests["objects"].cases] == ["failed"] * 4 + ["passed"]
    assert {case.outcome for case in tests["refused requests"].cases} == {"failed"}
    for test in tests.values():
        for text in [case.text for case in test.cases if case.outcome == "failed"] + [test.text] * (
            test.outcome == "failed" and not test.cases
        ):
            assert text and "Traceback" not in text
    assert report.failed


def test_yaml_words(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    suite.test("t", template(), constraint({}), [(manifest(), (), YES)])
    path = suite.write()
    text = path.read_text()
    for word, outcome in (
        ("yes", "passed"),
        ("no", "failed"),
        ('"yes"', "passed"),
        ("1", "passed"),
        ("2", "failed"),
    ):
        path.write_text(text.replace('"violations": "yes"', f'"violations": {word}'))
        assert list(outcomes(verify(path)).values()) == [outcome], word
    for word in ("true", "Yes", "on"):
        path.write_text(text.replace('"violations": "yes"', f'"violations": {word}'))
        with pytest.raises(PolicyError, match="nonnegative integer"):
            verify(path)


@pytest.mark.parametrize(
    ("word", "outcome"), [("yes", "passed"), ("no", "failed"), ("1", "passed"), ("2", "failed")]
)
@pytest.mark.parametrize("flow", ["", "inventory: {}\nx: {y: no}\n"])
def test_yaml_words_of_suites_in_plain_style(tmp_path: Path, word: str, outcome: str, flow: str) -> None:
    suite = SuiteFolder(tmp_path)
    suite.test("t", template(), constraint({}), [(manifest(), (), YES)])
    path = suite.write()
    (test,) = json.loads(path.read_text())["tests"]
    path.write_text(
        "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\nskip: no\n"
        f"{flow}tests:\n- name: yes\n  template: {test['template']}\n  constraint: {test['constraint']}\n"
        f"  cases:\n  - name: no\n    object: {test['cases'][0]['object']}\n    assertions:\n"
        f"    - violations: {word} # as told\n"
    )
    assert outcomes(verify(path)) == {"yes/no": outcome}


@pytest.mark.parametrize(
    ("run", "taken"),
    [
        (None, ["red/a", "red/b", "green/a", "green/red"]),
        ("", ["red/a", "red/b", "green/a", "green/red"]),
        ("red", ["red/a", "red/b", "green/red"]),
        ("^a$", ["red/a", "green/a"]),
        ("green//", ["green/a", "green/red"]),
        ("//a", ["red/a", "green/a"]),
        ("red//b", ["red/b"]),
        ("e//e", ["green/red"]),
    ],
)
def test_run_filter(tmp_path: Path, run: str | None, taken: list[str]) -> None:
    suite = SuiteFolder(tmp_path)
    for name, cases in (("red", "ab"), ("green", ["a", "red"])):
        suite.test(name, template(), constraint({}), [(manifest(), (), YES)] * 2)
        for case, wanted in zip(suite.tests[-1]["cases"], cases, strict=True):
            case["name"] = wanted
    report = verify(suite.write(), run=run)
    assert [name for name, outcome in outcomes(report).items() if outcome == "passed"] == taken
    assert report.count("passed") == len(taken)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("a//b//c", "at most one"),
        ("(", "invalid test filter"),
        ("nothing-like-this", "no test or case matches"),
    ],
)
def test_wrong_filters(tmp_path: Path, run: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify(write_suite(tmp_path), run=run)


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("top", "top/b", "top/a"):
        (tmp_path / name).mkdir()
        suite = SuiteFolder(tmp_path / name)
        suite.test("t", template(), constraint({}), [(manifest(), (), YES)])
        suite.write()
    (tmp_path / "empty").mkdir()
    (tmp_path / "top" / "notes.txt").write_text("kind: Suite")
    (tmp_path / "top" / "chart.yaml").write_text("{{ helm }}")
    monkeypatch.chdir(tmp_path)
    assert [suite.path for suite in verify("top").suites] == ["top/suite.yaml"]
    everything = ["top/a/suite.yaml", "top/b/suite.yaml", "top/suite.yaml"]
    assert [suite.path for suite in verify("top/...").suites] == everything
    assert [suite.path for suite in verify("top/a/suite.yaml").suites] == everything[:1]
    assert [suite.path for suite in run_suites(["top", "top/suite.yaml"]).suites] == ["top/suite.yaml"]
    monkeypatch.chdir(tmp_path / "top")
    assert [suite.path for suite in verify("./...").suites] == [f"./{path[4:]}" for path in everything]
    for path, message in (
        ("../empty", "no Suite"),
        ("../empty/...", "no Suite"),
        ("absent", "does not exist"),
        ("suite.yaml/...", "not a folder"),
        ("notes.txt", "no YAML file"),
        ("0-template.yaml", "no Suite"),
    ):
        with pytest.raises(UsageError, match=message):
            verify(path)


def test_a_suite_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text("apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\ntests: {")
    with pytest.raises(PolicyError) as caught:
        verify(tmp_path)
    assert caught.value.location is not None and caught.value.location.file.endswith("suite.yaml")
    (tmp_path / "suite.yaml").write_text(
        "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\ntests: {a: b}\n"
    )
    with pytest.raises(PolicyError, match="tests must be a list"):
        verify(tmp_path)


def test_the_reports_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = SuiteFolder(tmp_path)
    suite.test("good", template(), constraint({}), [(manifest(), (), YES)] * 2)
    suite.tests[-1]["cases"][1]["skip"] = True
    suite.test("bad", template(), constraint({}), [(manifest(), (), [{"violations": 0, "message": "h"}])])
    suite.test("worse", template("package x"), constraint({}), [(manifest(), (), YES)])
    suite.test("later", template(), constraint({}), [], skip=True)
    suite.write()
    monkeypatch.chdir(tmp_path)
    report = verify("suite.yaml", clock=lambda: 1.5)
    short = render_report(report).splitlines()
    assert short[:5] == [
        "    --- FAIL: 0\t(0.000s)",
        '        unexpected number of violations: got 1 violations containing "h" but want exactly 0: got messages [hit]',
        "--- FAIL: bad\t(0.000s)",
        "--- FAIL: worse\t(0.000s)",
        short[4],
    ]
    assert "missing required rules: [violation]" in short[4] and short[4].startswith("  ")
    assert short[5:] == ["FAIL\tsuite.yaml\t0.000s", "FAIL", "1 passed, 2 failed, 2 skipped"]
    long = render_report(report, "all").splitlines()
    assert long[:5] == [
        "=== RUN   good",
        "    === RUN   0",
        "    --- PASS: 0\t(0.000s)",
        "    === SKIP  1",
        "--- PASS: good\t(0.000s)",
    ]
    assert "=== SKIP  later" in long


def test_what_gator_passes_over_is_run_where_the_suite_is_external(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    plain = verify(path)
    text = path.read_text().replace('"kind": "Suite",', '"kind": "Suite", "skip": true, "external": true,')
    path.write_text(text.replace('"template": ', '"skip": true, "template": '))
    report = verify(path)
    assert report.count("passed") == plain.count("passed") > 0
    assert "skipped" not in [test.outcome for test in report.suites[0].tests]


def test_a_skipped_suite(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    path.write_text(path.read_text().replace('"kind": "Suite",', '"kind": "Suite", "skip": true,'))
    report = verify(path)
    assert not report.failed and report.suites[0].skipped and report.count("passed") == 0
    assert re.search(r"^ok\t.*suite.yaml\t0.000s$", render_report(report), re.MULTILINE)


def test_the_library_of_gatekeeper_passes() -> None:
    folder = shared_path("vectors", "gatekeeper-library")
    report = verify(f"{folder}/...", engine="rego")
    assert not report.failed, render_report(report)
    assert len(report.suites) == 28 and report.count("skipped") == 0 and report.count("passed") > 100
    plain = verify(f"{folder}/...")
    assert not plain.failed, render_report(plain)
    assert plain.count("skipped") == 0 and plain.count("passed") == report.count("passed")


@pytest.mark.parametrize("path", ["{}/...", "{}/a.yaml"])
def test_only_a_folder_is_told_to_be_looked_below(tmp_path: Path, path: str) -> None:
    (tmp_path / "a.yaml").write_text("a: b\n")
    with pytest.raises(UsageError) as found:
        find_suites([path.format(tmp_path)])
    assert "/..." not in found.value.hint


def test_the_engine_that_is_asked_for(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    suite.test("both", template(HIT, code=[CEL]), constraint({}), [(manifest(), (), NO)])
    path = suite.write()
    report = verify(path)
    assert (report.count("passed"), report.count("failed"), report.count("skipped")) == (1, 0, 0)
    assert render_report(report).endswith("\nPASS\n1 passed, 0 failed\n")
    report = verify(path, engine="rego")
    assert (report.count("passed"), report.count("failed"), report.count("skipped")) == (0, 1, 0)


def test_with_compiled_templates_from_the_cache_a_suite_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "suite").mkdir()
    path = write_suite(tmp_path / "suite")
    cache = CodeCache(str(tmp_path / "cache"), b"a")
    texts = [
        render_report(run_suites([str(path)], cache=given, clock=lambda: 0.0), "all")
        for given in (None, cache, cache)
    ]
    assert texts[0] == texts[1] == texts[2]
    assert len(list((tmp_path / "cache").iterdir())) > 1
