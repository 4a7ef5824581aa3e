"""The secret values of a file: what must not be shown, found in its documents and in its raw text.

Secret are: values of Secrets, `userInfo.extra`, `last-applied-configuration` copies, values of fields, environment
variables and options with credential-like names, and anything of a credential's shape (`credentials`). Each value
brings the forms in which a policy may echo it: decoded, encoded, escaped, line by line, and its parts.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any, Final

from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.documents.document import Document, Path, Span
from lockgate.engine.masking import credentials
from lockgate.engine.record import mutable_record

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

# A file with more forms than this shows none of its text: masking it would take too long.
MAX_FORMS: Final = 20_000
# Longer strings are not searched for shapes of credentials; their text is not shown either.
MAX_SEARCHED: Final = 1_000_000
# The raw text of a file with an error: as long as a file may be, so that large files have their errors explained.
MAX_RAW: Final = 8 * 1024 * 1024
# Values nested in values (base64 of JSON with base64 of a pair, as in .dockerconfigjson) are followed this far.
MAX_NESTING: Final = 4
# Longer strings are looked through by themselves.
_LONG: Final = 1_000
# Shorter values are masked only where they stand alone, in quotes or as a whole line.
MIN_ANYWHERE: Final = 4
# Parts of a value are masked by themselves from this length on, if they mix letters and digits.
MIN_PART: Final = 8

_PARTS = re.compile(r"[^\s\"'=:;,&?@/|<>(){}\[\]\\]+")
_SECRET_KIND = re.compile(
    r"""kind["']?\s*:\s*["']?Secret\b|last-applied-configuration|userInfo\\*["']?\s*[:=]"""
)
# On google-re2: a hostile line makes a backtracking search quadratic.
_RAW_PAIR: Final = r"""(?:^|[{,\s-])["']?([\pL\pN_.$/-]+)["']?\s*:\s+(\S.*)$"""
# Anchors and tags before a value.
_PROPERTIES: Final = r"^(?:[&!]\S*\s+)+(\S.*)$"
# A scalar of a flow mapping or list; the quote at its end may be missing.
_FLOW_SCALAR = re.compile(r""""((?:[^"\\]|\\.)*)"?|'([^']*)'?|([^\s{}\[\],"'][^{}\[\],"']*)""")
# As credentials.find_base64 finds them.
BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_STRUCTURE = frozenset(
    ("apiVersion", "kind", "name", "namespace", "type", "metadata", "data", "stringData", "immutable")
)


@mutable_record
class SecretValues:
    """Collects the forms of secret values, and where their scalars stand. `overflow`: too many to mask."""

    forms: set[str] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)
    overflow: bool = False
    # The values that were added, and how deep they lay: a form of another value is none of these yet.
    added: dict[str, int] = field(default_factory=dict)

    def add(self, value: str, nesting: int = 0) -> None:
        """Adds a secret value in all its forms."""
        if not value or nesting > MAX_NESTING or self.added.get(value, MAX_NESTING + 1) <= nesting:
            return
        if len(self.forms) > MAX_FORMS or len(value) > MAX_SEARCHED:
            self.overflow = True
            return
        self.added[value] = nesting
        self.forms.add(value)
        stripped = value.strip()
        if not stripped:
            return
        lines = value.splitlines()
        if len(lines) > 1:
            for line in lines:
                self._add_part(line, nesting)
        if len(stripped) < MIN_ANYWHERE:
            return
        self.forms.add(stripped)
        for form in (value, stripped):
            self._add_escaped(form)
            if nesting == 0:
                self._add_encoded(form)
        self._add_decoded(stripped, nesting)
        self._add_leaves(stripped, nesting)
        for part in _PARTS.findall(stripped):
            if len(part) >= MIN_PART and _is_mixed(part):
                self.forms.add(part)

    def _add_part(self, line: str, nesting: int) -> None:
        stripped = line.strip()
        if len(stripped) < MIN_ANYWHERE:
            return
        self.forms.add(stripped)
        self._add_escaped(stripped)
        _, separator, value = stripped.partition(":")
        if not separator:
            _, separator, value = stripped.partition("=")
        value = value.strip().strip("\"'")
        if separator and len(value) >= MIN_ANYWHERE and not credentials.says_nothing(value):
            self.add(value, nesting + 1)

    def _add_escaped(self, value: str) -> None:
        for as_ascii in (True, False):
            escaped = json.dumps(value, ensure_ascii=as_ascii)[1:-1]
            if escaped != value:
                self.forms.add(escaped)
                self.forms.add(json.dumps(escaped)[1:-1])
        # json.marshal of Rego and Go writes these three as escapes.
        go_escaped = value.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
        if go_escaped != value:
            self.forms.add(go_escaped)
        percent = _percent_encoded(value)
        if percent != value:
            # As a part of a path, and as a value of a query (urlquery.encode).
            self.forms.update((percent, percent.replace("%20", "+")))
        for changed in (value.lower(), value.upper()):
            self.forms.add(changed)

    def _add_encoded(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        for raw in (data, data + b"\n"):
            for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
                self.forms.add(encoded.decode("ascii"))
                self.forms.add(encoded.decode("ascii").rstrip("="))
        self.forms.add(data.hex())

    def _add_decoded(self, value: str, nesting: int) -> None:
        decoded = decode_base64(value)
        if decoded is not None and len(decoded) >= MIN_ANYWHERE:
            self.add(decoded, nesting + 1)

    def _add_leaves(self, value: str, nesting: int) -> None:
        """The parts of JSON in a string, and of `user:password` pairs."""
        if value[0] in "{[":
            try:
                parsed: Any = json.loads(value)
            except (ValueError, RecursionError):
                return  # It only looked like JSON: its lines and parts are masked all the same.
            for leaf in _leaves(parsed):
                if len(leaf) >= MIN_ANYWHERE and not credentials.says_nothing(leaf):
                    self.add(leaf, nesting + 1)
        elif value.count(":") == 1 and " " not in value:
            for part in value.split(":"):
                if len(part) >= MIN_ANYWHERE:
                    self.add(part, nesting + 1)
                    if nesting == 0:
                        self._add_encoded(part)


def _percent_encoded(value: str) -> str:
    """As RFC 3986 has it, with capitals; urllib is too slow to import for so little."""
    data = value.encode("utf-8", "surrogatepass")
    return "".join([chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in data])


def _is_mixed(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def decode_base64(text: str) -> str | None:
    """The printable text that the base64 (standard or URL alphabet, padding optional) stands for, else None."""
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if len(compact) < MIN_ANYWHERE or len(compact) % 4 == 1:
        return None
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
        decoded = data.decode("utf-8")
    except ValueError:
        return None  # No base64 of text: there is nothing in it that could be echoed in clear.
    visible = decoded.replace("\n", "").replace("\r", "").replace("\t", "")
    return decoded if visible.isprintable() and visible else None


def _leaves(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str):
            yield item
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield str(item)
        elif isinstance(item, Number):
            yield item.text


def _scalars(value: Value, path: Path) -> Iterator[tuple[str, Path]]:
    """The scalars under a value as text, with their paths; booleans and null say nothing."""
    stack: list[tuple[Value, Path]] = [(value, path)]
    while stack:
        item, place = stack.pop()
        if type(item) is dict:
            stack.extend([(part, (*place, name)) for name, part in item.items()])
        elif type(item) is list:
            stack.extend([(part, (*place, index)) for index, part in enumerate(item)])
        else:
            for text in _leaves(item):
                yield text, place


def _unless_nothing(value: Value, path: Path) -> Iterator[tuple[Value, Path]]:
    if type(value) is not str or not credentials.says_nothing(value):
        yield value, path


def _secret_parts(item: dict[str, Value], path: Path) -> Iterator[tuple[Value, Path]]:
    """The values of a mapping that are secret by where they stand or by their name."""
    if item.get("kind") == "Secret" or item.get("kind") == "SecretList":
        for name in ("data", "stringData"):
            if name in item:
                yield item[name], (*path, name)
    variable, value = item.get("name"), item.get("value")
    if type(variable) is str and "value" in item and credentials.is_environment_name(variable):
        yield from _unless_nothing(value, (*path, "value"))
    for field_name, part in item.items():
        if field_name == "userInfo" and type(part) is dict and "extra" in part:
            yield part["extra"], (*path, "userInfo", "extra")
        elif field_name == LAST_APPLIED:
            yield part, (*path, field_name)
        elif type(part) not in (dict, list) and credentials.is_field_name(field_name):
            yield from _unless_nothing(part, (*path, field_name))


def collect_value(root: Value, collected: SecretValues, nesting: int) -> list[Path]:
    """Adds what is secret in a value; returns the paths of the scalars that are secret as a whole."""
    paths: list[Path] = []
    strings: dict[str, None] = {}
    stack: list[tuple[Value, Path]] = [(root, ())]
    while stack and not collected.overflow:
        item, path = stack.pop()
        if type(item) is dict:
            for part, place in _secret_parts(item, path):
                for text, where in _scalars(part, place):
                    collected.add(text)
                    paths.append(where)
            for name, part in item.items():
                if type(part) is str:
                    if name == LAST_APPLIED:
                        _collect_copy(part, collected, nesting)
                    strings[part] = None
                elif type(part) is dict or type(part) is list:
                    stack.append((part, (*path, name)))
        elif type(item) is list:
            before: Value = None
            for index, part in enumerate(item):
                if type(part) is str:
                    if type(before) is str and credentials.is_option(before):
                        collected.add(part)
                        paths.append((*path, index))
                    strings[part] = None
                elif type(part) is dict or type(part) is list:
                    stack.append((part, (*path, index)))
                before = part
        elif type(item) is str:
            strings[item] = None
    _collect_strings(strings, collected, nesting)
    return paths


def _collect_strings(strings: Iterable[str], collected: SecretValues, nesting: int) -> None:
    """What is secret in strings. Short ones are looked through together: nearly always there is nothing."""
    short: list[str] = []
    for text in strings:
        if len(text) > _LONG or "\n" in text:
            _collect_string(text, collected, nesting)
        elif len(text) >= MIN_ANYWHERE:
            short.append(text)
    if not short:
        return
    joined = "\n".join(short)
    for text in _suspects(joined, short):
        _collect_literals(text, collected, nesting)
    for run in BASE64_RUN.findall(joined):
        _collect_base64(run, collected)


def _suspects(joined: str, texts: list[str]) -> list[str]:
    """Which of the texts, none of more than a line, may hold a literal; `joined`: all of them, a line each."""
    if not credentials.may_hold_literals(joined) and not _SECRET_KIND.search(joined):
        return []
    if len(texts) == 1:
        return texts
    half = len(texts) // 2
    first, second = texts[:half], texts[half:]
    return [*_suspects("\n".join(first), first), *_suspects("\n".join(second), second)]


def _collect_copy(text: str, collected: SecretValues, nesting: int) -> None:
    """What is secret in the copy of an object that kubectl leaves in an annotation."""
    if nesting >= MAX_NESTING:
        collected.overflow = True
        return
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        collect_text(text, collected)
        return
    collect_value(value, collected, nesting + 1)


def _collect_string(text: str, collected: SecretValues, nesting: int) -> None:
    """What is secret in a string that is not secret as a whole."""
    if len(text) < MIN_ANYWHERE:
        return
    if len(text) > MAX_SEARCHED:
        collected.overflow = True
        return
    _collect_literals(text, collected, nesting)
    for start, end in credentials.find_base64(text):
        _collect_base64(text[start:end], collected)


def _collect_literals(text: str, collected: SecretValues, nesting: int) -> None:
    find = credentials.find_raw_assigned if "\n" in text else credentials.find_assigned
    for start, end in (*credentials.find_shapes(text), *find(text)):
        collected.add(text[start:end])
    if _SECRET_KIND.search(text):
        if nesting < MAX_NESTING and text.lstrip()[:1] in "{[":
            _collect_copy(text, collected, nesting)
        else:
            collect_text(text, collected)


def is_encoded_credential(text: str) -> bool:
    """Is the text base64 of something of a credential's shape?"""
    decoded = decode_base64(text)
    return decoded is not None and next(credentials.find_shapes(decoded), None) is not None


def _collect_base64(text: str, collected: SecretValues) -> None:
    if is_encoded_credential(text):
        collected.add(text)


def collect_document(document: Document, collected: SecretValues) -> None:
    """Adds the secret values of a document and the spans of those that are secret as a whole."""
    for path in dict.fromkeys(collect_value(document.value, collected, 0)):
        located = document.locate(path)
        if located.exact:
            collected.spans.append(located.span)


def collect_text(text: str, collected: SecretValues) -> None:
    """Adds what looks secret in raw text that could not be parsed, or that holds manifests as a string."""
    if len(text) > MAX_RAW:
        collected.overflow = True
        return
    for start, end in (*credentials.find_shapes(text), *credentials.find_raw_assigned(text)):
        collected.add(text[start:end])
    if _SECRET_KIND.search(text):
        for value in _raw_values(text.splitlines()):
            collected.add(value)
            if collected.overflow:
                return


def _raw_values(lines: Iterable[str]) -> Iterator[str]:
    """Every value in the lines of a Secret that is no part of its structure, and each line without a key."""
    for line in lines:
        stripped = line.strip()
        if stripped.startswith("---"):
            # Text after a separator is an error, which is quoted.
            stripped = stripped[3:].strip()
        if len(stripped) < MIN_ANYWHERE or stripped.startswith("#"):
            continue
        if any(one in stripped for one in "{}[]\"',"):
            yield from _flow_values(stripped)
        pair = credentials.search(_RAW_PAIR, line)
        if pair is None:
            if not stripped.endswith(":") and not stripped.endswith(("|", ">", "|-", ">-")):
                yield stripped.lstrip("- ").strip("\"'")
                yield stripped
        elif pair[0] not in _STRUCTURE:
            value = pair[1].strip().rstrip("},]").strip()
            yield value
            yield value.strip("\"'")
            tagged = credentials.search(_PROPERTIES, value)
            if tagged is not None:
                yield tagged[0].strip("\"'")


def _flow_values(line: str) -> Iterator[str]:
    """The values in a line of flow style or JSON, which may be broken: every scalar that is no key."""
    key = ""
    for match in _FLOW_SCALAR.finditer(line):
        text = match.group(match.lastindex or 0)
        if match.lastindex != 3:
            if line[match.end() :].lstrip()[:1] == ":":
                key = text
                continue
        else:
            # A plain scalar: `key: value`, `key:`, `: value` after a quoted key, or a value.
            name, separator, rest = text.partition(":")
            if separator and (not rest or rest[0].isspace()):
                key, text = name.strip() or key, rest
        value = text.strip()
        if len(value) >= MIN_ANYWHERE and key not in _STRUCTURE:
            yield value
        key = key if not value else ""
