"""Distinguished names (RFC 5280, section 4.1.2.4), with the fields that Go's `pkix.Name` gives them."""

from collections.abc import Iterable
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.x509.der import SEQUENCE, SET, Oid, Reader, string_text


@record
class Attribute:
    """An attribute: its type, its value in JSON, and its text if it has one."""

    type: Oid
    shown: Value
    text: str | None


_LISTS: Final[dict[Oid, str]] = {
    (2, 5, 4, 6): "Country",
    (2, 5, 4, 7): "Locality",
    (2, 5, 4, 8): "Province",
    (2, 5, 4, 9): "StreetAddress",
    (2, 5, 4, 10): "Organization",
    (2, 5, 4, 11): "OrganizationalUnit",
    (2, 5, 4, 17): "PostalCode",
}
_SINGLES: Final[dict[Oid, str]] = {(2, 5, 4, 3): "CommonName", (2, 5, 4, 5): "SerialNumber"}


def read_name(raw: bytes) -> list[Attribute]:
    """The attributes of an encoded name, in order."""
    problem = "x509: invalid RDNSequence"
    found: list[Attribute] = []
    sequence = Reader(raw).inside(SEQUENCE, problem)
    while not sequence.empty:
        relative = sequence.inside(SET, problem)
        while not relative.empty:
            attribute = relative.inside(SEQUENCE, f"{problem}: invalid attribute")
            kind = attribute.oid(f"{problem}: invalid attribute type")
            tag, contents = attribute.any(f"{problem}: invalid attribute value")
            text = string_text(contents, tag)
            if text is None:
                raise BuiltinError(f"{problem}: invalid attribute value")
            found.append(Attribute(kind, text, text))
    return found


def shown_name(attributes: Iterable[Attribute]) -> Value:
    """The name as Go writes it in JSON."""
    lists: dict[str, list[Value]] = {}
    fields: dict[str, Value] = dict.fromkeys(_SINGLES.values(), "")
    names: list[Value] = []
    for attribute in attributes:
        names.append(shown_attribute(attribute))
        if attribute.text is None:
            continue
        if attribute.type in _LISTS:
            lists.setdefault(_LISTS[attribute.type], []).append(attribute.text)
        elif attribute.type in _SINGLES:
            fields[_SINGLES[attribute.type]] = attribute.text
    for field in _LISTS.values():
        fields[field] = list(lists[field]) if field in lists else None
    return {**fields, "Names": names or None, "ExtraNames": None}


def shown_attribute(attribute: Attribute) -> Value:
    """An attribute as Go writes it in JSON."""
    return {"Type": list(attribute.type), "Value": attribute.shown}
