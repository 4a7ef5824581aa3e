"""Provider objects: who answers for external data, and how it is reached.

After github.com/open-policy-agent/frameworks constraint/pkg/externaldata/cache.go (https alone, a caBundle). A timeout
of 0, which Gatekeeper takes and with which every request fails at once, is refused here.
"""

import base64
import binascii
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from lockgate.engine.codegen.values import render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.record import record
from lockgate.gatekeeper.external_data.kinds import VERSIONS
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.template import PROVIDERS_GROUP, is_provider

_FIELDS: Final = ("url", "timeout", "caBundle")
_LONGEST_URL: Final = 2_048
# Bundles of all public authorities are some 250 KB.
_LARGEST_BUNDLE: Final = 1_000_000
_LONGEST_TIMEOUT: Final = 1 << 31


@record
class Provider:
    """A provider that is asked over HTTPS. timeout: in seconds, for a whole request; ca_bundle: PEM.

    digest: SHA-256 (hex) over its spec.
    """

    name: str
    host: str
    port: int
    target: str
    timeout: int
    ca_bundle: str
    digest: str


def parse_provider(document: Document) -> Provider:
    """Reads and checks a Provider. Raises PolicyError with the place of what is wrong."""
    top = root(document)
    version = top.get("apiVersion")
    if version.string() not in [f"{PROVIDERS_GROUP}/{one}" for one in VERSIONS]:
        version.refuse(
            f"invalid Provider: unsupported version {version.string()!r}", f"write {PROVIDERS_GROUP}/v1beta1"
        )
    name = top.at("metadata", "name")
    if not name.string():
        name.refuse("invalid Provider: missing metadata.name", "name the provider as policies do")
    spec = top.get("spec")
    for given in spec.mapping():
        if given not in _FIELDS:
            spec.get(given).refuse(
                f"invalid Provider: unknown field spec.{given}", f"a Provider has {', '.join(_FIELDS)}"
            )
    host, port, target = _url(spec.get("url"))
    return Provider(
        name=name.string(),
        host=host,
        port=port,
        target=target,
        timeout=_timeout(spec.get("timeout")),
        ca_bundle=_ca_bundle(spec.get("caBundle")),
        digest=sha256(render_json(spec.value).encode()).hexdigest(),
    )


def load_providers(documents: Iterable[Document]) -> tuple[tuple[Provider, ...], list[PolicyError]]:
    """The Providers among the documents, sorted by name, and what is wrong."""
    made: dict[str, tuple[Provider, Document]] = {}
    errors: list[PolicyError] = []
    for document in documents:
        if not is_provider(document.value):
            continue
        try:
            provider = parse_provider(document)
            first = made.setdefault(provider.name, (provider, document))
            if first[1] is not document:
                root(document).at("metadata", "name").refuse(
                    f"provider {provider.name!r} is defined twice; the other is in {first[1].file}",
                    "rename or remove one",
                )
        except PolicyError as error:
            errors.append(error)
    return tuple([made[name][0] for name in sorted(made)]), errors


def _url(field: Field) -> tuple[str, int, str]:
    """Host, port and what to ask for."""
    text = field.string()
    example = "such as https://provider.namespace:8090/validate"
    if not text:
        field.refuse("invalid Provider: missing spec.url", example)
    if len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        field.refuse("invalid Provider: spec.url is no URL", example)
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
        field.refuse("invalid Provider: spec.url is no URL", example)
    if url.scheme != "https":
        field.refuse("invalid Provider: only HTTPS is supported for Providers", example)
    if not host or port == 0:
        field.refuse("invalid Provider: spec.url names no host", example)
    if "@" in url.netloc:
        field.refuse(
            "invalid Provider: spec.url holds a user or password", "authenticate with a client certificate"
        )
    return host, port or 443, (url.path or "/") + (f"?{url.query}" if url.query else "")


def _timeout(field: Field) -> int:
    value = field.value
    if field.absent or value == 0:
        field.refuse(
            "invalid Provider: spec.timeout is 0, with which every request fails at once",
            "give the seconds that a request may take, such as 3",
        )
    if type(value) is not int or not 0 < value < _LONGEST_TIMEOUT:
        field.refuse("invalid Provider: spec.timeout must be a positive integer, in seconds", "such as 3")
    return value


def _ca_bundle(field: Field) -> str:
    """The bundle's certificates as PEM."""
    hint = (
        "the base64 of the PEM of the authority that signed the provider's certificate: `base64 -w0 ca.crt`"
    )
    text = field.string()
    if not text:
        field.refuse("invalid Provider: missing spec.caBundle, which HTTPS needs", hint)
    if len(text) > _LARGEST_BUNDLE:
        field.refuse(f"invalid Provider: spec.caBundle is longer than {_LARGEST_BUNDLE} characters", hint)
    # Go leaves line ends out, and takes no other space.
    try:
        pem = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        field.refuse("invalid Provider: spec.caBundle is no base64 of a PEM", hint)
    # Not needed, and not imported, where there are no Providers.
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        field.refuse("invalid Provider: spec.caBundle holds no certificate that can be read", hint)
    return pem
