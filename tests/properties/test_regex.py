"""Laws of regular expressions: both engines agree, and the proven bound on steps holds."""

import re2
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lockgate.engine import regex_subset
from lockgate.engine.regex import Pattern
from lockgate.engine.regex_work import bound_work

from tests.engine.backtracking import count_steps

# With the letters beyond ASCII that are a k and an s where case is ignored.
LETTERS = "ab:\n-_1 .éÉkKsSA\u017f\u212a"

_literals = [
    "a",
    "b",
    "k",
    "S",
    ":",
    "-",
    "1",
    " ",
    "é",
    "\n",
    ".",
    r"\.",
    r"\n",
    r"\-",
    r"\_",
    r"\x61",
    "{",
    "a{,2}",
]
_classes = [
    r"\d",
    r"\w",
    r"\s",
    r"\D",
    r"\W",
    r"\S",
    "[ab]",
    "[^a]",
    "[a-b1-9]",
    "[i-l]",
    "[^S]",
    r"[\w:]",
    r"[^\s]",
    r"[\d-]",
]
_other_classes = ["[-a]", r"[^\W]", "[é-ü]", "[.]", "[[:alpha:]]", r"\pL", "(?i:A)"]
_edges = ["^", "$", r"\b", r"\B", r"\A", r"\z", "()", "a|"]
_atoms = st.sampled_from([*_literals, *_classes, *_other_classes, *_edges])
_repeats = st.sampled_from(
    ["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}", "{2,}", "{1,3}?", "{0}"]
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.builds("{}{}{}".format, st.sampled_from(["(", "(?:"]), inner, st.just(")"))
    repeated = st.builds("{}{}".format, st.one_of(_atoms, group), _repeats)
    chain = st.lists(repeated, min_size=1, max_size=4).map("".join)
    return st.one_of(chain, st.lists(chain, min_size=2, max_size=3).map("|".join))


patterns = st.builds(
    "{}{}".format,
    st.sampled_from(["", "", "(?i)"]),
    st.recursive(st.builds("{}{}".format, _atoms, _repeats), _compound, max_leaves=8),
)
texts = st.text(alphabet=LETTERS, max_size=24)
# Most patterns of the strategy are outside of the subset or refused by RE2.
_checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
_settings = settings(suppress_health_check=_checks, deadline=None)


def _reference(pattern: str) -> "re2._Regexp | None":
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.replace(r"\_", "_"), options)
    except re2.error:
        return None


def _spans(reference: "re2._Regexp", text: str) -> list[tuple[tuple[int, int], ...]]:
    found = []
    previous = -1
    for match in reference.finditer(text):
        if match.start() == match.end() == previous:
            continue
        previous = match.end()
        found.append(tuple(match.span(group) for group in range(reference.groups + 1)))
    return found


@settings(_settings, max_examples=400)
@given(patterns, st.lists(texts, min_size=1, max_size=4))
def test_python_and_re2_agree(pattern: str, given_texts: list[str]) -> None:
    reference = _reference(pattern)
    try:
        bound_work(regex_subset.parse_subset(pattern).tree)
    except regex_subset.OutsideSubsetError:
        assume(False)
    assert reference is not None, "the subset holds only what RE2 accepts"
    compiled = Pattern(pattern)
    for text in given_texts:
        if len(text) > compiled.longest_fast_text:
            continue
        assert compiled.search(text) == (reference.search(text) is not None)
        wanted = _spans(reference, text)
        assert list(compiled.spans(text)) == [spans[0] for spans in wanted]
        assert list(compiled.group_spans(text)) == wanted


@settings(_settings, max_examples=200)
@given(patterns, texts)
def test_every_pattern_of_re2_is_accepted_and_agrees(pattern: str, text: str) -> None:
    reference = _reference(pattern)
    assume(reference is not None)
    # google-re2 finds \\B between the bytes of a character, where the wrapper cannot say where.
    assume(r"\B" not in pattern or text.isascii())
    assert reference is not None
    compiled = Pattern(pattern)
    assert list(compiled.group_spans(text)) == _spans(reference, text)


@settings(_settings, max_examples=300)
@given(patterns, texts)
def test_steps_stay_below_the_proven_bound(pattern: str, text: str) -> None:
    try:
        tree = regex_subset.parse_subset(pattern).tree
        work = bound_work(tree)
    except regex_subset.OutsideSubsetError:
        assume(False)
    bound = work.at(len(text))
    assume(bound <= 100_000)
    assert count_steps(tree, text, bound + 1) <= bound


@given(st.text(max_size=12), st.text(max_size=30))
def test_any_text_that_is_a_pattern_is_searched_alike(pattern: str, text: str) -> None:
    # Go refuses `\C`, and google-re2 may find `\B` within a character.
    assume("\\C" not in pattern and "\\B" not in pattern)
    reference = _reference(pattern)
    if reference is not None:
        assert Pattern(pattern).search(text) == (reference.search(text) is not None)


@given(texts, st.text(alphabet="$1{}na_é ", max_size=10))
def test_replacing_keeps_what_does_not_match(text: str, template: str) -> None:
    assert "".join(Pattern("zzz").sub(text, template)) == text


@given(texts)
def test_split_and_matches_make_up_the_text(text: str) -> None:
    pattern = Pattern("[:a]+")
    pieces, separators = pattern.split(text), pattern.find_all(text)
    joined = pieces[0] if pieces else ""
    for piece, separator in zip(pieces[1:], separators, strict=False):
        joined += separator + piece
    assert text.startswith(joined)
