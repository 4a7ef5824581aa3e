"""Templates against a table of facts, and the places that their errors name."""

import pytest
from lockgate.engine.errors import PolicyError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.gatekeeper.cel_engine import CelEngine
from lockgate.gatekeeper.loader import Compilers, load_policies, prepare_template
from lockgate.gatekeeper.problems import flatten
from lockgate.gatekeeper.rego_compile import ModuleCache
from lockgate.gatekeeper.rego_template import TemplateCompiler
from lockgate.gatekeeper.template import parse_template

from tests.gatekeeper.template_cases import TEMPLATE_CASES, TemplateCase
from tests.gatekeeper.workbench import HIT, document, documents, template


def load(case: TemplateCase) -> list[PolicyError]:
    try:
        parsed = parse_template(document(case.value, "template.yaml"))
        compilers = Compilers(TemplateCompiler(Capabilities()), CelEngine())
        prepare_template(parsed, engine="default", compilers=compilers)
    except PolicyError as error:
        return flatten(error)
    return []


@pytest.mark.parametrize("case", TEMPLATE_CASES, ids=lambda case: case.name)
def test_template_facts(case: TemplateCase) -> None:
    errors = load(case)
    if not case.message:
        assert not errors
        return
    assert any(case.message in error.message for error in errors), errors
    for error in errors:
        assert (
            error.location is not None and error.location.file == "template.yaml" and error.location.line > 0
        )


TEXT = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: probe
spec:
  crd:
    spec:
      names:
        kind: Probe
      validation:
        openAPIV3Schema:
          type: object
          properties:
            a:
              typ: string
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package probe

        import data.other

        violation[{"details": {}}] { true }
        violation[{"msg": msg}] {
          msg := data.secret.text
        }
      libs:
        - |
          package util
          x = 1
        - |
          package lib.broken
          y = {
"""


@pytest.mark.parametrize(
    ("name", "text", "line", "column", "quoted"),
    [
        ("the schema", TEXT, 15, 15, "typ: string"),
        (
            "a library that does not parse",
            TEXT.replace("typ:", "type:").replace("y = {", "y = }"),
            33,
            15,
            "y = }",
        ),
    ],
)
def test_places_of_errors(name: str, text: str, line: int, column: int, quoted: str) -> None:
    found = load_policies(documents(text)).errors
    assert any(
        error.location is not None
        and error.location.line == line
        and quoted in error.quoted
        and error.hint is not None
        for error in found
    ), [(str(error), error.quoted) for error in found]


def test_every_error_in_the_rego_is_reported_at_its_place() -> None:
    mended = TEXT.replace("typ: string", "type: string").replace("y = {", "y = {1}")
    places = [
        (str(error.location), error.quoted.strip()) for error in load_policies(documents(mended)).errors
    ]
    assert places == [
        ("policy.yaml:21:9", "import data.other"),
        ("policy.yaml:25:18", "msg := data.secret.text"),
        ("policy.yaml:29:11", "package util"),
    ]


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("literal", "      rego: |\n        package probe\n        import data.other\n"),
        ("stripped", "      rego: |-\n        package probe\n        import data.other\n"),
        ("blank lines first", "      rego: |\n\n        package probe\n        import data.other\n"),
        ("indentation given", "      rego: |2\n        package probe\n        import data.other\n"),
        ("deep", "      rego: |\n            package probe\n            import data.other\n"),
    ],
)
def test_places_in_block_scalars(name: str, block: str) -> None:
    text = TEXT[: TEXT.index("      rego:")].replace("typ: string", "type: string") + block
    text += "".join(line[: len(line) - len(line.lstrip())] + '# "' for line in block.splitlines()[-1:]) + "\n"
    errors = load_policies(documents(text)).errors
    wanted = next(number for number, line in enumerate(text.splitlines(), 1) if "import" in line)
    column = text.splitlines()[wanted - 1].index("import") + 1
    assert (wanted, column) in {
        (error.location.line, error.location.column) for error in errors if error.location is not None
    }, errors


def test_a_violation_without_msg_is_a_lint() -> None:
    rego = 'package probe\n\nviolation[{"details": {"a": 1}}] { true }\nviolation[{"msg": "x"}] { true }\n'
    loaded = load_policies([document(template(rego))])
    assert not loaded.errors
    assert [(lint.level, lint.location.line > 0) for lint in loaded.lints] == [("error", True)]
    assert "msg" in loaded.lints[0].message and loaded.lints[0].hint


def test_a_result_in_a_variable_without_msg_is_a_lint() -> None:
    rego = 'package probe\n\nviolation[r] { r := {"details": {}} }\nviolation[s] { s := {"msg": "x"} }\n'
    assert len(load_policies([document(template(rego))]).lints) == 1


def test_results_that_may_have_msg_are_no_lint() -> None:
    rego = 'package probe\n\nviolation[r] { r := input.review.x }\nviolation[{k: 1}] { k := "msg" }\n'
    assert not load_policies([document(template(rego))]).lints


def test_equal_libraries_are_parsed_once() -> None:
    from lockgate.engine.rego.source import Source

    modules = ModuleCache()
    first = modules.parse(Source("package lib.a\n\nx = 1\n", "one.yaml", "v0", 3, 5))
    assert modules.parse(Source("package lib.a\n\nx = 1\n", "two.yaml", "v0")) is first
    assert modules.parse(Source("package lib.a\n\nx := 1\n", "two.yaml", "v0")) is not first


def test_the_digest_is_of_the_source_not_of_its_place() -> None:
    first = parse_template(document(template(), "one.yaml"))
    assert first.digest == parse_template(document(template(), "two.yaml")).digest
    assert first.digest != parse_template(document(template(HIT + "\n"), "one.yaml")).digest
