"""`graphql.*`: parsing and validating GraphQL queries and schemas, each given as text or as its syntax tree."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

from lockgate.engine.codegen.values import Object, Value, check_depth, object_items
from lockgate.engine.errors import InputError
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError, type_error
from lockgate.engine.rego.builtins.operands import string
from lockgate.engine.rego.graphql.errors import GraphQLDepthError, GraphQLError, explained, placed, reported
from lockgate.engine.rego.graphql.nodes import Node, ShapeError, from_json, to_json
from lockgate.engine.rego.graphql.query_parser import parse_query
from lockgate.engine.rego.graphql.schema import Schema
from lockgate.engine.rego.graphql.schema_loader import load_schema
from lockgate.engine.rego.graphql.schema_parser import parse_schema
from lockgate.engine.rego.graphql.validation import validate
from lockgate.engine.rego.meter import Meter, MeterError

# Work on one document. The largest public schemas need some 50,000 steps.
MAX_STEPS: Final = 500_000

_Made = TypeVar("_Made")


def graphql_parse(context: Context, query: Value, schema: Value) -> Value:
    """The trees of a query and of the schema that it is valid under."""
    return _guarded(lambda: _parsed(context, query, schema))


def graphql_parse_and_verify(context: Context, query: Value, schema: Value) -> Value:
    """Whether a query is valid under a schema, with both trees if it is."""
    try:
        return [True, *_guarded(lambda: _parsed(context, query, schema))]
    except BuiltinError:
        return [False, {}, {}]


def graphql_is_valid(context: Context, query: Value, schema: Value) -> bool:
    """Is a query valid under a schema?"""
    try:
        _guarded(lambda: _validated(context, _query(context, query), _schema(context, schema)))
    except BuiltinError:
        return False
    return True


def graphql_schema_is_valid(context: Context, schema: Value) -> bool:
    """Is it a schema?"""
    try:
        _guarded(lambda: _schema(context, schema))
    except BuiltinError:
        return False
    return True


def graphql_parse_query(context: Context, text: Value) -> Value:
    """The tree of a query, which need not be valid under any schema."""
    given = string(text, 1)
    return _guarded(lambda: _shown(context, _query(context, given)))


def graphql_parse_schema(context: Context, text: Value) -> Value:
    """The tree of a schema document, which need not be valid."""
    given = string(text, 1)
    return _guarded(lambda: _shown(context, _schema_document(context, given)))


def _guarded(compute: Callable[[], _Made]) -> _Made:
    """What the function gives; what goes wrong in it is a builtin's error, or over a limit."""
    try:
        return compute()
    except GraphQLError as error:
        raise BuiltinError(explained(placed(error))) from error
    except ShapeError as error:
        raise BuiltinError(f"no GraphQL syntax tree: {error}") from error
    except (GraphQLDepthError, RecursionError) as error:
        raise BuiltinLimitError("the GraphQL document nests too deep") from error
    except MeterError as error:
        raise BuiltinLimitError(f"the GraphQL document needs more than {MAX_STEPS} steps") from error
    except InputError as error:
        raise BuiltinLimitError(f"the GraphQL document is {error.message}") from error


def _parsed(context: Context, query: Value, schema: Value) -> list[Value]:
    query_tree = _query(context, query)
    shown_query = _shown(context, query_tree)
    loaded = _schema(context, schema)
    _validated(context, query_tree, loaded)
    return [shown_query, _shown(context, _schema_document(context, schema))]


def _validated(context: Context, query: Node, schema: Schema) -> None:
    problems = validate(schema, query, Meter(MAX_STEPS, context.spend))
    if problems:
        raise BuiltinError(explained(reported(problems)))


def _shown(context: Context, tree: Node) -> dict[str, Value]:
    value = to_json(tree)
    check_depth(value)
    return value


def _query(context: Context, given: Value) -> Node:
    return _tree(context, given, 0, "QueryDocument", parse_query)


def _schema_document(context: Context, given: Value) -> Node:
    return _tree(context, given, 1, "SchemaDocument", _document_of)


def _tree(context: Context, given: Value, position: int, kind: str, parse: Callable[[str], Node]) -> Node:
    if type(given) is str:
        context.spend(len(given) >> 2)
        return parse(given)
    if type(given) is dict or type(given) is Object:
        return from_json(kind, _texts(given))
    # OPA counts the operands of these from 0.
    raise type_error(position, given, "string", "object")


def _texts(given: Value) -> Value:
    """An object without the keys that are no strings, which no tree has."""
    if type(given) is Object:
        return {name: item for name, item in object_items(given) if type(name) is str}
    return given


@lru_cache(maxsize=16)
def _document_of(text: str) -> Node:
    return parse_schema(text)


def _schema(context: Context, given: Value) -> Schema:
    if type(given) is str:
        context.spend(len(given) >> 2)
        schema, steps = _schema_of(given)
    else:
        schema, steps = _loaded(_schema_document(context, given))
    # Counted whether it was remembered or not.
    context.spend(steps)
    return schema


@lru_cache(maxsize=16)
def _schema_of(text: str) -> tuple[Schema, int]:
    return _loaded(_document_of(text))


def _loaded(document: Node) -> tuple[Schema, int]:
    meter = Meter(MAX_STEPS)
    try:
        schema = load_schema(document, meter)
    except GraphQLError as error:
        # OPA names a place for a schema that has none.
        shown = placed(GraphQLError(error.message, error.at or (-1, -1)))
        message = f"Error in gqlparser SchemaDocument to Schema conversion: {shown}"
        raise BuiltinError(message) from error
    return schema, meter.steps
