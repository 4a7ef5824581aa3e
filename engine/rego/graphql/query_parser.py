"""Executable documents: operations and fragments. https://spec.graphql.org/October2021/#sec-Document."""

from lockgate.engine.rego.graphql.errors import GraphQLError
from lockgate.engine.rego.graphql.nodes import Node
from lockgate.engine.rego.graphql.token_reader import EOF, NAME, TokenReader

OPERATIONS = ("query", "mutation", "subscription")


def parse_query(text: str) -> Node:
    """The tree of a query document. Raises GraphQLError and GraphQLDepthError."""
    return _QueryParser(text).document()


class _QueryParser(TokenReader):
    def document(self) -> Node:
        operations: list[Node] = []
        fragments: list[Node] = []
        while True:
            token = self.peek()
            if token.kind == EOF:
                return Node("QueryDocument", Operations=operations, Fragments=fragments)
            if token.kind == "{" or (token.kind == NAME and token.text in OPERATIONS):
                operations.append(self._operation())
            elif token.kind == NAME and token.text == "fragment":
                fragments.append(self._fragment_definition())
            else:
                raise self.unexpected()

    def _operation(self) -> Node:
        at, comments = self.at(), self.comments
        if self.sees("{"):
            return Node("Operation", at, Operation="query", SelectionSet=self._selection_set())
        made = Node("Operation", at, Operation=self.next().text, Comment=comments)
        if self.sees(NAME):
            made["Name"] = self.next().text
        made["VariableDefinitions"] = self._variables()
        made["Directives"] = self.directives(self.value)
        made["SelectionSet"] = self._selection_set()
        return made

    def _variables(self) -> list[Node]:
        return self.some("(", ")", self._variable_definition)[0]

    def _variable_definition(self) -> Node:
        at, comments = self.at(), self.comments
        made = Node("Variable", at, Variable=self.variable(), Comment=comments)
        self.expect(":")
        made["Type"] = self.type()
        if self.skip("="):
            made["DefaultValue"] = self.constant()
        made["Directives"] = self.directives(self.value)
        return made

    def _selection_set(self) -> list[Node]:
        token = self.peek()
        if token.kind != "{":
            raise GraphQLError(f"Expected {{, found {token.kind}", token.at)
        return self.some("{", "}", self._selection)[0]

    def _selection(self) -> Node:
        if self.sees("..."):
            return self._fragment()
        at, comments, name = self.at(), self.comments, self.name()
        made = Node("Field", at, Alias=name, Name=name, Comment=comments)
        if self.skip(":"):
            made["Name"] = self.name()
        made["Arguments"] = self.arguments(self.value)
        made["Directives"] = self.directives(self.value)
        if self.sees("{"):
            made["SelectionSet"] = self._selection_set()
        return made

    def _fragment(self) -> Node:
        comments = self.comments
        self.next()
        token = self.peek()
        if token.kind == NAME and token.text != "on":
            spread = Node("Spread", token.at, Name=self.name(), Comment=comments)
            spread["Directives"] = self.directives(self.value)
            return spread
        made = Node("Inline", token.at, Comment=comments)
        # As in gqlparser, which does not look whether it is a name.
        if token.text == "on":
            self.next()
            made["TypeCondition"] = self.name()
        made["Directives"] = self.directives(self.value)
        made["SelectionSet"] = self._selection_set()
        return made

    def _fragment_definition(self) -> Node:
        at, comments = self.at(), self.comments
        self.keyword("fragment")
        if self.peek().text == "on":
            raise self.unexpected()
        made = Node("Fragment", at, Name=self.name(), Comment=comments)
        made["VariableDefinition"] = self._variables()
        self.keyword("on")
        made["TypeCondition"] = self.name()
        made["Directives"] = self.directives(self.value)
        made["SelectionSet"] = self._selection_set()
        return made
