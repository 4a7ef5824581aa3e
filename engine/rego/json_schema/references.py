"""References between schemas: URLs, the documents that they name, and JSON pointers into these.

Nothing is loaded, from a network or from files: a reference out of the schema is an error, but for the drafts' own.
"""

import re
from typing import Any, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.uris import uri_parse
from lockgate.engine.rego.json_schema.drafts import draft_schemas
from lockgate.engine.rego.json_schema.subschema import DRAFTS, SchemaError
from lockgate.engine.rego.meter import Meter

_PARTS: Final = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_PLAIN: Final = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/%\[\]]*")
_LITERAL: Final = ("const", "enum")
# Their members have names of their own, which are no keywords.
_NAMED: Final = ("properties", "dependencies", "patternProperties")


class Reference:
    """A URL with its parts as they are written."""

    def __init__(self, text: str) -> None:
        try:
            uri_parse(text)
        except BuiltinError as error:
            raise SchemaError(error.message) from error
        found = _PARTS.fullmatch(text)
        assert found is not None
        self.scheme, self.authority, self.path, self.query, self.fragment = found.groups()

    def __str__(self) -> str:
        return self.base + (f"#{self.fragment}" if self.fragment else "")

    @property
    def base(self) -> str:
        """The URL without its fragment."""
        scheme = "" if self.scheme is None else f"{self.scheme.lower()}:"
        authority = "" if self.authority is None else f"//{self.authority}"
        query = "" if self.query is None else f"?{self.query}"
        return scheme + authority + _escaped(self.path) + query

    def join(self, other: "Reference") -> "Reference":
        """What the other reference means inside of a document with this URL (RFC 3986, 5.2.2)."""
        made = Reference("")
        made.fragment = other.fragment
        if other.scheme is not None or other.authority is not None:
            made.scheme = self.scheme if other.scheme is None else other.scheme
            made.authority, made.path, made.query = other.authority, _undotted(other.path), other.query
            return made
        made.scheme, made.authority = self.scheme, self.authority
        if not other.path:
            made.path = self.path
            made.query = self.query if other.query is None else other.query
            return made
        path = other.path
        if not path.startswith("/"):
            path = f"{self.path.rpartition('/')[0]}/{path}"
        made.path, made.query = _undotted(path), other.query
        return made

    @property
    def is_absolute(self) -> bool:
        """Does it name a document wherever it stands?"""
        if self.scheme == "file":
            return self.path.startswith("/")
        return bool(self.scheme and self.authority)

    def pointer(self) -> list[str]:
        """The parts of the JSON pointer that the fragment is; none for another fragment."""
        text = uri_parse(f"#{self.fragment or ''}").get("fragment", "")
        assert isinstance(text, str)
        return text[1:].split("/") if text.startswith("/") else []


def _escaped(path: str) -> str:
    """A path with escapes for what may not stand in one."""
    if _PLAIN.fullmatch(path):
        return path
    data = path.encode("utf-8", "surrogatepass")
    return "".join([chr(byte) if _PLAIN.fullmatch(chr(byte)) else f"%{byte:02X}" for byte in data])


def _undotted(path: str) -> str:
    """A path without `.` and `..`."""
    if "." not in path:
        return path
    parts = path.split("/")
    made: list[str] = []
    for part in parts:
        if part == "..":
            if len(made) > 1 or (made and made[0]):
                made.pop()
        elif part != ".":
            made.append(part)
    if parts[-1] in (".", ".."):
        made.append("")
    return "/".join(made)


def draft_of(document: Value) -> int | None:
    """The draft that a schema says to follow, if it is known."""
    if type(document) is bool:
        return None
    if not isinstance(document, dict):
        raise SchemaError("schema is invalid")
    named = document.get("$schema")
    if "$schema" not in document:
        return None
    if not isinstance(named, str):
        raise SchemaError("$schema must be of type string")
    return DRAFTS.get(str(Reference(named)))


class Documents:
    """The root document and the schemas inside of it that have URLs, each with the draft that it says to follow."""

    def __init__(self, root: Value, meter: Meter) -> None:
        self._meter = meter
        self._known: dict[str, tuple[Any, int | None]] = {}
        self.root = self._add(root, Reference(""))

    def _add(self, document: Value, url: Reference) -> Value:
        """Remembers a document under its URL; gives it with absolute references."""
        draft = draft_of(document)
        made: Value = self._resolved(document, url, draft)
        self._known[str(url)] = made, draft
        return made

    def _resolved(self, document: Any, base: Reference, draft: int | None) -> Any:
        """A copy in which every reference is absolute; remembers what has a URL."""
        self._meter.spend(1)
        if type(document) is list:
            return [self._resolved(item, base, draft) for item in document]
        if type(document) is not dict:
            return document
        made: dict[str, Any] = {}
        base = self._base(document, base, made, draft)
        for name, item in document.items():
            if name == "$ref" and type(item) is str:
                made[name] = self._absolute(item, base)
            elif name in _LITERAL:
                made[name] = item
            elif name in _NAMED and type(item) is dict:
                made[name] = {inner: self._resolved(one, base, draft) for inner, one in item.items()}
            elif name in _NAMED:
                made[name] = item
            else:
                made[name] = self._resolved(item, base, draft)
        return made

    def _base(self, document: dict[str, Any], base: Reference, made: Any, draft: int | None) -> Reference:
        """The URL of a schema; what it is made into is remembered under it."""
        own = document.get("id" if "id" in document else "$id")
        if type(own) is not str:
            return base
        try:
            joined = base.join(Reference(own))
        except SchemaError:
            return base
        if str(joined) in self._known:
            raise SchemaError(f'Reference already exists: "{joined}"')
        self._known[str(joined)] = made, draft
        return joined

    def _absolute(self, text: str, base: Reference) -> str:
        try:
            return str(base.join(Reference(text)))
        except SchemaError:
            # Told when the schema with this reference is compiled.
            return text

    def find(self, reference: Reference) -> tuple[Value, int | None]:
        """The schema that a reference names, and the draft that its document says to follow."""
        text, base = str(reference), reference.base
        if text in self._known:
            return self._known[text]
        if base not in self._known and base in DRAFTS:
            self._add(draft_schemas()[base], Reference(base))
        if base in self._known:
            document, draft = self._known[base]
            found = self._known[text] = _at(document, reference.pointer()), draft
            return found
        if not reference.is_absolute:
            raise SchemaError(f"Reference {text} must be canonical")
        raise SchemaError(f"remote reference loading disabled: {text}")


def _at(document: Value, pointer: list[str]) -> Value:
    for part in pointer:
        if isinstance(document, dict):
            name = part.replace("~1", "/").replace("~0", "~")
            if name not in document:
                raise SchemaError(f"Object has no key '{name}'")
            document = document[name]
        elif isinstance(document, list):
            if not re.fullmatch("[+-]?[0-9]{1,18}", part):
                raise SchemaError(f"Invalid array index '{part}'")
            if not 0 <= int(part) < len(document):
                raise SchemaError(f"Out of bound array[0,{len(document)}] index '{int(part)}'")
            document = document[int(part)]
        else:
            raise SchemaError(f"Invalid token reference '{part}'")
    return document
