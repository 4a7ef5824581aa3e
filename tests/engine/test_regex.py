"""Regular expressions: which engine, what it finds, and what is refused."""

import re

import pytest
from lockgate.engine.regex import MAX_PATTERN, Pattern, RegexError, compile_pattern, split_template
from lockgate.engine.regex_subset import parse_subset
from lockgate.engine.regex_tree import MAX_CODE, Chars

# A pattern, and whether Python's `re` may match it.
ENGINES = [
    ("^[a-z]+:[0-9]+$", "re"),
    ("^(?:foo|bar)/", "re"),
    (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "re"),
    (r"(a|b)*c", "re"),
    ("(?:ab?c)+", "re"),
    (r"[\w.-]+@[\w-]+", "re"),
    ("a{3}b{2,5}c{4,}", "re"),
    ("", "re"),
    ("a|b|", "re"),
    ("(?i)abc|[^k-m]", "re"),
    # Exponential for a backtracking matcher.
    ("(a+)+$", "re2"),
    ("(a|a)*$", "re2"),
    ("(a|ab)*$", "re2"),
    (r"(\w+\s?)*$", "re2"),
    ("(?:a?){30}a{30}", "re2"),
    ("((a{1,9}){1,9}){1,9}", "re2"),
    # Another meaning to `re`, or none.
    ("(?i)é", "re2"),
    (r"(?i)\W", "re2"),
    ("a(?i)b", "re2"),
    ("(?s).", "re2"),
    (r"\pL", "re2"),
    ("[[:alpha:]]", "re2"),
    ("a{,2}", "re2"),
    ("a{", "re2"),
    ("()*", "re2"),
    ("(a*)?", "re2"),
    (r"\Qa.b\E", "re2"),
    (r"\B", "re2"),
    (r"\101", "re2"),
    ("(?P<n>a)", "re"),
]


@pytest.mark.parametrize(("source", "engine"), ENGINES)
def test_engine(source: str, engine: str) -> None:
    assert Pattern(source).engine == engine


@pytest.mark.parametrize(
    "source",
    [
        "[",
        "(",
        ")",
        "a)",
        "*a",
        "a**",
        "a{2}{3}",
        "a{1001}",
        "a{3,2}",
        "[b-a]",
        r"\C",
        "(?=a)",
        "(?<=a)b",
        r"(a)\1",
        r"\Z",
        "a++",
        "(?>a)",
        "\\",
        "[a",
        "(?z)",
        "[[:foo:]]",
        r"\p{Foo}",
        r"\8",
    ],
)
def test_refuses_what_go_refuses(source: str) -> None:
    with pytest.raises(RegexError, match="error parsing regexp"):
        Pattern(source)


def test_refuses_an_endless_pattern() -> None:
    with pytest.raises(RegexError, match="over the limit"):
        Pattern("a" * (MAX_PATTERN + 1))


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("a$", "a\n", False),
        ("^b", "a\nb", False),
        (".", "\n", False),
        (r"\d", "\u0663", False),
        (r"\w", "\u00e9", False),
        (r"\s", "\v", False),
        (r"\s", "\u00a0", False),
        (r"\S", "\v", True),
        (r"[^\w]", "\u00e9", True),
        (r"\bb", "\u00e9b", True),
        ("(?i)k", "\u212a", True),
        ("(?i)[p-t]$", "\u017f", True),
        ("(?i)[^S]", "\u017f", False),
        ("(?i)password|token", "My-ToKen", True),
        (r"(?i)^\w$", "\u017f", True),
        (r"a\_b", "a_b", True),
        (r"\Q\_\E", r"\_", True),
        (r"(?i)\_", "_", True),
        (r"\z", "", True),
        ("[.]", "x", False),
        ("[a-]", "-", True),
        (r"\x41", "A", True),
        ("\u00e9+$", "\u00e9\u00e9", True),
        (".", "\ud800", True),
        (r"\pL", "\ud800", False),
    ],
)
def test_search(source: str, text: str, expected: bool) -> None:
    assert Pattern(source).search(text) is expected


@pytest.mark.parametrize("prefix", ["", "(?:)", "(?s)"])
@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("a*", "baac", [(0, 0), (1, 3), (4, 4)]),
        ("|a", "aa", [(0, 0), (1, 1), (2, 2)]),
        ("", "\u00e9\u20ac", [(0, 0), (1, 1), (2, 2)]),
        (r"\b", "a b", [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ("^a", "aaa", [(0, 1)]),
        ("a|ab", "ab", [(0, 1)]),
        ("a+?", "aaa", [(0, 1), (1, 2), (2, 3)]),
        ("$", "ab", [(2, 2)]),
        ("x", "", []),
    ],
)
def test_finds_all_matches_as_go_does(
    prefix: str, source: str, text: str, expected: list[tuple[int, int]]
) -> None:
    # The prefixes change nothing but the engine.
    pattern = Pattern(f"{prefix}(?:{source})")
    assert list(pattern.spans(text)) == expected
    assert list(pattern.spans(text, 1)) == expected[:1]
    assert list(pattern.spans(text, 0)) == []


@pytest.mark.parametrize(
    ("source", "spelled"),
    [
        ("[^,]", r"[^\U0000002c]"),
        ("[^a-c_]", "[^_a-c]"),
        (r"\D", "[^0-9]"),
        (r"[^\x00-\x7f]", r"[^\U00000000-\U0000007f]"),
        (r"[\s\S]", "(?s:.)"),
        ("[^\n]", "."),
        ("[^\u20ac]", r"[\U00000000-\U000020ab\U000020ad-\U0010ffff]"),
        # With the sign for kelvin, which is a K.
        ("(?i)[^k]", r"[\U00000000-JL-jl-\U00002129\U0000212b-\U0010ffff]"),
    ],
)
def test_a_set_of_most_characters_is_spelled_by_those_it_lacks(source: str, spelled: str) -> None:
    subset = parse_subset(source)
    assert subset.source == spelled
    assert isinstance(subset.tree, Chars)
    pattern = re.compile(subset.source, re.ASCII)
    near = {code + step for pair in subset.tree.ranges for code in pair for step in (-1, 0, 1)}
    for code in sorted({*range(0x300), 0xD800, 0xFFFF, 0x10000, *near}):
        if 0 <= code <= MAX_CODE:
            member = any(low <= code <= high for low, high in subset.tree.ranges)
            assert (pattern.fullmatch(chr(code)) is not None) is member, hex(code)


def test_groups_that_took_no_part_are_empty() -> None:
    assert Pattern("(a)|(b)").find_all_groups("ab") == [["a", "a", ""], ["b", "", "b"]]
    assert list(Pattern("(a)|(b)").group_spans("b")) == [((0, 1), (-1, -1), (0, 1))]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$1", [1]),
        ("${1}W", [1, "W"]),
        ("$1W", [("1W",)]),
        ("$name.x", [("name",), ".x"]),
        ("$$1", ["$", "1"]),
        ("$", ["$"]),
        ("${x", ["$", "{x"]),
        ("${}", ["$", "{}"]),
        ("$-", ["$", "-"]),
        ("$01", [("01",)]),
        ("a$0b", ["a", ("0b",)]),
        ("$\u00e9 ", [("\u00e9",), " "]),
        ("", []),
    ],
)
def test_replacement_templates(template: str, expected: list[object]) -> None:
    assert split_template(template) == expected


def test_long_texts_go_to_re2_with_the_same_result() -> None:
    pattern = Pattern("a+b")
    text = "a" * (pattern.longest_fast_text + 1)
    assert not pattern.search(text)
    assert pattern.search(text + "b")
    assert pattern.find_all(text + "b") == [text + "b"]


def test_a_hostile_pattern_is_linear_in_the_text() -> None:
    # A backtracking matcher would not come back from this.
    assert not Pattern("^(a+)+$").search("a" * 200_000 + "b")
    assert not Pattern("a*a*a*a*b").search("a" * 200_000)


def test_patterns_are_cached() -> None:
    assert compile_pattern("abc") is compile_pattern("abc")
