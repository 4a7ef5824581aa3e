"""Certificate requests (RFC 2986), read as Go's `x509.ParseCertificateRequest` does, and its JSON of them.

Go reads requests with `encoding/asn1`, which lets other elements follow those it knows, and takes values of any type.
"""

from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.encodings import base64_text
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.x509 import der
from lockgate.engine.rego.builtins.x509.alternative_names import (
    AlternativeNames,
    read_alternative_names,
    shown_names,
)
from lockgate.engine.rego.builtins.x509.certificates import shown_extensions
from lockgate.engine.rego.builtins.x509.der import SEQUENCE, SET, Oid, Reader
from lockgate.engine.rego.builtins.x509.extensions import Extension, read_extension
from lockgate.engine.rego.builtins.x509.names import Attribute, shown_attribute, shown_name
from lockgate.engine.rego.builtins.x509.public_keys import (
    ALGORITHMS,
    certified_key,
    read_algorithm,
    read_key_info,
    shown_key,
)
from lockgate.engine.rego.builtins.x509.signature_algorithms import algorithm_number
from lockgate.engine.rego.builtins.x509.times import parse_time

_PROBLEM: Final = "asn1: structure error"
_EXTENSION_REQUEST: Final = (1, 2, 840, 113549, 1, 9, 14)
_ALTERNATIVE_NAMES: Final = (2, 5, 29, 17)


def shown_request(data: bytes) -> dict[str, Value]:
    """A request in DER as Go writes it in JSON."""
    reader = Reader(data)
    raw = reader.element(SEQUENCE, _PROBLEM)
    if not reader.empty:
        raise BuiltinError("asn1: syntax error: trailing data")
    outer = Reader(raw).inside(SEQUENCE, _PROBLEM)
    raw_signed = outer.element(SEQUENCE, _PROBLEM)
    algorithm = read_algorithm(outer.inside(SEQUENCE, _PROBLEM))
    signature = der.right_aligned(*outer.bits(_PROBLEM))
    inside = Reader(raw_signed).inside(SEQUENCE, _PROBLEM)
    version = inside.small_integer(_PROBLEM)
    raw_subject = inside.any_element(_PROBLEM)[1]
    key_info = read_key_info(inside)
    attributes = inside.contents(der.CONTEXT | der.CONSTRUCTED, _PROBLEM)
    key = certified_key(key_info)
    subject = _read_subject(raw_subject)
    extensions = _requested_extensions(attributes)
    names = AlternativeNames()
    for extension in extensions:
        if extension.id == _ALTERNATIVE_NAMES:
            names = read_alternative_names(extension.value)
    return {
        "Raw": base64_text(raw),
        "RawTBSCertificateRequest": base64_text(raw_signed),
        "RawSubjectPublicKeyInfo": base64_text(key_info.raw),
        "RawSubject": base64_text(raw_subject),
        "Version": version,
        "Signature": base64_text(signature),
        "SignatureAlgorithm": algorithm_number(algorithm),
        "PublicKeyAlgorithm": ALGORITHMS.get(key_info.algorithm.oid, 0),
        "PublicKey": shown_key(key),
        "Subject": shown_name(subject),
        "Attributes": _shown_attributes(attributes),
        "Extensions": shown_extensions(tuple(extensions) or None),
        "ExtraExtensions": None,
        **shown_names(names),
    }


def _read_subject(raw: bytes) -> list[Attribute]:
    found: list[Attribute] = []
    sequence = Reader(raw).inside(SEQUENCE, _PROBLEM)
    while not sequence.empty:
        relative = sequence.inside(SET, _PROBLEM)
        while not relative.empty:
            found.append(_attribute(relative))
    return found


def _attribute(reader: Reader) -> Attribute:
    inside = reader.inside(SEQUENCE, _PROBLEM)
    kind = inside.oid(_PROBLEM)
    tag, contents = inside.any(_PROBLEM)
    if tag in _STRINGS:
        text = der.string_text(contents, tag)
        if text is None:
            raise BuiltinError("asn1: syntax error: invalid string")
        return Attribute(kind, text, text)
    return Attribute(kind, _shown(contents, tag), None)


_STRINGS: Final = frozenset(
    [
        der.UTF8_STRING,
        der.NUMERIC_STRING,
        der.PRINTABLE_STRING,
        der.T61_STRING,
        der.IA5_STRING,
        der.BMP_STRING,
    ]
)


def _shown(contents: bytes, tag: int) -> Value:
    """A value of no string type as Go writes it in JSON; of types that Go does not take, null."""
    if tag == der.BOOLEAN:
        return der.boolean(contents, _PROBLEM)
    if tag == der.INTEGER:
        value = der.integer(contents, _PROBLEM)
        if not -(1 << 63) <= value < 1 << 63:
            raise BuiltinError("asn1: structure error: integer too large")
        return value
    if tag == der.BIT_STRING:
        data, count = der.bits(contents, _PROBLEM)
        return {"Bytes": base64_text(data), "BitLength": count}
    if tag == der.OCTET_STRING:
        return base64_text(contents)
    if tag == der.OBJECT_IDENTIFIER:
        return list(der.oid(contents, _PROBLEM))
    if tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        return parse_time(contents, tag, _PROBLEM).text
    return None


def _attributes(contents: bytes) -> list[tuple[Oid, list[bytes]]]:
    """The type and the values of each attribute; what is none is left out."""
    found: list[tuple[Oid, list[bytes]]] = []
    for raw in _elements(Reader(contents)):
        try:
            inside = Reader(raw).inside(SEQUENCE, _PROBLEM)
            found.append((inside.oid(_PROBLEM), _elements(inside.inside(SET, _PROBLEM))))
        except BuiltinError:
            continue
    return found


def _elements(reader: Reader) -> list[bytes]:
    found: list[bytes] = []
    while not reader.empty:
        found.append(reader.any_element(_PROBLEM)[1])
    return found


def _shown_attributes(contents: bytes) -> Value:
    """The attributes whose values are lists of attributes, as those that request extensions are."""
    found: list[Value] = []
    for kind, values in _attributes(contents):
        try:
            shown = [_shown_value(value) for value in values]
        except BuiltinError:
            continue
        found.append({"Type": list(kind), "Value": shown})
    return found or None


def _shown_value(value: bytes) -> Value:
    found: list[Value] = []
    inside = Reader(value).inside(SEQUENCE, _PROBLEM)
    while not inside.empty:
        found.append(shown_attribute(_attribute(inside)))
    return found


def _requested_extensions(contents: bytes) -> list[Extension]:
    found: dict[Oid, Extension] = {}
    for kind, values in _attributes(contents):
        if kind != _EXTENSION_REQUEST or not values:
            continue
        inside = Reader(values[0]).inside(SEQUENCE, _PROBLEM)
        while not inside.empty:
            extension = read_extension(inside.inside(SEQUENCE, _PROBLEM))
            if extension.id in found:
                raise BuiltinError("x509: certificate request contains duplicate requested extensions")
            found[extension.id] = extension
    return list(found.values())
