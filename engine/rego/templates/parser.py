"""From a template's text to its tree, and to the trees that it defines by name."""

from typing import Final

from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.templates import constants
from lockgate.engine.rego.templates.errors import TemplateDepthError, TemplateError
from lockgate.engine.rego.templates.functions import NAMES
from lockgate.engine.rego.templates.lexer import Lexer, Token
from lockgate.engine.rego.templates.tree import (
    Action,
    Branch,
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Identifier,
    Include,
    Leave,
    Nil,
    Operand,
    Pipeline,
    Statement,
    Text,
    Variable,
)

# The name that OPA gives a template.
ROOT: Final = "template"
# Blocks and parentheses inside each other.
MAX_NESTING: Final = 60
_BEGIN_OPERAND: Final = frozenset(
    ["bool", "number", "string", ".", "field", "variable", "identifier", "nil", "("]
)

Templates = dict[str, tuple[Statement, ...]]


def parse(text: str) -> Templates:
    """The templates by name. Raises TemplateError and TemplateDepthError."""
    return _Parser(text).run()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lexer = Lexer(text)
        self._pending: list[Token] = []
        self._templates: Templates = {}
        self._variables = ["$"]
        self._nesting = 0
        self._ranges = 0
        self._line = 1
        # Where the action that is being read begins; 0 outside of one.
        self._action_line = 0

    def run(self) -> Templates:
        found: list[Statement] = []
        while True:
            token = self._next_solid()
            if token.kind == "eof":
                break
            if token.kind == "{{" and self._peek_solid().kind == "define":
                self._next_solid()
                self._definition()
                continue
            statement = self._statement(token)
            if isinstance(statement, Token):
                raise self._error(f"unexpected {{{{{statement.kind}}}}}")
            found.append(statement)
        self._add(ROOT, tuple(found))
        return self._templates

    def _next(self) -> Token:
        token = self._pending.pop() if self._pending else self._lexer.read()
        self._line = token.line
        return token

    def _peek(self) -> Token:
        token = self._next()
        self._pending.append(token)
        return token

    def _next_solid(self) -> Token:
        token = self._next()
        while token.kind == "space":
            token = self._next()
        return token

    def _peek_solid(self) -> Token:
        token = self._next_solid()
        self._pending.append(token)
        return token

    def _error(self, message: str) -> TemplateError:
        return TemplateError(f"template: {ROOT}:{self._line}: {message}")

    def _unexpected(self, token: Token, context: str) -> TemplateError:
        if token.kind == "error":
            message = token.text
            if self._action_line not in (0, token.line):
                message = message.removesuffix(" action")
                message += f" action started at {ROOT}:{self._action_line}"
                if not token.text.endswith(" action"):
                    message = message.replace(" action started", " in action started")
            return self._error(message)
        return self._error(f"unexpected {token} in {context}")

    def _expect(self, kind: str, context: str) -> Token:
        token = self._next_solid()
        if token.kind != kind:
            raise self._unexpected(token, context)
        return token

    def _enter(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise TemplateDepthError

    def _add(self, name: str, body: tuple[Statement, ...]) -> None:
        present = self._templates.get(name)
        if present is None or _is_empty(present):
            self._templates[name] = body
        elif not _is_empty(body):
            raise self._error(f"template: multiple definition of template {quote(name)}")

    def _definition(self) -> None:
        name = self._constant(self._expect("string", "define clause"))
        self._expect("}}", "define clause")
        self._add(str(name), self._apart("define clause"))

    def _apart(self, context: str) -> tuple[Statement, ...]:
        """The body of a template inside of this one, which has variables of its own."""
        outside, self._variables = self._variables, ["$"]
        ranges, self._ranges = self._ranges, 0
        body, end = self._body()
        if end.kind != "end":
            raise self._error(f"unexpected {{{{{end.kind}}}}} in {context}")
        self._variables, self._ranges = outside, ranges
        return body

    def _body(self) -> tuple[tuple[Statement, ...], Token]:
        """Statements up to an `end` or an `else`, which comes with them."""
        self._enter()
        found: list[Statement] = []
        while True:
            token = self._next_solid()
            if token.kind == "eof":
                raise self._error("unexpected EOF")
            statement = self._statement(token)
            if isinstance(statement, Token):
                self._nesting -= 1
                return tuple(found), statement
            found.append(statement)

    def _statement(self, token: Token) -> Statement | Token:
        if token.kind == "text":
            return Text(token.at, token.text)
        if token.kind != "{{":
            raise self._unexpected(token, "input")
        self._action_line = token.line
        statement = self._inside()
        self._action_line = 0
        return statement

    def _inside(self) -> Statement | Token:
        word = self._next_solid()
        if word.kind in ("if", "with", "range"):
            return self._branch(word)
        if word.kind == "end":
            self._expect("}}", "end")
            return word
        if word.kind == "else":
            if self._peek_solid().kind not in ("if", "with"):
                self._expect("}}", "else")
            return word
        if word.kind in ("break", "continue"):
            end = self._next_solid()
            if end.kind != "}}":
                raise self._unexpected(end, f"{{{{{word.kind}}}}}")
            if not self._ranges:
                raise self._error(f"{{{{{word.kind}}}}} outside {{{{range}}}}")
            return Leave(word.at, f"{{{{{word.kind}}}}}", word.kind)
        if word.kind == "template":
            return self._include()
        if word.kind == "block":
            return self._block()
        self._pending.append(word)
        pipeline = self._pipeline("command", "}}")
        return Action(word.at, f"{{{{{pipeline.shown}}}}}", pipeline)

    def _branch(self, word: Token) -> Branch:
        self._enter()
        outside = len(self._variables)
        pipeline = self._pipeline(word.kind, "}}")
        self._ranges += word.kind == "range"
        body, end = self._body()
        self._ranges -= word.kind == "range"
        otherwise: tuple[Statement, ...] = ()
        if end.kind == "else":
            following = self._peek_solid()
            if following.kind == word.kind and word.kind in ("if", "with"):
                otherwise = (self._branch(self._next_solid()),)
            else:
                otherwise, end = self._body()
                if end.kind != "end":
                    raise self._error(f"expected end; found {{{{{end.kind}}}}}")
        del self._variables[outside:]
        self._nesting -= 1
        return Branch(word.at, f"{{{{{word.kind} {pipeline.shown}}}}}", word.kind, pipeline, body, otherwise)

    def _name(self, context: str) -> str:
        token = self._next_solid()
        if token.kind != "string":
            raise self._unexpected(token, context)
        return str(self._constant(token))

    def _include(self) -> Include:
        at = self._peek_solid().at
        name = self._name("template clause")
        pipeline = None
        if self._peek_solid().kind == "}}":
            self._next_solid()
        else:
            pipeline = self._pipeline("template clause", "}}")
        shown = "" if pipeline is None else f" {pipeline.shown}"
        return Include(at, f"{{{{template {quote(name)}{shown}}}}}", name, pipeline)

    def _block(self) -> Include:
        at = self._peek_solid().at
        name = self._name("block clause")
        pipeline = self._pipeline("block clause", "}}")
        self._add(name, self._apart("block clause"))
        return Include(at, f"{{{{template {quote(name)} {pipeline.shown}}}}}", name, pipeline)

    def _constant(self, token: Token) -> bool | int | float | str:
        try:
            if token.kind == "string":
                return constants.unquote(token.text)
            if token.kind == "bool":
                return token.text == "true"
            return constants.number(token.text)
        except TemplateError as error:
            raise self._error(str(error)) from error

    def _declared(self, context: str) -> tuple[tuple[str, ...], str]:
        """The variables that take a pipeline's value, and `:=`, `=` or nothing."""
        names: list[str] = []
        while True:
            token = self._next_solid()
            if token.kind != "variable":
                self._pending.append(token)
                return tuple(names), ""
            adjacent = self._peek()
            following = self._peek_solid()
            if following.kind in (":=", "="):
                self._next_solid()
                names.append(token.text)
                self._variables += names
                return tuple(names), following.kind
            if following.kind == "char" and following.text == ",":
                self._next_solid()
                names.append(token.text)
                if context != "range" or len(names) > 1:
                    raise self._error(f"too many declarations in {context}")
                if self._peek_solid().kind not in ("variable", "}}", ")"):
                    raise self._error("range can only initialize variables")
                continue
            if adjacent.kind == "space":
                self._pending.append(adjacent)
            self._pending.append(token)
            # `$i, $x` without a sign after it: the first is declared all the same.
            self._variables += names
            return tuple(names), ""

    def _pipeline(self, context: str, end: str) -> Pipeline:
        at = self._peek_solid().at
        names, sign = self._declared(context)
        commands: list[Command] = []
        while True:
            token = self._next_solid()
            if token.kind == end:
                break
            if token.kind not in _BEGIN_OPERAND:
                raise self._unexpected(token, context)
            self._pending.append(token)
            commands.append(self._command())
        if not commands:
            raise self._error(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.arguments[0], Constant | Dot | Nil):
                raise self._error(f"non executable command in pipeline stage {stage}")
        shown = " | ".join([command.shown for command in commands])
        if names:
            shown = f"{', '.join(names)} {sign or ':='} {shown}"
        return Pipeline(at, shown, names, sign, tuple(commands))

    def _command(self) -> Command:
        at = self._peek_solid().at
        operands: list[Operand] = []
        while True:
            self._peek_solid()
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = self._next()
            if token.kind == "space":
                continue
            if token.kind in ("}}", ")"):
                self._pending.append(token)
            elif token.kind != "|":
                raise self._unexpected(token, "operand")
            break
        if not operands:
            raise self._error("empty command")
        shown = [f"({one.shown})" if isinstance(one, Pipeline) else one.shown for one in operands]
        return Command(at, " ".join(shown), tuple(operands))

    def _operand(self) -> Operand | None:
        term = self._term()
        if term is None or self._peek().kind != "field":
            return term
        at = self._peek().at
        names: list[str] = []
        while self._peek().kind == "field":
            names.append(self._next().text[1:])
        if isinstance(term, Field):
            names = [*term.names, *names]
            return Field(at, "".join([f".{name}" for name in names]), tuple(names))
        if isinstance(term, Variable):
            names = [*term.names, *names]
            return Variable(at, ".".join([term.name, *names]), term.name, tuple(names))
        if isinstance(term, Constant | Dot | Nil):
            raise self._error(f"unexpected . after term {quote(term.shown)}")
        shown = f"({term.shown})" if isinstance(term, Pipeline) else term.shown
        return Chain(at, ".".join([shown, *names]), term, tuple(names))

    def _term(self) -> Operand | None:
        token = self._next_solid()
        at, text = token.at, token.text
        if token.kind == "identifier":
            if text not in NAMES:
                raise self._error(f"function {quote(text)} not defined")
            return Identifier(at, text, text)
        if token.kind == ".":
            return Dot(at, ".")
        if token.kind == "nil":
            return Nil(at, "nil")
        if token.kind == "variable":
            if text not in self._variables:
                raise self._error(f"undefined variable {quote(text)}")
            return Variable(at, text, text, ())
        if token.kind == "field":
            return Field(at, text, (text[1:],))
        if token.kind in ("bool", "number", "string"):
            return Constant(at, text, self._constant(token))
        if token.kind == "(":
            self._enter()
            inner = self._pipeline("parenthesized pipeline", ")")
            self._nesting -= 1
            return inner
        self._pending.append(token)
        return None


def _is_empty(body: tuple[Statement, ...]) -> bool:
    return all(isinstance(one, Text) and not one.shown.strip() for one in body)
