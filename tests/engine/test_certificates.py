"""Certificates, requests and private keys: what a policy sees of them, and what proves nothing."""

import ipaddress
import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import render_json
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError

from tests.engine.builtin_cases import Budget, call
from tests.engine.crypto_material import (
    SigningKey,
    alternative,
    authority,
    b64,
    certificate,
    der,
    digest_for,
    everything,
    name,
    pem,
    private_pem,
)

ROOT_KEY, MIDDLE_KEY, LEAF_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
ROOT = certificate(name("root"), ROOT_KEY, name("root"), ROOT_KEY, authority())
MIDDLE = certificate(name("middle"), MIDDLE_KEY, name("root"), ROOT_KEY, authority())
HOSTS = alternative(
    x509.DNSName("www.example.com"),
    x509.DNSName("*.wild.example.com"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
    x509.RFC822Name("me@example.com"),
    x509.UniformResourceIdentifier("https://uri.example.com/x"),
)
LEAF = certificate(name("leaf"), LEAF_KEY, name("middle"), MIDDLE_KEY, [HOSTS])


def verified(*chain: x509.Certificate, **options: Any) -> bool:
    found = call("crypto.x509.parse_and_verify_certificates_with_options", pem(*chain), options)
    assert found[0] is bool(found[1])
    return bool(found[0])


def below(*extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    """An intermediate authority with further extensions."""
    return certificate(name("middle"), MIDDLE_KEY, name("root"), ROOT_KEY, [*authority(), *extensions])


def test_fields_of_a_certificate() -> None:
    one = certificate(name("a"), LEAF_KEY, name("b"), LEAF_KEY, everything(), serial=2**70)
    (found,) = call("crypto.x509.parse_certificates", pem(one))
    assert found["SerialNumber"] == 2**70
    assert found["Subject"]["CommonName"] == "a"
    assert found["Subject"]["Names"] == [{"Type": [2, 5, 4, 3], "Value": "a"}]
    assert found["Subject"]["Country"] is None
    assert (found["NotBefore"], found["NotAfter"]) == ("2020-01-01T00:00:00Z", "2051-02-03T04:05:06Z")
    assert found["Raw"] == b64(der(one))
    assert (found["IsCA"], found["MaxPathLen"], found["MaxPathLenZero"]) == (True, 3, False)
    assert found["KeyUsage"] == 1 | 2 | 8 | 16 | 32 | 128
    assert (found["ExtKeyUsage"], found["UnknownExtKeyUsage"]) == ([1], [[1, 2, 3, 4]])
    assert found["IPAddresses"] == ["192.0.2.1", "2001:db8::1", "192.0.2.1"]
    assert found["URIStrings"][0] == "spiffe://example.com/a%2Fb?q#f%20g"
    assert found["URIs"][0]["RawPath"] == "/a%2Fb"
    assert found["URIs"][1]["User"] == {}
    assert found["PermittedIPRanges"] == [{"IP": "10.0.0.0", "Mask": "/wAAAA=="}]
    assert found["ExcludedEmailAddresses"] == ["bad@example.com"]
    assert found["Policies"] == ["1.3.6.1.4.1.99999.1"]
    assert (found["RequireExplicitPolicy"], found["RequireExplicitPolicyZero"]) == (0, True)
    assert found["OCSPServer"] == ["http://ocsp.example.com"]
    assert found["UnhandledCriticalExtensions"] == [[1, 2, 3, 4, 5]]
    assert (found["SignatureAlgorithm"], found["PublicKeyAlgorithm"]) == (10, 3)
    point = LEAF_KEY.public_key().public_numbers()
    assert found["PublicKey"] == {"Curve": {}, "X": point.x, "Y": point.y}


@pytest.mark.parametrize(
    "text",
    [
        pem(ROOT, MIDDLE),
        b64(pem(ROOT, MIDDLE).encode()),
        b64(der(ROOT) + der(MIDDLE)),
        pem(ROOT).rstrip() + "\r\nbetween\n" + pem(MIDDLE).replace("\n", "\r\n"),
    ],
)
def test_forms_of_a_text(text: str) -> None:
    found = call("crypto.x509.parse_certificates", text)
    assert [one["Subject"]["CommonName"] for one in found] == ["root", "middle"]


@pytest.mark.parametrize(
    "text", ["nothing", b64(b"nothing"), pem(ROOT).replace("CERTIFICATE", "OTHER"), b64(der(ROOT)[:-4])]
)
def test_what_is_no_certificate(text: str) -> None:
    with pytest.raises(BuiltinError):
        call("crypto.x509.parse_certificates", text)
    assert call("crypto.x509.parse_and_verify_certificates", text) == [False, []]


def test_a_chain_is_told_from_the_leaf_on() -> None:
    valid, chain = call("crypto.x509.parse_and_verify_certificates", pem(ROOT, MIDDLE, LEAF))
    assert valid is True
    assert [one["Subject"]["CommonName"] for one in chain] == ["leaf", "middle", "root"]
    assert "URIStrings" in chain[0]


def test_broken_chains() -> None:
    assert verified(ROOT, MIDDLE, LEAF)
    assert verified(ROOT, ROOT)
    assert not verified(ROOT, LEAF)
    assert not verified(LEAF, MIDDLE, ROOT)
    assert not verified(ROOT)
    forged = certificate(name("root"), LEAF_KEY, name("root"), LEAF_KEY, authority())
    assert not verified(forged, MIDDLE, LEAF)
    assert not verified(ROOT, certificate(name("middle"), MIDDLE_KEY, name("root"), ROOT_KEY), LEAF)
    short = certificate(name("root"), ROOT_KEY, name("root"), ROOT_KEY, authority(0))
    assert not verified(short, MIDDLE, LEAF)
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"")
    assert not verified(ROOT, below((unknown, True)), LEAF)
    assert verified(ROOT, below((unknown, False)), LEAF)


def test_the_time_is_the_evaluations() -> None:
    assert not verified(ROOT, MIDDLE, LEAF, CurrentTime=1_577_836_799_999_999_999)
    assert verified(ROOT, MIDDLE, LEAF, CurrentTime=1_577_836_800_000_000_000)
    expired = certificate(
        name("leaf"), LEAF_KEY, name("middle"), MIDDLE_KEY, until=datetime(2025, 1, 1, tzinfo=UTC)
    )
    text = pem(ROOT, MIDDLE, expired)
    for now, valid in ((1_735_689_600_000_000_000, True), (1_735_689_600_000_000_001, False)):
        found = call("crypto.x509.parse_and_verify_certificates", text, context=Budget(now_ns=now))
        assert found[0] is valid


@pytest.mark.parametrize(
    ("host", "valid"),
    [
        ("www.example.com", True),
        ("WWW.Example.com.", True),
        ("a.wild.example.com", True),
        ("a.b.wild.example.com", False),
        ("wild.example.com", False),
        ("192.0.2.1", True),
        ("[::ffff:192.0.2.1]", True),
        ("192.0.2.2", False),
        ("", True),
        (".", False),
    ],
)
def test_hosts(host: str, valid: bool) -> None:
    assert verified(ROOT, MIDDLE, LEAF, DNSName=host) is valid


def test_extended_usages() -> None:
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    client = certificate(name("leaf"), LEAF_KEY, name("middle"), MIDDLE_KEY, [(usages, False)])
    assert not verified(ROOT, MIDDLE, client)
    assert verified(ROOT, MIDDLE, client, KeyUsages=["KeyUsageClientAuth"])
    assert verified(ROOT, MIDDLE, client, KeyUsages=["KeyUsageServerAuth", "KeyUsageClientAuth"])
    assert verified(ROOT, MIDDLE, client, KeyUsages=["KeyUsageAny"])


@pytest.mark.parametrize(
    ("permitted", "excluded", "valid"),
    [
        ([x509.DNSName("example.com")], None, True),
        ([x509.DNSName("www.example.com")], None, False),
        ([x509.DNSName("other.com")], None, False),
        (None, [x509.DNSName("a.wild.example.com")], False),
        (None, [x509.DNSName("a.other.example.com")], True),
        ([x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))], None, True),
        ([x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], None, False),
        (None, [x509.RFC822Name("me@EXAMPLE.com")], False),
        (None, [x509.RFC822Name("you@example.com")], True),
        ([x509.UniformResourceIdentifier(".example.com")], None, True),
        (None, [x509.UniformResourceIdentifier("uri.example.com")], False),
    ],
)
def test_name_constraints(permitted: Any, excluded: Any, valid: bool) -> None:
    limits = x509.NameConstraints(permitted, excluded)
    assert verified(ROOT, below((limits, True)), LEAF) is valid


def test_policies() -> None:
    first, second = (x509.PolicyInformation(x509.ObjectIdentifier(f"1.2.3.{at}"), None) for at in range(2))
    wildcard = x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)
    explicit = (x509.PolicyConstraints(0, None), True)

    def chain(above: x509.PolicyInformation, under: x509.PolicyInformation) -> bool:
        leaf = certificate(
            name("leaf"), LEAF_KEY, name("middle"), MIDDLE_KEY, [(x509.CertificatePolicies([under]), False)]
        )
        return verified(ROOT, below((x509.CertificatePolicies([above]), False), explicit), leaf)

    assert chain(first, first)
    assert chain(wildcard, second)
    assert not chain(first, second)
    assert not verified(ROOT, below(explicit), LEAF)


def test_many_ways_through_hostile_intermediates_are_cut_short() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(6)]
    loops = [
        certificate(name("same"), key, name("same"), other, authority(), serial=at)
        for at, (key, other) in enumerate(itertools.permutations(keys, 2), 1)
    ]
    leaf = certificate(name("leaf"), LEAF_KEY, name("same"), keys[0])
    budget = Budget()
    found = call("crypto.x509.parse_and_verify_certificates", pem(ROOT, *loops, leaf), context=budget)
    assert found == [False, []]
    assert budget.left > 70_000
    with pytest.raises(EvaluationError):
        call("crypto.x509.parse_and_verify_certificates", pem(ROOT, *loops, leaf), context=Budget(left=1_000))


@pytest.mark.parametrize(
    "options", [{"Other": 1}, {"DNSName": 1}, {"CurrentTime": "1"}, {"KeyUsages": ["x"]}]
)
def test_wrong_options(options: dict[str, Any]) -> None:
    with pytest.raises(BuiltinError):
        verified(ROOT, MIDDLE, LEAF, **options)


def test_requests() -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name("asked")).add_extension(*HOSTS)
    made = builder.sign(LEAF_KEY, digest_for(LEAF_KEY))
    text = made.public_bytes(serialization.Encoding.PEM).decode()
    found = call("crypto.x509.parse_certificate_request", text)
    assert found["Subject"]["CommonName"] == "asked"
    assert found["DNSNames"] == ["www.example.com", "*.wild.example.com"]
    assert found["Attributes"][0]["Type"] == [1, 2, 840, 113549, 1, 9, 14]
    encoded = b64(made.public_bytes(serialization.Encoding.DER))
    assert call("crypto.x509.parse_certificate_request", encoded) == found
    with pytest.raises(BuiltinError, match="invalid PEM"):
        call("crypto.x509.parse_certificate_request", b64(pem(ROOT).encode()))


def test_private_keys() -> None:
    keys: list[SigningKey] = [rsa.generate_private_key(65537, 1024), LEAF_KEY]
    keys.append(ed25519.Ed25519PrivateKey.generate())
    text = "".join([private_pem(key) for key in [*keys, x25519.X25519PrivateKey.generate()]])
    first, second, third, fourth = call("crypto.parse_private_keys", text)
    assert first["N"] == first["Primes"][0] * first["Primes"][1]
    assert first["Precomputed"]["CRTValues"] == []
    assert second["D"] == LEAF_KEY.private_numbers().private_value
    assert isinstance(third, str)
    assert fourth == {}
    assert call("crypto.parse_private_keys", "") is None
    assert call("crypto.parse_private_keys", pem(ROOT)) == []
    kinds = [call("crypto.x509.parse_rsa_private_key", private_pem(key))["kty"] for key in keys]
    assert kinds == ["RSA", "EC", "OKP"]


def test_key_pairs() -> None:
    found = call("crypto.x509.parse_keypair", pem(LEAF, MIDDLE), private_pem(LEAF_KEY, "SEC1"))
    assert found["Certificate"] == [b64(der(LEAF)), b64(der(MIDDLE))]
    assert found["Leaf"]["Subject"]["CommonName"] == "leaf"
    with pytest.raises(BuiltinError, match="does not match"):
        call("crypto.x509.parse_keypair", pem(LEAF), private_pem(ROOT_KEY))


def test_limits() -> None:
    with pytest.raises(BuiltinLimitError):
        call("crypto.x509.parse_certificates", "-----BEGIN " + "x" * 1_000_000)
    with pytest.raises(BuiltinLimitError):
        call(
            "crypto.x509.parse_certificates",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" * 1_001,
        )
    huge = bytes([0x30, 0x82, 0x10, 0x04, 0x02, 0x82, 0x10, 0x00]) + b"\x7f" * 4_096
    with pytest.raises((BuiltinError, BuiltinLimitError)):
        call(
            "crypto.parse_private_keys",
            f"-----BEGIN RSA PRIVATE KEY-----\n{b64(huge)}\n-----END RSA PRIVATE KEY-----\n",
        )


@given(st.integers(0, len(der(LEAF)) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused_and_never_verified(at: int, byte: int) -> None:
    data = bytearray(der(LEAF))
    same = data[at] == byte
    data[at] = byte
    try:
        found = call("crypto.x509.parse_certificates", b64(bytes(data)))
    except (BuiltinError, BuiltinLimitError):
        pass
    else:
        render_json(found)
    chain = b64(der(ROOT) + der(MIDDLE) + bytes(data))
    assert call("crypto.x509.parse_and_verify_certificates", chain)[0] is same


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    text = b64(data)
    for builtin in ("crypto.x509.parse_certificates", "crypto.x509.parse_certificate_request"):
        try:
            call(builtin, text)
        except (BuiltinError, BuiltinLimitError):
            continue
    for kind in ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"):
        try:
            call("crypto.parse_private_keys", f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
        except (BuiltinError, BuiltinLimitError):
            continue
