"""`check --format junit`: JUnit's XML as CI servers read it (the schema junit-10.xsd of Jenkins' xUnit plugin).

A suite is a file, a case is a policy that says something of an object. There are no times: output is the same bytes
every time.
"""

from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lockgate.webhook.report import FailOn, Report
from lockgate.webhook.report_cases import Case, report_cases
from lockgate.webhook.terminal import printable

# What is no character of XML 1.0, besides the controls and surrogates that `printable` shows.
_NO_XML: Final = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def xml_text(text: str) -> str:
    """The text with everything that XML cannot hold, or that has no shape, written as an escape; lines are kept."""
    return "\n".join([printable(line).translate(_NO_XML) for line in text.splitlines()])


def _attribute(text: str) -> str:
    return xml_text(text).replace("\n", " ")


def render_junit(report: Report, fail_on: frozenset[FailOn]) -> str:
    """The report as JUnit's XML in UTF-8. `fail_on` says what is a failure besides violations that deny."""
    cases = report_cases(report, fail_on)
    root = Element("testsuites", {"name": "lockgate check", **_counts(cases)})
    for file, group in groupby(cases, key=lambda case: case.file):
        found = list(group)
        skipped = sum(case.outcome in ("skipped", "not evaluated") for case in found)
        suite = SubElement(
            root, "testsuite", {"name": _attribute(file), **_counts(found), "skipped": str(skipped)}
        )
        for case in found:
            _add(suite, case)
    if report.notices:
        notes = SubElement(
            root, "testsuite", name="notices", tests="0", failures="0", errors="0", skipped="0"
        )
        SubElement(notes, "system-out").text = xml_text("\n".join(report.notices))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _counts(cases: list[Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("error")),
    }


def _add(suite: Element, case: Case) -> None:
    named = {"classname": _attribute(case.file), "name": _attribute(case.name)}
    place = {"file": _attribute(case.file), "line": str(case.line)} if case.line else {}
    made = SubElement(suite, "testcase", {**named, **place})
    message, text = _attribute(case.message), xml_text("\n".join(case.details))
    if case.outcome == "passed":
        if text:
            SubElement(made, "system-out").text = text
    elif case.outcome in ("skipped", "not evaluated"):
        SubElement(made, "skipped", message=message).text = text or None
    else:
        name = "failure" if case.outcome == "failed" else "error"
        SubElement(made, name, type=case.kind, message=message).text = text or None
