"""One rule of a Conftest package as a Policy: what it found in a document, but for what `exception` excepts.

`input` is the document itself, whatever it is; `data.conftest.file` has the file's name and folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Object, Set, Undefined, Value, ordered, type_name
from lockgate.engine.conftest.rules import ConftestRule, entrypoints, exception_of
from lockgate.engine.decision import Action, Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Path
from lockgate.engine.errors import EvaluationError
from lockgate.engine.policy import (
    MATCHED,
    EvaluationContext,
    Match,
    MatchResult,
    PolicySet,
    matches_all,
)
from lockgate.engine.record import record
from lockgate.engine.rego.ast import Module
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.program import Prepared, Program, compile_program
from lockgate.engine.review import Review

# Where the review of a document has it, and the names of its file.
DOCUMENT: Final = "object"
FILE: Final = "file"
# An excepted violation is shown, and denies nothing.
_EXCEPTED: Final[tuple[Action, ...]] = ("dryrun",)


@record
class ConftestPolicy:
    """A rule with its compiled program. `digest` covers the sources, the data and the rule's name."""

    rule: ConftestRule
    program: Prepared
    data: Mapping[str, Value]
    digest: str

    @property
    def key(self) -> PolicyKey:
        """The namespace and the rule's name."""
        return PolicyKey(self.rule.namespace, self.rule.name)

    def match(self, review: Review) -> MatchResult:
        """It judges every document."""
        return MATCHED

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        """It judges every document."""
        return matches_all

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """The results of the rule, or the failure that prevented them."""
        data = {**self.data, "conftest": {"file": review.request.get(FILE)}}
        try:
            found = self._value(self.rule.entrypoint, review, data, context)
            actions: tuple[Action, ...] = (self.rule.action,)
            if self._is_excepted(review, data, context):
                actions = _EXCEPTED
        except EvaluationError as error:
            return [Failure(self.key, str(error))]
        results: list[Violation] = []
        for result in _members(found) if isinstance(found, list | Set) else ():
            if not isinstance(result, str | dict):
                continue
            message = result if isinstance(result, str) else result.get("msg")
            if not isinstance(message, str):
                told = "there is none" if message is None else f"it is {type_name(message)}"
                return [Failure(self.key, f"the msg of a result must be a string, and {told}")]
            # Conftest takes a result without words for none.
            if message:
                results.append(_violation(self.key, message, actions, result))
        return results

    def _value(
        self, entrypoint: str, review: Review, data: Mapping[str, Value], context: EvaluationContext
    ) -> Value | Undefined:
        return self.program.evaluate(
            entrypoint,
            input=review.request[DOCUMENT],
            data=data,
            now_ns=context.now_ns,
            limits=context.limits,
        )

    def _is_excepted(self, review: Review, data: Mapping[str, Value], context: EvaluationContext) -> bool:
        """Is the rule's suffix in a member of a member of `exception`?"""
        excepted = self._value(exception_of(self.rule.namespace), review, data, context)
        if isinstance(excepted, Undefined):
            return False
        groups = list(_members(excepted))
        for names in groups:
            if not isinstance(names, list | dict | Set | Object):
                raise EvaluationError(
                    f"{exception_of(self.rule.namespace)} holds {type_name(names)}, and not lists of names of rules"
                )
        return any(name == self.rule.suffix for names in groups for name in _members(names))


def _members(value: Value) -> Iterator[Value]:
    """What `value[_]` is, in order; nothing for what has no members."""
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, Set):
        yield from ordered(value.members.values())
    elif isinstance(value, Object):
        yield from [inner for _, inner in value.members.values()]


def _violation(key: PolicyKey, message: str, actions: tuple[Action, ...], result: Value) -> Violation:
    if not isinstance(result, dict):
        return Violation(key, message, actions)
    details = result.get("details")
    inner: Mapping[str, Value] = details if isinstance(details, dict) else {}
    fix = inner.get("fix", result.get("fix"))
    rest: dict[str, Value] = {name: value for name, value in result.items() if name != "msg"}
    return Violation(
        key,
        message,
        actions,
        rest,
        _path(inner.get("path", result.get("path"))),
        fix if isinstance(fix, str) else "",
    )


def _path(value: Value) -> Path | None:
    """A place in the document, where the result tells one in the way that rules of Lockgate do."""
    if not isinstance(value, list):
        return None
    parts: list[str | int] = [part for part in value if isinstance(part, str) or type(part) is int]
    return tuple(parts) if len(parts) == len(value) else None


def compile_rules(
    modules: Sequence[Module], rules: Sequence[ConftestRule], capabilities: Capabilities
) -> Program:
    """One program for all rules. Raises RegoError."""
    return compile_program(modules, entrypoints=list(entrypoints(rules)), capabilities=capabilities)


def make_policies(
    program: Program, rules: Sequence[ConftestRule], data: Mapping[str, Value], digest: str
) -> PolicySet:
    """The rules as policies. `digest` is that of all sources and data."""
    prepared = program.prepare()
    policies = [
        ConftestPolicy(rule, prepared, data, sha256(f"{digest}\n{rule.entrypoint}".encode()).hexdigest())
        for rule in rules
    ]
    return PolicySet(policies, digest)
