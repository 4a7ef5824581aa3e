"""OPA's JSON of a syntax tree, as `rego.parse_module` gives it (after v1/ast/policy_json.go), without locations."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

from lockgate.engine.codegen.values import Value, render_json, sort_key
from lockgate.engine.rego.ast import (
    ArrayTerm,
    AssignExpr,
    Body,
    Call,
    Clause,
    Comprehension,
    EveryExpr,
    Expr,
    Import,
    LogicExpr,
    Module,
    NotBodyExpr,
    NotExpr,
    ObjectTerm,
    Operand,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    SomeExpr,
    SomeInExpr,
    Template,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
    walk,
)
from lockgate.engine.rego.lexer import Lexer
from lockgate.engine.rego.term_parser import operator_name, term_kind

Node = dict[str, Value]

_ORDER = (
    "null",
    "boolean",
    "number",
    "string",
    "templatestring",
    "var",
    "ref",
    "array",
    "object",
    "set",
    "arraycomprehension",
    "objectcomprehension",
    "setcomprehension",
    "call",
)


def module_json(module: Module) -> Node:
    """The JSON of a module that was parsed from its source."""
    return _Writer(module).module()


class _Writer:
    def __init__(self, module: Module) -> None:
        self._module = module
        # OPA numbers wildcards in the order of the text.
        wildcards = [n for n in walk(module.rules) if isinstance(n, Var) and n.name.startswith("$")]
        wildcards.sort(key=lambda variable: (variable.location.line, variable.location.column))
        names = dict.fromkeys(variable.name for variable in wildcards)
        self._wildcards = {name: f"${number}" for number, name in enumerate(names)}

    def module(self) -> Node:
        module = self._module
        package: list[Value] = [_typed("var", "data")]
        package.extend(_typed("string", part) for part in module.package)
        made: Node = {"package": {"path": package}}
        if module.imports:
            made["imports"] = [self._import(imported) for imported in module.imports]
        if module.rules:
            made["rules"] = [self._rule(rule, rule.clauses) for rule in module.rules]
        comments = self._comments()
        if comments:
            made["comments"] = comments
        return made

    def _comments(self) -> list[Value]:
        source = self._module.source
        assert source is not None
        lexer = Lexer(source)
        lexer.tokens()
        return [
            {
                "Text": b64encode(comment.text[1:].encode()).decode(),
                "Location": {"file": source.file, "row": comment.line, "col": comment.column},
            }
            for comment in lexer.comments
        ]

    def _import(self, imported: Import) -> Node:
        first, *rest = imported.path
        made: Node = {
            "path": _typed("ref", [_typed("var", first), *[_typed("string", part) for part in rest]])
        }
        if imported.alias:
            made["alias"] = imported.alias
        return made

    # Rules

    def _rule(self, rule: Rule, clauses: Sequence[Clause]) -> Node:
        clause, *others = clauses
        made: Node = {"head": self._head(rule, clause), "body": self._clause_body(clause)}
        if rule.default:
            made["default"] = True
        if others:
            made["else"] = self._rule(rule, others)
        return made

    def _clause_body(self, clause: Clause) -> list[Value]:
        if clause.body:
            return self._body(clause.body)
        return [{"generated": True, "index": 0, "terms": _typed("boolean", True)}]

    def _head(self, rule: Rule, clause: Clause) -> Node:
        head, first = rule.head, rule.clauses[0]
        reference: list[Value] = [_typed("var", head.name)]
        reference.extend(self.term(part) for part in head.path[1:])
        made: Node = {"ref": reference}
        is_function = head.arguments is not None
        written = first.written
        if head.kind == "set":
            assert head.member is not None
            made["key"] = self.term(head.member)
            if len(head.path) == 1:
                made["name"] = head.name
            return made
        rest = head.path[1:]
        pair = len(rest) == 1 and not is_function and not rule.default
        if not rest or (pair and "no value" not in written):
            made["name"] = head.name
        if pair and ("if" not in written or not _is_ground(rest[0])):
            made["key"] = self.term(rest[0])
        if head.arguments:
            made["args"] = [self.term(argument) for argument in head.arguments]
        made["value"] = self.term(clause.value)
        own = first if "no value" in clause.written else clause
        if "assign" in own.written:
            made["assign"] = True
        return made

    # Statements

    def _body(self, body: Body) -> list[Value]:
        return [self._statement(statement, number) for number, statement in enumerate(body)]

    def _statement(self, statement: Expr, number: int) -> Node:
        made: Node = {"index": number}
        if isinstance(statement, WithExpr):
            modifiers: list[Value] = []
            for modifier in statement.modifiers:
                target: Term = modifier.target
                if not modifier.target.operands and not _is_root(modifier.target):
                    target = modifier.target.head
                modifiers.append({"target": self.term(target), "value": self.term(modifier.value)})
            made["with"] = modifiers
            statement = statement.inner
        if isinstance(statement, NotExpr):
            made["negated"] = True
            statement = statement.inner
        made["terms"] = self._terms(statement)
        return made

    def _terms(self, statement: Expr) -> Value:
        if isinstance(statement, TermExpr):
            if isinstance(statement.term, Call):
                return self._call(statement.term)
            return self.term(statement.term)
        if isinstance(statement, UnifyExpr | AssignExpr):
            operator = "eq" if isinstance(statement, UnifyExpr) else "assign"
            return [_function(operator), self.term(statement.left), self.term(statement.right)]
        if isinstance(statement, SomeExpr):
            return {"symbols": [self.term(variable) for variable in statement.variables]}
        if isinstance(statement, SomeInExpr):
            parts = [statement.value, statement.collection]
            if statement.key is not None:
                parts.insert(0, statement.key)
            member = _function(f"internal.member_{len(parts)}")
            return {"symbols": [_typed("call", [member, *map(self.term, parts)])]}
        if isinstance(statement, EveryExpr):
            return {
                "key": None if statement.key is None else self.term(statement.key),
                "value": self.term(statement.value),
                "domain": self.term(statement.domain),
                "body": self._body(statement.body),
            }
        if isinstance(statement, NotBodyExpr):
            explicit = statement.operand.braces == "braces"
            return {"type": "not", "body": self._body(statement.operand.body), "explicit_body": explicit}
        assert isinstance(statement, LogicExpr)
        return self._logic(statement.operator, statement.operands)

    def _logic(self, operator: str, operands: Sequence[Operand]) -> Node:
        *before, last = operands
        made: Node = {"type": operator, "rhs": self._body(last.body)}
        if last.braces:
            made["explicit_rhs"] = True
        if len(before) > 1:
            made["lhs"] = [{"index": 0, "terms": self._logic(operator, before)}]
            return made
        made["lhs"] = self._body(before[0].body)
        if before[0].braces:
            made["explicit_lhs"] = True
        return made

    # Terms

    def term(self, term: Term) -> Node:
        """The JSON of a term."""
        kind = term_kind(term)
        if isinstance(term, Scalar):
            return _typed(kind, {} if term.value is None else term.value)
        if isinstance(term, Var):
            return _typed(kind, self._wildcards.get(term.name, term.name))
        if isinstance(term, Ref):
            return _typed(kind, [self.term(part) for part in (term.head, *term.operands)])
        if isinstance(term, ArrayTerm):
            return _typed(kind, [self.term(item) for item in term.items])
        if isinstance(term, SetTerm):
            return _typed(kind, [item for item, _ in _ordered((self.term(one), None) for one in term.items)])
        if isinstance(term, ObjectTerm):
            pairs = _ordered((self.term(name), self.term(item)) for name, item in term.items)
            return _typed(kind, [[name, item] for name, item in pairs])
        if isinstance(term, Call):
            return _typed(kind, self._call(term))
        if isinstance(term, Comprehension):
            made: Node = {"body": self._body(term.body)}
            if term.key is not None:
                made["key"] = self.term(term.key)
            made["term" if term.key is None else "value"] = self.term(term.value)
            return _typed(kind, made)
        assert isinstance(term, Template)
        parts: list[Value] = [self._part(part) for part in term.parts]
        return _typed(kind, {"multi_line": self._is_raw(term), "parts": parts or None})

    def _call(self, call: Call) -> list[Value]:
        name = operator_name(call.function)
        function = self.term(call.function) if name is None else _function(name)
        return [function, *[self.term(argument) for argument in call.arguments]]

    def _part(self, part: str | Term | WithExpr) -> Node:
        if isinstance(part, str):
            return _typed("string", part)
        if isinstance(part, Scalar):
            return self.term(part)
        return self._statement(part if isinstance(part, WithExpr) else TermExpr(part.location, part), 0)

    def _is_raw(self, term: Template) -> bool:
        source = self._module.source
        assert source is not None
        return source.quoted(term.location)[term.location.column - source.column :].startswith("$`")


def _typed(kind: str, value: Value) -> Node:
    return {"type": kind, "value": value}


def _function(name: str) -> Node:
    first, *rest = name.split(".")
    return _typed("ref", [_typed("var", first), *[_typed("string", part) for part in rest]])


def _is_ground(term: Term) -> bool:
    return not any(isinstance(node, Var | Ref) for node in walk(term))


def _is_root(reference: Ref) -> bool:
    return isinstance(reference.head, Var) and reference.head.name in ("input", "data")


def _ordered(members: Iterable[tuple[Node, Node | None]]) -> list[tuple[Node, Value]]:
    """Members of a set or object in OPA's order of terms, each once; the last counts."""
    found: dict[str, tuple[Node, Value]] = {}
    for name, item in members:
        found[render_json(name)] = (name, item)
    return sorted(found.values(), key=lambda pair: _rank(pair[0]))


def _rank(node: Value) -> Any:
    """Sorts terms: by kind, then by what they hold."""
    if isinstance(node, list):
        return [_rank(item) for item in node]
    if not isinstance(node, dict):
        return (0, sort_key(node))
    kind, value = node.get("type"), node.get("value")
    if kind not in _ORDER:
        return (len(_ORDER), render_json(node))
    rank = _ORDER.index(str(kind))
    if kind in ("ref", "array", "object", "set"):
        return (rank, _rank(value))
    return (rank, render_json(value)) if isinstance(value, dict | list) else (rank, sort_key(value))
