"""Selectors of devices, as Kubernetes' own code evaluates them, and on the manifests of the corpus."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.device_values import device_value
from lockgate.engine.cel.errors import CelError, ExpressionError
from lockgate.engine.cel.selector import MAX_LENGTH, SelectorCompiler
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import InputError

from tests.conformance.cel_cases import FOLDER, SELECTORS, Case, cases
from tests.engine.cel.answering import difference
from tests.shared_folder import shared_path

COMPILER = SelectorCompiler()
DEVICE: dict[str, Any] = json.loads((FOLDER / "variables.json").read_text())["dra"]["device"]
GPU = device_value(DEVICE["driver"], DEVICE)


def answer(source: str) -> dict[str, Any]:
    try:
        selector = COMPILER.compile(source)
    except ExpressionError as error:
        return {"mistakes": [{"offset": one.offset, "message": one.message} for one in error.mistakes]}
    try:
        return {"result": {"bool": selector.matches(GPU, CostBudget(Limits()))}}
    except CelError as error:
        return {"error": str(error)}


@pytest.mark.parametrize("case", cases(SELECTORS), ids=lambda case: case.question.expression)
def test_answers_are_those_of_kubernetes(case: Case) -> None:
    found = answer(case.question.expression)
    theirs = {name: value for name, value in case.answer.items() if name != "type"}
    assert not difference({**found, "type": None}, {**theirs, "type": None})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[device].all(device, has(device.attributes))", True),
        ("device.attributes['x'] == {} && device.capacity['x'] == {}", True),
        ("has(device.attributes.x) && !('x' in device.attributes)", True),
        ("device.attributes[?'x'].hasValue() && device.attributes.?x.hasValue()", True),
        ("[{'attributes': {'x': 1}}].all(device, device.attributes['x'] == 1)", True),
        ("[{'attributes': {'x': 1}}].all(device, device.attributes['y'] == 1)", "no such key: y"),
    ],
)
def test_domains_that_a_device_has_not(source: str, expected: Value) -> None:
    found = answer(source)
    assert found == ({"error": expected} if isinstance(expected, str) else {"result": {"bool": expected}})


def test_a_selector_has_a_longest() -> None:
    text = "'" + "é" * (MAX_LENGTH // 2) + "' != ''"
    with pytest.raises(ExpressionError, match="longer than 10240 bytes"):
        COMPILER.compile(text)


def test_devices_of_all_versions() -> None:
    flat = {
        "name": "gpu-0",
        "attributes": {"a": {"int": 1}, "d.io/b": {"bool": True}},
        "capacity": {"m": {"value": 7}},
    }
    nested = {"name": "gpu-0", "basic": {name: flat[name] for name in ("attributes", "capacity")}}
    source = "device.attributes['x.io'].a == 1 && device.attributes['d.io'].b && device.capacity['x.io'].m == quantity('7')"
    for device in (flat, nested):
        assert COMPILER.compile(source).matches(device_value("x.io", device), CostBudget(Limits()))


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ({"attributes": {"a": {}}}, "attribute a: unsupported attribute value"),
        ({"attributes": {"a": 1}}, "attribute a: unsupported attribute value"),
        ({"attributes": {"a": {"int": True}}}, "attribute a: int has a value of another type"),
        ({"attributes": {"a": {"int": 1 << 64}}}, "attribute a: int has a value of another type"),
        ({"attributes": {"a": {"version": "1"}}}, "attribute a: parse semantic version: "),
        ({"capacity": {"m": {}}}, "capacity m: no quantity"),
        ({"capacity": {"m": {"value": "x"}}}, "capacity m: 'x' is no quantity: "),
    ],
)
def test_devices_that_have_no_value(device: dict[str, Value], message: str) -> None:
    with pytest.raises(InputError) as caught:
        device_value("x.io", device)
    assert caught.value.message.startswith(message)


def _selectors(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        cel = value.get("cel")
        if isinstance(cel, dict) and isinstance(cel.get("expression"), str):
            yield cel["expression"]
        for inner in value.values():
            yield from _selectors(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _selectors(inner)


def test_selectors_of_the_corpus_compile() -> None:
    found: dict[str, str] = {}
    for path in sorted(shared_path("corpus", "dra").rglob("*.y*ml")):
        for document in read_documents(path.read_bytes(), str(path), duplicates="last").documents:
            for source in _selectors(document.value):
                found.setdefault(source, str(path))
    wrong: list[tuple[str, str, str]] = []
    for source, place in found.items():
        try:
            COMPILER.compile(source)
        except ExpressionError as error:
            wrong.append((source, str(error), place))
    assert len(found) > 20
    assert wrong == []
