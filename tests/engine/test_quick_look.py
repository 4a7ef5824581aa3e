"""`holds_no_secret`: where it says so, `mask_values` changes nothing but the user's extra."""

import base64
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Value
from lockgate.engine.masking.masked_value import MAX_NESTING, mask_values
from lockgate.engine.masking.quick_look import Asked, holds_no_secret, mask_extra
from lockgate.engine.masking.secret_values import LAST_APPLIED

from tests.engine.test_masked_value import ECHOES, PLACES, PLANTED

ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def looked(request: dict[str, Value], said: Value) -> tuple[bool, Asked]:
    asked = mask_extra(request)
    data = ENCODER.encode({"input": asked.request, "said": said}).encode()
    return holds_no_secret(data, asked, data), asked


POD: dict[str, Value] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "opa", "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "labels": {"app": "opa"}},
    "spec": {
        "automountServiceAccountToken": False,
        "containers": [
            {
                "args": ["run", "--server", "--addr=localhost:8080"],
                "env": [{"name": "LOG_LEVEL", "value": "debug"}],
                "image": "registry.example/opa/openpolicyagent:0.9.2",
                "name": "opa",
            }
        ],
        "imagePullSecrets": [{"name": "pull-secret"}],
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "tolerationSeconds": 300}],
    },
}
USER: dict[str, Value] = {"username": "system:serviceaccount:kube-system:replicaset-controller"}
SAID: list[Value] = [
    "container <opa> has no limits",
    'the image "a/b" is none of ["x/", "y/"]',
    "first line\nsecond line\twith a tab",
    "über die Wörter: ключ",
    {"missing": ["owner", "cost-centre"], "v": None, "n": -3},
]


@pytest.mark.parametrize("said", SAID, ids=str)
@pytest.mark.parametrize(
    "extra", [{}, {"extra": {"example.com/node": ["node-7d1f-of-the-caller"]}}, {"extra": {}}]
)
def test_what_nearly_all_reviews_are_like_is_not_searched(extra: dict[str, Value], said: Value) -> None:
    request: dict[str, Value] = {"object": POD, "userInfo": {**USER, **extra}, "oldObject": None}
    is_clean, asked = looked(request, said)
    assert is_clean
    assert list(mask_values([request, said]).values) == [asked.request, said]


@pytest.mark.parametrize("echo", ["message", "quoted", "encoded", "key", "list", "upper case"])
@pytest.mark.parametrize("place", PLACES)
def test_planted_values_are_left_to_the_search(place: str, echo: str) -> None:
    assert not looked({"object": PLACES[place], "userInfo": USER}, ECHOES[echo])[0]


@pytest.mark.parametrize(
    "said", [f"the node {PLANTED}", PLANTED.upper(), {PLANTED: 1}, [f'"{PLANTED}"']], ids=str
)
def test_the_users_extra_is_searched_for(said: Value) -> None:
    request: dict[str, Value] = {"object": POD, "userInfo": {**USER, "extra": {"a": [PLANTED]}}}
    assert not looked(request, said)[0]


def deep(levels: int) -> Value:
    made: Value = "x]"
    for _ in range(levels):
        made = [made]
    return made


def test_what_is_too_deep_is_left_to_the_search() -> None:
    # Two levels are around it.
    wide: list[Value] = [["]"]] * MAX_NESTING
    assert looked({"a": [deep(MAX_NESTING - 3), *wide]}, [])[0]
    assert not looked({"a": [deep(MAX_NESTING - 1), *wide]}, [])[0]


HIDDEN = base64.b64encode(b"Bearer AKIAIOSFODNN7EXAMPLE").decode()
FRAGMENTS = st.sampled_from(
    [
        *(
            "password",
            "token",
            "API_KEY",
            "secret",
            "private",
            "name",
            "value",
            "kind",
            "Secret",
            "SecretList",
        ),
        *("data", "stringData", "userInfo", "extra", LAST_APPLIED, "a", "x1", "container", "é", "\u212aey"),
        *(
            ":",
            '":',
            '"',
            "'",
            "\\",
            "\n",
            "\t",
            "\r",
            " ",
            "\u00a0",
            "\x85",
            "=",
            "-",
            "--",
            "[",
            "{",
            "}",
            ",",
            "/",
        ),
        *(
            "kind: Secret",
            'kind":"Secret',
            "-u me:pass-9x",
            "--api-key ",
            "Bearer ",
            "://user:pw@",
            "AKIAIOSFODNN7EXAMPLE",
        ),
        *(
            "ghp_0123456789abcdef",
            "-----BEGIN PRIVATE KEY-----",
            "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.x",
            HIDDEN,
            HIDDEN[:-2],
        ),
        *("705ab4f5-6393-11e8-b7cc-42010a800002", "false", "482915", "\x1f", "\x7f", "\u2028"),
    ]
)
TEXTS = st.lists(FRAGMENTS, max_size=4).map("".join)
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-999, 999_999))
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4))
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4), VALUES, st.none() | VALUES)
@settings(max_examples=300, deadline=None)
def test_what_it_passes_would_not_be_masked(request: dict[str, Value], said: Value, extra: Value) -> None:
    if extra is not None:
        request = {**request, "userInfo": {"username": "u", "extra": extra}}
    is_clean, asked = looked(request, said)
    assume(is_clean)
    assert list(mask_values([request, said]).values) == [asked.request, said]
