"""What of the language a module uses that the capabilities do not have."""

from collections.abc import Iterator
from typing import Final

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import Import, Module, Template, walk
from lockgate.engine.rego.capabilities import KEYWORDS_OF_V1, Capabilities
from lockgate.engine.rego.errors import Problem

_HINT: Final = "the capabilities do not have it"
# Versions that can be imported, each with the features of which one is enough.
_IMPORTS: Final = {
    "v1": frozenset(["rego_v1", "rego_v1_import", "rego_v2"]),
    "v2": frozenset(["rego_v2", "rego_v2_import"]),
}


def capability_problems(module: Module, capabilities: Capabilities) -> Iterator[Problem]:
    """The problems, worded as by OPA."""
    features = capabilities.features
    # As it was given: a module of v0 that imports v1 needs less.
    version = module.version if module.source is None else module.source.version
    if version == "v1" and "rego_v1" not in features:
        message = "illegal capabilities: rego_v1 feature required for parsing v1 Rego"
        yield _problem(message, module.location)
    for imported in module.imports:
        yield from _import_problems(imported, module, capabilities)
    if "template_strings" not in features or version == "v0":
        for node in walk(module.rules):
            if isinstance(node, Template):
                yield _problem("template strings are not supported by current capabilities", node.location)


def _import_problems(imported: Import, module: Module, capabilities: Capabilities) -> Iterator[Problem]:
    path, features = imported.path, capabilities.features
    if path[:2] == ("future", "keywords") and len(path) == 3:
        allowed = set(capabilities.future_keywords)
        if "rego_v1" in features:
            allowed |= KEYWORDS_OF_V1
        if path[2] not in allowed:
            message = f"unexpected keyword, must be one of [{' '.join(sorted(allowed))}]"
            yield _problem(message, imported.location)
    for version, needed in _IMPORTS.items():
        if path == ("rego", version) and not needed & features:
            message = f"invalid import, `rego.{version}` is not supported by current capabilities"
            yield _problem(message, imported.location)


def _problem(message: str, location: Location) -> Problem:
    return Problem("rego_parse_error", message, location, "", _HINT)
