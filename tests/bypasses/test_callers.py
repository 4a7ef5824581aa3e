"""Tricks of who calls: to be taken for the API server, and to have things recorded that never were."""

import json
from pathlib import Path

import pytest
from lockgate.audit.canonical import Json as Canonical
from lockgate.audit.entry import parse_entry
from lockgate.audit.seen import is_claim
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.bypasses.gate import gate
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    TEMPLATE,
    config_map,
    issue_identity,
    review_of,
    running_server,
    write_identity,
    write_policies,
)

TOKEN = "a1b2c3d4" * 4
BODY = json.dumps(review_of(config_map(labels={"owner": "me"}))).encode()


# Any Pod reaches a webhook's Service: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#authenticate-apiservers
@pytest.mark.parametrize(
    "names",
    [
        None,
        frozenset[str](),
        # A CA signs for more than the API server.
        frozenset({"kubelet", "system:node:a"}),
        frozenset({"kube-apiserver-kubelet-client"}),
        # Names are compared as they are: no patterns, no parts, no case.
        frozenset({"*"}),
        frozenset({"*.example"}),
        frozenset({"Kube-APIServer"}),
        frozenset({"kube-apiserver "}),
        frozenset({"kube-apiserver\x00.evil"}),
    ],
)
@pytest.mark.parametrize("path", ["/v1/admit", "/v1/admitlabel"])
def test_without_the_api_servers_certificate(names: frozenset[str] | None, path: str) -> None:
    known = gate(TEMPLATE, CONSTRAINT, clients=["kube-apiserver"])
    assert known.post(BODY, path, names)[0] == 401
    assert known.post(BODY, path, frozenset({"kube-apiserver"}))[0] == 200


# A prefix, a part or another spelling of a secret path is none of it; the comparison tells nothing by its time.
@pytest.mark.parametrize(
    "path",
    [
        "/v1/admit",
        "/v1/admit/",
        f"/v1/admit/{TOKEN[:-1]}",
        f"/v1/admit/{TOKEN}x",
        f"/v1/admit/{TOKEN}/",
        f"/v1/admit//{TOKEN}",
        f"/v1/admit/{TOKEN.upper()}",
        f"/v1/admit/x/{TOKEN}",
        "/v1/admit/\u0000",
        "/v1/admit/\udcff",
        f"/v1/admitlabel/{TOKEN}x",
    ],
)
def test_without_the_token(path: str) -> None:
    known = gate(TEMPLATE, CONSTRAINT, token=TOKEN)
    assert known.post(BODY, path)[0] == 401
    assert known.post(BODY, f"/v1/admit/{TOKEN}")[0] == 200


# With both ways one is enough, and neither is none: a certificate for somebody else does not bring the token along.
def test_with_both_ways_one_is_needed() -> None:
    known = gate(TEMPLATE, CONSTRAINT, token=TOKEN, clients=["kube-apiserver"])
    assert known.post(BODY, "/v1/admit", frozenset({"kube-apiserver"}))[0] == 200
    assert known.post(BODY, f"/v1/admit/{TOKEN}", frozenset({"kubelet"}))[0] == 200
    assert known.post(BODY, "/v1/admit", frozenset({"kubelet"}))[0] == 401


# Logs go to many people, and a secret path is part of every URL: no line of ours has it, at any level.
def test_the_token_is_in_no_line() -> None:
    known = gate(TEMPLATE, CONSTRAINT, token=TOKEN)
    for path in (f"/v1/admit/{TOKEN}", f"/v1/admit/{TOKEN}x", f"/v1/admitlabel/{TOKEN}"):
        for body in (BODY, b"{", json.dumps(review_of(config_map())).encode()):
            known.post(body, path)
    assert known.lines.written.getvalue()
    assert TOKEN.encode() not in known.lines.written.getvalue()


def _decisions(home: Path) -> list[dict[str, Canonical]]:
    with open_trail(str(home)) as trail:
        entries = [parse_entry(one) for one in trail.store.entries(0, trail.store.head().size)]
    return [dict(one.value) for one in entries if one.kind == "decision"]


# A review is only JSON: whoever reaches the port may send one for an object that never comes, in anybody's name. Who is
# refused leaves no record; who is not leaves a claim that says how it was known.
def test_forged_reviews(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, token = tmp_path / "trail", tmp_path / "token"
    assert run(["audit", "init", str(home), "--origin", "example.com/lockgate/forged"]) == 0
    token.write_text(TOKEN)
    authority, other = write_identity(tmp_path, "authority"), write_identity(tmp_path, "kube-apiserver")
    options = ["--client-ca", str(authority.certificate), "--client-name", "kube-apiserver"]
    options += ["--token-file", str(token), "--trail", str(home), "--log-level", "debug"]
    with running_server(tmp_path, write_policies(tmp_path), options) as server:
        # Of a CA that anybody can make, with the right name: the handshake ends.
        with pytest.raises(OSError, match=r".*"):
            server.post(BODY, client=other)
        assert server.post(BODY, client=issue_identity(tmp_path, authority, "kubelet"))[0] == 401
        assert server.post(BODY)[0] == 401
        assert server.post(BODY, f"/v1/admit/{TOKEN}?timeout=5s")[0] == 200
        forged = review_of(config_map(labels={"owner": "me"}, uid="11-22"), userInfo={"username": "ceo"})
        # A dry run leaves nothing, and what is sent again is one record.
        tried = json.dumps({**forged, "request": {**forged["request"], "dryRun": True}}).encode()
        assert server.post(tried, f"/v1/admit/{TOKEN}?timeout=5s")[0] == 200
        for _ in range(2):
            assert server.post(json.dumps(forged).encode(), f"/v1/admit/{TOKEN}?timeout=5s")[0] == 200
    found = _decisions(home)
    assert [one["caller"] for one in found] == ["token", "token"]
    assert all(is_claim(one) for one in found)
    capsys.readouterr()
    assert run(["audit", "show", "--trail", str(home), "--kind", "decision"]) == 0
    assert capsys.readouterr().out.count("claimed: nobody has seen it") == 2
    assert TOKEN not in server.log.read_text()
