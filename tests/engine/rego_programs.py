"""Random Rego modules for tests that compare: small, mostly safe, with every construct of the language."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

PARAMETERS: Final[list[Any]] = [
    {
        "xs": ["a", "b"],
        "m": {"a": 1, "k": ["b", 2]},
        "s": "a",
        "n": 2,
        "os": [{"k": "a", "v": 1}, {"k": "b"}],
    },
    {"xs": [], "m": {"b": "x"}, "s": "B-b", "n": 0, "os": [{"k": "b", "v": [1, {"a": 2}]}]},
    {"xs": ["b", 1, ["a", "b"]], "m": {"a": {"k": "a"}}, "s": "", "t": True},
]
REVIEWS: Final[list[Any]] = [
    {
        "xs": ["a", "b", "c"],
        "m": {"a": 1, "b": "x", "k": {"a": "b"}},
        "s": "a",
        "n": 1,
        "os": [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a"}],
        "d": {"l": [[1, 2], ["a", ["b", "c"]], {"a": {"b": "c"}}], "f": False},
    },
    {
        "xs": [1, 0, "b", True, None],
        "m": {"k": "a", "n": 2, "d": [1]},
        "s": "b",
        "n": 3,
        "os": [{"k": "c", "v": ["a", "b"]}, {"v": 1}, "a"],
        "d": {"l": [["a", "b"], [1]], "f": None},
    },
    {"xs": "a", "m": ["k", "a"], "s": 1, "os": {"a": {"k": "b", "v": "a"}, "b": {"k": "a"}}},
    {"xs": [["a", "b"], ["b", 1]], "m": {}, "s": "k", "n": 0, "os": [], "d": {"f": True, "l": []}},
]
DATA: Final = {"base": {"a": {"k": [1, 2], "s": "b"}, "b": {"k": ["a"], "s": "a"}}, "n": 1}
_INPUT = ["xs", "m", "s", "n", "os", "d"]
_STRINGS = ['"a"', '"b"', '"k"', '"x"', '"v"', '""']
_NUMBERS = ["0", "1", "2", "3"]


@dataclass(slots=True)
class _Rule:
    """A rule that later ones may refer to."""

    name: str
    kind: str
    arity: int = 0


@dataclass(slots=True)
class Writing:
    """Writes one module; `random` decides everything."""

    random: random.Random
    rules: list[_Rule] = field(default_factory=list)
    _names: int = 0
    _mocks: bool = False

    def module(self, accepts: Callable[[str], bool]) -> str:
        """The text of a module of package `test`: rules are left out that a compiler does not accept."""
        self._mocks = self.random.random() < 0.3
        text = "package test\n"
        for number in range(self.random.randint(4, 10)):
            before = list(self.rules)
            longer = text + "\n" + "\n".join(self._rule(f"r{number}")) + "\n"
            if accepts(longer):
                text = longer
            else:
                self.rules = before
        return text

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _name(self) -> str:
        self._names += 1
        return f"x{self._names}"

    # Rules

    def _rule(self, name: str) -> list[str]:
        kind = self.random.choice(
            ["complete", "complete", "set", "set", "object", "function", "function", "deep", "member"]
        )
        lines: list[str] = []
        arity = self.random.choice([1, 1, 1, 2]) if kind == "function" else 0
        count = self.random.choice([1, 1, 2, 3])
        if kind in ("complete", "function") and self._chance(0.3):
            arguments = "(" + ", ".join("_" for _ in range(arity)) + ")" if arity else ""
            lines.append(f"default {name}{arguments} := {self.random.choice(['false', '0', '[]', '{}'])}")
        for _ in range(count):
            lines.extend(self._definition(name, kind, arity, conflicts=count > 1))
        self.rules.append(_Rule(name, kind, arity))
        return lines

    def _definition(self, name: str, kind: str, arity: int, *, conflicts: bool) -> list[str]:
        scope: list[str] = []
        given: list[str] = []
        if kind == "function":
            given = [self._parameter(scope) for _ in range(arity)]
            head = f"{name}({', '.join(given)})"
        else:
            head = name
        body = self._body(scope, 0, self.random.choice([0, 1, 2, 3, 4]), condition=kind == "function")
        if kind == "set":
            return self._written(f"{name} contains {self._term(scope, 1)}", body)
        if kind == "object":
            return self._written(f"{name}[{self._string(scope)}] := {self._value(scope, conflicts)}", body)
        if kind == "member":
            return self._written(f"{name}[{self._string(scope)}] contains {self._term(scope, 1)}", body)
        if kind == "deep":
            first = self.random.choice(['"a"', '"b"', self._string(scope)])
            return self._written(
                f"{name}[{first}][{self._string(scope)}] := {self._value(scope, conflicts)}", body
            )
        lines = self._written(f"{head} := {self._value(scope, conflicts)}", body)
        outer = [v for v in scope if any(re.search(rf"{v}\b", g) for g in given)]
        if body and self._chance(0.3):
            for _ in range(self.random.randint(1, 3)):
                inner = list(outer)
                other = self._body(inner, 0, self.random.choice([1, 2]))
                value = self._value(inner, conflicts)
                lines[-1] += f" else := {value} if {{"
                lines.extend(f"    {statement}" for statement in other)
                lines.append("}")
        return lines

    @staticmethod
    def _written(head: str, body: list[str]) -> list[str]:
        if not body:
            return [head]
        return [f"{head} if {{", *(f"    {statement}" for statement in body), "}"]

    def _value(self, scope: list[str], few: bool) -> str:
        if few and self._chance(0.7):
            return self.random.choice(["1", "true", '"a"'])
        return self._term(scope, 1)

    def _parameter(self, scope: list[str]) -> str:
        chance = self.random.random()
        if chance < 0.7:
            scope.append(self._name())
            return scope[-1]
        if chance < 0.8:
            return self.random.choice(_STRINGS + _NUMBERS)
        if chance < 0.9:
            scope.append(self._name())
            return f"[{scope[-1]}, {self.random.choice(['_', '1', chr(34) + 'b' + chr(34)])}]"
        scope.append(self._name())
        return f'{{"k": {scope[-1]}, "v": _}}'

    # Statements

    def _body(self, scope: list[str], depth: int, count: int, *, condition: bool = False) -> list[str]:
        statements: list[str] = []
        if self._chance(0.02) and depth < 2:
            for _ in range(self.random.randint(8, 18)):
                name = self._name()
                statements.append(
                    f"some {name} in {self.random.choice(['[1]', '{2}', 'input.parameters.os', '[3]'])}"
                )
                scope.append(name)
        statements.extend(self._statement(scope, depth) for _ in range(count))
        declared = [
            n
            for s in statements
            if s.startswith("some")
            for n in re.findall(r"x\d+", re.split(" in |;", s)[0])
        ]
        unused = [n for n in declared if sum(len(re.findall(rf"\b{n}\b", s)) for s in statements) < 2]
        if unused:
            statements.append(f"[{', '.join(unused)}] != []")
        if (
            len(statements) > 1
            and self._chance(0.1)
            and not any(":=" in s or "some" in s for s in statements)
        ):
            self.random.shuffle(statements)
        return statements

    def _statement(self, scope: list[str], depth: int) -> str:
        before = list(scope)
        statement = self._plain_statement(scope, depth)
        if self._chance(0.12) and ":=" not in statement.split("{")[0]:
            statement = f"{statement} {self._with(before)}"
        return statement

    def _with(self, scope: list[str]) -> str:
        targets = [
            "input",
            "input.review",
            "input.review.s",
            "input.review.xs",
            "input.parameters.s",
            "input.parameters",
        ]
        targets += ["data.base", "data.base.a", "data.base.a.s", "data.n"]
        if self._mocks:
            targets += ["lower", "count"]
            targets += [
                f"data.test.{rule.name}"
                for rule in self.rules
                if rule.kind in ("complete", "set", "function")
            ]
        text = ""
        for target in self.random.sample(targets, self.random.choice([1, 1, 2])):
            if target == "input":
                value = self.random.choice(['{"review": {"s": "a"}}', "input.review", "input"])
            elif target in ("lower", "count") and self._chance(0.5):
                value = {"lower": "upper", "count": "to_number"}[target]
            elif target == "data.test" or target.startswith("data.base"):
                value = self.random.choice(['{"k": ["a"]}', "input.review.m", "data.base.b"])
            else:
                value = self._atom(scope)
            text += f" with {target} as {value}"
        return text.strip()

    def _plain_statement(self, scope: list[str], depth: int) -> str:
        choice = self.random.random()
        if choice < 0.22:
            value = self._term(scope, depth + 1)
            scope.append(self._name())
            return f"{scope[-1]} := {value}"
        if choice < 0.32:
            return f"{self._term(scope, depth + 1)} {self.random.choice(['==', '!=', '<', '>='])} {self._atom(scope)}"
        if choice < 0.37:
            return self._reference(scope)
        if choice < 0.41:
            return self._call(scope, depth + 1)
        if choice < 0.55:
            return self._some(scope, depth)
        if choice < 0.68:
            collection = self._reference(scope)
            key, value = self._name(), self._name()
            if self._chance(0.3):
                scope.append(value)
                return f"{value} := {collection}[_]"
            if scope and self._chance(0.2):
                scope.append(value)
                return f"{value} = {collection}[{self.random.choice(scope)}]"
            scope.extend([key, value])
            if self._chance(0.4):
                return f"some {key}; {value} := {collection}[{key}]"
            return f"{value} = {collection}[{key}]"
        if choice < 0.75:
            return f"not {self._negated(scope, depth)}"
        if choice < 0.83 and depth < 3:
            inside = list(scope)
            names = [self._name() for _ in range(self.random.choice([1, 2]))]
            domain = self._collection(scope, depth + 1)
            inside.extend(names)
            body = self._body(inside, depth + 1, self.random.choice([1, 1, 2, 3]))
            body.extend(f"{n} == {n}" for n in names if not re.search(rf"\b{n}\b", "; ".join(body)))
            return f"every {', '.join(names)} in {domain} {{ {'; '.join(body)} }}"
        if choice < 0.90:
            collection = self._reference(scope)
            return f"{self._pattern(scope)} = {collection}"
        if choice < 0.93:
            collection = self._reference(scope)
            path, value = self._name(), self._name()
            scope.extend([path, value])
            return f"walk({collection}, [{path}, {value}])"
        if choice < 0.97:
            one, two = self._atom(scope), self._atom(scope)
            scope.extend([self._name(), self._name()])
            return f"[{scope[-1]}, {one}] = [{two}, {scope[-2]}]"
        return f"{self._atom(scope)} in {self._collection(scope, depth + 1)}"

    def _negated(self, scope: list[str], depth: int) -> str:
        while True:
            inside = list(scope)
            text = self._plain_statement(inside, depth + 1)
            is_plain = not text.startswith(("some", "every", "not"))
            is_plain = is_plain and "_" not in re.sub(r"\w_\w", "", text)
            if is_plain and (len(inside) == len(scope) or self._chance(0.01)):
                return text

    def _some(self, scope: list[str], depth: int) -> str:
        collection = self._collection(scope, depth + 1)
        if self._chance(0.2):
            return f"some {self._pattern(scope, declares=True)} in {collection}"
        names = [self._name() for _ in range(self.random.choice([1, 1, 2]))]
        scope.extend(names)
        return f"some {', '.join(names)} in {collection}"

    def _pattern(self, scope: list[str], *, declares: bool = False) -> str:
        known = list(scope)

        def part() -> str:
            if known and not declares and self._chance(0.25):
                return self.random.choice(known)
            if self._chance(0.2):
                return self.random.choice(["_", *_STRINGS, *_NUMBERS])
            scope.append(self._name())
            return scope[-1]

        if self._chance(0.6):
            return f"[{part()}, {part()}]"
        if self._chance(0.7):
            return f'{{"k": {part()}, "v": {part()}}}'
        return f'[[{part()}, {part()}], {{"k": {part()}}}]'

    # Terms

    def _collection(self, scope: list[str], depth: int) -> str:
        if self._chance(0.65) or depth > 3:
            return self._reference(scope)
        return self.random.choice([self._comprehension, self._literal])(scope, depth)

    def _literal(self, scope: list[str], depth: int) -> str:
        parts = [self._term(scope, depth + 1) for _ in range(self.random.randint(1, 3))]
        kind = self.random.randrange(3)
        if kind == 0:
            return "[" + ", ".join(parts) + "]"
        if kind == 1:
            return "{" + ", ".join(parts) + "}"
        keys = [self._string(scope) for _ in parts]
        return "{" + ", ".join(f"{k}: {v}" for k, v in zip(keys, parts, strict=True)) + "}"

    def _string(self, scope: list[str]) -> str:
        if scope and self._chance(0.6):
            return f'sprintf("%v", [{self.random.choice(scope)}])'
        return self.random.choice(_STRINGS)

    def _atom(self, scope: list[str]) -> str:
        choice = self.random.random()
        if scope and choice < 0.5:
            return self.random.choice(scope)
        if choice < 0.65:
            return self.random.choice(
                [*_STRINGS, *_NUMBERS, "true", "false", "null", "[]", "set()", '{"a", 1}']
            )
        return self._reference(scope)

    def _reference(self, scope: list[str]) -> str:
        choice = self.random.random()
        if scope and choice < 0.3:
            text = self.random.choice(scope)
        elif choice < 0.5:
            text = f"input.review.{self.random.choice(_INPUT)}"
        elif choice < 0.75:
            text = f"input.parameters.{self.random.choice(_INPUT)}"
        elif choice < 0.82:
            text = self.random.choice(
                ["data.base", "data.base.a", "data.base.b.k", "data.n", "data.base[_].s"]
            )
        else:
            rules = [rule for rule in self.rules if rule.kind != "function"]
            text = self.random.choice(rules).name if rules else "input.review"
            if self._chance(0.2):
                text = f"data.test.{text}" if rules else text
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            choice = self.random.random()
            if choice < 0.4:
                text += self.random.choice([".a", ".k", ".v", '["b"]', "[0]", "[1]", ".l", ".s"])
            elif choice < 0.6 and scope:
                text += f"[{self.random.choice(scope)}]"
            elif choice < 0.7:
                text += "[_]"
        return text

    def _term(self, scope: list[str], depth: int) -> str:
        if depth > 3:
            return self._atom(scope)
        choice = self.random.random()
        if choice < 0.4:
            return self._atom(scope)
        if choice < 0.6:
            return self._comprehension(scope, depth)
        if choice < 0.72:
            return self._literal(scope, depth)
        return self._call(scope, depth)

    def _call(self, scope: list[str], depth: int) -> str:
        functions = [rule for rule in self.rules if rule.kind == "function"]
        if functions and self._chance(0.5):
            rule = self.random.choice(functions)
            return f"{rule.name}({', '.join(self._term(scope, depth + 1) for _ in range(rule.arity))})"
        one, two = self._reference(scope), self._reference(scope)
        if self._chance(0.3):
            two = self._atom(scope)
        return self.random.choice(
            [
                f"count({one})",
                f'sprintf("%v-%v", [{one}, {two}])',
                f'sprintf("<%v>", [{self._term(scope, depth + 1)}])',
                f"lower({one})",
                f"startswith({one}, {two})",
                f"object.get({one}, {self._string(scope)}, {two})",
                'object.get(input, "parameters", {})',
                f'concat("-", {self._collection(scope, depth + 1)})',
                f"json.marshal({one})",
                f"is_string({one})",
                f"array.concat({one}, {two})",
                f"({self._reference(scope)} | {self._comprehension(scope, depth + 1, 'set')})",
                f"({one} - {two})",
                f"({one} + {two})",
                f"sort({one})",
                f"to_number({one})",
                f"max({self._collection(scope, depth + 1)})",
                f"object.keys({one})",
                f"type_name({one})",
                f'split({one}, "-")',
                f"trim_prefix({one}, {two})",
                f"numbers.range(0, {self._atom(scope)})",
            ]
        )

    def _comprehension(self, scope: list[str], depth: int, kind: str = "") -> str:
        inner = list(scope) if self._chance(0.6) else []
        body = self._body(inner, depth + 1, self.random.choice([1, 1, 2, 3]))
        kind = kind or self.random.choice(["array", "set", "object"])
        value = self._term(inner, depth + 1)
        if kind == "array":
            return f"[{value} | {'; '.join(body)}]"
        if kind == "set":
            return f"{{{value} | {'; '.join(body)}}}"
        return f"{{{self._string(inner)}: {value} | {'; '.join(body)}}}"


def random_module(seed: int, accepts: Callable[[str], bool]) -> tuple[str, list[str]]:
    """The module of a seed, and the names of its documents."""
    writing = Writing(random.Random(seed))
    text = writing.module(accepts)
    return text, [rule.name for rule in writing.rules if rule.kind != "function"]
