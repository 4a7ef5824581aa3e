"""Policies as Conftest has them: rules `deny`, `violation` and `warn` of plain Rego packages, over any document."""
