"""Subject alternative names (RFC 5280, section 4.2.1.6): DNS names, addresses of mail, IP addresses and URIs."""

import ipaddress
import re
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.go_url import Url, parse_url
from lockgate.engine.rego.builtins.x509.der import SEQUENCE, Reader

# The tags of general names.
_EMAIL: Final = 0x81
_DNS: Final = 0x82
_URI: Final = 0x86
_IP: Final = 0x87
_LABEL: Final = re.compile(r"[\x21-\x2d\x2f-\x7e]+")


@record
class AlternativeNames:
    """The names of each kind; IP addresses have four or sixteen bytes."""

    dns: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[bytes, ...] = ()
    uris: tuple[Url, ...] = ()


def read_alternative_names(value: bytes) -> AlternativeNames:
    """The names in an extension's value; those of other kinds are left out."""
    dns: list[str] = []
    emails: list[str] = []
    addresses: list[bytes] = []
    uris: list[Url] = []
    inside = Reader(value).inside(SEQUENCE, "x509: invalid subject alternative names")
    while not inside.empty:
        tag, contents = inside.any("x509: invalid subject alternative name")
        if tag == _EMAIL:
            emails.append(ascii_text(contents, "x509: SAN rfc822Name is malformed"))
        elif tag == _DNS:
            dns.append(ascii_text(contents, "x509: SAN dNSName is malformed"))
        elif tag == _URI:
            uris.append(_uri(ascii_text(contents, "x509: SAN uniformResourceIdentifier is malformed")))
        elif tag == _IP:
            if len(contents) not in (4, 16):
                raise BuiltinError(f"x509: cannot parse IP address of length {len(contents)}")
            addresses.append(contents)
    return AlternativeNames(tuple(dns), tuple(emails), tuple(addresses), tuple(uris))


def _uri(text: str) -> Url:
    try:
        url = parse_url(text)
    except BuiltinError as error:
        raise BuiltinError(f"x509: cannot parse URI: {error.message}") from error
    if not is_domain(url.host):
        raise BuiltinError("x509: cannot parse URI: invalid domain")
    return url


def ascii_text(contents: bytes, problem: str) -> str:
    """The ASCII text of an IA5String."""
    if not contents.isascii():
        raise BuiltinError(problem)
    return contents.decode("ascii")


def is_domain(name: str) -> bool:
    """May a name stand for a domain? Go is generous: an empty one may, and any printable characters."""
    return not name or all(map(_LABEL.fullmatch, name.split(".")))


def is_constraint(name: str) -> bool:
    """May a name stand for the domains below it? As a domain, with a point before it or not."""
    return is_domain(name.removeprefix(".")) and name != "."


def shown_address(address: bytes) -> str:
    """An IP address as Go writes it."""
    if len(address) == 4:
        return str(ipaddress.IPv4Address(address))
    found = ipaddress.IPv6Address(address)
    return str(found.ipv4_mapped or found)


def shown_uri(url: Url) -> Value:
    """A URI as Go writes its parts in JSON, where a user has no fields."""
    return {
        "Scheme": url.scheme,
        "Opaque": url.opaque,
        "User": None if url.user is None else {},
        "Host": url.host,
        "Path": url.path.text,
        "RawPath": url.path.raw,
        "OmitHost": url.omit_host,
        "ForceQuery": url.force_query,
        "RawQuery": url.query,
        "Fragment": url.fragment.text,
        "RawFragment": url.fragment.raw,
    }


def shown_names(names: AlternativeNames) -> dict[str, Value]:
    """The names as Go writes them in JSON; a kind without any is null."""
    return {
        "DNSNames": list(names.dns) or None,
        "EmailAddresses": list(names.emails) or None,
        "IPAddresses": [shown_address(address) for address in names.addresses] or None,
        "URIs": [shown_uri(url) for url in names.uris] or None,
    }
