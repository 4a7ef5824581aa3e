"""The auditor's API: what it answers, to whom, what it keeps in the log, and that nobody gets further than their rights."""

import csv
import io
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.entry import parse_entry
from lockgate.audit.merkle import leaf_hash, root_from_hashes, verify_consistency
from lockgate.audit.note import decode_base64, parse_note
from lockgate.audit.recorder import Subject
from lockgate.audit.tiles import bundles_of, parse_entries, tile_path, tiles_of
from lockgate.audit.tlog_proof import parse_tlog_proof
from lockgate.audit.web.api import Api
from lockgate.audit.web.app import make_app
from lockgate.audit.web.endpoints import ENDPOINTS, openapi
from lockgate.audit.web.jobs import Jobs, Outcome, Wanted, Work
from lockgate.engine.codegen.values import Value
from lockgate.webhook.audit_backend import TrailBackend
from lockgate.webhook.auditors_file import read_auditors
from lockgate.webhook.trail import open_trail
from lockgate.webhook.trail_reading import Reading, open_reading

from tests.audit.trails import decision, pod, review, tampered
from tests.webhook.auditing.asking import Answered, ask
from tests.webhook.helpers import run_here

ORIGIN = "example.com/asked"
EVIL = "=cmd|'/C calc'!A0"
TOKENS = {name: f"token-of-{name}-0123456789" for name in ("all", "ml", "masked", "nothing")}
RIGHTS = {
    "all": ("['*']", "['records', 'actors', 'exports', 'log', 'replays']"),
    "ml": ("['ml']", "['records', 'exports']"),
    "masked": ("['*']", "['records', 'log']"),
    "nothing": ("[]", "[]"),
}
AUDITORS = "".join(
    [
        f"[[auditor]]\nname = '{name}'\ntoken-sha256 = ['{sha256(token.encode()).hexdigest()}']\n"
        f"namespaces = {RIGHTS[name][0]}\nrights = {RIGHTS[name][1]}\n"
        for name, token in TOKENS.items()
    ]
)
NOW_MS = 1_800_000_000_000


def no_job(wanted: Wanted, stop: threading.Event) -> Outcome:
    raise AssertionError(f"nobody asked for {wanted}")


class Server:
    """An application over a trail of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ran = run_here("audit", "init", "trail", "--origin", ORIGIN, cwd=folder)
        assert ran.code == 0, ran.err
        (folder / "auditors.toml").write_text(AUDITORS)
        self.reading: Reading = open_reading(str(folder / "trail"))
        assert self.reading.trail is not None
        self.trail = self.reading.trail
        with self.trail.appending() as appending:
            recorder = self.trail.recorder()
            for number in range(300):
                made = decision("deny" if number % 4 == 1 else "allow", 1 if number % 4 == 1 else 0)
                subject = Subject(EVIL if number == 2 else "fraud", "prod" if number % 2 else "dev")
                draft = recorder.decision(
                    review(pod(f"pod-{number}", "ml" if number % 3 else "other")), made, subject
                )
                appending.appender.submit(draft)
            details: dict[str, Value] = {"expiresAt": "2099-01-01T00:00:00Z", "owner": "risk-1"}
            appending.appender.append(
                recorder.exemption("granted", "x", "5" * 64, actor="risk-1", details=details)
            )
        self.trail.store.free_writer_lock()
        self.app = self.made()

    def made(self) -> Any:
        known = read_auditors(str(self.folder / "auditors.toml"), lambda: NOW_MS)
        work = Work(Jobs(no_job, lambda: NOW_MS), ())
        return make_app(Api(TrailBackend(self.reading, self.trail), known, work), [known])

    def get(self, target: str, who: str = "all", **headers: str) -> Answered:
        return ask(self.app, target, TOKENS[who], **headers)

    def size(self) -> int:
        return self.trail.store.head().size

    def last(self) -> Any:
        size = self.size()
        (raw,) = self.trail.store.entries(size - 1, size)
        return parse_entry(raw)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that change nothing but by looking."""
    made = Server(tmp_path_factory.mktemp("served"))
    yield made
    made.reading.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.reading.close()


def filled(path: str) -> str:
    values = {
        "index": "3",
        "digest": f"sha256:{'5' * 64}",
        "name:path": "exemption",
        "model:path": "fraud",
        "number": "a15",
        "path:path": "0/000.p/5",
        "origin:path": ORIGIN,
        "id": "no-such-job",
    }
    return re.sub(r"\{([a-z:]+)\}", lambda found: values[found[1]], path)


READ = [one for one in ENDPOINTS if one.method == "GET"]
POSTED = [one.path for one in ENDPOINTS if one.method == "POST"]
TARGETS = [filled(one.path) for one in READ]


def problem(answered: Answered, status: int, kind: str) -> Any:
    assert answered.status == status, answered.body
    assert answered.headers["content-type"] == "application/problem+json"
    value = answered.json
    assert (
        value["type"] == f"https://lockgate.dev/problems/{kind}"
        and value["status"] == status
        and value["title"]
    )
    return value


def test_the_description_is_what_is_served(kept: Server) -> None:
    told = kept.get("/v1/openapi.json").json
    assert told == openapi() and told["openapi"] == "3.1.0"
    served = {
        re.sub(r"\.(json|jsonl|csv)$", "", route.path).replace(":path}", "}")
        for route in kept.app.routes
        if route.path not in ("/healthz", "/v1/openapi.json")
    }
    assert served == {*told["paths"]}
    operations = [
        (path, method, one)
        for path, value in told["paths"].items()
        for method, one in value.items()
        if method != "x-forms"
    ]
    names = [one["operationId"] for _, _, one in operations]
    assert len({*names}) == len(names) == len(ENDPOINTS)
    for path, method, one in operations:
        in_path = {part["name"] for part in one["parameters"] if part["in"] == "path"}
        assert in_path == {*re.findall(r"\{([a-z]+)\}", path)}
        assert ("202" if method == "post" else "200") in one["responses"]


@pytest.mark.parametrize("endpoint", READ, ids=lambda one: one.name)
def test_every_path_answers_in_every_form(kept: Server, endpoint: Any) -> None:
    target = filled(endpoint.path)
    more = {"getSample": "?seed=1", "getConsistencyProof": "?from=9"}.get(endpoint.name, "")
    for form in ("", *[f".{one}" for one in endpoint.forms]):
        answered = kept.get(f"{target}{form}{more}")
        usual = {"getPermalink": 303, "getJob": 404, "getJobResult": 404}.get(endpoint.name, 200)
        assert answered.status == usual, answered.body
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answered.headers["content-security-policy"]
        if form in (".csv", ".jsonl"):
            assert answered.headers["content-disposition"].startswith("attachment; ")
        elif "json" in endpoint.forms and form in ("", ".json"):
            assert answered.headers["content-type"].startswith("application/json") and answered.json
    for form in {"json", "jsonl", "csv"} - {*endpoint.forms} if endpoint.forms else ():
        assert kept.get(f"{target}.{form}{more}").status in (404, 406)


def test_parameters_that_are_described_are_known(kept: Server) -> None:
    for endpoint in READ:
        for name in endpoint.parameters:
            answered = kept.get(f"{filled(endpoint.path)}?{name}=~")
            assert "to ask by" not in answered.body.decode(), (endpoint.path, name)
        answered = kept.get(f"{filled(endpoint.path)}?colour=red")
        assert problem(answered, 400, "question")["field"] == "colour"


BAD_TOKENS = {
    "none": None,
    "empty": "",
    "unknown": "token-of-nobody-0123456789",
    "another's name": "all",
    "longer": f"{TOKENS['all']}x",
    "in capitals": TOKENS["all"].upper(),
    "two": f"{TOKENS['all']} {TOKENS['all']}",
    "huge": "a" * 20_000,
    "controls": "a\x00b",
    "letters beyond ASCII": "é" * 30,
    "three parts": "eyJhbGciOiJub25lIn0.e30.",
}


@pytest.mark.parametrize("name", BAD_TOKENS)
@pytest.mark.parametrize("target", TARGETS)
def test_nobody_is_let_in_without_a_token_that_counts(kept: Server, name: str, target: str) -> None:
    answered = ask(kept.app, target, BAD_TOKENS[name])
    problem(answered, 401, "unknown-caller")
    assert answered.headers["www-authenticate"].startswith("Bearer")


def test_a_token_is_not_taken_from_the_address_or_by_another_scheme(kept: Server) -> None:
    token = TOKENS["all"]
    assert ask(kept.app, f"/v1/records?access_token={token}").status == 401
    assert ask(kept.app, "/v1/records", None, authorization=f"Basic {token}").status == 401
    assert ask(kept.app, "/v1/records", None, cookie=f"token={token}").status == 401


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "NOTHING"]
)
def test_nobody_writes(kept: Server, method: str) -> None:
    size = kept.size()
    for target in (*TARGETS, "/healthz", "/v1/openapi.json", "/add", "/log/add", *POSTED):
        if method == "POST" and target in POSTED:
            # Jobs, which ask the log and change nothing of it: test_jobs.py.
            continue
        answered = ask(kept.app, target, TOKENS["all"], method)
        assert answered.status in (404, 405), (target, answered.status)
    assert kept.size() == size


def test_pages(kept: Server) -> None:
    found: list[int] = []
    target: str | None = "/v1/decisions?order=oldest&limit=90&model=fraud"
    while target is not None:
        answered = kept.get(target)
        assert answered.status == 200, answered.body
        made = answered.json
        found += [row["index"] for row in made["rows"]]
        assert made["asOf"]["origin"] == ORIGIN and len(made["rows"]) <= 90
        link = answered.headers.get("link")
        assert (link is None) == (made["next"] == "")
        target = None if link is None else "/v1/decisions" + re.fullmatch(r'<(.*)>; rel="next"', link)[1]  # type: ignore[index]
    assert found == [index for index in range(1, 301) if index != 3]


def test_a_page_that_is_known_is_not_sent_again(kept: Server) -> None:
    first = kept.get("/v1/records?limit=3")
    again = kept.get("/v1/records?limit=3", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert kept.get("/v1/records?limit=4", if_none_match=first.headers["etag"]).status == 200


def test_as_of(kept: Server) -> None:
    assert [row["index"] for row in kept.get("/v1/records?as_of=5&limit=2").json["rows"]] == [4, 3]
    assert problem(kept.get("/v1/records?as_of=99999999"), 400, "question")["field"] == "as_of"


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("cursor=AAAA", "invalidCursor"),
        ("cursor=%00%ff", "invalidCursor"),
        ("cursor=" + "A" * 75, "invalidCursor"),
        ("limit=0", "invalidCount"),
        ("limit=1001", "invalidCount"),
        ("limit=-1", "invalidCount"),
        ("limit=9e9", "invalidCount"),
    ],
)
def test_cursors_and_counts_are_refused(kept: Server, query: str, fault: str) -> None:
    assert problem(kept.get(f"/v1/records?{query}"), 400, "cursor")["fault"] == fault


def test_a_cursor_is_its_askers_own(kept: Server) -> None:
    cursor = kept.get("/v1/records?limit=2").json["next"]
    assert kept.get(f"/v1/records?limit=2&cursor={cursor}").status == 200
    assert (
        problem(kept.get(f"/v1/records?limit=2&cursor={cursor}", "masked"), 400, "cursor")["fault"]
        == "invalidCursor"
    )
    assert (
        problem(kept.get(f"/v1/records?kind=log&cursor={cursor}"), 400, "cursor")["fault"] == "invalidCursor"
    )


def test_whoever_has_one_namespace_sees_that_one(kept: Server) -> None:
    made = kept.get("/v1/records?namespace=ml&limit=1000", "ml").json
    ours = [1 + number for number in range(300) if number % 3]
    assert [row["index"] for row in made["rows"]] == ours[::-1]
    assert made["complete"]["end"] == len(ours)
    assert kept.get("/v1/records.csv?namespace=ml", "ml").status == 200
    assert kept.get("/v1/records/2?namespace=ml", "ml").status == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/records", 403),
        ("/v1/records?namespace=other", 403),
        ("/v1/records?namespace=", 403),
        ("/v1/records?namespace=*", 403),
        ("/v1/records?namespace=ml&namespace=other", 403),
        ("/v1/records?namespace=ml,other", 403),
        ("/v1/records?namespace=ml&stream=log", 400),
        ("/v1/records?stream=namespace/AAAAAAAAAAAAAAAAAAAAAA", 403),
        ("/v1/records.csv", 403),
        ("/v1/decisions", 403),
        ("/v1/streams/log", 403),
        ("/v1/streams/log?namespace=ml", 400),
        ("/v1/records/1", 403),
        ("/v1/records/1?namespace=other", 403),
        ("/v1/records/1?namespace=ml", 404),
        ("/v1/records/0?namespace=ml", 404),
        ("/v1/records/301?namespace=ml", 404),
        (f"/r/{ORIGIN}/1", 403),
        ("/v1/questions/a1", 403),
        ("/v1/questions/a3?namespace=ml", 403),
        ("/v1/promotions", 403),
        ("/v1/models/fraud/history", 403),
        ("/v1/sample?seed=1", 403),
        ("/v1/export", 403),
        ("/v1/export.csv?namespace=other", 403),
        ("/v1/replay", 403),
        ("/v1/replay?namespace=other", 403),
        ("/v1/sample?seed=1&namespace=other", 403),
        ("/v1/records?namespace=ml&approver=risk-1", 403),
        ("/log/checkpoint", 403),
        ("/log/tile/0/000.p/5", 403),
        ("/log/tile/entries/000.p/5", 403),
        ("/v1/log/proof/1", 403),
        ("/healthz/trail", 403),
    ],
)
def test_whoever_has_one_namespace_sees_no_other(kept: Server, target: str, status: int) -> None:
    answered = kept.get(target, "ml")
    assert answered.status == status, answered.body
    assert b"pod-" not in answered.body and b"leafHash" not in answered.body


# The fifteen questions are for anybody who is known, and whoever may start no job has none.
@pytest.mark.parametrize(
    "target", [one for one in TARGETS if one != "/v1/questions" and not one.startswith("/v1/jobs")]
)
def test_whoever_is_known_and_has_no_right_sees_nothing(kept: Server, target: str) -> None:
    problem(kept.get(target, "nothing"), 403, "forbidden")


def test_names_are_for_those_who_may_and_looks_are_kept(server: Server) -> None:
    size = server.size()
    assert server.get("/v1/exceptions?reveal=yes", "masked").status == 403
    assert server.get("/v1/records?approver=risk-1", "masked").status == 403
    assert server.get("/v1/records.csv", "masked").status == 403
    assert server.get("/log/tile/entries/000", "masked").status == 403
    sealed = server.get("/v1/exceptions", "masked").json
    assert [line["owner"] for line in sealed["lines"]] == [""]
    assert server.size() == size
    opened = server.get("/v1/exceptions?reveal=yes").json
    assert [line["owner"] for line in opened["lines"]] == ["risk-1"]
    assert (server.last().kind, server.last().value["action"], server.last().value["entries"]) == (
        "access",
        "reveal",
        1,
    )
    assert server.get("/v1/records?approver=risk-1").json["rows"] == []
    assert server.size() == size + 2 and server.last().value["action"] == "reveal"
    assert server.get("/v1/records?approver=pseudonym:AAAAAAAAAAAAAAAAAAAAAA", "masked").status == 200
    assert server.size() == size + 2
    (last, *_) = server.get("/v1/questions/a14?reveal=yes").json["lines"][::-1]
    assert last["by"] == "file:all"


def test_nothing_is_shown_where_the_look_cannot_be_kept(server: Server) -> None:
    with open_trail(str(server.folder / "trail")) as other, other.appending():
        # It appends, and has the log for itself.
        refused = server.get("/v1/exceptions?reveal=yes")
        exported = server.get("/v1/records.csv")
    for answered in (refused, exported):
        problem(answered, 422, "unanswered")
        assert b"risk-1" not in answered.body and b"fraud" not in answered.body


def test_exports_are_kept_and_run_nothing(server: Server) -> None:
    size = server.size()
    answered = server.get("/v1/decisions.csv?limit=1000")
    rows = [*csv.DictReader(io.StringIO(answered.body.decode()))]
    assert len(rows) == 300 and {row["model"] for row in rows} == {"fraud", f"'{EVIL}"}
    assert (server.last().value["action"], server.last().value["entries"]) == ("export", 300)
    assert server.get("/v1/questions/a3.jsonl").status == 200
    assert server.size() == size + 2


def test_foreign_tools_read_the_log(server: Server) -> None:
    """As C2SP tlog-tiles says, each path verbatim; that the entries are taken away is kept once."""
    note = server.get("/log/checkpoint").body
    checkpoint = parse_checkpoint(parse_note(note).text)
    entries: list[bytes] = []
    before = server.size()
    for bundle in bundles_of(checkpoint.size):
        answered = server.get(f"/log/{tile_path(bundle)}")
        assert answered.status == 200
        entries += parse_entries(answered.body, bundle.width)
    assert root_from_hashes([leaf_hash(one) for one in entries]) == checkpoint.root
    assert server.size() == before + 1 and server.last().value["action"] == "export"
    for tile in tiles_of(checkpoint.size):
        answered = server.get(f"/log/{tile_path(tile)}", "masked")
        assert answered.status == 200 and len(answered.body) == 32 * tile.width
    (above,) = [one for one in tiles_of(checkpoint.size) if one.level == 1]
    assert server.get(f"/log/{tile_path(above)}").body == root_from_hashes(
        [leaf_hash(one) for one in entries[:256]]
    )
    told = server.get("/v1/log/consistency?from=7").json
    verify_consistency(
        7,
        decode_base64(told["from"]["root"], "root"),
        told["to"]["size"],
        decode_base64(told["to"]["root"], "root"),
        [decode_base64(one, "hash") for one in told["proof"]],
    )
    assert parse_tlog_proof(server.get("/v1/log/proof/7").body).index == 7


@pytest.mark.parametrize(
    "path",
    [
        "../../trail/keys/master.key",
        "%2e%2e/%2e%2e/keys/log.pem",
        "0/../../../etc/passwd",
        "entries/../../checkpoint",
        "0//000",
        "0/000.p/0",
        "0/000.p/256",
        "0/999",
        "64/000",
        "-1/000",
        "0/x001/000",
        "0/0",
        "entries/000.p/256",
        "0/000%00",
        "1/000.p/2",
        "",
    ],
)
def test_no_path_leads_elsewhere(kept: Server, path: str) -> None:
    problem(kept.get(f"/log/tile/{path}"), 404, "not-found")


@pytest.mark.parametrize(
    "target",
    [
        "/v1/records/-1",
        "/v1/records/1e3",
        "/v1/records/99999999",
        "/v1/records/%31%00",
        "/v1/records/1/2",
        "/v1/records/",
        "/v1/questions/a16",
        "/v1/questions/..%2fa1",
        "/r/example.org/other/1",
        "/v2/records",
        "/",
        "//v1/records",
        "/v1/records/../../healthz",
        "/favicon.ico",
    ],
)
def test_what_is_not_there(kept: Server, target: str) -> None:
    problem(kept.get(target), 404, "not-found")


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%27%3B DROP TABLE leaf%3B--", "%25", "\\", "%F0%9F%99%82"])
@pytest.mark.parametrize("field", ["model", "environment", "resource", "policies", "subject", "namespace"])
def test_values_are_values(kept: Server, field: str, text: str) -> None:
    answered = kept.get(f"/v1/records?{field}={text.replace(' ', '%20')}")
    assert answered.status == 200 and answered.json["rows"] == []


def test_too_much(kept: Server) -> None:
    assert kept.get(f"/v1/records?model={'a' * 9_000}").status == 414
    assert kept.get(f"/v1/records/{'1' * 3_000}").status == 414
    assert kept.get("/v1/records?" + "&".join(["kind=log"] * 101)).status == 400


def test_a_record_that_was_removed_behind_it_shows(server: Server) -> None:
    assert server.get("/v1/decisions?model=fraud&environment=prod").status == 200
    path = server.folder / "trail" / "trail.db"
    tampered(path, "DELETE FROM leaf WHERE place % 1099511627776 = 290")
    value = problem(server.get("/v1/decisions?model=fraud&environment=prod"), 500, "tampering")
    assert value["where"] == "entry 290"
    problem(server.get("/v1/records/290"), 500, "tampering")


def test_no_answer_is_surer_than_the_log_of_itself(kept: Server) -> None:
    assert {row["state"] for row in kept.get("/v1/records?proofs=each&limit=5").json["rows"]} == {
        "self-attested"
    }
    assert kept.get("/healthz/trail").json["proven"]["state"] == "self-attested"


def test_many_at_once(kept: Server) -> None:
    targets = [
        "/v1/decisions?limit=40",
        "/v1/questions/a15",
        "/v1/records/7",
        "/v1/records?namespace=ml&limit=40",
    ] * 6
    with ThreadPoolExecutor(12) as pool:
        found = [*pool.map(kept.get, targets)]
    for target, answered in zip(targets, found, strict=True):
        assert answered.status == 200 and answered.body.count(b"\n") > 3
        assert (
            len(
                {
                    one.body
                    for one, other in zip(found, targets, strict=True)
                    if other == target and "limit" not in target
                }
            )
            <= 1
        )


def test_alive(kept: Server) -> None:
    assert ask(kept.app, "/healthz").body == b"ok\n"
