"""Reading OPA's capabilities files: what `opa capabilities` prints, and people take builtins out of.

Format: https://www.openpolicyagent.org/docs/deployments#capabilities. Wasm versions and the types of builtins in it do
not matter here. A builtin that is not known is one that no policy can call.
"""

from lockgate.engine.codegen.values import Value, parse_json
from lockgate.engine.errors import InputError, Location, PolicyError
from lockgate.engine.rego.capabilities import FUTURE_KEYWORDS, KEYWORDS_OF_V1, Capabilities


def parse_capabilities(text: str | bytes, file: str) -> Capabilities:
    """The capabilities of a file's text. As in OPA, what the file does not name is not there, but hosts are all.

    `external_data` among the builtins is Gatekeeper's. Raises PolicyError, naming the file.
    """
    try:
        value = parse_json(text)
    except InputError as error:
        raise _error(file, error.message) from error
    if not isinstance(value, dict):
        raise _error(file, "capabilities must be an object")
    names = [_name(file, builtin) for builtin in _list(file, value, "builtins")]
    keywords = _texts(file, value, "future_keywords")
    unknown = sorted(keywords - FUTURE_KEYWORDS - KEYWORDS_OF_V1)
    if unknown:
        raise _error(file, f"illegal capabilities: unknown keyword: {unknown[0]}")
    # A missing or null list permits any host, an empty one none: as OPA reads it.
    hosts = None if value.get("allow_net") is None else _texts(file, value, "allow_net")
    return Capabilities(
        builtins=frozenset(names) - {"external_data"},
        external_data="external_data" in names,
        allow_net=hosts,
        future_keywords=keywords,
        features=_texts(file, value, "features"),
    )


def _error(file: str, message: str) -> PolicyError:
    return PolicyError(message, location=Location(file, 1, 1), hint="`opa capabilities` prints such a file")


def _list(file: str, value: dict[str, Value], name: str) -> list[Value]:
    found = value.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise _error(file, f"{name} must be an array")
    return found


def _texts(file: str, value: dict[str, Value], name: str) -> frozenset[str]:
    found = _list(file, value, name)
    texts = [item for item in found if isinstance(item, str)]
    if len(texts) != len(found):
        raise _error(file, f"{name} must be an array of strings")
    return frozenset(texts)


def _name(file: str, builtin: Value) -> str:
    name = builtin.get("name") if isinstance(builtin, dict) else None
    if not isinstance(name, str):
        raise _error(file, "each of builtins must be an object with a name")
    return name
