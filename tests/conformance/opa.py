"""Runs OPA's conformance cases: `python -m tests.conformance.opa FOLDER`.

Case format: https://github.com/open-policy-agent/opa/tree/main/v1/test/cases. The language version is v0 for
files below a folder named `v0`, else v1.
"""

import re
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import (
    UNDEFINED,
    Object,
    Set,
    Value,
    equal,
    object_items,
    ordered,
    parse_json,
    render_json,
)
from lockgate.engine.errors import EvaluationError, LockgateError
from lockgate.engine.rego.ast import Import, Module
from lockgate.engine.rego.capabilities import EVERYTHING
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.query import compile_query
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion

# The conformance cases call builtins that policies from a repository may not; none of them needs a network.
CAPABILITIES = EVERYTHING.with_builtins({"test.sleep"})
NOW_NS = 1_767_225_600_000_000_000
# A builtin of OPA's own runner. Time stands still in an evaluation of ours, so that a function does as well.
SLEEP = "test.sleep("
SLEEPING = "package test\n\nsleep(_) = true\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case ended. `problem` is empty when it passed."""

    file: Path
    note: str
    problem: str


class _Loader(yaml.CSafeLoader):
    """YAML without timestamps, as JSON has none, and with the booleans of YAML 1.2: `on` is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def case_files(folder: Path) -> list[Path]:
    """The case files at and below a folder, sorted."""
    return [folder] if folder.is_file() else sorted(folder.rglob("*.yaml"))


def plain_yaml(path: Path) -> Any:
    """What a file says, without timestamps."""
    return yaml.load(path.read_text("utf-8"), _Loader)


def run_file(path: Path) -> list[Outcome]:
    """Runs every case of a file."""
    version: RegoVersion = "v0" if "v0" in path.parts else "v1"
    loaded = plain_yaml(path) or {}
    return [Outcome(path, str(case["note"]), _problem(case, version)) for case in loaded.get("cases", [])]


def _value(plain: Any) -> Value:
    import json

    return parse_json(json.dumps(plain))


def _problem(case: dict[str, Any], version: RegoVersion) -> str:
    """What is wrong with our answer to a case, or an empty string."""
    wants_error = "want_error_code" in case or "want_error" in case
    try:
        bindings = _bindings(case, version)
    except RegoError as error:
        if not wants_error:
            return f"does not compile: {error}"
        return _compare_error(case, {problem.code for problem in error.errors}, str(error))
    except EvaluationError as error:
        code = str(error.message).split(":", 1)[0]
        if not wants_error:
            return f"fails: {error}"
        return _compare_error(case, {code}, str(error))
    except LockgateError as error:
        return f"fails: {error}"
    except Exception as error:  # noqa: BLE001 - a crash of ours must count as one failed case, not end the run
        return f"crashes: {type(error).__name__}: {error}"
    if wants_error:
        return f"wants {case.get('want_error_code', case.get('want_error'))}, gives {render_json(bindings)}"
    if "want_result" not in case:
        wanted = bool(case.get("want_defined"))
        return "" if bool(bindings) == wanted else f"wants defined={wanted}, gives {render_json(bindings)}"
    wanted_value = _value(case["want_result"] or [])
    if case.get("sort_bindings"):
        bindings = [_in_order(binding) for binding in bindings]
    return (
        ""
        if _same(bindings, wanted_value)
        else f"wants {render_json(wanted_value)}, gives {render_json(bindings)}"
    )


def _compare_error(case: dict[str, Any], codes: set[str], text: str) -> str:
    wanted = case.get("want_error_code")
    return "" if wanted is None or wanted in codes else f"wants {wanted}, fails with {text}"


def _in_order(binding: Value) -> Value:
    """The binding with arrays in Rego's order, for cases that do not look at the order."""
    assert isinstance(binding, dict)
    return {name: ordered(item) if isinstance(item, list) else item for name, item in binding.items()}


def _same(bindings: list[Value], wanted: Value) -> bool:
    """Equal as JSON, where sets are arrays in any order; the order of bindings does not count."""
    return isinstance(wanted, list) and agrees(Set(bindings), _without_repeats(wanted))


def _without_repeats(values: list[Value]) -> list[Value]:
    return list(Set(values))


def agrees(ours: Value, theirs: Value) -> bool:
    """Is our value what OPA writes as JSON?"""
    if isinstance(ours, Set):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            return False
        left = list(theirs)
        for member in ours:
            found = next((index for index, other in enumerate(left) if agrees(member, other)), None)
            if found is None:
                return False
            del left[found]
        return True
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(agrees, ours, theirs))
    if isinstance(ours, Object):
        ours = {
            name if isinstance(name, str) else render_json(name): item for name, item in object_items(ours)
        }
    if isinstance(ours, dict):
        return (
            isinstance(theirs, dict)
            and ours.keys() == theirs.keys()
            and all(agrees(item, theirs[name]) for name, item in ours.items())
        )
    return equal(ours, theirs)


def _parsed(text: str, name: str, version: RegoVersion) -> Module:
    module = parse_module(Source(text, name, version))
    if SLEEP not in text:
        return module
    return replace(module, imports=(*module.imports, Import(module.location, ("data", "test"), None)))


def _bindings(case: dict[str, Any], version: RegoVersion) -> list[Value]:
    modules = [
        _parsed(text, f"module-{number}.rego", version)
        for number, text in enumerate(case.get("modules") or [])
    ]
    if any(SLEEP in text for text in case.get("modules") or []):
        modules.append(parse_module(Source(SLEEPING, "sleeping.rego", "v0")))
    given: Any = UNDEFINED
    if "input_term" in case:
        query = compile_query(f"x = {case['input_term']}", [], capabilities=CAPABILITIES)
        found = query.bindings(now_ns=NOW_NS, limits=Limits())
        given = found[0]["x"] if isinstance(found[0], dict) else UNDEFINED
    elif "input" in case:
        given = _value(case["input"])
    query = compile_query(case["query"], modules, capabilities=CAPABILITIES, version=version)
    data = _value(case.get("data") or {})
    assert isinstance(data, dict)
    strict = "strict" if case.get("strict_error") else ""
    return query.bindings(input=given, data=data, now_ns=NOW_NS, limits=Limits(), strict=strict)


def main(arguments: list[str]) -> int:
    """Runs the cases below each folder and prints what failed, then `N passed, N failed`."""
    outcomes = [
        outcome for argument in arguments for path in case_files(Path(argument)) for outcome in run_file(path)
    ]
    if not outcomes:
        print("no cases found", file=sys.stderr)
        return 2
    failed = [outcome for outcome in outcomes if outcome.problem]
    for outcome in failed:
        print(f"FAIL {outcome.file}: {outcome.note}: {outcome.problem[:400]}")
    folders = Counter(outcome.file.parent.name for outcome in failed)
    for name, count in sorted(folders.items()):
        print(f"{count:5} failed in {name}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
