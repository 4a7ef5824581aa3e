"""GraphQL as OPA's `graphql.*` builtins see it: the syntax tree, its parser, and the validation of both documents.

OPA uses gqlparser 2.5. Its tree, its places and its messages are visible to policies, and no Python library has them.
"""
