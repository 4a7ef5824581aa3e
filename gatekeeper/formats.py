"""String formats that Kubernetes checks in a schema (k8s.io/kube-openapi pkg/validation/strfmt); others pass."""

import re
from collections.abc import Callable
from typing import Final

_UUID: Final = "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_PATTERNS: Final[dict[str, str]] = {
    "bsonobjectid": "[0-9a-fA-F]{24}",
    "hexcolor": "#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})",
    "mac": "([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}[.]){2}[0-9a-fA-F]{4}",
    "rgbcolor": r"rgb\(\s*(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*(,\s*(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)",
    "ssn": r"\d{3}[- ]?\d{2}[- ]?\d{4}",
    "uuid": _UUID % ("[0-9a-f]", "[0-9a-f]"),
    "uuid3": _UUID % ("3", "[0-9a-f]"),
    "uuid4": _UUID % ("4", "[89ab]"),
    "uuid5": _UUID % ("5", "[89ab]"),
    "byte": "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "email": r"([^<>]*<)?[^@\s<>]+@[^@\s<>]+>?",
    "uri": r"([A-Za-z][A-Za-z0-9+.-]*:|/)[^\s\x00-\x1f\x7f]*",
    "k8s-short-name": "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    "k8s-long-name": "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
}
_LONG_NAME: Final = 253


# Go's own durations, and words for units that Scala knows; of the last word of each a beginning is enough.
_GO_DURATION: Final = re.compile(r"[-+]?(0|((\d+([.]\d*)?|[.]\d+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_QUANTITY: Final = re.compile(r"\d+\s*([A-Za-zµ]+)", re.ASCII)
_UNITS: Final = frozenset({"ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"})
_UNIT_WORDS: Final = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_LONGEST_HOST: Final = 255
_LONGEST_LABEL: Final = 63


def _is_ipv4(value: str) -> bool:
    # Leading zeros are decimal to Kubernetes, and an error to Python.
    octets = value.split(".")
    return len(octets) == 4 and all(
        octet.isascii() and octet.isdigit() and len(octet) < 100 and int(octet) < 256 for octet in octets
    )


def _is_ipv6(value: str) -> bool:
    from ipaddress import IPv6Address

    try:
        return "%" not in value and bool(IPv6Address(value))
    except ValueError:
        return False


def _is_cidr(value: str) -> bool:
    address, slash, prefix = value.partition("/")
    if not slash or not (prefix.isascii() and prefix.isdigit()) or len(prefix) > 3:
        return False
    return int(prefix) <= 32 if _is_ipv4(address) else int(prefix) <= 128 and _is_ipv6(address)


def _is_date(value: str) -> bool:
    from datetime import date

    if re.fullmatch(r"(?a)\d{4}-\d\d-\d\d", value) is None:
        return False
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return value == "0000-01-01"


def _is_date_time(value: str) -> bool:
    day, letter, time = value.lower().partition("t")
    if not letter or not _is_date(day):
        return False
    found = re.fullmatch(r"(?a)(\d\d):(\d\d):(\d\d)(.\d+)?(z|[+-]\d\d:\d\d)", time)
    return found is not None and found[1] <= "23" and found[2] <= "59" and found[3] <= "59"


def _is_duration(value: str) -> bool:
    if _GO_DURATION.fullmatch(value):
        return True
    units = [unit.lower() for unit in _QUANTITY.findall(value)]
    return any(unit in _UNITS or unit.startswith(_UNIT_WORDS) for unit in units)


def _is_host_letter(letter: str) -> bool:
    from unicodedata import category

    return letter in "0123456789" or category(letter)[0] in "LS"


def _is_hostname(value: str) -> bool:
    """One label with a hyphen after its first letter at most, or several that end in one of letters."""
    if not value or len(value.encode("utf-8", "replace")) > _LONGEST_HOST:
        return False
    labels = value.split(".")
    if any(len(label.encode("utf-8", "replace")) > _LONGEST_LABEL for label in labels):
        return False
    if len(labels) == 1:
        return _is_host_letter(value[0]) and all(map(_is_host_letter, value[1:].removeprefix("-")))
    *outer, last = labels
    if len(last) < 2 or not last.isalpha():
        return False
    return all(
        label
        and _is_host_letter(label[0])
        and _is_host_letter(label[-1])
        and all(letter == "-" or _is_host_letter(letter) for letter in label)
        for label in outer
    )


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "cidr": _is_cidr,
    "date": _is_date,
    "datetime": _is_date_time,
    "date-time": _is_date_time,
    "duration": _is_duration,
    "hostname": _is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
}


def _plain(name: str) -> str:
    return name if name == "date-time" or name.startswith("k8s-") else name.replace("-", "")


# Formats that Kubernetes knows and that every string has here: it checks a little, and nobody uses them.
_UNCHECKED: Final = frozenset({"creditcard", "isbn", "isbn10", "isbn13", "password"})


def is_known_format(name: str) -> bool:
    """Is it a format that Kubernetes looks at?"""
    plain = _plain(name)
    return plain in _CHECKS or plain in _PATTERNS or plain in _UNCHECKED


def is_format(value: str, name: str) -> bool:
    """Does the string have the format? True for a format that Kubernetes does not check."""
    name = _plain(name)
    check = _CHECKS.get(name)
    if check is not None:
        return check(value)
    pattern = _PATTERNS.get(name)
    if pattern is None:
        return True
    if name == "k8s-long-name" and len(value) > _LONG_NAME:
        return False
    return re.fullmatch(pattern, value, re.ASCII) is not None
