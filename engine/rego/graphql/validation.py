"""Validation of a query against a schema: all rules, in the order of their names in gqlparser."""

from typing import Final

from lockgate.engine.rego.graphql import rules_known, rules_types
from lockgate.engine.rego.graphql.errors import GraphQLError
from lockgate.engine.rego.graphql.nodes import Node
from lockgate.engine.rego.graphql.overlap import OverlappingFieldsCanBeMerged
from lockgate.engine.rego.graphql.schema import Schema
from lockgate.engine.rego.graphql.walk import Rule, Walk
from lockgate.engine.rego.meter import Meter

RULES: Final[tuple[type[Rule], ...]] = (
    rules_types.FieldsOnCorrectType,
    rules_types.FragmentsOnCompositeTypes,
    rules_known.KnownArguments,
    rules_known.KnownDirectives,
    rules_known.KnownFragments,
    rules_known.KnownRoots,
    rules_known.KnownTypes,
    rules_known.LoneAnonymousOperation,
    rules_known.IntrospectionDepth,
    rules_known.NoFragmentCycles,
    rules_known.NoUndefinedVariables,
    rules_known.NoUnusedFragments,
    rules_known.NoUnusedVariables,
    OverlappingFieldsCanBeMerged,
    rules_types.PossibleFragmentSpreads,
    rules_types.RequiredArguments,
    rules_types.ScalarLeafs,
    rules_types.SingleFieldSubscriptions,
    rules_known.UniqueArguments,
    rules_known.UniqueDirectives,
    rules_known.UniqueFragments,
    rules_known.UniqueInputFields,
    rules_known.UniqueOperations,
    rules_known.UniqueVariables,
    rules_types.ValuesOfCorrectType,
    rules_types.VariablesAreInputTypes,
    rules_types.VariablesInAllowedPosition,
)


def validate(schema: Schema, query: Node, meter: Meter) -> list[GraphQLError]:
    """All that is wrong with a query."""
    return Walk(schema, query, meter).run(list(RULES))
