"""Events of promotions as CloudEvents, by webhook: what is sent, how it is signed, and that failing changes nothing."""

import hmac
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import TrailError
from lockgate.audit.promotions.events import PromotionEvent, approved, made, requested, revoked
from lockgate.audit.promotions.history import Promoted, Request
from lockgate.engine.errors import UsageError
from lockgate.webhook.notifying import Notifier, parse_address, read_secret_key, render_signature
from lockgate.webhook.promotions.cloud_event import MEDIA_TYPE, CloudEvent, render_cloud_event

from tests.webhook.references.servers import Reply, serving

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "webhook" / "schemas" / "promotion-event.schema.json").read_text()
)
ORIGIN = "example.com/lockgate/prod"
DIGEST = "sha256:" + "ab" * 32
PROMOTED = Promoted("fraud", "7", "prod", DIGEST, "sha256:" + "cd" * 32)
REQUEST = Request(3, PROMOTED, "p-ada", "", "staging", 1, None, False)
BACK = Request(9, PROMOTED, "p-ada", "", "", None, 4, False)
# 2026-01-02T03:04:05.678Z
AT_MS = 1_767_323_045_678
SECRET = b"0123456789abcdef0123456789abcdef"

EVENTS = {
    "requested": requested(PROMOTED, "p-ada", key=DIGEST, source="staging", predecessor=1, own_approval=True),
    "approved": approved(REQUEST, "p-bo", "token"),
    "promoted": made(REQUEST, [4, 5, 7], DIGEST),
    "rolled-back": made(BACK, [], DIGEST),
    "revoked": revoked(PROMOTED, 8, "drift"),
}


def _event(event: PromotionEvent | None = None) -> CloudEvent:
    return render_cloud_event(event or EVENTS["approved"], ORIGIN, 4, AT_MS)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_a_cloud_event_by_its_schema(name: str) -> None:
    value = json.loads(_event(EVENTS[name]).body)
    jsonschema.validate(value, SCHEMA)
    assert value["type"] == f"dev.lockgate.promotion.{name}"
    assert value["data"] == dict(EVENTS[name].fields)


def test_the_attributes_of_an_event() -> None:
    value = json.loads(_event().body)
    assert {name: one for name, one in value.items() if name != "data"} == {
        "specversion": "1.0",
        "id": "4",
        "source": "//example.com/lockgate/prod",
        "type": "dev.lockgate.promotion.approved",
        "subject": "prod/fraud",
        "time": "2026-01-02T03:04:05.678Z",
        "datacontenttype": "application/json",
        "dataschema": SCHEMA["$id"],
    }


def test_every_field_of_an_entry_is_in_the_schema() -> None:
    from lockgate.audit.entry import SCHEMAS

    entry = SCHEMAS["promotion"]
    told = SCHEMA["properties"]["data"]
    assert set(told["properties"]) == set(entry.required) | set(entry.optional)
    assert set(told["required"]) == set(entry.required)


def test_the_same_entry_has_the_same_delivery_and_another_log_has_another() -> None:
    again = render_cloud_event(EVENTS["approved"], ORIGIN, 4, AT_MS + 9)
    assert again.delivery == _event().delivery
    assert render_cloud_event(EVENTS["approved"], ORIGIN, 5, AT_MS).delivery != again.delivery
    assert render_cloud_event(EVENTS["approved"], ORIGIN + "x", 4, AT_MS).delivery != again.delivery


@given(st.text(min_size=1, max_size=20).filter(str.isprintable))
def test_a_log_of_any_name_has_a_source_in_ascii(name: str) -> None:
    source = json.loads(render_cloud_event(EVENTS["approved"], name, 0, AT_MS).body)["source"]
    assert source.startswith("//") and source.isascii() and " " not in source


def test_the_signature_is_that_of_standard_webhooks(tmp_path: Path) -> None:
    # The vector of its reference libraries.
    path = tmp_path / "secret"
    path.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    path.chmod(0o600)
    made = render_signature(
        read_secret_key(path), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_sent() -> None:
    event = _event()
    with serving() as server:
        server.replies["/hooks/a?sig=x%2F"] = Reply(status=204)
        assert Notifier(
            parse_address(f"{server.url}/hooks/a?sig=x%2F"), SECRET, lambda: 1_800_000_000
        ).notify(event)
    (asked,) = server.asked
    assert asked.body == event.body
    assert asked.headers["content-type"] == MEDIA_TYPE == "application/cloudevents+json; charset=utf-8"
    assert asked.headers["webhook-id"] == event.delivery
    assert asked.headers["webhook-timestamp"] == "1800000000"
    signed = f"{event.delivery}.1800000000.".encode() + event.body
    version, _, signature = asked.headers["webhook-signature"].partition(",")
    from base64 import b64decode

    assert (version, b64decode(signature)) == ("v1", hmac.digest(SECRET, signed, "sha256"))


def test_without_a_secret_nothing_is_signed(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        server.replies["/"] = Reply(status=202)
        assert Notifier(parse_address(server.url), None, lambda: 0).notify(_event())
    assert "webhook-signature" not in server.asked[0].headers
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=500), "answers with status 500"),
        (Reply(status=410), "answers with status 410"),
        (Reply(status=307, headers={"Location": "https://elsewhere.example/"}), "which is not followed"),
        (Reply(headers={"Content-Length": "9"}, body=b"short"), "answers with no HTTP: IncompleteRead"),
    ],
)
def test_a_receiver_that_does_not_take_it_is_told_on_stderr(
    reply: Reply, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as server:
        server.replies["/secret-path"] = reply
        assert not Notifier(parse_address(f"{server.url}/secret-path?token=secret"), None, lambda: 0).notify(
            _event()
        )
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("note: nobody was told of it: ")
    assert "secret" not in said.err
    # The path with its query is asked for, which this server does not know.
    assert "answers with status 404" in said.err
    with serving() as server:
        server.replies["/secret-path"] = reply
        assert not Notifier(parse_address(f"{server.url}/secret-path"), None, lambda: 0).notify(_event())
    said = capsys.readouterr()
    assert told in said.err and "secret" not in said.err


def test_a_receiver_that_is_not_there_or_never_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockgate.webhook.notifying.TIMEOUT_S", 0.2)
    with serving() as server:
        server.replies["/"] = Reply(waits=True)
        assert not Notifier(parse_address(server.url), None, lambda: 0).notify(_event())
    assert "gave no answer within 0.2 s" in capsys.readouterr().err
    assert not Notifier(parse_address(server.url), None, lambda: 0).notify(_event())
    assert "cannot be asked" in capsys.readouterr().err
    assert not Notifier(parse_address("https://nobody.invalid/"), None, lambda: 0).notify(_event())
    assert "note: nobody was told of it: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://example.com/", "plain HTTP"),
        ("http://127.0.0.1.example.com/", "plain HTTP"),
        ("http://10.0.0.1/", "plain HTTP"),
        ("ftp://example.com/", "no URL of https://"),
        ("example.com", "no URL of https://"),
        ("https://", "no URL of https://"),
        ("https://user:password@example.com/", "no user"),
        ("https://example.com/#part", "no fragment"),
        ("https://example.com/a b", "printable ASCII"),
        ("https://example.com/\r\nX: y", "printable ASCII"),
        ("https://exämple.com/", "printable ASCII"),
        ("https://example.com/" + "a" * 2_048, "at most 2048"),
        ("https://[::1/", "no URL"),
        ("https://example.com:99999/", "no URL"),
    ],
)
def test_what_is_no_address(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert told in caught.value.message
    assert "password" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://example.com", "/"),
        ("https://example.com/a%20b/?x=1&y", "/a%20b/?x=1&y"),
        ("https://example.com?x", "/?x"),
        ("http://127.0.0.1:8080/hook", "/hook"),
        ("http://localhost/hook", "/hook"),
    ],
)
def test_what_is_an_address(text: str, target: str) -> None:
    assert parse_address(text).target == target


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "0 bytes"),
        ("whsec_AAAA", "3 bytes"),
        ("whsec_" + "A" * 100, "75 bytes"),
        ("no base64!", "holds no secret"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "holds no secret"),
        ("é", "holds no secret"),
    ],
)
def test_what_is_no_secret(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match=told) as caught:
        read_secret_key(path)
    assert "openssl rand" in caught.value.hint
    assert content == "" or content not in caught.value.message


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("whsec_" + "A" * 32)
    path.chmod(0o644)
    with pytest.raises(TrailError, match="others may read"):
        read_secret_key(path)
    with pytest.raises(TrailError, match="cannot read"):
        read_secret_key(tmp_path / "absent")


@given(st.binary(max_size=200), st.integers(0, 1 << 40), st.binary(min_size=24, max_size=64))
def test_a_signature_is_of_these_bytes_alone(body: bytes, at_s: int, key: bytes) -> None:
    made = render_signature(key, "a", at_s, body)
    assert made == render_signature(key, "a", at_s, body)
    others: list[Any] = [("b", at_s, body), ("a", at_s + 1, body), ("a", at_s, body + b"\0")]
    assert made not in [render_signature(key, *one) for one in others]
