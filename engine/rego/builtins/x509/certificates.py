"""Certificates (RFC 5280), read as Go's `x509.ParseCertificate` does, and its JSON of them."""

from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.encodings import base64_text
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.operands import text_of
from lockgate.engine.rego.builtins.x509.alternative_names import shown_names
from lockgate.engine.rego.builtins.x509.der import (
    CONSTRUCTED,
    CONTEXT,
    SEQUENCE,
    Oid,
    Reader,
    base128,
    right_aligned,
    split_first,
)
from lockgate.engine.rego.builtins.x509.extensions import Details, Extension, read_details, read_extension
from lockgate.engine.rego.builtins.x509.name_constraints import shown_constraints
from lockgate.engine.rego.builtins.x509.names import Attribute, read_name, shown_name
from lockgate.engine.rego.builtins.x509.public_keys import (
    ALGORITHMS,
    KeyInfo,
    PublicKey,
    certified_key,
    read_algorithm,
    read_key_info,
    shown_key,
)
from lockgate.engine.rego.builtins.x509.signature_algorithms import algorithm_number
from lockgate.engine.rego.builtins.x509.times import Time, read_time

# As many as a text of keys or certificates may have blocks.
MAX_CERTIFICATES: Final = 1_000
_ALTERNATIVE_NAMES: Final = (2, 5, 29, 17)
_NAME_CONSTRAINTS: Final = (2, 5, 29, 30)
_MAX_ARC: Final = (1 << 31) - 1


@record
class Certificate:
    """A certificate. What is `raw` is as it was encoded."""

    raw: bytes
    raw_signed: bytes
    raw_issuer: bytes
    raw_subject: bytes
    version: int
    serial: int
    issuer: tuple[Attribute, ...]
    subject: tuple[Attribute, ...]
    not_before: Time
    not_after: Time
    key_info: KeyInfo
    key: PublicKey | None
    algorithm: int
    signature: bytes
    extensions: tuple[Extension, ...] | None
    details: Details

    def extension(self, identifier: Oid) -> bytes | None:
        """The value of an extension that it has."""
        return next((one.value for one in self.extensions or () if one.id == identifier), None)

    @property
    def alternative_names(self) -> bytes | None:
        """The extension with the alternative names, as it was encoded."""
        return self.extension(_ALTERNATIVE_NAMES)

    @property
    def has_constraints(self) -> bool:
        """Does it constrain names?"""
        return self.extension(_NAME_CONSTRAINTS) is not None


def read_certificates(data: bytes) -> list[Certificate]:
    """The certificates that are one behind the other in DER."""
    reader = Reader(data)
    found: list[Certificate] = []
    while not reader.empty:
        if len(found) == MAX_CERTIFICATES:
            raise BuiltinLimitError(f"more than {MAX_CERTIFICATES} certificates")
        found.append(_certificate(reader))
    return found


def read_certificate(data: bytes) -> Certificate:
    """The only certificate in some DER."""
    reader = Reader(data)
    found = _certificate(reader)
    if not reader.empty:
        raise BuiltinError("x509: trailing data")
    return found


def _certificate(reader: Reader) -> Certificate:
    problem = "x509: malformed certificate"
    raw = reader.element(SEQUENCE, problem)
    outer = Reader(raw).inside(SEQUENCE, problem)
    raw_signed = outer.element(SEQUENCE, "x509: malformed tbs certificate")
    inside = Reader(raw_signed).inside(SEQUENCE, "x509: malformed tbs certificate")
    version = _version(inside)
    serial = inside.integer("x509: malformed serial number")
    if serial < 0:
        raise BuiltinError("x509: negative serial number")
    algorithm = inside.contents(SEQUENCE, "x509: malformed signature algorithm identifier")
    if algorithm != outer.contents(SEQUENCE, "x509: malformed algorithm identifier"):
        raise BuiltinError("x509: inner and outer signature algorithm identifiers don't match")
    number = algorithm_number(read_algorithm(Reader(algorithm)))
    raw_issuer = inside.element(SEQUENCE, "x509: malformed issuer")
    issuer = tuple(read_name(raw_issuer))
    validity = inside.inside(SEQUENCE, "x509: malformed validity")
    not_before, not_after = read_time(validity), read_time(validity)
    raw_subject = inside.element(SEQUENCE, "x509: malformed issuer")
    subject = tuple(read_name(raw_subject))
    key_info = read_key_info(inside)
    key = certified_key(key_info)
    extensions = _extensions(inside, version)
    details = read_details(extensions or [])
    signature = right_aligned(*outer.bits("x509: malformed signature"))
    return Certificate(
        raw,
        raw_signed,
        raw_issuer,
        raw_subject,
        version,
        serial,
        issuer,
        subject,
        not_before,
        not_after,
        key_info,
        key,
        number,
        signature,
        tuple(extensions) if extensions else None,
        details,
    )


def _version(reader: Reader) -> int:
    """The version counted from one."""
    contents = reader.optional(CONTEXT | CONSTRUCTED, "x509: malformed version")
    if contents is None:
        return 1
    inside = Reader(contents)
    version = inside.small_integer("x509: malformed version") + 1
    if not inside.empty or version < 1:
        raise BuiltinError("x509: malformed version")
    if version > 3:
        raise BuiltinError("x509: invalid version")
    return version


def _extensions(reader: Reader, version: int) -> list[Extension] | None:
    """The extensions; unique identifiers before them are skipped. Only version 3 has any."""
    if version == 1:
        return None
    reader.optional(CONTEXT | 1, "x509: malformed issuerUniqueID")
    reader.optional(CONTEXT | 2, "x509: malformed subjectUniqueID")
    problem = "x509: malformed extensions"
    contents = reader.optional(CONTEXT | CONSTRUCTED | 3, problem) if version == 3 else None
    if contents is None:
        return None
    inside = Reader(contents).inside(SEQUENCE, problem)
    found: dict[Oid, Extension] = {}
    while not inside.empty:
        extension = read_extension(inside.inside(SEQUENCE, "x509: malformed extension"))
        if extension.id in found:
            shown = ".".join(map(str, extension.id))
            raise BuiltinError(f'x509: certificate contains duplicate extension with OID "{shown}"')
        found[extension.id] = extension
    return list(found.values())


def shown_bytes(data: bytes | None) -> Value:
    """Bytes as Go writes them in JSON."""
    return None if data is None else base64_text(data)


def shown_extensions(extensions: tuple[Extension, ...] | None) -> Value:
    """Extensions as Go writes them in JSON."""
    if extensions is None:
        return None
    return [
        {"Id": list(one.id), "Critical": one.critical, "Value": base64_text(one.value)} for one in extensions
    ]


def shown_certificate(certificate: Certificate) -> dict[str, Value]:
    """The certificate as Go writes it in JSON."""
    details = certificate.details
    return {
        "Raw": base64_text(certificate.raw),
        "RawTBSCertificate": base64_text(certificate.raw_signed),
        "RawSubjectPublicKeyInfo": base64_text(certificate.key_info.raw),
        "RawSubject": base64_text(certificate.raw_subject),
        "RawIssuer": base64_text(certificate.raw_issuer),
        "Signature": base64_text(certificate.signature),
        "SignatureAlgorithm": certificate.algorithm,
        "PublicKeyAlgorithm": ALGORITHMS.get(certificate.key_info.algorithm.oid, 0),
        "PublicKey": shown_key(certificate.key),
        "Version": certificate.version,
        "SerialNumber": certificate.serial,
        "Issuer": shown_name(certificate.issuer),
        "Subject": shown_name(certificate.subject),
        "NotBefore": certificate.not_before.text,
        "NotAfter": certificate.not_after.text,
        "KeyUsage": details.key_usage,
        "Extensions": shown_extensions(certificate.extensions),
        "ExtraExtensions": None,
        "UnhandledCriticalExtensions": [list(oid) for oid in details.unhandled_critical] or None,
        "ExtKeyUsage": list(details.extended_usages) or None,
        "UnknownExtKeyUsage": [list(oid) for oid in details.unknown_usages] or None,
        "BasicConstraintsValid": details.basic_constraints,
        "IsCA": details.is_ca,
        "MaxPathLen": details.max_path_length,
        "MaxPathLenZero": details.basic_constraints and details.max_path_length == 0,
        "SubjectKeyId": shown_bytes(details.subject_key),
        "AuthorityKeyId": shown_bytes(details.authority_key),
        "OCSPServer": [text_of(url) for url in details.ocsp_servers] or None,
        "IssuingCertificateURL": [text_of(url) for url in details.issuer_urls] or None,
        **shown_names(details.names),
        **shown_constraints(details.constraints),
        "CRLDistributionPoints": [text_of(url) for url in details.crl_points] or None,
        **_shown_policies(details),
    }


def _shown_policies(details: Details) -> dict[str, Value]:
    policies = details.policies
    mappings: list[Value] = [
        {"IssuerDomainPolicy": _dotted(issuer), "SubjectDomainPolicy": _dotted(subject)}
        for issuer, subject in details.policy_mappings
    ]
    shown: dict[str, Value] = {
        "Policies": [_dotted(policy) for policy in policies or ()] or None,
        "PolicyIdentifiers": None if policies is None else _small_identifiers(policies),
        "PolicyMappings": mappings or None,
    }
    for name, value in (
        ("InhibitAnyPolicy", details.inhibit_any_policy),
        ("InhibitPolicyMapping", details.inhibit_policy_mapping),
        ("RequireExplicitPolicy", details.require_explicit_policy),
    ):
        shown[name] = value or 0
        shown[f"{name}Zero"] = value == 0
    return shown


def _dotted(policy: bytes) -> str:
    return ".".join(map(str, split_first(base128(policy, "x509: invalid certificate policies"))))


def _small_identifiers(policies: tuple[bytes, ...]) -> Value:
    """The policies whose numbers fit into Go's older type."""
    numbers = [base128(policy, "x509: invalid certificate policies") for policy in policies]
    return [list(split_first(found)) for found in numbers if max(found) <= _MAX_ARC]
