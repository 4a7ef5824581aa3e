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
    "email": r"[^@\s<>]+@[^@\s<>]+",
    "uri": r"([A-Za-z][A-Za-z0-9+.-]*:|/)[^\s\x00-\x1f\x7f]*",
    "hostname": r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)([.][A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*",
    "duration": r"[-+]?(0|(\d+([.]\d*)?|[.]\d+)\s*(ns|us|µs|μs|ms|s|m|h|d|w|"
    r"nanos?|micros?|millis?|secs?|seconds?|mins?|minutes?|hours?|hrs?|days?|weeks?|wks?)"
    r"((\d+([.]\d*)?|[.]\d+)(ns|us|µs|μs|ms|s|m|h))*)",
    "k8s-short-name": "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    "k8s-long-name": "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
}
_LONG_NAME: Final = 253


def _is_address(value: str, version: int) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(value).version == version
    except ValueError:
        return False


def _is_cidr(value: str) -> bool:
    from ipaddress import ip_interface

    try:
        return "/" in value and bool(ip_interface(value))
    except ValueError:
        return False


def _is_date(value: str) -> bool:
    from datetime import date

    try:
        return len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_date_time(value: str) -> bool:
    from datetime import datetime

    if not re.fullmatch(r"(?a)\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d([.]\d+)?([Zz]|[+-]\d\d:?\d\d)?", value):
        return False
    try:
        return bool(datetime.fromisoformat(value[:19].replace("t", "T")))
    except ValueError:
        return False


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "cidr": _is_cidr,
    "date": _is_date,
    "datetime": _is_date_time,
    "date-time": _is_date_time,
    "ipv4": lambda value: _is_address(value, 4),
    "ipv6": lambda value: _is_address(value, 6),
}


def is_format(value: str, name: str) -> bool:
    """Does the string have the format? True for a format that Kubernetes does not check."""
    name = name if name in ("date-time",) or name.startswith("k8s-") else name.replace("-", "")
    check = _CHECKS.get(name)
    if check is not None:
        return check(value)
    pattern = _PATTERNS.get(name)
    if pattern is None:
        return True
    if name == "k8s-long-name" and len(value) > _LONG_NAME:
        return False
    return re.fullmatch(pattern, value, re.ASCII) is not None
