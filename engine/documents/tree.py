"""Files in their folders: which of them are patches of a kustomization, and so no objects by themselves.

A strategic merge patch looks like an object (apiVersion, kind, name) with most of it missing. Only the kustomization
that names it tells the difference. A file that a kustomization also takes as a resource is judged.
Facts: kubernetes-sigs/kustomize, api/types/kustomization.go (`patches`, `patchesStrategicMerge`, `patchesJson6902`,
`replacements`, `configurations`, `transformers`, `generators`, `openapi`, `crds`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from posixpath import basename, dirname, join, normpath
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Skipped
from lockgate.engine.documents.not_objects import BUILD_HINT, KUSTOMIZATION_NAMES
from lockgate.engine.documents.reading import Duplicates, Reading, read_documents, read_values
from lockgate.engine.record import record

# Fields of a kustomization whose files are no objects: the field, and the key of its items that holds a path ("" when
# the item is the path itself).
_FIELDS: Final = (
    ("patches", "path", "a kustomize patch"),
    ("patchesStrategicMerge", "", "a kustomize patch"),
    ("patchesJson6902", "path", "a kustomize patch"),
    ("replacements", "path", "a kustomize replacement"),
    ("configurations", "", "a configuration of kustomize"),
    ("transformers", "", "a kustomize transformer"),
    ("generators", "", "a kustomize generator"),
    ("validators", "", "a kustomize validator"),
)
_RESOURCES: Final = ("resources", "bases", "components", "crds")

ReadFile = Callable[[str], bytes]


@record
class PatchReference:
    """What a kustomization uses a file for."""

    what: str
    kustomization: str

    def skipped(self, file: str) -> Skipped:
        """The note for the file that is not judged."""
        return Skipped(file, 1, f"{self.what} of {self.kustomization}", BUILD_HINT)


def paths_in(value: Value, name: str) -> Iterator[str]:
    """Paths in the items of a field; a patch may be written inline there, which has line ends or is no string."""
    if type(value) is not list:
        return
    for item in value:
        path = item.get(name) if name and type(item) is dict else item
        if type(path) is str and path and "\n" not in path and "://" not in path:
            yield path


def _references(kustomization: Mapping[str, Value], file: str) -> dict[str, PatchReference]:
    folder = dirname(file)
    found: dict[str, PatchReference] = {}
    for field, name, what in _FIELDS:
        for path in paths_in(kustomization.get(field), name):
            found.setdefault(normpath(join(folder, path)), PatchReference(what, file))
    return found


def find_patches(files: Iterable[str], read: ReadFile) -> dict[str, PatchReference]:
    """The files that kustomizations among `files` use as patches, by their normalised path ('/' between names).

    Reads the kustomizations one at a time and nothing else. `read` may raise OSError, which is left to whoever
    reads the file as a document. A file that any kustomization takes as a resource is not among them.
    """
    found: dict[str, PatchReference] = {}
    resources: set[str] = set()
    for file in sorted(files):
        if basename(file) not in KUSTOMIZATION_NAMES:
            continue
        try:
            data = read(file)
        except OSError:
            continue
        for value in read_values(data, file):
            if type(value) is not dict:
                continue
            for path, reference in _references(value, file).items():
                found.setdefault(path, reference)
            for field in _RESOURCES:
                resources.update(
                    normpath(join(dirname(file), path)) for path in paths_in(value.get(field), "")
                )
    return {path: reference for path, reference in found.items() if path not in resources}


def read_tree(
    files: Iterable[str], read: ReadFile, *, duplicates: Duplicates
) -> Iterator[tuple[str, Reading]]:
    """Reads files one after the other in sorted order, patches of kustomizations among them left out by name.

    Holds one file at a time. `read` gives a file's bytes and may raise OSError, which passes through.
    """
    ordered = sorted(set(files))
    patches = find_patches(ordered, read)
    for file in ordered:
        reference = patches.get(normpath(file))
        if reference is not None:
            yield file, Reading((), (), (reference.skipped(file),))
        else:
            yield file, read_documents(read(file), file, duplicates=duplicates)
