"""The mapping of controls: what ships can be read, says both sides of each control, and hostile files are refused with a place."""

import re

import pytest
from lockgate.audit.controls.mapping import FILE, OPEN, parse_controls, shipped_controls
from lockgate.audit.errors import FormatError
from lockgate.audit.query.answers.catalogue import QUESTIONS

ONE = """\
[review]
by = ""
at = ""
[[framework]]
id = "f"
name = "F"
[[framework.control]]
id = "1.1"
about = "a"
supports = "s"
not = "n"
questions = ["a1"]
"""


def test_five_frameworks_ship_and_each_control_says_both_sides() -> None:
    shipped = shipped_controls()
    assert [one.identifier for one in shipped.frameworks] == [
        "soc2",
        "iso27001",
        "iso42001",
        "nist-ai-rmf",
        "eu-ai-act",
    ]
    for framework in shipped.frameworks:
        for control in framework.controls:
            told = (control.supports, control.does_not)
            assert all(one.endswith(".") and len(one) > 20 for one in told), control.number
            assert control.supports != control.does_not and set(control.questions) <= QUESTIONS.keys()


def test_no_control_is_called_satisfied_and_no_text_is_quoted() -> None:
    body = FILE.read_text().split("[review]")[1]
    assert not re.search(r"satisf|complian|certif|guarantee|[„“”«»]", body)


def test_numbers_are_open_until_somebody_signs_for_them() -> None:
    assert shipped_controls().review == OPEN
    signed = parse_controls(
        ONE.replace('by = ""', 'by = "R"').replace('at = ""', 'at = "2026-12-01"').encode(), "x"
    )
    assert signed.review == "The numbers of controls were reviewed: R, 2026-12-01."


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[review]", "[review", "x is no TOML"),
        ('by = ""', 'by = "R"', "a review has who did it, and when"),
        ('by = ""', "by = 1", "review: by is text"),
        ('id = "f"', 'id = "<f>"', "no number of a control"),
        ('name = "F"', 'name = ""', "x: f: name is text"),
        ('"a1"', '"a16"', "x: f, 1.1: there is no question 'a16'"),
        ('["a1"]', "[]", "questions is a list of at least one"),
        ('not = "n"', "", "x: f, 1.1: not is text"),
        ('not = "n"', 'not = "n"\nsatisfies = "all"', "there is no 'satisfies' here"),
        ('supports = "s"', f'supports = "{"s" * 401}"', "at most 400 characters"),
    ],
)
def test_another_file_is_refused(before: str, after: str, message: str) -> None:
    assert before in ONE
    with pytest.raises(FormatError) as caught:
        parse_controls(ONE.replace(before, after).encode(), "x")
    assert message in caught.value.message


def test_nothing_is_there_twice() -> None:
    control = ONE[ONE.index("[[framework.control]]") :]
    for double in (control, ONE[ONE.index("[[framework]]") :]):
        with pytest.raises(FormatError) as caught:
            parse_controls((ONE + double).encode(), "x")
        assert "twice" in caught.value.message
