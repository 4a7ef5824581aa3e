"""OPA's conformance cases as material: modules, queries, data and inputs as text."""

import json
from dataclasses import dataclass
from pathlib import Path

from lockgate.engine.rego.version import RegoVersion

from tests.conformance.opa import case_files, plain_yaml

# What these give depends on the machine or the clock, or they are off here.
_NOT_ALIKE = (
    "http.send",
    "net.lookup_ip_addr",
    "opa.runtime",
    "rand.intn",
    "uuid.rfc4122",
    "time.now_ns",
    "io.jwt.encode",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `data` and `given` are JSON; `given` is empty without an input."""

    note: str
    version: RegoVersion
    modules: tuple[str, ...]
    query: str
    data: str
    given: str
    strict: str


def read_cases(folder: Path) -> list[Case]:
    """The cases with modules at and below a folder."""
    found: list[Case] = []
    for path in case_files(folder):
        version: RegoVersion = "v0" if "v0" in path.parts else "v1"
        for case in (plain_yaml(path) or {}).get("cases", []):
            if not case.get("modules") or "input_term" in case:
                continue
            try:
                data = json.dumps(case.get("data") or {}, allow_nan=False)
                given = json.dumps(case["input"], allow_nan=False) if "input" in case else ""
            except (ValueError, TypeError):
                continue
            if any(name in text for text in case["modules"] for name in _NOT_ALIKE):
                continue
            strict = "strict" if case.get("strict_error") else ""
            found.append(
                Case(case["note"], version, tuple(case["modules"]), case["query"], data, given, strict)
            )
    return found
