"""Random chains of certificates beside the opa binary: names and constraints, policies, usages, lengths of paths."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.e2e.test_crypto_opa import agree
from tests.engine.crypto_material import authority, certificate, name, pem

pytestmark = pytest.mark.e2e

CHAINS = 400
DOMAINS = ["a.com", "b.a.com", ".a.com", "c.b.a.com", "com", "a-a.com", "A.com", "xa.com", "b.com", ""]
WILDCARDS = ["*.a.com", "*.b.a.com", "*", "a.com."]
LIMITED_BOXES = ["u@a.com", "u@A.com", "v@b.a.com"]
BOXES = ["u@a.com", "v@a.com", "U@a.com", "u@b.a.com", '"q"@a.com', "bad"]
HOSTS = ["a.com", "b.a.com:80", "1.2.3.4", "[::1]", "", "a.com:", "B.A.COM"]
POLICIES = [b"\x2a\x01", b"\x2a\x02", b"\x2a\x03", b"\x55\x1d\x20\x00"]
USAGES = [
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    x509.ObjectIdentifier("1.2.3"),
]
DNS, EMAIL, URI, ADDRESS = 0x82, 0x81, 0x86, 0x87

Extensions = list[tuple[x509.ExtensionType, bool]]


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element of DER."""
    contents = b"".join(parts)
    size = len(contents)
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, size] if size < 128 else [tag, 0x80 | len(length), *length]) + contents


class Maker:
    """Makes chains out of a source of randomness."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(5)]

    def often(self, share: float) -> bool:
        return self.source.random() < share

    def raw(self, oid: str, value: bytes) -> tuple[x509.ExtensionType, bool]:
        return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), self.often(0.3)

    def limit(self) -> bytes:
        """A name that constrains others."""
        kind = self.source.choice([DNS, DNS, DNS, EMAIL, URI, ADDRESS])
        if kind != ADDRESS:
            choices = DOMAINS + (LIMITED_BOXES if kind == EMAIL else [])
            return tlv(kind, self.source.choice(choices).encode())
        address = self.address()
        size = len(address) * 8
        length = self.source.choice([0, 8, 16, size - 1, size])
        return tlv(kind, address, ((1 << size) - (1 << (size - length))).to_bytes(size // 8, "big"))

    def address(self) -> bytes:
        if self.often(0.7):
            return bytes([self.source.choice([10, 10, 11]) for _ in range(4)])
        return bytes([*bytes(15), self.source.choice([1, 2])])

    def general_name(self) -> bytes:
        """A name of a certificate."""
        kind = self.source.choice([DNS, DNS, DNS, EMAIL, URI, ADDRESS])
        if kind == ADDRESS:
            return tlv(kind, self.address())
        if kind == URI:
            return tlv(kind, f"{self.source.choice(['http', 'x'])}://{self.source.choice(HOSTS)}/p".encode())
        return tlv(kind, self.source.choice(BOXES if kind == EMAIL else DOMAINS + WILDCARDS).encode())

    def extensions(self, place: str) -> Extensions:
        """What an authority or a leaf has besides what it must have."""
        source, found = self.source, Extensions()
        if self.often(0.7):
            names = [self.general_name() for _ in range(source.randint(1, 3))]
            found.append(self.raw("2.5.29.17", tlv(0x30, *names)))
        if place == "authority":
            found += self.limits()
        if self.often(0.6):
            chosen = source.sample(POLICIES, source.randint(1, 4))
            found.append(self.raw("2.5.29.32", tlv(0x30, *[tlv(0x30, tlv(6, one)) for one in chosen])))
        if self.often(0.4):
            counts = [tlv(0x80 | at, bytes([source.randint(0, 3)])) for at in (0, 1) if self.often(0.7)]
            found.append(self.raw("2.5.29.36", tlv(0x30, *counts)))
        if self.often(0.2):
            found.append(self.raw("2.5.29.54", tlv(2, bytes([source.randint(0, 2)]))))
        if self.often(0.3):
            found.append((x509.ExtendedKeyUsage(source.sample(USAGES, source.randint(1, 3))), False))
        if self.often(0.2):
            found.append((x509.SubjectKeyIdentifier(bytes([source.randint(1, 3)])), False))
        if self.often(0.2):
            found.append((x509.AuthorityKeyIdentifier(bytes([source.randint(1, 3)]), None, None), False))
        return found

    def limits(self) -> Extensions:
        """Constraints of names, and mappings of policies."""
        source, found = self.source, Extensions()
        chosen = [tag for tag in (0xA0, 0xA1) if self.often(0.4)]
        trees = [tlv(tag, *[tlv(0x30, self.limit()) for _ in range(source.randint(1, 4))]) for tag in chosen]
        if trees:
            found.append(self.raw("2.5.29.30", tlv(0x30, *trees)))
        if self.often(0.4):
            pairs = [source.choices(POLICIES, k=2) for _ in range(source.randint(1, 3))]
            mappings = [tlv(0x30, tlv(6, issuer), tlv(6, subject)) for issuer, subject in pairs]
            found.append(self.raw("2.5.29.33", tlv(0x30, *mappings)))
        return found

    def chain(self) -> list[x509.Certificate]:
        """A root, up to three authorities below it in any order, and a leaf; sometimes with wrong names or keys."""
        source = self.source
        issuer, issuer_key = "c0", self.keys[0]
        top = [*authority(source.choice([None, None, 0, 1, 2])), *self.extensions("authority")]
        made = [certificate(name(issuer), issuer_key, name(issuer), issuer_key, top)]
        depth = source.randint(1, 4)
        for level in range(1, depth + 1):
            subject = issuer if self.often(0.1) else f"c{level}"
            key = source.choice(self.keys) if self.often(0.15) else self.keys[level]
            own = [] if level == depth else authority(source.choice([None, None, None, 0, 1]))
            own += self.extensions("leaf" if level == depth else "authority")
            signer = self.keys[4] if self.often(0.05) else issuer_key
            made.append(certificate(name(subject), key, name(issuer), signer, own))
            issuer, issuer_key = subject, key
        between = made[1:-1]
        source.shuffle(between)
        return [made[0], *between, made[-1]]

    def options(self) -> dict[str, Any]:
        """What to verify a chain for."""
        found: dict[str, Any] = {}
        kinds = ["Any", "ClientAuth", "ServerAuth", "CodeSigning"]
        if self.often(0.3):
            found["KeyUsages"] = [
                f"KeyUsage{kind}" for kind in self.source.sample(kinds, self.source.randint(1, 2))
            ]
        if self.often(0.2):
            found["DNSName"] = self.source.choice(["a.com", "x.a.com", "10.10.10.10", "b.a.com"])
        return found


def test_random_chains(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    maker = Maker(random.Random(seed))
    asked: Sequence[Sequence[Any]] = [[pem(*maker.chain()), maker.options()] for _ in range(CHAINS)]
    found = agree(tmp_path, "crypto.x509.parse_and_verify_certificates_with_options", asked)
    assert {one[0] for one in found} == {True, False}
