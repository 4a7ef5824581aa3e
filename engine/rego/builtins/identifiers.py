"""`uuid.*` and `rand.intn`: identifiers, and what looks random yet is the same for the same evaluation."""

import re
from typing import Final

from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value, render_json
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.operands import bytes_of, machine_integer, string

_HEX: Final = r"[0-9a-fA-F]"
_DASHED: Final = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_FORMS: Final = re.compile(rf"(?:[uU][rR][nN]:[uU][uU][iI][dD]:)?{_DASHED}|{_HEX}{{32}}")
_INT64: Final = 1 << 63
_BRACED: Final = 38
# 100 ns between 1582-10-15, where UUIDs count from, and 1970.
_EPOCH: Final = 122_192_928_000_000_000
_DOMAINS: Final = {0: "Person", 1: "Group", 2: "Org"}


def _digest(context: Context, purpose: str, text: str) -> bytes:
    import hashlib

    return hashlib.sha256(f"{purpose}\0{context.now_ns}\0".encode() + bytes_of(text)).digest()


def uuid_rfc4122(context: Context, name: Value) -> str:
    """A version 4 UUID that is the same for the same name and time of evaluation."""
    digits = bytearray(_digest(context, "uuid", render_json(name))[:16])
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def rand_intn(context: Context, name: Value, limit: Value) -> int:
    """A number from 0 up to, without, the limit, the same for the same name, limit and time of evaluation."""
    given, bound = string(name, 1), abs(machine_integer(limit, 2))
    if bound == 0:
        return 0
    return int.from_bytes(_digest(context, f"rand {bound}", given), "big") % bound


def uuid_parse(text: Value) -> Value | Undefined:
    """What a UUID says: version, variant and, of versions 1 and 2, time and node; undefined if it is none."""
    given = string(text, 1)
    if len(bytes_of(given)) == _BRACED:
        # Go does not look at what the braces are.
        given = given[1:-1]
    if not _FORMS.fullmatch(given):
        return UNDEFINED
    number = int(given.lower().removeprefix("urn:uuid:").replace("-", ""), 16)
    data = number.to_bytes(16, "big")
    version = data[6] >> 4
    found: dict[str, Value] = {"version": version, "variant": _variant(data[8])}
    if version not in (1, 2):
        return found
    low, middle, high = data[0:4], data[4:6], bytes([data[6] & 0x0F, data[7]])
    ticks = int.from_bytes(high + middle + low, "big")
    node = data[10:]
    # Go counts in 64 bits, and so wraps around before 1677.
    found["time"] = ((ticks - _EPOCH) * 100 + _INT64) % (2 * _INT64) - _INT64
    found["nodeid"] = "-".join([f"{byte:02x}" for byte in node])
    found["macvariables"] = (
        f"{'local' if node[0] & 2 else 'global'}:{'multicast' if node[0] & 1 else 'unicast'}"
    )
    found["clocksequence"] = int.from_bytes(data[8:10], "big") & 0x3FFF
    if version == 2:
        found["id"] = int.from_bytes(low, "big")
        found["domain"] = _DOMAINS.get(data[9], f"Domain{data[9]}")
    return found


def _variant(byte: int) -> str:
    if byte & 0xC0 == 0x80:
        return "RFC4122"
    if byte & 0xE0 == 0xC0:
        return "Microsoft"
    return "Future" if byte & 0xE0 == 0xE0 else "Reserved"
