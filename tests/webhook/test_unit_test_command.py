"""`lockgate test`: files, formats and exit codes."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.shared_folder import ROOT
from tests.webhook.helpers import run_lockgate

DATA = Path(__file__).parent / "data" / "unit_tests"
PASSES = 'package p\nimport data.q\ntest_a if q.x == 1\ntest_b if data.names.list[0] == "n"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p_test.rego").write_text(PASSES)
    (tmp_path / "q.rego").write_text("package q\nx := 1\ny if input.z\n")
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "list.yaml").write_text("list: [n]\n")
    return tmp_path


def test_shipped_rules_pass() -> None:
    ran = run_lockgate("test", "policies", cwd=ROOT)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith(" passed, 0 failed\n")


def test_passing(folder: Path) -> None:
    ran = run_lockgate("test", str(folder))
    assert (ran.code, ran.out, ran.err) == (0, "2 passed, 0 failed\n", "")
    assert "PASS  data.p.test_a" in run_lockgate("test", "-v", str(folder)).out


def test_failing(folder: Path) -> None:
    (folder / "r_test.rego").write_text(
        'package r\ntest_c if {\n  x := "v"\n  print("hello")\n  x == "w"\n}\n'
    )
    ran = run_lockgate("test", ".", cwd=folder)
    assert ran.code == 1
    assert "test_a" not in ran.out
    for part in ("FAIL  data.r.test_c  ./r_test.rego:2:1", 'at 5:3  x == "w"', 'x = "v"', "hello"):
        assert part in ran.out, ran.out


def test_error_and_nothing_found(folder: Path) -> None:
    assert run_lockgate("test", "--run", "none", str(folder)).code == 2
    assert "no test found" in run_lockgate("test", str(folder / "q.rego")).err
    assert run_lockgate("test", str(folder / "absent")).code == 2
    (folder / "r_test.rego").write_text("package r\nx := 1\nx := 2\ntest_c if x\n")
    ran = run_lockgate("test", str(folder))
    assert ran.code == 2
    assert "eval_conflict_error" in ran.out
    (folder / "r_test.rego").write_text("package r\ntest_c {")
    ran = run_lockgate("test", str(folder))
    assert (ran.code, "r_test.rego:2:8" in ran.err) == (2, True), ran.err


def test_time_is_limited(folder: Path) -> None:
    body = "some x in numbers.range(1, 2000)\n  some y in numbers.range(1, 2000)\n  x * y == 0"
    (folder / "r_test.rego").write_text(f"package r\ntest_c if {{\n  {body}\n}}\n")
    ran = run_lockgate("test", "--timeout", "0.1", str(folder))
    assert ran.code == 2
    assert "0.1 seconds" in ran.out, ran.out
    assert "1 in error" in ran.out


def test_filter_is_a_regular_expression(folder: Path) -> None:
    out = run_lockgate("test", "-v", "--run", r"test_[b-z]$", str(folder)).out
    assert "test_b" in out
    assert "test_a" not in out
    assert run_lockgate("test", "--run", "(", str(folder)).code == 2


def test_coverage_and_threshold(folder: Path) -> None:
    ran = run_lockgate("test", "--threshold", "90", str(folder))
    assert ran.code == 1
    assert "q.rego  not covered: 3" in ran.out
    assert "is below 90.00 %" in ran.err
    assert run_lockgate("test", "--threshold", "70", str(folder)).code == 0
    assert "Coverage" in run_lockgate("test", "--coverage", str(folder)).out


def test_json() -> None:
    ran = run_lockgate("test", "--format", "json", "--coverage", str(DATA / "outcomes"))
    report = json.loads(ran.out)
    assert report["schemaVersion"] == 1
    tests = {test["name"]: test for test in report["tests"] if test["package"] == "data.app_test"}
    assert tests["test_cases"]["sub_results"] == [{"name": "a", "fail": False}, {"name": "b", "fail": True}]
    assert tests["test_print"]["output"] == ['got [1, {"a": 2}] <undefined>']
    assert tests["test_deny"]["reasons"][0]["failed"]["values"] == {"found": '{"bad b"}'}
    assert report["summary"]["error"] == 2
    assert 0 < report["coverage"]["coverage"] < 100


def test_junit(folder: Path) -> None:
    (folder / "r_test.rego").write_text('package r\ntest_c if print("\\u0007") == 1\ntodo_test_d if false\n')
    (folder / "r_test.rego").write_text(
        'package r\ntest_c if {\n  print("\\u0007<")\n  false\n}\ntodo_test_d if false\n'
    )
    output = folder / "tests.xml"
    ran = run_lockgate("test", "--format", "junit", "--output", str(output), str(folder))
    assert (ran.code, ran.out) == (1, "")
    suites = ElementTree.fromstring(output.read_text())
    assert {suite.get("name"): suite.get("failures") for suite in suites} == {"data.p": "0", "data.r": "1"}
    (failure,) = suites.iter("failure")
    assert failure.text is not None
    assert "at 4:3  false" in failure.text
    assert len(list(suites.iter("skipped"))) == 1


def test_data_that_meets_is_refused(folder: Path) -> None:
    (folder / "a.json").write_text('{"k": 1}')
    (folder / "b.json").write_text('{"k": 2}')
    ran = run_lockgate("test", str(folder))
    assert ran.code == 2
    assert "data.k is given by another file already" in ran.err
    assert run_lockgate("test", "--ignore", "b.json", str(folder)).code == 0


def test_bundles_take_data_files_only(folder: Path) -> None:
    (folder / ".manifest").write_text('{"rego_version": 1}')
    (folder / "a.json").write_text('{"k": 1}')
    (folder / "b.json").write_text('{"k": 2}')
    (folder / "names" / "list.yaml").rename(folder / "names" / "data.yaml")
    assert run_lockgate("test", str(folder)).code == 0


def test_old_rego_and_help() -> None:
    assert run_lockgate("test", "--v0-compatible", str(DATA / "old")).code == 1
    assert run_lockgate("test", str(DATA / "old")).code == 2
    assert "lockgate test policies/" in run_lockgate("test", "--help").out


def test_secrets_are_masked(folder: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5" * 4
    (folder / "r_test.rego").write_text(f'package r\ntest_c if {{\n  x := "{token}"\n  x == ""\n}}\n')
    out = run_lockgate("test", str(folder)).out
    assert token[8:] not in out
    assert "***" in out


def test_capabilities_say_what_policies_may_use(tmp_path: Path) -> None:
    policy = 'package p\nx := http.send({"method": "get", "url": "http://a.b"})\n'
    (tmp_path / "p.rego").write_text(
        policy + 'test_x if x.a == 1 with http.send as {"a": 1}\ntest_y if count("a") == 1\n'
    )
    ran = run_lockgate("test", "p.rego", cwd=tmp_path)
    assert ran.code == 2
    assert "p.rego:2:6" in ran.err
    assert "undefined function http.send" in ran.err
    builtins = [{"name": name} for name in ("http.send", "eq", "equal", "count")]
    value = {"builtins": builtins, "features": ["rego_v1"], "allow_net": []}
    (tmp_path / "allowed.json").write_text(json.dumps(value))
    ran = run_lockgate("test", "--capabilities", "allowed.json", "p.rego", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "2 passed, 0 failed\n"), ran.err
    (tmp_path / "allowed.json").write_text(json.dumps({**value, "builtins": builtins[:3]}))
    ran = run_lockgate("test", "--capabilities", "allowed.json", "p.rego", cwd=tmp_path)
    assert (ran.code, "undefined function count" in ran.err) == (2, True)
    (tmp_path / "allowed.json").write_text("[]")
    for file in ("allowed.json", "absent.json"):
        ran = run_lockgate("test", "--capabilities", file, "p.rego", cwd=tmp_path)
        assert (ran.code, file in ran.err) == (2, True), ran.err
