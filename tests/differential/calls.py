"""Random calls of every builtin, with operands of the declared types and of others.

The declarations are those that `opa capabilities` prints.
"""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.engine.rego.builtins.catalogue import ENTRIES

from tests.differential import texts

# Their answer is no function of the operands, or depends on the machine.
LEFT_OUT: Final = frozenset(
    [
        "http.send",
        "net.lookup_ip_addr",
        "opa.runtime",
        "rand.intn",
        "uuid.rfc4122",
        "time.now_ns",
        "trace",
        "print",
        "eq",
        "assign",
        "walk",
        "internal.template_string",
        "internal.print",
        "internal.test_case",
        "io.jwt.encode_sign",
        "io.jwt.encode_sign_raw",
        "io.jwt.decode_verify",
        "providers.aws.sign_req",
        "rego.metadata.chain",
        "rego.metadata.rule",
    ]
)
# Strings that mean something to a family of builtins, by the beginning of their names.
_POOLS: Final[Mapping[str, Sequence[str]]] = {
    "time.": [
        *(
            "2006-01-02",
            "2024-02-29T12:30:00Z",
            "2024-02-29",
            "RFC3339",
            "1h2m3.5s",
            "-1ns",
            "UTC",
            "Europe/Berlin",
        ),
        *(
            "2021-05-05T10:00:00.123456789+02:00",
            "Jan 2, 2006 at 3:04pm (MST)",
            "RFC1123",
            "Local",
            "1d",
            "1.5h",
        ),
    ],
    "net.": [
        "10.0.0.0/20",
        "10.1.2.3",
        "10.1.0.0/16",
        "::1",
        "fe80::/10",
        "192.168.1.0/30",
        "10.0.0.300",
        "10.0.0.0/24",
    ],
    "regex.": [
        "a+",
        "^a.b$",
        "(a)(b)?",
        "[a-",
        "a|b",
        "x*",
        "(?P<n>a)-",
        "\\d+",
        "{a.*}",
        "{",
        "}",
        "$1$n",
        "a-b-ab",
    ],
    "re_match": ["a+", "^a.b$", "[a-", "a-b"],
    "glob.": ["*", "a*", "**", "*.b", "{a,b}", "[a-c]?", "a.b", "?", ".", "\\*", "a.b.c"],
    "units.": [
        "1",
        "10Mi",
        "1.5G",
        "500m",
        "1e3",
        "2KB",
        "3kib",
        "Ki",
        "0.1Ti",
        "-5m",
        "1E",
        "1Ei",
        "007",
        "+1k",
    ],
    "semver.": ["1.2.3", "1.2.3-rc.1", "1.2", "v1.0.0", "1.2.3+build", "01.2.3", "1.2.3-rc.2", "10.0.0"],
    "json.": [
        '{"a": [1, 2.0]}',
        "[1,",
        "1e3",
        '"a"',
        "a/b",
        "/a/b",
        "a/0",
        "/",
        "null",
        "k",
        '{"k": 1, "k": 2}',
    ],
    "yaml.": [
        "a: 1\nb: [x, 'y']",
        "- 1.0\n- yes",
        "a: &x 1\nb: *x",
        "{",
        "1e3",
        "null",
        "k: |\n  t\n",
        "0o17",
        "a: b: c",
    ],
    "base64": ["YQ==", "YWI=", "YQ", "-_8=", "+/8=", "a", "YWJj\n"],
    "hex.": ["6162", "6", "zz", "C3A9"],
    "urlquery.": ["a=1&b=2", "a%20b", "%zz", "a+b", "a=1&a=2&c", "é=ü"],
    "uri.": ["http://a.b/c?d=e#f", "a", "://", "mailto:a@b", "http://u:p@h:80/", "%zz"],
    "uuid.": ["00112233-4455-6677-8899-aabbccddeeff", "a", "{00112233-4455-1677-8899-aabbccddeeff}"],
    "io.jwt": ["eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "secret"],
    "sprintf": [
        "%v",
        "%d",
        "%s",
        "%5.2f",
        "%x",
        "%q",
        "%v %v",
        "%[2]v %[1]v",
        "%%",
        "%!",
        "%08d",
        "%T",
        "%-5v|",
        "%e",
    ],
    "graphql.": ["type Query { a: Int }", "{ a }", "query { a }", "type", "{ b }"],
    "strings.": ["a", "b", "ab", "abab", "", "é", "a-b", "{{.a}}"],
    "concat": ["-", "a"],
    "format_int": [],
}
_NUMBERS: Final = ["0", "1", "2", "8", "10", "16", "64", "100", "1700000000000000000", "3.7", "-5"]

# Huge operands make huge answers, which OPA does not bound.
_GROWING: Final = {"numbers.range": 2, "numbers.range_step": 3, "bits.lsh": 2}


def builtins(capabilities: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The declarations of the builtins that are called here."""
    return [
        entry
        for entry in capabilities["builtins"]
        if entry["name"] not in LEFT_OUT and entry["name"] in ENTRIES and ENTRIES[entry["name"]].module
    ]


class Calls:
    """Writes calls; `inputs` collects the operands that stand in the input."""

    def __init__(self, random: random.Random) -> None:
        self.random = random
        self.inputs: list[str] = []

    def call(self, entry: Mapping[str, Any]) -> str:
        """A call of a builtin as Rego."""
        name = entry["name"]
        if name in _GROWING:
            return self._small_call(name)
        pool = next((pool for start, pool in _POOLS.items() if name.startswith(start)), ())
        declared = entry["decl"].get("args", [])
        operands = []
        for argument in declared:
            kind = {"type": "any"} if self.random.random() < 0.1 else argument
            operands.append(self._operand(self._written(kind, pool, 0)))
        if entry.get("infix") and len(operands) == 2 and name not in ("assign", "eq"):
            return f"({operands[0]} {entry['infix']} {operands[1]})"
        if entry.get("infix") == "in":
            return f"({operands[0]}, {operands[1]} in {operands[2]})"
        return f"{name}({', '.join(operands)})"

    def _small_call(self, name: str) -> str:
        small = ["0", "1", "2", "5", "-3", "10", "1.0", "3.5", "100", '"a"', "2e1"]
        operands = [self._operand((self.random.choice(small), True)) for _ in range(_GROWING[name])]
        return f"{name}({', '.join(operands)})"

    def _operand(self, written: tuple[str, bool]) -> str:
        text, is_json = written
        if is_json and self.random.random() < 0.95:
            self.inputs.append(text)
            return f"input.p[{len(self.inputs) - 1}]"
        # The declared result of `object.get` is any value: the static types are hidden.
        return f"object.get({{0: {text}}}, 0, null)" if self.random.random() < 0.9 else text

    def _written(self, kind: Mapping[str, Any], pool: Sequence[str], depth: int) -> tuple[str, bool]:
        """A value of a declared type: its text, and whether it is JSON."""
        decide = self.random
        name = kind["type"]
        if name == "any":
            if kind.get("of"):
                return self._written(decide.choice(kind["of"]), pool, depth)
            if pool and decide.random() < 0.3:
                return json.dumps(decide.choice(pool)), True
            text = texts.json_text(decide, 1)
            return (text, True) if decide.random() < 0.7 else (texts.literal(decide, 1), False)
        if name == "string":
            return json.dumps(decide.choice(pool if pool and decide.random() < 0.75 else texts.STRINGS)), True
        if name == "number":
            return (decide.choice(_NUMBERS) if decide.random() < 0.5 else texts.number(decide)), True
        if name == "boolean":
            return decide.choice(["true", "false"]), True
        if name == "null":
            return "null", True
        if name == "set":
            parts = [
                self._written(kind.get("of") or {"type": "any"}, pool, depth + 1)[0]
                for _ in range(decide.randrange(4))
            ]
            return ("{" + ", ".join(parts) + "}" if parts else "set()"), False
        if name == "array":
            members = [self._written(item, pool, depth + 1) for item in kind.get("static") or ()]
            if kind.get("dynamic"):
                members += [
                    self._written(kind["dynamic"], pool, depth + 1) for _ in range(decide.randrange(4))
                ]
            return "[" + ", ".join([m[0] for m in members]) + "]", all(m[1] for m in members)
        assert name == "object", name
        return self._object(kind, pool, depth)

    def _object(self, kind: Mapping[str, Any], pool: Sequence[str], depth: int) -> tuple[str, bool]:
        decide = self.random
        pairs: dict[str, tuple[str, bool]] = {}
        for member in kind.get("static") or ():
            pairs[json.dumps(member["key"])] = self._written(member["value"], pool, depth + 1)
        dynamic: Any = kind.get("dynamic")
        for _ in range(decide.randrange(4) if dynamic else 0):
            name = json.dumps(decide.choice(texts.STRINGS))
            if decide.random() < 0.1:
                name = texts.scalar(decide)
            pairs[name] = self._written(dynamic["value"], pool, depth + 1)
        is_json = all(k.startswith('"') and v[1] for k, v in pairs.items())
        return "{" + ", ".join([f"{k}: {v[0]}" for k, v in pairs.items()]) + "}", is_json


def module(
    random: random.Random, entries: Sequence[Mapping[str, Any]], count: int
) -> tuple[str, list[str], str]:
    """A module of `count` rules that each call a builtin, their names, and the input with the operands."""
    calls = Calls(random)
    lines = ["package test", ""]
    names = []
    for number in range(count):
        names.append(f"b{number}")
        lines.append(f"b{number} := {calls.call(random.choice(entries))}")
    return "\n".join(lines) + "\n", names, '{"p": [' + ", ".join(calls.inputs) + "]}"
