"""What a package asks of the function: `functionConfig`, a LockgateValidator or a ConfigMap with the same words as text.

    apiVersion: fn.lockgate.dev/v1alpha1
    kind: LockgateValidator
    metadata: {name: production}
    spec:
      profile: production        # baseline, production or regulated
      policies: [policies/]      # files and folders below the working folder
      policiesInItems: true      # the templates and constraints among the items
      failOn: [warn]             # beside what denies: warn, not-evaluated
      namespace: fraud           # of objects that name none

It may add to what the command line names, and takes nothing away.
"""

from typing import Final, get_args

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.config import is_namespace_name
from lockgate.webhook.report import FailOn

API_VERSION: Final = "fn.lockgate.dev/v1alpha1"
KIND: Final = "LockgateValidator"
PROFILES: Final = ("baseline", "production", "regulated")
_NAMES: Final = ("profile", "policies", "policiesInItems", "failOn", "namespace")
_MOST: Final = 100


@record
class FunctionConfig:
    """The wishes; profile "" where none is named. policies: paths below the working folder, as they are written."""

    profile: str = ""
    policies: tuple[str, ...] = ()
    in_items: bool = False
    fail_on: frozenset[FailOn] = frozenset({"deny"})
    namespace: str | None = None


def parse_function_config(value: dict[str, Value] | None) -> FunctionConfig:
    """Reads it; without one nothing is wished. Raises UsageError for every word that is not known."""
    if value is None:
        return FunctionConfig()
    version, kind = value.get("apiVersion"), value.get("kind")
    if (version, kind) == ("v1", "ConfigMap"):
        fields = _mapping(value.get("data"), "data")
    elif (version, kind) == (API_VERSION, KIND):
        fields = _mapping(value.get("spec"), "spec")
    else:
        raise UsageError(
            f"the functionConfig is a {str(kind)[:80]} of {str(version)[:80]}",
            hint=f"use a {KIND} of {API_VERSION}, or a ConfigMap",
        )
    unknown = sorted(set(fields) - set(_NAMES))
    if unknown:
        raise UsageError(
            f"the functionConfig has {unknown[0][:80]!r}, which is unknown",
            hint=f"known are {', '.join(_NAMES)}",
        )
    profile = _text(fields, "profile")
    if profile and profile not in PROFILES:
        raise UsageError(
            f"the functionConfig names the profile {profile[:80]!r}", hint=f"there are {', '.join(PROFILES)}"
        )
    namespace = _text(fields, "namespace") or None
    if namespace is not None and not is_namespace_name(namespace):
        raise UsageError(f"the functionConfig: {namespace[:80]!r} is no name of a namespace")
    return FunctionConfig(
        profile, _texts(fields, "policies"), _flag(fields, "policiesInItems"), _fail_on(fields), namespace
    )


def _mapping(value: Value, name: str) -> dict[str, Value]:
    if value is None:
        return {}
    if type(value) is not dict:
        raise UsageError(f"the functionConfig's {name} is no mapping")
    return value


def _text(fields: dict[str, Value], name: str) -> str:
    value = fields.get(name)
    if value is not None and type(value) is not str:
        raise UsageError(f"the functionConfig's {name} is no text")
    return (value or "").strip()


def _texts(fields: dict[str, Value], name: str) -> tuple[str, ...]:
    """A list, or words in one text with commas or white space between."""
    value = fields.get(name)
    if value is None:
        return ()
    if type(value) is str:
        value = [*value.replace(",", " ").split()]
    if type(value) is not list or len(value) > _MOST:
        raise UsageError(f"the functionConfig's {name} is no list of at most {_MOST} texts")
    made: list[str] = []
    for one in value:
        if type(one) is not str or not one:
            raise UsageError(f"the functionConfig's {name} is no list of texts")
        made.append(one)
    return tuple(made)


def _flag(fields: dict[str, Value], name: str) -> bool:
    value = fields.get(name, False)
    if type(value) is bool:
        return value
    if value not in ("true", "false"):
        raise UsageError(f"the functionConfig's {name} is neither true nor false")
    return value == "true"


def _fail_on(fields: dict[str, Value]) -> frozenset[FailOn]:
    made: set[FailOn] = {"deny"}
    for value in _texts(fields, "failOn"):
        chosen: FailOn | None = next((one for one in get_args(FailOn) if one == value), None)
        if chosen is None:
            raise UsageError(
                f"the functionConfig's failOn has {value[:80]!r}",
                hint=f"there are {', '.join(get_args(FailOn))}",
            )
        made.add(chosen)
    return frozenset(made)
