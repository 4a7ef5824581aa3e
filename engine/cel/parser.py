"""Text to tree: the grammar of cel-go 0.26 with macros and optional syntax, as Kubernetes 1.34 has them.

https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax. Offsets are cel-go's: a call's is its operator or
its `(`, a select's its `.`. Chains of `&&` and `||` become balanced trees, so that a long one is not a deep one.
"""

from typing import Final, Literal, NoReturn

from lockgate.engine.cel.ast import (
    Call,
    Constant,
    Index,
    ListLiteral,
    MapItem,
    MapLiteral,
    MessageLiteral,
    Name,
    Node,
    Select,
)
from lockgate.engine.cel.errors import ExpressionError, Mistake
from lockgate.engine.cel.lexer import Token, bytes_value, string_value, tokens
from lockgate.engine.cel.macros import global_macro, receiver_macro
from lockgate.engine.cel.values import MAX_INT, MAX_UINT, MIN_INT, Uint
from lockgate.engine.cel.walking import depth

# cel-go counts visits of calls and selects up to 250; here every node counts, and half as many parentheses and brackets
# may be open, so that whoever goes through a tree by recursion stays within Python's 1000 frames.
MAX_DEPTH: Final = 250

RESERVED: Final = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "package",
        "namespace",
        "null",
        "return",
        "true",
        "var",
        "void",
        "while",
    ]
)
_KEYWORDS: Final = frozenset(["true", "false", "null", "in"])

# Binary operators by binding strength; all associate to the left.
_RELATIONS: Final = {
    "<": "_<_",
    "<=": "_<=_",
    ">": "_>_",
    ">=": "_>=_",
    "==": "_==_",
    "!=": "_!=_",
    "in": "@in",
}
_SUMS: Final = {"+": "_+_", "-": "_-_"}
_PRODUCTS: Final = {"*": "_*_", "/": "_/_", "%": "_%_"}
_OR: Final = 0
_AND: Final = 1
_LEVELS: Final[tuple[dict[str, str], ...]] = (
    {"||": "_||_"},
    {"&&": "_&&_"},
    _RELATIONS,
    _SUMS,
    _PRODUCTS,
)
_STRENGTH: Final = {symbol: level for level, operators in enumerate(_LEVELS) for symbol in operators}

_PREFIXES: Final = frozenset(["!", "-"])
_STARTS: Final = frozenset(["[", "{", "(", ".", "-", "!"])
_LITERALS: Final = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER"
_OPERAND: Final = f"{{'[', '{{', '(', '.', '-', '!', {_LITERALS}}}"
_ARGUMENT: Final = f"{{'[', '{{', '(', ')', '.', '-', '!', {_LITERALS}}}"
_ITEM: Final = f"{{'[', ']', '{{', '(', '.', ',', '-', '!', '?', {_LITERALS}}}"
_ENTRY: Final = f"{{'[', '{{', '}}', '(', '.', ',', '-', '!', '?', {_LITERALS}}}"


def parse(source: str) -> Node:
    """The tree of an expression. Raises ExpressionError with the first mistake."""
    try:
        node = _Parser(tokens(source)).whole()
    except RecursionError:
        raise _too_deep() from None
    if depth(node) > MAX_DEPTH:
        raise _too_deep()
    return node


class _Parser:
    def __init__(self, all_tokens: list[Token]) -> None:
        self._tokens = all_tokens
        self._place = 0
        self._token = all_tokens[0]
        self._nesting = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._token.kind != "end":
            last = self._tokens[self._place + 1].kind == "end"
            self._refuse(f"{'extraneous' if last else 'mismatched'} input {self._shown()} expecting <EOF>")
        return node

    # Tokens

    def _next(self) -> Token:
        """The current token, passed by."""
        token = self._token
        if token.kind != "end":
            self._place += 1
            self._token = self._tokens[self._place]
        return token

    def _is(self, symbol: str) -> bool:
        # No token of another kind looks like one: strings have their quotes.
        return self._token.text == symbol

    def _take(self, symbol: str) -> Token | None:
        token = self._token
        if token.text != symbol:
            return None
        self._place += 1
        self._token = self._tokens[self._place]
        return token

    def _need(self, symbol: str, also: str = "") -> Token:
        """The symbol. What else could stand here is in the message; ANTLR tells what is missing from what is too much."""
        token = self._token
        if token.text == symbol:
            return self._next()
        expected = f"{{'{symbol}', '{also}'}}" if also else f"'{symbol}'"
        after = self._tokens[min(self._place + 1, len(self._tokens) - 1)].text
        if token.kind != "end" and after in (symbol, also):
            self._refuse(f"extraneous input {self._shown()} expecting {expected}")
        if not also and _follows(symbol, token):
            self._refuse(f"missing '{symbol}' at {self._shown()}")
        self._fail(expected)

    def _name(self) -> Token:
        token = self._token
        if token.text in ("true", "false", "null"):
            self._fail("IDENTIFIER")
        if token.kind != "name" or token.text in _KEYWORDS:
            before = self._tokens[self._place - 1].text
            self._refuse(
                f"no viable alternative at input '{before}{token.text if token.kind != 'end' else ''}'"
            )
        return self._next()

    def _field(self) -> Token:
        """A field's name. Names in backticks are cel-go's, behind an option that Kubernetes does not set."""
        if self._token.kind == "quoted name":
            raise _error(self._token.offset, "unsupported syntax: '`'")
        return self._name()

    def _shown(self) -> str:
        return f"'{self._token.text[:100]}'"

    def _fail(self, expected: str) -> NoReturn:
        self._refuse(f"mismatched input {self._shown()} expecting {expected}")

    def _need_operand(self, also: tuple[str, ...], expected: str) -> None:
        """That an operand starts here, or one of the symbols is here. As ANTLR: what could be left out is extraneous."""
        token = self._token
        if token.text in also or _starts(token):
            return
        after = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if token.kind != "end" and (after.text in also or _starts(after)):
            self._refuse(f"extraneous input {self._shown()} expecting {expected}")
        self._fail(expected)

    def _no_operand(self) -> NoReturn:
        self._need_operand((), _OPERAND)
        self._fail(_OPERAND)

    def _refuse(self, message: str) -> NoReturn:
        raise _error(self._token.offset, f"Syntax error: {message}")

    # Operators

    def _expression(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise _too_deep()
        chosen: list[tuple[int, Node, Node]] = []
        last = self._binary(_OR)
        while question := self._take("?"):
            then = self._binary(_OR)
            self._need(":")
            chosen.append((question.offset, last, then))
            last = self._binary(_OR)
        for offset, condition, then in reversed(chosen):
            last = Call(offset, "_?_:_", None, (condition, then, last))
        self._nesting -= 1
        return last

    def _binary(self, weakest: int) -> Node:
        """An operand, and all after it that binds at least as strongly as `weakest`."""
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise _too_deep()
        left = self._unary()
        while (level := self._level()) is not None and level >= weakest:
            left = self._chain(left, level) if level <= _AND else self._pair(left, level)
        self._nesting -= 1
        return left

    def _level(self) -> int | None:
        return _STRENGTH.get(self._token.text)

    def _pair(self, left: Node, level: int) -> Node:
        operator = self._next()
        right = self._binary(level + 1) if level < len(_LEVELS) - 1 else self._unary()
        return Call(operator.offset, _LEVELS[level][operator.text], None, (left, right))

    def _chain(self, first: Node, level: int) -> Node:
        terms, offsets = [first], list[int]()
        symbol = self._token.text
        while operator := self._take(symbol):
            offsets.append(operator.offset)
            terms.append(self._binary(level + 1))
        return _balanced(_LEVELS[level][symbol], terms, offsets)

    def _unary(self) -> Node:
        first = self._token
        if first.text not in _PREFIXES:
            return self._member(self._primary())
        symbol: Literal["!", "-"] = "!" if first.text == "!" else "-"
        count = 0
        while self._take(symbol):
            count += 1
        if symbol == "-" and count == 1 and self._token.kind in ("int", "double"):
            return self._member(self._number(first.offset, "-"))
        operand = self._member(self._signed() if symbol == "!" else self._primary())
        return operand if count % 2 == 0 else Call(first.offset, f"{symbol}_", None, (operand,))

    # Operands

    def _signed(self) -> Node:
        """A primary, or a negative number: `!-1` is well-formed, `!-x` is not."""
        sign = self._token
        if self._is("-") and self._tokens[self._place + 1].kind in ("int", "double"):
            self._next()
            return self._number(sign.offset, "-")
        return self._primary()

    def _member(self, node: Node) -> Node:
        """`node` with the selects, calls and indexes that follow it."""
        while True:
            following = self._token.text
            if following == ".":
                node = self._after_dot(node, self._next())
            elif following == "[":
                bracket = self._next()
                optional = self._take("?") is not None
                index = self._expression()
                self._need("]")
                node = Index(bracket.offset, node, index, optional)
            else:
                return node

    def _after_dot(self, operand: Node, dot: Token) -> Node:
        if self._take("?"):
            return Select(dot.offset, operand, self._field().text, optional=True)
        field = self._field()
        if opening := self._take("("):
            arguments = self._arguments()
            macro = receiver_macro(opening.offset, field.text, operand, arguments)
            return macro or Call(opening.offset, field.text, operand, arguments)
        return Select(dot.offset, operand, field.text)

    def _arguments(self) -> tuple[Node, ...]:
        """What stands between parentheses; the first is passed by already."""
        self._need_operand((")",), _ARGUMENT)
        if self._take(")"):
            return ()
        found = [self._expression()]
        while self._take(","):
            found.append(self._expression())
        self._need(")")
        return tuple(found)

    def _primary(self) -> Node:
        token = self._token
        match token.kind:
            case "name":
                return self._word()
            case "string":
                return Constant(token.offset, string_value(self._next()))
            case "bytes":
                return Constant(token.offset, bytes_value(self._next()))
            case "int" | "uint" | "double":
                return self._number(token.offset, "")
            case "symbol":
                match token.text:
                    case "(":
                        self._next()
                        node = self._expression()
                        self._need(")")
                        return node
                    case "[":
                        return self._list()
                    case "{":
                        return self._map()
                    case ".":
                        self._next()
                        return self._identifier(".", self._name())
                    case _:
                        self._no_operand()
            case _:
                self._no_operand()

    def _word(self) -> Node:
        token = self._token
        match token.text:
            case "true" | "false":
                return Constant(self._next().offset, token.text == "true")
            case "null":
                return Constant(self._next().offset, None)
            case "in":
                self._no_operand()
            case _:
                return self._identifier("", self._next())

    def _identifier(self, dot: str, name: Token) -> Node:
        if (message := self._message(dot, name)) is not None:
            return message
        if name.text in RESERVED:
            raise _error(name.offset, f"reserved identifier: {name.text}")
        if opening := self._take("("):
            function, arguments = dot + name.text, self._arguments()
            macro = global_macro(opening.offset, function, arguments)
            return macro or Call(opening.offset, function, None, arguments)
        return Name(name.offset, dot + name.text)

    def _message(self, dot: str, first: Token) -> Node | None:
        """`a.b{…}`, or None where names are not followed by a brace; nothing is passed by then."""
        place = self._place
        names = [first.text]
        while self._tokens[place].text == "." and self._tokens[place + 1].kind == "name":
            names.append(self._tokens[place + 1].text)
            place += 2
        if self._tokens[place].text != "{" or self._tokens[place].kind != "symbol":
            return None
        self._place = place
        self._token = self._tokens[place]
        opening = self._next()
        items: list[MapItem] = []
        while not self._is("}"):
            if not items and self._take(","):
                break
            optional = self._take("?") is not None
            field = self._field()
            colon = self._need(":")
            key = Constant(field.offset, field.text)
            items.append(MapItem(colon.offset, key, self._expression(), optional))
            if not self._take(","):
                break
        self._need("}")
        return MessageLiteral(opening.offset, dot + ".".join(names), tuple(items))

    def _number(self, offset: int, sign: str) -> Node:
        token = self._next()
        text = token.text
        if token.kind == "double":
            value = float(sign + text)
            if value in (float("inf"), float("-inf")):
                raise _error(offset, "invalid double literal")
            return Constant(offset, value)
        unsigned = token.kind == "uint"
        digits = text[:-1] if unsigned else text
        # The longest that fits has 20 digits; more would only cost time.
        significant = digits[2:].lstrip("0") if digits.startswith("0x") else digits.lstrip("0")
        if len(significant) <= 20:
            whole = int(significant or "0", 16 if digits.startswith("0x") else 10)
            if sign:
                whole = -whole
            if unsigned and whole <= MAX_UINT:
                return Constant(offset, Uint(whole))
            if not unsigned and MIN_INT <= whole <= MAX_INT:
                return Constant(offset, whole)
        raise _error(offset, f"invalid {token.kind} literal")

    def _list(self) -> Node:
        opening = self._next()
        self._need_operand(("]", ",", "?"), _ITEM)
        items: list[Node] = []
        optional: list[int] = []
        while not self._is("]"):
            # A comma alone is allowed: cel-go's grammar has it so.
            if not items and self._take(","):
                break
            if self._take("?"):
                optional.append(len(items))
            items.append(self._expression())
            if not self._take(","):
                break
        self._need("]", ",")
        return ListLiteral(opening.offset, tuple(items), frozenset(optional))

    def _map(self) -> Node:
        opening = self._next()
        self._need_operand(("}", ",", "?"), _ENTRY)
        items: list[MapItem] = []
        while not self._is("}"):
            if not items and self._take(","):
                break
            optional = self._take("?") is not None
            key = self._expression()
            colon = self._need(":")
            items.append(MapItem(colon.offset, key, self._expression(), optional))
            if not self._take(","):
                break
        self._need("}", ",")
        return MapLiteral(opening.offset, tuple(items))


def _starts(token: Token) -> bool:
    """Whether an operand can start with the token."""
    if token.kind == "symbol":
        return token.text in _STARTS
    return token.kind not in ("end", "quoted name") and token.text != "in"


def _follows(symbol: str, token: Token) -> bool:
    """Whether the token can come after the symbol."""
    if symbol == ":":
        return _starts(token)
    return token.text == "in" or (token.kind in ("symbol", "end") and token.text not in "({!:,")


def _balanced(function: str, terms: list[Node], offsets: list[int]) -> Node:
    """One tree of binary calls, as flat as can be, whose leaves are `terms` in order."""

    def between(first: int, last: int) -> Node:
        middle = (first + last + 1) // 2
        left = terms[middle] if middle == first else between(first, middle - 1)
        right = terms[middle + 1] if middle == last else between(middle + 1, last)
        return Call(offsets[middle], function, None, (left, right))

    return between(0, len(offsets) - 1)


def _too_deep() -> ExpressionError:
    return _error(0, f"expression recursion limit exceeded: {MAX_DEPTH}")


def _error(offset: int, message: str) -> ExpressionError:
    return ExpressionError((Mistake(offset, message),))
