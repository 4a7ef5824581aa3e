"""`# METADATA` comments: what they say, what they are attached to, and the chain of them that a rule sees.

After https://www.openpolicyagent.org/docs/policy-language#annotations and OPA's v1/ast/annotations.go. Errors stand at
the line of the comment that they are about.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NoReturn

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import Annotation, Module, Ref, Rule, Scalar, Term, Var
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.errors import CompileCode, Problem, RegoError

Scope = Literal["rule", "document", "package", "subpackages", "import", ""]

# Steps that reading one block may take: an alias may stand for much more than is written.
_MOST_STEPS: Final = 1_000_000
_LINE: Final = re.compile(r"^yaml: line ([0-9]+):")
_STRINGS: Final = ("scope", "title", "description")
_LISTS: Final = ("organizations", "related_resources", "authors", "schemas")
_OBJECTS: Final = ("compile", "custom", "labels")


@dataclass(frozen=True, slots=True)
class Attached:
    """A block with the statement below it: a rule, the package, an import, or nothing (None)."""

    location: Location
    scope: str
    value: dict[str, Value]
    rule: Rule | None
    package: tuple[str, ...]

    @property
    def path(self) -> tuple[str, ...]:
        """The place that it is about, without `data`."""
        return self.package if self.rule is None else rule_path(self.package, self.rule)


class AnnotationSet:
    """The annotations of all modules of a program. Problems are collected, so that all are shown at once."""

    def __init__(self, modules: Iterable[Module], problems: list[Problem]) -> None:
        self._rules: dict[int, list[Attached]] = {}
        self._packages: dict[tuple[str, ...], Attached] = {}
        # Of documents and subpackages, which share one table in OPA too.
        self._places: dict[tuple[str, ...], Attached] = {}
        for module in modules:
            for attached in attached_annotations(module, problems):
                self._add(attached, problems)

    def _add(self, attached: Attached, problems: list[Problem]) -> None:
        if attached.scope == "rule":
            self._rules.setdefault(id(attached.rule), []).append(attached)
            return
        table = self._packages if attached.scope == "package" else self._places
        other = table.setdefault(attached.path, attached)
        if other is not attached:
            message = f"{attached.scope} annotation redeclared: {other.location}"
            problems.append(Problem("rego_type_error", message, attached.location))

    def rule(self, rule: Rule) -> Value:
        """What `rego.metadata.rule()` gives in a rule."""
        found = self._rules.get(id(rule))
        return dict(min(found, key=lambda one: one.location.line).value) if found else {}

    def chain(self, package: tuple[str, ...], rule: Rule) -> Value:
        """What `rego.metadata.chain()` gives in a rule of a package: from the rule outwards."""
        path = rule_path(package, rule)
        own = sorted(self._rules.get(id(rule), ()), key=lambda one: -one.location.line)
        links: list[Value] = [_link(one.path, one) for one in own] or [_link(path, None)]
        document = self._places.get(path)
        if document is not None and document.scope == "document":
            links.append(_link(path, document))
        if package in self._packages:
            links.append(_link(package, self._packages[package]))
        for length in range(len(package), 0, -1):
            above = self._places.get(package[:length])
            if above is not None and above.scope == "subpackages":
                links.append(_link(above.path, above))
        return links


def _link(path: tuple[str, ...], attached: Attached | None) -> Value:
    link: dict[str, Value] = {"path": list(path)}
    if attached is not None:
        link["annotations"] = dict(attached.value)
    return link


def rule_path(package: tuple[str, ...], rule: Rule) -> tuple[str, ...]:
    """The place of a rule as far as it is fixed."""
    path = list(package)
    for element in rule.head.path:
        if not isinstance(element, Scalar) or type(element.value) is not str:
            break
        path.append(element.value)
    return tuple(path)


def attached_annotations(module: Module, problems: list[Problem]) -> list[Attached]:
    """The annotations of a module whose text and place are right; the others are problems."""
    below: list[tuple[int, Scope, Rule | None]] = [(module.location.line, "package", None)]
    below.extend((imported.location.line, "import", None) for imported in module.imports)
    below.extend((rule.location.line, "rule", rule) for rule in module.rules)
    below.sort(key=lambda one: one[0])
    found: list[Attached] = []
    for annotation in module.annotations:
        try:
            value = _parsed(annotation)
            what, target = next(
                ((kind, one) for line, kind, one in below if line > annotation.location.line), ("", None)
            )
            scope = value.get("scope") or ("document" if what == "rule" and value.get("entrypoint") else what)
            _check_scope(annotation, str(scope), what, value)
        except RegoError as error:
            problems.extend(error.errors)
            continue
        # The order is that in which OPA lists them; the scope is always told.
        found.append(
            Attached(annotation.location, str(scope), {"scope": scope, **value}, target, module.package)
        )
    return found


def _check_scope(annotation: Annotation, scope: str, what: str, value: dict[str, Value]) -> None:
    wanted = {"rule": "rule", "document": "rule", "package": "package", "subpackages": "package"}.get(scope)
    if wanted is None:
        _fail(
            f"invalid annotation scope '{scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'",
            annotation.location,
        )
    if what != wanted:
        _fail(f"annotation scope '{scope}' must be applied to {wanted}", annotation.location)
    if value.get("entrypoint") and scope not in ("document", "package"):
        message = f"annotation entrypoint applied to non-document or package scope '{scope}'"
        _fail(message, annotation.location)


def _fail(
    message: str, location: Location, hint: str = "", code: CompileCode = "rego_parse_error"
) -> NoReturn:
    raise RegoError([Problem(code, message, location, "", hint)])


class _Steps:
    """What the reader of YAML may spend on one block."""

    now_ns = 0

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise BuiltinLimitError(f"more than {_MOST_STEPS} steps")


def _parsed(annotation: Annotation) -> dict[str, Value]:
    """What a block says, as `rego.metadata` shows it."""
    from lockgate.engine.rego.builtins.yaml_text import yaml_unmarshal

    if not annotation.text.strip():
        _fail("expected METADATA block, found whitespace", annotation.location)
    try:
        raw = yaml_unmarshal(_Steps(), annotation.text)
    except BuiltinError as error:
        _fail(error.message, _line(annotation, error.message), _space_hint(annotation))
    if not isinstance(raw, dict):
        _fail("yaml: a METADATA block is an object", _line(annotation, ""))
    _check_types(annotation, raw)
    shown: dict[str, Value] = {}
    for name in _STRINGS:
        if raw.get(name) not in (None, ""):
            shown[name] = raw[name]
    if raw.get("entrypoint"):
        shown["entrypoint"] = True
    if raw.get("organizations"):
        shown["organizations"] = raw["organizations"]
    for name, reader in (("related_resources", _related), ("authors", _author), ("schemas", _schema)):
        items = raw.get(name)
        if isinstance(items, list) and items:
            shown[name] = [reader(annotation, item) for item in items]
    for name in ("custom", "labels"):
        if raw.get(name):
            shown[name] = raw[name]
    return shown


def _line(annotation: Annotation, message: str) -> Location:
    """The comment's line that an error of YAML is about; the first where it names none."""
    match = _LINE.match(message)
    last = annotation.text.count("\n")
    number = min(int(match[1]), last) if match else 0
    return replace(annotation.location, line=annotation.location.line + 1 + number)


def _space_hint(annotation: Annotation) -> str:
    for number, text in enumerate(annotation.text.split("\n"), annotation.location.line + 1):
        odd = [part[0] for part in text.split(":")[1:] if part and part[0] not in " \t"]
        if odd:
            shown = " ".join(ascii(one) for one in odd)
            return f"on line {number}, {shown} directly after a `:` is no space of YAML"
    return ""


def _check_types(annotation: Annotation, raw: dict[str, Value]) -> None:
    for name, value in raw.items():
        if value is None:
            continue
        wrong = ""
        if name in _STRINGS:
            wrong = "string" if isinstance(value, list | dict) else ""
        elif name == "entrypoint":
            wrong = "bool" if type(value) is not bool else ""
        elif name in _LISTS:
            wrong = "list" if not isinstance(value, list) else ""
        elif name in _OBJECTS:
            wrong = "map" if not isinstance(value, dict) else ""
        if wrong:
            message = f"yaml: unmarshal errors: cannot unmarshal {name} into {wrong}"
            _fail(message, _named_line(annotation, name))


def _named_line(annotation: Annotation, name: str) -> Location:
    for number, text in enumerate(annotation.text.split("\n")):
        if text.strip().startswith(name):
            return replace(annotation.location, line=annotation.location.line + 1 + number)
    return annotation.location


def _text(value: Value) -> str:
    return value.strip() if isinstance(value, str) else ""


def _without_empty(**parts: str) -> Value:
    return {name: part for name, part in parts.items() if part}


def _related(annotation: Annotation, item: Value) -> Value:
    what = "invalid related-resource definition"
    if isinstance(item, str):
        if not item:
            _fail(f"{what}: ref URL may not be empty string", annotation.location)
        return {"ref": item}
    if not isinstance(item, dict):
        _fail(f"{what}: invalid value type, must be string or map", annotation.location)
    reference = _text(item.get("ref"))
    if not reference:
        _fail(f"{what}: 'ref' value required in object", annotation.location)
    return _without_empty(ref=reference, description=_text(item.get("description")))


def _author(annotation: Annotation, item: Value) -> Value:
    what = "invalid author definition"
    if isinstance(item, str):
        words = item.split()
        if not words:
            _fail(f"{what}: author is an empty string", annotation.location)
        email = ""
        if len(words[-1]) >= 2 and words[-1][0] == "<" and words[-1][-1] == ">":
            email = words.pop()[1:-1]
        return _without_empty(name=" ".join(words), email=email)
    if not isinstance(item, dict):
        _fail(f"{what}: invalid value type, must be string or map", annotation.location)
    name, email = _text(item.get("name")), _text(item.get("email"))
    if not name and not email:
        _fail(f"{what}: 'name' and/or 'email' values required in object", annotation.location)
    return _without_empty(name=name, email=email)


def _schema(annotation: Annotation, item: Value) -> Value:
    if not isinstance(item, dict) or not item:
        _fail("invalid document reference", annotation.location)
    name, schema = next(iter(item.items()))
    path = _reference(name)
    if path is None:
        _fail("invalid document reference", annotation.location)
    if isinstance(schema, str):
        place = _reference(schema)
        if place is None or place[0] != "schema":
            _fail("invalid schema reference", annotation.location)
        return {"path": path, "schema": place}
    if not isinstance(schema, dict):
        _fail(f'invalid schema declaration for path "{name}"', annotation.location)
    return {"path": path, "definition": schema}


def _reference(text: str) -> list[Value] | None:
    """The names of a reference that is written in an annotation; None where it is none."""
    from lockgate.engine.rego.ast import TermExpr
    from lockgate.engine.rego.parser import parse_query
    from lockgate.engine.rego.source import Source

    try:
        body = parse_query(Source(text, "annotation"))
    except RegoError:
        return None
    only = body[0] if len(body) == 1 else None
    term: Term | None = only.term if isinstance(only, TermExpr) else None
    if isinstance(term, Var):
        return [term.name]
    if not isinstance(term, Ref) or not isinstance(term.head, Var):
        return None
    names: list[Value] = [term.head.name]
    for operand in term.operands:
        if not isinstance(operand, Scalar):
            return None
        names.append(operand.value)
    return names


def uses_metadata(modules: Sequence[Module]) -> bool:
    """Does a module ask for annotations? Else they are comments, which nobody reads."""
    return any(module.source is not None and "rego.metadata." in module.source.text for module in modules)
