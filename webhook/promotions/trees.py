"""What runs before and after a change, by the files of the base revision and of the work tree."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import DocumentError
from lockgate.engine.documents.reading import Reading
from lockgate.engine.errors import EvaluationError
from lockgate.engine.promotions.mapping import EnvironmentMapping
from lockgate.engine.promotions.subjects import Holder
from lockgate.engine.record import mutable_record, record
from lockgate.webhook.first_pass import Learned
from lockgate.webhook.inputs import Inputs, exclusions, place_of, read_input
from lockgate.webhook.old_objects import OldObjects
from lockgate.webhook.promotions.folders import EnvironmentFolders
from lockgate.webhook.promotions.held import Held, held_in, is_values
from lockgate.webhook.promotions.overlays import taken_in
from lockgate.webhook.promotions.reading import HolderReader, Running, environment_label
from lockgate.webhook.tree import ClusterView
from lockgate.webhook.walk import MAX_FILE_BYTES, Walk, is_excluded, shown_path

if TYPE_CHECKING:
    from lockgate.webhook.git_tree import TreeFile


@record
class Seen:
    """Something in a file that runs subjects. real: the path by which it is placed; index: which of what the file holds.

    blob: of the base's file; "" for a file of the work tree. file: as it is shown.
    """

    file: str
    real: str
    index: int
    namespace: str
    running: Running
    blob: str = ""


@record
class Where:
    """Where a holder was read, and why its environment is not known, if that is so."""

    seen: Seen
    why: str


@mutable_record
class Tree:
    """What was seen of one state. labels: the environments that Namespaces say of themselves."""

    seen: list[Seen] = field(default_factory=list)
    kustomizations: dict[str, dict[str, Value]] = field(default_factory=dict)
    labels: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, other: "Tree") -> None:
        """Takes another part in."""
        self.seen += other.seen
        self.kustomizations.update(other.kustomizations)
        for name, labels in other.labels.items():
            self.labels[name] |= labels


@final
class FileReader:
    """Reads files into what is seen of them."""

    def __init__(self, reader: HolderReader, view: ClusterView, folders: EnvironmentFolders) -> None:
        self._reader: Final = reader
        self._view: Final = view
        self._folders: Final = folders
        self.errors: Final[list[DocumentError]] = []

    def read(self, data: bytes, file: str, real: str, reading: Reading | None = None, blob: str = "") -> Tree:
        """What a file's bytes hold. Values of charts only count in a folder of an environment: others are what charts come with."""
        made = Tree()
        takes_values = bool(self._folders.find(real)) or not is_values(file)
        for index, held in enumerate(held_in(data, file, reading)):
            if held.cut and not takes_values:
                continue
            if held.is_kustomization:
                made.kustomizations[real] = held.value
            try:
                running = self._reader.ask(held.value)
            except EvaluationError as error:
                self._refuse(held, error)
                continue
            if running.kind == "Namespace" and running.group == "" and running.label is not None:
                made.labels[running.name].add(running.label)
            if running.subjects:
                namespace = self._namespace(held, running, real)
                made.seen.append(Seen(file, real, index, namespace, running, blob))
        return made

    def _refuse(self, held: Held, error: EvaluationError) -> None:
        span = held.document.locate(None).span
        self.errors.append(
            DocumentError(
                held.document.file,
                span.line,
                span.column,
                f"what it runs cannot be told: {error.message}",
                error.hint,
            )
        )

    def _namespace(self, held: Held, running: Running, real: str) -> str:
        """The namespace that an object goes to; "" for what is no object, or in none."""
        if not held.is_object:
            return ""
        if self._view.kinds.scope(running.group, running.kind) == "Cluster":
            return ""
        metadata = held.value.get("metadata")
        named = metadata.get("namespace") if type(metadata) is dict else None
        return named if type(named) is str and named else self._view.cluster(real).namespace


@final
class Placing:
    """Places what was seen of a state."""

    def __init__(
        self,
        mapping: EnvironmentMapping,
        folders: EnvironmentFolders,
        tree: Tree,
        labels: Mapping[str, AbstractSet[str]],
        root: str,
    ) -> None:
        self._mapping: Final = mapping
        self._folders: Final = folders
        self._labels: Final = labels
        self._root: Final = root
        self._overlays: Final = taken_in(tree.kustomizations, folders.overlay)

    def holders(self, seen: Iterable[Seen], where: dict[int, Where]) -> tuple[Holder, ...]:
        """The objects in their environments: one for each that a file is of. Notes in `where` where they were read."""
        made: list[Holder] = []
        last, place, said = "", "", [""]
        for one in seen:
            if one.real != last:
                # What is in one file comes together.
                last, place = one.real, os.path.relpath(one.real, self._root)
                own = self._folders.find(one.real)
                said = sorted(({own} if own else set()) | self._overlays.get(one.real, frozenset())) or [""]
            for name in said:
                holder, why = self._placed(one, name, place)
                where[id(holder)] = Where(one, why)
                made.append(holder)
        return tuple(made)

    def _placed(self, one: Seen, name: str, place: str) -> tuple[Holder, str]:
        running = one.running
        labels = {*self._labels.get(one.namespace, ())}
        if running.label is not None:
            labels.add(running.label)
        placed = self._mapping.place(
            running.clusters,
            (one.namespace, *running.namespaces),
            sorted(labels),
            [name] if name else (),
        )
        return running.holder(placed.environment, one.namespace, place), placed.why


def joined(first: Tree, second: Tree) -> Tree:
    """Both parts as one."""
    made = Tree()
    made.add(first)
    made.add(second)
    return made


@record
class States:
    """Both states, and where each holder was read (by its identity: holders may be equal).

    placing, files: place and read what the base has, and had earlier.
    """

    before: tuple[Holder, ...]
    after: tuple[Holder, ...]
    where: Mapping[int, Where]
    errors: tuple[DocumentError, ...]
    placing: Placing
    files: FileReader


def _view_labels(view: ClusterView) -> dict[str, AbstractSet[str]]:
    """The environments that the Namespaces have which were there before the change, by their labels."""
    made: dict[str, AbstractSet[str]] = {}
    for name, value in view.namespaces.items():
        label = environment_label(value)
        if name not in view.own_namespaces and label is not None:
            made[name] = frozenset((label,))
    return made


def read_states(
    inputs: Inputs,
    walk: Walk,
    learned: Learned,
    old: OldObjects,
    reader: HolderReader,
    mapping: EnvironmentMapping,
) -> States | None:
    """Both states; None where nothing of what is judged has changed. old: of `learned`."""
    config = inputs.config
    excluded = exclusions(inputs)
    gone = [
        one
        for one in old.changed_files()
        if not is_excluded(os.path.join(old.base.tree.root, one.path), False, excluded)
    ]
    links = Links(old)
    unchanged = [links.is_unchanged(place_of(file, config), file.real) for file in walk.files]
    if all(unchanged) and not gone:
        return None
    folders = EnvironmentFolders(config)
    files = FileReader(reader, learned.view, folders)
    kept, changed = Tree(), Tree()
    for file, is_kept in zip(walk.files, unchanged, strict=True):
        content = learned.kept.get(file.path) or read_input(inputs, file)
        if isinstance(content.outcome, bytes):
            part = files.read(content.outcome, file.shown, content.real, content.reading)
            (kept if is_kept else changed).add(part)
    errors = tuple(files.errors)
    former = Tree()
    for part, _ in read_base_files(old, gone, files, inputs.cwd):
        former.add(part)
    labels = _view_labels(learned.view)
    raised = {
        name: labels.get(name, frozenset()) | changed.labels.get(name, set())
        for name in {*labels, *changed.labels}
    }
    where: dict[int, Where] = {}
    root = old.base.tree.root
    first, second = joined(kept, former), joined(kept, changed)
    placing = Placing(mapping, folders, first, labels, root)
    before = placing.holders(first.seen, where)
    after = Placing(mapping, folders, second, raised, root).holders(second.seen, where)
    return States(before, after, where, errors, placing, files)


def read_base_files(
    old: OldObjects, wanted: Sequence["TreeFile"], files: FileReader, cwd: str
) -> Iterator[tuple[Tree, int]]:
    """What files of the base's history hold, each with its size. What cannot be read of them counts as not there."""
    root = old.base.tree.root
    for one, data in old.base.tree.read(wanted, MAX_FILE_BYTES):
        if data is not None:
            real = os.path.join(root, one.path)
            yield files.read(data, shown_path(real, cwd), real, blob=one.blob), len(data)


@final
class Links:
    """Tells files that are as in the base, also where a link leads to them that is as it was."""

    def __init__(self, old: OldObjects) -> None:
        self._old: Final = old
        self._same: Final[dict[str, bool]] = {}

    def is_unchanged(self, place: str, real: str) -> bool:
        """Is a file as in the base? place: where it is judged; real: where it is."""
        if self._old.is_unchanged(place):
            return True
        below = self._old.base.inside(place)
        if below is None or not real or real == place or not self._old.compares(real):
            return False
        parts = below.split("/")
        heads = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        return any(head in self._old.base.tree.links and self._is_same(head) for head in heads)

    def _is_same(self, path: str) -> bool:
        """Does a link of the base lead where it led?"""
        if path not in self._same:
            tree = self._old.base.tree
            try:
                now = os.fsencode(os.readlink(os.path.join(tree.root, path)))
            except OSError:
                now = b""
            self._same[path] = bool(now) and tree.read_link(path) == now
        return self._same[path]
