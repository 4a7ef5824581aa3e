"""Certificates, keys, tokens and signed requests beside the opa binary: what is made anew, and what is damaged."""

import ipaddress
import itertools
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lockgate.engine.codegen.values import UNDEFINED, Value, parse_json, render_json
from lockgate.engine.rego.builtins.errors import BuiltinError

from tests.e2e.programs import program, run_program
from tests.engine.builtin_cases import call
from tests.engine.crypto_material import (
    SigningKey,
    alternative,
    authority,
    b64,
    certificate,
    der,
    digest_for,
    everything,
    jwk,
    name,
    pem,
    private_pem,
    public_pem,
    token,
)

pytestmark = pytest.mark.e2e

DAMAGED = 600
Operands = Sequence[Any]


@pytest.fixture
def source() -> random.Random:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    return random.Random(seed)


def answers(folder: Path, builtin: str, calls: Sequence[Operands]) -> list[Any]:
    """What opa answers to calls of a builtin, UNDEFINED where it fails."""
    program("opa")
    operands = ", ".join(f"input[i][{at}]" for at in range(len(calls[0])))
    (folder / "asked.rego").write_text(
        f"package asked\nr[i] := x if {{ some i; x := {builtin}({operands}) }}\n"
    )
    (folder / "input.json").write_text(json.dumps(calls))
    arguments = ["eval", "-d", "asked.rego", "-i", "input.json", "-f", "json", "data.asked.r"]
    said = json.loads(run_program("opa", *arguments, cwd=folder).stdout)
    found = said["result"][0]["expressions"][0]["value"]
    return [found.get(str(at), UNDEFINED) for at in range(len(calls))]


def ours(builtin: str, operands: Operands) -> Any:
    """What we answer, UNDEFINED where we fail."""
    values: list[Value] = [parse_json(json.dumps(operand)) for operand in operands]
    try:
        found = call(builtin, *values)
    except BuiltinError:
        return UNDEFINED
    return json.loads(render_json(found))


def agree(folder: Path, builtin: str, calls: Sequence[Operands]) -> list[Any]:
    """Both answer the same to all calls; returns the answers."""
    theirs = answers(folder, builtin, calls)
    mine = [ours(builtin, operands) for operands in calls]
    different = [
        (operands, left, right)
        for operands, left, right in zip(calls, mine, theirs, strict=True)
        if left != right
    ]
    assert different == [], f"{len(different)} of {len(calls)}"
    return theirs


def damaged(data: bytes, source: random.Random) -> bytes:
    """The bytes with one or two of them changed, left out or doubled."""
    made = bytearray(data)
    for _ in range(source.randint(1, 2)):
        at = source.randrange(len(made))
        kind = source.choice(["change", "change", "bit", "cut", "double"])
        if kind == "change":
            made[at] = source.randrange(256)
        elif kind == "bit":
            made[at] ^= 1 << source.randrange(8)
        elif kind == "cut":
            del made[at]
        else:
            made.insert(at, made[at])
    return bytes(made)


def signing_keys() -> dict[str, SigningKey]:
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "small rsa": rsa.generate_private_key(65537, 1024),
        "p224": ec.generate_private_key(ec.SECP224R1()),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "p521": ec.generate_private_key(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }


def certificates_of_all_kinds() -> list[x509.Certificate]:
    made = []
    for kind, key in signing_keys().items():
        subject = name(kind, (NameOID.COUNTRY_NAME, "DE"), (NameOID.EMAIL_ADDRESS, "a@example.com"))
        extensions = everything() if kind in ("rsa", "p256") else []
        made.append(certificate(subject, key, name("issuer"), key, extensions))
    key = signing_keys()["rsa"]
    for length in (32, 20):
        pad = padding.PSS(padding.MGF1(hashes.SHA256()), length)
        made.append(certificate(name("pss"), key, name("pss"), key, authority(), pad=pad))
    return made


def test_certificates(tmp_path: Path) -> None:
    made = certificates_of_all_kinds()
    texts = [pem(one) for one in made] + [b64(der(one)) for one in made]
    texts += [
        pem(*made),
        b64(pem(*made).encode()),
        b64(b"".join(map(der, made))),
        "",
        "nothing",
        b64(b"nothing"),
    ]
    texts += [f"before\n{pem(made[0])}\nbetween\r\n{pem(made[1])}after", f"-----BEGIN X-----\n{pem(made[0])}"]
    texts += [pem(made[0]).replace("\n", "\r\n"), pem(made[0]).replace("CERTIFICATE", "OTHER")]
    found = agree(tmp_path, "crypto.x509.parse_certificates", [[text] for text in texts])
    assert found[0][0]["Version"] == 3


def test_damaged_certificates(tmp_path: Path, source: random.Random) -> None:
    made = [der(one) for one in certificates_of_all_kinds()]
    texts = [[b64(damaged(source.choice(made), source))] for _ in range(DAMAGED)]
    found = agree(tmp_path, "crypto.x509.parse_certificates", texts)
    assert DAMAGED / 10 < found.count(UNDEFINED) < DAMAGED


def test_damaged_pem(tmp_path: Path, source: random.Random) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificate(name("a"), key, name("a"), key)
    text = pem(made, made)
    texts = [[damaged(text.encode(), source).decode("latin-1")] for _ in range(DAMAGED)]
    headers = ("\n", "Key: value\n\n", "Key: value\n", ":\n")
    texts += [[text.replace("-----\nMI", f"-----\n{block}MI")] for block in headers]
    agree(tmp_path, "crypto.x509.parse_certificates", texts)


def test_requests(tmp_path: Path, source: random.Random) -> None:
    made = []
    for key in signing_keys().values():
        builder = x509.CertificateSigningRequestBuilder().subject_name(
            name("request", (NameOID.ORGANIZATION_NAME, "Ö"), (NameOID.SERIAL_NUMBER, "5"))
        )
        for extension, critical in everything()[:5]:
            builder = builder.add_extension(extension, critical)
        builder = builder.add_attribute(x509.ObjectIdentifier("1.2.840.113549.1.9.7"), b"challenge")
        made.append(builder.sign(key, digest_for(key)))
    encodings = serialization.Encoding
    texts = [one.public_bytes(encodings.PEM).decode() for one in made]
    data = [one.public_bytes(encodings.DER) for one in made]
    texts += [b64(one) for one in data] + [b64(texts[0].encode()), "", pem()]
    texts += [b64(damaged(source.choice(data), source)) for _ in range(DAMAGED)]
    found = agree(tmp_path, "crypto.x509.parse_certificate_request", [[text] for text in texts])
    assert found[0]["Subject"]["CommonName"] == "request"


def test_private_keys(tmp_path: Path, source: random.Random) -> None:
    keys = [*signing_keys().values()]
    texts = [private_pem(key) for key in [*keys, x25519.X25519PrivateKey.generate()]]
    texts += [private_pem(key, "TraditionalOpenSSL") for key in keys[:-1]]
    texts += ["".join(texts), b64(texts[0].encode()), "", "nothing", public_pem(keys[0])]
    for builtin in ("crypto.parse_private_keys", "crypto.x509.parse_rsa_private_key"):
        agree(tmp_path, builtin, [[text] for text in texts])
    broken = []
    for _ in range(DAMAGED):
        lines = source.choice(texts[:12]).strip().splitlines()
        data = damaged(serialized(lines), source)
        broken.append([f"{lines[0]}\n{b64(data)}\n{lines[-1]}\n"])
    agree(tmp_path, "crypto.parse_private_keys", broken)


def serialized(lines: list[str]) -> bytes:
    """The bytes in a block of PEM."""
    import base64

    return base64.b64decode("".join(lines[1:-1]))


def test_key_pairs(tmp_path: Path) -> None:
    pairs = []
    keys = signing_keys()
    made = {kind: certificate(name(kind), key, name(kind), key) for kind, key in keys.items()}
    for (kind, one), (other, key) in itertools.product(made.items(), keys.items()):
        if kind == other:
            pairs.append([b64(der(one)), b64(private_pem(key).encode())])
            pairs.append([private_pem(key) + pem(one, made["rsa"]), pem(one) + private_pem(key)])
        pairs.append([pem(one), private_pem(key)])
    agree(tmp_path, "crypto.x509.parse_keypair", pairs)


def chains() -> dict[str, list[Any]]:
    """Texts of certificates with the options to verify them by."""
    root_key, middle_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root, middle, leaf = name("root"), name("middle"), name("leaf")
    host = alternative(
        x509.DNSName("www.example.com"),
        x509.DNSName("*.wild.example.com"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.RFC822Name("me@example.com"),
        x509.UniformResourceIdentifier("https://uri.example.com/x"),
    )
    top = certificate(root, root_key, root, root_key, authority())
    between = certificate(middle, middle_key, root, root_key, authority())
    end = certificate(leaf, leaf_key, middle, middle_key, [host])
    asked: dict[str, list[Any]] = {
        "plain": [pem(top, between, end), {}],
        "no intermediate": [pem(top, end), {}],
        "wrong order": [pem(end, between, top), {}],
        "alone": [pem(top), {}],
        "root twice": [pem(top, top), {}],
        "shuffled": [pem(top, end, between, end), {}],
        "none": ["", {}],
        "unknown option": [pem(top, between, end), {"Other": 1}],
        "wrong name": [pem(top, between, end), {"DNSName": 1}],
        "wrong time": [pem(top, between, end), {"CurrentTime": 1.5}],
        "comparisons": [pem(top, between, end), {"MaxConstraintComparisons": 5}],
        "wrong comparisons": [pem(top, between, end), {"MaxConstraintComparisons": "5"}],
        "expired root": [
            pem(
                certificate(
                    root, root_key, root, root_key, authority(), until=datetime(2021, 1, 1, tzinfo=UTC)
                ),
                end,
            ),
            {},
        ],
        "other signature": [pem(certificate(root, leaf_key, root, leaf_key, authority()), between, end), {}],
        "no authority": [pem(top, certificate(middle, middle_key, root, root_key), end), {}],
        "too long": [pem(certificate(root, root_key, root, root_key, authority(0)), between, end), {}],
        "long enough": [pem(certificate(root, root_key, root, root_key, authority(1)), between, end), {}],
        "critical": [
            pem(
                top,
                certificate(
                    leaf,
                    leaf_key,
                    root,
                    root_key,
                    [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b""), True)],
                ),
            ),
            {},
        ],
    }
    for at, time in enumerate((0, 1_577_836_800_000_000_000, 2_600_000_000_000_000_000, -1)):
        asked[f"time {at}"] = [pem(top, between, end), {"CurrentTime": time}]
    hosts = (
        "www.example.com WWW.example.com. a.wild.example.com a.b.wild.example.com wild.example.com 192.0.2.1"
    )
    hosts += (
        ' [192.0.2.1] 192.0.2.2 ::ffff:192.0.2.1 . .. "www.example.com" -x.example.com *.wild.example.com'
    )
    for one in [*hosts.split(), "", "a b"]:
        asked[f"host {one}"] = [pem(top, between, end), {"DNSName": one}]
    usages = [
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        x509.ObjectIdentifier("1.2.3"),
    ]
    limited = certificate(leaf, leaf_key, middle, middle_key, [(x509.ExtendedKeyUsage(usages), False)])
    anything = certificate(
        middle,
        middle_key,
        root,
        root_key,
        [*authority(), (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)],
    )
    for wanted in (
        ["Any"],
        ["ClientAuth"],
        ["ServerAuth"],
        ["ServerAuth", "CodeSigning"],
        ["Nothing"],
        [],
        ["OCSPSigning"],
    ):
        options = {"KeyUsages": [f"KeyUsage{one}" for one in wanted]}
        asked[f"usages {wanted}"] = [pem(top, between, limited), options]
        asked[f"usages {wanted} under any"] = [pem(top, anything, limited), options]
    general = [
        x509.DNSName("example.com"),
        x509.DNSName(".example.com"),
        x509.DNSName("wild.example.com"),
        x509.DNSName("a.wild.example.com"),
        x509.DNSName(""),
        x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")),
        x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
        x509.IPAddress(ipaddress.ip_network("2001:db8::/32")),
        x509.RFC822Name("example.com"),
        x509.RFC822Name("me@EXAMPLE.com"),
        x509.RFC822Name("you@example.com"),
        x509.UniformResourceIdentifier(".example.com"),
        x509.UniformResourceIdentifier("other.example.com"),
    ]
    for at, (first, second) in enumerate(itertools.combinations(general, 2)):
        for kind in ("permitted", "excluded"):
            names = [first, second]
            limits = x509.NameConstraints(*((names, None) if kind == "permitted" else (None, names)))
            limiting = certificate(middle, middle_key, root, root_key, [*authority(), (limits, True)])
            asked[f"{kind} {at}"] = [pem(top, limiting, end), {}]
    policies = [x509.ObjectIdentifier(f"1.2.3.{at}") for at in range(2)]
    any_policy = x509.ObjectIdentifier("2.5.29.32.0")
    choices: list[list[x509.ObjectIdentifier]] = [
        [],
        policies[:1],
        policies[1:],
        [any_policy],
        [*policies, any_policy],
    ]
    for at, (upper, lower, explicit) in enumerate(itertools.product(choices, choices, (None, 0, 1, 2))):
        above: list[tuple[x509.ExtensionType, bool]] = [*authority()]
        if explicit is not None:
            above.append((x509.PolicyConstraints(explicit, None), True))
        below: list[tuple[x509.ExtensionType, bool]] = []
        for listed, extensions in ((upper, above), (lower, below)):
            if listed:
                shown = [x509.PolicyInformation(one, None) for one in listed]
                extensions.append((x509.CertificatePolicies(shown), False))
        asked[f"policies {at}"] = [
            pem(
                top,
                certificate(middle, middle_key, root, root_key, above),
                certificate(leaf, leaf_key, middle, middle_key, below),
            ),
            {},
        ]
    return asked


def test_chains(tmp_path: Path) -> None:
    asked = list(chains().values())
    found = agree(tmp_path, "crypto.x509.parse_and_verify_certificates_with_options", asked)
    assert {one[0] for one in found if one is not UNDEFINED} == {True, False}
    agree(tmp_path, "crypto.x509.parse_and_verify_certificates", [[text] for text, _ in asked[:20]])


ALGORITHMS = {
    "rsa": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    "small rsa": ["RS256", "PS256"],
    "p256": ["ES256", "ES384"],
    "p384": ["ES384", "ES256"],
    "p521": ["ES512"],
    "ed25519": ["EdDSA"],
}


HEADERS: list[dict[str, Any]] = [
    {},
    {"kid": "mine"},
    {"kid": "none"},
    {"crit": ["a"], "a": 1},
    {"crit": ["b"], "a": 1},
]
ODD_HEADERS: list[dict[str, Any]] = [
    {"crit": []},
    {"crit": [1]},
    {"crit": "a"},
    {"typ": 1},
    {"alg": 5},
    {"alg": ""},
    {"enc": "x"},
    {"kid": 1},
]


def signed_tokens() -> list[tuple[str, list[str]]]:
    """Tokens, each with texts of keys that belong to it or do not."""
    keys = signing_keys()
    found = []
    for kind, algorithms in ALGORITHMS.items():
        key = keys[kind]
        own = certificate(name("a"), key, name("a"), key)
        sets = [
            {"keys": [jwk(keys["rsa"], kid="other"), jwk(key, kid="mine")]},
            {"keys": [jwk(key, alg=algorithms[0]), {"kty": "oct", "k": "c2VjcmV0"}]},
            {"keys": [jwk(key, alg="RSA-OAEP")]},
            {"keys": [jwk(key, alg="odd")]},
            {"keys": []},
        ]
        texts = [
            pem(own),
            public_pem(key),
            json.dumps(jwk(key)),
            json.dumps(jwk(key, "private")),
            *map(json.dumps, sets),
        ]
        texts += [
            pem(own, own),
            public_pem(keys["rsa"]),
            private_pem(key),
            "",
            "{}",
            json.dumps(jwk(key, x5c=[])),
        ]
        for algorithm, header in itertools.product(algorithms, HEADERS):
            found.append((token(key, algorithm, {"iss": "me"}, **header), texts))
    return found


def test_verification(tmp_path: Path, source: random.Random) -> None:
    asked = [[text, key] for text, keys in signed_tokens() for key in keys]
    asked += [
        [damaged(text.encode(), source).decode("latin-1"), keys[0]]
        for text, keys in signed_tokens()
        for _ in range(4)
    ]
    for algorithm in sorted({one for group in ALGORITHMS.values() for one in group}):
        agree(tmp_path, f"io.jwt.verify_{algorithm.lower()}", asked)
    found = agree(tmp_path, "io.jwt.decode_verify", [[text, {"cert": key}] for text, key in asked])
    assert {one[0] for one in found if one is not UNDEFINED} == {True, False}
    agree(tmp_path, "io.jwt.decode", [[text] for text, _ in asked])


def test_secrets(tmp_path: Path, source: random.Random) -> None:
    asked = []
    for algorithm, secret in itertools.product(("HS256", "HS384", "HS512"), ("secret", "other", "", "ü")):
        text = token(b"secret", algorithm, {"a": 1})
        asked += [
            [text, secret],
            [text[:-2], secret],
            [damaged(text.encode(), source).decode("latin-1"), secret],
        ]
    asked += [["a.b.c", "x"], ["a.b", "x"], ["", "x"], ["..", "x"]]
    for size in (256, 384, 512):
        agree(tmp_path, f"io.jwt.verify_hs{size}", asked)
    agree(tmp_path, "io.jwt.decode_verify", [[text, {"secret": secret}] for text, secret in asked])


def test_constraints(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = public_pem(key)
    # Not asked: an issuer or a content type that is no string, over which opa panics.
    payloads = [
        {},
        {"iss": "me"},
        {"aud": "you"},
        {"aud": ["us", "you", 5]},
        {"aud": []},
        {"aud": 5},
        {"exp": 1000},
        {"exp": 1000.5, "nbf": 999.25},
        {"exp": "1000"},
        {"nbf": 1000},
        {"nbf": None},
        {"exp": 99999999999, "nbf": 1},
        [],
        "{",
    ]
    constraints: list[dict[str, Any]] = [
        {"cert": public},
        {"cert": public, "iss": "me"},
        {"cert": public, "aud": "you"},
        {"cert": public, "alg": "ES256"},
        {"cert": public, "alg": "RS256"},
        {"cert": public, "time": 1_000_000_000_000},
        {"cert": public, "time": 1_000_500_000_000},
        {"cert": public, "time": 999_999_999_999},
        {"cert": public, "time": 0.5},
        {"cert": public, "time": -1},
        {"cert": public, "time": "1"},
        {"cert": public, "secret": "both"},
        {"secret": ""},
        {},
        {"cert": public, "other": 1},
        {"cert": 5},
        {"cert": public, "iss": None},
    ]
    asked = [[token(key, "ES256", one), limits] for one in payloads for limits in constraints]
    inner = token(key, "ES256", {"iss": "me"})
    nested = itertools.product((inner, f'"{inner}"', inner[:-3]), ("JWT", "jwt", "other"))
    asked += [[token(key, "ES256", text, cty=content), {"cert": public}] for text, content in nested]
    asked += [[token(key, "ES256", {}, **header), {"cert": public}] for header in ODD_HEADERS]
    agree(tmp_path, "io.jwt.decode_verify", asked)
    agree(tmp_path, "io.jwt.decode", [[text] for text, _ in asked])


def test_signing(tmp_path: Path) -> None:
    keys = signing_keys()
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldA"}
    same: list[Operands] = []
    random_ones: list[Operands] = []
    for kind, algorithms in ALGORITHMS.items():
        for algorithm in [*algorithms, "HS256", "none", "dummy"]:
            target = same if algorithm[:2] in ("RS", "HS", "Ed", "no", "du") else random_ones
            target.append([{"alg": algorithm}, {"a": [1, "<é>", 1.5]}, jwk(keys[kind], "private")])
            target.append([{"alg": algorithm}, {}, {"keys": [jwk(keys[kind], "private"), secret]}])
            target.append([{"alg": algorithm, "typ": "JWT"}, "text", jwk(keys[kind])])
    odd_headers: list[Any] = [{}, {"alg": 5}, [], "x", None]
    odd_keys: list[Any] = [{}, {"keys": []}, {"kty": "oct"}, {"kty": "oct", "k": ""}]
    odd_keys += [{**secret, "kid": 1}, {**secret, "use": 5}]
    same += [[{"alg": f"HS{size}", "typ": "other"}, {"a": 1}, secret] for size in (256, 384, 512)]
    same += [[header, {}, secret] for header in odd_headers]
    same += [[{"alg": "HS256"}, {}, key] for key in odd_keys]
    agree(tmp_path, "io.jwt.encode_sign", same)
    raw = [[json.dumps(head), json.dumps(body), json.dumps(key)] for head, body, key in same]
    raw += [['{"alg":"HS256","alg":"none"}', "{}", json.dumps(secret)], ["", "{}", json.dumps(secret)]]
    raw += [
        ['{"alg":"HS256","typ":"text"}', "no json", json.dumps(secret)],
        ['{"alg":"HS256"}', "no json", json.dumps(secret)],
    ]
    agree(tmp_path, "io.jwt.encode_sign_raw", raw)
    theirs = answers(tmp_path, "io.jwt.encode_sign", random_ones)
    mine = [ours("io.jwt.encode_sign", operands) for operands in random_ones]
    assert [one is UNDEFINED for one in mine] == [one is UNDEFINED for one in theirs]
    public = [keys["rsa"], keys["small rsa"], keys["p256"], keys["p384"], keys["p521"]]
    certificates = json.dumps({"keys": [jwk(key) for key in public]})
    made = [one for one in (*mine, *theirs) if one is not UNDEFINED]
    found = agree(tmp_path, "io.jwt.decode_verify", [[text, {"cert": certificates}] for text in made])
    assert all(one[0] for one in found)


def test_signed_requests(tmp_path: Path) -> None:
    config = {
        "aws_access_key": "ACCESS",
        "aws_secret_access_key": "SECRET",
        "aws_service": "s3",
        "aws_region": "eu-central-1",
    }
    configs: list[dict[str, Any]] = [
        config,
        {**config, "aws_session_token": "TOKEN", "aws_service": "execute-api"},
        {**config, "disable_payload_signing": True},
        {**config, "disable_payload_signing": 1},
        {**config, "aws_session_token": 5, "other": 1},
        {},
    ]
    urls = [
        "https://example.com",
        "https://example.com:8443/a b/%7Ec/%2F?q=1&p=%20#f",
        "https://user:pw@example.com/ü?",
        "/only/a/path",
        "mailto:someone",
        "http://[::1]:80/x;y=(z)",
        "http://a b/",
        "http://example.com/%zz",
        "*",
    ]
    bodies: list[dict[str, Any]] = [
        {},
        {"body": {"a": ["<", 1.5], "b": None}},
        {"raw_body": "raw", "body": 1},
        {"raw_body": 5},
        {"headers": {"X-Ämz": "v", "User-Agent": "me", "host": "other", "n": 5}},
        {"headers": []},
        {"odd": 1},
    ]
    asked: list[Operands] = []
    for chosen, url, body in itertools.product(configs, urls, bodies):
        asked.append([{"method": "get", "url": url, **body}, chosen, 1_451_311_705_000_000_000])
    times = (0, -1, 1.5, 10**19, 9_223_372_036_854_775_807)
    asked += [[{"method": "GET", "url": urls[0]}, config, time] for time in times]
    asked += [
        [{"method": 1, "url": urls[0]}, config, 0],
        [{}, config, 0],
        [{"method": "GET", "url": None}, config, 0],
    ]
    agree(tmp_path, "providers.aws.sign_req", asked)
