"""The catalogue of the shipped rules: every rule is in it, by family, system and control; nothing in it is markup of a rule's."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from lockgate.webhook.policy_commands import policy
from lockgate.webhook.policy_folder import read_metadata
from lockgate.webhook.systems import SYSTEMS

from tests.policies.shipped import POLICIES, RULES


class Page(HTMLParser):
    """What a page links to and loads, its rows, and the texts of its style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[dict[str, str]] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.options: dict[str, list[str]] = {}
        self.policy = ""
        self.own: dict[str, str] = {}
        self._in = ""
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in = tag
        if tag == "a":
            self.links.append(given["href"])
        elif tag == "tr" and "data-family" in given:
            self.rows.append(given)
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option":
            self.options.setdefault(self._select, []).append(given["value"])
        elif tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        self.loaded += [given[name] for name in ("src", "data", "srcset") if name in given]
        if tag == "link":
            self.loaded.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in ("style", "script"):
            self.own[self._in] = data


@pytest.fixture(scope="module")
def page() -> Page:
    return Page((POLICIES.root / "catalogue.html").read_text("utf-8"))


def test_every_rule_has_a_row_and_its_page_is_there(page: Page) -> None:
    assert page.links == [f"{rule.key}/README.md" for rule in RULES]
    assert all((POLICIES.root / link).is_file() for link in page.links)
    assert len(page.rows) == len(RULES)


def test_whatever_a_rule_is_about_can_be_chosen(page: Page) -> None:
    for name in ("system", "control", "family", "severity", "profile"):
        held = {value for row in page.rows for value in row[f"data-{name}"].split("|")} - {""}
        assert set(page.options[name]) == {"", *held}, name
    systems = {one for rule in RULES for one in read_metadata(rule.source).systems}
    assert systems == set(page.options["system"]) - {""} <= set(SYSTEMS)


def test_the_page_loads_nothing_and_lets_in_its_own_style_and_script_alone(page: Page) -> None:
    assert page.loaded == []
    for kind in ("style", "script"):
        digest = b64encode(sha256(page.own[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'; ")
    assert re.findall(r"https?:|url\(|@import|fetch|XMLHttp", page.own["style"] + page.own["script"]) == []


def test_the_page_in_markdown_has_every_rule_and_its_systems() -> None:
    text = (POLICIES.root / "catalogue.md").read_text("utf-8")
    families, _, rest = text.partition("## By system")
    systems, _, controls = rest.partition("## By control")
    for rule in RULES:
        link = f"[`{rule.key}`]({rule.key}/README.md)"
        said = read_metadata(rule.source)
        assert f"| {link} | {said.identifier} |" in families
        assert systems.count(link) == len(said.systems)
        assert link in controls


def test_what_a_rule_says_is_no_markup(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    assert CliRunner().invoke(policy, ["new", "team/owned_things", "--folder", str(folder)]).exit_code == 0
    source = folder / "team" / "owned_things" / "src.rego"
    text = source.read_text("utf-8")
    text = text.replace("# title: Objects", "# title: <script>a</script> | Objects")
    source.write_text(text.replace("controls: []", 'controls: ["\\"><img src=x> (b)"]'), "utf-8")
    assert CliRunner().invoke(policy, ["docs", "--folder", str(folder)]).exit_code == 0
    made = (folder / "catalogue.html").read_text("utf-8")
    assert "<script>a" not in made and "<img" not in made
    assert Page(made).rows[0]["data-control"] == '"><img src=x>'
    assert "\\| Objects" in (folder / "catalogue.md").read_text("utf-8")
