"""What a credential looks like: by the name that it is given, and by its own shape.

Shapes follow what the issuers document (AWS access key ids, GitHub, GitLab, Slack, Stripe and Hugging Face tokens, JWT
as RFC 7519, PEM as RFC 7468, user information in URLs as RFC 3986). All matching runs on google-re2, in linear time.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import re2

Interval = tuple[int, int]

# Names of environment variables; a wide net, since such a variable exists to carry a value.
_ENVIRONMENT_NAME: Final = r"(?i)(?:token|passw|passphrase|secret|key|credential|pwd|dsn|conn(?:ection)?_?str|auth|cookie|salt|private)"

# Names of other fields, which may be words of an API (`topologyKey`, `tokenExpirationSeconds`): a closer net.
_FIELD_NAME: Final = (
    r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|"
    r"(?:api|access|account|secret|private|encryption|signing|auth|shared|master|storage)[_.-]?key|authorization|"
    r"client[_.-]?secret|connection[_.-]?string)[0-9]*\z"
)

# `name=value` and `"name": "value"` in prose; the value is group 1. A plain `name: value` is left to the raw form,
# since sentences are written that way too.
_NAME: Final = (
    r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|"
    r"(?:api|access|account|secret|private|encryption|signing|auth|shared|master|storage)[_.-]?key|"
    r"auth|sig|signature)[0-9]*"
)
_VALUE: Final = r"([^\s\"'\\,;&{}\[\]|>]+)"
_ASSIGNED: Final = _NAME + r"(?:=|\\*[\"']\s*[:=]\s*|[:=]\s*\\*[\"'])\\*[\"']?" + _VALUE
_RAW_ASSIGNED: Final = _NAME + r"\\*[\"']?\s*[:=]\s*(?:[&!]\S+\s+)?\\*[\"']?" + _VALUE
_QUOTED_ASSIGNED: Final = _NAME + r"\\*[\"']?\s*[:=]\s*(?:[&!]\S+\s+)?(?:\"((?:[^\"\\]|\\.)+)\"|'([^']+)')"

# Options in a command line that is one string: `--api-key VALUE`, and `-u USER:VALUE` as curl has it.
_OPTION: Final = (
    r"(?i)(?:^|[\s\"'\[,=])--?(?:[a-z0-9]+[_.-])*(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|"
    r"(?:api|access|account|secret|private|encryption|signing|auth|shared|master|storage)[_.-]?key)[0-9]*"
    r"\s+\\*[\"']?([^\s\"'\\-][^\s\"'\\,;&|]*)"
)
_USER_OPTION: Final = (
    r"(?:^|[\s\"'\[,])(?:-u|--user|--proxy-user)(?:\s+|=)?\\*[\"']?[^\s:\"'\\/]+:([^\s\"'\\]+)"
)

_ANY_ASSIGNED: Final = "|".join(
    [f"(?:{pattern})" for pattern in (_ASSIGNED, _QUOTED_ASSIGNED, _OPTION, _USER_OPTION)]
)

_SHAPES: Final = (
    r"\b((?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA)[A-Z0-9]{16})",
    r"\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,})",
    r"\b(xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|[rsp]k_(?:live|test)_[A-Za-z0-9]{8,})",
    r"\b(sk-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{16,}|nvapi-[\w-]{16,})",
    r"\b(ya29\.[\w-]{16,}|dop_v1_[a-f0-9]{32,}|SG\.[\w-]{16,}\.[\w-]{16,}|dckr_pat_[\w-]{16,}|pypi-[\w-]{16,})",
    r"\b(hv[sbr]\.[A-Za-z0-9_-]{16,}|AGE-SECRET-KEY-[A-Z0-9]{20,})",
    r"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)",
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z))",
    r"[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#\"'@]*:[^\s\"'@]*(?:@[^\s\"'@/]*)*)@",
    r"[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9_.~%-]{8,})@",
    r"(?i)authorization\\*[\"']?\s*[:=]\s*\\*[\"']?((?:[A-Za-z]+ +)?[A-Za-z0-9._~+/=-]{4,})",
    r"(?i)\blogin\s+\S+\s+password\s+(\S+)",
    r"(?i)hooks\.slack\.com/services/([A-Za-z0-9/]{8,})",
)
_BEARER: Final = r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,})"
# Nearly all text has none of them, which one search can tell.
_ANY_SHAPE: Final = "|".join([f"(?:{pattern})" for pattern in (*_SHAPES, _BEARER)])
_BASE64: Final = r"([A-Za-z0-9+/_-]{16,}={0,2})"
_ANY_LITERAL: Final = f"{_ANY_SHAPE}|{_ANY_ASSIGNED}"
# Also manifests of Secrets; and what assigns only in a text of several lines.
_ANY_RAW: Final = f"{_ANY_LITERAL}|(?:{_RAW_ASSIGNED})"
_SPACES: Final = r"[\s\pZ\x{85}]*"
_ANY_IN_LINE: Final = rf"""{_ANY_LITERAL}|kind["']?{_SPACES}:{_SPACES}["']?Secret\b"""
_ANY_IN_LINES: Final = f"{_ANY_IN_LINE}|(?:{_RAW_ASSIGNED})"

# In compact JSON with sorted keys: what makes a member secret by its place or its name, or by a name beside it.
_JSON_PART: Final = r"(?:[^\"\\]|\\.)*"
_FIELD_END: Final = _FIELD_NAME.removesuffix(r"\z")
_SECRET_MEMBERS: Final = "|".join(
    [
        r"\"kind\":\"Secret(?:List)?\"",
        rf"\"name\":\"{_JSON_PART}{_ENVIRONMENT_NAME}(?s:.*)\"value\":",
        # Constants say nothing, and containers are no values.
        rf"(?:{_FIELD_END})\":[\"0-9-]",
        rf"\"-{_JSON_PART}(?:{_FIELD_END})\",\"",
        r"last-applied-configuration",
    ]
)

_BASE64_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _digits(low_bits: int, allowed: Sequence[int]) -> str:
    """A class of base64's digits of which so many low bits are one of the allowed numbers."""
    found = [one for place, one in enumerate(_BASE64_DIGITS) if place % (1 << low_bits) in allowed]
    return f"[{''.join(found)}]".replace("-", r"+\-").replace("_", "/_")


# How base64 of UTF-8 text begins: the first two bytes are of ASCII and no control characters, or the first byte of a
# character of several (11…) and one that goes on (10…).
_TEXT_START: Final = (
    f"(?:[CDI-Za-f](?:{_digits(4, range(8))}{_digits(2, (0, 1, 3))}|{_digits(4, range(12, 16))}{_digits(2, (2,))})"
    f"|[w-z0-9]{_digits(4, range(8, 12))}[A-Za-z0-9+/_-])"
)
_ENCODED_TEXT: Final = f"(?:^|[^A-Za-z0-9+/_-]){_TEXT_START}[A-Za-z0-9+/_-]{{13}}"
_ANY_OR_ENCODED: Final = f"{_ANY_IN_LINE}|(?:{_ENCODED_TEXT})"
_ANY_OR_ENCODED_IN_LINES: Final = f"{_ANY_IN_LINES}|(?:{_ENCODED_TEXT})"

# Names whose look is remembered: names of fields and variables recur, object after object.
_MOST_NAMES: Final = 4096
_LONGEST_NAME: Final = 256

# Values that say nothing: masking them would hide the words of every message.
_PLAIN_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none", "nil", "~"})
# A reference to a value that is kept elsewhere.
_REFERENCE: Final = r"\A\s*(?:\$[({]|\$[A-Z_][A-Z0-9_]*\s*\z|\{\{|<[A-Za-z]|\*\*\*)"

# A word after `Bearer` of at least this length, or with a digit, is no word of a sentence.
_WORD_LENGTH: Final = 20


@functools.cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)


def search(pattern: str, text: str) -> tuple[str, ...] | None:
    """The groups of the first match in linear time, all of which must take part; None where there is none."""
    match = _compiled(pattern).search(text)
    return None if match is None else tuple(match.groups())


@functools.lru_cache(maxsize=_MOST_NAMES)
def is_environment_name(name: str) -> bool:
    """May an environment variable of this name carry a credential?"""
    return len(name) <= 256 and _compiled(_ENVIRONMENT_NAME).search(name) is not None


@functools.lru_cache(maxsize=_MOST_NAMES)
def is_field_name(name: str) -> bool:
    """Is a field of this name meant to carry a credential itself (and not a reference to one)?"""
    return len(name) <= 256 and _compiled(_FIELD_NAME).search(name) is not None


def is_option(text: str) -> bool:
    """Is the text a command line option such as `--db-password`, whose value follows as the next argument?"""
    return text.startswith("-") and "=" not in text and " " not in text and is_field_name(text)


def is_plain_word(value: str) -> bool:
    """Is the value empty, or a word like `true`?"""
    stripped = value.strip()
    return not stripped or stripped.lower() in _PLAIN_WORDS


def says_nothing(value: str) -> bool:
    """Is the value a plain word, or a reference such as `$(NAME)`?"""
    return is_plain_word(value) or _compiled(_REFERENCE).search(value[:64]) is not None


def _groups(pattern: str, text: str) -> Iterator[Interval]:
    for match in _compiled(pattern).finditer(text):
        for group in range(1, len(match.groups()) + 1):
            start, end = match.span(group)
            if start >= 0 and not says_nothing(text[start:end]):
                yield start, end


def may_hold_literals(text: str) -> bool:
    """Is there anything for `find_shapes` or `find_assigned` to find, in the text or in one of its lines?"""
    return _holds(_ANY_LITERAL, text)


def may_hold_in_line(text: str) -> bool:
    """Is there anything for `find_shapes` or `find_raw_assigned` to find in the line?"""
    return _holds(_ANY_RAW, text)


def may_have_secret_members(text: bytes) -> bool:
    """May compact JSON with sorted keys have a member that is secret by its name, by another beside it, or as an option?"""
    return _holds(_SECRET_MEMBERS, text)


def may_hold_secrets(text: bytes) -> bool:
    """As `may_hold_literals`, or for manifests of Secrets."""
    return _holds(_ANY_IN_LINE, text)


def may_hold_secrets_in_lines(text: bytes) -> bool:
    """As `may_hold_secrets`, or for `find_raw_assigned`."""
    return _holds(_ANY_IN_LINES, text)


def may_hold_any(text: bytes, *, in_lines: bool) -> bool:
    """As `may_hold_secrets` (or `may_hold_secrets_in_lines`) or `may_hold_encoded_text`, in one search."""
    return _holds(_ANY_OR_ENCODED_IN_LINES if in_lines else _ANY_OR_ENCODED, text)


def may_hold_encoded_text(text: bytes) -> bool:
    """May one of the runs of `find_base64` stand for text?"""
    return _holds(_ENCODED_TEXT, text)


def _holds(pattern: str, text: bytes | str) -> bool:
    return _searched(pattern).search(text) is not None


@functools.cache
def _searched(pattern: str) -> Any:
    # Without groups, whether there is a match is told in one pass.
    options = re2.Options()
    options.never_capture = True
    return re2.compile(pattern, options)


def find_shapes(text: str) -> Iterator[Interval]:
    """Where text of a credential's shape stands."""
    if _compiled(_ANY_SHAPE).search(text) is None:
        return
    for pattern in _SHAPES:
        yield from _groups(pattern, text)
    for start, end in _groups(_BEARER, text):
        word = text[start:end]
        if len(word) >= _WORD_LENGTH or not word.isalpha():
            yield start, end


def find_name_shapes(name: str) -> tuple[Interval, ...]:
    """As `find_shapes`, in a name of an object: kinds and namespaces recur, object after object."""
    return _shapes_of(name) if len(name) <= _LONGEST_NAME else tuple(find_shapes(name))


@functools.lru_cache(maxsize=_MOST_NAMES)
def _shapes_of(name: str) -> tuple[Interval, ...]:
    return tuple(find_shapes(name))


def find_assigned(text: str) -> Iterator[Interval]:
    """Where values are given to credential-like names, as `password=…` or `"password": "…"`."""
    if _compiled(_ANY_ASSIGNED).search(text) is None:
        return
    yield from _groups(_ASSIGNED, text)
    yield from _groups(_QUOTED_ASSIGNED, text)
    yield from _find_options(text)


def _find_options(text: str) -> Iterator[Interval]:
    if "-" in text:
        yield from _groups(_OPTION, text)
        yield from _groups(_USER_OPTION, text)


def find_raw_assigned(text: str) -> Iterator[Interval]:
    """As `find_assigned`, for lines of YAML, where `password: …` assigns too."""
    yield from _groups(_RAW_ASSIGNED, text)
    yield from _groups(_QUOTED_ASSIGNED, text)
    yield from _find_options(text)


def find_base64(text: str) -> Iterator[Interval]:
    """Where runs of base64's alphabet stand that are long enough to hide a credential."""
    yield from _groups(_BASE64, text)
