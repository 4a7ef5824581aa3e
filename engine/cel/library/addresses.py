"""Addresses and networks of IPv4 and IPv6 as Go's `net/netip` reads and writes them, with its errors."""

from typing import Final, final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.opaque import KubernetesValue

_HEX: Final = frozenset("0123456789abcdefABCDEF")
_DIGITS: Final = frozenset("0123456789")
_MAPPED: Final = 0xFFFF
# The longest address has 45 characters, with a zone some more.
_LONGEST: Final = 1_000


@final
class Ip(KubernetesValue):
    """An address: its bits, and 4 or 6."""

    __slots__ = ("number", "version")
    type_name = "net.IP"

    def __init__(self, version: int, number: int) -> None:
        self.version: Final = version
        self.number: Final = number

    def __eq__(self, other: object) -> bool:
        return type(other) is Ip and (self.version, self.number) == (other.version, other.number)

    def __hash__(self) -> int:
        return hash((Ip, self.version, self.number))

    def __str__(self) -> str:
        import ipaddress

        kind = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        return str(kind(self.number))

    @property
    def bits(self) -> int:
        """32 or 128."""
        return 32 if self.version == 4 else 128

    @property
    def is_mapped(self) -> bool:
        """Is it an IPv4 address in an IPv6 one?"""
        return self.version == 6 and self.number >> 32 == _MAPPED

    @property
    def cost_size(self) -> int:
        """Its bytes."""
        return self.bits // 8


@final
class Cidr(KubernetesValue):
    """An address with the length of its network's prefix; bits behind it may be set."""

    __slots__ = ("ip", "length")
    type_name = "net.CIDR"

    def __init__(self, ip: Ip, length: int) -> None:
        self.ip: Final = ip
        self.length: Final = length

    def __eq__(self, other: object) -> bool:
        return type(other) is Cidr and (self.ip, self.length) == (other.ip, other.length)

    def __hash__(self) -> int:
        return hash((Cidr, self.ip, self.length))

    def __str__(self) -> str:
        return f"{self.ip}/{self.length}"

    @property
    def masked(self) -> "Cidr":
        """The network: without bits behind the prefix."""
        host = self.ip.bits - self.length
        return Cidr(Ip(self.ip.version, self.ip.number >> host << host), self.length)

    def contains(self, ip: Ip) -> bool:
        """Is an address in the network?"""
        host = self.ip.bits - self.length
        return ip.version == self.ip.version and ip.number >> host == self.ip.number >> host

    @property
    def cost_size(self) -> int:
        """The bytes of its prefix."""
        return -(-self.length // 8)


def quoted(text: str) -> str:
    """A text in an error, as Go quotes it."""
    # Needed for errors only.
    from lockgate.engine.rego.builtins.gotext import quote

    return quote(text[:_LONGEST])


def _wrong(text: str, message: str, at: str = "") -> CelError:
    where = f" (at {quoted(at)})" if at else ""
    return CelError(f"ParseAddr({quoted(text)}): {message}{where}")


def parse_address(text: str) -> tuple[Ip, str]:
    """An address and its zone. Raises CelError in Go's words."""
    if len(text) > _LONGEST:
        raise _wrong(text, "unable to parse IP")
    for char in text:
        if char == ".":
            return Ip(4, _four(text, text)), ""
        if char == ":":
            return _six(text)
        if char == "%":
            raise _wrong(text, "missing IPv6 address")
    raise _wrong(text, "unable to parse IP")


def _four(text: str, part: str) -> int:
    """The bits of an IPv4 address in a text, of which it may be the end."""
    number = field = digits = fields = 0
    for at, char in enumerate(part):
        if char in _DIGITS:
            if digits == 1 and field == 0:
                raise _wrong(text, "IPv4 field has octet with leading zero")
            field = field * 10 + int(char)
            digits += 1
            if field > 255:
                raise _wrong(text, "IPv4 field has value >255")
        elif char == ".":
            if at == 0 or at == len(part) - 1 or part[at - 1] == ".":
                raise _wrong(text, "IPv4 field must have at least one digit", part[at:])
            if fields == 3:
                raise _wrong(text, "IPv4 address too long")
            number = number << 8 | field
            field = digits = 0
            fields += 1
        else:
            raise _wrong(text, "unexpected character", part[at:])
    if fields < 3:
        raise _wrong(text, "IPv4 address too short")
    return number << 8 | field


def _six(text: str) -> tuple[Ip, str]:
    rest, percent, zone = text.partition("%")
    if percent and not zone:
        raise _wrong(text, "zone must be a non-empty string")
    fields: list[int] = []
    # Where `::` stands for zeros.
    gap = -1
    if rest.startswith("::"):
        gap, rest = 0, rest[2:]
        if not rest:
            return Ip(6, 0), zone
    while len(fields) < 8:
        size = 0
        while size < len(rest) and rest[size] in _HEX:
            if size > 3:
                raise _wrong(text, "each group must have 4 or less digits", rest)
            size += 1
        if not size:
            raise _wrong(text, "each colon-separated field must have at least one digit", rest)
        if rest[size : size + 1] == ".":
            fields += _embedded(text, rest, len(fields), gap)
            rest = ""
            break
        fields.append(int(rest[:size], 16))
        rest = rest[size:]
        if not rest:
            break
        if rest[0] != ":":
            raise _wrong(text, "unexpected character, want colon", rest)
        if len(rest) == 1:
            raise _wrong(text, "colon must be followed by more characters", rest)
        rest = rest[1:]
        if rest[0] == ":":
            if gap >= 0:
                raise _wrong(text, "multiple :: in address", rest)
            gap, rest = len(fields), rest[1:]
            if not rest:
                break
    if rest:
        raise _wrong(text, "trailing garbage after address", rest)
    if len(fields) == 8 and gap >= 0:
        raise _wrong(text, "the :: must expand to at least one field of zeros")
    if len(fields) < 8:
        if gap < 0:
            raise _wrong(text, "address string too short")
        fields[gap:gap] = [0] * (8 - len(fields))
    number = 0
    for field in fields:
        number = number << 16 | field
    return Ip(6, number), zone


def _embedded(text: str, rest: str, fields: int, gap: int) -> tuple[int, int]:
    """The last two fields of an IPv6 address, written as an IPv4 address."""
    if gap < 0 and fields != 6:
        raise _wrong(text, "embedded IPv4 address must replace the final 2 fields of the address", rest)
    if fields > 6:
        raise _wrong(text, "too many hex fields to fit an embedded IPv4 at the end of the address", rest)
    return divmod(_four(text, rest), 1 << 16)


def parse_prefix(text: str) -> Cidr:
    """A network. Raises CelError in Go's words."""
    shown = f"netip.ParsePrefix({quoted(text)}): "
    start, slash, length = text.rpartition("/")
    if not slash:
        raise CelError(shown + "no '/'")
    try:
        ip, zone = parse_address(start)
    except CelError as error:
        raise CelError(shown + str(error)) from error
    if zone:
        raise CelError(shown + "IPv6 zones cannot be present in a prefix")
    if (len(length) > 1 and length[0] not in "123456789") or not length or not _DIGITS.issuperset(length):
        raise CelError(f"{shown}bad bits after slash: {quoted(length)}")
    if len(length) > 18:
        raise CelError(f"{shown}bad bits after slash: {quoted(length)}")
    if int(length) > ip.bits:
        raise CelError(shown + "prefix length out of range")
    return Cidr(ip, int(length))
