"""`net.cidr_*`: addresses and networks of IPv4 and IPv6, as Go's `net` reads them."""

from typing import Final

from lockgate.engine.codegen.values import Object, Set, Value, object_items, ordered
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.context import Context, reserve_values
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.operands import string

_MAPPED: Final = 0xFFFF << 32
_BITS: Final = {4: 32, 6: 128}


@record
class _Network:
    """A network, its address without host bits. IPv4 in IPv6 counts as IPv4."""

    version: int
    address: int
    prefix: int

    @property
    def last(self) -> int:
        """Its last address."""
        return self.address | ((1 << (_BITS[self.version] - self.prefix)) - 1)

    def has(self, version: int, address: int) -> bool:
        """Is an address in it?"""
        return version == self.version and self.address <= address <= self.last


def _address(text: str) -> tuple[int, int] | None:
    """Version and number of an address, IPv4 in IPv6 as it is written."""
    import ipaddress

    if "%" in text or not text.isascii():
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.version, int(found)


def _plain(version: int, address: int) -> tuple[int, int]:
    if version == 6 and address >> 32 == 0xFFFF:
        return 4, address - _MAPPED
    return version, address


def _network(text: str) -> _Network | None:
    start, slash, digits = text.partition("/")
    found = _address(start) if slash else None
    if found is None or not digits.isascii() or not digits.isdigit() or len(digits) > 8:
        return None
    version, address = found
    bits, prefix = _BITS[version], int(digits)
    if prefix > bits:
        return None
    address = address >> (bits - prefix) << (bits - prefix)
    plain_version, plain = _plain(version, address)
    if plain_version != version:
        return _Network(4, plain, max(0, prefix - 96))
    return _Network(version, address, prefix)


def _parsed(text: Value) -> _Network:
    given = string(text, 1)
    found = _network(given)
    if found is None:
        raise BuiltinError(f"invalid CIDR address: {given[:100]}")
    return found


def _shown(version: int, address: int) -> str:
    import ipaddress

    return str(ipaddress.IPv4Address(address) if version == 4 else ipaddress.IPv6Address(address))


def net_cidr_is_valid(text: Value) -> bool:
    """Is it an address with a prefix length?"""
    return type(text) is str and _network(text) is not None


def net_cidr_contains(network: Value, inner: Value) -> bool:
    """Is the address, or the whole other network, in the network?"""
    outer = _parsed(network)
    given = string(inner, 1)
    address = _address(given)
    if address is not None:
        return outer.has(*_plain(*address))
    other = _network(given)
    if other is None:
        raise BuiltinError(f"not a valid textual representation of an IP address or CIDR: {given[:100]}")
    return outer.has(other.version, other.address) and outer.has(other.version, other.last)


def net_cidr_overlap(network: Value, inner: Value) -> bool:
    """The deprecated name of `net.cidr_contains`."""
    return net_cidr_contains(network, inner)


def net_cidr_intersects(left: Value, right: Value) -> bool:
    """Have both networks an address in common?"""
    one, other = _parsed(left), _parsed(right)
    return one.has(other.version, other.address) or other.has(one.version, one.address)


def _entries(value: Value, position: int) -> list[tuple[Value, Value]]:
    """The networks in an operand, each with the index that names it in the result."""
    kind = type(value)
    if kind is str:
        return [(value, value)]
    if kind is list:
        pairs: list[tuple[Value, Value]] = list(enumerate(value))  # type: ignore[arg-type]
    elif kind is Set:
        pairs = [(item, item) for item in ordered(value)]  # type: ignore[arg-type]
    elif kind is dict or kind is Object:
        pairs = object_items(value)  # type: ignore[arg-type]
    else:
        return []
    found: list[tuple[Value, Value]] = []
    for index, item in pairs:
        if type(item) is list and item:
            found.append((item[0], index))
        elif type(item) is str:
            found.append((item, index))
        else:
            raise BuiltinError(f"operand {position}: element must be string or non-empty array")
    return found


def net_cidr_contains_matches(context: Context, networks: Value, inners: Value) -> Set:
    """The pairs of indexes of networks and of what they contain."""
    outer = _entries(networks, 1)
    if not outer:
        return Set()  # OPA looks at the other operand for each network.
    inner = _entries(inners, 2)
    context.spend(len(outer) * len(inner))
    return Set(
        [
            [index, other_index]
            for network, index in outer
            for other, other_index in inner
            if net_cidr_contains(network, other)
        ]
    )


def net_cidr_expand(context: Context, text: Value) -> Set:
    """All addresses of a network."""
    network = _parsed(text)
    reserve_values(context, network.last - network.address + 1)
    return Set([_shown(network.version, address) for address in range(network.address, network.last + 1)])


def _mergeable(item: Value) -> tuple[_Network, str]:
    """A network and how it is written when nothing joins it; an IPv4 address takes the prefix of its class."""
    if type(item) is not str:
        raise BuiltinError("element must be string")
    found = _address(item)
    if found is None:
        network = _parsed(item)
        return network, f"{_shown(network.version, network.address)}/{network.prefix}"
    version, address = _plain(*found)
    if version == 6:
        raise BuiltinError("IPv6 invalid: needs prefix length")
    first = address >> 24
    if first >= 224:
        raise BuiltinError(f"{item} has no default prefix length")
    prefix = 8 if first < 128 else (16 if first < 192 else 24)
    network = _Network(4, address >> (32 - prefix) << (32 - prefix), prefix)
    return network, f"{_shown(4, address)}/{prefix}"


def net_cidr_merge(context: Context, networks: Value) -> Set:
    """The fewest networks with the same addresses."""
    if type(networks) is not list and type(networks) is not Set:
        raise BuiltinError("operand must be an array")
    reserve_values(context, len(networks))
    found = [_mergeable(item) for item in networks]
    found.sort(key=lambda pair: (pair[0].version, pair[0].last, pair[0].address))
    # Ranges of first and last address, with the text of one that is a network as given.
    ranges: list[tuple[int, int, int, str]] = []
    for network, text in found:
        version, first, last = network.version, network.address, network.last
        while ranges and ranges[-1][0] == version and first <= ranges[-1][2] + 1:
            first = min(first, ranges.pop()[1])
            text = ""
        ranges.append((version, first, last, text))
    merged: list[Value] = []
    for version, first, last, text in ranges:
        merged += [text] if text else _cover(version, first, last)
    return Set(merged)


def _cover(version: int, first: int, last: int) -> list[Value]:
    """The fewest networks that make up a range."""
    found: list[Value] = []
    bits = _BITS[version]
    while first <= last:
        host = min((first & -first).bit_length() - 1 if first else bits, (last - first + 1).bit_length() - 1)
        found.append(f"{_shown(version, first)}/{bits - host}")
        first += 1 << host
    return found
