"""Which rules of plain Rego packages judge, as Conftest finds them (github.com/open-policy-agent/conftest, policy/engine.go).

A namespace is a package, such as `main`. Rules are named `deny`, `violation` or `warn`, alone or with a suffix
(`deny_root_user`); `exception` names suffixes, "" being that of the bare names.
"""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from lockgate.engine.decision import Action
from lockgate.engine.errors import PolicyError, UsageError
from lockgate.engine.record import ordered_record
from lockgate.engine.rego.ast import Module, Scalar
from lockgate.engine.rego.entrypoints import reference_text

if TYPE_CHECKING:
    from lockgate.engine.rego.ast import Rule

DEFAULT_NAMESPACE: Final = "main"
_NAME: Final = re.compile(r"(deny|violation|warn)((?:_[a-zA-Z0-9]+)*)")
_ROOT: Final = "data."
_MOST_SHOWN: Final = 10


@ordered_record
class ConftestRule:
    """A rule that judges: its namespace and name, what it asks for, and the name that exceptions give it."""

    namespace: str
    name: str
    action: Action
    suffix: str

    @property
    def entrypoint(self) -> str:
        """The document that holds what it found."""
        return f"{_ROOT}{self.namespace}.{self.name}"


def namespaces(modules: Sequence[Module]) -> list[str]:
    """The packages of the modules, sorted."""
    return sorted({_namespace(module) for module in modules})


def choose_namespaces(modules: Sequence[Module], wanted: Sequence[str]) -> list[str]:
    """The packages that have one of the names, which may have `*`, `?` and `[…]`. Raises UsageError for a name of none."""
    found = namespaces(modules)
    for name in wanted:
        if not any(fnmatchcase(one, name) for one in found):
            shown = ", ".join(found[:_MOST_SHOWN]) + (" …" if len(found) > _MOST_SHOWN else "")
            raise UsageError(
                f"the policies have no package {name}",
                hint=f"they have {shown}; choose with --rego-namespace, or --all-namespaces",
            )
    return [one for one in found if any(fnmatchcase(one, name) for name in wanted)]


def find_rules(modules: Sequence[Module], wanted: Sequence[str]) -> list[ConftestRule]:
    """The rules of the namespaces that judge, sorted. Raises PolicyError for one that would never say anything."""
    found: set[ConftestRule] = set()
    for module in modules:
        namespace = _namespace(module)
        for rule in module.rules if namespace in wanted else ():
            made = _rule(namespace, rule)
            if made is not None:
                found.add(made)
    return sorted(found)


def _namespace(module: Module) -> str:
    return reference_text(module.package).removeprefix(".")


def _rule(namespace: str, rule: "Rule") -> ConftestRule | None:
    head = rule.head
    matched = _NAME.fullmatch(head.name)
    if matched is None or head.arguments is not None:
        return None
    if len(head.path) > 1:
        if head.kind == "complete" and isinstance(head.value, Scalar) and head.value.value is True:
            raise PolicyError(
                f"the rule {head.name} has `if` without `contains`, so that it holds no messages",
                location=head.location,
                hint=f"write `{head.name} contains … if`",
            )
        return None
    return ConftestRule(
        namespace,
        head.name,
        "warn" if matched[1] == "warn" else "deny",
        matched[2][1:],
    )


def entrypoints(rules: Sequence[ConftestRule]) -> Iterator[str]:
    """The documents that are asked for: what the rules found, and the exceptions of their namespaces."""
    for rule in rules:
        yield rule.entrypoint
    for namespace in sorted({rule.namespace for rule in rules}):
        yield exception_of(namespace)


def exception_of(namespace: str) -> str:
    """The document that names the rules that are excepted."""
    return f"{_ROOT}{namespace}.exception"
