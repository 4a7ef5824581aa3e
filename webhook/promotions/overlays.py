"""Which files a kustomization takes in from other folders: they are of its environment too.

Facts: kubernetes-sigs/kustomize, api/types/kustomization.go. What is fetched from elsewhere is no file of the repository.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from posixpath import dirname, join, normpath
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.tree import paths_in

# The fields with paths, and the key of an entry that holds it ("" where the entry is the path).
_FIELDS: Final = (
    ("resources", ""),
    ("bases", ""),
    ("components", ""),
    ("patches", "path"),
    ("patchesStrategicMerge", ""),
    ("patchesJson6902", "path"),
)


def taken_in(
    kustomizations: Mapping[str, dict[str, Value]], environment: Callable[[str], str]
) -> Mapping[str, AbstractSet[str]]:
    """The environments of files beside those by their own folders, by path.

    kustomizations: by the paths of their files. environment: what an overlay's file is of; "" for what is no overlay.
    """
    by_folder: dict[str, str] = {dirname(path): path for path in sorted(kustomizations)}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for start in sorted(kustomizations):
        name = environment(start)
        if not name:
            continue
        waiting, seen = [start], {start}
        while waiting:
            path = waiting.pop()
            for one in _references(kustomizations[path], dirname(path)):
                file = by_folder.get(one, one)
                if file not in seen:
                    seen.add(file)
                    found[file].add(name)
                    if file in kustomizations:
                        waiting.append(file)
    return dict(found)


def _references(kustomization: Mapping[str, Value], folder: str) -> Iterator[str]:
    for field, key in _FIELDS:
        for path in paths_in(kustomization.get(field), key):
            yield normpath(join(folder, path))
