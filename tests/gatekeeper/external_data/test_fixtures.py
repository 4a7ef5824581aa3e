"""Fixtures: what providers answer in suites and in checks without a network."""

from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.decision import Item, Reply
from lockgate.engine.errors import PolicyError
from lockgate.engine.external_data import UnansweredError
from lockgate.gatekeeper.external_data.fixtures import FixtureProviders, parse_fixture_object
from lockgate.gatekeeper.suite_run import run_suites

from tests.gatekeeper.external_data.making import ASKS, OPEN, bound, pod
from tests.gatekeeper.workbench import Json, SuiteFolder, document, template


def fixtures(*providers: Any, version: str = "v1alpha1") -> Json:
    return {
        "apiVersion": f"externaldata.lockgate.dev/{version}",
        "kind": "ExternalData",
        "providers": list(providers),
    }


def read(*providers: Any) -> FixtureProviders:
    return FixtureProviders(parse_fixture_object(document(fixtures(*providers))))


def test_answers() -> None:
    made = read(
        {"provider": "p", "values": {"a": {"n": 1.0}, "null": None}, "errors": {"bad": "no"}},
        {"provider": "down", "systemError": "gone", "values": {"a": 1}},
    )
    assert made.ask("p", ("a", "bad", "null"), None) == Reply(
        (Item("a", {"n": 1}), Item("bad", None, "no"), Item("null")), 200, keeps_s=None
    )
    assert made.ask("p", (), None) == Reply((), 0, keeps_s=None)
    assert made.ask("down", ("x",), None) == Reply((), 200, "gone", None)


@pytest.mark.parametrize(
    ("provider", "key", "said"),
    [
        ("q", "a", "what provider 'q' answers (externalData)"),
        ("p", "b", "what provider 'p' answers for 'b' (externalData)"),
    ],
)
def test_what_is_not_said(provider: str, key: str, said: str) -> None:
    with pytest.raises(UnansweredError) as caught:
        read({"provider": "p", "values": {"a": 1}}).ask(provider, ("a", key), None)
    assert caught.value.needs == said


@pytest.mark.parametrize(
    ("providers", "said"),
    [
        ([{}], "providers[0].provider is missing"),
        ([{"provider": "p"}, {"provider": "p"}], "provider 'p' is given twice"),
        ([{"provider": "p", "keys": []}], "unknown field providers[0].keys"),
        ([{"provider": "p", "values": []}], "providers[0].values must be an object"),
        ([{"provider": "p", "errors": {"a": 1}}], "must be a string"),
        ([{"provider": "p", "errors": {"a": ""}}], "the error of key 'a' is empty"),
        ([{"provider": "p", "values": {"a": 1}, "errors": {"a": "x"}}], "key 'a' has a value and an error"),
        ([{"provider": "p", "systemError": False}], "must be a string"),
        ([1], "must be an object"),
    ],
)
def test_wrong(providers: list[Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read(*providers)
    assert said in caught.value.message
    assert caught.value.location is not None


def test_another_version() -> None:
    with pytest.raises(PolicyError, match="unsupported version"):
        parse_fixture_object(document(fixtures(version="v2")))


def verified(tmp_path: Path, *, suite: Any = None, test: Any = None, case: Any = None) -> tuple[str, str]:
    """The outcome of a case that expects one violation, `b: from the …`, and what is said of it."""
    folder = SuiteFolder(tmp_path)
    folder.test(
        "asks",
        template(ASKS, schema=OPEN),
        bound(),
        [(pod("a", "b"), (), [{"violations": 1, "message": "^b: from the "}])],
    )
    path = folder.write()
    made = document_of(path)
    for value, given in ((made, suite), (made["tests"][0], test), (made["tests"][0]["cases"][0], case)):
        if given is not None:
            value["externalData"] = given
    write(path, made)
    (result,) = run_suites([str(path)]).suites[0].tests[0].cases
    return result.outcome, result.text


def document_of(path: Path) -> Any:
    import json

    return json.loads(path.read_text())


def write(path: Path, value: Any) -> None:
    import json

    path.write_text(json.dumps(value))


def says(text: str) -> list[Any]:
    return [{"provider": "p", "values": {"a": 1}, "errors": {"b": f"from the {text}"}}]


@pytest.mark.parametrize("where", ["suite", "test", "case"])
def test_a_suite_says_what_providers_answer(where: str, tmp_path: Path) -> None:
    assert verified(tmp_path, **{where: says(where)}) == ("passed", "")


def test_the_nearest_counts(tmp_path: Path) -> None:
    nothing = [{"provider": "p", "values": {"a": 1, "b": 1}}]
    assert verified(tmp_path, suite=nothing, test=nothing, case=says("case"))[0] == "passed"
    outcome, text = verified(tmp_path, suite=says("suite"), case=nothing)
    assert (outcome, "got 0 violations" in text) == ("failed", True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "not evaluated: needs the answers of provider 'p' (external_data)"),
        ([{"provider": "q"}], "not evaluated: needs what provider 'p' answers (externalData)"),
        (
            [{"provider": "p", "values": {"a": 1}}],
            "not evaluated: needs what provider 'p' answers for 'b' (externalData)",
        ),
    ],
)
def test_a_case_that_is_not_told_fails(given: Any, said: str, tmp_path: Path) -> None:
    assert verified(tmp_path, suite=given) == ("failed", said)


def test_what_is_said_of_all_other_keys() -> None:
    made = read({"provider": "p", "values": {"a": 1}, "otherwise": "nobody knows it"})
    assert made.ask("p", ("a", "b"), None).items == (Item("a", 1), Item("b", None, "nobody knows it"))
