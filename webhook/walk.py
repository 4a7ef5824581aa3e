"""The files to judge: every manifest under the given paths, and a word on each that is left out.

- Manifests are files named *.yaml, *.yml or *.json; a file named by itself counts whatever its name.
- Hidden folders are walked too (only `.git` is not): manifests live in `.argocd` and the like.
- `.gitignore` hides what git does not track. Where there is no repository, or its index cannot be read, what an ignore
  file hides is reported as skipped.
- Symbolic links are followed inside the root (the repository, else the folder given), and each file is judged once.
- Sockets, pipes and devices in folders are skipped; one named by itself, and a file over MAX_FILE_BYTES, is an error,
  since it was not judged.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Final

from lockgate.engine.documents.document import DocumentError, Skipped
from lockgate.engine.errors import UsageError, os_reason
from lockgate.engine.record import mutable_record, record

if TYPE_CHECKING:
    # Imported where they are used: a check of one file needs neither.
    from lockgate.webhook.git_index import Tracked
    from lockgate.webhook.gitignore import IgnoreFile

SUFFIXES: Final = (".yaml", ".yml", ".json")
# Names without a suffix that say what a file is: which other files are patches, and how a model of MLflow is loaded.
_NAMES: Final = frozenset({"Kustomization", "Kptfile", "MLmodel"})

# etcd refuses objects over 1.5 MiB; a file of 8 MiB holds a large rendered chart and parses in about 2 s.
MAX_FILE_BYTES: Final = 8 * 1024 * 1024
# Of a file that is longer than it said.
_READ_AT_ONCE: Final = 65_536
_MAX_IGNORE_BYTES: Final = 1024 * 1024

STDIN: Final = "-"
STDIN_SHOWN: Final = "<stdin>"


@record
class InputFile:
    """A file to judge: where it is, the name that the user would type, and its real path ("" where no walk found it)."""

    path: str
    shown: str
    real: str = ""


@record
class Walk:
    """What was found, sorted by shown name. `excluded` counts what --exclude and the configuration left out."""

    files: tuple[InputFile, ...]
    skipped: tuple[Skipped, ...]
    errors: tuple[DocumentError, ...]
    excluded: int


@mutable_record
class _Repository:
    """A work tree (or a folder outside of any), with what it tracks once somebody asked."""

    root: str
    is_git: bool
    tracked: "Tracked | None" = None
    was_read: bool = False

    def tracks(self, path: str, is_folder: bool) -> bool | None:
        """Is the path tracked? None when that is not known."""
        if not self.is_git:
            return None
        if not self.was_read:
            from lockgate.webhook.git_index import read_tracked

            self.tracked, self.was_read = read_tracked(self.root), True
        return None if self.tracked is None else self.tracked.has(path, is_folder)


@record
class _Folder:
    """A folder to walk. `ignores` govern it, the root's first; `within` is the root that links may not leave."""

    path: str
    repository: _Repository
    ignores: "tuple[IgnoreFile, ...]"
    within: str


def shown_path(path: str, cwd: str) -> str:
    """The path as a user in `cwd` would type it: relative when it was given so or lies inside, with `/`."""
    absolute = os.path.normpath(os.path.join(cwd, path))
    if os.path.isabs(path) and not (absolute + "/").startswith(cwd.rstrip("/") + "/"):
        return absolute
    return os.path.relpath(absolute, cwd)


def is_manifest_name(name: str) -> bool:
    """Does a file in a folder count as a manifest by its name?"""
    return name.lower().endswith(SUFFIXES) or name in _NAMES


def find_repository_root(path: str) -> str | None:
    """The nearest folder at or above `path` with a `.git`, or None."""
    place = os.path.realpath(path)
    while True:
        if os.path.lexists(os.path.join(place, ".git")):
            return place
        parent = os.path.dirname(place)
        if parent == place:
            return None
        place = parent


def is_inside(path: str, root: str) -> bool:
    """Is the (real, absolute) path the root or below it?"""
    return path == root or path.startswith(root.rstrip("/") + "/")


@mutable_record
class _Walker:
    cwd: str
    excludes: "Sequence[tuple[str, IgnoreFile]]"
    files: dict[str, InputFile] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    errors: list[DocumentError] = field(default_factory=list)
    excluded: int = 0
    matched: int = 0
    # The folder whose files were added last: its path, its real path and its shown name.
    placed: tuple[str, str, str] = ("", "", "")

    def shown(self, path: str) -> str:
        return shown_path(path, self.cwd)

    def skip(self, path: str, reason: str, hint: str = "") -> None:
        self.matched += 1
        self.skipped.append(Skipped(self.shown(path), 1, reason, hint))

    def fail(self, path: str, error: OSError) -> None:
        self.matched += 1
        reason = os_reason(error)
        hint = "check the permissions" if isinstance(error, PermissionError) else ""
        self.errors.append(DocumentError(self.shown(path), 1, 1, f"cannot be read: {reason}", hint))

    def is_excluded(self, path: str, is_folder: bool) -> bool:
        if not is_excluded(os.path.join(self.cwd, path), is_folder, self.excludes):
            return False
        self.excluded += 1
        self.matched += 1
        return True

    def add_file(self, path: str) -> None:
        self.matched += 1
        real = os.path.realpath(path)
        self.files.setdefault(real, InputFile(path, self.shown(path), real))

    def add_entry(self, folder: _Folder, name: str) -> None:
        """As `add_file`, for a file of a folder that is no link: it is where the folder is."""
        self.matched += 1
        path = os.path.join(folder.path, name)
        if self.placed[0] != folder.path:
            self.placed = (folder.path, os.path.realpath(folder.path), self.shown(folder.path))
        _, real_folder, shown = self.placed
        real = os.path.join(real_folder, name)
        self.files.setdefault(
            real, InputFile(path, name if shown == "." else os.path.join(shown, name), real)
        )

    def add_path(self, path: str) -> None:
        """Adds what a path of the command line or the configuration names."""
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError:
            if os.path.islink(path):
                raise UsageError(f"{self.shown(path)} is a symbolic link to nothing") from None
            raise UsageError(
                f"{self.shown(path)} does not exist", hint="name a file or a folder, or - for standard input"
            ) from None
        except OSError as error:
            self.fail(path, error)
            return
        if stat.S_ISDIR(mode):
            self.walk(start_folder(path))
        elif not self.is_excluded(path, is_folder=False):
            if stat.S_ISREG(mode):
                self.add_file(path)
            else:
                # Somebody asked for it by name (`check <(helm template chart/)`), so that it must not pass unread.
                self.matched += 1
                hint = "pipe it to standard input: COMMAND | lockgate check -"
                self.errors.append(DocumentError(self.shown(path), 1, 1, "no regular file", hint))

    def walk(self, start: _Folder) -> None:
        stack = [start]
        while stack:
            folder = stack.pop()
            real = os.path.realpath(folder.path)
            if real in self.folders:
                continue
            self.folders.add(real)
            try:
                with os.scandir(folder.path) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                self.fail(folder.path, error)
                continue
            if not entries and self.is_submodule(folder):
                self.skip(
                    folder.path, "a submodule that is not checked out", "run: git submodule update --init"
                )
            folder = self.enter(folder, {entry.name for entry in entries})
            for entry in entries:
                deeper = self.visit(folder, entry)
                if deeper is not None:
                    stack.append(deeper)

    def is_submodule(self, folder: _Folder) -> bool:
        """Does git track the folder itself, as a commit of another repository?"""
        real, root = os.path.realpath(folder.path), folder.repository.root
        return real != root and folder.repository.tracks(os.path.relpath(real, root), False) is True

    def enter(self, folder: _Folder, names: set[str]) -> _Folder:
        """The folder with its own ignore file, and as a repository of its own if it is one."""
        real = os.path.realpath(folder.path)
        if ".git" in names and real != folder.repository.root:
            folder = _Folder(folder.path, _Repository(real, True), (), folder.within)
        if ".gitignore" not in names:
            return folder
        made = _read_ignore(real, folder.repository.root)
        return _Folder(folder.path, folder.repository, (*folder.ignores, *made), folder.within)

    def visit(self, folder: _Folder, entry: "os.DirEntry[str]") -> _Folder | None:
        """Takes note of an entry; returns it when it is a folder to walk."""
        path = os.path.join(folder.path, entry.name)
        is_manifest = is_manifest_name(entry.name)
        try:
            if entry.is_symlink():
                if not self.is_hidden(folder, path, is_folder=False):
                    self.links.append((path, folder.within))
                return None
            is_folder = entry.is_dir(follow_symlinks=False)
            is_regular = entry.is_file(follow_symlinks=False)
        except OSError as error:
            self.fail(path, error)
            return None
        if (not is_folder and not is_manifest) or (is_folder and entry.name == ".git"):
            return None
        if self.is_excluded(path, is_folder) or self.is_hidden(folder, path, is_folder):
            return None
        if is_folder:
            return _Folder(path, folder.repository, folder.ignores, folder.within)
        if is_regular:
            self.add_entry(folder, entry.name)
        else:
            self.skip(path, "no regular file")
        return None

    def is_hidden(self, folder: _Folder, path: str, is_folder: bool) -> bool:
        """Does an ignore file hide the path? Says so where the path may be part of the change."""
        if not folder.ignores:
            return False
        from lockgate.webhook.gitignore import is_ignored

        place = os.path.join(os.path.realpath(folder.path), os.path.basename(path))
        relative = os.path.relpath(place, folder.repository.root)
        if not is_ignored(relative, is_folder, folder.ignores):
            return False
        tracked = folder.repository.tracks(relative, is_folder)
        if tracked is None:
            shown = "folder ignored by .gitignore" if is_folder else "ignored by .gitignore"
            self.skip(path, shown, "name the path on the command line to check it")
        return not tracked

    def follow_links(self) -> None:
        """Walks the links that stay inside, after everything else so that real names win."""
        while self.links:
            self.links.sort(reverse=True)
            path, within = self.links.pop()
            target = os.path.realpath(path)
            is_manifest = is_manifest_name(os.path.basename(path))
            try:
                mode = os.stat(target).st_mode
            except OSError:
                if is_manifest:
                    self.skip(path, "symbolic link to nothing", "remove it or mend its target")
                continue
            is_folder = stat.S_ISDIR(mode)
            if not is_folder and not is_manifest:
                continue
            if not is_inside(target, os.path.realpath(within)):
                self.skip(path, "symbolic link out of the root", "check its target by name")
            elif self.is_excluded(path, is_folder):
                continue
            elif is_folder:
                if target not in self.folders:
                    start = start_folder(path)
                    self.walk(_Folder(path, start.repository, start.ignores, within))
            elif target not in self.files:
                if stat.S_ISREG(mode):
                    self.add_file(path)
                else:
                    self.skip(path, "no regular file")


def is_excluded(path: str, is_folder: bool, excludes: "Sequence[tuple[str, IgnoreFile]]") -> bool:
    """Do the patterns leave an absolute path out? Each counts from a folder of its own."""
    if not excludes:
        return False
    from lockgate.webhook.gitignore import is_ignored

    absolute = os.path.normpath(path)
    for root, patterns in excludes:
        if not is_inside(absolute, root) or absolute == root:
            continue
        parts = os.path.relpath(absolute, root).split("/")
        for count in range(1, len(parts) + 1):
            if is_ignored("/".join(parts[:count]), is_folder or count < len(parts), [patterns]):
                return True
    return False


def _read_ignore(folder: str, root: str) -> "tuple[IgnoreFile, ...]":
    """The ignore file of a folder; a link or an unreadable one hides nothing."""
    path = os.path.join(folder, ".gitignore")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            text = stream.read(_MAX_IGNORE_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ()
    from lockgate.webhook.gitignore import IgnoreFile, parse_patterns

    relative = "" if folder == root else os.path.relpath(folder, root) + "/"
    return (IgnoreFile(relative, parse_patterns(text)),)


def start_folder(path: str) -> _Folder:
    """The folder as the start of a walk, with the ignore files between its repository's root and itself."""
    real = os.path.realpath(path)
    root = find_repository_root(real)
    repository = _Repository(root or real, root is not None)
    ignores: list[IgnoreFile] = []
    if root is not None and real != root:
        place = root
        for part in os.path.relpath(real, root).split("/"):
            ignores += _read_ignore(place, root)
            place = os.path.join(place, part)
    return _Folder(path, repository, tuple(ignores), root or real)


def walk_paths(paths: Iterable[str], cwd: str, excludes: "Sequence[tuple[str, IgnoreFile]]") -> Walk:
    """The files under the paths. `excludes` are patterns, each with the (real) folder that it counts from.

    Raises UsageError for a path that does not exist or has no manifest under it.
    """
    walker = _Walker(cwd, excludes)
    for path in paths:
        before = walker.matched
        walker.add_path(path)
        walker.follow_links()
        if walker.matched == before:
            raise UsageError(
                f"{walker.shown(path)} has no manifest under it",
                hint=f"manifests are files named {', '.join('*' + suffix for suffix in SUFFIXES)}",
            )
    return Walk(
        files=tuple(sorted(walker.files.values(), key=lambda file: (file.shown, file.path))),
        skipped=tuple(sorted(set(walker.skipped), key=lambda entry: (entry.file, entry.reason))),
        errors=tuple(sorted(set(walker.errors), key=lambda error: (error.file, error.message))),
        excluded=walker.excluded,
    )


def read_file(file: InputFile) -> bytes | DocumentError | Skipped:
    """The bytes of a file, or why there are none."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return Skipped(file.shown, 1, "no regular file")
            # Python takes memory for as much as may be read. Past its size there is more where it grew, or where its
            # size is not told.
            data = os.read(descriptor, min(status.st_size, MAX_FILE_BYTES) + 1)
            while status.st_size < len(data) <= MAX_FILE_BYTES and (
                more := os.read(descriptor, min(_READ_AT_ONCE, MAX_FILE_BYTES + 1 - len(data)))
            ):
                data += more
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = os_reason(error)
        hint = "check the permissions" if isinstance(error, PermissionError) else ""
        return DocumentError(file.shown, 1, 1, f"cannot be read: {reason}", hint)
    return too_large(file.shown, len(data)) or data


def too_large(shown: str, size: int) -> DocumentError | None:
    """The error for input over the size limit."""
    if size <= MAX_FILE_BYTES:
        return None
    limit = MAX_FILE_BYTES // (1024 * 1024)
    return DocumentError(
        shown, 1, 1, f"larger than {limit} MiB", "split it, or exclude it if it is no manifest"
    )
