"""Which files are judged, and what is said of the others."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from lockgate.engine.documents.document import DocumentError, Skipped
from lockgate.engine.errors import UsageError
from lockgate.webhook.git_index import parse_index, read_tracked
from lockgate.webhook.gitignore import parse_excludes
from lockgate.webhook.walk import MAX_FILE_BYTES, InputFile, Walk, read_file, shown_path, walk_paths

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")


def make_tree(root: Path, *paths: str) -> None:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("a: 1\n")


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.excludesFile="]
    subprocess.run([str(GIT), *identity, *arguments], cwd=root, check=True, capture_output=True)


def walk(root: Path, *paths: str, excludes: tuple[str, ...] = ()) -> Walk:
    previous = os.getcwd()
    os.chdir(root)
    try:
        return walk_paths(paths or (".",), str(root), [(str(root), parse_excludes(excludes))])
    finally:
        os.chdir(previous)


def shown(found: Walk) -> list[str]:
    return [file.shown for file in found.files]


def test_manifests_of_all_folders_sorted(tmp_path: Path) -> None:
    make_tree(
        tmp_path, "b.yaml", "a/z.yml", "a/B.YAML", ".hidden/h.json", "readme.md", ".git/x.yaml", "c.yaml.bak"
    )
    assert shown(walk(tmp_path)) == [".hidden/h.json", "a/B.YAML", "a/z.yml", "b.yaml"]


def test_a_file_named_by_itself_counts_whatever_its_name(tmp_path: Path) -> None:
    make_tree(tmp_path, "manifest.txt", "a.yaml")
    assert shown(walk(tmp_path, "manifest.txt", "./a.yaml", "a.yaml")) == ["a.yaml", "manifest.txt"]


@pytest.mark.parametrize(
    ("make", "path", "message"),
    [
        ((), "absent.yaml", "does not exist"),
        (("folder/readme.md",), "folder", "has no manifest under it"),
    ],
)
def test_paths_that_match_nothing(tmp_path: Path, make: tuple[str, ...], path: str, message: str) -> None:
    make_tree(tmp_path, *make)
    with pytest.raises(UsageError, match=message):
        walk(tmp_path, path)


@pytest.mark.parametrize(
    ("path", "cwd", "expected"),
    [
        ("a/b.yaml", "/repo", "a/b.yaml"),
        ("./a//b.yaml", "/repo", "a/b.yaml"),
        ("../x/b.yaml", "/repo/y", "../x/b.yaml"),
        ("/repo/a.yaml", "/repo", "a.yaml"),
        ("/else/a.yaml", "/repo", "/else/a.yaml"),
        ("/repository/a.yaml", "/repo", "/repository/a.yaml"),
    ],
)
def test_files_are_shown_as_one_would_type_them(path: str, cwd: str, expected: str) -> None:
    assert shown_path(path, cwd) == expected


def test_excludes(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.yaml", "t/testdata/b.yaml", "gen.yaml", "c/gen.yaml")
    found = walk(tmp_path, excludes=("testdata/", "/gen.yaml"))
    assert shown(found) == ["a.yaml", "c/gen.yaml"]
    assert found.excluded == 2
    assert shown(walk(tmp_path, "gen.yaml", "a.yaml", excludes=("gen.yaml",))) == ["a.yaml"]
    assert walk(tmp_path, "gen.yaml", excludes=("gen.yaml",)).excluded == 1


def test_links_stay_inside_and_files_are_judged_once(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    make_tree(outside, "secret.yaml", "folder/x.yaml")
    make_tree(root, "a.yaml", "d/b.yaml")
    (root / "again.yaml").symlink_to("a.yaml")
    (root / "e").symlink_to("d")
    (root / "d" / "up").symlink_to("..")
    (root / "out.yaml").symlink_to(outside / "secret.yaml")
    (root / "far").symlink_to(outside / "folder")
    (root / "gone.yaml").symlink_to("nothing.yaml")
    (root / "gone").symlink_to("nothing")
    found = walk(root)
    assert shown(found) == ["a.yaml", "d/b.yaml"]
    assert [(entry.file, entry.reason) for entry in found.skipped] == [
        ("far", "symbolic link out of the root"),
        ("gone.yaml", "symbolic link to nothing"),
        ("out.yaml", "symbolic link out of the root"),
    ]


def test_a_link_to_a_file_that_is_not_walked_is_judged(tmp_path: Path) -> None:
    make_tree(tmp_path, ".git/config", "base/a.yaml", "overlay/b.yaml")
    (tmp_path / "overlay" / "a.yaml").symlink_to("../base/a.yaml")
    assert shown(walk(tmp_path, "overlay")) == ["overlay/a.yaml", "overlay/b.yaml"]


def test_special_files_are_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    make_tree(tmp_path, "a.yaml")
    found = walk(tmp_path)
    assert shown(found) == ["a.yaml"]
    assert [entry.file for entry in found.skipped] == ["pipe.yaml"]
    outcome = read_file(InputFile(str(tmp_path / "pipe.yaml"), "pipe.yaml"))
    assert isinstance(outcome, Skipped)


def test_a_pipe_named_by_itself_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    make_tree(tmp_path, "a.yaml")
    found = walk(tmp_path, "a.yaml", "pipe.yaml")
    assert [(error.file, error.message) for error in found.errors] == [("pipe.yaml", "no regular file")]
    assert found.skipped == ()


def test_a_file_over_the_limit_is_an_error(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    outcome = read_file(InputFile(str(big), "big.yaml"))
    assert isinstance(outcome, DocumentError)
    assert "8 MiB" in outcome.message
    big.write_bytes(b"#" * MAX_FILE_BYTES)
    assert isinstance(read_file(InputFile(str(big), "big.yaml")), bytes)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders_are_errors(tmp_path: Path) -> None:
    make_tree(tmp_path, "locked.yaml", "folder/a.yaml", "b.yaml")
    (tmp_path / "locked.yaml").chmod(0)
    (tmp_path / "folder").chmod(0)
    try:
        found = walk(tmp_path)
        assert [error.file for error in found.errors] == ["folder"]
        assert isinstance(read_file(InputFile(str(tmp_path / "locked.yaml"), "locked.yaml")), DocumentError)
    finally:
        (tmp_path / "folder").chmod(0o700)


@pytest.mark.skipif(not os.path.exists("/proc/filesystems"), reason="this system has no files of no size")
def test_a_file_whose_size_is_not_told_is_read_to_its_end() -> None:
    path = "/proc/filesystems"
    assert os.stat(path).st_size == 0
    with open(path, "rb") as stream:
        assert read_file(InputFile(path, path)) == stream.read()


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    outcome = read_file(InputFile(str(tmp_path / "gone.yaml"), "gone.yaml"))
    assert isinstance(outcome, DocumentError)
    assert "no such file" in outcome.message


@needs_git
def test_ignored_files_that_git_does_not_track_are_not_judged(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.yaml", "out/b.yaml", "gen.yaml", "sub/gen.yaml", "sub/keep.yaml")
    (tmp_path / ".gitignore").write_text("out/\n/gen.yaml\n")
    (tmp_path / "sub" / ".gitignore").write_text("*.yaml\n!keep.yaml\n")
    git(tmp_path, "init", "-q")
    found = walk(tmp_path)
    assert shown(found) == ["a.yaml", "sub/keep.yaml"]
    assert found.skipped == ()
    assert shown(walk(tmp_path, "sub")) == ["sub/keep.yaml"]
    assert shown(walk(tmp_path, "gen.yaml")) == ["gen.yaml"]


@needs_git
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_an_ignore_file_hides_nothing_that_git_tracks(tmp_path: Path, version: str) -> None:
    make_tree(tmp_path, "app/bad.yaml", "app/bad2.yaml", "app/z/deep.yaml", "app/untracked.yaml")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "app/bad.yaml", "app/bad2.yaml", "app/z/deep.yaml")
    if version == "3":
        (tmp_path / "app" / "later.yaml").write_text("a: 1\n")
        git(tmp_path, "add", "--intent-to-add", "app/later.yaml")
        (tmp_path / "app" / "later.yaml").unlink()
    git(tmp_path, "update-index", "--index-version", version)
    (tmp_path / ".gitignore").write_text("app/\n")
    (tmp_path / "app" / ".gitignore").write_text("*\n")
    assert (tmp_path / ".git" / "index").read_bytes()[7] == int(version)
    assert shown(walk(tmp_path)) == ["app/bad.yaml", "app/bad2.yaml", "app/z/deep.yaml"]


@needs_git
def test_git_lists_what_we_read_from_its_index(tmp_path: Path) -> None:
    names = [f"folder {number % 7}/file-{number}-é.yaml" for number in range(200)]
    make_tree(tmp_path, *names)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    for version in ("2", "4"):
        git(tmp_path, "update-index", "--index-version", version)
        tracked = read_tracked(str(tmp_path))
        assert tracked is not None
        assert list(tracked.paths) == sorted(names)


@needs_git
def test_a_linked_work_tree_has_an_index_of_its_own(tmp_path: Path) -> None:
    main = tmp_path / "main"
    make_tree(main, "a.yaml")
    git(main, "init", "-q")
    git(main, "add", ".")
    git(main, "commit", "-q", "-m", "first")
    git(main, "worktree", "add", "-q", str(tmp_path / "linked"))
    tracked = read_tracked(str(tmp_path / "linked"))
    assert tracked is not None
    assert list(tracked.paths) == ["a.yaml"]


@needs_git
def test_a_nested_repository_has_its_own_rules(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.yaml", "vendor/b.yaml")
    git(tmp_path, "init", "-q")
    git(tmp_path / "vendor", "init", "-q")
    git(tmp_path / "vendor", "add", "b.yaml")
    (tmp_path / "vendor" / ".gitignore").write_text("b.yaml\n")
    assert shown(walk(tmp_path)) == ["a.yaml", "vendor/b.yaml"]


def test_what_is_ignored_without_a_repository_is_said(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.yaml", "gen.yaml", "out/b.yaml")
    (tmp_path / ".gitignore").write_text("gen.yaml\nout/\n")
    found = walk(tmp_path)
    assert shown(found) == ["a.yaml"]
    assert [(entry.file, entry.reason) for entry in found.skipped] == [
        ("gen.yaml", "ignored by .gitignore"),
        ("out", "folder ignored by .gitignore"),
    ]


def test_what_a_damaged_index_hides_is_said(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.yaml", "gen.yaml")
    (tmp_path / ".gitignore").write_text("gen.yaml\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"DIRC\0\0\0\2\0\0\0\7damaged")
    found = walk(tmp_path)
    assert shown(found) == ["a.yaml"]
    assert [entry.file for entry in found.skipped] == ["gen.yaml"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"DIRC",
        b"DIRC\0\0\0\x09\0\0\0\0",
        b"DIRC\0\0\0\2\xff\xff\xff\xff",
        b"DIRC\0\0\0\4\0\0\0\1" + b"\0" * 70,
    ],
)
def test_damaged_indexes_raise(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse_index(data, 20)


def test_the_order_of_the_folder_does_not_matter(tmp_path: Path) -> None:
    names = [f"{letter}/{number}.yaml" for letter in "bca" for number in (3, 1, 2)]
    for root, order in ((tmp_path / "one", names), (tmp_path / "two", names[::-1])):
        make_tree(root, *order)
    assert shown(walk(tmp_path / "one")) == shown(walk(tmp_path / "two")) == sorted(names)
