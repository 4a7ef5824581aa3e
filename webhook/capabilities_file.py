"""Reading the capabilities file that a command line names."""

from typing import TYPE_CHECKING, Final

from lockgate.engine.errors import UsageError

if TYPE_CHECKING:
    from lockgate.engine.rego.capabilities import Capabilities

# OPA's whole file has 120 kB.
_LARGEST: Final = 10_000_000


def read_capabilities(path: str) -> "Capabilities":
    """The capabilities. Raises UsageError when it cannot be read, PolicyError when it is wrong."""
    from lockgate.engine.rego.capabilities_json import parse_capabilities

    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"--capabilities {path}: {error.strerror}") from error
    if len(text) > _LARGEST:
        raise UsageError(f"--capabilities {path}: the file is larger than {_LARGEST} bytes")
    return parse_capabilities(text, path)
