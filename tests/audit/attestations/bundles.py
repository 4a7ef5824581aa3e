"""Writes bundles of model-signing, and a small sigstore of our own: authority, certificate log, Rekor, trusted root."""

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lockgate.audit.attestations.model_signature import PREDICATE
from lockgate.audit.attestations.sigstore_bundle import MEDIA_TYPE
from lockgate.audit.attestations.statement import STATEMENT
from lockgate.audit.dsse import IN_TOTO, pae
from lockgate.audit.merkle import leaf_hash, node_hash

START: Final = datetime(2026, 11, 1, tzinfo=UTC)
SIGNED: Final = START + timedelta(days=1)
FILES: Final[Mapping[str, bytes]] = {
    "config.json": b"{}",
    "weights/a.bin": b"a" * 3000,
    "weights/b.bin": b"b",
}
IDENTITY: Final = "https://ci.example/fraud/build"
ISSUER: Final = "https://identity.example"

_PRECERTIFICATES: Final = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_CURVE_HASHES: Final = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def new_key(size: int = 256) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key({256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}[size])


def write_model(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def statement(files: Mapping[str, bytes] = FILES, **serialization: Any) -> dict[str, Any]:
    """What model-signing says of files. serialization: fields that are otherwise."""
    told = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, **serialization}
    resources = [
        {"name": name, "algorithm": "sha256", "digest": sha256(data).hexdigest()}
        for name, data in sorted(files.items())
    ]
    return whole_statement(resources, told)


def whole_statement(resources: Sequence[Mapping[str, str]], told: Mapping[str, Any]) -> dict[str, Any]:
    root = sha256(b"".join([bytes.fromhex(one["digest"]) for one in resources])).hexdigest()
    return {
        "_type": STATEMENT,
        "subject": [{"name": "fraud", "digest": {"sha256": root}}],
        "predicateType": PREDICATE,
        "predicate": {"serialization": dict(told), "resources": list(resources)},
    }


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(_CURVE_HASHES[key.curve.key_size]))


def envelope(key: ec.EllipticCurvePrivateKey, said: Mapping[str, Any]) -> dict[str, Any]:
    payload = json.dumps(said).encode()
    signature = {"sig": b64(sign(key, pae(IN_TOTO, payload)))}
    return {"payload": b64(payload), "payloadType": IN_TOTO, "signatures": [signature]}


def key_bundle(key: ec.EllipticCurvePrivateKey, said: Mapping[str, Any]) -> dict[str, Any]:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": sha256(pem).hexdigest()}, "tlogEntries": []},
        "dsseEnvelope": envelope(key, said),
    }


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass
class Authority:
    """A root, and an authority below it that gives out certificates to signers."""

    root_key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    days: int = 3650

    def __post_init__(self) -> None:
        self.root = self._authority(self.root_key, "root", self.root_key, "root")
        self.between = self._authority(self.key, "between", self.root_key, "root")

    def _authority(
        self, key: ec.EllipticCurvePrivateKey, who: str, by: ec.EllipticCurvePrivateKey, above: str
    ) -> x509.Certificate:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(name(who))
            .issuer_name(name(above))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(START - timedelta(days=1))
            .not_valid_after(START + timedelta(days=self.days))
            .add_extension(x509.BasicConstraints(True, 1 if who == "root" else 0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(subject, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
            )
            .sign(by, hashes.SHA256())
        )

    def leaf(
        self,
        key: ec.EllipticCurvePrivateKey,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        valid: tuple[datetime, datetime] = (START, START + timedelta(days=365)),
    ) -> x509.CertificateBuilder:
        """A certificate for a signer, yet to be signed; extensions with whether they are critical."""
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(name("between"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        for extension, critical in extensions:
            made = made.add_extension(extension, critical)
        return made


def usual_extensions(
    *,
    identity: str = IDENTITY,
    issuer: str = ISSUER,
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CODE_SIGNING,),
    signs: bool = True,
) -> list[tuple[x509.ExtensionType, bool]]:
    """What Fulcio puts into certificates."""
    text = issuer.encode()
    return [
        (x509.KeyUsage(signs, False, not signs, False, False, False, False, False, False), True),
        (x509.ExtendedKeyUsage(list(usages)), False),
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), True),
        (
            x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), bytes([0x0C, len(text)]) + text
            ),
            False,
        ),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), text), False),
    ]


def certificate_bundle(
    key: ec.EllipticCurvePrivateKey, chain: Sequence[x509.Certificate], said: Mapping[str, Any]
) -> dict[str, Any]:
    certificates = [{"rawBytes": b64(one.public_bytes(Encoding.DER))} for one in chain]
    return {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "x509CertificateChain": {"certificates": certificates},
            "tlogEntries": [],
        },
        "dsseEnvelope": envelope(key, said),
    }


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Sigstore:
    """Authority, certificate log and Rekor."""

    authority: Authority = field(default_factory=Authority)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    rekor: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    def trusted_root(self) -> dict[str, Any]:
        period = {"start": START.isoformat()}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            return {
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": b64(_spki(key)),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": period,
                },
                "logId": {"keyId": b64(sha256(_spki(key)).digest())},
            }

        chain = [self.authority.between, self.authority.root]
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.rekor)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "example", "commonName": "between"},
                    "uri": "https://fulcio.example",
                    "certChain": {
                        "certificates": [{"rawBytes": b64(one.public_bytes(Encoding.DER))} for one in chain]
                    },
                    "validFor": period,
                }
            ],
            "ctlogs": [log(self.certificate_log)],
        }

    def stamped(self, builder: x509.CertificateBuilder, moment: datetime = SIGNED) -> x509.Certificate:
        """A certificate with the timestamp of the certificate log in it."""
        issuer = self.authority.key
        plain = builder.sign(issuer, hashes.SHA256())
        signed = plain.tbs_certificate_bytes
        at = round(moment.timestamp() * 1000)
        digest = sha256(_spki(issuer)).digest()
        entry = digest + len(signed).to_bytes(3, "big") + signed
        message = struct.pack("!BBQH", 0, 0, at, 1) + entry + struct.pack("!H", 0)
        signature = sign(self.certificate_log, message)
        stamp = (
            struct.pack("!B", 0)
            + sha256(_spki(self.certificate_log)).digest()
            + struct.pack("!QH", at, 0)
            + bytes([4, 3])
            + struct.pack("!H", len(signature))
            + signature
        )
        listed = struct.pack("!H", len(stamp)) + stamp
        content = struct.pack("!H", len(listed)) + listed
        size = len(content)
        header = bytes([0x04, size]) if size < 128 else bytes([0x04, 0x81, size])
        extension = x509.UnrecognizedExtension(_PRECERTIFICATES, header + content)
        return builder.add_extension(extension, critical=False).sign(issuer, hashes.SHA256())

    def entry(
        self, certificate: x509.Certificate, signed: Mapping[str, Any], moment: datetime = SIGNED
    ) -> dict[str, Any]:
        """Rekor's entry of an envelope, the second of three in its tree."""
        payload = base64.b64decode(signed["payload"])
        body = json.dumps(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
                    "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hexdigest()},
                    "signatures": [
                        {
                            "signature": signed["signatures"][0]["sig"],
                            "verifier": b64(certificate.public_bytes(Encoding.PEM)),
                        }
                    ],
                },
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()
        log_id = sha256(_spki(self.rekor)).digest()
        first, last = leaf_hash(b"first"), leaf_hash(b"last")
        root = node_hash(node_hash(first, leaf_hash(body)), last)
        at = int(moment.timestamp())
        promise = json.dumps(
            {"body": b64(body), "integratedTime": at, "logID": log_id.hex(), "logIndex": 41},
            sort_keys=True,
            separators=(",", ":"),
        ).encode()
        note = f"log.example - 1\n3\n{b64(root)}\n"
        signature = b64(log_id[:4] + sign(self.rekor, note.encode()))
        return {
            "logIndex": "41",
            "logId": {"keyId": b64(log_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(at),
            "inclusionPromise": {"signedEntryTimestamp": b64(sign(self.rekor, promise))},
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": b64(root),
                "treeSize": "3",
                "hashes": [b64(first), b64(last)],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.example {signature}\n"},
            },
            "canonicalizedBody": b64(body),
        }

    def bundle(
        self,
        said: Mapping[str, Any],
        extensions: Sequence[tuple[x509.ExtensionType, bool]] | None = None,
        moment: datetime = SIGNED,
    ) -> dict[str, Any]:
        """A bundle as model-signing makes it with sigstore; the certificate is good for ten minutes."""
        key = new_key()
        valid = (moment - timedelta(minutes=1), moment + timedelta(minutes=9))
        builder = self.authority.leaf(key, usual_extensions() if extensions is None else extensions, valid)
        certificate = self.stamped(builder, moment)
        signed = envelope(key, said)
        return {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self.entry(certificate, signed, moment)],
            },
            "dsseEnvelope": signed,
        }
