"""The scan of one file: what the function of a format is given, and where it writes what it found."""

from collections.abc import Callable
from typing import Literal

from lockgate.engine.facts.budget import Budget
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.findings import Finding, Severity
from lockgate.engine.facts.source import Source
from lockgate.engine.record import record

# What an imported name is (names.py).
NameTier = Literal["tensor", "value", "estimator", "unvetted", "exec"]


@record
class GlobalUse:
    """A name that a pickle imports. `call` tells that it is called, or builds an object."""

    module: str
    name: str
    tier: NameTier
    call: bool
    path: str
    offset: int | None


@record
class Template:
    """A chat template, and why it is not a harmless one."""

    path: str
    name: str
    unsafe: bool
    reasons: tuple[str, ...]


@record
class RemoteCode:
    """A key of a configuration that makes a library import code: `auto_map`."""

    path: str
    key: str
    target: str


@record
class Named:
    """Something that a format names: a custom operator, a file outside, a piece of code."""

    path: str
    name: str
    detail: str


@record
class Part:
    """A file of the artefact, or a part nested in one: what it is by its content, and how much of it was walked."""

    path: str
    size: int
    format: str
    complete: bool


class Recorded:
    """All that is known of one file: the parts, the findings, the facts. Grows up to the bounds of the budget."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.findings: dict[tuple[str, str, str], Finding] = {}
        self.globals: dict[tuple[str, str, str, bool], GlobalUse] = {}
        self.templates: list[Template] = []
        self.remote_code: list[RemoteCode] = []
        self.lambdas: list[Named] = []
        self.custom_ops: list[Named] = []
        self.external_refs: list[Named] = []
        self.executables: list[Named] = []
        self.code: list[Named] = []
        self.limits: set[str] = set()


class Scan:
    """The scan of one source: of a file or of a part nested in it."""

    def __init__(
        self,
        source: Source,
        budget: Budget,
        recorded: Recorded,
        dispatch: Callable[[Source, "Scan"], str],
        depth: int = 0,
    ) -> None:
        self.path = source.name
        self.budget = budget
        self.recorded = recorded
        self.depth = depth
        self._dispatch = dispatch

    def find(
        self, rule: str, tier: Severity, detail: str, offset: int | None = None, name: str | None = None
    ) -> None:
        """Notes a finding; one of the same rule and words in the same part is kept once, at its first place."""
        findings = self.recorded.findings
        key = (rule, detail, self.path)
        if key in findings:
            return
        if len(findings) >= self.budget.limits.findings:
            self.recorded.limits.add("findings")
            # The last one says that there are more, and is unsafe as one of those may be.
            key = ("limit", "findings", "")
            findings[key] = Finding("limit", "unreadable", "more findings than are kept", self.path, None)
            if tier != "unsafe" or any(kept.tier == "unsafe" for kept in findings.values()):
                return
            key = (rule, "", "unsafe")
        findings[key] = Finding(rule, tier, detail, self.path, offset, name)

    def nested(self, source: Source) -> str:
        """Tells and walks a part of this source. Answers its format."""
        return self._dispatch(source, self.within(source))

    def part(self, source: Source, format_: str, walk: Callable[[Source, "Scan"], None]) -> None:
        """Walks a part of a format that is known by where it lies: what its own loader does with it counts."""
        inner = self.within(source)
        complete = False
        try:
            walk(source, inner)
            complete = True
        except UnreadableError as error:
            inner.fail(format_, error)
        self.recorded.parts.append(Part(inner.path, source.size, format_, complete))

    def within(self, source: Source) -> "Scan":
        """The scan of a part, which counts as a member. Raises LimitError when it lies too deep."""
        self.budget.member()
        if self.depth >= self.budget.limits.depth:
            raise LimitError(f"nested deeper than {self.budget.limits.depth}")
        return Scan(source, self.budget, self.recorded, self._dispatch, self.depth + 1)

    def fail(self, format_: str, error: UnreadableError) -> None:
        """Notes that a walk ended before its end."""
        if isinstance(error, LimitError):
            self.recorded.limits.add(error.detail)
            self.find("limit", "unreadable", error.detail, error.offset)
        else:
            self.find(f"{format_}-unreadable", "unreadable", error.detail, error.offset)

    def add_global(self, use: GlobalUse) -> None:
        """A name that is imported; kept once for each part, and once more when it is called."""
        globals_ = self.recorded.globals
        key = (use.path, use.module, use.name, use.call)
        if key not in globals_:
            self._room(len(globals_))
            globals_[key] = use

    def add_template(self, name: str, reasons: tuple[str, ...]) -> None:
        """A chat template, with the reasons for which it is not harmless."""
        self._room(len(self.recorded.templates))
        self.recorded.templates.append(Template(self.path, name, bool(reasons), reasons))

    def add_remote_code(self, key: str, target: str) -> None:
        """A key that makes a library import code."""
        self._room(len(self.recorded.remote_code))
        self.recorded.remote_code.append(RemoteCode(self.path, key, target))

    def add_lambda(self, name: str, detail: str = "") -> None:
        """A layer that is Python code."""
        self._add(self.recorded.lambdas, name, detail)

    def add_custom_op(self, name: str, detail: str = "") -> None:
        """An operator that is in no standard set."""
        self._add(self.recorded.custom_ops, name, detail)

    def add_external_ref(self, name: str, detail: str = "") -> None:
        """A file or an address outside that the format makes a reader open."""
        self._add(self.recorded.external_refs, name, detail)

    def add_executable(self, name: str, detail: str = "") -> None:
        """A program for a machine or a shell."""
        self._add(self.recorded.executables, name, detail)

    def add_code(self, name: str, detail: str = "") -> None:
        """Code in a language of its own that the format carries, as TorchScript does."""
        self._add(self.recorded.code, name, detail)

    def _add(self, kept: list[Named], name: str, detail: str) -> None:
        self._room(len(kept))
        kept.append(Named(self.path, name, detail))

    def _room(self, kept: int) -> None:
        if kept >= self.budget.limits.recorded:
            raise LimitError(f"more than {self.budget.limits.recorded} facts of one kind")
