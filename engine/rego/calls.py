"""Calls and the targets of `with`: functions that exist, may be used or replaced, and take so many arguments."""

from collections.abc import Sequence

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import Call, Module, Ref, TermExpr, With, walk
from lockgate.engine.rego.builtins.catalogue import (
    DEPRECATED,
    ENTRIES,
    RELATIONS,
    missing_extra,
    missing_extra_text,
)
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import CompileCode, Problem
from lockgate.engine.rego.options import CompileOptions
from lockgate.engine.rego.printing import PRINT
from lockgate.engine.rego.ruletree import RuleTree, target_path
from lockgate.engine.rego.term_parser import dotted, operator_name
from lockgate.engine.rego.types.arity import arity_mismatch

# What no `with` may replace, apart from internal functions, relations and functions without a value.
_FIXED = frozenset({"eq", "rego.metadata.chain", "rego.metadata.rule"})


class CallChecks:
    """Checks the calls of all rules, with their names resolved. Problems are collected."""

    def __init__(
        self,
        tree: RuleTree,
        modules: Sequence[Module],
        capabilities: Capabilities,
        options: CompileOptions,
        problems: list[Problem],
    ) -> None:
        self._tree = tree
        self._modules = {module.location.file: module for module in modules}
        self._capabilities = capabilities
        self._options = options
        self._problems = problems

    def check(self) -> None:
        """Every call names a function that exists, may be used, and takes that many arguments."""
        for group in self._tree.groups:
            for definition in [*group.definitions, *([group.default] if group.default else [])]:
                statements: set[int] = set()
                for node in walk(definition.alternatives):
                    if isinstance(node, TermExpr):
                        # Only a call that is a statement may name its result as one argument more.
                        statements.add(id(node.term))
                    elif isinstance(node, Call):
                        self._call(node, 1 if id(node) in statements else 0)
                    elif isinstance(node, With):
                        self._target(node)
                for alternative in definition.alternatives:
                    for argument in alternative.arguments:
                        self._argument(argument)

    def _problem(self, code: CompileCode, message: str, location: Location, hint: str = "") -> None:
        self._problems.append(Problem(code, message, location, "", hint))

    def _argument(self, argument: object) -> None:
        call = next((node for node in walk(argument) if isinstance(node, Call)), None)
        if call is not None:
            self._problem("rego_compile_error", "rule arguments cannot contain calls", call.location)

    def _call(self, call: Call, results: int) -> None:
        name = operator_name(call.function) or dotted(call.function)
        if name == PRINT:
            return
        if name == "print":
            hint = "it has none: make it a statement"
            self._problem("rego_type_error", f"{name}(...) used as value", call.location, hint)
            return
        count = len(call.arguments)
        group = self._tree.function(call.function)
        if group is not None:
            if not group.arity <= count <= group.arity + results:
                given = f"{count} {'argument' if count == 1 else 'arguments'}"
                message = f"function {name} has arity {group.arity}, got {given}"
                self._problem("rego_type_error", message, call.location)
            return
        self._builtin(call, name, count, results)

    def _builtin(self, call: Call, name: str, count: int, results: int) -> None:
        entry = ENTRIES.get(name)
        if entry is None:
            self._problem("rego_type_error", f"undefined function {name}", call.location)
            return
        if not self._capabilities.allows(name):
            # As in OPA, what the capabilities lack does not exist.
            self._problem("rego_type_error", f"undefined function {name}", call.location)
        elif entry.module is None:
            self._problem("rego_type_error", f"built-in function {name} is not implemented", call.location)
        elif extra := missing_extra(name):
            message, hint = missing_extra_text(name, extra)
            self._problem("rego_type_error", message, call.location, hint)
        elif not entry.arity <= count <= entry.arity + results:
            self._problems.append(arity_mismatch(name, call, "statement" if results else "value"))
        module = self._modules.get(call.location.file)
        old = module is not None and module.version == "v0" and self._options.checks != "strict"
        if name in DEPRECATED and module is not None and not old:
            message = f"deprecated built-in function calls in expression: {name}"
            self._problem("rego_type_error", message, call.location)

    def _target(self, modifier: With) -> None:
        """May a `with` replace this?"""
        path = target_path(modifier.target)
        if path is None:
            return  # Refused where it is generated.
        if path[0] == "data":
            self._document(modifier.target)
            return
        name = ".".join(path)
        what = "with keyword replacing built-in function"
        if name in _FIXED:
            message = f'{what}: replacement of "{name}" invalid'
        elif path[0] == "internal" and name in ENTRIES:
            message = f'{what}: replacement of internal function "{name}" invalid'
        elif name in RELATIONS:
            message = f"{what}: target must not be a relation"
        elif name == "print":
            message = f"{what}: target must not be a void function"
        else:
            return
        self._problem("rego_compile_error", message, modifier.target.location)

    def _document(self, target: Ref) -> None:
        for length in range(1, len(target.operands)):
            node, taken = self._tree.find(target.operands[:length])
            if taken == length and node.group is not None:
                message = "with keyword cannot partially replace virtual document(s)"
                self._problem("rego_compile_error", message, target.location)
                return
