"""The values of `format`: is a text a date, an address, a host name and so on? Other formats hold for any text.

Semantics: gojsonschema's `format_checkers.go`, with Go's `time`, `net`, `net/mail` and `net/url` below it.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from lockgate.engine.regex import RegexError, RegexLimitError, compile_pattern
from lockgate.engine.rego.builtins import go_layout
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.uris import uri_parse
from lockgate.engine.rego.json_schema.mail import is_address

_LABEL: Final = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOSTNAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_UUID: Final = re.compile("[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}")
_POINTER: Final = re.compile("(?:/(?:[^~/]|~[01])*)*")
_RELATIVE_POINTER: Final = re.compile("(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)")
_DATE, _TIME, _ZONED = "2006-01-02", "15:04:05", "15:04:05Z07:00"


def _has_layout(text: str, *layouts: str) -> bool:
    for layout in layouts:
        try:
            go_layout.parse(text, layout)
        except go_layout.LayoutError:
            continue
        return True
    return False


def _is_date(text: str) -> bool:
    return _has_layout(text, _DATE)


def _is_time(text: str) -> bool:
    # The layouts of times need a date to go with them.
    return _has_layout(f"2000-01-01T{text}", f"{_DATE}T{_ZONED}", f"{_DATE}T{_TIME}")


def _is_date_time(text: str) -> bool:
    return _is_time(text) or _is_date(text) or _has_layout(text, f"{_DATE}T{_ZONED}")


def _is_hostname(text: str) -> bool:
    return len(text) < 256 and _HOSTNAME.fullmatch(text) is not None


def _is_ip(text: str) -> bool:
    import ipaddress

    if "%" in text:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_ipv4(text: str) -> bool:
    return "." in text and _is_ip(text)


def _is_ipv6(text: str) -> bool:
    return ":" in text and _is_ip(text)


def _url(text: str) -> dict[str, object] | None:
    try:
        return None if "\\" in text else dict(uri_parse(text))
    except BuiltinError:
        return None


def _is_uri(text: str) -> bool:
    return bool((_url(text) or {}).get("scheme"))


def _is_uri_reference(text: str) -> bool:
    return _url(text) is not None


def _is_uri_template(text: str) -> bool:
    found = _url(text)
    if found is None:
        return False
    path = str(found.get("path", ""))
    at = path.find("{")
    while at >= 0:
        end = path.find("}", at)
        if end < 0:
            return False
        at = path.find("{", end)
    return True


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _is_regex(text: str) -> bool:
    try:
        compile_pattern(text)
    except RegexLimitError:
        raise
    except RegexError:
        return False
    return True


def _is_pointer(text: str) -> bool:
    return _POINTER.fullmatch(text) is not None


def _is_relative_pointer(text: str) -> bool:
    return _RELATIVE_POINTER.fullmatch(text) is not None


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "date": _is_date,
        "time": _is_time,
        "date-time": _is_date_time,
        "hostname": _is_hostname,
        "email": is_address,
        "idn-email": is_address,
        "ipv4": _is_ipv4,
        "ipv6": _is_ipv6,
        "uri": _is_uri,
        "uri-reference": _is_uri_reference,
        "iri": _is_uri,
        "iri-reference": _is_uri_reference,
        "uri-template": _is_uri_template,
        "uuid": _is_uuid,
        "regex": _is_regex,
        "json-pointer": _is_pointer,
        "relative-json-pointer": _is_relative_pointer,
    }
)
