"""What a change's kustomizations call patches, which takes it out of a check: told, and refused where it hides objects.

An object that the base has judged is hidden where the change leaves it in such a file alone: it is neither judged any
more nor gone. A patch makes no object of its own with kustomize, but `kubectl apply -f` of the folder does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from lockgate.engine.documents.document import Document, DocumentError
from lockgate.engine.documents.not_objects import BUILD_HINT
from lockgate.engine.documents.tree import PatchReference
from lockgate.engine.record import record
from lockgate.webhook.report import Unevaluated

if TYPE_CHECKING:
    from lockgate.webhook.old_objects import Name, OldObjects

# A strategic merge patch with this directive takes the object out of what is built.
_DELETES: Final = ("$patch", "delete")

ReadDocuments = Callable[[str], Iterable[Document]]


@record
class TakenOut:
    """Errors for the objects that are hidden, and what else is taken out as not evaluated."""

    errors: tuple[DocumentError, ...]
    not_evaluated: tuple[Unevaluated, ...]


def find_taken_out(
    patches: Mapping[str, PatchReference], real: Mapping[str, str], read: ReadDocuments, old: "OldObjects"
) -> TakenOut:
    """What is taken out by kustomizations that are not as in the base.

    patches: what kustomizations use as patches; real: every file that is there, with the path of its place, both by
    shown names. read: the objects of a file.
    """
    errors: list[DocumentError] = []
    told: list[Unevaluated] = []
    judged: set[Name] | None = None
    for file, reference in sorted(patches.items()):
        by = reference.kustomization
        if file not in real or old.is_unchanged(real[by]):
            continue
        known = [
            (document, name)
            for document, name in _named(file, real, read, old)
            if old.was_judged(name) and document.value.get(_DELETES[0]) != _DELETES[1]
        ]
        if known and judged is None:
            judged = {name for one in real if one not in patches for _, name in _named(one, real, read, old)}
        hidden = [(document, name) for document, name in known if judged is not None and name not in judged]
        errors += [_error(document, name, reference) for document, name in hidden]
        if not hidden and not old.is_unchanged(real[file]):
            needs = (
                f"what {by} makes, since this change says there that {file} is {reference.what}: {BUILD_HINT}"
            )
            told.append(Unevaluated("kustomize", "", None, needs))
    return TakenOut(tuple(errors), tuple(told))


def _named(
    file: str, real: Mapping[str, str], read: ReadDocuments, old: "OldObjects"
) -> Iterator[tuple[Document, "Name"]]:
    for document in read(file):
        name = old.name(document.value, real[file])
        if name is not None:
            yield document, name


def _error(document: Document, name: "Name", reference: PatchReference) -> DocumentError:
    _, kind, namespace, own = name
    span = document.locate(("kind",)).span
    shown = f"{namespace}/{own}" if namespace else own
    return DocumentError(
        document.file,
        span.line,
        span.column,
        f"{kind} {shown} is in the base and would not be judged any more: this change says in "
        f"{reference.kustomization} that the file is {reference.what}",
        "leave it a resource, or delete it; a patch goes into a file beside it",
    )
