"""Type system documents: schemas and their extensions. https://spec.graphql.org/October2021/#sec-Type-System."""

from typing import Final

from lockgate.engine.rego.graphql.lexer import BLOCK, STRING
from lockgate.engine.rego.graphql.nodes import Node
from lockgate.engine.rego.graphql.query_parser import OPERATIONS
from lockgate.engine.rego.graphql.token_reader import EOF, NAME, TokenReader

_KINDS: Final = {
    "scalar": "SCALAR",
    "type": "OBJECT",
    "interface": "INTERFACE",
    "union": "UNION",
    "enum": "ENUM",
    "input": "INPUT_OBJECT",
}
# What a type of a kind consists of, besides name and directives; an extension must have some of it.
_PARTS: Final = {
    "SCALAR": ("Directives",),
    "OBJECT": ("Interfaces", "Directives", "Fields"),
    "INTERFACE": ("Directives", "Fields"),
    "UNION": ("Directives", "Types"),
    "ENUM": ("Directives", "EnumValues"),
    "INPUT_OBJECT": ("Directives", "Fields"),
}
_LOCATIONS: Final = frozenset(
    [
        "QUERY",
        "MUTATION",
        "SUBSCRIPTION",
        "FIELD",
        "FRAGMENT_DEFINITION",
        "FRAGMENT_SPREAD",
        "INLINE_FRAGMENT",
        "VARIABLE_DEFINITION",
        "SCHEMA",
        "SCALAR",
        "OBJECT",
        "FIELD_DEFINITION",
        "ARGUMENT_DEFINITION",
        "INTERFACE",
        "UNION",
        "ENUM",
        "ENUM_VALUE",
        "INPUT_OBJECT",
        "INPUT_FIELD_DEFINITION",
    ]
)


def parse_schema(text: str) -> Node:
    """The tree of a schema document. Raises GraphQLError and GraphQLDepthError."""
    return _SchemaParser(text).document()


class _SchemaParser(TokenReader):
    def document(self) -> Node:
        lists: dict[str, list[Node]] = {
            name: [] for name in ("Schema", "SchemaExtension", "Directives", "Definitions", "Extensions")
        }
        while not self.sees(EOF):
            comments, text = self._description()
            if not self.sees(NAME):
                raise self.unexpected()
            word = self.peek().text
            made = Node("", None, Description=text, BeforeDescriptionComment=comments)
            if word in _KINDS:
                lists["Definitions"].append(self._definition(made))
            elif word == "schema":
                lists["Schema"].append(self._schema(made))
            elif word == "directive":
                lists["Directives"].append(self._directive(made))
            elif word == "extend":
                if text:
                    raise self.unexpected(self.before)
                self._extension(lists)
            else:
                raise self.unexpected()
        made = Node("SchemaDocument", None, Comment=self.noted())
        made.fields.update(lists)
        return made

    def _description(self) -> tuple[Node | None, str]:
        if self.peek().kind not in (STRING, BLOCK):
            return None, ""
        comments = self.comments
        return comments, self.next().text

    def _described(self, kind: str) -> Node:
        """A node for a part of a type, up to its name."""
        before, text = self._description()
        after = self.noted()
        made = Node(kind, self.at(), AfterDescriptionComment=after)
        if text:
            made["BeforeDescriptionComment"] = before
            made["Description"] = text
        made["Name"] = self.name()
        return made

    def _definition(self, made: Node) -> Node:
        comments = self.comments
        made.kind = "Definition"
        made["Kind"] = _KINDS[self.next().text]
        made["AfterDescriptionComment"] = comments
        self._rest(made)
        return made

    def _rest(self, made: Node) -> None:
        """What follows a type's keyword."""
        kind = made["Kind"]
        made.at = self.at()
        made["Name"] = self.name()
        if kind == "OBJECT" or (kind == "INTERFACE" and not made.fields.get("extends")):
            made["Interfaces"] = self._interfaces()
        extends_input = kind == "INPUT_OBJECT" and made.fields.get("extends")
        made["Directives"] = self.directives(self.value if extends_input else self.constant)
        if kind in ("OBJECT", "INTERFACE"):
            made["Fields"], made["EndOfDefinitionComment"] = self.some("{", "}", self._field)
        elif kind == "INPUT_OBJECT":
            made["Fields"], made["EndOfDefinitionComment"] = self.some("{", "}", self._input_field)
        elif kind == "ENUM":
            made["EnumValues"], made["EndOfDefinitionComment"] = self.some("{", "}", self._enum_value)
        elif kind == "UNION":
            self._members(made)

    def _interfaces(self) -> list[str]:
        if self.peek().text != "implements":
            return []
        self.next()
        self.skip("&")
        found = [self.name()]
        while self.skip("&"):
            found.append(self.name())
        return found

    def _members(self, made: Node) -> None:
        """A union's types, with their places."""
        if not self.skip("="):
            return
        self.skip("|")
        places, names = [self.at()], [self.name()]
        while self.skip("|"):
            places.append(self.at())
            names.append(self.name())
        made["Types"] = names
        made.fields["places"] = places

    def _field(self) -> Node:
        made = self._described("FieldDefinition")
        made["Arguments"] = self._argument_definitions()
        self.expect(":")
        made["Type"] = self.type()
        made["Directives"] = self.directives(self.constant)
        return made

    def _argument_definitions(self) -> list[Node]:
        return self.some("(", ")", lambda: self._input_value("ArgumentDefinition"))[0]

    def _input_field(self) -> Node:
        return self._input_value("FieldDefinition")

    def _input_value(self, kind: str) -> Node:
        made = self._described(kind)
        self.expect(":")
        made["Type"] = self.type()
        if self.skip("="):
            made["DefaultValue"] = self.constant()
        made["Directives"] = self.directives(self.constant)
        return made

    def _enum_value(self) -> Node:
        made = self._described("EnumValue")
        made["Directives"] = self.directives(self.constant)
        return made

    def _schema(self, made: Node) -> Node:
        comments = self.keyword("schema")
        made.kind, made.at = "Schema", self.at()
        made["AfterDescriptionComment"] = comments
        self._schema_rest(made)
        return made

    def _schema_rest(self, made: Node) -> None:
        made["Directives"] = self.directives(self.constant)
        made["OperationTypes"], made["EndOfDefinitionComment"] = self.some("{", "}", self._operation_type)

    def _operation_type(self) -> Node:
        at, comments = self.at(), self.comments
        token = self.next()
        if token.text not in OPERATIONS:
            raise self.unexpected(token)
        self.expect(":")
        return Node("OperationType", at, Operation=token.text, Type=self.name(), Comment=comments)

    def _extension(self, lists: dict[str, list[Node]]) -> None:
        comments = self.keyword("extend")
        word = self.peek().text
        if word == "schema":
            self.keyword("schema")
            made = Node("Schema", self.at(), AfterDescriptionComment=comments)
            self._schema_rest(made)
            parts: tuple[str, ...] = ("Directives", "OperationTypes")
            lists["SchemaExtension"].append(made)
        elif word in _KINDS:
            self.keyword(word)
            made = Node("Definition", Kind=_KINDS[word], AfterDescriptionComment=comments, extends=True)
            self._rest(made)
            parts = _PARTS[_KINDS[word]]
            lists["Extensions"].append(made)
        else:
            raise self.unexpected()
        if not any(made[part] for part in parts):
            raise self.unexpected()

    def _directive(self, made: Node) -> Node:
        comments = self.keyword("directive")
        self.expect("@")
        made.kind, made.at = "DirectiveDefinition", self.at()
        made["AfterDescriptionComment"] = comments
        made["Name"] = self.name()
        made["Arguments"] = self._argument_definitions()
        token = self.peek()
        if token.kind == NAME and token.text == "repeatable":
            self.next()
            made["IsRepeatable"] = True
        self.keyword("on")
        self.skip("|")
        locations = [self._location()]
        while self.skip("|"):
            locations.append(self._location())
        made["Locations"] = locations
        return made

    def _location(self) -> str:
        token = self.expect(NAME)
        if token.text not in _LOCATIONS:
            raise self.unexpected(token)
        return token.text
