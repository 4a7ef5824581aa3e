"""Mistakes in policies: every message, place, quoted line and hint is the one on `docs/errors.md`."""

import re

import pytest
from lockgate.engine.rego.builtins.catalogue import DEPRECATED, ENTRIES

from tests.engine.mistakes_page import PAGE, ours, read_page, render_page
from tests.engine.rego_mistakes import MISTAKES, Mistake

RECORDED = read_page()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_what_is_said(mistake: Mistake) -> None:
    assert ours(mistake) == RECORDED[mistake.name][0]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_says_where_and_what_to_do(mistake: Mistake) -> None:
    told = ours(mistake)
    first = told.splitlines()[0]
    found = re.match(r"error: policy\.rego:(\d+):(\d+): rego_\w+_error: ", first)
    assert found is not None, first
    line, column = int(found[1]), int(found[2])
    lines = mistake.rego.split("\n")
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1
    # A hint, what was wanted, or a message that says both.
    assert re.search(r"^  hint: |^    want|expected|use a different", told, re.MULTILINE), told


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_is_on_the_line_that_opa_names(mistake: Mistake) -> None:
    told, other = ours(mistake), RECORDED[mistake.name][1]
    theirs = {int(number) for number in re.findall(r"policy\.rego:(\d+): ", other)}
    mine = {int(number) for number in re.findall(r"policy\.rego:(\d+):\d+: ", told)}
    # At the end of a policy opa names the line after the one that it shows; of rules in conflict the first,
    # and sometimes the line of the package.
    # A `some` without variables it takes for one of the variables on the next line.
    elsewhere = mistake.name == "`some` without variables" or re.search(
        r"eof token|conflicting rules|multiple default rules|empty module|^accepted", other
    )
    assert mine & theirs or elsewhere, (told, other)


def test_the_page_has_every_mistake() -> None:
    page = render_page(
        {name: one for name, (one, _) in RECORDED.items()}, {name: two for name, (_, two) in RECORDED.items()}
    )
    assert page == PAGE.read_text("utf-8")
    assert len(MISTAKES) > 60
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)


def test_advice_names_builtins_that_there_are() -> None:
    from lockgate.engine.rego.advice.compiling import INSTEAD, KNOWN_AS

    assert set(INSTEAD) == DEPRECATED
    assert {name for name in KNOWN_AS.values() if name not in ENTRIES} == set()
