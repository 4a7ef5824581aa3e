"""One program and one input, judged by OPA and here: the values' text, what is undefined, the class of errors."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value, parse_json
from lockgate.engine.errors import EvaluationError, LockgateError
from lockgate.engine.rego.builtins.json_text import json_marshal
from lockgate.engine.rego.capabilities import ALL_BUILTINS, Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Prepared, compile_program
from lockgate.engine.rego.query import compile_query
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion

from tests.differential.vectors import Case
from tests.e2e.rego_server import BASE_DATA, Server

CODE: Final = re.compile(r"(?:eval|rego)_\w+_error")
CAPABILITIES: Final = Capabilities(builtins=ALL_BUILTINS - {"http.send", "net.lookup_ip_addr"})
NOW_NS: Final = 1_767_225_600_000_000_000
_BUILTIN_ERRORS: Final = frozenset({"eval_builtin_error", "eval_type_error"})
CONFLICT: Final = "eval_conflict_error"
_SPENDING: Final = Limits(max_steps=2_000_000)


@dataclass(frozen=True, slots=True)
class Difference:
    """What OPA says and what we say, with everything needed to ask again."""

    kind: str
    theirs: str
    ours: str
    modules: tuple[str, ...]
    entry: str
    given: str
    data: str = "{}"
    strict: str = ""

    def __str__(self) -> str:
        text = "\n".join(self.modules)
        return (
            f"{self.kind}: {self.entry}\n  OPA:  {self.theirs[:600]}\n  here: {self.ours[:600]}\n"
            f"  input {self.given[:1500]}\n  data {self.data[:500]}\n{text}"
        )


class _NoContext:
    """What `json_marshal` needs of an evaluation."""

    now_ns = 0

    def spend(self, steps: int) -> None:
        """Costs nothing."""


def shown(value: Value) -> str:
    """The value as OPA's server writes it."""
    return json_marshal(_NoContext(), value)


def compiled_codes(
    modules: Sequence[str], version: RegoVersion, entries: Sequence[str]
) -> "Prepared | set[str]":
    """The program of modules, or the codes of what is wrong with them."""
    try:
        parsed = [
            parse_module(Source(text, f"test{number or ''}", version)) for number, text in enumerate(modules)
        ]
        return compile_program(parsed, entrypoints=entries, capabilities=CAPABILITIES).prepare()
    except RegoError as error:
        return {problem.code for problem in error.errors}
    except LockgateError as error:
        return {f"limit: {error.message}"}
    except Exception as error:  # noqa: BLE001 - a crash of ours is a difference, and does not end the run
        return {f"crash: {type(error).__name__}"}


def found(
    prepared: Prepared, entry: str, given: Value | Undefined, data: Value, strict: str
) -> tuple[str, str]:
    """Our answer as `Server.text` gives OPA's."""
    assert isinstance(data, dict)
    try:
        value = prepared.evaluate(
            entry, input=given, data=data, now_ns=NOW_NS, limits=_SPENDING, strict=strict
        )
    except EvaluationError as error:
        return _code(error), str(error)
    except Exception as error:  # noqa: BLE001 - as above
        return f"crash: {type(error).__name__}", str(error)
    return ("undefined", "") if isinstance(value, Undefined) else ("", shown(value))


def alike(theirs: str, ours: str) -> bool:
    """The same JSON text? A byte that is not UTF-8 is U+FFFD here, which OPA writes for it as an escape."""
    return theirs == ours or theirs.replace("\\ufffd", "\ufffd") == ours


def _code(error: EvaluationError) -> str:
    match = CODE.search(str(error))
    return match.group() if match else f"limit: {error.message}"


class Comparison:
    """Counts what was compared with one server, and keeps the differences."""

    def __init__(self, server: Server, version: RegoVersion = "v1") -> None:
        self.server = server
        self.version: RegoVersion = version
        self.counts: Counter[str] = Counter()
        self.differences: list[Difference] = []

    def accepts(self, modules: Sequence[str]) -> bool:
        """Do both take the modules? What one refuses and not the other is a difference."""
        theirs = self.server.policies(modules)
        ours = compiled_codes(modules, self.version, ["data.test"])
        codes = ours if isinstance(ours, set) else set()
        self.counts["compilations"] += 1
        self.counts[
            "refused by both" if codes and theirs else "accepted" if not codes and not theirs else "one"
        ] += 1
        if bool(theirs) != bool(codes) or (codes and not codes & theirs):
            self._differ("compile", " ".join(sorted(theirs)), " ".join(sorted(codes)), tuple(modules), "", "")
        return not theirs and not codes

    def value(
        self, prepared: Prepared, modules: Sequence[str], entry: str, given: str, data: str, strict: str
    ) -> None:
        """Compares one document for one input."""
        path = f"/v1/data/{entry.removeprefix('data.').replace('.', '/')}"
        path += "?strict-builtin-errors=true" if strict else ""
        theirs = self.server.text(path, f'{{"input":{given}}}' if given else "{}")
        self.judge(
            theirs,
            found(prepared, entry, _parsed(given), parse_json(data), strict),
            modules,
            entry,
            given,
            data,
            strict,
        )

    def judge(
        self,
        theirs: tuple[str, str],
        ours: tuple[str, str],
        modules: Sequence[str],
        entry: str,
        given: str,
        data: str,
        strict: str,
    ) -> None:
        """Counts a pair of answers, and keeps it when they differ."""
        if theirs[0] == "timeout":
            self.counts["OPA gave no answer in time"] += 1
            return
        self.counts["pairs"] += 1
        self.counts[f"answer {theirs[0] or 'value'}"] += 1
        if theirs[0] == ours[0] and (theirs[0] or alike(theirs[1], ours[1])):
            return
        if strict and {theirs[0], ours[0]} & _BUILTIN_ERRORS:
            # OPA skips rules by its index, and gives the first error of a builtin when all has been evaluated.
            self.counts["strict errors in another order"] += 1
            return
        if CONFLICT in (theirs[0], ours[0]):
            # A conflict in what need not be evaluated: OPA looks at some statements of a body earlier or later.
            self.counts["conflicts in another order"] += 1
            return
        kind = f"{theirs[0] or 'value'} / {ours[0] or 'value'}"
        self._differ(kind, str(theirs), str(ours), tuple(modules), entry, given, data, strict)

    def _differ(
        self,
        kind: str,
        theirs: str,
        ours: str,
        modules: tuple[str, ...],
        entry: str,
        given: str,
        data: str = "{}",
        strict: str = "",
    ) -> None:
        self.counts[f"different: {kind}"] += 1
        self.differences.append(Difference(kind, theirs, ours, modules, entry, given, data, strict))

    def case(self, case: Case, modules: Sequence[str], given: str) -> None:
        """Compares a conformance case's query with other modules and another input."""
        self.server.forget()
        if not self.server.data_text(case.data):
            return
        theirs_codes = self.server.policies(modules)
        if BASE_DATA in theirs_codes:
            return
        theirs: tuple[str, str] = ("", "")
        if not theirs_codes:
            path = "/v1/query"
            body = f'{{"query":{_quoted(case.query)}' + (f',"input":{given}' if given else "") + "}"
            theirs = self.server.text(path, body)
            if theirs[0].startswith("rego_") or theirs[0] == "invalid_parameter":
                theirs_codes = {theirs[0]}
        ours = self._query(case, modules, given)
        if isinstance(ours, set):
            self.counts["compilations"] += 1
            if not theirs_codes or ("invalid_parameter" not in theirs_codes and not ours & theirs_codes):
                self._differ(
                    "compile",
                    " ".join(sorted(theirs_codes)) or theirs[0],
                    " ".join(sorted(ours)),
                    tuple(modules),
                    case.query,
                    given,
                    case.data,
                )
            return
        if theirs_codes:
            self.counts["compilations"] += 1
            self._differ(
                "compile",
                " ".join(sorted(theirs_codes)),
                ours[0] or "value",
                tuple(modules),
                case.query,
                given,
                case.data,
            )
            return
        self.judge(theirs, ours, modules, case.query, given, case.data, "")

    def _query(self, case: Case, modules: Sequence[str], given: str) -> "tuple[str, str] | set[str]":
        try:
            parsed = [
                parse_module(Source(text, f"test{number or ''}", case.version))
                for number, text in enumerate(modules)
            ]
            query = compile_query(case.query, parsed, capabilities=CAPABILITIES, version=case.version)
            data = parse_json(case.data)
            assert isinstance(data, dict)
            bindings = query.bindings(input=_parsed(given), data=data, now_ns=NOW_NS, limits=_SPENDING)
        except RegoError as error:
            return {problem.code for problem in error.errors}
        except EvaluationError as error:
            return _code(error), str(error)
        except LockgateError as error:
            return {f"limit: {error.message}"}
        except Exception as error:  # noqa: BLE001 - as above
            return f"crash: {type(error).__name__}", str(error)
        return ("", shown(bindings)) if bindings else ("undefined", "")


def _quoted(text: str) -> str:
    import json

    return json.dumps(text)


def _parsed(text: str) -> Value | Undefined:
    return parse_json(text) if text else UNDEFINED
