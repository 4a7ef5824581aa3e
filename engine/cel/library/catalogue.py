"""All functions of CEL as Kubernetes 1.34 declares them (`pkg/cel/environment/base.go`), those of one name as one."""

from typing import Final

from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import lists, operators, optionals, regexes, sets, standard, strings
from lockgate.engine.cel.library.declaring import merged

FUNCTIONS: Final[tuple[Function, ...]] = merged(
    (
        *operators.FUNCTIONS,
        *standard.FUNCTIONS,
        *regexes.FUNCTIONS,
        *lists.FUNCTIONS,
        *optionals.FUNCTIONS,
        *strings.FUNCTIONS,
        *sets.FUNCTIONS,
    )
)
