"""What people put into the trail is text on its pages, whatever it looks like, in every field that is recorded."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from lockgate.audit.draft import Draft
from lockgate.audit.grant_use import GrantUse
from lockgate.audit.note import parse_verifier_key
from lockgate.audit.pages.routes import PAGES, Request, respond
from lockgate.audit.pages.site import Site
from lockgate.audit.promotions import events
from lockgate.audit.promotions.history import Promoted
from lockgate.audit.promotions.history import Request as PromotionRequest
from lockgate.audit.query.answers.catalogue import QUESTIONS
from lockgate.audit.recorder import Subject
from lockgate.audit.times import render_time
from lockgate.audit.trust import Trust
from lockgate.audit.witness_policy import parse_witness_policy
from lockgate.engine.decision import PolicyKey, Violation

from tests.audit.pages.sites import site_of
from tests.audit.trails import ORIGIN, START_MS, Trail, decision, make_trail, pod, review

HOSTILE = "\"'><x9 onload=alert(1)></title></script><script>{{'zq'*3}}{%x%}javascript:&lt;"
SHORT = "\"'><x9 onload=a>{{'zq'*3}}"
DIGEST = "sha256:" + "ab" * 32


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.names: set[str] = set()
        self.hrefs: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.names |= {name for name, _ in attrs}
        self.hrefs += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def fill(trail: Trail) -> None:
    """An entry of each kind, with hostile text in every field that takes one."""
    recorder = trail.recorder
    pod_of = pod(HOSTILE[:60], "team", note=HOSTILE)
    made = decision("deny", 0)
    from dataclasses import replace

    breach = Violation(PolicyKey(SHORT, SHORT), HOSTILE, ("deny",), {"fix": HOSTILE})
    denied = replace(made, violations=(breach,))
    asked = review(pod_of, HOSTILE)
    asked.request["operation"] = HOSTILE
    asked.request["kind"] = {"group": HOSTILE, "version": SHORT, "kind": SHORT}
    drafts: list[Draft] = [
        recorder.decision(asked, denied, Subject(SHORT, SHORT), "r"),
        recorder.policy_change(
            "changed",
            "5" * 64,
            before="6" * 64,
            policy=HOSTILE,
            actor=HOSTILE,
            source={"instance": HOSTILE, "inForce": {HOSTILE: HOSTILE}},
        ),
        recorder.exemption(
            "granted",
            HOSTILE,
            "5" * 64,
            namespace="team",
            subject=HOSTILE,
            actor=HOSTILE,
            details={"expiresAt": HOSTILE, "owner": HOSTILE, "ticket": HOSTILE, "policies": [HOSTILE]},
        ),
        recorder.exemption("used", HOSTILE, "5" * 64, namespace="team", subject=HOSTILE, actor=HOSTILE),
        recorder.grant_event(
            "granted",
            HOSTILE,
            terms={
                "reason": HOSTILE,
                "ticket": HOSTILE,
                "from": render_time(START_MS),
                "until": render_time(START_MS + 1),
            },
            actor=HOSTILE,
            details={"signer": HOSTILE},
        ),
        recorder.grant_use(
            HOSTILE,
            GrantUse("deny", HOSTILE, HOSTILE, HOSTILE, "team", HOSTILE, "5" * 64, (HOSTILE,), HOSTILE),
        ),
        recorder.access("reveal", 1, HOSTILE, {"question": HOSTILE}),
        recorder.statement("ab" * 32, HOSTILE, "cd" * 32, HOSTILE),
        recorder.hold("placed", HOSTILE, HOSTILE, HOSTILE, index=0),
        recorder.key_event("added", "witness", HOSTILE[:40].replace("+", ""), actor=HOSTILE),
        recorder.erasure({"scope": "entry", "entries": 1, "index": 0, "reason": HOSTILE}, HOSTILE),
        Draft(
            "coverage",
            {
                "instance": HOSTILE,
                "from": render_time(START_MS - START_MS % 60_000),
                "to": render_time(START_MS - START_MS % 60_000 + 60_000),
                "policies": DIGEST,
                "configuration": DIGEST,
                "evaluator": HOSTILE,
                "judged": 1,
                "unmatched": 0,
                "refused": 3,
            },
            ("coverage/x<y>",),
        ),
        Draft("seen", {"instance": HOSTILE, "records": [1, 2]}, ("seen",)),
    ]
    for draft in drafts:
        trail.appender.append(draft)
    promoted = Promoted(HOSTILE, HOSTILE, SHORT, DIGEST, DIGEST)
    index = trail.appender.append(
        recorder.promotion(events.requested(promoted, HOSTILE), HOSTILE, {"x": HOSTILE})
    ).index
    request = PromotionRequest(index, promoted, HOSTILE, "", "", None, None, False)
    given = recorder.promotion(events.approved(request, SHORT, "imported"), HOSTILE, {"x": HOSTILE})
    approval = trail.appender.append(given).index
    made_index = trail.appender.append(
        recorder.promotion(events.made(request, [approval], DIGEST), HOSTILE, {})
    ).index
    trail.appender.append(recorder.promotion(events.revoked(promoted, made_index, HOSTILE), HOSTILE, {}))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hostile")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    fill(trail)
    trail.appender.close()
    trust = Trust(
        ORIGIN, (parse_verifier_key(trail.vkey),), HOSTILE, (), parse_witness_policy("quorum none\n"), 60
    )
    yield site_of(trail.store, trail.vault, trust, START_MS + 60_000)[0]
    trail.store.close()


def pages_of(site: Site) -> Iterator[tuple[str, dict[str, str]]]:
    for path in [*PAGES, *[f"/questions/{one}" for one in QUESTIONS]]:
        yield path, {}
    for index in range(site.engine.size):
        yield f"/entries/{index}", {}
        yield f"/promotions/{index}", {}
    yield "/model", {"name": HOSTILE}
    for name in (
        "model",
        "environment",
        "policy",
        "since",
        "until",
        "outcome",
        "cursor",
        "requester",
        "approver",
        "subject",
        "page",
    ):
        for path in ("/decisions", "/promotions", "/questions/a1"):
            yield path, {name: HOSTILE}
    for text in (HOSTILE, SHORT, f"{SHORT}/{SHORT}", "<script>", "coverage/x<y>"):
        yield "/search", {"q": text}
    yield f"/{HOSTILE}", {}


@pytest.mark.parametrize("names", ["", "shown", HOSTILE])
def test_nothing_that_is_recorded_or_asked_becomes_markup(site: Site, names: str) -> None:
    seen = 0
    for path, parameters in pages_of(site):
        answer = respond(site, Request(path, {**parameters, "names": names}))
        page = answer.body.decode()
        found = Tags(page)
        assert "x9" not in found.found and "script" not in found.found, (path, parameters)
        assert not [one for one in found.names if one.startswith("on")], (path, parameters)
        assert "zqzqzq" not in page, (path, parameters)
        for link in found.hrefs:
            assert link.startswith(("/", "#")) and not link.startswith("//"), (path, link)
        seen += "onload=a" in page
        told = respond(
            site, Request("/index.json" if path == "/" else f"{path}.json", {**parameters, "names": names})
        )
        assert b"<x9" not in told.body or told.media_type == "application/json"
        for name, value in {**answer.headers, **told.headers}.items():
            assert "\n" not in value and "\r" not in value, name
    assert seen > 30, "the texts are shown, as texts"


def test_no_kind_of_entry_was_forgotten(site: Site) -> None:
    kinds: set[Any] = {site.engine.row(index).entry.kind for index in range(site.engine.size)}
    assert kinds >= {
        "decision", "policy", "exemption", "break-glass", "access", "statement", "hold", "key", "erasure", "coverage", "seen", "promotion", "log",
    }  # fmt: skip
