"""Every page of the made-up year: it is there, it is safe, and its JSON holds what it shows."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.pages.rendering import HTML, JSON, POLICY
from lockgate.audit.pages.routes import PAGES, Request, Response, is_page, refuse, respond
from lockgate.audit.pages.site import Site
from lockgate.audit.query.answers.catalogue import QUESTIONS

from examples.trail.__main__ import make
from tests.audit.pages.sites import Keeper, site_at
from tests.audit.trails import tampered

END_MS = 1_793_491_200_000
LISTED = [
    *[one for one in PAGES if one != "/model"],
    *[f"/questions/{one}" for one in QUESTIONS],
    "/entries/0",
    "/entries/40",
]
VOID = {"meta", "link", "input", "br", "img", "hr"}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("year")
    make(folder, 3_300, 2, END_MS)
    return folder


@pytest.fixture(scope="module")
def known(year: Path) -> Any:
    return json.loads((year / "known.json").read_text())


@pytest.fixture(scope="module")
def opened(year: Path) -> Iterator[tuple[Site, Keeper]]:
    with site_at(year / "trail", END_MS) as made:
        yield made


@pytest.fixture
def site(opened: tuple[Site, Keeper]) -> Site:
    return opened[0]


class Outline(HTMLParser):
    """Checks that elements are closed in order; collects what is asked about."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id" and value:
                self.ids.append(value)
            if name == "href" and value:
                self.links.append(value)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


def ask(site: Site, path: str, cookie: str = "", **parameters: str) -> Response:
    return respond(site, Request(path, parameters, cookie))


def data(site: Site, path: str, **parameters: str) -> Any:
    answer = ask(site, path, **parameters)
    assert (answer.status, answer.media_type) == (200, JSON)
    return json.loads(answer.body)


@pytest.mark.parametrize("names", ["", "shown"])
@pytest.mark.parametrize("path", LISTED)
def test_a_page_is_well_formed_without_scripts_and_has_its_json(site: Site, path: str, names: str) -> None:
    answer = ask(site, path, names=names)
    assert (answer.status, answer.media_type) == (200, HTML)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "script-src" not in POLICY and "unsafe" not in POLICY
    outline = Outline(answer.body.decode())
    assert "script" not in outline.tags and "style" not in outline.tags
    assert not [one for one in outline.attributes if one.startswith("on") or one == "style"]
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.tags.count("h1") == outline.tags.count("main") == 1
    for link in outline.links:
        page = link.partition("?")[0].partition("#")[0]
        assert not page or is_page(page), link
    told = data(site, "/index.json" if path == "/" else f"{path}.json", names=names)
    assert told["schemaVersion"] == 1 and told["title"]
    assert len(answer.body) < 300_000
    # A page is served by who keeps the log.
    page = answer.body.decode()
    assert "self-attested" in page and "witnessed by another administrator" not in page


def test_nobodys_name_is_opened_unless_asked_for(opened: tuple[Site, Keeper]) -> None:
    site, keeper = opened
    keeper.opened.clear()
    for path in LISTED:
        assert b"@example.com" not in ask(site, path).body
    assert keeper.opened == []
    assert b"ml-engineer-1@example.com" in ask(site, "/promotions", names="shown").body
    assert keeper.opened


def test_a_promotion_shows_where_it_came_from(site: Site, known: Any) -> None:
    made = next(
        one
        for one in known["promotions"]
        if one["event"] == "promoted" and one["environment"] == "prod" and one["model"] == "fraud"
    )
    told = data(site, f"/promotions/{made['entry']}.json", names="shown")
    assert [one["environment"] for one in told["steps"]] == ["dev", "staging", "prod"]
    assert told["steps"][1]["entry"] == made["predecessor"]
    assert [one["name"] for one in told["approvers"]] == made["approvers"]
    assert {one["kind"] for one in told["evidence"]} == {"facts", "evaluation", "drift"}
    assert told["proof"]["state"] == "self-attested"
    page = ask(site, f"/promotions/{made['entry']}", names="shown").body.decode()
    for one in ("<svg", "dev", "staging", *made["approvers"]):
        assert one in page


def test_a_revoked_promotion_is_told_as_such(site: Site, known: Any) -> None:
    revoked = next(one for one in known["promotions"] if one["event"] == "revoked")
    told = data(site, f"/promotions/{revoked['promotion']}.json")
    assert (told["standing"], told["revokedBy"]) == ("revoked", revoked["entry"])
    stale = data(site, "/stale.json")
    assert [one["model"] for one in stale["models"]] == [revoked["model"]]


def test_old_evidence_of_what_runs_is_told_where_it_may_be_seen(site: Site, known: Any) -> None:
    told = data(site, "/stale.json", names="shown")["models"]
    assert all(one["reasons"] for one in told) and len(told) > 1


def test_the_box_finds_by_everything(site: Site, known: Any) -> None:
    made = [one for one in known["promotions"] if one["event"] == "promoted"]
    last = made[-1]
    assert ask(site, "/search", q="12").headers["Location"] == "/entries/12"

    def found(text: str, names: str = "shown") -> str:
        return json.dumps(data(site, "/search.json", q=text, names=names)["groups"])

    for text in (last["subject"], last["subject"].removeprefix("sha256:")):
        assert f'"/promotions/{last["entry"]}"' in found(text)
    assert '"fraud"' in found("frau")
    assert f'"/promotions/{made[-1]["entry"]}"' in found(made[-1]["requester"])
    told = data(site, f"/promotions/{last['entry']}.json", names="shown")
    assert f'"/promotions/{last["entry"]}"' in found(told["change"]["commit"][:10])
    assert "night-incident" in found("night-incident")
    assert "fraud-legacy-image" in found("fraud-legacy-image")
    assert "decision" in found("LockgateImmutableImages/baseline-immutable-images") or "deny" in found(
        "LockgateImmutableImages/baseline-immutable-images"
    )
    assert "churn-prod" not in found("churn-prod/churn-retrain")
    assert "deny: CREATE batch/v1/Job" in found("churn-prod/churn-retrain")
    assert found("churn-prod/churn-retrain", names="") == "[]"
    assert "requested" in found("promotion")
    assert found("nothing of that name") == "[]"


def test_the_policies_page_shows_what_changed(site: Site, known: Any) -> None:
    lines = data(site, "/policies.json", names="shown")["lines"]
    changed = [one for one in lines if one["diff"] and one["before"]]
    assert changed[0]["diff"][0]["sign"] == "changed"
    assert changed[0]["diff"][0]["policy"] == "LockgateModelEvaluation/evaluation"


def test_pages_of_lists_lead_to_each_other_without_a_gap(site: Site, known: Any) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        told = data(site, "/decisions.json", outcome="deny", cursor=cursor)
        seen += [one["entry"] for one in told["rows"]]
        cursor = told["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == known["decisions"]["deny"]


def test_counts_by_week_are_those_of_the_trail(site: Site, known: Any) -> None:
    weeks = data(site, "/decisions.json")["weeks"]
    counted = {name: sum(one[name] for one in weeks) for name in known["decisions"]}
    assert counted == known["decisions"]


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/nowhere", {}, 404),
        ("/entries/99999999", {}, 404),
        ("/entries/-1", {}, 404),
        ("/entries/%2e%2e", {}, 404),
        ("/static/../site.py", {}, 404),
        ("/static/site.py", {}, 404),
        ("/promotions/0", {}, 404),
        ("/model", {"name": "unheard of"}, 404),
        ("/questions/a16", {}, 404),
        ("/decisions", {"since": "tomorrow"}, 400),
        ("/decisions", {"cursor": "AAAA"}, 400),
        ("/decisions", {"outcome": "' OR 1=1 --"}, 400),
        ("/decisions", {"policy": "noslash"}, 400),
        ("/questions/a2", {"days": "-1"}, 400),
        ("/questions/a1", {"since": "2026-02-01", "until": "2026-01-01"}, 400),
    ],
)
def test_what_cannot_be_shown_has_a_page_that_says_so(
    site: Site, path: str, parameters: dict[str, str], status: int
) -> None:
    answer = respond(site, Request(path, parameters))
    assert answer.status == status
    Outline(answer.body.decode())
    told = respond(site, Request(f"{path}.json", parameters))
    assert told.status == status
    assert json.loads(told.body)["message"]


@pytest.mark.parametrize(("fault", "status"), [("forbidden", 403), ("nothing", 401), ("trouble", 503)])
def test_who_may_not_look_gets_a_page_too(fault: Any, status: int) -> None:
    answer = refuse(Request("/promotions"), fault, "the right to list promotions is not yours", "ask for it")
    assert answer.status == status
    page = answer.body.decode()
    Outline(page)
    assert "the right to list promotions is not yours" in page
    assert "Set-Cookie" not in answer.headers


def test_a_browser_remembers_the_checkpoint_and_notices_another_log(site: Site) -> None:
    first = ask(site, "/verify")
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    value = cookie.partition(";")[0].partition("=")[2]
    assert b"saw this very checkpoint before" in ask(site, "/verify", value).body
    size, _, root = value.partition(".")
    grown = ask(site, "/verify", f"{int(size) + 5}.{root}")
    assert b"entries are gone" in grown.body and b'role="alert"' in grown.body
    swapped = ask(site, "/verify", f"{int(size) - 5}.{root}")
    assert b"put another history in their place" in swapped.body
    # What was seen stays remembered: the evidence is not overwritten.
    assert "Set-Cookie" not in grown.headers and "Set-Cookie" not in swapped.headers
    for nonsense in ("x", "1.2", f"{size}.{'é' * 43}", "9" * 400, "1." + "A" * 42 + "\n"):
        assert b"for the first time" in ask(site, "/verify", nonsense).body


def test_a_proof_goes_away_as_a_file_that_the_verifier_takes(site: Site, tmp_path: Path, year: Path) -> None:
    from click.testing import CliRunner
    from lockgate.webhook.cli import cli

    answer = ask(site, "/entries/40.tlog-proof")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="40.tlog-proof"'
    file = tmp_path / "40.tlog-proof"
    file.write_bytes(answer.body)
    key = str(year / "trail" / "log.vkey")
    done = CliRunner().invoke(cli, ["audit", "verify", "--proof", str(file), "--log-key", key])
    assert done.exit_code == 0, done.output


def test_a_record_that_was_changed_behind_the_pages_shows(year: Path, tmp_path: Path, known: Any) -> None:
    import shutil

    shutil.copytree(year / "trail", tmp_path / "trail")
    made = next(one for one in known["promotions"] if one["event"] == "approved")
    tampered(
        tmp_path / "trail" / "trail.db",
        f"DELETE FROM leaf WHERE place % 1099511627776 = {made['entry']}",
    )
    with site_at(tmp_path / "trail", END_MS) as (site, _):
        for path in ("/promotions", "/questions/a1", f"/entries/{made['entry']}"):
            answer = ask(site, path)
            assert answer.status == 409, path
            assert b"The trail is not as it was signed" in answer.body


# The fifteen questions on their pages, beside what the trail is known to hold.


def lines(site: Site, number: str, **parameters: str) -> list[Any]:
    answer = data(site, f"/questions/{number}.json", **parameters)["answer"]
    assert answer["proven"]["state"] == "self-attested"
    assert isinstance(answer["lines"], list)
    return answer["lines"]


def made_of(known: Any, **wanted: str) -> list[Any]:
    return [
        one
        for one in known["promotions"]
        if one["event"] in ("promoted", "rolled-back")
        and all(one[name] == value for name, value in wanted.items())
    ]


def test_a1_promotions_of_a_model_to_prod_in_a_quarter(site: Site, known: Any) -> None:
    span = {"since": "2026-07-01", "until": "2026-10-01"}
    wanted = [
        one
        for one in made_of(known, model="fraud", environment="prod")
        if span["since"] <= one["time"] < span["until"]
    ]
    found = lines(site, "a1", model="fraud", environment="prod", names="shown", **span)
    assert wanted and [one["entry"] for one in found] == [one["entry"] for one in wanted]
    for one, told in zip(wanted, found, strict=True):
        assert told["requester_name"] == one["requester"]
        assert [each["name"] for each in told["approvers"]] == one["approvers"]


def test_a2_exemptions(site: Site, known: Any) -> None:
    found = {one["exemption"]: one for one in lines(site, "a2", names="shown", days="30")}
    assert found.keys() == known["exemptions"].keys()
    for name, one in known["exemptions"].items():
        told = found[name]
        assert (told["entry"], told["uses"], told["until"]) == (one["granted"], one["used"], one["expires"])
    soon = {name for name, one in found.items() if one["ends_soon"] == "yes"}
    assert soon == {"fraud-legacy-image", "ranking-devices"}


def test_a4_lineage(site: Site, known: Any) -> None:
    subject = made_of(known, environment="prod", model="churn")[0]["subject"]
    steps = lines(site, "a4", subject=subject)
    assert [one["environment"] for one in steps] == ["dev", "staging", "prod"]
    assert [one["entry"] for one in steps] == [one["entry"] for one in made_of(known, subject=subject)]


def test_a5_duties(site: Site, known: Any) -> None:
    found = lines(site, "a5", environment="prod")
    own = [one["entry"] for one in made_of(known, environment="prod") if one["requester"] in one["approvers"]]
    alone = [one["entry"] for one in made_of(known, environment="prod") if len(one["approvers"]) == 1]
    assert [one["entry"] for one in found if "whoever asked" in one["what"]] == own
    assert [one["entry"] for one in found if "one person" in one["what"]] == alone


def test_a6_gaps_and_errors(site: Site, known: Any) -> None:
    found = lines(site, "a6")
    gaps = [{"from": one["start"], "to": one["stop"]} for one in found if one["what"] == "gap"]
    assert gaps == known["gaps"]
    assert {one["entry"] for one in found if one["what"] == "error"} >= set(known["errorsOfTheOutage"])


def test_a7_denied_and_then_let_through(site: Site, known: Any) -> None:
    found = lines(site, "a7", names="shown", since="2025-11-01", hours="2")
    told = {(one["denied"], one["allowed"]) for one in found}
    assert told >= {(one["denied"], one["allowed"]) for one in known["deniedThenAllowed"]}


def test_a8_old_reports_on_drift(site: Site, known: Any) -> None:
    found = lines(site, "a8", names="shown", environment="prod")
    # A rollback shows its report anew.
    old = [one["entry"] for one in made_of(known, environment="prod") if one["driftAgeDays"] > 30]
    assert [one["entry"] for one in found] == old


def test_a10_policies(site: Site, known: Any) -> None:
    found = [one for one in lines(site, "a10") if one["what"] == "policy-change"]
    assert [(one["entry"], one["after"]) for one in found] == [
        (one["entry"], one["policies"]) for one in known["policies"]
    ]


def test_a13_the_same_seed_draws_the_same_sample(site: Site, known: Any) -> None:
    drawn = lines(site, "a13", count="10", seed="7")
    assert len(drawn) == 10 and drawn == lines(site, "a13", count="10", seed="7")
    assert drawn != lines(site, "a13", count="10", seed="8")


def test_a14_looks(site: Site, known: Any) -> None:
    found = lines(site, "a14", names="shown")
    assert [one["entry"] for one in found] == known["access"]
    assert {one["by"] for one in found} == {"auditor-1@example.com"}


def test_a3_a9_a11_a12_and_a15_answer(site: Site, known: Any) -> None:
    assert (
        sum(one["denied"] for one in lines(site, "a3", since="2025-11-01")) >= known["decisions"]["deny"] - 1
    )
    assert lines(site, "a9")
    stood = {one["name"] for one in lines(site, "a11", at="2026-06-01") if one["what"] == "model"}
    assert "fraud in prod" in stood
    (existed,) = lines(site, "a12", entry="40")
    assert existed["entry"] == 40
    assert {"what": "entries without a checkpoint", "value": "0", "verdict": "good"} in lines(site, "a15")
