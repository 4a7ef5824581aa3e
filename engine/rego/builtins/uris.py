"""`uri.*`: the parts of a URI, as Go's `net/url` parses it."""

import re
import string as letters
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.operands import bytes_of, string, text_of

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PORT: Final = re.compile(r"(?::[0-9]*)?")
_USER: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_HEX: Final = frozenset(letters.hexdigits)
_UNRESERVED: Final = frozenset((letters.ascii_letters + letters.digits + "-_.~").encode())
_IN_HOST: Final = _UNRESERVED | frozenset(b"!$&'()*+,;=:[]<>\"")
_IN_PATH: Final = _UNRESERVED | frozenset(b"$&+,/:;=@")


def _unescaped(text: str, where: str) -> str:
    """The text without escapes; in a host only bytes that are no ASCII may be escaped, and percent signs."""
    data = bytes_of(text)
    made = bytearray()
    at = 0
    while at < len(data):
        byte = data[at]
        if byte != 0x25:
            if where in ("host", "zone") and byte < 0x80 and byte not in _IN_HOST:
                raise BuiltinError(f'invalid character "{chr(byte)}" in host name')
            made.append(byte)
            at += 1
            continue
        digits = data[at + 1 : at + 3].decode("latin-1")
        if len(digits) < 2 or not _HEX.issuperset(digits):
            raise BuiltinError(f'invalid URL escape "%{digits}"')
        value = int(digits, 16)
        refused = (where == "host" and value < 0x80) or (
            where == "zone" and value != 0x20 and value not in _IN_HOST
        )
        if refused and digits != "25":
            raise BuiltinError(f'invalid URL escape "%{digits}"')
        made.append(value)
        at += 3
    return text_of(bytes(made))


def _bracketed(host: str) -> tuple[str, str]:
    """Host name and port of an address in brackets."""
    import ipaddress

    inside, bracket, port = host[1:].rpartition("]")
    if not bracket:
        raise BuiltinError("missing ']' in host")
    if not _PORT.fullmatch(port):
        raise BuiltinError(f'invalid port "{port}" after host')
    address, percent, zone = inside.partition("%25")
    name = _unescaped(address, "host") + (_unescaped(percent + zone, "zone") if percent else "")
    plain, _, scope = name.partition("%")
    try:
        ipaddress.IPv6Address(plain)
    except ValueError as error:
        raise BuiltinError(f"invalid host: {name[:100]}") from error
    if "%" in name and not scope:
        raise BuiltinError(f"invalid host: {name[:100]}")
    return name, port[1:]


def _authority(scheme: str, text: str) -> tuple[str, str]:
    """Host name and port."""
    user, at, host = text.rpartition("@")
    if at:
        if not _USER.fullmatch(user):
            raise BuiltinError("net/url: invalid userinfo")
        _unescaped(user, "user")
    if host.startswith("[") and host.rfind("[") == 0:
        return _bracketed(host)
    if "[" in host:
        raise BuiltinError("invalid IP-literal")
    colon = host.find(":") if scheme in ("http", "https") else host.rfind(":")
    if colon >= 0 and not _PORT.fullmatch(host[colon:]):
        raise BuiltinError(f'invalid port "{host[colon:][:100]}" after host')
    name, separator, port = _unescaped(host, "host").rpartition(":")
    return (name, port) if separator else (port, "")


def _parts(text: str) -> dict[str, Value]:
    whole, _, fragment = text.partition("#")
    if _CONTROL.search(whole):
        raise BuiltinError("net/url: invalid control character in URL")
    found: dict[str, Value] = {}
    if whole == "*":
        found = {"path": "*", "raw_path": "*"}
    else:
        _read(whole, found)
    if fragment:
        found["fragment"] = _unescaped(fragment, "fragment")
    return {name: value for name, value in found.items() if value}


def _read(text: str, found: dict[str, Value]) -> None:
    if text.startswith(":"):
        raise BuiltinError("missing protocol scheme")
    matched = _SCHEME.fullmatch(text)
    scheme, rest = (matched[1].lower(), matched[2]) if matched else ("", text)
    found["scheme"] = scheme
    rest, _, found["raw_query"] = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return
        if ":" in rest.partition("/")[0]:
            raise BuiltinError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        found["hostname"], found["port"] = _authority(scheme, authority)
        rest = slash + path
    path = _unescaped(rest, "path")
    found["path"] = path
    # Go forgets how a path was written if it would write it so itself.
    found["raw_path"] = path if rest == _escaped(path) else rest


def _escaped(path: str) -> str:
    return "".join([chr(byte) if byte in _IN_PATH else f"%{byte:02X}" for byte in bytes_of(path)])


def uri_parse(text: Value) -> dict[str, Value]:
    """Scheme, hostname, port, path, raw_path, raw_query and fragment, those that are not empty."""
    given = string(text, 1)
    try:
        return _parts(given)
    except BuiltinError as error:
        raise BuiltinError(f'parse "{given[:200]}": {error.message}') from error


def uri_is_valid(text: Value) -> bool:
    """Is it a URI, not empty?"""
    if type(text) is not str or not text:
        return False
    try:
        _parts(text)
    except BuiltinError:
        return False
    return True
