"""Random Rego modules of the kind that judges: small helpers, clauses that begin alike, loops over parameters and literals.

What compilers make special code for is frequent here: calls with literals and parameters, strings that are sought
among others, members of all types that differ in little (`1`, `1.0`, `true`, `"1"`).
"""

import random
import re
from collections.abc import Callable
from typing import Any, Final

_WORDS: Final = ["a", "b", "ab", "ba", "c", "1", ""]
_SCALARS: Final = ['"a"', '"b"', '"ab"', '"1"', "1", "1.0", "true", "false", "null", "0", "2"]
_KEYS: Final = ["s", "n", "f", "ss", "mix", "m", "os", "none"]


def _json(decide: random.Random) -> Any:
    return decide.choice([*_WORDS, 1, 1.0, True, False, None, 0, 2, ["a"], [1, True], {"a": 1}, {}])


def random_values(decide: random.Random) -> dict[str, Any]:
    """What may stand in parameters, and in a review: each member may be missing, or be of another type."""
    made: dict[str, Any] = {
        "s": decide.choice(_WORDS),
        "n": decide.choice([0, 1, 1.0, 2, -1]),
        "f": decide.choice([True, False]),
        "ss": [
            decide.choice(["", "a", "b", "x"]) + decide.choice("abcdef") for _ in range(decide.randrange(11))
        ],
        "mix": [_json(decide) for _ in range(decide.randrange(6))],
        "m": {decide.choice(_WORDS): _json(decide) for _ in range(decide.randrange(5))},
        "os": [
            {"k": decide.choice(_WORDS), "v": _json(decide), "ss": decide.sample(_WORDS, decide.randrange(4))}
            for _ in range(decide.randrange(4))
        ],
    }
    if decide.random() < 0.3:
        made["ss"] = list(dict.fromkeys(made["ss"]))
    made["one"] = [decide.choice(_WORDS)]
    for name in list(made):
        if decide.random() < 0.12:
            del made[name]
        elif decide.random() < 0.08:
            made[name] = _json(decide)
    return made


class Judging:
    """Writes the groups of rules of one module; `random` decides everything."""

    def __init__(self, decide: random.Random) -> None:
        self.random = decide
        self.functions: list[tuple[str, int]] = []
        self.documents: list[str] = []
        self._count = 0
        # Does the module replace parts of the input by `with`?
        self._replaces = decide.random() < 0.2

    def module(self, accepts: Callable[[str], bool]) -> str:
        """The text: functions first, which may call those before them. A group that a compiler refuses is made anew."""
        decide = self.random
        kinds = [self._function] * decide.randint(2, 6)
        kinds += [self._partial] * decide.randint(1, 3) + [self._complete] * decide.randint(1, 4)
        text = "package test\n"
        for number, make in enumerate(kinds):
            for _ in range(4):
                before = (list(self.functions), list(self.documents))
                longer = f"{text}\n{make(f'r{number}')}\n"
                if accepts(longer):
                    text = longer
                    break
                self.functions, self.documents = before
        return text

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _name(self) -> str:
        self._count += 1
        return f"x{self._count}"

    # Rules

    def _function(self, name: str) -> str:
        decide = self.random
        arity = decide.choice([1, 1, 1, 2])
        kind = decide.choice(["test", "test", "value", "value", "else", "table", "default"])
        lines: list[str] = []
        if kind == "table":
            for _ in range(decide.randint(2, 5)):
                given = ", ".join([decide.choice(_SCALARS[:6]), *["_"] * (arity - 1)])
                lines.append(
                    f"{name}({given}) := {decide.choice(['1', '2', 'false', chr(34) + 'z' + chr(34)])}"
                )
        else:
            if kind == "default":
                lines.append(
                    f"default {name}({', '.join('_' * arity)}) := {decide.choice(['false', '0', 'null'])}"
                )
            same = decide.choice([*_SCALARS, ""])
            for _ in range(1 if kind == "else" else decide.choice([1, 1, 2, 2, 3])):
                scope: list[str] = []
                given = ", ".join([self._parameter(scope) for _ in range(arity)])
                body = self._body(scope, 0, decide.choice([0, 1, 1, 2, 3]))
                value = "true" if kind in ("test", "default") else same or self._atom(scope)
                lines.append(f"{name}({given}) := {value}{self._block(body)}")
                if kind == "else" and body:
                    for _ in range(decide.choice([1, 2])):
                        outer = [x for x in scope if re.search(rf"\b{x}\b", given)]
                        other = self._body(outer, 0, decide.choice([0, 1, 2]))
                        lines[-1] += (
                            f" else := {self._atom(outer) if self._chance(0.7) else value}{self._block(other)}"
                        )
                        if not other:
                            break
        self.functions.append((name, arity))
        return "\n".join(lines)

    @staticmethod
    def _block(body: list[str]) -> str:
        return " if {\n" + "".join([f"    {statement}\n" for statement in body]) + "}" if body else ""

    def _parameter(self, scope: list[str]) -> str:
        chance = self.random.random()
        if chance < 0.7:
            scope.append(self._name())
            return scope[-1]
        if chance < 0.88:
            return self.random.choice(_SCALARS)
        scope.append(self._name())
        if chance < 0.95:
            return f"[{scope[-1]}, {self.random.choice(['_', *_SCALARS])}]"
        return f'{{"k": {scope[-1]}, "v": _, "ss": _}}'

    def _partial(self, name: str) -> str:
        """A set or object whose clauses share statements at their beginnings, under other names."""
        decide = self.random
        kind = decide.choice(["set", "set", "set", "object", "member"])
        scope: list[str] = []
        shared = self._body(scope, 0, decide.choice([0, 1, 2, 3]))
        lines: list[str] = []
        for _ in range(decide.choice([1, 2, 2, 3, 4])):
            taken = decide.randint(0, len(shared)) if self._chance(0.3) else len(shared)
            inner = [x for x in scope if any(re.search(rf"\b{x}\b", s) for s in shared[:taken])]
            body = [*shared[:taken], *self._body(inner, 0, decide.choice([0, 1, 2, 2]))]
            value = self._term(inner, 1)
            head = f"{name} contains {value}"
            if kind == "object":
                head = f"{name}[{self._key(inner)}] := {decide.choice(['1', value])}"
            elif kind == "member":
                head = f"{name}[{self._key(inner)}] contains {value}"
            text = head + self._block(body)
            if self._chance(0.5):
                # Other names for the same.
                text = re.sub(r"\bx(\d+)\b", lambda found: f"y{found.group(1)}", text)
            lines.append(text)
        self.documents.append(name)
        return "\n".join(lines)

    def _key(self, scope: list[str]) -> str:
        if scope and self._chance(0.6):
            return f'sprintf("%v", [{self.random.choice(scope)}])'
        return self.random.choice(_SCALARS[:4])

    def _complete(self, name: str) -> str:
        decide = self.random
        lines = [f"default {name} := {decide.choice(_SCALARS)}"] if self._chance(0.2) else []
        same = decide.choice(["", "", "true", '"a"'])
        for _ in range(decide.choice([1, 1, 2])):
            scope: list[str] = []
            body = self._body(scope, 0, decide.choice([0, 1, 2, 3, 4]))
            lines.append(f"{name} := {same or self._term(scope, 0)}{self._block(body)}")
        self.documents.append(name)
        return "\n".join(lines)

    # Bodies

    def _body(self, scope: list[str], depth: int, count: int) -> list[str]:
        statements: list[str] = []
        if depth < 2 and self._chance(0.03):
            # Deeper than Python nests blocks.
            for _ in range(self.random.randint(8, 18)):
                scope.append(self._name())
                place = self.random.choice(["input.review.one", "input.parameters.one", '["b"]', '{"k": 1}'])
                statements.append(f"some {scope[-1]} in {place}")
        statements.extend(self._statement(scope, depth) for _ in range(count))
        text = "\n".join(statements)
        unused = [
            found
            for found in re.findall(r"\b(?:some|every) (x\d+(?:, x\d+)?)", text)
            for found in found.split(", ")
            if len(re.findall(rf"\b{found}\b", text)) < 2
        ]
        statements.extend(f"{found} == {found}" for found in unused if found in scope)
        return statements

    def _statement(self, scope: list[str], depth: int) -> str:
        before = list(scope)
        statement = self._usual_statement(scope, depth)
        if not self._replaces or not self._chance(0.15) or statement.startswith("some"):
            return statement
        target = self.random.choice(["input", "input.review", "input.parameters", "input.parameters.s"])
        if self._chance(0.5):
            target = f"{self.random.choice(['input.review', 'input.parameters'])}.{self.random.choice(_KEYS)}"
        replacement = (
            '{"parameters": {"s": "b", "ss": ["b"]}, "review": {"s": "b"}}' if target == "input" else ""
        )
        return f"{statement} with {target} as {replacement or self._atom(before)}"

    def _usual_statement(self, scope: list[str], depth: int) -> str:
        decide = self.random
        choice = decide.random()
        if choice < 0.2:
            return self._loop(scope, depth)
        if choice < 0.32:
            operator = decide.choice(["==", "==", "==", "!=", "<", ">=", "="])
            sides = [self._atom(scope), decide.choice(_SCALARS) if self._chance(0.6) else self._atom(scope)]
            decide.shuffle(sides)
            return f" {operator} ".join(sides)
        if choice < 0.4:
            return f"{self._collection(scope, depth + 1)}[_] == {self._atom(scope)}"
        if choice < 0.47:
            return f"{self._atom(scope)} in {self._collection(scope, depth + 1)}"
        if choice < 0.6 and depth < 3:
            return f"not {self._negated(scope, depth)}"
        if choice < 0.68 and self.functions:
            return self._call(scope, depth)
        if choice < 0.74:
            return self._check(scope)
        if choice < 0.8 and depth < 2:
            inside = list(scope)
            names = [self._name() for _ in range(decide.choice([1, 1, 2]))]
            domain = self._collection(scope, depth + 1)
            inside.extend(names)
            body = self._body(inside, depth + 1, decide.choice([1, 1, 2]))
            body.extend(f"{n} == {n}" for n in names if not re.search(rf"\b{n}\b", "; ".join(body)))
            return f"every {', '.join(names)} in {domain} {{ {'; '.join(body)} }}"
        if choice < 0.83:
            return self._atom(scope)
        value = self._term(scope, depth + 1)
        scope.append(self._name())
        return f"{scope[-1]} := {value}"

    def _loop(self, scope: list[str], depth: int) -> str:
        collection = self._collection(scope, depth + 1)
        key, value = self._name(), self._name()
        choice = self.random.randrange(7)
        before = list(scope)
        scope.append(value)
        if choice < 2:
            return f"{value} := {collection}[_]"
        if choice < 4:
            return f"some {value} in {collection}"
        if choice == 4 and before:
            return f"{value} = {collection}[{self.random.choice(before)}]"
        scope.append(key)
        return (
            f"some {key}, {value} in {collection}"
            if choice == 5
            else f"some {key}; {value} := {collection}[{key}]"
        )

    def _negated(self, scope: list[str], depth: int) -> str:
        for _ in range(20):
            inside = list(scope)
            text = self._usual_statement(inside, depth + 1)
            # OPA takes a body that is `not true` alone for one that holds, in some places.
            if (
                text != "true"
                and len(inside) == len(scope)
                and not text.startswith(("some", "every", "not"))
                and "[_]" not in text
            ):
                return text
        return self._place()

    def _check(self, scope: list[str]) -> str:
        one, two = (
            self._atom(scope),
            self._atom(scope) if self._chance(0.4) else self.random.choice(_SCALARS[:4]),
        )
        return self.random.choice(
            [
                f"startswith({one}, {two})",
                f"endswith({one}, {two})",
                f"contains({one}, {two})",
                f"is_string({one})",
                f"is_boolean({one})",
                f"is_array({one})",
                f"is_null({one})",
                f"is_number({one})",
                f"count({one}) > 1",
                f"strings.any_prefix_match({one}, {self._collection(scope, 2)})",
                f'regex.match("^a", {one})',
                f"to_number({one}) == {two}",
            ]
        )

    # Terms

    def _call(self, scope: list[str], depth: int) -> str:
        name, arity = self.random.choice(self.functions)
        given = [
            self.random.choice(_SCALARS)
            if self._chance(0.3)
            else self._atom(scope)
            if self._chance(0.8)
            else self._collection(scope, depth + 1)
            for _ in range(arity)
        ]
        return f"{name}({', '.join(given)})"

    def _place(self) -> str:
        root = self.random.choice(["input.review", "input.review", "input.parameters", "input.parameters"])
        if self._chance(0.03):
            return root
        return f"{root}.{self.random.choice(_KEYS)}"

    def _atom(self, scope: list[str]) -> str:
        chance = self.random.random()
        if scope and chance < 0.6:
            text = self.random.choice(scope[-4:])
        elif chance < 0.75:
            return self.random.choice(_SCALARS)
        else:
            text = self._place()
        chance = self.random.random()
        if chance < 0.08:
            return f"{text}.{self.random.choice(['k', 'v', 's', 'a'])}"
        if chance < 0.12 and scope:
            return f"{text}[{self.random.choice(scope)}]"
        return text

    def _collection(self, scope: list[str], depth: int) -> str:
        chance = self.random.random()
        if chance < 0.35:
            return f"input.parameters.{self.random.choice(['ss', 'ss', 'mix', 'm', 'os'])}"
        if chance < 0.5:
            return f"input.review.{self.random.choice(['ss', 'mix', 'm', 'os'])}"
        if chance < 0.6 and scope:
            return self.random.choice(scope)
        if chance < 0.7 and depth < 3:
            return self._comprehension(scope, depth)
        return self._literal(scope)

    def _literal(self, scope: list[str]) -> str:
        decide = self.random
        count = decide.choice([0, 1, 1, 2, 3, 4, 8, 9])
        pool = [f'"{word}"' for word in _WORDS] if self._chance(0.5) else _SCALARS
        if self._chance(0.2) and scope:
            pool = [*pool[:4], *scope[-2:]]
        members = [decide.choice(pool) for _ in range(count)]
        kind = decide.choice(["array", "array", "set", "object"])
        if kind == "array":
            return f"[{', '.join(members)}]"
        if kind == "set":
            return f"{{{', '.join(members)}}}" if members else "set()"
        return (
            "{" + ", ".join([f'"{decide.choice("abcdefgh")}{n}": {m}' for n, m in enumerate(members)]) + "}"
        )

    def _comprehension(self, scope: list[str], depth: int) -> str:
        inner = list(scope) if self._chance(0.6) else []
        body = "; ".join(self._body(inner, depth + 1, self.random.choice([1, 1, 2, 3])))
        value = self._term(inner, depth + 1)
        kind = self.random.randrange(3)
        if kind == 0:
            return f"[{value} | {body}]"
        return f"{{{value} | {body}}}" if kind == 1 else f"{{{self._key(inner)}: {value} | {body}}}"

    def _term(self, scope: list[str], depth: int) -> str:
        decide = self.random
        chance = decide.random()
        if chance < 0.4 or depth > 2:
            return self._atom(scope)
        if chance < 0.55:
            return self._comprehension(scope, depth)
        if chance < 0.65 and self.functions:
            return self._call(scope, depth)
        if chance < 0.72:
            return self._literal(scope)
        one, two, three = self._atom(scope), self._atom(scope), self._atom(scope)
        return decide.choice(
            [
                f'sprintf("%v-%v", [{one}, {two}])',
                f'sprintf("%s %d", [{one}, {two}])',
                f'concat("/", [{one}, {two}])',
                f"concat({one}, [{two}, {three}])",
                f"object.get({one}, {two}, {three})",
                'object.get(input, "parameters", {})',
                f'object.get(input.parameters, "{decide.choice(_KEYS)}", {two})',
                f"lower({one})",
                f"trim_prefix({one}, {two})",
                f"replace({one}, {two}, {decide.choice(_SCALARS[:3])})",
                f"substring({one}, {decide.choice('012')}, {decide.choice(['-1', '1', '2'])})",
                f"({one} + {two})",
                f"({one} - {two})",
                f"({one} * 2)",
                f"count({one})",
                f"({one} == {two})",
                f"({one} < {two})",
                f"is_string({one})",
                f"startswith({one}, {two})",
                f"[{one}, {two}]",
                f'{{"k": {one}, "v": {two}}}',
                f"{{{one}, {two}}}",
                f"({{{one}}} - {self._comprehension(scope, 2)})",
                f"({one} & {{{two}}})",
                f"type_name({one})",
                f"array.concat({one}, [{two}])",
            ]
        )


def judging_module(seed: int, accepts: Callable[[str], bool]) -> tuple[str, list[str]]:
    """The module of a seed, and the names of its documents."""
    writing = Judging(random.Random(seed))
    return writing.module(accepts), writing.documents
