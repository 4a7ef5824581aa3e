"""The first pass of a check over its files: what they say of the cluster, and what is kept of them for the second."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.defaulting import Complete, apply_defaults
from lockgate.engine.documents.reading import Reading, read_documents
from lockgate.engine.record import record
from lockgate.gatekeeper.target import review_document
from lockgate.webhook.inputs import Content, Inputs, content_of, files_of, patches_of, read_input
from lockgate.webhook.policy_sources import Judges
from lockgate.webhook.tree import ClusterView, TreeFacts, make_view, may_describe_cluster
from lockgate.webhook.walk import STDIN, Walk

if TYPE_CHECKING:
    # Imported where a base is named, or an inventory.
    from lockgate.webhook.base import Base
    from lockgate.webhook.inventory_objects import Told
    from lockgate.webhook.old_objects import OldObjects

# Bytes of files that are kept from the first pass to the second, and of those whose objects are kept, which take some
# ten times as much.
MOST_KEPT: Final = 16 * 1024 * 1024
MOST_PARSED_KEPT: Final = 2 * 1024 * 1024


@record
class Request:
    """What is known of how the objects come to the cluster. user: as `userInfo` has it; base: the former state.

    namespace: of objects that name none; None leaves it to the configuration, then to `default`.
    complete: what the API server makes of an object before policies see it.
    """

    namespace: str | None = None
    user: dict[str, Value] | None = None
    base: "Base | None" = None
    complete: Complete = apply_defaults


@record
class Learned:
    """What the first pass over the tree tells: the cluster, and the former state of objects (None: no base).

    kept: what was read of files, by their paths, as far as it is kept; it is not read again.
    """

    view: ClusterView
    old: "OldObjects | None"
    kept: "Mapping[str, Content]" = field(default_factory=dict)


def learn(inputs: Inputs, walk: Walk, request: Request, judges: Judges = "objects") -> Learned:
    """The first pass: kinds and Namespaces of the tree, and which files are as in the base.

    judges: what the policies are about; nothing is to be known for any but objects.
    """
    if judges != "objects":
        return Learned(make_view(TreeFacts(), inputs.config, request.namespace, request.complete), None)
    if request.base is None:
        facts, kept = TreeFacts(), Kept()
        for read, data in _readable(inputs, walk):
            facts.add(kept.about_cluster(read, data))
        view = make_view(facts, inputs.config, request.namespace, request.complete)
        return Learned(view, None, kept.contents)
    return _learn_from_base(inputs, walk, request, request.base)


def tree_objects(inputs: Inputs, walk: Walk, view: ClusterView) -> "Iterator[Told]":
    """The objects of the tree as the cluster would have them, in their namespaces. What cannot be read is left out."""
    from lockgate.engine.gvk import gvk_of
    from lockgate.webhook.inventory_objects import Present, Unplaced

    patches = patches_of(walk)
    for file in files_of(inputs, walk):
        read = read_input(inputs, file)
        cluster = view.cluster(read.real)
        for document in content_of(read, patches).documents:
            review = review_document(document, cluster)
            kind = gvk_of(document.value)
            if review.scope == "Unknown" and kind is not None and not review.request.get("namespace"):
                yield Unplaced(kind)
            elif review.object is not None:
                yield Present(review.object)


def _learn_from_base(inputs: Inputs, walk: Walk, request: Request, base: "Base") -> Learned:
    """What the files that are as in the base say, and the base's versions of the others, wins over the change's."""
    from lockgate.webhook.old_objects import OldObjects

    old = OldObjects(base, [path for path in inputs.paths if path != STDIN])
    known, changed, kept = TreeFacts(), TreeFacts(), Kept()
    for read, data in _readable(inputs, walk):
        (known if old.compare(read.real, data) else changed).add(kept.about_cluster(read, data))
    old.read(make_view(changed, inputs.config, request.namespace, request.complete, known))
    known.add(old.changed())
    view = make_view(changed, inputs.config, request.namespace, request.complete, known)
    return Learned(view, old, kept.contents)


def _readable(inputs: Inputs, walk: Walk) -> Iterator[tuple[Content, bytes]]:
    for file in files_of(inputs, walk):
        read = read_input(inputs, file)
        if isinstance(read.outcome, bytes):
            yield read, read.outcome


class Kept:
    """Keeps what the first pass reads, up to a bound: small trees are read once."""

    __slots__ = ("contents", "left", "parsed_left")

    def __init__(self) -> None:
        self.contents: dict[str, Content] = {}
        self.left = MOST_KEPT
        self.parsed_left = MOST_PARSED_KEPT

    def about_cluster(self, read: Content, data: bytes) -> list[dict[str, Value]]:
        """The objects of a file that may describe the cluster."""
        size = len(data)
        reading: Reading | None = None
        values: list[dict[str, Value]] = []
        if may_describe_cluster(data):
            reading = read_documents(data, read.file.shown, duplicates="error")
            values = [document.value for document in reading.documents]
            self.parsed_left -= size
        if self.left >= size:
            self.left -= size
            kept = reading if self.parsed_left >= 0 else None
            self.contents[read.file.path] = Content(read.file, read.real, data, kept)
        return values
