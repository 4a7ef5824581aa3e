"""The extensions of certificates (RFC 5280, section 4.2), with the fields that Go's `x509.Certificate` gives them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.x509.alternative_names import AlternativeNames, read_alternative_names
from lockgate.engine.rego.builtins.x509.der import (
    BOOLEAN,
    CONSTRUCTED,
    CONTEXT,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Oid,
    Reader,
    base128,
)
from lockgate.engine.rego.builtins.x509.name_constraints import NameConstraints, read_name_constraints

_AUTHORITY_INFO_ACCESS: Final = (1, 3, 6, 1, 5, 5, 7, 1, 1)
_OCSP: Final = (1, 3, 6, 1, 5, 5, 7, 48, 1)
_ISSUERS: Final = (1, 3, 6, 1, 5, 5, 7, 48, 2)
# Extended key usages by Go's numbers.
EXTENDED_USAGES: Final[Mapping[Oid, int]] = MappingProxyType(
    {
        (2, 5, 29, 37, 0): 0,
        (1, 3, 6, 1, 5, 5, 7, 3, 1): 1,
        (1, 3, 6, 1, 5, 5, 7, 3, 2): 2,
        (1, 3, 6, 1, 5, 5, 7, 3, 3): 3,
        (1, 3, 6, 1, 5, 5, 7, 3, 4): 4,
        (1, 3, 6, 1, 5, 5, 7, 3, 5): 5,
        (1, 3, 6, 1, 5, 5, 7, 3, 6): 6,
        (1, 3, 6, 1, 5, 5, 7, 3, 7): 7,
        (1, 3, 6, 1, 5, 5, 7, 3, 8): 8,
        (1, 3, 6, 1, 5, 5, 7, 3, 9): 9,
        (1, 3, 6, 1, 4, 1, 311, 10, 3, 3): 10,
        (2, 16, 840, 1, 113730, 4, 1): 11,
        (1, 3, 6, 1, 4, 1, 311, 2, 1, 22): 12,
        (1, 3, 6, 1, 4, 1, 311, 61, 1, 1): 13,
    }
)


@record
class Extension:
    """An extension as it stands in a certificate or request."""

    id: Oid
    critical: bool
    value: bytes


@record
class Details:
    """What the extensions of a certificate say. Policies are object identifiers as they are encoded."""

    key_usage: int = 0
    basic_constraints: bool = False
    is_ca: bool = False
    max_path_length: int = 0
    names: AlternativeNames = AlternativeNames()
    constraints: NameConstraints = NameConstraints()
    crl_points: tuple[bytes, ...] = ()
    authority_key: bytes | None = None
    subject_key: bytes | None = None
    require_explicit_policy: int | None = None
    inhibit_policy_mapping: int | None = None
    inhibit_any_policy: int | None = None
    extended_usages: tuple[int, ...] = ()
    unknown_usages: tuple[Oid, ...] = ()
    policies: tuple[bytes, ...] | None = None
    policy_mappings: tuple[tuple[bytes, bytes], ...] = ()
    ocsp_servers: tuple[bytes, ...] = ()
    issuer_urls: tuple[bytes, ...] = ()
    unhandled_critical: tuple[Oid, ...] = ()


def read_extension(reader: Reader) -> Extension:
    """The extension with these contents."""
    identifier = reader.oid("x509: malformed extension OID field")
    critical = reader.at(BOOLEAN) and reader.boolean("x509: malformed extension critical field")
    return Extension(
        identifier, critical, reader.contents(OCTET_STRING, "x509: malformed extension value field")
    )


def read_details(extensions: list[Extension]) -> Details:
    """What the extensions say; those that are not known count only if they are critical."""
    fields: dict[str, Any] = {}
    unhandled: list[Oid] = []
    for extension in extensions:
        read = _READERS.get(extension.id)
        handled = read is not None and read(extension, fields)
        if extension.critical and not handled:
            unhandled.append(extension.id)
    return Details(**fields, unhandled_critical=tuple(unhandled))


def _key_usage(extension: Extension, fields: dict[str, Any]) -> bool:
    data, count = Reader(extension.value).bits("x509: invalid key usage")
    usage = 0
    for bit in range(min(count, 9)):
        if data[bit // 8] >> (7 - bit % 8) & 1:
            usage |= 1 << bit
    fields["key_usage"] = usage
    return True


def _basic_constraints(extension: Extension, fields: dict[str, Any]) -> bool:
    problem = "x509: invalid basic constraints"
    inside = Reader(extension.value).inside(SEQUENCE, problem)
    fields["is_ca"] = inside.at(BOOLEAN) and inside.boolean(problem)
    fields["max_path_length"] = -1
    if inside.at(INTEGER):
        length = fields["max_path_length"] = inside.small_integer(problem)
        if length < 0:
            raise BuiltinError(problem)
    fields["basic_constraints"] = True
    return True


def _alternative_names(extension: Extension, fields: dict[str, Any]) -> bool:
    names = fields["names"] = read_alternative_names(extension.value)
    return names != AlternativeNames()


def _name_constraints(extension: Extension, fields: dict[str, Any]) -> bool:
    fields["constraints"], handled = read_name_constraints(extension.value, extension.critical)
    return handled


def _crl_points(extension: Extension, fields: dict[str, Any]) -> bool:
    problem = "x509: invalid CRL distribution point"
    points: list[bytes] = []
    inside = Reader(extension.value).inside(SEQUENCE, f"{problem}s")
    while not inside.empty:
        name = inside.inside(SEQUENCE, problem).optional(CONTEXT | CONSTRUCTED, problem)
        if name is None:
            continue
        full = Reader(name).inside(CONTEXT | CONSTRUCTED, problem)
        while full.at(CONTEXT | 6):
            points.append(full.contents(CONTEXT | 6, problem))
    fields["crl_points"] = tuple(points)
    return True


def _authority_key(extension: Extension, fields: dict[str, Any]) -> bool:
    if extension.critical:
        raise BuiltinError("x509: authority key identifier incorrectly marked critical")
    problem = "x509: invalid authority key identifier"
    fields["authority_key"] = Reader(extension.value).inside(SEQUENCE, problem).optional(CONTEXT, problem)
    return True


def _subject_key(extension: Extension, fields: dict[str, Any]) -> bool:
    if extension.critical:
        raise BuiltinError("x509: subject key identifier incorrectly marked critical")
    value = Reader(extension.value).contents(OCTET_STRING, "x509: invalid subject key identifier")
    fields["subject_key"] = value
    return True


def _policy_constraints(extension: Extension, fields: dict[str, Any]) -> bool:
    problem = "x509: invalid policy constraints extension"
    inside = Reader(extension.value).inside(SEQUENCE, problem)
    for number, field in enumerate(("require_explicit_policy", "inhibit_policy_mapping")):
        if inside.at(CONTEXT | number):
            fields[field] = inside.small_integer(problem, CONTEXT | number)
    return True


def _inhibit_any_policy(extension: Extension, fields: dict[str, Any]) -> bool:
    value = Reader(extension.value).small_integer("x509: invalid inhibit any policy extension")
    fields["inhibit_any_policy"] = value
    return True


def _extended_usages(extension: Extension, fields: dict[str, Any]) -> bool:
    problem = "x509: invalid extended key usages"
    known: list[int] = []
    unknown: list[Oid] = []
    inside = Reader(extension.value).inside(SEQUENCE, problem)
    while not inside.empty:
        usage = inside.oid(problem)
        number = EXTENDED_USAGES.get(usage)
        if number is None:
            unknown.append(usage)
        else:
            known.append(number)
    fields["extended_usages"], fields["unknown_usages"] = tuple(known), tuple(unknown)
    return True


def _policies(extension: Extension, fields: dict[str, Any]) -> bool:
    problem = "x509: invalid certificate policies"
    found: dict[bytes, None] = {}
    inside = Reader(extension.value).inside(SEQUENCE, problem)
    while not inside.empty:
        policy = inside.inside(SEQUENCE, problem).contents(OBJECT_IDENTIFIER, problem)
        base128(policy, problem)
        if policy in found:
            raise BuiltinError(problem)
        found[policy] = None
    fields["policies"] = tuple(found)
    return True


def _policy_mappings(extension: Extension, fields: dict[str, Any]) -> bool:
    problem = "x509: invalid policy mappings extension"
    found: list[tuple[bytes, bytes]] = []
    inside = Reader(extension.value).inside(SEQUENCE, problem)
    while not inside.empty:
        mapping = inside.inside(SEQUENCE, problem)
        issuers, subjects = (mapping.contents(OBJECT_IDENTIFIER, problem) for _ in range(2))
        found.append((issuers, subjects))
    fields["policy_mappings"] = tuple(found)
    return True


def _information_access(extension: Extension, fields: dict[str, Any]) -> bool:
    if extension.critical:
        raise BuiltinError("x509: authority info access incorrectly marked critical")
    problem = "x509: invalid authority info access"
    found: dict[Oid, list[bytes]] = {_OCSP: [], _ISSUERS: []}
    inside = Reader(extension.value).inside(SEQUENCE, problem)
    while not inside.empty:
        access = inside.inside(SEQUENCE, problem)
        method = access.oid(problem)
        location = access.optional(CONTEXT | 6, problem)
        if location is not None and method in found:
            found[method].append(location)
    fields["ocsp_servers"], fields["issuer_urls"] = tuple(found[_OCSP]), tuple(found[_ISSUERS])
    return True


# Each puts what it reads into the fields of `Details`, and tells whether it understood all.
_READERS: Final[Mapping[Oid, Callable[[Extension, dict[str, Any]], bool]]] = MappingProxyType(
    {
        (2, 5, 29, 14): _subject_key,
        (2, 5, 29, 15): _key_usage,
        (2, 5, 29, 17): _alternative_names,
        (2, 5, 29, 19): _basic_constraints,
        (2, 5, 29, 30): _name_constraints,
        (2, 5, 29, 31): _crl_points,
        (2, 5, 29, 32): _policies,
        (2, 5, 29, 33): _policy_mappings,
        (2, 5, 29, 35): _authority_key,
        (2, 5, 29, 36): _policy_constraints,
        (2, 5, 29, 37): _extended_usages,
        (2, 5, 29, 54): _inhibit_any_policy,
        _AUTHORITY_INFO_ACCESS: _information_access,
    }
)
