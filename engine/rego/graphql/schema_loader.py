"""From a schema document to a schema that has been checked."""

from collections.abc import Iterator

from lockgate.engine.rego.graphql.errors import GraphQLError
from lockgate.engine.rego.graphql.nodes import Node
from lockgate.engine.rego.graphql.schema import Schema
from lockgate.engine.rego.graphql.schema_checks import SchemaChecks
from lockgate.engine.rego.meter import Meter


def load_schema(document: Node, meter: Meter) -> Schema:
    """The schema of a document. Raises GraphQLError for the first thing that is wrong."""
    schema = Schema(document)
    checks = SchemaChecks(schema, meter)
    if len(document["Schema"]) > 1:
        message = "Cannot have multiple schema entry points, consider schema extensions instead."
        raise GraphQLError(message, document["Schema"][1].at)
    for definition in [*document["Schema"], *document["SchemaExtension"]]:
        for operation, root in _roots(schema, definition):
            schema.roots[operation] = root
        checks.directives(definition["Directives"], "SCHEMA")
    checks.types()
    checks.input_cycles()
    checks.directive_definitions()
    if not document["Schema"]:
        for operation, name in (
            ("query", "Query"),
            ("mutation", "Mutation"),
            ("subscription", "Subscription"),
        ):
            if name in schema.types:
                schema.roots.setdefault(operation, schema.types[name])
    query = schema.roots.get("query")
    if query is not None:
        _add_introspection(schema, query)
    return schema


def _roots(schema: Schema, definition: Node) -> Iterator[tuple[str, Node]]:
    for entry in definition["OperationTypes"]:
        root = schema.types.get(entry["Type"])
        if root is None:
            message = (
                f"Schema root {entry['Operation']} refers to a type {entry['Type']} that does not exist."
            )
            raise GraphQLError(message, entry.at)
        yield entry["Operation"], root


def _add_introspection(schema: Schema, query: Node) -> None:
    name = Node("ArgumentDefinition", Name="name", Type=Node("Type", NamedType="String", NonNull=True))
    added = [
        Node("FieldDefinition", Name="__schema", Type=Node("Type", NamedType="__Schema", NonNull=True)),
        Node("FieldDefinition", Name="__type", Type=Node("Type", NamedType="__Type"), Arguments=[name]),
    ]
    query["Fields"] = [*query["Fields"], *added]
    for field in added:
        schema.members[query["Name"]].setdefault(field["Name"], field)
