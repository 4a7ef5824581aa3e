"""What a repository holds, as `check` reads it: kinds, systems, namespaces by folder, and what cannot be judged as it is."""

import os
from collections import Counter
from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import DocumentError
from lockgate.engine.documents.not_objects import KUSTOMIZATION_NAMES
from lockgate.engine.documents.reading import read_values
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import record
from lockgate.gatekeeper.template import is_template
from lockgate.webhook.config import Config, is_namespace_name
from lockgate.webhook.inputs import Inputs, content_of, files_of, find_inputs, patches_of, read_input
from lockgate.webhook.systems import systems_of

_NAMESPACE: Final = "Namespace"


@record
class Looked:
    """What was found below `root` (a real path). Folders count from there; "" is the root itself.

    objects: how many of each (group, kind). systems: how many of each system. namespaces: those that objects of a folder name,
    None among them where some name none. folders: those of every file that is read. kustomized: the namespace that a folder's kustomization gives. templates: folders with
    ConstraintTemplates. unjudged: what cannot be read, or not judged as it is.
    """

    root: str
    files: int
    objects: Mapping[tuple[str, str], int]
    systems: Mapping[str, int]
    folders: frozenset[str]
    namespaces: Mapping[str, frozenset[str | None]]
    kustomized: Mapping[str, str]
    templates: frozenset[str]
    unjudged: tuple[DocumentError, ...]

    @property
    def documents(self) -> int:
        """How many objects there are."""
        return sum(self.objects.values())


def look(root: str, excludes: tuple[str, ...]) -> Looked:
    """Reads every manifest below a folder. Raises UsageError where there is none."""
    config = Config(root, excludes=excludes)
    inputs = Inputs((root,), root, (), None, config)
    walk = find_inputs(inputs)
    patches = patches_of(walk)
    objects: Counter[tuple[str, str]] = Counter()
    systems: Counter[str] = Counter()
    namespaces: dict[str, set[str | None]] = {}
    kustomized: dict[str, str] = {}
    templates: set[str] = set()
    unjudged = [*walk.errors]
    for file in files_of(inputs, walk):
        folder = os.path.dirname(file.shown)
        read = read_input(inputs, file)
        content = content_of(read, patches)
        unjudged += content.errors
        if os.path.basename(file.shown) in KUSTOMIZATION_NAMES and isinstance(read.outcome, bytes):
            for value in read_values(read.outcome, file.shown):
                given = value.get("namespace") if type(value) is dict else None
                if type(given) is str and is_namespace_name(given):
                    kustomized[folder] = given
        # Documents of tools are judged where a policy names their kind.
        beside = [one.document for one in content.skipped if one.document is not None]
        for document in (*content.documents, *beside):
            group, kind = split_api_version(document.value.get("apiVersion"))[0], document.value.get("kind")
            objects[group, str(kind)] += 1
            for system in systems_of(group, str(kind)):
                systems[system] += 1
            namespaces.setdefault(folder, set()).add(_namespace(document.value))
            if is_template(document.value):
                templates.add(folder)
    return Looked(
        root=root,
        files=len(walk.files),
        objects=objects,
        systems=systems,
        folders=frozenset([os.path.dirname(file.shown) for file in walk.files]),
        namespaces={folder: frozenset(found) for folder, found in namespaces.items()},
        kustomized=kustomized,
        templates=frozenset(templates),
        unjudged=tuple(unjudged),
    )


def _namespace(value: dict[str, Value]) -> str | None:
    """The namespace that an object names; of a Namespace itself, its own name."""
    metadata = value.get("metadata")
    fields = metadata if type(metadata) is dict else {}
    given = fields.get("name" if value.get("kind") == _NAMESPACE else "namespace")
    return given if type(given) is str and is_namespace_name(given) else None
