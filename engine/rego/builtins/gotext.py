"""Text as Go's `strconv` writes it: quoted strings and floating-point numbers."""

from typing import Final

_SIMPLE: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}


def quote(text: str, mark: str = '"') -> str:
    """A Go literal: what cannot be printed is escaped."""
    return mark + "".join([_quoted(char, mark, str.isprintable(char)) for char in text]) + mark


def quote_ascii(text: str, mark: str = '"') -> str:
    """A Go literal of ASCII only."""
    printable = [char.isascii() and char.isprintable() for char in text]
    return mark + "".join([_quoted(c, mark, p) for c, p in zip(text, printable, strict=True)]) + mark


def _quoted(char: str, mark: str, printable: bool) -> str:
    if char == mark:
        return "\\" + char
    if char in _SIMPLE:
        return _SIMPLE[char]
    if printable:
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def format_float(value: float, verb: str, precision: int) -> str:
    """A finite float as `strconv.FormatFloat` writes it: verb e, f, g, x, b or upper case; -1 for shortest."""
    upper = verb.isupper()
    lower = verb.lower()
    if lower == "x":
        shown = _hexadecimal(value, precision)
    elif lower == "b":
        shown = _binary(value)
    elif precision < 0:
        shown = _shortest(value, lower)
    elif lower == "e":
        shown = format(value, f".{precision}e")
    elif lower == "f":
        shown = format(value, f".{precision}f")
    else:
        shown = _general(value, precision)
    return shown.upper() if upper else shown


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits and exponent of the first digit."""
    mantissa, _, exponent = repr_exponent(value)
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    return sign, digits, exponent


def repr_exponent(value: float) -> tuple[str, str, int]:
    """The shortest mantissa `d.ddd` and exponent that read back as the same float."""
    from decimal import Decimal

    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return ("-" if sign else "") + "0", "e", 0
    scale = exponent + len(text) - 1
    return ("-" if sign else "") + text[0] + "." + text[1:], "e", scale


def _with_exponent(sign: str, digits: str, scale: int) -> str:
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if scale < 0 else '+'}{abs(scale):02d}"


def _plain(sign: str, digits: str, scale: int) -> str:
    if scale < 0:
        return f"{sign}0.{'0' * (-scale - 1)}{digits}"
    whole = digits[: scale + 1].ljust(scale + 1, "0")
    fraction = digits[scale + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _shortest(value: float, verb: str) -> str:
    sign, digits, scale = _digits(value)
    if verb == "f":
        return _plain(sign, digits, scale) if digits != "0" else f"{sign}0"
    if verb == "e" or scale < -4 or scale >= 6:
        return _with_exponent(sign, digits, scale)
    return _plain(sign, digits, scale)


def _general(value: float, precision: int) -> str:
    precision = precision or 1
    shown = format(value, f".{precision - 1}e")
    mantissa, _, exponent = shown.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    scale = int(exponent)
    limit = precision
    if limit > len(digits) and len(digits) >= scale + 1:
        limit = len(digits)
    if scale < -4 or scale >= limit:
        return _with_exponent(sign, digits, scale)
    return _plain(sign, digits, scale)


def from_digits(sign: str, digits: str, point: int) -> str:
    """A number from its digits and where their point is, as `%v` prints it: shortest, with an exponent from 6 on."""
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    scale = point - 1
    if scale < -4 or scale >= 6:
        return _with_exponent(sign, digits, scale)
    return _plain(sign, digits, scale)


def _binary(value: float) -> str:
    numerator, denominator = abs(value).as_integer_ratio()
    if numerator == 0:
        return ("-" if str(value)[0] == "-" else "") + "0p-1074"
    exponent = -(denominator.bit_length() - 1)
    shift = 53 - numerator.bit_length()
    shift = min(shift, exponent + 1074)
    numerator = numerator << shift if shift >= 0 else numerator >> -shift
    exponent -= shift
    return f"{'-' if value < 0 else ''}{numerator}p{exponent:+d}"


def _hexadecimal(value: float, precision: int) -> str:
    sign = "-" if str(value)[0] == "-" else ""
    numerator, denominator = abs(value).as_integer_ratio()
    if numerator == 0:
        fraction = "." + "0" * precision if precision > 0 else ""
        return f"{sign}0x0{fraction}p+00"
    scale = numerator.bit_length() - denominator.bit_length()
    # mantissa in [1, 2) with 52 bits of fraction
    mantissa = numerator << 52 if scale <= 0 else (numerator << 52) >> scale
    mantissa = (mantissa << -scale) // denominator if scale <= 0 else mantissa // denominator
    if precision >= 0 and precision < 13:
        drop = 52 - 4 * precision
        rest = mantissa & ((1 << drop) - 1)
        mantissa >>= drop
        half = 1 << (drop - 1)
        if rest > half or (rest == half and mantissa & 1):
            mantissa += 1
        if mantissa >> (4 * precision) >= 2:
            mantissa >>= 1
            scale += 1
        digits = f"{mantissa & ((1 << (4 * precision)) - 1):0{precision}x}" if precision else ""
    else:
        digits = f"{mantissa & ((1 << 52) - 1):013x}"
        digits = digits.ljust(precision, "0") if precision >= 0 else digits.rstrip("0")
    fraction = f".{digits}" if digits else ""
    return f"{sign}0x1{fraction}p{'-' if scale < 0 else '+'}{abs(scale):02d}"
