"""The claims library of the shipped rules (`policies/lib`), evaluated by the engine on one object after the other.

There is no second reader of claims in Python: what counts as a request, and how much it is charged, only Rego says.
"""

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.outside import Outside
from lockgate.engine.rego.program import Artifact, Program, compile_program

if TYPE_CHECKING:
    from lockgate.engine.codegen.cache import CodeCache

# The answers that are asked for here: packages of the library, each with the rule that answers.
Answer = Literal["asked", "model_code", "models", "named_models", "promotion", "quota", "serving", "subjects"]
_RULES: Final[Mapping[Answer, str]] = {
    "asked": "asked",
    "model_code": "told",
    "models": "told",
    "named_models": "told",
    "promotion": "told",
    "quota": "quota",
    "serving": "told",
    "subjects": "told",
}
_DECLARED: Final = re.compile(r"^package\s+(\S+)\s*$", re.MULTILINE)
_USED: Final = re.compile(r"^import data\.(lib\.lockgate\.\w+)", re.MULTILINE)


@final
class ClaimsLibrary:
    """The library, compiled for one answer."""

    def __init__(self, program: Program, answer: Answer) -> None:
        self._program = program.prepare()
        self._entry = _entry(answer)

    def ask(
        self, value: dict[str, Value], parameters: dict[str, Value] | None = None, user: str = ""
    ) -> dict[str, Value]:
        """The answer about an object, which a user ("": nobody known) has sent. Raises EvaluationError where it is too large."""
        review: dict[str, Value] = {"object": value}
        if user:
            review["userInfo"] = {"username": user}
        return self.answer({"review": review, "parameters": parameters or {}})

    def answer(self, document: dict[str, Value]) -> dict[str, Value]:
        """The answer to an input that is no review. Raises EvaluationError where it is too large."""
        found = self._program.evaluate(self._entry, input=document, now_ns=0, limits=Limits())
        if type(found) is not dict:
            # It is an object whatever the input, but for an error of a builtin.
            raise EvaluationError(f"{self._entry} has no answer")
        return found


def open_library(folder: str, cache: "CodeCache | None", answer: Answer = "asked") -> ClaimsLibrary:
    """The library in a folder of rules; compiled once, where there is a cache."""
    sources = _needed(_sources(os.path.join(folder, "lib")), _package(answer))
    capabilities = Capabilities()
    if cache is None:
        return ClaimsLibrary(_compile(sources, capabilities, answer), answer)
    material = [
        "claims library",
        answer,
        capabilities.fingerprint(),
        *[text for part in sources for text in part],
    ]
    key = cache.key(*[part.encode() for part in material])
    stored = cache.get(key)
    if stored is not None:
        program = Program(Artifact.from_plain(stored[0]), Outside(capabilities.allow_net))
        return ClaimsLibrary(program, answer)
    program = _compile(sources, capabilities, answer)
    cache.put(key, (program.artifact.to_plain(),))
    return ClaimsLibrary(program, answer)


def _package(answer: Answer) -> str:
    return f"lib.lockgate.{answer}"


def _entry(answer: Answer) -> str:
    return f"data.{_package(answer)}.{_RULES[answer]}"


def _sources(folder: str) -> dict[str, str]:
    """The text of each package of the library."""
    found: dict[str, str] = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".rego") and not name.endswith("_test.rego"):
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                text = stream.read()
            declared = _DECLARED.search(text)
            if declared is not None:
                found[declared[1]] = text
    return found


def _needed(sources: dict[str, str], package: str) -> list[tuple[str, str]]:
    """The packages that the answer is made of, with their texts, by name."""
    needed: set[str] = set()
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _USED.findall(sources[name])
    return [(name, sources[name]) for name in sorted(needed)]


def _compile(sources: list[tuple[str, str]], capabilities: Capabilities, answer: Answer) -> Program:
    from lockgate.engine.rego.parser import parse_module
    from lockgate.engine.rego.source import Source

    modules = [
        parse_module(Source(text, f"lockgate/policies/lib/{name.rpartition('.')[2]}.rego", "v1"))
        for name, text in sources
    ]
    return compile_program(modules, entrypoints=[_entry(answer)], capabilities=capabilities)
