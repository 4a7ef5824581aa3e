"""`--notify` of the commands about promotions: what was recorded is sent, and nothing depends on it."""

import json
from typing import Any

import jsonschema
import pytest

from tests.webhook.promoting.office import Office
from tests.webhook.references.servers import Reply, Server, serving
from tests.webhook.test_notifying import SCHEMA


@pytest.fixture(autouse=True)
def policy(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """One approval is enough; a secret lies there."""
    for name in ("NOTIFY", "NOTIFY_SECRET"):
        monkeypatch.delenv(f"LOCKGATE_{name}", raising=False)
    office.write_policy_of({"to": "prod", "approvals": [{"group": "risk", "count": 1}]})
    office.write("secret", "whsec_" + "A" * 44)
    (office.folder / "secret").chmod(0o600)


def _sent(server: Server) -> list[dict[str, Any]]:
    events = [json.loads(one.body) for one in server.asked]
    for one in events:
        jsonschema.validate(one, SCHEMA)
    return events


def test_what_is_recorded_is_sent_in_its_order(office: Office) -> None:
    before = len(office.entries("promotion"))
    with serving() as server:
        server.replies["/hook"] = Reply(status=204)
        told = ["--notify", f"{server.url}/hook", "--notify-secret", "secret"]
        ran = [office.promote("prod", *told), office.approve(*told)]
        made = next(one for one in _sent(server) if one["type"].endswith(".promoted"))
        ran.append(office.run("revoke", made["id"], "--reason", "drift", "--trail", "trail", *told))
    assert [one.code for one in ran] == [0, 0, 0]
    assert not [one.err for one in ran if "nobody was told" in one.err]
    events, entries = _sent(server), office.entries("promotion")[before:]
    assert [one["data"]["event"] for one in events] == ["requested", "approved", "promoted", "revoked"]
    assert [one["data"] for one in events] == [
        {name: value for name, value in entry.items() if name in one["data"]}
        for one, entry in zip(events, entries, strict=True)
    ]
    assert {one["source"] for one in events} == {"//example.com/t"}
    assert [one["time"] for one in events] == [entry["time"] for entry in entries]
    assert all(one.headers["webhook-signature"].startswith("v1,") for one in server.asked)


def test_the_log_says_the_same_whether_somebody_was_told_or_not(office: Office) -> None:
    with serving() as server:
        url = f"{server.url}/gone"
        ran = office.promote("prod", "--notify", url, "--require")
        assert ran.code == 1
        assert ran.err.count("note: nobody was told of it: ") == 1
        assert "answers with status 404" in ran.err
    ran = office.approve("--notify", url, "--require")
    assert ran.code == 0
    # Both entries, one receiver that is not there.
    assert ran.err.count("note: nobody was told of it: ") == 2
    assert [one["event"] for one in office.entries("promotion")[-3:]] == ["requested", "approved", "promoted"]


def test_somebody_is_told_of_a_request_that_is_pending(office: Office) -> None:
    with serving() as server:
        server.replies["/hook"] = Reply()
        assert office.promote("prod", "--notify", f"{server.url}/hook", "--require").code == 1
    assert [one["data"]["event"] for one in _sent(server)] == ["requested"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--notify", "http://example.com/"], "plain HTTP"),
        (["--notify-secret", "secret"], "nobody is notified"),
        (["--notify", "https://example.com/", "--notify-secret", "asker.pem"], "holds no secret"),
        (["--notify", "https://example.com/", "--notify-secret", "absent"], "cannot read"),
    ],
)
def test_what_is_wrong_with_the_options_leaves_nothing_behind(
    options: list[str], told: str, office: Office
) -> None:
    before = office.entries("promotion")
    ran = office.promote("prod", *options)
    assert ran.code == 2 and told in ran.err
    assert office.entries("promotion") == before


def test_addresses_come_from_the_environment_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        server.replies["/hook"] = Reply()
        monkeypatch.setenv("LOCKGATE_NOTIFY", f"{server.url}/hook")
        monkeypatch.setenv("LOCKGATE_NOTIFY_SECRET", "secret")
        assert office.promote("prod").code == 0
    assert "webhook-signature" in server.asked[0].headers
