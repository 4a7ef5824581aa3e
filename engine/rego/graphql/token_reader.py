"""What the parsers of both kinds of documents share: looking at tokens, comments, values and directives."""

from collections.abc import Callable

from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.graphql import nodes
from lockgate.engine.rego.graphql.errors import GraphQLDepthError, GraphQLError
from lockgate.engine.rego.graphql.lexer import BLOCK, COMMENT, EOF, FLOAT, INT, NAME, STRING, Lexer, Token
from lockgate.engine.rego.graphql.nodes import Node

# Levels of braces and brackets. Real queries have a dozen; the tree of a level is three levels of JSON.
MAX_NESTING = 40

_SCALARS = {INT: nodes.INT, FLOAT: nodes.FLOAT, STRING: nodes.STRING, BLOCK: nodes.BLOCK}
_WORDS = {"true": nodes.BOOLEAN, "false": nodes.BOOLEAN, "null": nodes.NULL}


class TokenReader:
    """Reads tokens with one in sight. `comments` are those that stand before the token in sight."""

    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text)
        self._seen: Token | None = None
        self.before: Token | None = None
        self.comments: Node | None = None
        self._nesting = 0

    def peek(self) -> Token:
        """The token in sight."""
        if self._seen is None:
            token = self._lexer.read()
            if token.kind == COMMENT:
                found: list[Node] = []
                while token.kind == COMMENT:
                    found.append(Node("Comment", Value=token.text))
                    token = self._lexer.read()
                self.comments = Node("Comments", List=found)
            self._seen = token
        return self._seen

    def next(self) -> Token:
        """Takes the token in sight. Raises the error that reading it gave."""
        token = self.peek()
        if token.error is not None:
            raise token.error
        self._seen = None
        self.comments = None
        self.before = token
        return token

    def at(self) -> tuple[int, int]:
        """The place of the token in sight."""
        return self.peek().at

    def noted(self) -> Node | None:
        """The comments before the token in sight."""
        self.peek()
        return self.comments

    def sees(self, kind: str) -> bool:
        """Is the token in sight of that kind?"""
        return self.peek().kind == kind

    def skip(self, kind: str) -> bool:
        """Takes the token in sight if it is of that kind."""
        if self.peek().kind != kind:
            return False
        self.next()
        return True

    def expect(self, kind: str) -> Token:
        """Takes a token, which must be of that kind."""
        token = self.peek()
        if token.kind != kind:
            raise GraphQLError(f"Expected {kind}, found {token.kind}", token.at)
        return self.next()

    def keyword(self, word: str) -> Node | None:
        """Takes a word, which must be that one; gives the comments before it."""
        token = self.peek()
        comments = self.comments
        if token.kind != NAME or token.text != word:
            raise GraphQLError(f"Expected {quote(word)}, found {token}", token.at)
        self.next()
        return comments

    def unexpected(self, token: Token | None = None) -> GraphQLError:
        """The error for a token that cannot be here."""
        token = self.peek() if token is None else token
        return GraphQLError(f"Unexpected {token}", token.at)

    def name(self) -> str:
        """Takes a name."""
        return self.expect(NAME).text

    def enter(self) -> None:
        """One level deeper. Raises GraphQLDepthError."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise GraphQLDepthError

    def leave(self) -> None:
        """One level less deep."""
        self._nesting -= 1

    def some(self, start: str, end: str, read: Callable[[], Node]) -> tuple[list[Node], Node | None]:
        """What stands between two marks, at least one, with the comments before the end; nothing without a start."""
        found: list[Node] = []
        if not self.skip(start):
            return found, None
        self.enter()
        while not self.sees(end):
            found.append(read())
        if not found:
            raise GraphQLError(f"expected at least one definition, found {end}", self.at())
        comments = self.comments
        self.next()
        self.leave()
        return found, comments

    def any(self, start: str, end: str, read: Callable[[], Node]) -> list[Node]:
        """What stands between two marks, possibly nothing."""
        found: list[Node] = []
        self.expect(start)
        self.enter()
        while not self.sees(end):
            found.append(read())
        self.next()
        self.leave()
        return found

    def value(self) -> Node:
        """A value."""
        return self._value(self.value)

    def constant(self) -> Node:
        """A value without variables."""
        return self._value(self.constant)

    def _value(self, inner: Callable[[], Node]) -> Node:
        token = self.peek()
        comments = self.comments
        if token.kind == "[":
            children = self.any("[", "]", lambda: Node("Child", Value=inner()))
            return Node("Value", token.at, Children=children, Kind=nodes.LIST, Comment=comments)
        if token.kind == "{":
            children = self.any("{", "}", lambda: self._member(inner))
            return Node("Value", token.at, Children=children, Kind=nodes.OBJECT, Comment=comments)
        if token.kind == "$":
            if inner == self.constant:
                raise self.unexpected()
            return Node("Value", token.at, Raw=self.variable(), Kind=nodes.VARIABLE)
        if token.kind == NAME:
            kind = _WORDS.get(token.text, nodes.ENUM)
        elif token.kind in _SCALARS:
            kind = _SCALARS[token.kind]
        else:
            raise self.unexpected()
        self.next()
        return Node("Value", token.at, Raw=token.text, Kind=kind)

    def _member(self, inner: Callable[[], Node]) -> Node:
        at, comments, name = self.at(), self.comments, self.name()
        self.expect(":")
        return Node("Child", at, Name=name, Value=inner(), Comment=comments)

    def variable(self) -> str:
        """The name of a variable, after its dollar sign."""
        self.expect("$")
        return self.name()

    def directives(self, value: Callable[[], Node]) -> list[Node]:
        """Directives, whose arguments' values `value` reads."""
        found: list[Node] = []
        while self.skip("@"):
            at, name = self.at(), self.name()
            found.append(Node("Directive", at, Name=name, Arguments=self.arguments(value)))
        return found

    def arguments(self, value: Callable[[], Node]) -> list[Node]:
        """Arguments in parentheses, if there are some."""

        def argument() -> Node:
            at, comments, name = self.at(), self.comments, self.name()
            self.expect(":")
            return Node("Argument", at, Name=name, Value=value(), Comment=comments)

        return self.some("(", ")", argument)[0]

    def type(self) -> Node:
        """A type."""
        if self.skip("["):
            self.enter()
            made = Node("Type", self.at(), Elem=self.type())
            self.expect("]")
            self.leave()
        else:
            made = Node("Type", self.at(), NamedType=self.name())
        if self.skip("!"):
            made["NonNull"] = True
        return made


__all__ = ["EOF", "NAME", "TokenReader"]
