"""The files of a commit, read through git: `ls-tree` and `cat-file`, which run nothing of the repository's.

The repository is the one under judgement. Its hooks, replacements of objects, and fetching what is missing are off,
and a revision is never taken for an option.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record

# The Linux kernel's 90,000 files make a list of 7 MB.
MAX_LIST_BYTES: Final = 256 * 1024 * 1024
MAX_REVISION: Final = 256
# PATH_MAX of Linux.
MAX_LINK_BYTES: Final = 4096
_TIMEOUT_S: Final = 120
# The name in a revision, before `~1`, `^{commit}`, `:path` or `@{1}`; and where git looks for it.
_NAME: Final = re.compile(r"(?!-)(?:[^~^:@]|@(?!\{))+")
_PLACES: Final = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
_SHORT_COMMIT: Final = re.compile(r"[0-9a-f]{4,39}")
_REGULAR: Final = (b"100644", b"100755")
_OPTIONS: Final = (
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.allow=never",
)


def is_at(path: str, wanted: str) -> bool:
    """Is the path the wanted one, or below it? Everything is below the root, which is ""."""
    return not wanted or path == wanted or path.startswith(f"{wanted}/")


@record
class TreeFile:
    """A regular file of a commit: its path from the root with `/`, and its blob's name (hex)."""

    path: str
    blob: str


@record
class GitTree:
    """A commit of the repository at `root`: its regular files, sorted, and the paths of links and of submodules.

    is_checked_out: is it the commit of the work tree?
    """

    root: str
    revision: str
    commit: str
    files: tuple[TreeFile, ...]
    links: tuple[str, ...]
    submodules: tuple[str, ...]
    is_checked_out: bool

    def below(self, path: str) -> tuple[TreeFile, ...]:
        """The file of this path, or those below it; all for the root, which is ""."""
        if not path:
            return self.files
        return tuple([one for one in self.files if is_at(one.path, path)])

    def read(self, files: Sequence[TreeFile], limit: int) -> Iterator[tuple[TreeFile, bytes | None]]:
        """The bytes of files, in their order; None for one of more than `limit` bytes."""
        if not files:
            return
        with _started(self.root, "cat-file", "--batch") as process:
            assert process.stdin is not None and process.stdout is not None
            try:
                for one in files:
                    process.stdin.write(os.fsencode(f"{one.blob}\n"))
                    process.stdin.flush()
                    yield one, self._read_one(process, one, limit)
            finally:
                process.stdin.close()
                process.kill()

    def read_link(self, path: str) -> bytes | None:
        """Where a link of the commit leads, as it is written; None where that is too long to be one."""
        if "\n" in path:
            return None
        # `cat-file` takes the name of a blob, and this way to name one.
        wanted = TreeFile(path, f"{self.commit}:{path}")
        return next(iter([data for _, data in self.read([wanted], MAX_LINK_BYTES)]), None)

    def history(self, paths: Sequence[str], commits: int) -> list[TreeFile]:
        """What files were earlier: in the last commits up to this one that changed any of them, the newest first, each once.

        Of merges the first parent counts: what was on a branch before it was merged was not here. Raises UsageError.
        """
        if not paths:
            return []
        options = ("--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames", "--no-show-signature")
        try:
            listed = _run(
                self.root, "log", *options, "-z", "--format=", f"-n{commits}", self.commit, "--", *paths
            )
        except _GitError as error:
            raise UsageError(f"git cannot tell what was before {self.revision} ({error})") from None
        if len(listed) > MAX_LIST_BYTES:
            raise UsageError(f"more changed before {self.revision} than can be looked at")
        found: dict[TreeFile, None] = {}
        fields = iter(listed.split(b"\0"))
        for field in fields:
            # `:100644 100644 OLD NEW M`, and the path as the next field; commits may be divided by line ends.
            head = field.lstrip(b"\n").removeprefix(b":").split(b" ")
            if len(head) != 5:
                continue
            path = os.fsdecode(next(fields, b""))
            for mode, blob in ((head[1], head[3]), (head[0], head[2])):
                if mode in _REGULAR:
                    found[TreeFile(path, blob.decode("ascii"))] = None
        return [*found]

    def _read_one(self, process: "subprocess.Popen[bytes]", one: TreeFile, limit: int) -> bytes | None:
        assert process.stdout is not None
        header = process.stdout.readline(200).split()
        if len(header) != 3 or header[1] != b"blob":
            raise UsageError(
                f"git has no contents for {one.path} as of {self.revision}",
                hint="the clone is partial: fetch the whole of that commit",
            )
        size = int(header[2])
        if size > limit:
            left = size + 1
            while left:
                left -= len(process.stdout.read(min(left, 1 << 20)))
            return None
        data = process.stdout.read(size)
        if len(data) != size or process.stdout.read(1) != b"\n":
            raise UsageError(f"git did not give the whole of {one.path} as of {self.revision}")
        return data


def _environment() -> dict[str, str]:
    """The caller's, without what points git elsewhere or lets it ask or fetch."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def _started(root: str, *arguments: str, tells: bool = False) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - no shell, and revisions are never options
            ["git", *_OPTIONS, "-C", root, *arguments],  # noqa: S607 - the git of the PATH
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if tells else subprocess.DEVNULL,
            env=_environment(),
        )
    except FileNotFoundError:
        raise UsageError("git is not installed, and --base needs it") from None


class _GitError(Exception):
    """git failed; the message is the first line that it said."""


def _run(root: str, *arguments: str) -> bytes:
    """What git prints. Raises _GitError."""
    with _started(root, *arguments, tells=True) as process:
        try:
            out, said = process.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise UsageError(f"git {arguments[0]} took longer than {_TIMEOUT_S} s") from None
    if process.returncode:
        raise _GitError(said.decode("utf-8", "replace").strip().partition("\n")[0][:300])
    return out


def read_git_tree(root: str, revision: str) -> GitTree:
    """The files of a revision of the repository whose work tree is at `root`. Raises UsageError."""
    if not revision or len(revision) > MAX_REVISION or not revision.isprintable():
        raise UsageError("--base takes a branch, tag or commit of git")
    _refuse_ambiguous(root, revision)
    try:
        named = _run(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except _GitError as error:
        raise UsageError(
            f"git knows no commit {revision!r} in {root} ({error})",
            hint=f"in CI, fetch it first, such as with: git fetch --depth=1 origin {_branch(revision)}",
        ) from None
    commit = named.decode("ascii", "replace").strip()
    try:
        listed = _run(root, "ls-tree", "-r", "-z", "--full-tree", commit)
    except _GitError as error:
        raise UsageError(
            f"git cannot list the files of {revision} ({error})", hint="fetch the whole of that commit first"
        ) from None
    if len(listed) > MAX_LIST_BYTES:
        raise UsageError(f"{revision} has more files than can be looked at")
    files: list[TreeFile] = []
    links: list[str] = []
    submodules: list[str] = []
    for line in listed.split(b"\0"):
        if not line:
            continue
        head, _, name = line.partition(b"\t")
        mode, kind, blob = head.split(b" ")
        path = os.fsdecode(name)
        if kind == b"blob" and mode in _REGULAR:
            files.append(TreeFile(path, blob.decode("ascii")))
        else:
            (links if kind == b"blob" else submodules).append(path)
    files.sort(key=lambda one: one.path)
    is_checked_out = _commit_of(root, "HEAD") == commit
    return GitTree(
        root, revision, commit, tuple(files), tuple(sorted(links)), tuple(sorted(submodules)), is_checked_out
    )


def _commit_of(root: str, name: str) -> str:
    """The commit of a name; "" where there is none."""
    try:
        named = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except _GitError:
        return ""
    return named.decode("ascii", "replace").strip()


def _refuse_ambiguous(root: str, revision: str) -> None:
    """Refuses a name that several refs have: git would take a tag or branch called `origin/main`, which may be the
    change's own, before the remote's branch (gitrevisions(7)).
    """
    name = _NAME.match(revision)
    if name is None:
        return
    short = name[0]
    wanted = [short, *[place.format(short) for place in _PLACES]]
    try:
        listed = _run(root, "for-each-ref", "--format=%(refname)", *wanted)
    except _GitError:
        return  # What git does not take for a name here is none for rev-parse either, which says so.
    found = sorted({*listed.decode("utf-8", "surrogateescape").splitlines()} & {*wanted})
    if found and _SHORT_COMMIT.fullmatch(short):
        found.append("a commit")
    if len(found) > 1:
        raise UsageError(
            f"{short} may be {' or '.join(found)}",
            hint="name the base in full, such as refs/remotes/origin/main, or by its commit",
        )


def _branch(revision: str) -> str:
    return revision.removeprefix("origin/")
