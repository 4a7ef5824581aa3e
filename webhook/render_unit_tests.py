"""The outcome of unit tests of policies: as text, as JSON and in JUnit's XML."""

import json
from collections.abc import Mapping
from typing import Final, Literal

from lockgate.engine.codegen.printing import Printed
from lockgate.engine.masking.masker import Masker
from lockgate.engine.rego.spans import Range
from lockgate.engine.rego.testing.coverage import Coverage, FileCoverage
from lockgate.engine.rego.testing.run import CaseResult, Outcome, TestResult, TestRun
from lockgate.webhook.render_reasons import reason_json, reason_lines
from lockgate.webhook.terminal import Palette, printable

Detail = Literal["all", "failures"]

_STYLES: Final[Mapping[Outcome, str]] = {"pass": "green", "fail": "red", "error": "red", "skip": "yellow"}
_COUNTED: Final[tuple[Outcome, ...]] = ("pass", "fail", "error", "skip")
_WORDS: Final[Mapping[Outcome, str]] = {
    "pass": "passed",
    "fail": "failed",
    "error": "in error",
    "skip": "skipped",
}


def render_text(run: TestRun, detail: Detail, palette: Palette) -> str:
    """The failed tests, or all, then the coverage and the counts."""
    masker = Masker()
    lines: list[str] = []
    for result in run.results:
        if detail == "all" or result.outcome != "pass":
            lines += _test_lines(result, detail, masker, palette)
    if run.coverage is not None:
        lines += _coverage_lines(run.coverage)
    counts: dict[Outcome, int] = {outcome: run.count(outcome) for outcome in _COUNTED}
    shown = [
        palette.paint(f"{count} {_WORDS[outcome]}", _STYLES[outcome])
        for outcome, count in counts.items()
        if count or outcome in ("pass", "fail")
    ]
    lines.append(", ".join(shown))
    return "\n".join(lines) + "\n"


def _test_lines(result: TestResult, detail: Detail, masker: Masker, palette: Palette) -> list[str]:
    word = palette.paint(result.outcome.upper(), _STYLES[result.outcome], "bold")
    took = f"  ({result.duration_ns / 1e6:.2f} ms)" if result.outcome != "skip" else ""
    lines = [f"{word}  {printable(result.rule.full_name)}  {printable(str(result.rule.location))}{took}"]
    for case in result.cases:
        lines += _case_lines(case, detail, palette, "  ")
    if result.error:
        lines.append(f"  {printable(masker.text(result.error))}")
    if result.outcome == "fail":
        for reason in result.reasons:
            lines += reason_lines(reason, masker, palette, "  ", "shown" if detail == "all" else "hidden")
    if result.output:
        lines.append("  printed:")
        lines += [f"    {_printed(one, masker)}" for one in result.output]
    return lines


def _printed(one: Printed, masker: Masker) -> str:
    return f"{printable(masker.text(one.text))}  ({printable(str(one.location))})"


def _case_lines(case: CaseResult, detail: Detail, palette: Palette, indent: str) -> list[str]:
    if not case.failed and detail != "all":
        return []
    word = palette.paint("FAIL", "red") if case.failed else palette.paint("PASS", "green")
    lines = [f"{indent}{word}  {printable(case.name)}"]
    for below in case.cases:
        lines += _case_lines(below, detail, palette, indent + "  ")
    return lines


def _coverage_lines(coverage: Coverage) -> list[str]:
    lines = ["Coverage"]
    for name, file in coverage.files.items():
        missing = ", ".join([f"{a}" if a == b else f"{a}-{b}" for a, b in missing_lines(file)])
        rest = f"  not covered: {missing}" if missing else ""
        lines.append(f"  {file.percentage:6.2f} %  {printable(name)}{rest}")
    lines.append(f"  {coverage.percentage:6.2f} %  in all")
    return lines


def missing_lines(file: FileCoverage) -> list[tuple[int, int]]:
    """The lines that are not covered, from and to."""
    lines = sorted({line for one in file.not_covered for line in range(one.line, one.end_line + 1)})
    spans: list[tuple[int, int]] = []
    for line in lines:
        if spans and spans[-1][1] == line - 1:
            spans[-1] = (spans[-1][0], line)
        else:
            spans.append((line, line))
    return spans


def render_json(run: TestRun) -> str:
    """Everything, for programs; the fields of tests and coverage are named as those of `opa test`."""
    masker = Masker()
    made: dict[str, object] = {
        "schemaVersion": 1,
        "summary": {outcome: run.count(outcome) for outcome in _COUNTED},
        "tests": [_test_json(result, masker) for result in run.results],
    }
    if run.coverage is not None:
        made["coverage"] = _coverage_json(run.coverage)
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _test_json(result: TestResult, masker: Masker) -> dict[str, object]:
    location = result.rule.location
    made: dict[str, object] = {
        "location": {"file": location.file, "row": location.line, "col": location.column},
        "package": result.rule.package_name,
        "name": result.rule.name,
        "outcome": result.outcome,
        "duration": result.duration_ns,
    }
    if result.cases:
        made["sub_results"] = [_case_json(case) for case in result.cases]
    if result.error:
        made["error"] = masker.text(result.error)
    if result.reasons:
        made["reasons"] = [reason_json(reason, masker) for reason in result.reasons]
    if result.output:
        made["output"] = [masker.text(one.text) for one in result.output]
    return made


def _case_json(case: CaseResult) -> dict[str, object]:
    made: dict[str, object] = {"name": case.name, "fail": case.failed}
    if case.cases:
        made["sub_results"] = [_case_json(below) for below in case.cases]
    return made


def _coverage_json(coverage: Coverage) -> dict[str, object]:
    return {
        "files": {
            name: {
                "covered": [_range_json(one) for one in file.covered],
                "not_covered": [_range_json(one) for one in file.not_covered],
                "covered_lines": file.covered_lines,
                "not_covered_lines": file.not_covered_lines,
                "coverage": file.percentage,
            }
            for name, file in coverage.files.items()
        },
        "covered_lines": coverage.covered_lines,
        "not_covered_lines": coverage.not_covered_lines,
        "coverage": coverage.percentage,
    }


def _range_json(one: Range) -> dict[str, object]:
    return {
        "start": {"row": one.line, "col": one.column},
        "end": {"row": one.end_line, "col": one.end_column},
    }


def render_junit(run: TestRun) -> str:
    """JUnit's XML: a suite for each package, its reasons as the text of a failure."""
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    masker, palette = Masker(), Palette(coloured=False)
    root = Element("testsuites", name="lockgate test")
    packages: dict[str, list[TestResult]] = {}
    for result in run.results:
        packages.setdefault(result.rule.package_name, []).append(result)
    for package, results in packages.items():
        outcomes = [result.outcome for result in results]
        suite = SubElement(
            root,
            "testsuite",
            name=printable(package),
            tests=str(len(results)),
            failures=str(outcomes.count("fail")),
            errors=str(outcomes.count("error")),
            skipped=str(outcomes.count("skip")),
            time=_seconds(sum([result.duration_ns for result in results])),
        )
        for result in results:
            location = result.rule.location
            case = SubElement(
                suite,
                "testcase",
                classname=printable(package),
                name=printable(result.rule.name),
                file=printable(location.file),
                line=str(location.line),
                time=_seconds(result.duration_ns),
            )
            if result.outcome == "fail":
                lines = [line for one in result.reasons for line in reason_lines(one, masker, palette)]
                failed = [line for one in result.cases for line in _case_lines(one, "failures", palette, "")]
                SubElement(case, "failure", message="the test is not true").text = "\n".join(
                    [*failed, *lines]
                )
            elif result.outcome == "error":
                SubElement(case, "error", message=printable(masker.text(result.error)))
            elif result.outcome == "skip":
                SubElement(case, "skipped")
            if result.output:
                text = "\n".join([_printed(one, masker) for one in result.output])
                SubElement(case, "system-out").text = text
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:.6f}"
