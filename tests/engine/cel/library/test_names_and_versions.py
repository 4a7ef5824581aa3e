"""Named formats, semantic versions, and the authorizer that nobody asks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.errors import UnknownError
from lockgate.engine.cel.library import authorizer, semver_value
from lockgate.engine.cel.values import NONE

from tests.engine.cel.library.calling import BY_NAME, asked, body, called, told

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
OLD_LABEL = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
TOO_LONG = "must be no more than 63 characters"

VALIDATED: list[tuple[str, str, list[str]]] = [
    ("dns1123Label", "a", []),
    ("dns1123Label", "", [LABEL]),
    ("dns1123Label", "a-", [LABEL]),
    ("dns1123Label", "a\n", [LABEL]),
    ("dns1123Label", "a.b", ["must not contain dots"]),
    ("dns1123Label", "x" * 64, [TOO_LONG]),
    ("dns1123Label", "é" * 32, [TOO_LONG, LABEL]),
    ("dns1123LabelPrefix", "abc-", []),
    ("dns1123LabelPrefix", "a--", []),
    ("dns1123LabelPrefix", "-", [LABEL]),
    ("dns1123Subdomain", "a.b", []),
    ("dns1123Subdomain", "a..b", [SUBDOMAIN]),
    ("dns1123Subdomain", "x" * 254, ["must be no more than 253 characters"]),
    ("dns1035Label", "a1", []),
    ("dns1035Label", "1a", [OLD_LABEL]),
    ("qualifiedName", "example.com/MyName", []),
    ("qualifiedName", "a_b", []),
    ("qualifiedName", "", ["name part must be non-empty", f"name part {QUALIFIED}"]),
    ("qualifiedName", "/b", ["prefix part must be non-empty"]),
    ("qualifiedName", "A/b", [f"prefix part {SUBDOMAIN}"]),
    ("qualifiedName", "a/" + "x" * 64, [f"name part {TOO_LONG}"]),
    (
        "qualifiedName",
        "a/b/c",
        [
            (
                f"a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' "
                "(e.g. 'example.com/MyName')"
            )
        ],
    ),
    ("labelValue", "", []),
    ("labelValue", "a_", [VALUE]),
    ("uri", "http://x/", []),
    ("uri", "a", ['parse "a": invalid URI for request']),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000", []),
    ("uuid", "123E4567E89B12D3A456426614174000", []),
    ("uuid", "123e4567", ["does not match the UUID format"]),
    ("byte", "YWI=", []),
    ("byte", "", ["invalid base64"]),
    ("byte", "YQ=", ["invalid base64"]),
    ("date", "2020-02-29", []),
    ("date", "0000-02-29", []),
    ("date", "2023-02-29", ["invalid date"]),
    ("date", "2020-1-1", ["invalid date"]),
    ("datetime", "2020-01-01T00:00:00Z", []),
    ("datetime", "2020-01-01t00:00:00.5+01:00", []),
    ("datetime", "2020-01-01T24:00:00Z", ["invalid datetime"]),
    ("datetime", "2020-01-01", ["invalid datetime"]),
]


@pytest.mark.parametrize(("name", "text", "mistakes"), VALIDATED)
def test_a_format_says_what_is_wrong_in_the_words_of_kubernetes(
    name: str, text: str, mistakes: list[str]
) -> None:
    found = asked("validate", called(f"format.{name}"), text)
    assert (found.value if found.has_value else []) == mistakes


def test_formats_are_found_by_name() -> None:
    assert called("format.named", "nothing") is NONE
    assert called("format.named", "uuid").value is called("format.uuid")
    assert called("_==_", called("format.uuid"), called("format.byte")) is False
    assert told(body("_==_", False, 2), called("format.uuid"), "uuid") == "no such overload"


NO_VERSIONS = [
    ("", "Version string empty"),
    ("1.2", "No Major.Minor.Patch elements found"),
    ("v1.2.3", 'Invalid character(s) found in major number "v1"'),
    ("01.2.3", 'Major number must not contain leading zeroes "01"'),
    ("1.a.3", 'Invalid character(s) found in minor number "a"'),
    ("1.2.3.4", 'Invalid character(s) found in patch number "3.4"'),
    ("1..3", 'strconv.ParseUint: parsing "": invalid syntax'),
    (
        "99999999999999999999.1.1",
        'strconv.ParseUint: parsing "99999999999999999999": value out of range',
    ),
    ("1.2.3-", "Prerelease is empty"),
    ("1.2.3-01", 'Numeric PreRelease version must not contain leading zeroes "01"'),
    ("1.2.3-a_b", 'Invalid character(s) found in prerelease "a_b"'),
    ("1.2.3+", "Build meta data is empty"),
    ("1.2.3+b_c", 'Invalid character(s) found in build meta data "b_c"'),
]


@pytest.mark.parametrize(("text", "words"), NO_VERSIONS)
def test_what_is_no_version(text: str, words: str) -> None:
    assert told(body("semver", False, 1), text) == words
    assert called("isSemver", text) is False


NORMALIZED = [
    ("v1", "1.0.0"),
    ("v1.2", "1.2.0"),
    ("001.002.003", "1.2.3"),
    ("00", "0.0.0"),
    ("1.2.03-a", "1.2.3-a"),
]


@pytest.mark.parametrize(("text", "version"), NORMALIZED)
def test_a_version_is_normalized_if_asked_for(text: str, version: str) -> None:
    assert str(called("semver", text, True)) == version
    assert called("isSemver", text, True) is True
    assert called("isSemver", text, False) is False


def test_a_short_version_has_nothing_behind_it() -> None:
    assert told(body("semver", False, 2), "1-a", True) == (
        "short version cannot contain PreRelease/Build meta data"
    )


ORDER = ["1.2.3-1", "1.2.3-10", "1.2.3-Alpha", "1.2.3-a", "1.2.3-a.1", "1.2.3-a.b", "1.2.3", "1.10.0"]


def test_versions_have_an_order() -> None:
    found = [called("semver", text) for text in ORDER]
    for at, one in enumerate(found):
        for place, other in enumerate(found):
            assert asked("compareTo", one, other) == (at > place) - (at < place)
            assert asked("isGreaterThan", one, other) is (at > place)
            assert asked("isLessThan", one, other) is (at < place)
    assert called("_==_", called("semver", "1.2.3+a"), called("semver", "1.2.3+b")) is True
    assert told(body("_==_", False, 2), found[0], "1.2.3") == "no such overload"


def test_the_numbers_of_a_version_are_ints_of_64_bits() -> None:
    found = called("semver", "18446744073709551615.2.3")
    assert [asked(name, found) for name in ("major", "minor", "patch")] == [-1, 2, 3]


NUMBER = st.integers(0, 10**6).map(str)
WORDS = st.lists(
    st.from_regex("[0-9A-Za-z-]{1,4}", fullmatch=True).filter(
        lambda word: not (word.isdigit() and len(word) > 1 and word[0] == "0")
    ),
    max_size=3,
)


@given(NUMBER, NUMBER, NUMBER, WORDS, WORDS)
def test_a_version_is_written_as_it_was_read(
    major: str, minor: str, patch: str, before: list[str], build: list[str]
) -> None:
    text = f"{major}.{minor}.{patch}"
    text += f"-{'.'.join(before)}" if before else ""
    text += f"+{'.'.join(build)}" if build else ""
    assert str(semver_value.parse(text)) == text
    assert semver_value.compare(semver_value.parse(text), semver_value.parse_tolerant(f"v{text}")) == 0


ASKED: list[tuple[str, tuple[Any, ...]]] = [
    ("group", (authorizer.Authorizer(), "")),
    ("path", (authorizer.Authorizer(), "/")),
    ("serviceAccount", (authorizer.Authorizer(), "a", "b")),
    ("check", (authorizer.ResourceCheck(), "get")),
]


@pytest.mark.parametrize(("name", "arguments"), ASKED)
def test_the_authorizer_is_asked_of_nobody(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(UnknownError, match="the authorizer of a cluster"):
        asked(name, *arguments)


def test_kubernetes_functions_are_all_there() -> None:
    named = {one.id for function in BY_NAME.values() for one in function.overloads}
    assert {"cidr_to_string", "semver_compare_to", "quantity_compare_to", "list_a_index_of_int"} <= named
    assert [one.id for one in BY_NAME["isGreaterThan"].overloads] == [
        "quantity_is_greater_than",
        "semver_is_greater_than",
    ]
