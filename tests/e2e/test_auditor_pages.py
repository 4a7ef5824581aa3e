"""The auditor's pages in Debian's Chromium, over `lockgate audit serve` and the trail of a made-up year: each page on a desktop and a
phone, light and dark, without a word on the console, clean by axe; and a walk by keyboard alone.

With LOCKGATE_SCREENSHOTS=FOLDER each page's picture is kept there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.query.answers.catalogue import QUESTIONS

from examples.trail.__main__ import make
from examples.trail.plan import HOUR_MS
from tests.e2e.axe import AXE, axe_script
from tests.e2e.browser import VIEWS, Browser, Scheme, find_chromium

pytestmark = pytest.mark.e2e

NOW_MS = 1_793_491_200_000
_PAGES = (
    "/",
    "/promotions",
    "/promotions?model=fraud&environment=prod&names=shown",
    "/models",
    "/model?name=fraud",
    "/stale?names=shown",
    "/exemptions?names=shown",
    "/quotas",
    "/decisions",
    "/policies?names=shown",
    "/health",
    "/break-glass",
    "/verify",
    "/questions",
    "/search?q=fraud",
    "/search?q=nothing+of+that+name",
    "/entries/0",
    *[f"/questions/{one}" for one in QUESTIONS],
    "/questions/a12?entry=40",
    "/?namespace=fraud-prod",
    "/decisions?namespace=fraud-prod&outcome=deny",
    "/break-glass?namespace=fraud-prod",
    "/exemptions?namespace=fraud-prod",
    "/search?namespace=fraud-prod&q=scorer",
    "/verify?namespace=fraud-prod",
)
# Their status is on the console, which is as it should be.
_REFUSED = {
    "/entries/99999999": 404,
    "/decisions?since=tomorrow": 400,
    "/questions/a1?namespace=fraud-prod": 403,
    "/entries/0?namespace=fraud-prod": 404,
}
TEAM = "a-token-of-a-team-with-twenty-letters"


@dataclass
class Served:
    """A server's address, the token that it knows, and what its trail holds."""

    address: str
    token: str
    known: Any


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
    make(folder, 3_300, 4, NOW_MS - NOW_MS % HOUR_MS)
    with (folder / "auditors.toml").open("a") as auditors:
        digest = sha256(TEAM.encode()).hexdigest()
        auditors.write(
            f'\n[[auditor]]\nname = "team"\ntoken-sha256 = ["{digest}"]\nnamespaces = ["fraud-prod"]\n'
        )
        auditors.write('rights = ["records"]\n')
    command = [sys.executable, "-m", "lockgate.webhook", "audit", "serve", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*command, "--auditors", str(folder / "auditors.toml"), "--trail", str(folder / "trail")],
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            address = line.split()[-1].removesuffix("/v1/openapi.json")
            assert address.startswith("http://127.0.0.1:"), line
            token = (folder / "auditor.token").read_text().strip()
            yield Served(address, token, json.loads((folder / "known.json").read_text()))
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def browser(browser: Browser, served: Served) -> Browser:
    sign_in(browser, served)
    return browser


def sign_in(browser: Browser, served: Served, token: str = "") -> None:
    browser.open(f"{served.address}/sign-in")
    browser.run("document.getElementById('token').focus()")
    browser.type(token or served.token)
    browser.press_and_wait("Enter")
    assert browser.run("location.pathname") == "/"


def promotions_of(known: Any) -> list[str]:
    """Pages of promotions: a whole chain, and one that was revoked."""
    revoked = next(one for one in known["promotions"] if one["event"] == "revoked")
    chain = [
        one
        for one in known["promotions"]
        if one["event"] == "promoted" and one["environment"] == "prod" and one["model"] == "fraud"
    ]
    return [f"/promotions/{chain[-1]['entry']}?names=shown", f"/promotions/{revoked['promotion']}"]


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_every_page_is_clean(
    browser: Browser, served: Served, width: int, height: int, scheme: Scheme
) -> None:
    script = axe_script()
    kept = os.environ.get("LOCKGATE_SCREENSHOTS")
    browser.show_as(width, height, scheme)
    wrong: list[str] = []
    for number, page in enumerate([*_PAGES, *promotions_of(served.known), *_REFUSED]):
        browser.open(served.address + page)
        if page not in _REFUSED:
            wrong += [f"{page}: {one}" for one in browser.said.problems]
        assert browser.run("document.querySelector('h1').textContent.trim() !== ''"), page
        wide = browser.run("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{page}: {wide} wide")
        browser.run(f"{script};0")
        wrong += [f"{page}: {one}" for one in browser.run(AXE)]
        if kept:
            browser.photograph(Path(kept) / f"{number:02}-{scheme}-{width}.png")
    assert wrong == []


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_whoever_may_read_one_namespace_finds_it(
    served: Served, tmp_path: Path, width: int, height: int, scheme: Scheme
) -> None:
    """From the page that refuses them, by keyboard, to their namespace, and through its pages."""
    program = find_chromium()
    assert program is not None
    kept = os.environ.get("LOCKGATE_SCREENSHOTS")
    with Browser(program, tmp_path) as browser:
        browser.show_as(width, height, scheme)
        sign_in(browser, served, TEAM)
        assert browser.run("document.querySelector('h1').textContent") == "You may not see that"
        assert browser.run(f"{axe_script()};0") == 0
        assert browser.run(AXE) == []
        if kept:
            browser.photograph(Path(kept) / f"team-{scheme}-{width}-0.png")
        browser.run("document.getElementById('namespace').focus()")
        browser.type("fraud-prod")
        browser.press_and_wait("Enter")
        for number, name in enumerate(("Overview", "Decisions", "Break-glass", "Exemptions", "Verify"), 1):
            tab_to(browser, f"document.activeElement.textContent === '{name}'")
            browser.press_and_wait("Enter")
            assert browser.run("new URLSearchParams(location.search).get('namespace')") == "fraud-prod"
            assert browser.run("document.querySelector('nav [aria-current]').textContent") == name
            if kept:
                browser.photograph(Path(kept) / f"team-{scheme}-{width}-{number}.png")


def test_by_keyboard_alone_from_the_first_page_to_a_proof(browser: Browser, served: Served) -> None:
    browser.show_as(1280, 900, "light")
    browser.open(f"{served.address}/")
    browser.press("Tab")
    assert browser.run("document.activeElement.textContent") == "Skip to the content"
    outline = browser.run("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    # From the box to a promotion's page, and to its proof.
    tab_to(browser, "document.activeElement.id === 'q'")
    made = promotions_of(served.known)[0].partition("?")[0]
    browser.type(made.rpartition("/")[2])
    browser.press_and_wait("Enter")
    assert browser.run("location.pathname") == f"/entries/{made.rpartition('/')[2]}"
    tab_to(browser, f"document.activeElement.getAttribute('href') === '{made}'")
    browser.press_and_wait("Enter")
    assert browser.run("location.pathname") == made
    tab_to(browser, "(document.activeElement.getAttribute('href') || '').endsWith('.tlog-proof')")


def test_everything_that_is_focused_can_be_seen_to_be(browser: Browser, served: Served) -> None:
    browser.show_as(1280, 900, "dark")
    for page in ("/", "/decisions", promotions_of(served.known)[0]):
        browser.open(served.address + page)
        first = ""
        for _ in range(60):
            browser.press("Tab")
            told = browser.run(
                "(() => { const one = document.activeElement; const box = one.getBoundingClientRect();"
                " return [one.outerHTML.slice(0, 120), getComputedStyle(one).outlineStyle, box.width > 0] })()"
            )
            if told[0] == first or told[0].startswith("<body"):
                break
            first = first or told[0]
            assert told[1] != "none" and told[2], told


def test_a_page_says_when_the_log_is_not_the_one_that_the_browser_saw(
    browser: Browser, served: Served
) -> None:
    browser.show_as(1280, 900, "light")
    browser.open(f"{served.address}/verify")
    root = "A" * 43
    browser.set_cookie(served.address, "lockgate-checkpoint", f"5.{root}")
    browser.open(f"{served.address}/verify")
    said = browser.run("document.querySelector('[role=alert]').textContent")
    assert "not the log that this browser saw" in said
    browser.set_cookie(served.address, "lockgate-checkpoint", "")


def test_the_printed_page_has_its_facts_and_none_of_its_forms(browser: Browser, served: Served) -> None:
    browser.show_as(1280, 900, "light")
    browser.open(served.address + promotions_of(served.known)[0])
    browser.print_media()
    shown = "(name) => getComputedStyle(document.querySelector(name)).display !== 'none'"
    assert browser.run(f"({shown})('.facts')") and browser.run(f"({shown})('.proven')")
    assert not browser.run(f"({shown})('.top nav')") and not browser.run(f"({shown})('.search')")
    browser.show_as(1280, 900, "light")


def tab_to(browser: Browser, is_there: str) -> None:
    """Presses Tab until an expression holds."""
    for _ in range(120):
        browser.press("Tab")
        if browser.run(is_there):
            return
    raise AssertionError(f"by keyboard nothing is found where {is_there}")
