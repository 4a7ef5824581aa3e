"""Patterns of ignore files: a table of cases, and git itself as the judge where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lockgate.webhook.gitignore import MAX_PATTERNS, IgnoreFile, is_ignored, parse_patterns

# pattern lines, path, is it a folder, ignored
TABLE: list[tuple[str, str, bool, bool]] = [
    ("a.yaml", "a.yaml", False, True),
    ("a.yaml", "deep/er/a.yaml", False, True),
    ("/a.yaml", "deep/a.yaml", False, False),
    ("/a.yaml", "a.yaml", False, True),
    ("b/a.yaml", "b/a.yaml", False, True),
    ("b/a.yaml", "c/b/a.yaml", False, False),
    ("*.yaml", "x/y.yaml", False, True),
    ("*.yaml\n!keep.yaml", "x/keep.yaml", False, False),
    ("!keep.yaml\n*.yaml", "x/keep.yaml", False, True),
    ("build/", "build", True, True),
    ("build/", "build", False, False),
    ("build/", "x/build", True, True),
    ("**/logs", "logs", True, True),
    ("**/logs", "a/b/logs", True, True),
    ("logs/**", "logs/a/b", False, True),
    ("logs/**", "logs", True, False),
    ("/**", "a/b", False, True),
    ("/**/", "a/b", True, True),
    ("/**\n!a/", "a/b", False, True),
    ("a/***/b", "a/x/y/b", False, True),
    ("x**/b", "xa/c/b", False, True),
    ("/x**", "xa/c", False, True),
    ("x**", "xa/c", False, False),
    ("?x**/b", "axa/c/b", False, False),
    ("****/b", "x/y/b", False, True),
    ("a/***b", "a/x/b", False, False),
    ("a/**/b", "a/b", False, True),
    # Bytes of a name that are no UTF-8, as Python reads them.
    ("x", "caf\udce9.yaml", False, False),
    ("caf?.yaml", "caf\udce9.yaml", False, True),
    ("caf\udce9.yaml", "caf\udce9.yaml", False, True),
    ("caf\udce9.yaml", "caf\udce8.yaml", False, False),
    ("[\udce9]", "\udce9", False, True),
    ("a/**/b", "a/x/y/b", False, True),
    ("a/**/b", "ab", False, False),
    ("a?c", "abc", False, True),
    ("a?c", "a/c", False, False),
    ("a*c", "a/c", False, False),
    ("[a-c].yaml", "b.yaml", False, True),
    ("[!a-c].yaml", "b.yaml", False, False),
    ("[!a-c].yaml", "d.yaml", False, True),
    ("[]-].yaml", "].yaml", False, True),
    ("[[:digit:]].yaml", "7.yaml", False, True),
    ("a[", "a[", False, True),
    ("# a", "# a", False, False),
    (r"\# a", "# a", False, True),
    (r"\!a", "!a", False, True),
    ("a ", "a", False, True),
    ("a\\ ", "a ", False, True),
    ("a.b", "axb", False, False),
    ("a+(b)", "a+(b)", False, True),
    ("", "a", False, False),
    ("/", "a", True, False),
    ("a\r", "a", False, True),
]


@pytest.mark.parametrize(("patterns", "path", "is_folder", "ignored"), TABLE)
def test_patterns(patterns: str, path: str, is_folder: bool, ignored: bool) -> None:
    assert is_ignored(path, is_folder, [IgnoreFile("", parse_patterns(patterns))]) is ignored


def test_the_deepest_file_decides() -> None:
    files = [
        IgnoreFile("", parse_patterns("*.yaml")),
        IgnoreFile("keep/", parse_patterns("!*.yaml")),
        IgnoreFile("keep/not/", parse_patterns("/x.yaml")),
    ]
    assert is_ignored("a.yaml", False, files)
    assert not is_ignored("keep/a.yaml", False, files)
    assert is_ignored("keep/not/x.yaml", False, files)
    assert not is_ignored("keep/not/deeper/x.yaml", False, files)


def test_a_hostile_pattern_does_not_match_for_ever() -> None:
    patterns = parse_patterns("a*" * 500 + "b\n" + "**/" * 500 + "x")
    assert not is_ignored("a" * 2_000, False, [IgnoreFile("", patterns)])


def test_the_number_of_patterns_is_bounded() -> None:
    assert len(parse_patterns("a\n" * (MAX_PATTERNS + 5))) == MAX_PATTERNS


@given(
    lines=st.lists(
        st.sampled_from(["a", "/a", "a/", "!a", "*", "b/*", "**/c", "[!a]", "a?c", "x[", "!b/"]), max_size=8
    ),
    path=st.sampled_from(["a", "b", "a/b", "b/a", "c", "x/y/c", "abc", "b/abc", "x["]),
    is_folder=st.booleans(),
    many=st.booleans(),
)
def test_looking_at_all_patterns_at_once_changes_nothing(
    lines: list[str], path: str, is_folder: bool, many: bool
) -> None:
    patterns = parse_patterns("\n".join([*(["never/there"] * 600 if many else []), *lines]))
    last = [one for one in patterns if one.matches(path, is_folder)][-1:]
    assert is_ignored(path, is_folder, [IgnoreFile("", patterns)]) is any(not one.negated for one in last)


def test_patterns_that_are_too_much_for_one_expression_hold_all_the_same() -> None:
    patterns = parse_patterns(
        "\n".join(["?" * 4_000 + "a", *[f"{'[ab]?' * 800}{number}" for number in range(60)], "b"])
    )
    file = IgnoreFile("", patterns)
    assert is_ignored("b", False, [file])
    assert not is_ignored("c", False, [file])


GIT = shutil.which("git")
SAFE_PIECES = st.sampled_from(
    ["a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", "/", "!", ".yaml", "\\*", "a.b", " "]
)


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.lists(SAFE_PIECES, min_size=1, max_size=5).map("".join), min_size=1, max_size=4),
    paths=st.lists(
        st.lists(st.sampled_from(["a", "b", "ab", "x.yaml", "a.b"]), min_size=1, max_size=3).map("/".join),
        min_size=1,
        max_size=5,
        unique=True,
    ),
)
def test_git_agrees(tmp_path: Path, lines: list[str], paths: list[str]) -> None:
    root = tmp_path / "repository"
    if not root.exists():
        subprocess.run([str(GIT), "init", "-q", str(root)], check=True)
    (root / ".gitignore").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [str(GIT), "-c", "core.excludesFile=", "check-ignore", "--no-index", "--stdin", "-z"],
        cwd=root,
        input="\0".join(paths).encode(),
        capture_output=True,
        check=False,
    )
    expected = {path for path in done.stdout.decode().split("\0") if path}
    patterns = [IgnoreFile("", parse_patterns("\n".join(lines)))]

    def ignored(path: str) -> bool:
        parts = path.split("/")
        # No file exists, so git takes the last part for a file.
        return any(
            is_ignored("/".join(parts[:count]), count < len(parts), patterns)
            for count in range(1, len(parts) + 1)
        )

    assert {path for path in paths if ignored(path)} == expected
