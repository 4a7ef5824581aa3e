"""URLs as Go's `net/url` takes them apart and puts them together again."""

import re
import string as letters
from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.operands import bytes_of, text_of

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PORT: Final = re.compile(r"(?::[0-9]*)?")
_USER: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_HEX: Final = frozenset(letters.hexdigits)
_UNRESERVED: Final = frozenset((letters.ascii_letters + letters.digits + "-_.~").encode())
_IN_HOST: Final = _UNRESERVED | frozenset(b"!$&'()*+,;=:[]<>\"")
_IN_USER: Final = _UNRESERVED | frozenset(b"$&+,;=")
_IN_PATH: Final = _UNRESERVED | frozenset(b"$&+,/:;=@")
_IN_FRAGMENT: Final = _UNRESERVED | frozenset(b"!$&()*+,/:;=?@")
# What may stand in a path or fragment as it was written, beside what Go itself would not escape.
_AS_WRITTEN: Final = frozenset(b"!$&'()*+,;=:@[]%")


@record
class Escaped:
    """A part of a URL: what it means, how it was written if Go would write it otherwise, and how Go writes it."""

    text: str = ""
    raw: str = ""
    shown: str = ""


@record
class Url:
    """A URL's parts. `user` is None, or the escaped user with its password; `host` has the port."""

    scheme: str = ""
    opaque: str = ""
    user: str | None = None
    host: str = ""
    path: Escaped = Escaped()
    query: str = ""
    force_query: bool = False
    omit_host: bool = False
    fragment: Escaped = Escaped()

    @property
    def hostname(self) -> str:
        """The host without port and brackets."""
        name = self._split()[0]
        return name[1:-1] if name.startswith("[") and name.endswith("]") else name

    @property
    def port(self) -> str:
        """The port, or an empty string."""
        return self._split()[1]

    def _split(self) -> tuple[str, str]:
        colon = self.host.rfind(":")
        if colon < 0 or not _PORT.fullmatch(self.host[colon:]):
            return self.host, ""
        return self.host[:colon], self.host[colon + 1 :]

    def __str__(self) -> str:
        made = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            made += self.opaque
        else:
            made += self._authority()
            path = self.path.shown
            if path and not path.startswith("/") and self.host:
                made += "/"
            if not made and ":" in path.partition("/")[0]:
                made = "./"
            made += path
        if self.force_query or self.query:
            made += f"?{self.query}"
        return f"{made}#{self.fragment.shown}" if self.fragment.text else made

    def _authority(self) -> str:
        bare = not self.host and self.user is None
        if (bare and not self.scheme) or (bare and self.omit_host):
            return ""
        made = "//" if self.path.text or not bare else ""
        if self.user is not None:
            made += f"{self.user}@"
        return made + _escaped(bytes_of(self.host), _IN_HOST)


def parse_url(text: str) -> Url:
    """The parts of a URL. Raises BuiltinError with Go's message."""
    whole, _, fragment = text.partition("#")
    try:
        fields = _fields(whole)
        if fragment:
            fields["fragment"] = _part(fragment, _IN_FRAGMENT)
    except BuiltinError as error:
        raise BuiltinError(f'parse "{text[:200]}": {error.message}') from error
    return Url(**fields)  # type: ignore[arg-type]


def parse_request_uri(text: str) -> Url:
    """The parts of an absolute URL or path, in which `#` begins no fragment. Raises BuiltinError, without the URL."""
    if not text:
        raise BuiltinError("empty url")
    return Url(**_fields(text, "invalid URI for request"))  # type: ignore[arg-type]


def _fields(text: str, relative: str = "") -> dict[str, object]:
    """The parts of a URL by their names. relative: the error for one that has neither scheme nor `/` at its start."""
    if _CONTROL.search(text):
        raise BuiltinError("net/url: invalid control character in URL")
    if text == "*":
        return {"path": Escaped("*", "", "*")}
    if text.startswith(":"):
        raise BuiltinError("missing protocol scheme")
    matched = _SCHEME.fullmatch(text)
    scheme, rest = (matched[1].lower(), matched[2]) if matched else ("", text)
    fields: dict[str, object] = {"scheme": scheme}
    if rest.count("?") == 1 and rest.endswith("?"):
        fields["force_query"], rest = True, rest[:-1]
    else:
        rest, _, fields["query"] = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return {**fields, "opaque": rest}
        if relative:
            raise BuiltinError(relative)
        if ":" in rest.partition("/")[0]:
            raise BuiltinError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        fields["user"], fields["host"] = _authority(scheme, authority)
        rest = slash + path
    elif scheme and rest.startswith("/"):
        fields["omit_host"] = True
    return {**fields, "path": _part(rest, _IN_PATH)}


def _part(written: str, plain: frozenset[int]) -> Escaped:
    """A path or fragment; Go forgets how it was written if it would write it so itself."""
    data = _unescaped(written, "part")
    escaped = _escaped(data, plain)
    if written == escaped:
        return Escaped(text_of(data), "", escaped)
    keeps = (plain | _AS_WRITTEN).issuperset(bytes_of(written))
    return Escaped(text_of(data), written, written if keeps else escaped)


def _authority(scheme: str, text: str) -> tuple[str | None, str]:
    """The escaped user with its password, and host with port."""
    user, at, host = text.rpartition("@")
    found = _host(scheme, host)
    if not at:
        return None, found
    if not _USER.fullmatch(user):
        raise BuiltinError("net/url: invalid userinfo")
    name, colon, password = user.partition(":")
    shown = [_escaped(_unescaped(part, "user"), _IN_USER) for part in (name, password)]
    return shown[0] + colon + shown[1], found


def _host(scheme: str, host: str) -> str:
    if host.rfind("[") == 0:
        return _bracketed(host)
    if "[" in host:
        raise BuiltinError("invalid IP-literal")
    # Several hosts with ports, as databases write them, are refused for HTTP only.
    colon = host.find(":") if scheme in ("http", "https") else host.rfind(":")
    if colon >= 0 and not _PORT.fullmatch(host[colon:]):
        raise BuiltinError(f'invalid port "{host[colon:][:100]}" after host')
    return text_of(_unescaped(host, "host"))


def _bracketed(host: str) -> str:
    """An IPv6 address in brackets, with its port."""
    import ipaddress

    inside, bracket, port = host[1:].rpartition("]")
    if not bracket:
        raise BuiltinError("missing ']' in host")
    if not _PORT.fullmatch(port):
        raise BuiltinError(f'invalid port "{port[:100]}" after host')
    address, percent, zone = inside.partition("%25")
    data = _unescaped(address, "host") + (_unescaped(percent + zone, "zone") if percent else b"")
    name = text_of(data)
    plain, _, scope = name.partition("%")
    try:
        ipaddress.IPv6Address(plain)
    except ValueError as error:
        raise BuiltinError(f"invalid host: {name[:100]}") from error
    if "%" in name and not scope:
        raise BuiltinError(f"invalid host: {name[:100]}")
    return f"[{name}]{port}"


def _escaped(data: bytes, plain: frozenset[int]) -> str:
    return "".join([chr(byte) if byte in plain else f"%{byte:02X}" for byte in data])


def _unescaped(text: str, where: str) -> bytes:
    """The bytes without escapes; in a host only bytes that are no ASCII may be escaped, and percent signs."""
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
    return bytes(made)
