"""Provider objects: which are taken, and where the others are wrong."""

import base64
from typing import Any

import pytest
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.external_data.provider import parse_provider
from lockgate.gatekeeper.template import is_provider

from tests.engine.http_server import certificate
from tests.gatekeeper.external_data.making import provider
from tests.gatekeeper.workbench import Json, document, documents


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return certificate(tmp_path_factory.mktemp("ca"), "p.example")[0].read_bytes()


def changed(ca: bytes, **spec: Any) -> Json:
    made = provider(ca=ca)
    made["spec"].update(spec)
    for name in [name for name, value in spec.items() if value is None]:
        del made["spec"][name]
    return made


def test_is_read(ca: bytes) -> None:
    made = provider("https://P.example/a%20b?c=d", ca)
    assert is_provider(made)
    found = parse_provider(document(made))
    assert (found.name, found.host, found.port, found.target, found.timeout) == (
        "p",
        "p.example",
        443,
        "/a%20b?c=d",
        5,
    )
    assert found.ca_bundle.encode() == ca


@pytest.mark.parametrize("version", ["v1beta1", "v1alpha1"])
def test_versions(version: str, ca: bytes) -> None:
    made = {**provider(ca=ca), "apiVersion": f"externaldata.gatekeeper.sh/{version}"}
    assert parse_provider(document(made)).name == "p"


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://a", "a", 443, "/"),
        ("https://a:1/", "a", 1, "/"),
        ("https://[::1]:8443?x", "::1", 8443, "/?x"),
        ("https://a/b#c", "a", 443, "/b"),
    ],
)
def test_urls(url: str, host: str, port: int, target: str, ca: bytes) -> None:
    found = parse_provider(document(provider(url, ca)))
    assert (found.host, found.port, found.target) == (host, port, target)


WRONG: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("no url", {"url": None}, "spec.url", "missing spec.url"),
    ("empty url", {"url": ""}, "spec.url", "missing spec.url"),
    ("http", {"url": "http://a"}, "spec.url", "only HTTPS is supported"),
    ("another scheme", {"url": "gopher://a"}, "spec.url", "only HTTPS is supported"),
    ("file", {"url": "file:///etc/passwd"}, "spec.url", "only HTTPS is supported"),
    ("no scheme", {"url": "a.example/x"}, "spec.url", "only HTTPS is supported"),
    ("space before", {"url": " https://a"}, "spec.url", "is no URL"),
    ("line end", {"url": "https://a/\r\nX: y"}, "spec.url", "is no URL"),
    ("no ASCII", {"url": "https://ä.example"}, "spec.url", "is no URL"),
    ("a port that is none", {"url": "https://a:x"}, "spec.url", "is no URL"),
    ("too large a port", {"url": "https://a:65536"}, "spec.url", "is no URL"),
    ("port 0", {"url": "https://a:0"}, "spec.url", "names no host"),
    ("no host", {"url": "https:///x"}, "spec.url", "names no host"),
    ("a password", {"url": "https://u:p@a"}, "spec.url", "user or password"),
    ("a long url", {"url": "https://a/" + "x" * 3000}, "spec.url", "is no URL"),
    ("a number for a url", {"url": 1}, "spec.url", "must be a string"),
    ("no timeout", {"timeout": None}, "spec.timeout", "every request fails at once"),
    ("timeout 0", {"timeout": 0}, "spec.timeout", "every request fails at once"),
    ("timeout below 0", {"timeout": -1}, "spec.timeout", "positive integer"),
    ("a text for a timeout", {"timeout": "3s"}, "spec.timeout", "positive integer"),
    ("true for a timeout", {"timeout": True}, "spec.timeout", "positive integer"),
    ("no caBundle", {"caBundle": None}, "spec.caBundle", "missing spec.caBundle"),
    ("no base64", {"caBundle": "!"}, "spec.caBundle", "no base64"),
    ("no PEM", {"caBundle": base64.b64encode(b"hello").decode()}, "spec.caBundle", "no certificate"),
    (
        "no certificate in the PEM",
        {
            "caBundle": base64.b64encode(
                b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"
            ).decode()
        },
        "spec.caBundle",
        "no certificate",
    ),
    ("another field", {"insecureTLSSkipVerify": True}, "spec.insecureTLSSkipVerify", "unknown field"),
)


@pytest.mark.parametrize(("name", "spec", "place", "said"), WRONG, ids=lambda value: str(value)[:30])
def test_wrong(name: str, spec: dict[str, Any], place: str, said: str, ca: bytes) -> None:
    made = document(changed(ca, **spec), "provider.json")
    with pytest.raises(PolicyError) as caught:
        parse_provider(made)
    error = caught.value
    assert said in error.message
    assert error.message.startswith(("invalid Provider: ", "spec."))
    assert error.location is not None
    span = made.locate(tuple(place.split("."))).span
    assert (error.location.file, error.location.line) == ("provider.json", span.line)


def test_wrong_at_the_top(ca: bytes) -> None:
    for made, said in (
        ({**provider(ca=ca), "apiVersion": "externaldata.gatekeeper.sh/v1"}, "unsupported version"),
        ({**provider(ca=ca), "metadata": {}}, "missing metadata.name"),
        ({**provider(ca=ca), "spec": []}, "spec must be an object"),
    ):
        with pytest.raises(PolicyError, match=said):
            parse_provider(document(made))


def test_a_bundle_may_have_lines(ca: bytes) -> None:
    encoded = base64.encodebytes(ca).decode()
    indented = "".join(f"    {line}\n" for line in encoded.splitlines())
    (made,) = documents(
        "apiVersion: externaldata.gatekeeper.sh/v1beta1\nkind: Provider\nmetadata: {name: p}\nspec:\n"
        f"  url: https://a\n  timeout: 1\n  caBundle: |\n{indented}"
    )
    assert parse_provider(made).ca_bundle.encode() == ca
