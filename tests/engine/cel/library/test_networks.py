"""Addresses, networks and URLs; results and errors are those of Kubernetes 1.34 and Go's `net/netip` and `net/url`."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.errors import CelError, CostError
from lockgate.engine.cel.library import networks
from lockgate.engine.cel.library.addresses import Cidr, Ip, parse_address, parse_prefix
from lockgate.engine.cel.values import Value

from tests.engine.cel.library.calling import asked, body, called, told

READ = [
    ("1.2.3.4", "1.2.3.4"),
    ("::", "::"),
    ("1::", "1::"),
    ("FE80::1", "fe80::1"),
    ("0:0:0:0:0:0:0:1", "::1"),
    ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ("::1.2.3.4", "::102:304"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
]

REFUSED = [
    ("", "unable to parse IP"),
    ("x", "unable to parse IP"),
    ("1" * 2_000, "unable to parse IP"),
    ("01.2.3.4", "IPv4 field has octet with leading zero"),
    ("1.2.3", "IPv4 address too short"),
    ("1.2.3.4.5", "IPv4 address too long"),
    ("256.1.1.1", "IPv4 field has value >255"),
    ("1..2.3", 'IPv4 field must have at least one digit (at ".2.3")'),
    ("1.2.3.4 ", 'unexpected character (at " ")'),
    ("1::2::3", 'multiple :: in address (at ":3")'),
    (":1", 'each colon-separated field must have at least one digit (at ":1")'),
    ("1:", 'colon must be followed by more characters (at ":")'),
    ("1:2", "address string too short"),
    ("1:2:3:4:5:6:7:8:9", 'trailing garbage after address (at "9")'),
    ("::1:2:3:4:5:6:7:8", "the :: must expand to at least one field of zeros"),
    ("12345::", 'each group must have 4 or less digits (at "12345::")'),
    ("1:g::", 'each colon-separated field must have at least one digit (at "g::")'),
    ("1g::", 'unexpected character, want colon (at "g::")'),
    ("1:1.2.3.4", 'embedded IPv4 address must replace the final 2 fields of the address (at "1.2.3.4")'),
    ("::2:3:4:5:6:7:1.2.3.4", "the :: must expand to at least one field of zeros"),
    (
        "::1:2:3:4:5:6:7:1.2.3.4",
        'too many hex fields to fit an embedded IPv4 at the end of the address (at "1.2.3.4")',
    ),
    ("%eth0", "missing IPv6 address"),
    ("fe80::1%", "zone must be a non-empty string"),
]


@pytest.mark.parametrize(("text", "canonical"), READ)
def test_an_address_is_read_and_written_as_go_does(text: str, canonical: str) -> None:
    assert called("string", called("ip", text)) == canonical
    assert called("ip.isCanonical", text) is (text == canonical)
    assert called("isIP", text) is True


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_no_address(text: str, words: str) -> None:
    shown = text[:1_000]
    assert told(body("ip", False, 1), text) == (
        f'IP Address "{shown}" parse error during conversion from string: ParseAddr("{shown}"): {words}'
    )
    assert called("isIP", text) is False


def test_addresses_that_kubernetes_does_not_allow() -> None:
    assert told(body("ip", False, 1), "fe80::1%eth0") == (
        'IP address "fe80::1%eth0" with zone value is not allowed'
    )
    assert told(body("ip", False, 1), "::ffff:1.2.3.4") == (
        'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'
    )


KINDS = ("isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast")
OF_KIND: list[tuple[str, tuple[str, ...]]] = [
    ("0.0.0.0", ("isUnspecified",)),
    ("::", ("isUnspecified",)),
    ("127.255.255.255", ("isLoopback",)),
    ("::1", ("isLoopback",)),
    ("224.0.0.1", ("isLinkLocalMulticast",)),
    ("224.0.1.1", ()),
    ("ff02::1", ("isLinkLocalMulticast",)),
    ("ff12::1", ("isLinkLocalMulticast",)),
    ("ff05::1", ()),
    ("169.254.1.1", ("isLinkLocalUnicast",)),
    ("fe80::1", ("isLinkLocalUnicast",)),
    ("255.255.255.255", ()),
    ("10.0.0.1", ("isGlobalUnicast",)),
    ("fc00::1", ("isGlobalUnicast",)),
]


@pytest.mark.parametrize(("text", "kinds"), OF_KIND)
def test_what_an_address_is_for(text: str, kinds: tuple[str, ...]) -> None:
    ip = called("ip", text)
    assert tuple([name for name in KINDS if asked(name, ip)]) == kinds
    assert asked("family", ip) == (6 if ":" in text else 4)


NO_NETWORKS = [
    ("10.0.0.0", "no '/'"),
    ("10.0.0/8", 'ParseAddr("10.0.0"): IPv4 address too short'),
    ("10.0.0.0/", 'bad bits after slash: ""'),
    ("10.0.0.0/08", 'bad bits after slash: "08"'),
    ("10.0.0.0/-1", 'bad bits after slash: "-1"'),
    ("10.0.0.0/33", "prefix length out of range"),
    ("::/129", "prefix length out of range"),
    ("10.0.0.0/99999999999999999999", 'bad bits after slash: "99999999999999999999"'),
    ("fe80::1%a/8", "IPv6 zones cannot be present in a prefix"),
]


@pytest.mark.parametrize(("text", "words"), NO_NETWORKS)
def test_what_is_no_network(text: str, words: str) -> None:
    # Upstream says it twice.
    assert told(body("cidr", False, 1), text) == (
        "network address parse error during conversion from string: "
        "network address parse error during conversion from string: "
        f'netip.ParsePrefix("{text}"): {words}'
    )
    assert called("isCIDR", text) is False


def test_networks_contain_addresses_and_networks() -> None:
    net = called("cidr", "10.1.2.3/8")
    assert [called("string", one) for one in (net, asked("masked", net), asked("ip", net))] == [
        "10.1.2.3/8",
        "10.0.0.0/8",
        "10.1.2.3",
    ]
    assert asked("prefixLength", net) == 8
    assert called("isCIDR", "10.0.0.0/8") is True
    assert asked("containsIP", net, "10.255.0.1") is True
    assert asked("containsIP", net, called("ip", "11.0.0.1")) is False
    assert asked("containsIP", called("cidr", "::/0"), "1.2.3.4") is False
    assert asked("containsCIDR", net, "10.9.0.0/16") is True
    assert asked("containsCIDR", called("cidr", "10.9.0.0/16"), net) is False
    # As written, not by what they contain.
    assert called("_==_", net, asked("masked", net)) is False
    assert called("_==_", called("ip", "::1"), called("ip", "0::1")) is True


MISUSED: list[tuple[str, bool, tuple[Any, ...], str]] = [
    ("containsIP", True, (Cidr(Ip(4, 0), 8), "x"), "no such overload"),
    (
        "containsCIDR",
        True,
        (Cidr(Ip(4, 0), 8), "x"),
        (
            "network address parse error during conversion from string: "
            "network address parse error during conversion from string: netip.ParsePrefix(\"x\"): no '/'"
        ),
    ),
    ("family", True, (1,), "no such overload: family(int)"),
    ("_==_", False, (Ip(4, 1), 1), "no such overload"),
    ("size", False, (Ip(4, 1),), "no such overload: size"),
    (
        "cidr",
        False,
        ("::ffff:1.2.3.4/99",),
        (
            "network address parse error during conversion from string: "
            'IPv4-mapped IPv6 address "::ffff:1.2.3.4/99" is not allowed'
        ),
    ),
]


@pytest.mark.parametrize(("name", "receiver", "arguments", "words"), MISUSED)
def test_a_function_of_addresses_fails_in_the_words_of_kubernetes(
    name: str, receiver: bool, arguments: tuple[Any, ...], words: str
) -> None:
    assert told(body(name, receiver, len(arguments)), *arguments) == words


@given(st.ip_addresses())
def test_addresses_are_read_and_written_as_python_does(address: ipaddress.IPv4Address) -> None:
    found = parse_address(str(address))[0]
    assert (found.version, found.number) == (address.version, int(address))
    # Python writes an IPv4 address in an IPv6 one with dots from 3.13 on.
    assert ipaddress.ip_address(str(found)) == address
    if not found.is_mapped:
        assert networks.is_loopback(found) is address.is_loopback
        assert networks.is_unspecified(found) is address.is_unspecified
        assert networks.is_link_local_unicast(found) is address.is_link_local


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_contains_its_addresses(address: ipaddress.IPv4Address, length: int) -> None:
    found = parse_prefix(f"{address}/{min(length, address.max_prefixlen)}")
    assert found.contains(found.ip)
    assert networks.contains_cidr(found.masked, found)
    assert found.masked.masked == found.masked


@given(st.text(alphabet="0123456789abcdef:.%/", max_size=20))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    try:
        found, zone = parse_address(text)
    except CelError:
        return
    assert ipaddress.ip_address(text.partition("%")[0]) == ipaddress.ip_address(str(found))
    assert zone == text.partition("%")[2]


# A URL, and its scheme, host, host's name, port and path.
URLS = [
    ("http://x:80/p?q=1#f", ("http", "x:80", "x", "80", "/p")),
    ("HTTP://user:pw@h/", ("http", "h", "h", "", "/")),
    ("http://[::1]:80/", ("http", "[::1]:80", "::1", "80", "/")),
    ("/a/b", ("", "", "", "", "/a/b")),
    ("//h/p", ("", "h", "h", "", "/p")),
    ("mailto:a@b", ("mailto", "", "", "", "")),
    ("file:///etc", ("file", "", "", "", "/etc")),
    ("http://x/%2F%20a", ("http", "x", "x", "", "/%2F%20a")),
    ("http://x/a b", ("http", "x", "x", "", "/a%20b")),
    ("*", ("", "", "", "", "*")),
]


@pytest.mark.parametrize(("text", "parts"), URLS)
def test_a_url_is_taken_apart_as_by_go(text: str, parts: tuple[str, ...]) -> None:
    found = called("url", text)
    names = ("getScheme", "getHost", "getHostname", "getPort", "getEscapedPath")
    assert tuple([asked(name, found) for name in names]) == parts
    assert called("isURL", text) is True


QUERIES: list[tuple[str, Value]] = [
    ("q=1&q=2&b", {"q": ["1", "2"], "b": [""]}),
    ("a+b=c%20d", {"a b": ["c d"]}),
    ("a=%zz&b=1", {"b": ["1"]}),
    ("a;b=1&c", {"c": [""]}),
    ("=1", {"": ["1"]}),
    ("a=%", {}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "values"), QUERIES)
def test_a_query_is_taken_apart_as_by_go(text: str, values: Value) -> None:
    assert asked("getQuery", called("url", f"http://x/?{text}")) == values


NO_URLS = [
    ("", "empty url"),
    ("a/b", "invalid URI for request"),
    ("?x", "invalid URI for request"),
    (":x", "missing protocol scheme"),
    ("http://[::1", "missing ']' in host"),
    ("http://x/%", 'invalid URL escape "%"'),
    ("/\u0001", "net/url: invalid control character in URL"),
]


@pytest.mark.parametrize(("text", "words"), NO_URLS)
def test_what_is_no_url(text: str, words: str) -> None:
    shown = text.replace("\u0001", "\\x01")
    assert told(body("url", False, 1), text) == (
        f'URL parse error during conversion from string: parse "{shown}": {words}'
    )
    assert called("isURL", text) is False


def test_a_url_that_is_too_long_is_not_said_to_be_none() -> None:
    with pytest.raises(CostError):
        called("isURL", "http://" + "x" * 1_000_000)


def test_urls_are_equal_as_go_writes_them() -> None:
    assert called("_==_", called("url", "HTTP://x/"), called("url", "http://x/")) is True
    assert told(body("_==_", False, 2), called("url", "http://x/"), "http://x/") == "no such overload"
