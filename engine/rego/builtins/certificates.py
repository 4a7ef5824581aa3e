"""`crypto.x509.*` and `crypto.parse_private_keys`: certificates, requests and keys in PEM, DER or base64 of those."""

from types import MappingProxyType
from typing import Final

from lockgate.engine.codegen.values import Number, Set, Value, object_items, ordered
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.encodings import base64_bytes, base64_text
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.jose.keys import shown_as_jwk
from lockgate.engine.rego.builtins.operands import bytes_of, int64, object_, string
from lockgate.engine.rego.builtins.x509 import pem
from lockgate.engine.rego.builtins.x509.certificates import (
    Certificate,
    read_certificate,
    read_certificates,
    shown_certificate,
)
from lockgate.engine.rego.builtins.x509.chains import SERVER_AUTHENTICATION, Wanted, verified_chain
from lockgate.engine.rego.builtins.x509.private_keys import (
    PrivateKey,
    is_pair,
    read_any,
    read_private_keys,
    shown_private_key,
)
from lockgate.engine.rego.builtins.x509.requests import shown_request

_DASHES: Final = b"-----BEGIN"
_REQUEST: Final = b"-----BEGIN CERTIFICATE REQUEST-----"

_USAGES: Final = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            [
                "KeyUsageAny",
                "KeyUsageServerAuth",
                "KeyUsageClientAuth",
                "KeyUsageCodeSigning",
                "KeyUsageEmailProtection",
                "KeyUsageIPSECEndSystem",
                "KeyUsageIPSECTunnel",
                "KeyUsageIPSECUser",
                "KeyUsageTimeStamping",
                "KeyUsageOCSPSigning",
                "KeyUsageMicrosoftServerGatedCrypto",
                "KeyUsageNetscapeServerGatedCrypto",
                "KeyUsageMicrosoftCommercialCodeSigning",
                "KeyUsageMicrosoftKernelCodeSigning",
            ]
        )
    }
)


def _read(context: Context, value: Value, position: int) -> bytes:
    """The bytes of a string operand, paid for."""
    data = pem.limited(bytes_of(string(value, position)))
    # Elements may have two bytes, and are read in Python.
    context.spend(1 + len(data))
    return data


def _certificates(data: bytes) -> list[Certificate]:
    if not data.startswith(_DASHES):
        data = base64_bytes(data)
    if not data.startswith(_DASHES):
        return read_certificates(data)
    encoded: list[bytes] = []
    for block in pem.blocks(data):
        if block.type != "CERTIFICATE":
            raise BuiltinError(f"PEM block type is '{block.type[:100]}', expected CERTIFICATE")
        encoded.append(block.data)
    return read_certificates(b"".join(encoded))


def _with_uris(certificate: Certificate) -> Value:
    """The certificate with its URIs as texts as well, which OPA adds."""
    uris: list[Value] = [str(url) for url in certificate.details.names.uris]
    return {**shown_certificate(certificate), "URIStrings": uris or None}


def crypto_x509_parse_certificates(context: Context, text: Value) -> list[Value]:
    """The certificates in a text."""
    return [_with_uris(certificate) for certificate in _certificates(_read(context, text, 1))]


def crypto_x509_parse_and_verify_certificates(context: Context, text: Value) -> list[Value]:
    """Whether the last certificate is one of a server that the first, the root, vouches for; and the chain."""
    data = _read(context, text, 1)
    try:
        certificates = _certificates(data)
    except BuiltinError:
        return [False, []]
    chain = _verified(context, certificates, Wanted(context.now_ns))
    return [bool(chain), [_with_uris(certificate) for certificate in chain]]


def crypto_x509_parse_and_verify_certificates_with_options(
    context: Context, text: Value, options: Value
) -> list[Value]:
    """The same, by the options DNSName, CurrentTime, KeyUsages and MaxConstraintComparisons."""
    data = _read(context, text, 1)
    given = object_(options, 2)
    try:
        certificates = _certificates(data)
    except BuiltinError:
        return [False, []]
    chain = _verified(context, certificates, _wanted(context, object_items(given)))
    return [bool(chain), [shown_certificate(certificate) for certificate in chain]]


def _verified(context: Context, certificates: list[Certificate], wanted: Wanted) -> tuple[Certificate, ...]:
    if len(certificates) < 2:
        return ()
    return verified_chain(certificates, wanted, context.spend) or ()


def _wanted(context: Context, options: list[tuple[Value, Value]]) -> Wanted:
    now_ns, host = context.now_ns, ""
    usages: list[int] = []
    for name, value in options:
        if type(name) is not str:
            continue
        if name == "DNSName":
            if type(value) is not str:
                raise BuiltinError("'DNSName' should be a string")
            host = value.strip('"')
        elif name in ("CurrentTime", "MaxConstraintComparisons"):
            if type(value) is not int and type(value) is not Number:
                raise BuiltinError(f"'{name}' should be a number")
            number = int64(value)
            if number is None:
                raise BuiltinError(f"'{name}' should be a valid int64 number")
            # How many constraints are compared does not matter any more: their number costs little.
            now_ns = number if name == "CurrentTime" else now_ns
        elif name == "KeyUsages":
            usages = _usages(value)
        else:
            raise BuiltinError("invalid key option")
    return Wanted(now_ns, host, tuple(usages) or (SERVER_AUTHENTICATION,))


def _usages(value: Value) -> list[int]:
    if type(value) is Set:
        items = ordered(value)
    elif type(value) is list:
        items = value
    else:
        raise BuiltinError("'KeyUsages' should be an Array or Set")
    names = [item.strip('"') for item in items if type(item) is str]
    invalid = [name for name in names if name not in _USAGES]
    if invalid:
        raise BuiltinError(f"invalid entries for 'KeyUsages' found: [{' '.join(invalid)[:200]}]")
    return [_USAGES[name] for name in names]


def crypto_x509_parse_certificate_request(context: Context, text: Value) -> dict[str, Value]:
    """The certificate request in a text."""
    data = _read(context, text, 1)
    if not data.startswith(_REQUEST):
        data = base64_bytes(data)
    found = pem.decode(data)
    if found is None:
        return shown_request(data)
    block, _ = found
    if block.type != "CERTIFICATE REQUEST":
        raise BuiltinError("invalid PEM-encoded certificate signing request")
    return shown_request(block.data)


def crypto_x509_parse_keypair(context: Context, certificate: Value, key: Value) -> dict[str, Value]:
    """A certificate with those that follow it, and the private key that belongs to it."""
    chain = _pem_or_der(_read(context, certificate, 1), pem.BEGIN)
    encoded = [data for kind, data in chain if kind in ("CERTIFICATE", "")]
    if not encoded:
        raise BuiltinError("tls: failed to find any PEM data in certificate input")
    # OPA counts the second operand as the first here.
    keys = _pem_or_der(_read(context, key, 1), _DASHES)
    found = [data for kind, data in keys if kind in ("PRIVATE KEY", "") or kind.endswith(" PRIVATE KEY")]
    if not found:
        raise BuiltinError("tls: failed to find any PEM data in key input")
    leaf = read_certificate(encoded[0])
    private = read_any(found[0])
    if not is_pair(private, leaf.key):
        raise BuiltinError("tls: private key does not match public key")
    return {
        "Certificate": [base64_text(data) for data in encoded],
        "PrivateKey": shown_private_key(private),
        "SupportedSignatureAlgorithms": None,
        "OCSPStaple": None,
        "SignedCertificateTimestamps": None,
        "Leaf": shown_certificate(leaf),
    }


def _pem_or_der(data: bytes, beginning: bytes) -> list[tuple[str, bytes]]:
    """The type and the bytes of each PEM block; of DER, which has no type, all bytes."""
    if not data.startswith(pem.BEGIN):
        data = base64_bytes(data)
    if not data.startswith(beginning):
        return [("", data)]
    return [(block.type, block.data) for block in pem.blocks(data)]


def _private_keys(data: bytes) -> list[PrivateKey]:
    try:
        data = base64_bytes(data)
    except BuiltinError:
        pass  # Then it has to be PEM.
    return read_private_keys(pem.blocks(data))


def crypto_parse_private_keys(context: Context, text: Value) -> Value:
    """The private keys in a text; null for an empty one."""
    data = _read(context, text, 1)
    return [shown_private_key(key) for key in _private_keys(data)] if data else None


def crypto_x509_parse_rsa_private_key(context: Context, text: Value) -> Value:
    """The first private key in a text, of any kind, as a JSON Web Key; null when there is none."""
    data = _read(context, text, 1)
    if not data:
        raise BuiltinError("input PEM data was empty")
    if not data.startswith(_DASHES):
        data = base64_bytes(data)
    keys = _private_keys(data)
    return shown_as_jwk(keys[0]) if keys else None
