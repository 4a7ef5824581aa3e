"""Who is known and what they may: by a file's tokens, by ID tokens, by a cluster's reviews."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import pytest
from kubernetes import client
from lockgate.audit.errors import TrailError
from lockgate.audit.promotions.token import BINDING
from lockgate.audit.web.caller import EVERYWHERE, Authenticator, Caller, NotKnownError, Resource
from lockgate.engine.errors import UsageError
from lockgate.webhook.auditors_file import Auditors, read_auditors
from lockgate.webhook.cluster.access_reviews import ClusterRights, ClusterTokens

from tests.audit.promotions.tokens import (
    CLIENT,
    ISSUER,
    NOW,
    claims,
    key_set,
    shared_secret_token,
    signer,
    token,
)

SECRET = "a-token-of-twenty-letters-at-least"
FILE = f"""
[[auditor]]
name = "risk"
tokens = ["{ISSUER} u-1001"]
namespaces = ["*"]
rights = ["records", "actors"]

[[auditor]]
name = "team"
token-sha256 = ["{sha256(SECRET.encode()).hexdigest()}"]
namespaces = ["ml"]
rights = ["records"]

[[issuer]]
url = "{ISSUER}"
audiences = ["{CLIENT}"]
keys = "login.jwks.json"
"""
RISK = f"oidc:{ISSUER} u-1001"


def written(folder: Path, text: str = FILE) -> Auditors:
    (folder / "login.jwks.json").write_bytes(key_set(signer("ES256").jwk()))
    (folder / "auditors.toml").write_text(text)
    return read_auditors(str(folder / "auditors.toml"), lambda: NOW * 1000)


@pytest.fixture
def auditors(tmp_path: Path) -> Auditors:
    return written(tmp_path)


def known(by: Authenticator, token: bytes) -> Caller:
    """Whose token it is, which somebody knows."""
    found = by.caller(token)
    assert found is not None
    return found


def coming(**more: Any) -> dict[str, Any]:
    """What an ID token says of somebody who comes in."""
    return claims(**{"nonce": "n-0S6_WzA2Mj", **more})


def test_a_token_of_the_file(auditors: Auditors) -> None:
    team = known(auditors, SECRET.encode())
    assert team == Caller("file:team")
    assert auditors.allows(team, "records", "ml")
    assert not auditors.allows(team, "records", EVERYWHERE) and not auditors.allows(team, "records", "other")
    assert not auditors.allows(team, "actors", "ml")
    assert auditors.caller(SECRET[:-1].encode()) is None


@pytest.mark.parametrize("more", [{}, {"nonce": None}, {"aud": [CLIENT]}, {"azp": CLIENT}], ids=str)
def test_an_id_token(auditors: Auditors, more: dict[str, Any]) -> None:
    risk = known(auditors, token(coming(**more)))
    assert risk == Caller(RISK)
    assert auditors.allows(risk, "actors", EVERYWHERE) and not auditors.allows(risk, "exports", EVERYWHERE)


def test_an_access_token(auditors: Auditors) -> None:
    assert auditors.caller(token(coming(), typ="at+jwt")) == Caller(RISK)


def test_whoever_is_known_and_not_in_the_file_may_nothing(auditors: Auditors) -> None:
    other = known(auditors, token(coming(sub="u-9")))
    for resource in get_args(Resource):
        assert not auditors.allows(other, resource, EVERYWHERE)
        assert not auditors.allows(other, resource, "ml")
    assert not auditors.allows(Caller("risk"), "records", EVERYWHERE)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(token(coming(exp=NOW - 100, iat=NOW - 400)), id="expired"),
        pytest.param(token(coming(iat=NOW + 500, exp=NOW + 900)), id="of the future"),
        pytest.param(token(coming(exp=NOW + 90_000)), id="good for a day"),
        pytest.param(token(coming(aud="another")), id="for another client"),
        pytest.param(token(coming(aud=[CLIENT, "another"])), id="for another client too"),
        pytest.param(token(coming(aud=[])), id="for nobody"),
        pytest.param(token(coming(aud=None)), id="without an audience"),
        pytest.param(token(coming(azp="another")), id="issued to another"),
        pytest.param(token(claims()), id="an approval by its nonce"),
        pytest.param(token(coming(aud=[CLIENT, f"{BINDING}{'0' * 64}"])), id="an approval by its audience"),
        pytest.param(token(coming(), signer("ES256", "other")), id="by another key"),
        pytest.param(token(coming(), typ="logout+jwt"), id="a logout token"),
        pytest.param(token(coming(sub=None)), id="of nobody"),
        pytest.param(shared_secret_token(coming(), b"secret"), id="by a shared secret"),
        pytest.param(token(coming(), header={"alg": "none"}), id="unsigned"),
        pytest.param(token(coming())[:-8] + b"AAAAAAAA", id="another signature"),
        pytest.param(b"a.b.c", id="no token"),
    ],
)
def test_tokens_that_let_nobody_in(auditors: Auditors, data: bytes) -> None:
    try:
        found = auditors.caller(data)
    except NotKnownError as error:
        assert error.message
    else:
        assert found is None


def test_a_token_of_another_issuer_is_for_others_to_know(auditors: Auditors) -> None:
    assert auditors.caller(token(coming(iss="https://kubernetes.default.svc"))) is None


@pytest.mark.parametrize(
    "text",
    [
        FILE.replace('"actors"', '"everything"'),
        FILE.replace('name = "team"', 'name = "risk"'),
        FILE.replace('"login.jwks.json"', '"none.json"'),
        FILE.replace("token-sha256", "token"),
        FILE.replace(sha256(SECRET.encode()).hexdigest(), SECRET),
        "[[auditor]\n",
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        written(tmp_path, text)


class Reviews:
    """An API server that reviews tokens and accesses, as it is told."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.allowed: set[tuple[str, str, str]] = set()
        self.asked: list[dict[str, Any]] = []
        self.status = 201
        self.more: dict[str, Any] = {}

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(body)
        spec = body["spec"]
        if body["kind"] == "TokenReview":
            user = self.users.get(spec["token"])
            found: dict[str, Any] = {"authenticated": user is not None, "user": user or {}}
            return {**body, "status": {**found, **self.more}}
        told = spec["resourceAttributes"]
        assert (told["group"], told["verb"]) == ("audit.lockgate.dev", "get")
        is_allowed = (spec["user"], told["resource"], told.get("namespace", "")) in self.allowed
        return {**body, "status": {"allowed": is_allowed, **self.more}}


@contextmanager
def serving(reviews: Reviews) -> Iterator[client.ApiClient]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = json.dumps(reviews.answer(body)).encode()
            self.send_response(reviews.status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    configuration = client.Configuration(host=f"http://127.0.0.1:{server.server_address[1]}")
    configuration.retries = False
    api = client.ApiClient(configuration)
    try:
        yield api
    finally:
        pool: Any = api.rest_client
        pool.pool_manager.clear()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_cluster_says_who_and_what() -> None:
    reviews, now = Reviews(), [0.0]
    reviews.users["t"] = {"username": "system:serviceaccount:audit:reader", "groups": ["g"], "uid": "u"}
    with serving(reviews) as api:
        tokens, rights = ClusterTokens(api, clock=lambda: now[0]), ClusterRights(api, lambda: now[0])
        reader = known(tokens, b"t")
        assert reader == Caller("system:serviceaccount:audit:reader", ("g",), "u")
        reviews.allowed.add((reader.name, "records", "ml"))
        assert rights.allows(reader, "records", "ml")
        assert not rights.allows(reader, "records", EVERYWHERE) and not rights.allows(reader, "exports", "ml")
        with pytest.raises(NotKnownError):
            tokens.caller(b"other")
        asked = len(reviews.asked)
        assert tokens.caller(b"t") == reader and rights.allows(reader, "records", "ml")
        assert len(reviews.asked) == asked
        # What is taken away holds for seconds.
        reviews.allowed.clear()
        reviews.users.clear()
        now[0] = 11.0
        assert not rights.allows(reader, "records", "ml")
        with pytest.raises(NotKnownError):
            tokens.caller(b"t")


@pytest.mark.parametrize(
    "more",
    [
        {"authenticated": False},
        {"authenticated": "true"},
        {"error": "something"},
        {"user": {}},
        {"user": {"username": ""}},
        {"user": {"username": 5}},
        {"user": {"username": "a", "groups": "all"}},
        {"user": {"username": "a", "groups": ["g"] * 201}},
    ],
    ids=str,
)
def test_answers_that_let_nobody_in(more: dict[str, Any]) -> None:
    reviews = Reviews()
    reviews.users["t"] = {"username": "reader"}
    reviews.more = more
    with serving(reviews) as api, pytest.raises(NotKnownError):
        ClusterTokens(api).caller(b"t")


def test_an_audience_has_to_be_said_by_the_cluster_too() -> None:
    reviews = Reviews()
    reviews.users["t"] = {"username": "reader"}
    with serving(reviews) as api:
        with pytest.raises(NotKnownError):
            ClusterTokens(api, "audit").caller(b"t")
        reviews.more = {"audiences": ["audit"]}
        assert ClusterTokens(api, "audit").caller(b"t") == Caller("reader")
        assert reviews.asked[-1]["spec"]["audiences"] == ["audit"]


@pytest.mark.parametrize(
    "more", [{"allowed": "true"}, {"allowed": True, "denied": True}, {"allowed": None}], ids=str
)
def test_answers_that_allow_nothing(more: dict[str, Any]) -> None:
    reviews = Reviews()
    reviews.more = more
    with serving(reviews) as api:
        assert not ClusterRights(api).allows(Caller("reader"), "records", EVERYWHERE)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_cluster_that_does_not_say_allows_nothing(status: int) -> None:
    reviews = Reviews()
    reviews.users["t"] = {"username": "reader"}
    reviews.status = status
    with serving(reviews) as api:
        for ask in (
            lambda: ClusterTokens(api).caller(b"t"),
            lambda: ClusterRights(api).allows(Caller("r"), "log", ""),
        ):
            with pytest.raises(TrailError):
                ask()
