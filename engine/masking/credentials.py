"""What a credential looks like: by the name that it is given, and by its own shape.

Shapes follow what the issuers document (AWS access key ids, GitHub, GitLab, Slack, Stripe and Hugging Face tokens, JWT
as RFC 7519, PEM as RFC 7468, user information in URLs as RFC 3986). All matching runs on google-re2, in linear time.
"""

import functools
from collections.abc import Iterator
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
    return _compiled(_ANY_LITERAL).search(text) is not None


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
