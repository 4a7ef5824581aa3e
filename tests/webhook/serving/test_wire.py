"""Reviews over the wire, read as leniently as Go reads them, and no more."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Number
from lockgate.gatekeeper.target import review_request
from lockgate.webhook.serving.wire import CallReader, WireError

from tests.webhook.serving.server_processes import Json, config_map, review_of


def _bytes(value: Json) -> bytes:
    return json.dumps(value).encode()


def test_a_review_is_read() -> None:
    call = CallReader().read(_bytes(review_of(config_map(), "the-uid")))
    assert (call.uid, call.api_version, call.operation) == ("the-uid", "admission.k8s.io/v1", "CREATE")
    assert (call.kind, call.namespace, call.name) == (("", "v1", "ConfigMap"), "default", "settings")
    assert call.is_dry_run is False
    assert call.request["oldObject"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"unknown": 1},
        {"UID": "other", "Operation": "DELETE"},
        {"kind": {"group": "", "version": "v1", "kind": "ConfigMap", "more": []}},
        {"userInfo": {"username": "me", "more": {}}},
        {"userInfo": None, "dryRun": None, "options": None, "subResource": None},
    ],
)
def test_unknown_fields_and_nulls_are_nothing(fields: Json) -> None:
    call = CallReader().read(_bytes(review_of(config_map(), **fields)))
    assert (call.uid, call.operation) == ("u-1", "CREATE")


def test_of_two_equal_keys_the_last_counts() -> None:
    body = _bytes(review_of(config_map())).replace(b'"uid": "u-1"', b'"uid": "first", "uid": "u-2"')
    assert CallReader().read(body).uid == "u-2"


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    body = _bytes(review_of(config_map())).replace(b"settings", b"set\xfftings")
    assert CallReader().read(body).name == "set�tings"


def test_numbers_are_go_numbers() -> None:
    value = {**config_map(), "data": {"large": 2**63 - 1, "whole": 1.0, "half": 0.5}}
    found = CallReader().read(_bytes(review_of(value))).request["object"]
    assert isinstance(found, dict)
    assert found["data"] == {"large": 2**63 - 1, "whole": 1, "half": Number("0.5")}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"dryRun": "true"}, "dryRun"),
        ({"operation": 1}, "operation"),
        ({"kind": "ConfigMap"}, "kind"),
        ({"userInfo": {"groups": [1]}}, "groups"),
        ({"object": [], "oldObject": None}, "object"),
        ({"object": {"apiVersion": "v1"}}, "kind"),
        ({"object": None}, "no object"),
    ],
)
def test_what_has_another_type_can_be_answered_by_its_uid(fields: Json, said: str) -> None:
    with pytest.raises(WireError, match=said) as caught:
        CallReader().read(_bytes(review_of(config_map(), **fields)))
    assert (caught.value.uid, caught.value.api_version) == ("u-1", "admission.k8s.io/v1")


@pytest.mark.parametrize("uid", ["", None, 1, "u" * 257])
def test_a_review_without_a_uid_cannot_be_answered(uid: object) -> None:
    with pytest.raises(WireError, match="uid") as caught:
        CallReader().read(_bytes({**review_of(config_map(), uid="x"), "request": {"uid": uid}}))
    assert caught.value.uid == ""


@pytest.mark.parametrize("behind", [b"{}", b"x", b"\0"])
def test_nothing_may_come_behind_the_review(behind: bytes) -> None:
    body = _bytes(review_of(config_map()))
    assert CallReader().read(body + b" \n").uid == "u-1"
    with pytest.raises(WireError, match="more behind"):
        CallReader().read(body + behind)


@given(st.binary(max_size=200))
def test_no_body_is_anything_but_a_review_or_an_error(body: bytes) -> None:
    with pytest.raises(WireError):
        CallReader().read(body)


@given(st.integers(0, 800), st.integers(0, 255))
def test_a_changed_byte_is_a_review_or_an_error(place: int, byte: int) -> None:
    body = bytearray(_bytes(review_of(config_map())))
    body[place % len(body)] = byte
    try:
        assert CallReader().read(bytes(body)).uid
    except WireError as error:
        assert error.message


def test_the_namespace_of_a_namespace_is_itself() -> None:
    value = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    assert CallReader().read(_bytes(review_of(value))).namespace == "team"


@pytest.mark.parametrize(
    ("number", "is_small"),
    [("1", True), ("-99999", True), ("999999", True), ("1000000", False), ("-100000", False), ("1.0", False)],
)
def test_small_integers_need_no_look_at_each(number: str, is_small: bool) -> None:
    reader = CallReader()
    value = config_map()
    text = json.dumps(review_of({**value, "data": {"a": [0]}})).replace("[0]", f"[{number}]")
    call = reader.read(text.encode())
    assert call.small_integers_only is is_small
    if is_small:
        made = review_request(call.request, None, "Namespaced", "small integers")
        assert made.request == review_request(call.request, None, "Namespaced").request
    # The next one's numbers are its own.
    assert reader.read(_bytes(review_of(value))).small_integers_only


def test_a_body_has_its_digest() -> None:
    body = _bytes(review_of(config_map()))
    assert CallReader().read(body).digest == sha256(body).hexdigest()
