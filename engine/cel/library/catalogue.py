"""All functions of CEL as Kubernetes 1.34 declares them (`pkg/cel/environment/base.go`), those of one name as one."""

from typing import Final

from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import (
    authorizer,
    lists,
    named_formats,
    networks,
    operators,
    optionals,
    quantities,
    regexes,
    semvers,
    sets,
    standard,
    strings,
    urls,
)
from lockgate.engine.cel.library.declaring import merged

FUNCTIONS: Final[tuple[Function, ...]] = merged(
    (
        *operators.FUNCTIONS,
        *standard.FUNCTIONS,
        *urls.FUNCTIONS,
        *regexes.FUNCTIONS,
        *lists.FUNCTIONS,
        *authorizer.FUNCTIONS,
        *optionals.FUNCTIONS,
        *quantities.FUNCTIONS,
        *strings.FUNCTIONS,
        *sets.FUNCTIONS,
        *networks.FUNCTIONS,
        *named_formats.FUNCTIONS,
        *semvers.FUNCTIONS,
    )
)
