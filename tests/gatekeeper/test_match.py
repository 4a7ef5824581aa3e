"""`spec.match` against tables of facts, and its globs against a naive model."""

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.policy import Matched, MatchError, NotMatched
from lockgate.engine.review import Review
from lockgate.gatekeeper.match import compile_match
from lockgate.gatekeeper.suite_run import gator_review
from lockgate.gatekeeper.target import find_namespaces
from lockgate.gatekeeper.wildcard import compile_any, compile_generate_name, compile_wildcard, is_wildcard

from tests.e2e.test_gator_random_match import random_match, random_namespaces, random_object
from tests.gatekeeper.match_cases import MATCH_CASES, MISSING, POD, MatchCase
from tests.gatekeeper.workbench import Json, document, manifest


def review(
    value: Json | None, old: Json | None = None, namespace: Json | None = None, **more: object
) -> Review:
    return Review(
        request={},
        object=value,
        old_object=old,
        namespace=namespace,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("case", MATCH_CASES, ids=lambda case: case.name)
def test_match_facts(case: MatchCase) -> None:
    inside = case.value["metadata"].get("namespace")
    known = next((value for value in case.namespaces if value["metadata"]["name"] == inside), None)
    found = compile_match(case.match)(review(case.value, namespace=known, scope="Cluster"))
    kinds = {"match": Matched, "no": NotMatched, "error": MatchError}
    assert isinstance(found, kinds[case.outcome]), found
    if isinstance(found, MatchError):
        assert MISSING in found.message and "shop" in found.needs
    if isinstance(found, NotMatched):
        assert found.matcher in case.match and found.reason


@pytest.mark.parametrize(
    ("name", "value", "old", "matches"),
    [
        ("object alone", manifest(name="a"), None, True),
        ("old object alone", None, manifest(name="a"), True),
        ("only the old one fits", manifest(name="b"), manifest(name="a"), True),
        ("only the new one fits", manifest(name="a"), manifest(name="b"), True),
        ("neither fits", manifest(name="b"), manifest(name="c"), False),
    ],
)
def test_either_state_is_enough(name: str, value: Json | None, old: Json | None, matches: bool) -> None:
    found = compile_match({"name": "a"})(review(value, old))
    assert isinstance(found, Matched) is matches


def test_no_object_at_all_cannot_be_told() -> None:
    assert isinstance(compile_match({})(review(None)), MatchError)
    assert isinstance(compile_match({"name": "a"})(review(None)), MatchError)
    assert isinstance(compile_match(None)(review(None)), Matched)


def test_a_match_error_on_the_object_is_not_hidden_by_the_old_object() -> None:
    selector: Json = {"namespaceSelector": {"matchLabels": {"env": "prod"}}}
    assert isinstance(compile_match(selector)(review(POD, manifest("Namespace"))), MatchError)


@pytest.mark.parametrize(
    ("scope", "wanted", "kind"),
    [
        ("Unknown", "Namespaced", MatchError),
        ("Unknown", "Cluster", Matched),
        ("Cluster", "Namespaced", NotMatched),
    ],
)
def test_scope_of_an_unknown_kind_is_not_guessed(scope: str, wanted: str, kind: type) -> None:
    found = compile_match({"scope": wanted})(review(manifest("Gizmo"), scope=scope))
    assert isinstance(found, kind)
    if isinstance(found, MatchError):
        assert "Gizmo" in found.needs


def test_the_first_criterion_that_fails_is_named() -> None:
    found = compile_match({"name": "b", "kinds": [{"kinds": ["Service"]}]})(review(POD))
    assert isinstance(found, NotMatched) and found.matcher == "kinds"


def test_source_that_is_not_said() -> None:
    found = compile_match({"source": "Original"})(review(POD, source=""))
    assert isinstance(found, MatchError) and not found.needs


@given(st.randoms(use_true_random=False), st.booleans())
def test_what_a_kind_leaves_to_ask_decides_as_the_whole_does(dice: random.Random, updates: bool) -> None:
    matcher = compile_match(random_match(dice))
    value, known = random_object(dice), find_namespaces(random_namespaces(dice))
    asked = gator_review(document(value), known)
    if updates:
        asked = replace(asked, old_object={**value, "metadata": random_object(dice)["metadata"]})
    left = matcher.of_kind(value["apiVersion"], value["kind"])
    whole = matcher(asked)
    if left is None:
        assert isinstance(whole, NotMatched) and whole.matcher == "kinds"
    else:
        assert left(asked) == whole


WILDCARDS = st.from_regex(r"\A\*?[-:a-z0-9]{0,4}\*?\Z")
NAMES = st.text(alphabet="ab-:0.", max_size=6)


def _naive(wildcard: str, name: str) -> bool:
    front, end = wildcard.startswith("*"), wildcard.endswith("*")
    middle = re.escape(wildcard.strip("*"))
    return re.fullmatch((".*" if front else "") + middle + (".*" if end else ""), name, re.DOTALL) is not None


@given(WILDCARDS, NAMES)
def test_wildcards_are_what_a_naive_model_says(wildcard: str, name: str) -> None:
    assert is_wildcard(wildcard)
    assert compile_wildcard(wildcard)(name) == _naive(wildcard, name)
    assert compile_generate_name(wildcard)(name) == (wildcard.endswith("*") and _naive(wildcard, name))


@given(st.lists(WILDCARDS, max_size=4), NAMES)
def test_any_of_several_wildcards(wildcards: list[str], name: str) -> None:
    assert compile_any(wildcards)(name) == any(_naive(wildcard, name) for wildcard in wildcards)


@pytest.mark.parametrize("text", ["a?", "a*b", "A", "a b", "**", "*a*b", "a\n"])
def test_other_globs_are_refused_or_exact(text: str) -> None:
    assert is_wildcard(text) is (text == "**")
