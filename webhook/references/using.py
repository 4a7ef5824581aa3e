"""The references in manifests: which models objects load, and where that is written."""

from collections.abc import Sequence

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.promoting.manifests import read_manifests
from lockgate.webhook.promotions.model_uses import open_model_uses


@record
class Used:
    """A reference, in its one spelling, and the places that name it, as FILE:LINE."""

    uri: str
    places: tuple[str, ...]


def references_in(files: Sequence[str]) -> list[Used]:
    """The references to models in files of rendered manifests, by their first places.

    Raises InputError for a file that cannot be read and UsageError where no object loads a model.
    """
    reader = open_model_uses()
    places: dict[str, list[str]] = {}
    for document in read_manifests(files):
        for use in reader.read(document.value):
            line = document.locate(use.path).span.line
            found = places.setdefault(use.uri, [])
            if (place := f"{document.file}:{line}") not in found:
                found.append(place)
    if not places:
        raise UsageError("no object of these files loads a model", hint="name rendered manifests")
    return [Used(uri, tuple(found)) for uri, found in places.items()]
