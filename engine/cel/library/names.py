"""Names as Kubernetes validates them, with the words of `k8s.io/apimachinery/pkg/util/validation`.

Those words reach users through policies, which compare them or show them: they are upstream's.
"""

import re
from typing import Final

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_OLD_LABEL: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE: Final = f"({_QUALIFIED})?"

_IS_LABEL: Final = re.compile(_LABEL)
_IS_SUBDOMAIN: Final = re.compile(_SUBDOMAIN)
_IS_OLD_LABEL: Final = re.compile(_OLD_LABEL)
_IS_QUALIFIED: Final = re.compile(_QUALIFIED)
_IS_VALUE: Final = re.compile(_VALUE)

_LABEL_LENGTH: Final = 63
_SUBDOMAIN_LENGTH: Final = 253
_ALPHANUMERIC: Final = "and must start and end with an alphanumeric character"


def _too_long(text: str, length: int) -> list[str]:
    return (
        [f"must be no more than {length} characters"] if len(text.encode("utf-8", "replace")) > length else []
    )


def _must_match(message: str, pattern: str, *examples: str) -> str:
    shown = " or ".join([f"'{one}', " for one in examples])
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def subdomain(text: str) -> list[str]:
    """What is wrong with a subdomain of RFC 1123."""
    found = _too_long(text, _SUBDOMAIN_LENGTH)
    if not _IS_SUBDOMAIN.fullmatch(text):
        found.append(
            _must_match(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                + _ALPHANUMERIC,
                _SUBDOMAIN,
                "example.com",
            )
        )
    return found


def label(text: str) -> list[str]:
    """What is wrong with a label of RFC 1123."""
    found = _too_long(text, _LABEL_LENGTH)
    if not _IS_LABEL.fullmatch(text):
        found.append(
            "must not contain dots"
            if _IS_SUBDOMAIN.fullmatch(text)
            else _must_match(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
                + _ALPHANUMERIC,
                _LABEL,
                "my-name",
                "123-abc",
            )
        )
    return found


def old_label(text: str) -> list[str]:
    """What is wrong with a label of RFC 1035."""
    found = _too_long(text, _LABEL_LENGTH)
    if not _IS_OLD_LABEL.fullmatch(text):
        found.append(
            _must_match(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                "character, and end with an alphanumeric character",
                _OLD_LABEL,
                "my-name",
                "abc-123",
            )
        )
    return found


def qualified_name(text: str) -> list[str]:
    """What is wrong with the key of a label or annotation."""
    wrong = _must_match(
        f"must consist of alphanumeric characters, '-', '_' or '.', {_ALPHANUMERIC}",
        _QUALIFIED,
        "MyName",
        "my.name",
        "123-abc",
    )
    if text.count("/") > 1:
        return [
            f"a qualified name {wrong} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    prefix, slash, name = text.rpartition("/")
    found: list[str] = []
    if slash and not prefix:
        found.append("prefix part must be non-empty")
    elif slash:
        found += [f"prefix part {one}" for one in subdomain(prefix)]
    if not name:
        found.append("name part must be non-empty")
    else:
        found += [f"name part {one}" for one in _too_long(name, _LABEL_LENGTH)]
    if not _IS_QUALIFIED.fullmatch(name):
        found.append(f"name part {wrong}")
    return found


def label_value(text: str) -> list[str]:
    """What is wrong with the value of a label."""
    found = _too_long(text, _LABEL_LENGTH)
    if not _IS_VALUE.fullmatch(text):
        found.append(
            _must_match(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                + _ALPHANUMERIC,
                f"({_QUALIFIED})?",
                "MyValue",
                "my_value",
                "12345",
            )
        )
    return found


def as_prefix(text: str) -> str:
    """A prefix of a name as the name that is checked: dashes at its end are no mistake."""
    return text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text
