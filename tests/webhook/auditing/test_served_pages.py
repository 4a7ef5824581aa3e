"""The pages in the server: who may see which, signing in, and that the log keeps each look at a name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from lockgate.audit.pages.routes import PAGES
from lockgate.audit.store.tallies import DayTallies
from lockgate.audit.web.api import Api
from lockgate.audit.web.app import make_app
from lockgate.audit.web.jobs import Jobs, Work
from lockgate.audit.web.pages import Pages, page_routes
from lockgate.webhook.audit_backend import TrailBackend
from lockgate.webhook.auditors_file import read_auditors

from tests.webhook.auditing.asking import Answered, ask, post
from tests.webhook.auditing.test_api import NOW_MS, TOKENS, Server, no_job

LISTED = [one for one in PAGES if one != "/model"]


class Served(Server):
    def made(self) -> Any:
        known = read_auditors(str(self.folder / "auditors.toml"), lambda: NOW_MS)
        backend = TrailBackend(self.reading, self.trail)
        pages = Pages(backend, known, [known], DayTallies(self.trail.store))
        work = Work(Jobs(no_job, lambda: NOW_MS), ())
        return make_app(Api(backend, known, work), [known], page_routes(pages))

    def sign_in(self, form: dict[str, str], **headers: str) -> Answered:
        return post(self.app, "/sign-in", urlencode(form).encode(), **headers)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    made.reading.close()


@pytest.mark.parametrize("path", LISTED)
def test_a_page_is_for_those_who_may_read_all_records(kept: Served, path: str) -> None:
    assert kept.get(path).status == 200
    assert kept.get(path, "masked").status == 200
    for who in ("ml", "nothing"):
        answer = kept.get(path, who)
        assert answer.status == 403 and b"You may not see that" in answer.body
    stranger = ask(kept.app, path)
    assert stranger.status == 401 and b'action="/sign-in"' in stranger.body
    assert b"fraud" not in stranger.body
    json_path = "/index.json" if path == "/" else f"{path}.json"
    assert kept.get(json_path).json["schemaVersion"] == 1
    assert ask(kept.app, json_path).status == 401


def test_the_headers_are_strict(kept: Served) -> None:
    told = kept.get("/").headers
    assert "default-src 'none'" in told["content-security-policy"]
    assert "script-src" not in told["content-security-policy"]
    assert told["x-content-type-options"] == "nosniff"
    assert told["cache-control"] == "no-store"


def test_names_are_for_those_who_may_see_them_and_the_log_keeps_each_look(kept: Served) -> None:
    before = kept.size()
    assert kept.get("/exemptions").status == 200
    assert kept.get("/exemptions?names=shown", "masked").status == 403
    assert kept.size() == before
    answer = kept.get("/exemptions?names=shown")
    assert answer.status == 200 and b"risk-1" in answer.body
    assert kept.size() > before
    last = kept.last()
    assert (last.kind, last.value["action"]) == ("access", "reveal")


def test_a_name_that_is_looked_up_is_a_look_too(kept: Served) -> None:
    before = kept.size()
    kept.get(f"/search?names=shown&q={quote('risk-1@example.com')}")
    assert kept.size() > before
    before = kept.size()
    masked = kept.get(f"/search?q={quote('risk-1@example.com')}")
    assert b"pseudonyms" in masked.body and kept.size() == before


def test_who_signs_in_is_carried_by_a_cookie_that_no_script_reads(kept: Served) -> None:
    token = TOKENS["all"]
    answer = kept.sign_in({"token": token, "next": "/models"})
    assert (answer.status, answer.headers["location"]) == (303, "/models")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert ask(kept.app, "/models", cookie=f"lockgate-token={token}").status == 200
    # The API goes by the header alone.
    assert ask(kept.app, "/v1/records", cookie=f"lockgate-token={token}").status == 401
    left = post(kept.app, "/sign-out", b"", cookie=f"lockgate-token={token}")
    assert left.status == 303 and 'lockgate-token="";' in left.headers["set-cookie"]


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"token": "a-token-that-nobody-knows"}, {}, 401),
        ({"token": ""}, {}, 401),
        ({"token": "x" * 5_000}, {}, 401),
        ({"token": "x" * 50_000}, {}, 400),
        ({"token": TOKENS["all"]}, {"origin": "https://elsewhere.example"}, 400),
        ({"token": TOKENS["all"]}, {"origin": "null"}, 400),
    ],
)
def test_nobody_else_signs_in(
    kept: Served, form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = kept.sign_in(form, **headers)
    assert answer.status == status and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "place", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/a\r\nX: y", ""]
)
def test_signing_in_leads_nowhere_else(kept: Served, place: str) -> None:
    answer = kept.sign_in({"token": TOKENS["all"], "next": place})
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_a_proof_is_for_those_who_may_take_proofs(kept: Served) -> None:
    assert kept.get("/entries/3.tlog-proof").status == 200
    assert kept.get("/entries/3.tlog-proof", "masked").status == 200
    assert kept.get("/entries/3.tlog-proof", "nothing").status == 403


def test_the_style_is_for_anybody_and_no_other_file(kept: Served) -> None:
    style = ask(kept.app, "/static/style.css")
    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    for path in ("/static/..%2fsite.py", "/static/base.html", "/static/%2e%2e/routes.py"):
        assert kept.get(path).status == 404


def test_nobody_writes(kept: Served) -> None:
    before = kept.size()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/", "/promotions", "/entries/3"):
            assert ask(kept.app, path, TOKENS["all"], method).status in (404, 405)
    assert kept.size() == before


def test_the_counts_follow_the_log(kept: Served, tmp_path: Path) -> None:
    counted = kept.get("/decisions.json").json["policies"]
    assert [one["decisions"] for one in counted] == [75]
