"""`mask_values`: copies of values without their secrets, for what is hashed and stored."""

import base64
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Number, Set, Value, key, make_object, render_json
from lockgate.engine.masking import credentials, secret_values
from lockgate.engine.masking.masked_value import MAX_NESTING, NOT_KEPT, mask_values
from lockgate.engine.masking.masker import MASK, MAX_OCCURRENCES, Masker
from lockgate.engine.masking.secret_values import LAST_APPLIED, SecretValues, collect_value

PLANTED = "Planted-7f3a-value"
ENCODED = base64.b64encode(PLANTED.encode()).decode()

# Each holds the planted value where it must not be kept.
PLACES: dict[str, Value] = {
    "Secret data": {"kind": "Secret", "data": {"p": ENCODED}},
    "Secret stringData": {"kind": "Secret", "stringData": {"p": PLANTED}},
    "Secret in a List": {"kind": "List", "items": [{"kind": "Secret", "stringData": {"p": PLANTED}}]},
    "Secret in an oldObject": {"oldObject": {"kind": "Secret", "data": {"p": ENCODED}}},
    "environment": {"env": [{"name": "DB_PASSWORD", "value": PLANTED}]},
    "field": {"spec": {"password": PLANTED}},
    "option": {"args": ["--api-key", PLANTED]},
    "option with =": {"args": [f"--api-key={PLANTED}"]},
    "command": {"command": ["sh", "-c", f"curl -u user:{PLANTED} https://example.com"]},
    "URL": {"value": f"postgres://user:{PLANTED}@db/x"},
    "last applied": {"metadata": {"annotations": {LAST_APPLIED: json.dumps({"data": {"p": PLANTED}})}}},
    "last applied of an old object": {
        "oldObject": {"metadata": {"annotations": {LAST_APPLIED: f"{{not json, password: {PLANTED}"}}}
    },
    "last applied that is no string": {"metadata": {"annotations": {LAST_APPLIED: {"any": [PLANTED]}}}},
    "user's extra": {"userInfo": {"username": "u", "extra": {"example.com/session": [PLANTED]}}},
    "user's extra, nested": {"request": {"userInfo": {"extra": {"a": {"b": [PLANTED]}}}}},
    "manifest in a string": {"data": {"x": f"kind: Secret\nstringData:\n  p: {PLANTED}\n"}},
    "JSON in a string": {"data": {"x": json.dumps({"kind": "Secret", "stringData": {"p": PLANTED}})}},
    "private key": {
        "x": f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n-----END PRIVATE KEY-----\nand {PLANTED} once more"
    },
}
# What a policy may make of the value.
ECHOES: dict[str, Value] = {
    "message": f"the value {PLANTED} is not allowed",
    "quoted": json.dumps({"value": PLANTED}),
    "encoded": f"data is {ENCODED}",
    "key": {PLANTED: True},
    "list": [["a", PLANTED]],
    "set": Set([PLANTED, "b"]),
    "set in an object": {"values": [Set([f"v={PLANTED}"])]},
    "key that is no string": make_object([((PLANTED, 1)[0], 1), (2, PLANTED)]),
    "upper case": PLANTED.upper(),
}


# Where the value is a part of what is secret: it is masked as it stands, and not in every form of it.
PARTS = ("private key", "last applied", "last applied of an old object")


def holds(value: Value) -> list[str]:
    text = render_json(value)
    return [
        one for one in (PLANTED, PLANTED.upper(), ENCODED, ENCODED.rstrip("="), PLANTED[3:]) if one in text
    ]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("place", PLACES)
def test_planted_values_are_nowhere(place: str, echo: str) -> None:
    if place in PARTS and echo in ("encoded", "upper case"):
        echo = "message"
    request, said = mask_values([{"object": PLACES[place], "kept": "words"}, ECHOES[echo]]).values
    assert holds(request) == holds(said) == []
    assert isinstance(request, dict) and request["kept"] == "words"


def test_what_is_no_secret_is_kept() -> None:
    value: Value = {
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {"a/b": "text"}},
        "spec": {
            "containers": [
                {"env": [{"name": "MODE", "value": "fast"}, {"name": "TOKEN", "value": "$(FROM)"}]},
                {"image": "registry.example/team/app@sha256:" + "0" * 64, "args": ["--level", "info"]},
            ],
            "replicas": 3,
            "ratio": Number("0.10"),
            "on": None,
            "off": False,
        },
    }
    before = render_json(value)
    (kept,) = mask_values([value]).values
    assert render_json(kept) == before == render_json(value)


def test_numbers_that_are_secret() -> None:
    secret: Value = {"kind": "Secret", "stringData": {"pin": 482915, "share": Number("0.4829"), "n": 5}}
    made, said = mask_values([secret, {"a": 482915, "b": [Number("0.4829")], "replicas": 5}]).values
    assert made == {"kind": "Secret", "stringData": {"pin": MASK, "share": MASK, "n": MASK}}
    # A number of one digit says nothing by itself.
    assert said == {"a": MASK, "b": [MASK], "replicas": 5}


def test_keys_that_are_masked_stay_apart() -> None:
    secret: Value = {"kind": "Secret", "stringData": {"p": PLANTED}}
    _, said = mask_values([secret, {PLANTED: 1, PLANTED.upper(): 2, "x": 3}]).values
    assert isinstance(said, dict) and sorted(map(str, said.values())) == ["1", "2", "3"]


def deep(levels: int) -> Value:
    value: Value = PLANTED
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "Secret", "data": {str(n): f"secret-{n:06}-value" for n in range(20_000)}},
        {"kind": "Secret", "stringData": {"p": "x" * (secret_values.MAX_SEARCHED + 1)}},
        {"text": "x" * (secret_values.MAX_SEARCHED + 1)},
        {"args": ["--password", "long-enough", "long-enough " * (MAX_OCCURRENCES + 1)]},
        {"deep": deep(MAX_NESTING + 1)},
        {"deep": deep(100_000)},
    ],
    ids=["many", "long secret", "long text", "many echoes", "deep", "very deep"],
)
def test_what_cannot_be_masked_is_not_kept(value: Value) -> None:
    assert mask_values([value, "said"]).values == (NOT_KEPT, NOT_KEPT)


def test_a_value_that_overlaps_itself() -> None:
    assert Masker(("aaaa",)).replaced("b" + "a" * 1001 + "b aaaaaa") == "b***b ***"
    assert Masker(("abab",)).replaced("xabababx abab") == "x***x ***"
    long = "ab" * 400
    assert "ab" not in Masker((long,)).replaced(f"x{long}x{long}")


_TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "password=",
                "hunter2hunter2",
                "--token",
                "-u",
                "user:pass-word1",
                "Bearer abcdefgh1234",
                "AKIAIOSFODNN7EXAMPLE",
                "-----BEGIN PRIVATE KEY-----",
                "-----END PRIVATE KEY-----",
                '{"token": "abcdef"}',
                "kind: Secret",
                "userInfo",
                "secret:",
                " 'value-1'",
                "https://u:pw@h",
                base64.b64encode(b"AKIAIOSFODNN7EXAMPLE").decode(),
                "kubernetes-dashboard-metrics",
                "authorization:",
                "login a password",
            ]
        ),
        st.text("ab1 =:\"'-/@", max_size=12),
    ),
    max_size=12,
)


@given(_TEXTS, st.data())
def test_strings_are_looked_through_together_as_they_would_be_alone(
    parts: Sequence[str], data: st.DataObject
) -> None:
    texts = ["".join(data.draw(st.permutations(parts))[:3]) for _ in range(5)] + list(parts)
    together, alone = SecretValues(), SecretValues()
    collect_value(list(texts), together, 0)
    for index, text in enumerate(texts):
        before = texts[index - 1] if index else ""
        if credentials.is_option(before):
            alone.add(text)
        secret_values._collect_string(text, alone, 0)
    assert together.forms == alone.forms


def test_forms_do_not_depend_on_the_order_of_values() -> None:
    """One value is a form of the other: whichever comes first, both have all of theirs."""
    encoded = base64.b64encode(b"AKIAIOSFODNN7EXAMPLE").decode()
    first, second = SecretValues(), SecretValues()
    for value in (encoded, "AKIAIOSFODNN7EXAMPLE"):
        first.add(value)
    for value in ("AKIAIOSFODNN7EXAMPLE", encoded):
        second.add(value)
    assert first.forms == second.forms
    assert b"AKIAIOSFODNN7EXAMPLE".hex() in first.forms
    assert encoded.replace("=", "%3D") in second.forms


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5))
def test_masking_changes_nothing_of_its_argument(value: dict[str, Value]) -> None:
    whole: Value = {"kind": "Secret", "data": value, "userInfo": {"extra": value}}
    before = key(whole)
    mask_values([whole])
    assert key(whole) == before


def test_where_a_field_is_only_named_nothing_is_masked() -> None:
    told = "who makes the request (input.review.userInfo)"
    assert mask_values([{"needs": told}]).values == ({"needs": told},)
    for quoted in (
        'userInfo: {extra: {a: ["planted-credential-1"]}}',
        '"userInfo":{"extra":{"a":["planted-credential-1"]}}',
    ):
        assert "planted-credential-1" not in str(mask_values([{"message": f"cannot read {quoted}"}]).values)
