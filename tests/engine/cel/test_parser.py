"""Text to tree. Trees, places and messages are cel-go 0.26's, as the API server of 1.34 sets it up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.ast import Call, Constant, Macro, Name, Select
from lockgate.engine.cel.errors import ExpressionError, line_and_column
from lockgate.engine.cel.lexer import MAX_CODE_POINTS
from lockgate.engine.cel.parser import MAX_DEPTH, RESERVED, parse
from lockgate.engine.cel.printing import render_expression
from lockgate.engine.cel.values import Uint
from lockgate.engine.cel.walking import depth, walk

OPERAND = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
    "IDENTIFIER}"
)
ARGUMENT = OPERAND.replace("'(', '.'", "'(', ')', '.'")


def grouped(source: str) -> str:
    """The tree with parentheses around every operator."""

    def text(node: Any) -> str:
        if isinstance(node, Call) and node.target is None and not node.function.isidentifier():
            return f"({node.function} {' '.join([text(one) for one in node.arguments])})"
        return render_expression(node)

    return text(parse(source))


LITERALS: list[tuple[str, object]] = [
    ("null", None),
    ("true", True),
    ("false", False),
    ("0", 0),
    ("007", 7),
    ("0x1F", 31),
    ("-0x1F", -31),
    ("- 5", -5),
    ("--5", 5),
    ("-9223372036854775808", -(1 << 63)),
    ("9223372036854775807", (1 << 63) - 1),
    ("00000000000000000000000000001", 1),
    ("18446744073709551615u", Uint((1 << 64) - 1)),
    ("0x1FU", Uint(31)),
    ("1.5", 1.5),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("-1.5E-3", -0.0015),
    ("1e-999", 0.0),
    ('""', ""),
    ("'a\"b'", 'a"b'),
    ('"""a"b\nc"""', 'a"b\nc'),
    ("''''''", ""),
    ('""""a"""', '"a'),
    ("'''a\r\nb\rc'''", "a\nb\nc"),
    (r"r'\n'", r"\n"),
    (r'R"\d+"', r"\d+"),
    ('r"""a"b"""', 'a"b'),
    (r"'\a\b\f\n\r\t\v\"\'\\\?\`'", "\a\b\f\n\r\t\v\"'\\?`"),
    (r"'\x41\101\u00e9\U0001F600'", "AAé😀"),
    (r"'\377\xff'", "ÿÿ"),
    (r"b'\xff\377é'", b"\xff\xff\xc3\xa9"),
    ("B'a'", b"a"),
    (r"br'\d'", rb"\d"),
    ("1 // c", 1),
    ("// c\n\t1\f", 1),
]


@pytest.mark.parametrize(("source", "value"), LITERALS)
def test_literals(source: str, value: object) -> None:
    node = parse(source)
    assert isinstance(node, Constant)
    assert (type(node.value), node.value) == (type(value), value)


GROUPED = [
    ("a + b * c - d", "(_-_ (_+_ a (_*_ b c)) d)"),
    ("a == b == c", "(_==_ (_==_ a b) c)"),
    ("a in b in c", "(@in (@in a b) c)"),
    ("a < b + c && d || e", "(_||_ (_&&_ (_<_ a (_+_ b c)) d) e)"),
    ("a ? b : c ? d : e", "(_?_:_ a b (_?_:_ c d e))"),
    ("a || b ? c || d : e", "(_?_:_ (_||_ a b) (_||_ c d) e)"),
    ("!a.b", "(!_ a.b)"),
    ("!!a", "a"),
    ("!!!a", "(!_ a)"),
    ("!-1", "(!_ -1)"),
    ("--a", "a"),
    ("---5", "(-_ 5)"),
    ("-a * b", "(_*_ (-_ a) b)"),
    ("a -1", "(_-_ a 1)"),
    ("a % b / c", "(_/_ (_%_ a b) c)"),
    # Balanced, as cel-go does.
    ("a && b && c && d", "(_&&_ (_&&_ a b) (_&&_ c d))"),
    ("a || b || c", "(_||_ (_||_ a b) c)"),
    ("a && (b && c)", "(_&&_ a (_&&_ b c))"),
]


@pytest.mark.parametrize(("source", "tree"), GROUPED)
def test_precedence(source: str, tree: str) -> None:
    assert grouped(source) == tree


MISTAKES = [
    ("", 0, f"Syntax error: mismatched input '<EOF>' expecting {OPERAND}"),
    ("1 +", 3, f"Syntax error: mismatched input '<EOF>' expecting {OPERAND}"),
    ("a b", 2, "Syntax error: extraneous input 'b' expecting <EOF>"),
    ("(a", 2, "Syntax error: missing ')' at '<EOF>'"),
    ("f(a", 3, "Syntax error: missing ')' at '<EOF>'"),
    ("a.", 2, "Syntax error: no viable alternative at input '.'"),
    ("a.()", 2, "Syntax error: no viable alternative at input '.('"),
    ("a..b", 2, "Syntax error: no viable alternative at input '..'"),
    ("a.in", 2, "Syntax error: no viable alternative at input '.in'"),
    ("[1, 2", 5, "Syntax error: mismatched input '<EOF>' expecting {']', ','}"),
    ("{1: 2", 5, "Syntax error: mismatched input '<EOF>' expecting {'}', ','}"),
    ("[1 2]", 3, "Syntax error: extraneous input '2' expecting {']', ','}"),
    ("f(", 2, f"Syntax error: mismatched input '<EOF>' expecting {ARGUMENT}"),
    ("{1 2}", 3, "Syntax error: missing ':' at '2'"),
    ("a[1,2]", 3, "Syntax error: mismatched input ',' expecting ']'"),
    ("a and b", 2, "Syntax error: mismatched input 'and' expecting <EOF>"),
    ("a & b", 2, "Syntax error: token recognition error at: '& '"),
    (r"'abc\q'", 0, r"Syntax error: token recognition error at: ''abc\q'"),
    ("a.null", 2, "Syntax error: mismatched input 'null' expecting IDENTIFIER"),
    ("a ? b", 5, "Syntax error: mismatched input '<EOF>' expecting ':'"),
    ("a ? b ? c : d : e", 6, "Syntax error: mismatched input '?' expecting ':'"),
    ('"abc', 0, "Syntax error: token recognition error at: '\"abc'"),
    ("a # b", 2, "Syntax error: token recognition error at: '#'"),
    ("0X1F", 1, "Syntax error: extraneous input 'X1F' expecting <EOF>"),
    ("1.", 2, "Syntax error: no viable alternative at input '.'"),
    ("--9223372036854775808", 2, "invalid int literal"),
    ("9223372036854775808", 0, "invalid int literal"),
    ("1" * 5000, 0, "invalid int literal"),
    ("18446744073709551616u", 0, "invalid uint literal"),
    ("-1e999", 0, "invalid double literal"),
    (r"'\ud800'", 0, "invalid unicode code point"),
    (r"1 + '\U00110000'", 4, "invalid unicode code point"),
    (r"b'\u0041'", 0, "unable to unescape string"),
    ("a.`b-c`", 2, "unsupported syntax: '`'"),
    ("a.?`b-c`", 3, "unsupported syntax: '`'"),
    ("namespace", 0, "reserved identifier: namespace"),
    ("1 + if(a)", 4, "reserved identifier: if"),
    ("has(a)", 4, "invalid argument to has() macro"),
    ("has(a.?b)", 5, "invalid argument to has() macro"),
    ("has(a['b'])", 5, "invalid argument to has() macro"),
    ("a.map(b.c, 1)", 7, "argument is not an identifier"),
    ("a.filter(1, true)", 9, "argument is not an identifier"),
    ("a.all(1, true)", 6, "argument must be a simple name"),
    ("a.transformMap(k, 1, k)", 18, "argument must be a simple name"),
    ("a.exists(__result__, true)", 9, "iteration variable overwrites accumulator variable"),
    ("a.exists(k, __result__, true)", 12, "iteration variable overwrites accumulator variable"),
    ("a.all(i, i, true)", 9, "duplicate variable name: i"),
    ("a.optMap(1, 2)", 9, "optMap() variable name must be a simple identifier"),
    ("a.optFlatMap(b.c, 2)", 14, "optFlatMap() variable name must be a simple identifier"),
    (
        "'a'.sortBy(x, x)",
        0,
        "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
    ),
    ("a + '\ud800'", 5, "Syntax error: half of a surrogate pair is no character"),
]


@pytest.mark.parametrize(("source", "offset", "message"), MISTAKES)
def test_mistakes(source: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(source)
    (mistake,) = caught.value.mistakes
    assert (mistake.offset, mistake.message) == (offset, message)


OFFSETS = [
    ("a + b", 2),
    ("a.b", 1),
    ("a.?b", 1),
    ("a[0]", 1),
    ("f(a)", 1),
    ("a.f(b)", 3),
    ("a.all(x, true)", 5),
    ("has(a.b)", 3),
    ("a ? b : c", 2),
    ("  !a", 2),
    ("-5", 0),
    (".a", 1),
    (" [1]", 1),
    ("a.b{c: 1}", 3),
    ("'é' + a", 4),
]


@pytest.mark.parametrize(("source", "offset"), OFFSETS)
def test_offsets(source: str, offset: int) -> None:
    assert parse(source).offset == offset


def test_macros_are_nodes_of_their_own() -> None:
    node = parse("a.existsOne(k, v, k == v)")
    assert isinstance(node, Macro)
    assert (node.name, node.variables, len(node.parts)) == ("exists_one", ("k", "v"), 1)
    # With another number of arguments it is a call.
    assert isinstance(parse("a.map(b)"), Call)
    assert isinstance(parse("all(a, true)"), Call)
    assert isinstance(parse(".has(a.b)"), Call)


def test_a_has_is_a_select_that_tests() -> None:
    node = parse("has(a.b.c)")
    assert node == Select(3, Select(5, Name(4, "a"), "b"), "c", test=True)


@pytest.mark.parametrize("word", sorted(RESERVED - {"true", "false", "null", "in"}))
def test_reserved_words_are_names_of_fields(word: str) -> None:
    assert isinstance(parse(f"a.{word}"), Select)
    with pytest.raises(ExpressionError, match="reserved identifier"):
        parse(word)


DEEP = [
    "(" * 5000 + "a" + ")" * 5000,
    "[" * 5000,
    "+".join(["a"] * 300),
    "a" + ".b" * 300,
    "a" + ".f()" * 300,
    "a" + "[0]" * 300,
    "f(" * 300 + ")" * 300,
    "a ? b : " * 300 + "c",
    "a ? (" * 300,
    "a || b && (" * 300,
    "{1: " * 300,
    "!(" * 300 + "a" + ")" * 300,
]


@pytest.mark.parametrize("source", DEEP, ids=[one[:12] for one in DEEP])
def test_what_is_too_deep_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError, match=r"^expression recursion limit exceeded: 250$"):
        parse(source)


def test_depth_that_is_allowed() -> None:
    assert depth(parse("+".join(["a"] * MAX_DEPTH))) == MAX_DEPTH
    assert depth(parse("(" * 100 + "a" + ")" * 100)) == 1
    # A long chain of || is not a deep one.
    chain = parse("||".join(["a"] * 30_000))
    assert depth(chain) < 20
    assert len(list(walk(chain))) == 2 * 30_000 - 1


def test_a_source_that_is_too_large_is_refused() -> None:
    source = "a" * (MAX_CODE_POINTS + 1)
    with pytest.raises(ExpressionError) as caught:
        parse(source)
    assert str(caught.value) == "expression code point size exceeds limit: size: 100001, limit 100000"
    assert parse(source[1:]) == Name(0, source[1:])


@given(st.text(st.sampled_from("ab1.?[]{}():,+-*!&|<=\"'\\ru0x/ \n")))
def test_any_text_is_a_tree_or_a_mistake(source: str) -> None:
    try:
        node = parse(source)
    except ExpressionError as error:
        assert all(0 <= one.offset <= len(source) for one in error.mistakes)
    else:
        assert all(0 <= one.offset < len(source) for one in walk(node))


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 0)), (1, (1, 1)), (2, (1, 2)), (3, (2, 0)), (4, (2, 1)), (5, (3, 0))]
)
def test_lines_and_columns(offset: int, place: tuple[int, int]) -> None:
    assert line_and_column("é+\na\n", offset) == place
