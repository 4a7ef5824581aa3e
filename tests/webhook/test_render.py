"""The four formats: whole outputs, their schemas, and text that tries to break out of them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.render_github import render_github
from lockgate.webhook.render_json import render_json
from lockgate.webhook.render_sarif import render_sarif
from lockgate.webhook.render_text import MAX_QUOTED, render_text
from lockgate.webhook.report import FailOn, Quote, Report, Resource, SkippedInput, Unevaluated, make_report
from lockgate.webhook.terminal import Palette, is_safe, printable

from tests.shared_folder import ROOT
from tests.webhook.reports import full_report, hostile_report, make_finding

DATA = Path(__file__).parent / "data"
PLAIN = Palette(False)
EMPTY = make_report(0, 0, [], [], [], [], [])

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x07\r\n\t%:,&<>\"'\x9b\u202e\u2028\ufeff\u200b::"),
    ),
    min_size=1,
    max_size=40,
)


def check_schema() -> Any:
    return json.loads((ROOT / "webhook" / "schemas" / "check.schema.json").read_text())


def sarif_schema() -> Any:
    return json.loads((DATA / "sarif" / "sarif-schema-2.1.0.json").read_text())


SARIF = jsonschema.Draft4Validator(sarif_schema(), format_checker=jsonschema.FormatChecker())
CHECK = jsonschema.Draft202012Validator(check_schema())

TEXT = """\
b, c:d/100%.yaml
  b, c:d/100%.yaml:3:1  deny+warn  LockgateImmutableImages/pinned  Deployment shop/web
    image is not pinned
    fix: pin it by digest
    docs: https://example.org/pinned

broken.yaml
  broken.yaml:4:2  error
    4 |   a: [
      |      ^
    invalid YAML: no end
    fix: close it

deploy/web.yaml
  deploy/web.yaml:2:1  warn  LockgateImmutableImages/pinned  Deployment shop/web
    12 |         image: nginx:latest
       |                ^^^^^^^^^^^^
    two
    lines
    fix: pin it by digest
    docs: https://example.org/pinned

  deploy/web.yaml:12:16  deny  LockgateImmutableImages/pinned  Deployment shop/web
    12 |         image: nginx:latest
       |                ^^^^^^^^^^^^
    image is not pinned
    fix: pin it by digest
    docs: https://example.org/pinned

  deploy/web.yaml:12:16  dryrun  LockgateImmutableImages/trial  Deployment shop/web
    12 |         image: nginx:latest
       |                ^^^^^^^^^^^^
    image is not pinned

Skipped
  values.yaml:1  values for a Helm chart (render the chart)

Not evaluated
  Classes  needs a constraint
  Quota/gpu  Deployment shop/web  needs the inventory

note: something to know
7 objects in 3 files: 2 denied, 2 warned, 1 dry-run, 1 errors, 1 skipped, 2 not evaluated
"""

GITHUB = """\
::error file=b%2C c%3Ad/100%25.yaml,line=3,endLine=5,title=LockgateImmutableImages/pinned::Deployment shop/web: \
image is not pinned%0AFix: pin it by digest%0ASee https://example.org/pinned
::warning file=deploy/web.yaml,line=2,endLine=2,col=1,endColumn=3,title=LockgateImmutableImages/pinned::Deployment \
shop/web: two%0Alines%0AFix: pin it by digest%0ASee https://example.org/pinned
::error file=deploy/web.yaml,line=12,endLine=12,col=16,endColumn=28,title=LockgateImmutableImages/pinned::Deployment \
shop/web: image is not pinned%0AFix: pin it by digest%0ASee https://example.org/pinned
::notice file=deploy/web.yaml,line=12,endLine=12,col=16,endColumn=28,title=LockgateImmutableImages/trial::Deployment \
shop/web: image is not pinned
::error file=broken.yaml,line=4,col=2,title=Not judged::invalid YAML: no end%0Aclose it
::notice title=Not evaluated%3A Classes::needs a constraint
::notice title=Not evaluated%3A Quota/gpu::Deployment shop/web: needs the inventory
::notice::something to know
lockgate check: 7 documents, 2 denied, 2 warned, 1 dryrun, 1 errors, 1 skipped, 2 notEvaluated
"""


def test_text() -> None:
    assert render_text(full_report(), PLAIN) == TEXT


def test_text_in_colours_says_the_same() -> None:
    coloured = render_text(full_report(), Palette(True))
    assert "\x1b[31" in coloured
    for code in ("31", "33", "36", "32", "1", "2", "31;1", "33;1", "36;1", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == TEXT


def test_many_skipped_inputs_are_told_by_reason() -> None:
    skipped = [
        SkippedInput(f"{n:03}.yaml", 1, "a kustomization" if n % 3 else "empty", "") for n in range(100)
    ]
    shown = render_text(make_report(0, 100, [], [], skipped, [], []), PLAIN)
    assert shown.splitlines()[1:3] == [
        "  000.yaml:1 and 33 more  empty",
        "  001.yaml:1 and 65 more  a kustomization",
    ]
    assert len(json.loads(render_json(make_report(0, 100, [], [], skipped, [], [])))["skipped"]) == 100


def test_what_many_objects_need_is_told_once() -> None:
    entries = [
        Unevaluated("Unique", "u", Resource("v1", "Service", "a", f"s{n}"), "the inventory") for n in range(9)
    ]
    report = make_report(9, 1, [], [], [], entries, [])
    assert "  Unique/u  Service a/s0 and 8 more  needs the inventory\n" in render_text(report, PLAIN)
    assert "::notice title=Not evaluated%3A Unique/u::Service a/s0 and 8 more: needs" in render_github(report)
    assert len(json.loads(render_json(report))["notEvaluated"]) == 9


def test_many_rules_without_a_constraint_are_told_by_name() -> None:
    """They are the shipped ones that a profile does not have: what each needs would bury what was found."""
    rules = [Unevaluated(f"Rule{n}", "", None, f"a constraint with part{n}") for n in range(9)]
    one = Unevaluated("Quota", "gpu", None, "limits")
    report = make_report(1, 1, [], [], [], [*rules, one], [])
    shown = render_text(report, PLAIN)
    assert shown.splitlines()[:5] == [
        "Not evaluated",
        "  9 rules without a constraint: Rule0, Rule1, Rule2, Rule3, Rule4, Rule5, Rule6, Rule7, Rule8",
        "    what each needs: --format json, or its page (policies/catalogue.md)",
        "  Quota/gpu  needs limits",
        "",
    ]
    assert len(json.loads(render_json(report))["notEvaluated"]) == 10
    few = render_text(make_report(1, 1, [], [], [], rules[:5], []), PLAIN)
    assert "  Rule4  needs a constraint with part4\n" in few


def test_github() -> None:
    assert render_github(full_report()) == GITHUB


def test_json() -> None:
    made = json.loads(render_json(full_report()))
    CHECK.validate(made)
    assert made["summary"] == {
        "documents": 7,
        "denied": 2,
        "warned": 2,
        "dryrun": 1,
        "errors": 1,
        "skipped": 1,
        "notEvaluated": 2,
    }
    assert made["violations"][2] == {
        "policy": "LockgateImmutableImages",
        "constraint": "pinned",
        "rule": "workloads/immutable_images",
        "message": "image is not pinned",
        "actions": ["deny"],
        "file": "deploy/web.yaml",
        "line": 12,
        "column": 16,
        "endLine": 12,
        "endColumn": 28,
        "exact": True,
        "path": ["spec", "containers", 0, "image"],
        "resource": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
        "fix": "pin it by digest",
        "docs": "https://example.org/pinned",
    }
    assert made["violations"][3]["path"] is None
    assert made["errors"] == [
        {"file": "broken.yaml", "line": 4, "column": 2, "message": "invalid YAML: no end"}
    ]
    assert made["notEvaluated"][0] == {
        "policy": "Classes",
        "constraint": "",
        "resource": None,
        "needs": "a constraint",
    }


def test_sarif() -> None:
    made = json.loads(render_sarif(full_report(), 2))
    SARIF.validate(made)
    run = made["runs"][0]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error", "note"]
    location = run["results"][2]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "deploy/web.yaml"
    assert location["region"] == {
        "startLine": 12,
        "startColumn": 16,
        "endLine": 12,
        "endColumn": 28,
        "snippet": {"text": "        image: nginx:latest"},
    }
    first = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert first == "b%2C%20c%3Ad/100%25.yaml"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [
        "LockgateImmutableImages/pinned",
        "LockgateImmutableImages/trial",
    ]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["exitCode"] == 2


def test_fingerprints_survive_moved_lines() -> None:
    def fingerprint(report: Report) -> str:
        made = json.loads(render_sarif(report, 1))
        return str(made["runs"][0]["results"][0]["partialFingerprints"])

    here = make_report(1, 1, [make_finding()], [], [], [], [])
    moved = make_finding(span=full_report().findings[0].span)
    there = make_report(1, 1, [moved], [], [], [], [])
    other = make_report(1, 1, [make_finding(message="another")], [], [], [], [])
    assert fingerprint(here) == fingerprint(there) != fingerprint(other)


@pytest.mark.parametrize("report", [EMPTY, full_report()], ids=["empty", "full"])
def test_every_format_ends_with_one_newline(report: Report) -> None:
    for shown in (
        render_text(report, PLAIN),
        render_json(report),
        render_sarif(report, 0),
        render_github(report),
    ):
        assert shown.endswith("\n")
        assert not shown.endswith("\n\n")


@given(HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    report = hostile_report(text)
    shown = render_text(report, PLAIN)
    assert all(is_safe(one) or one == "\n" for one in shown)
    made = render_json(report)
    assert made.isascii()
    if not any("\ud800" <= one <= "\udfff" for one in text):
        CHECK.validate(json.loads(made))
    assert json.loads(made)["violations"][0]["message"] == text
    sarif = render_sarif(report, 2)
    assert sarif.isascii()
    SARIF.validate(json.loads(sarif))
    for line in render_github(report).splitlines():
        assert line.startswith(("::error ", "::notice", "lockgate check: "))
        assert all(is_safe(one) for one in line)


@given(st.text(max_size=300), st.integers(0, 310), st.integers(0, 310))
def test_the_underline_stands_below_the_line(text: str, first: int, second: int) -> None:
    line = "".join([one for one in text if one not in "\n\r"])
    start, end = sorted((min(first, len(line)), min(second, len(line))))
    report = make_report(1, 1, [make_finding(quote=Quote(7, line, start, end))], [], [], [], [])
    quoted, underline = render_text(report, PLAIN).split("\n")[2:4]
    assert quoted.startswith("    7 | ")
    assert underline.startswith("      | ")
    carets = underline.removeprefix("      | ")
    assert set(carets) <= {" ", "^"}
    assert "^" in carets
    if len(line) <= MAX_QUOTED and line.isascii() and line.isprintable():
        assert carets.index("^") == start
        assert carets.count("^") == max(1, end - start)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("é ☃", "é ☃"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\tb", "a\\x09b"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_controls_are_made_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


CODES: list[tuple[Report, frozenset[FailOn], int]] = [
    (EMPTY, frozenset(), 0),
    (make_report(1, 1, [make_finding()], [], [], [], []), frozenset(), 1),
    (make_report(1, 1, [make_finding(actions=("warn",))], [], [], [], []), frozenset(), 0),
    (make_report(1, 1, [make_finding(actions=("warn",))], [], [], [], []), frozenset({"warn"}), 1),
    (make_report(1, 1, [make_finding(actions=("dryrun",))], [], [], [], []), frozenset({"warn"}), 0),
    (make_report(1, 1, [make_finding(actions=("deny", "warn"))], [], [], [], []), frozenset({"warn"}), 1),
    (full_report(), frozenset({"deny"}), 2),
    (make_report(1, 1, [], [], [], list(full_report().not_evaluated), []), frozenset({"deny"}), 0),
    (make_report(1, 1, [], [], [], list(full_report().not_evaluated), []), frozenset({"not-evaluated"}), 2),
    (make_report(1, 1, [], [], list(full_report().skipped), [], []), frozenset({"warn"}), 0),
]


@pytest.mark.parametrize(("report", "fail_on", "code"), CODES)
def test_exit_codes(report: Report, fail_on: frozenset[FailOn], code: int) -> None:
    assert report.exit_code(fail_on) == code
