"""The files of suites: finds suites below paths, and reads the objects that they name.

After github.com/open-policy-agent/gatekeeper pkg/gator/verify/read_suites.go: `folder/...` is the folder and all below
it, a folder alone is its own files. A case's paths may lead out of the suite's folder, as in gator.
"""

import os
from collections.abc import Sequence
from typing import Final

from lockgate.engine.bounded_reading import read_up_to
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import InputError, PolicyError, UsageError
from lockgate.engine.record import record
from lockgate.gatekeeper.suite import GROUP, Suite, is_suite, parse_suite
from lockgate.gatekeeper.suite_objects import parse_objects

RECURSIVE: Final = "/..."
SUFFIXES: Final = (".yaml", ".yml")
# Manifests are limited to 3 MB each by the API server; a file of several stays far below this.
MAX_FILE_BYTES: Final = 64 << 20


@record
class SuiteFile:
    """A file that may hold a suite: the path to open and the path to show."""

    file: str
    shown: str


def find_suites(paths: Sequence[str]) -> tuple[Suite, ...]:
    """The suites at the paths, sorted by file. Raises UsageError for a path without any, or that is wrong."""
    suites: dict[str, Suite] = {}
    for path in paths:
        found = [suite for file in _files(path) if (suite := _read_suite(file)) is not None]
        if not found:
            hint = f"a Suite has apiVersion {GROUP}/v1alpha1 and kind Suite"
            if os.path.isdir(path):
                hint += f"; `{path.rstrip('/')}/...` looks below the folder too"
            raise UsageError(f"there is no Suite in {path}", hint=hint)
        for suite in found:
            suites.setdefault(os.path.realpath(suite.file), suite)
    return tuple(sorted(suites.values(), key=lambda suite: os.path.abspath(suite.file)))


def _files(path: str) -> list[SuiteFile]:
    if path.endswith(RECURSIVE) or path == "...":
        shown = path[:-3]
        top = shown or "."
        if not os.path.isdir(top):
            raise UsageError(f"{top} is not a folder", hint="only a folder can be followed by /...")
        found = []
        for folder, folders, names in os.walk(top):
            folders.sort()
            found.extend([os.path.join(folder, name) for name in names if name.endswith(SUFFIXES)])
        # Each begins with `top`, as `os.walk` makes them.
        return [SuiteFile(file, shown + file[len(top) :].lstrip("/")) for file in sorted(found)]
    if os.path.isdir(path):
        names = sorted(name for name in os.listdir(path) if name.endswith(SUFFIXES))
        files = [os.path.join(path, name) for name in names]
        return [SuiteFile(file, file) for file in files if os.path.isfile(file)]
    if not os.path.exists(path):
        raise UsageError(f"{path} does not exist")
    if not path.endswith(SUFFIXES):
        raise UsageError(f"{path} is no YAML file", hint="a suite's name ends in .yaml or .yml")
    return [SuiteFile(path, path)]


def read_bytes(file: str) -> bytes:
    """The bytes of a file. Raises InputError, for one over the limit too."""
    try:
        with open(file, "rb") as stream:
            data = read_up_to(stream, MAX_FILE_BYTES)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{file} is over the limit of {MAX_FILE_BYTES >> 20} MiB")
    return data


def _read_suite(file: SuiteFile) -> Suite | None:
    data = read_bytes(file.file)
    # Most files below a folder are no suites; gator parses them all and stops at the first that it cannot parse.
    if GROUP.encode() not in data:
        return None
    try:
        documents = parse_objects(data, file.shown)
    except InputError as error:
        raise PolicyError(
            f"a file that names {GROUP} cannot be read: {error.message}",
            location=error.location,
            hint=error.hint,
        ) from error
    # A suite is the first document of its file.
    if documents and is_suite(documents[0].value):
        return parse_suite(documents[0], path=file.shown, file=file.file)
    return None


class ObjectFiles:
    """Reads the files that suites name, each once."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read: dict[str, tuple[Document, ...]] = {}

    def objects(self, suite: Suite, path: str) -> tuple[Document, ...]:
        """The objects in a file named by a suite. Raises LockgateError, for a file without any too."""
        file = os.path.normpath(f"{os.path.dirname(suite.file) or '.'}/{path}")
        found = self._read.get(file)
        if found is None:
            found = self._read[file] = self._objects(file)
        return found

    def _objects(self, file: str) -> tuple[Document, ...]:
        documents = parse_objects(read_bytes(file), file)
        if not documents:
            raise InputError(f'missing objects: path "{file}" defines no YAML objects')
        return documents
