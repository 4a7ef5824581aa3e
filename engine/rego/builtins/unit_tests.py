"""`internal.test_case`: tells the name of the case that a test rule is about to try."""

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.context import CaseContext


def internal_test_case(context: CaseContext, name: Value) -> bool:
    """Notes the case and holds."""
    context.spend(1)
    if context.cases is not None:
        context.cases.append(name)
    return True
