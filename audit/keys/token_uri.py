"""PKCS#11 URIs (RFC 7512), as far as they name a key: token, object, id, and where library and PIN are."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from lockgate.audit.errors import FormatError

SCHEME: Final = "pkcs11:"
_PATH: Final = frozenset(("token", "object", "id", "type"))
_QUERY: Final = frozenset(("module-path", "pin-source"))


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Where a key is. `object_label` or `object_id` names it; `pin_source` is a file's path, and never the PIN."""

    token: str
    object_label: str
    object_id: bytes
    module: str
    pin_source: str


def _attributes(text: str, separator: str, known: frozenset[str], what: str) -> dict[str, str]:
    made: dict[str, str] = {}
    for part in text.split(separator) if text else []:
        name, found, value = part.partition("=")
        if name == "pin-value":
            raise FormatError(
                "a PIN does not stand in a URI, which is shown and logged",
                hint="put it into a file: pin-source",
            )
        if not found or name not in known:
            raise FormatError(f"the {what} attribute {name!r} of a PKCS#11 URI is not known here")
        if name in made:
            raise FormatError(f"the {what} attribute {name!r} stands twice in a PKCS#11 URI")
        made[name] = value
    return made


def parse_token_uri(uri: str) -> TokenUri:
    """`pkcs11:token=T;object=O?module-path=/lib.so&pin-source=file:/pin`. Raises FormatError."""
    if not uri.startswith(SCHEME):
        raise FormatError("a PKCS#11 URI begins with pkcs11:")
    path_text, _, query_text = uri.removeprefix(SCHEME).partition("?")
    path = _attributes(path_text, ";", _PATH, "path")
    query = _attributes(query_text, "&", _QUERY, "query")
    if path.get("type", "private") != "private":
        raise FormatError("a PKCS#11 URI of a signer names a private key")
    if "token" not in path or not path.keys() & {"object", "id"}:
        raise FormatError("a PKCS#11 URI names its token, and its key by object or id")
    if "module-path" not in query:
        raise FormatError("a PKCS#11 URI names the token's library by module-path")
    pin = unquote(query.get("pin-source", ""))
    return TokenUri(
        unquote(path["token"]),
        unquote(path.get("object", "")),
        unquote_to_bytes(path.get("id", "")),
        unquote(query["module-path"]),
        pin.removeprefix("file:"),
    )
