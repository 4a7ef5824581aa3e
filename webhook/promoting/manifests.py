"""Manifests that commands about promotions are given: rendered files, read as `check` reads them."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import InputError
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable

_LARGEST: Final = 16 * 1024 * 1024


def read_manifests(files: Sequence[str]) -> list[Document]:
    """The objects of files. Raises InputError for one that cannot be read, with its place."""
    found: list[Document] = []
    for path in files:
        shown = printable(path)
        reading = read_documents(read_regular(path, shown, _LARGEST), shown, duplicates="error")
        for error in reading.errors:
            raise InputError(f"{shown}:{error.line}: {error.message}", hint=error.hint)
        found += reading.documents
    return found
