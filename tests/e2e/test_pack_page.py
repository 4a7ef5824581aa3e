"""The page of an evidence pack in Debian's Chromium, from its folder: on a desktop and a phone, light and dark, clean by axe, on paper.

With LOCKGATE_SCREENSHOTS=FOLDER each picture is kept there.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples.trail.__main__ import make
from tests.e2e.axe import AXE, axe_script
from tests.e2e.browser import VIEWS, Browser, Scheme

pytestmark = pytest.mark.e2e

END_MS = 1_793_491_200_000


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packs of a promotion and of a quarter, one of each with names."""
    folder = tmp_path_factory.mktemp("packs")
    make(folder, 2_600, 4, END_MS)
    known = json.loads((folder / "known.json").read_text())
    made = [
        one
        for one in known["promotions"]
        if one["event"] == "promoted" and one["environment"] == "prod" and one["model"] == "fraud"
    ]
    quarter = ["--since", "2026-06-01", "--until", "2026-09-01"]
    for name, more in (
        ("promotion", ["--promotion", str(made[-1]["entry"]), "--reveal"]),
        ("quarter", quarter),
        ("revealed", [*quarter, "--reveal"]),
    ):
        command = [sys.executable, "-m", "lockgate.webhook", "audit", "pack", "-o", str(folder / name)]
        subprocess.run([*command, *more, "--trail", str(folder / "trail")], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_the_page_is_clean(browser: Browser, packs: Path, width: int, height: int, scheme: Scheme) -> None:
    script = axe_script()
    kept = os.environ.get("LOCKGATE_SCREENSHOTS")
    browser.show_as(width, height, scheme)
    wrong: list[str] = []
    for name in ("promotion", "quarter", "revealed"):
        browser.open((packs / name / "index.html").as_uri())
        wrong += [f"{name}: {one}" for one in browser.said.problems]
        wide = browser.run("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{name}: {wide} wide")
        # Its policy lets its own style in, and nothing else.
        assert browser.run("getComputedStyle(document.querySelector('td')).borderTopStyle") == "solid"
        browser.run(f"{script};0")
        wrong += [f"{name}: {one}" for one in browser.run(AXE)]
        if kept:
            browser.photograph(Path(kept) / f"pack-{name}-{scheme}-{width}.png")
    assert wrong == []


def test_on_paper_nothing_is_cut_off(browser: Browser, packs: Path) -> None:
    # A4 upright between margins, in pixels of CSS.
    browser.show_as(718, 1000, "light")
    browser.open((packs / "revealed" / "index.html").as_uri())
    browser.print_media()
    assert browser.run("document.documentElement.scrollWidth") <= 718
    clipped = browser.run(
        "[...document.querySelectorAll('.wide')].filter(one => getComputedStyle(one).overflowX !== 'visible').length"
    )
    assert clipped == 0
    assert "Self-attested." in browser.run("document.body.innerText")
