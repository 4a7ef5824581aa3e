"""Random Rego modules: every construct of the language, over inputs and data of `texts.FIELDS`.

`random` decides everything, so that a seed (or hypothesis) reproduces a module.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.differential import texts

# What a module may use beside its own rules.
DATA: Final = (
    '{"base": {"a": {"k": [1, 2], "s": "b"}, "b": {"k": ["a"], "s": "a"}}, "n": 1, "names": ["p", "q", "a"]}'
)
_OPERATORS: Final = ["+", "-", "*", "/", "%", "&", "|"]
_COMPARISONS: Final = ["==", "!=", "<", "<=", ">", ">="]
# Builtins that take anything without a static type error, with the number of operands.
_UNARY: Final = [
    "count",
    "is_string",
    "is_number",
    "is_set",
    "is_object",
    "type_name",
    "json.marshal",
    "to_number",
    "lower",
    "upper",
    "sum",
    "max",
    "min",
    "sort",
    "object.keys",
    "abs",
    "ceil",
    "round",
    "array.reverse",
    "trim_space",
    "strings.reverse",
    "json.is_valid",
    "yaml.marshal",
    "base64.encode",
    "product",
]
_BINARY: Final = [
    "startswith",
    "contains",
    "split",
    "trim",
    "array.concat",
    "concat",
    "indexof",
    "object.union",
    "object.remove",
    "object.subset",
    "numbers.range",
    "format_int",
    "trim_prefix",
    "bits.lsh",
    "bits.and",
    "json.remove",
    "strings.count",
]
_MOCKED: Final = {"lower": ["upper", "data.lib.one"], "count": ["to_number", "data.lib.one"]}
_WORD: Final = re.compile(r"\b[xy]\d+\b")


@dataclass(slots=True)
class Rule:
    """A rule that later ones may refer to; `path` is how they write it."""

    path: str
    kind: str
    arity: int = 0


@dataclass(slots=True)
class Policy:
    """Writes one policy of two modules: package `lib`, and package `test`, which uses it."""

    random: random.Random
    rules: list[Rule] = field(default_factory=list)
    package: str = "lib"
    _names: int = 0

    def modules(self, accepts: Callable[[list[str]], bool]) -> list[str]:
        """The texts of both modules; rules that `accepts` refuses are left out."""
        done: list[str] = []
        for package, most in (("lib", 4), ("test", 7)):
            self.package = package
            imports = "\nimport data.lib" if package == "test" else ""
            text = f"package {package}\n{imports}\none(_) := 1\n"
            if package == "test":
                for rule in self.rules:
                    rule.path = "data." + rule.path if rule.path.startswith("lib") else rule.path
            for number in range(self.random.randint(2, most)):
                before = list(self.rules)
                longer = text + "\n" + "\n".join(self._rule(f"r{number}")) + "\n"
                if accepts([*done, longer]):
                    text = longer
                else:
                    self.rules = before
            done.append(text)
            if package == "lib":
                for rule in self.rules:
                    rule.path = f"lib.{rule.path}"
        return done

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _name(self) -> str:
        self._names += 1
        return f"x{self._names}"

    # Rules

    def _rule(self, name: str) -> list[str]:
        kinds = (
            ["complete"] * 3 + ["set"] * 2 + ["object"] * 2 + ["function"] * 3 + ["deep", "members", "mixed"]
        )
        kind = self.random.choice([*kinds, "dotted"])
        arity = self.random.choice([1, 1, 1, 2]) if kind == "function" else 0
        count = self.random.choice([1, 1, 2, 3])
        lines: list[str] = []
        if kind in ("complete", "function") and self._chance(0.3):
            arguments = "(" + ", ".join("_" for _ in range(arity)) + ")" if arity else ""
            value = (
                self._closed()
                if self._chance(0.3)
                else self.random.choice(["false", "0", "[]", "{}", "set()"])
            )
            lines.append(f"default {name}{arguments} := {value}")
        for _ in range(count):
            lines.extend(self._definition(name, kind, arity, few=count > 1))
        if self._chance(0.15):
            self.random.shuffle(lines) if all("\n" not in line for line in lines) and len(
                lines
            ) == count else None
        self.rules.append(Rule(name, kind, arity))
        return lines

    def _closed(self) -> str:
        """A value for a default: literals, or a comprehension."""
        if self._chance(0.7):
            return texts.literal(self.random, 1)
        return f"[x | x := input.{self.random.choice(texts.FIELDS)}[_]]"

    def _definition(self, name: str, kind: str, arity: int, *, few: bool) -> list[str]:
        scope: list[str] = []
        given = [self._parameter(scope) for _ in range(arity)]
        outer = list(scope)
        body = self._body(scope, 0, self.random.choice([0, 1, 2, 3, 4]))
        if kind == "set":
            return self._written(f"{name} contains {self._term(scope, 1)}", body)
        if kind == "object":
            return self._written(f"{name}[{self._key(scope)}] := {self._value(scope, few)}", body)
        if kind == "members":
            return self._written(f"{name}[{self._key(scope)}] contains {self._term(scope, 1)}", body)
        if kind == "deep":
            first, second = self._key(scope), self._key(scope)
            middle = self.random.choice(["", ".a", '["b c"]'])
            return self._written(f"{name}[{first}]{middle}[{second}] := {self._value(scope, few)}", body)
        if kind == "mixed":
            tail = self.random.choice(
                [".a", ".b", ".a.c", f"[{self._key(scope)}]", f".d[{self._key(scope)}]"]
            )
            return self._written(f"{name}{tail} := {self._value(scope, few)}", body)
        if kind == "dotted":
            return self._written(f"{name}.a.b := {self._value(scope, few)}", body)
        head = f"{name}({', '.join(given)})" if arity else name
        if few and self._chance(0.1):
            return self._written(head, body or ["true"])
        lines = self._written(f"{head} := {self._value(scope, few)}", body)
        if body and self._chance(0.3):
            for _ in range(self.random.randint(1, 3)):
                inner = list(outer)
                other = self._body(inner, 0, self.random.choice([1, 2]))
                lines[-1] += f" else := {self._value(inner, few)} if {{"
                lines.extend(f"    {statement}" for statement in other)
                lines.append("}")
            if self._chance(0.3):
                lines[-1] += f" else := {self._value(outer, few)}"
        return lines

    @staticmethod
    def _written(head: str, body: list[str]) -> list[str]:
        if not body:
            return [head]
        if len(body) == 1 and "\n" not in body[0]:
            return [f"{head} if {body[0]}"] if len(body[0]) % 2 else [f"{head} if {{", f"    {body[0]}", "}"]
        return [f"{head} if {{", *(f"    {statement}" for statement in body), "}"]

    def _key(self, scope: list[str]) -> str:
        if scope and self._chance(0.6):
            return self.random.choice(scope)
        return texts.scalar(self.random) if self._chance(0.8) else self._term(scope, 2)

    def _value(self, scope: list[str], few: bool) -> str:
        if few and self._chance(0.7):
            return self.random.choice(["1", "true", '"a"'])
        return self._term(scope, 1)

    def _parameter(self, scope: list[str]) -> str:
        chance = self.random.random()
        if chance < 0.65:
            scope.append(self._name())
            return scope[-1]
        if chance < 0.78:
            return texts.scalar(self.random)
        scope.append(self._name())
        if chance < 0.9:
            return f"[{scope[-1]}, {self.random.choice(['_', '1', json.dumps('b')])}]"
        return f'{{"k": {scope[-1]}, "v": _}}'

    # Statements

    def _body(self, scope: list[str], depth: int, count: int) -> list[str]:
        statements = [self._statement(scope, depth) for _ in range(count)]
        text = "\n".join(statements)
        lonely = [
            name for name in dict.fromkeys(_WORD.findall(text)) if text.count(name) == 1 and name in scope
        ]
        if lonely and self._chance(0.8):
            statements.append(f"[{', '.join(lonely)}] != []")
        if len(statements) > 1 and self._chance(0.15):
            self.random.shuffle(statements)
        return statements

    def _statement(self, scope: list[str], depth: int) -> str:
        before = list(scope)
        statement = self._plain(scope, depth)
        if self._chance(0.12) and not statement.startswith("some"):
            statement = f"{statement} {self._with(before)}"
        return statement

    def _with(self, scope: list[str]) -> str:
        targets = [
            "input",
            "input.s",
            "input.xs",
            "input.m.a",
            "input.o",
            "data.base",
            "data.base.a.s",
            "data.n",
        ]
        targets += ["lower", "count", "data.names", "data.base.c"]
        targets += [
            r.path if r.path.startswith("data") else f"data.{self.package}.{r.path}" for r in self.rules
        ]
        text = ""
        for target in self.random.sample(targets, self.random.choice([1, 1, 2])):
            rule = next((r for r in self.rules if target.endswith(r.path)), None)
            if target in _MOCKED:
                value = self.random.choice([*_MOCKED[target], texts.scalar(self.random)])
            elif target == "input":
                value = self.random.choice(['{"xs": [1, "a"], "s": "b"}', "input.m", "input", "{}", '"s"'])
            elif rule is not None and rule.kind == "function" and self._chance(0.5):
                value = self.random.choice(["data.lib.one", "lower", "count"])
            else:
                value = self._atom(scope)
            text += f" with {target} as {value}"
        return text.strip()

    def _plain(self, scope: list[str], depth: int) -> str:
        choice = self.random.random()
        if choice < 0.2:
            value = self._term(scope, depth + 1)
            scope.append(self._name())
            return f"{scope[-1]} := {value}"
        if choice < 0.32:
            return f"{self._term(scope, depth + 1)} {self.random.choice(_COMPARISONS)} {self._atom(scope)}"
        if choice < 0.37:
            return self._reference(scope)
        if choice < 0.41:
            return self._call(scope, depth + 1)
        if choice < 0.55:
            return self._some(scope, depth)
        if choice < 0.66:
            return self._iteration(scope)
        if choice < 0.76:
            return f"not {self._negated(scope, depth)}"
        if choice < 0.83 and depth < 3:
            return self._every(scope, depth)
        if choice < 0.90:
            return f"{self._pattern(scope)} = {self._reference(scope)}"
        if choice < 0.93:
            collection = self._reference(scope)
            scope.extend([self._name(), self._name()])
            path = self.random.choice([scope[-2], scope[-2], "_", '["a", _]'])
            return f"walk({collection}, [{path}, {scope[-1]}])"
        if choice < 0.96:
            one, two = self._atom(scope), self._atom(scope)
            scope.extend([self._name(), self._name()])
            return f"[{scope[-1]}, {one}] = [{two}, {scope[-2]}]"
        pair = f"{self._atom(scope)}, " if self._chance(0.3) else ""
        return f"{pair}{self._atom(scope)} in {self._collection(scope, depth + 1)}"

    def _iteration(self, scope: list[str]) -> str:
        collection = self._reference(scope)
        key, value = self._name(), self._name()
        choice = self.random.random()
        if choice < 0.3:
            scope.append(value)
            return f"{value} := {collection}[_]"
        if choice < 0.6:
            scope.append(key)
            return f"{collection}[{key}]"
        scope.extend([key, value])
        return f"{value} = {collection}[{key}]"

    def _every(self, scope: list[str], depth: int) -> str:
        inside = list(scope)
        domain = self._collection(scope, depth + 1)
        names = [self._name() for _ in range(self.random.choice([1, 2]))]
        inside.extend(names)
        body = self._body(inside, depth + 1, self.random.choice([1, 1, 2, 3]))
        body.extend(f"{n} == {n}" for n in names if not re.search(rf"\b{n}\b", "; ".join(body)))
        return f"every {', '.join(names)} in {domain} {{ {'; '.join(body)} }}"

    def _negated(self, scope: list[str], depth: int) -> str:
        for _ in range(20):
            inside = list(scope)
            text = self._plain(inside, depth + 1)
            if (
                not text.startswith(("some", "every", "not"))
                and ":=" not in text
                and len(inside) == len(scope)
            ):
                return text
        return self._atom(scope)

    def _some(self, scope: list[str], depth: int) -> str:
        collection = self._collection(scope, depth + 1)
        if self._chance(0.2):
            return f"some {self._pattern(scope, declares=True)} in {collection}"
        names = [self._name() for _ in range(self.random.choice([1, 1, 2]))]
        if self._chance(0.15):
            scope.extend(names)
            return f"some {', '.join(names)}; {collection}{''.join(f'[{n}]' for n in names)}"
        scope.extend(names)
        return f"some {', '.join(names)} in {collection}"

    def _pattern(self, scope: list[str], *, declares: bool = False) -> str:
        known = list(scope)

        def part() -> str:
            if known and not declares and self._chance(0.25):
                return self.random.choice(known)
            if self._chance(0.2):
                return self.random.choice(["_", texts.scalar(self.random)])
            scope.append(self._name())
            return scope[-1]

        choice = self.random.random()
        if choice < 0.55:
            return f"[{part()}, {part()}]"
        if choice < 0.8:
            return f'{{"k": {part()}, "v": {part()}}}'
        return f'[[{part()}, {part()}], {{"k": {part()}}}]'

    # Terms

    def _collection(self, scope: list[str], depth: int) -> str:
        if self._chance(0.65) or depth > 3:
            return self._reference(scope)
        if self._chance(0.5):
            return self._comprehension(scope, depth)
        return self._literal(scope, depth)

    def _literal(self, scope: list[str], depth: int) -> str:
        parts = [self._term(scope, depth + 1) for _ in range(self.random.randint(1, 3))]
        kind = self.random.randrange(3)
        if kind == 0:
            return "[" + ", ".join(parts) + "]"
        if kind == 1:
            return "{" + ", ".join(parts) + "}"
        keys = [self._key(scope) for _ in parts]
        return "{" + ", ".join(f"{k}: {v}" for k, v in zip(keys, parts, strict=True)) + "}"

    def _atom(self, scope: list[str]) -> str:
        choice = self.random.random()
        if scope and choice < 0.5:
            return self.random.choice(scope)
        if choice < 0.6:
            return texts.scalar(self.random)
        return texts.literal(self.random, 2) if choice < 0.68 else self._reference(scope)

    def _reference(self, scope: list[str]) -> str:
        choice = self.random.random()
        rules = [rule for rule in self.rules if rule.kind != "function"]
        if scope and choice < 0.25:
            text = self.random.choice(scope)
        elif choice < 0.62 or (choice >= 0.7 and not rules):
            text = f"input.{self.random.choice(texts.FIELDS)}"
        elif choice < 0.7:
            places = [
                "data.base",
                "data.base.a",
                "data.base.b.k",
                "data.n",
                "data.base[_].s",
                "data.names[_]",
            ]
            places += ["data.base[data.names[_]]", "input"]
            if self.package == "test":
                places += ["data.lib", "data.lib[_]", "lib"]
            text = self.random.choice(places)
        else:
            text = self.random.choice(rules).path
            if self._chance(0.2) and not text.startswith("data"):
                text = f"data.{self.package}.{text}"
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            choice = self.random.random()
            if choice < 0.4:
                text += self.random.choice(
                    [".a", ".k", ".v", '["b"]', "[0]", "[1]", ".xs", ".s", "[1.0]", "[{1}]"]
                )
            elif choice < 0.6 and scope:
                text += f"[{self.random.choice(scope)}]"
            elif choice < 0.72:
                text += "[_]"
            elif choice < 0.75:
                text += f"[input.{self.random.choice(['s', 'n', 't'])}]"
        return text

    def _term(self, scope: list[str], depth: int) -> str:
        choice = self.random.random()
        if depth > 3 or choice < 0.4:
            return self._atom(scope)
        if choice < 0.58:
            return self._comprehension(scope, depth)
        if choice < 0.7:
            return self._literal(scope, depth)
        if choice < 0.75:
            return self._template(scope, depth)
        if choice < 0.85:
            return f"({self._atom(scope)} {self.random.choice(_OPERATORS)} {self._atom(scope)})"
        if choice < 0.88:
            return f"({self._atom(scope)} in {self._reference(scope)})"
        return self._call(scope, depth)

    def _template(self, scope: list[str], depth: int) -> str:
        parts = []
        for _ in range(self.random.randint(1, 3)):
            parts.append(self.random.choice(["", "a", "é ", "\\{"]))
            parts.append("{" + self._term(scope, depth + 2).replace("\n", " ") + "}")
        return '$"' + "".join(parts) + '"'

    def _call(self, scope: list[str], depth: int) -> str:
        functions = [rule for rule in self.rules if rule.kind == "function"]
        if functions and self._chance(0.5):
            rule = self.random.choice(functions)
            return f"{rule.path}({', '.join(self._term(scope, depth + 1) for _ in range(rule.arity))})"
        one, two = self._reference(scope), self._reference(scope)
        choice = self.random.random()
        if choice < 0.4:
            return f"{self.random.choice(_UNARY)}({one})"
        if choice < 0.7:
            return f"{self.random.choice(_BINARY)}({one}, {two})"
        return self.random.choice(
            [
                f'sprintf("%v-%v", [{one}, {self._atom(scope)}])',
                f'sprintf("%d %s %5.2f", [{one}, {two}, {self._atom(scope)}])',
                f"object.get({one}, {self._key(scope)}, {two})",
                f"replace({one}, {two}, {self._reference(scope)})",
                f"substring({one}, {texts.number(self.random)}, 2)",
                f"({one} | {self._comprehension(scope, depth + 1, 'set')})",
                f"union({{{self._comprehension(scope, depth + 1, 'set')}, {{1, 2.0}}}})",
                f"regex.match({one}, {two})",
                f"glob.match({one}, [], {two})",
                f"json.unmarshal(json.marshal({one}))",
                f"one({one})",
            ]
        )

    def _comprehension(self, scope: list[str], depth: int, kind: str = "") -> str:
        inner = list(scope) if self._chance(0.6) else []
        body = self._body(inner, depth + 1, self.random.choice([1, 1, 2, 3]))
        kind = kind or self.random.choice(["array", "set", "object"])
        value = self._term(inner, depth + 1)
        text = "; ".join(body)
        if kind == "array":
            return f"[{value} | {text}]"
        if kind == "set":
            return f"{{{value} | {text}}}"
        return f"{{{self._key(inner)}: {value} | {text}}}"
