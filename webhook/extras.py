"""Optional parts: what a command needs besides the base install, and how to get it."""

from importlib.util import find_spec
from typing import Final

from lockgate.engine.errors import UsageError

_AUDIT: Final = ("cryptography", "pydantic", "alembic", "sqlmodel")
_FACTS: Final = ("cryptography", "pydantic")
_WEB: Final = ("jinja2", "starlette", "uvicorn")
_SERVE: Final = ("httptools", "uvloop", "prometheus_client")


def require_audit() -> None:
    """Raises UsageError where the signed log's libraries are not installed."""
    missing = [name for name in _AUDIT if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the signed log needs {', '.join(missing)}", hint="install it: pip install 'lockgate[audit]'"
        )


def require_crypto() -> None:
    """Raises UsageError where the library that makes and verifies signatures is not installed."""
    if find_spec("cryptography") is None:
        raise UsageError("signatures need cryptography", hint="install it: pip install 'lockgate[crypto]'")


def require_facts() -> None:
    """Raises UsageError where the libraries that verify signed facts are not installed."""
    missing = [name for name in _FACTS if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"signed facts need {', '.join(missing)}", hint="install them: pip install 'lockgate[models]'"
        )


def require_cluster() -> None:
    """Raises UsageError where the library that talks to a cluster is not installed."""
    if find_spec("kubernetes") is None:
        raise UsageError("a cluster needs kubernetes", hint="install it: pip install 'lockgate[cluster]'")


def require_oscal() -> None:
    """Raises UsageError where the library that knows OSCAL's documents is not installed."""
    if find_spec("trestle") is None:
        raise UsageError("--oscal needs compliance-trestle", hint="install it: pip install 'lockgate[oscal]'")


def require_opa() -> None:
    """Raises UsageError where the library that talks to OPA servers is not installed."""
    if find_spec("opa_client") is None:
        raise UsageError(
            "--engine opa needs opa-python-client", hint="install it: pip install 'lockgate[opa]'"
        )


def require_rules() -> None:
    """Raises UsageError where the library that reads what rules are in profiles is not installed."""
    if find_spec("pydantic") is None:
        raise UsageError("profiles.yaml needs pydantic", hint="install it: pip install 'lockgate[rules]'")


def require_serve() -> None:
    """Raises UsageError where the libraries of the server are not installed."""
    missing = [name for name in _SERVE if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the server needs {', '.join(missing)}", hint="install them: pip install 'lockgate[serve]'"
        )


def require_web() -> None:
    """Raises UsageError where the libraries of the auditor's API are not installed."""
    missing = [name for name in _WEB if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the auditor's API and pages need {', '.join(missing)}",
            hint="install it: pip install 'lockgate[web]'",
        )
