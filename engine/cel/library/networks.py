"""Addresses and networks (k8s.io/apiserver pkg/cel/library/ip.go and cidr.go): no zones, no IPv4 in IPv6."""

from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library.addresses import Cidr, Ip, parse_address, parse_prefix, quoted
from lockgate.engine.cel.library.declaring import call, function, method
from lockgate.engine.cel.types import BOOL, CIDR, INT, IP, STRING
from lockgate.engine.cel.values import Value

_LOOPBACK_FOUR: Final = Cidr(Ip(4, 127 << 24), 8)
_MULTICAST: Final = (Cidr(Ip(4, 224 << 24), 4), Cidr(Ip(6, 0xFF << 120), 8))
_LINK_LOCAL: Final = (Cidr(Ip(4, 0xA9FE0000), 16), Cidr(Ip(6, 0xFE80 << 112), 10))
_LINK_LOCAL_MULTICAST_FOUR: Final = Cidr(Ip(4, 0xE0000000), 24)
_BROADCAST: Final = Ip(4, 0xFFFFFFFF)


def to_ip(text: str) -> Ip:
    """`ip("10.0.0.1")`. Raises CelError."""
    try:
        ip, zone = parse_address(text)
    except CelError as error:
        raise CelError(
            f"IP Address {quoted(text)} parse error during conversion from string: {error}"
        ) from error
    if zone:
        raise CelError(f"IP address {quoted(text)} with zone value is not allowed")
    if ip.is_mapped:
        raise CelError(f"IPv4-mapped IPv6 address {quoted(text)} is not allowed")
    return ip


def _network(text: str) -> Cidr:
    try:
        found = parse_prefix(text)
    except CelError as error:
        raise CelError(f"network address parse error during conversion from string: {error}") from error
    if found.ip.is_mapped:
        raise CelError(f"IPv4-mapped IPv6 address {quoted(text)} is not allowed")
    return found


def to_cidr(text: str) -> Cidr:
    """`cidr("10.0.0.0/8")`. Raises CelError."""
    try:
        return _network(text)
    except CelError as error:
        raise CelError(f"network address parse error during conversion from string: {error}") from error


def is_ip(text: str) -> bool:
    """`isIP("10.0.0.1")`."""
    try:
        to_ip(text)
    except CelError:
        return False
    return True


def is_cidr(text: str) -> bool:
    """`isCIDR("10.0.0.0/8")`."""
    try:
        _network(text)
    except CelError:
        return False
    return True


def is_canonical(text: str) -> bool:
    """`ip.isCanonical("10.0.0.1")`: is it written as Go writes it?"""
    return str(to_ip(text)) == text


def family(ip: Ip) -> int:
    """4 or 6."""
    return ip.version


def is_unspecified(ip: Ip) -> bool:
    """Is it `0.0.0.0` or `::`?"""
    return ip.number == 0


def is_loopback(ip: Ip) -> bool:
    """Is it in `127.0.0.0/8`, or `::1`?"""
    return _LOOPBACK_FOUR.contains(ip) or (ip.version == 6 and ip.number == 1)


def is_link_local_multicast(ip: Ip) -> bool:
    """Is it in `224.0.0.0/24`, or `ff02::` of any flags?"""
    if ip.version == 4:
        return _LINK_LOCAL_MULTICAST_FOUR.contains(ip)
    return ip.number >> 112 & 0xFF0F == 0xFF02


def is_link_local_unicast(ip: Ip) -> bool:
    """Is it in `169.254.0.0/16` or `fe80::/10`?"""
    return any(one.contains(ip) for one in _LINK_LOCAL)


def is_global_unicast(ip: Ip) -> bool:
    """Is it none of the others? Private addresses are."""
    return not (
        is_unspecified(ip)
        or ip == _BROADCAST
        or is_loopback(ip)
        or any(one.contains(ip) for one in _MULTICAST)
        or is_link_local_unicast(ip)
    )


def to_text(value: Value) -> str:
    """`string(ip)` and `string(cidr)`."""
    return str(value)


def contains_ip(cidr: Cidr, ip: Ip) -> bool:
    """Is the address in the network?"""
    return cidr.contains(ip)


def contains_ip_text(cidr: Cidr, text: str) -> bool:
    """Is the address in the network? Raises CelError for a text that is none, upstream without its reason."""
    try:
        return cidr.contains(to_ip(text))
    except CelError as error:
        raise CelError("no such overload") from error


def contains_cidr(cidr: Cidr, other: Cidr) -> bool:
    """Is the other network in this one?"""
    return cidr.length <= other.length and cidr.contains(other.ip)


def contains_cidr_text(cidr: Cidr, text: str) -> bool:
    """Is the other network in this one? Raises CelError for a text that is none."""
    return contains_cidr(cidr, to_cidr(text))


def address(cidr: Cidr) -> Ip:
    """The address that was written."""
    return cidr.ip


def prefix_length(cidr: Cidr) -> int:
    """The length of the prefix."""
    return cidr.length


def masked(cidr: Cidr) -> Cidr:
    """The network without bits behind its prefix."""
    return cidr.masked


def _cost_of_containing(cidr: Value, other: Value) -> int:
    found = costs.traversal(2 * costs.size(cidr))
    return found + costs.of_first(other) if type(other) is str else found


def _cost_of_containing_cidr(cidr: Value, other: Value) -> int:
    return _cost_of_containing(cidr, other) + costs.of_first(cidr) + 1


FUNCTIONS: Final[tuple[Function, ...]] = (
    function(
        "ip",
        call("string_to_ip", (STRING,), IP, to_ip, costs.of_first),
        method("cidr_ip", (CIDR,), IP, address),
    ),
    function("family", method("ip_family", (IP,), INT, family)),
    function("ip.isCanonical", call("ip_is_canonical", (STRING,), BOOL, is_canonical, costs.of_first_twice)),
    function("isUnspecified", method("ip_is_unspecified", (IP,), BOOL, is_unspecified)),
    function("isLoopback", method("ip_is_loopback", (IP,), BOOL, is_loopback)),
    function(
        "isLinkLocalMulticast", method("ip_is_link_local_multicast", (IP,), BOOL, is_link_local_multicast)
    ),
    function("isLinkLocalUnicast", method("ip_is_link_local_unicast", (IP,), BOOL, is_link_local_unicast)),
    function("isGlobalUnicast", method("ip_is_global_unicast", (IP,), BOOL, is_global_unicast)),
    function("isIP", call("is_ip", (STRING,), BOOL, is_ip, costs.of_first)),
    function(
        "string",
        call("ip_to_string", (IP,), STRING, to_text),
        call("cidr_to_string", (CIDR,), STRING, to_text),
    ),
    function("cidr", call("string_to_cidr", (STRING,), CIDR, to_cidr, costs.of_first)),
    function(
        "containsIP",
        method("cidr_contains_ip_string", (CIDR, STRING), BOOL, contains_ip_text, _cost_of_containing),
        method("cidr_contains_ip_ip", (CIDR, IP), BOOL, contains_ip, _cost_of_containing),
    ),
    function(
        "containsCIDR",
        method(
            "cidr_contains_cidr_string", (CIDR, STRING), BOOL, contains_cidr_text, _cost_of_containing_cidr
        ),
        method("cidr_contains_cidr", (CIDR, CIDR), BOOL, contains_cidr, _cost_of_containing_cidr),
    ),
    function("prefixLength", method("cidr_prefix_length", (CIDR,), INT, prefix_length)),
    function("masked", method("cidr_masked", (CIDR,), CIDR, masked)),
    function("isCIDR", call("is_cidr", (STRING,), BOOL, is_cidr, costs.of_first)),
)
