"""Advice on what does not parse, found by the message and the text around the place.

The parser says what it did not expect; what its author meant is guessed here, in one place.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lockgate.engine.errors import Location
from lockgate.engine.rego.advice.near import nearest
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
# What is no bracket of the policy: strings, raw strings and comments.
_BRACKETS: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|#[^\n]*|[()\[\]{}]')
_FUTURE: Final = {
    "in": "x in xs",
    "every": "every x in xs { … }",
    "contains": "name contains member { … }",
    "if": "name if { … }",
}
_NO_RULE_NAME: Final = "var cannot be used for rule name"
# Keywords that need an import.
_LATER: Final = re.compile(r"(and|or)\b")
# Nobody reads a policy with more brackets than this for advice on one.
_MOST_CHARACTERS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Spot:
    """The place of a mistake: the text of its line before and from there on."""

    before: str
    rest: str
    version: RegoVersion

    @property
    def last_word(self) -> str:
        """The word that ends before the place."""
        found = re.search(r"(\w+)\s*$", self.before)
        return found.group(1) if found else ""


Advise = Callable[["re.Match[str]", Spot], str]


def advised(error: RegoError, source: Source) -> RegoError:
    """The same error with advice on each problem, at the place where it is best shown."""
    problems = [_advised(problem, source) for problem in error.errors]
    for problem in problems:
        line = source.quoted(problem.location)[max(0, problem.location.column - 1) :]
        if problem.message == _NO_RULE_NAME and _LATER.match(line):
            # What follows is read as a rule of its own, and all that is wrong with it says nothing more.
            return RegoError([problem])
    return RegoError(problems)


def _advised(problem: Problem, source: Source) -> Problem:
    message = problem.message
    if message.startswith("unexpected end of the policy"):
        # Nothing is shown of an empty last line: the place is the last character there is.
        location = _last_character(source)
        problem = replace(problem, location=location, quoted=source.quoted(location))
        opened = _open_bracket(source, Location(source.file, location.line + 1, 1))
        if opened is not None and not problem.hint:
            return replace(problem, hint=_is_open(opened))
    elif problem.location.column < 1:
        problem = replace(problem, location=Location(source.file, source.line, source.column))
    opened = _open_bracket(source, problem.location)
    if opened is None and re.match(r"unexpected `[}\])]`", message):
        bracket = message.partition("`")[2][0]
        opening = next(one for one, other in _CLOSING.items() if other == bracket)
        return replace(problem, hint=f"there is no `{opening}` for it: leave it out")
    line = source.quoted(problem.location)
    start = max(0, problem.location.column - 1)
    if "keyword is required" in message:
        return _required(problem, line, start)
    if problem.hint:
        return problem
    spot = Spot(line[:start], line[start:], source.version)
    for pattern, advise in _ADVICE:
        found = pattern.search(message)
        hint = advise(found, spot) if found else ""
        if hint:
            return replace(problem, hint=hint)
    if opened is not None and opened[0] != "{" and opened[1].line < problem.location.line:
        return replace(problem, hint=_is_open(opened))
    return problem


def _required(problem: Problem, line: str, start: int) -> Problem:
    """A rule of v0 in v1: shows where the keyword belongs, and the head as it has to be."""
    brace = line.find("{", start)
    head = line[start : brace if brace >= 0 else len(line)].strip()
    member = re.fullmatch(r"(\w+)\[(.+)\]", head)
    head = f"{member.group(1)} contains {member.group(2)}" if member else head
    hint = f"write `{head} if {{`" if brace >= 0 else f"write `{head}`"
    if not head:
        return problem
    if "`if`" in problem.message and brace >= 0:
        location = problem.location
        place = Location(location.file, location.line, location.column + brace - start)
        return replace(problem, location=place, hint=hint)
    return replace(problem, hint=hint)


def _is_open(opened: tuple[str, Location]) -> str:
    bracket, place = opened
    return f"the `{bracket}` at {place.line}:{place.column} has no `{_CLOSING[bracket]}`"


def _last_character(source: Source) -> Location:
    text = source.text.rstrip()
    line = text.count("\n") + 1
    column = len(text) - (text.rfind("\n") + 1)
    return source.location(line, max(1, column))


def _open_bracket(source: Source, before: Location) -> tuple[str, Location] | None:
    """The innermost bracket that is open at a place."""
    text = source.text
    if len(text) > _MOST_CHARACTERS:
        return None
    stack: list[tuple[str, Location]] = []
    line, start, position = 1, 0, 0
    for found in _BRACKETS.finditer(text):
        newlines = text.count("\n", position, found.start())
        if newlines:
            line += newlines
            start = text.rfind("\n", 0, found.start()) + 1
        position = found.start()
        place = source.location(line, position - start + 1)
        if (place.line, place.column) >= (before.line, before.column):
            break
        bracket = found.group()
        if bracket in _CLOSING:
            stack.append((bracket, place))
        elif bracket in ")]}" and stack:
            stack.pop()
    return stack[-1] if stack else None


def _always(text: str) -> Advise:
    return lambda found, spot: text


def _later(word: str) -> str:
    other = "a second rule of the same name" if word == "or" else "each condition on a line of its own"
    return f"write {other}, or `import future.keywords.{word}`"


def _no_rule_name(found: "re.Match[str]", spot: Spot) -> str:
    word = _LATER.match(spot.rest)
    if word is not None:
        return _later(word.group())
    if spot.version == "v0" and re.search(r"\bif\b", spot.rest):
        return "`name if { … }` needs `import future.keywords.if`, or `import rego.v1`"
    return "a rule needs a value or a body: `name := value`, `name if { … }`"


def _statement(found: "re.Match[str]", spot: Spot) -> str:
    """Where a new line was expected: two statements on a line, or a word that is none here."""
    word = found.group("what")
    if word == ",":
        return "statements stand on lines of their own, or are divided by `;`"
    if word in ("and", "or"):
        return _later(word)
    if spot.last_word == "for":
        return "write `some x in xs`, or `every x in xs { … }` where all have to"
    for keyword in (word, spot.last_word):
        if spot.version == "v0" and keyword in _FUTURE:
            return f"`{_FUTURE[keyword]}` needs `import future.keywords.{keyword}`, or `import rego.v1`"
    if word == ":=":
        return "the left side is no name: assign to a variable, or compare with `==`"
    return "statements stand on lines of their own; is an operator missing?"


def _number(found: "re.Match[str]", spot: Spot) -> str:
    literal = re.match(r"-?\w+", spot.rest)
    text = literal.group() if literal else ""
    if re.fullmatch(r"-?0[0-9]{1,18}", text):
        return f'numbers have no leading zeros: write {int(text, 8) if set(text) <= set("-01234567") else int(text)}, or "{text}"'
    if re.fullmatch(r"[0-9]+([KMGTPE]i?|[mkn])", text):
        return f'a quantity is a string: write units.parse("{text}"), or "{text}"'
    if re.fullmatch(r"[0-9]+[A-Za-z_]\w*", text):
        return "a name begins with a letter or `_`"
    return ""


def _future_keyword(found: "re.Match[str]", spot: Spot) -> str:
    near = nearest(found.group("got"), ["and", "contains", "every", "if", "in", "not", "or"], 0.6)
    return f"did you mean {near}?" if near else ""


def _import_path(found: "re.Match[str]", spot: Spot) -> str:
    path = re.match(r"import\s+([\w.]+)", spot.rest)
    return f"packages lie below `data`: write `import data.{path.group(1)}`" if path else ""


def _operator(found: "re.Match[str]", spot: Spot) -> str:
    sign = found.group("what")
    if spot.before.endswith(sign):
        if sign == "&":
            return "there is no `&&`: write each condition on a line of its own, all have to hold"
        return "there is no `||`: write a second rule of the same name, one has to hold"
    return ""


def _keyword(found: "re.Match[str]", spot: Spot) -> str:
    word = found.group("what")
    if spot.last_word == "not" and word in ("not", "some"):
        return "`not` stands before one condition: name what is to be denied as a rule of its own"
    if spot.before.lstrip().startswith("default ") and word == "if":
        return "a default has no body: give the other values in rules of the same name"
    return f"`{word}` is a keyword: take another name"


def _character(found: "re.Match[str]", spot: Spot) -> str:
    character = spot.rest[:1]
    if character == "'":
        return 'strings stand in double quotes ("…"), or in backquotes (`…`) without escapes'
    if character in "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb" and character:
        return 'write a plain double quote (") in place of the typographic one'
    if character == "!":
        return "write `not x` for a negation, `!=` for a comparison"
    if character in ("@", "?", "~", "^"):
        return "there is no such operator"
    return ""


_STATEMENT_ENDS = r"^unexpected `(?P<what>[^`]*)`: expected a new line"
_TABLE: Final[Sequence[tuple[str, Advise]]] = (
    (r"illegal token", _character),
    (r"illegal number format", _number),
    (r"non-terminated raw string", _always("raw strings end with a backquote (`)")),
    (_STATEMENT_ENDS, _statement),
    (r"^unexpected `(?P<what>[&|])`", _operator),
    (
        r"unexpected `:=`",
        _always("an assignment is a statement: write it on a line of its own before this one"),
    ),
    (r"^unexpected (?P<what>\w+) keyword", _keyword),
    (
        r"^unexpected `(?P<what>as|default|else|false|import|package|not|null|true|with|some)`: expected a rule",
        _keyword,
    ),
    (r"expected `package`", _always("the first statement of a policy is `package name`")),
    (r"must be one of .*, got: (?P<got>\w+)", _future_keyword),
    (r"unexpected import path", _import_path),
    (r"expected a name after `as`", _always("name what is imported: `import data.lib as lib`")),
    (
        r"illegal default rule \(value cannot contain",
        _always("a default is a constant: give what is computed in a rule, `name := value if { … }`"),
    ),
    (
        r"default rules must not have a body",
        _always("leave the body out, and give the other values in rules of the same name"),
    ),
    (
        r"expected `:` between key and value",
        _always('an object has `key: value` throughout, as {"a": 1, "b": 2}'),
    ),
    (_NO_RULE_NAME, _no_rule_name),
    (
        r"^unexpected `;`",
        _always("rules and imports end with their line; `;` divides the statements of a body"),
    ),
    (r"expected `x in xs`", _always("declare variables (`some x`), or iterate (`some x in xs`)")),
    (r"found empty body", _always("write what has to hold, or leave the braces out")),
    (r"^unexpected `[}\])]`$", _always("a value is missing before it")),
)
_ADVICE: Final = tuple([(re.compile(pattern), advise) for pattern, advise in _TABLE])
