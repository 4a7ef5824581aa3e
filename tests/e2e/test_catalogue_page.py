"""The catalogue of rules in Debian's Chromium, from its file: on a desktop and a phone, light and dark, clean by axe, searched.

With LOCKGATE_SCREENSHOTS=FOLDER each picture is kept there.
"""

import os
from pathlib import Path

import pytest
from lockgate.webhook.policy_folder import read_metadata

from tests.e2e.axe import AXE, axe_script
from tests.e2e.browser import VIEWS, Browser, Scheme
from tests.policies.shipped import POLICIES, RULES

pytestmark = pytest.mark.e2e

PAGE = (POLICIES.root / "catalogue.html").as_uri()
SHOWN = "[...document.querySelectorAll('tbody tr')].filter(one => one.offsetParent).map(one => one.querySelector('a').textContent)"


def choose(browser: Browser, name: str, value: str) -> list[str]:
    """Makes a choice as its user would; the rules that are left."""
    browser.run(
        f"(() => {{ const one = document.querySelector('[name={name}]'); one.value = {value!r};"
        " one.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    shown = browser.run(SHOWN)
    assert isinstance(shown, list)
    assert (
        browser.run("document.getElementById('count').textContent") == f"{len(shown)} of {len(RULES)} rules"
    )
    return [str(one) for one in shown]


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_the_page_is_clean(browser: Browser, width: int, height: int, scheme: Scheme) -> None:
    browser.show_as(width, height, scheme)
    browser.open(PAGE)
    assert browser.said.problems == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    browser.run(f"{axe_script()};0")
    assert browser.run(AXE) == []
    kept = os.environ.get("LOCKGATE_SCREENSHOTS")
    if kept:
        browser.photograph(Path(kept) / f"catalogue-{width}-{scheme}.png")


def test_rules_are_found_by_text_and_by_choices(browser: Browser) -> None:
    browser.show_as(1280, 900, "light")
    browser.open(PAGE)
    keys = [rule.key for rule in RULES]
    assert choose(browser, "text", "") == keys
    assert choose(browser, "text", "IMMUTABLE images") == ["workloads/immutable_images"]
    assert choose(browser, "text", "no such words") == []
    choose(browser, "text", "")
    metadata = {rule.key: read_metadata(rule.source) for rule in RULES}
    held = {
        "family": ("topology", {key: {key.partition("/")[0]} for key in keys}),
        "severity": ("high", {key: {metadata[key].severity} for key in keys}),
        "system": ("kserve", {key: {*metadata[key].systems} for key in keys}),
    }
    for name, (value, values) in held.items():
        shown = choose(browser, name, value)
        assert shown == [key for key in keys if value in values[key]]
        assert 0 < len(shown) < len(keys)
        choose(browser, name, "")
    both = choose(browser, "family", "models")
    assert set(choose(browser, "profile", "production")) < set(both)
    browser.run("document.querySelector('[type=reset]').click()")
    assert choose(browser, "text", "") == keys


def test_the_page_is_worked_by_keyboard(browser: Browser) -> None:
    browser.show_as(1280, 900, "light")
    browser.open(PAGE)
    browser.press("Tab")
    assert browser.run("document.activeElement.name") == "text"
    browser.type("zone_spread")
    assert browser.run(SHOWN) == ["topology/zone_spread"]
