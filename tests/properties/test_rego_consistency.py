"""Random policies answer alike in every mode, and whatever a prepared program was asked before."""

import json
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, Value, parse_json, render_rego
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import NO_VALUES, Mode, Prepared, Program, compile_program
from lockgate.engine.rego.source import Source

from tests.engine.rego_judging_programs import judging_module, random_values
from tests.engine.rego_programs import DATA, PARAMETERS, REVIEWS, random_module

CONSTANTS: tuple[str, ...] = ("input", "parameters")
USUAL = (("input", "review"), ("input", "review", "object"), ("input", "review", "object", "spec"))


def value(plain: Any) -> Value:
    return parse_json(json.dumps(plain))


BASE = {name: value(item) for name, item in DATA.items()}


def compiled(
    text: str, names: list[str], mode: Mode, bound: Mapping[tuple[str, ...], Value] = NO_VALUES
) -> Program:
    module = parse_module(Source(text, "random.rego"))
    entries = ["data.test", *(f"data.test.{name}" for name in names)]
    return compile_program(
        [module], entrypoints=entries, capabilities=Capabilities(), mode=mode, usual=USUAL, bound=bound
    )


def accepts(text: str) -> bool:
    try:
        compiled(text, [], "plain")
    except RegoError:
        return False
    return True


def answer(prepared: Prepared, entry: str, given: Value, steps: int = 1_000_000, strict: str = "") -> str:
    limits = Limits(max_steps=steps)
    try:
        found = prepared.evaluate(entry, input=given, data=BASE, now_ns=0, limits=limits, strict=strict)
    except EvaluationError as error:
        return str(error)
    return "undefined" if isinstance(found, Undefined) else render_rego(found)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000_000))
def test_modes_and_earlier_questions_change_no_answer(seed: int) -> None:
    text, names = random_module(seed, accepts)
    plain = compiled(text, names, "plain")
    traced, covered = compiled(text, names, "traced"), compiled(text, names, "covered")
    decide = random.Random(seed)
    entries = [f"data.test.{name}" for name in names] or ["data.test"]
    prepared = {
        number: plain.prepare({CONSTANTS: value(parameters)}) for number, parameters in enumerate(PARAMETERS)
    }
    special = {
        number: compiled(text, names, "plain", constants).prepare(constants)
        for number, constants in enumerate({CONSTANTS: value(parameters)} for parameters in PARAMETERS)
    }
    for _ in range(8):
        number = decide.randrange(len(PARAMETERS))
        review = decide.choice(REVIEWS)
        asked = value({"parameters": PARAMETERS[number], "review": review})
        decide.shuffle(entries)
        for entry in entries:
            first = answer(plain.prepare(), entry, asked)
            assert answer(prepared[number], entry, asked) == first, (entry, text)
            assert answer(special[number], entry, asked) == first, (entry, text)
            assert answer(traced.prepare(), entry, asked) == first, (entry, text)
            seen = answer(covered.prepare(), entry, asked)
            # As OPA's index of rules, coverage leaves out rules that cannot hold, and the errors in them.
            assert seen == first or " eval_" in first, (entry, text)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000_000), st.integers(1, 60))
def test_a_limit_means_the_same_whatever_was_asked_before(seed: int, steps: int) -> None:
    text, names = random_module(seed, accepts)
    program = compiled(text, names, "plain")
    constants: dict[tuple[str, ...], Value] = {CONSTANTS: value(PARAMETERS[0])}
    used = program.prepare(constants)
    entries = [f"data.test.{name}" for name in names]
    for review in [*REVIEWS, *REVIEWS]:
        asked = value({"parameters": PARAMETERS[0], "review": review})
        for entry in entries:
            alone = answer(program.prepare(constants), entry, asked, steps)
            assert answer(used, entry, asked, steps) == alone, (entry, text)


def test_the_text_of_a_constant_is_made_apart_from_the_evaluation() -> None:
    text = 'package test\n\np := sprintf("%v-%v", [[x | some x in input.review], input.parameters.xs])\n'
    program = compiled(text, ["p"], "plain")
    plain = {"xs": list(range(200))}
    constants: dict[tuple[str, ...], Value] = {CONSTANTS: value(plain)}
    asked = value({"parameters": plain, "review": list(range(200))})
    used = program.prepare(constants)
    assert answer(used, "data.test.p", asked).startswith('"[0, 1')
    for steps in range(200, 1_000, 20):
        alone = answer(program.prepare(constants), "data.test.p", asked, steps)
        assert answer(used, "data.test.p", asked, steps) == alone, steps


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000_000))
def test_code_for_parameters_answers_as_code_that_is_watched(seed: int) -> None:
    text, names = judging_module(seed, accepts)
    decide = random.Random(seed)
    traced, plain = compiled(text, names, "traced"), compiled(text, names, "plain")
    strict = decide.choice(["", "strict"])
    reviews = [random_values(decide) for _ in range(2)]
    for parameters in [random_values(decide), random_values(decide), {}, None]:
        constants: dict[tuple[str, ...], Value] = {CONSTANTS: value(parameters)}
        programs = [
            plain.prepare(),
            plain.prepare(constants),
            compiled(text, names, "plain", constants).prepare(constants),
        ]
        for review in [*reviews, *reviews]:
            asked = value({"parameters": parameters, "review": review})
            for name in names:
                first = answer(traced.prepare(), f"data.test.{name}", asked, strict=strict)
                for program in programs:
                    found = answer(program, f"data.test.{name}", asked, strict=strict)
                    # Which of several errors is told first is not the same.
                    assert found == first or (" eval_" in found and " eval_" in first), (name, text, asked)
