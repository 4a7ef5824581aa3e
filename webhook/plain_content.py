"""What one file, or all of them combined, holds for policies over any document, and the reviews of that."""

import os
from collections.abc import Sequence

from lockgate.engine.codegen.values import Value
from lockgate.engine.conftest.policy import DOCUMENT, FILE
from lockgate.engine.documents.document import Document, DocumentError, Skipped
from lockgate.engine.documents.plain import PlainDocument, combine, read_plain
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.webhook.conftest_policies import parser_of
from lockgate.webhook.judging import FileContent
from lockgate.webhook.walk import STDIN_SHOWN, SUFFIXES

# What Conftest calls the one document that all files make, and its file.
COMBINED = "Combined"


@record
class PlainReviews:
    """Builds the reviews of documents: their values by identity, and the name and folder of their file."""

    values: dict[int, Value]
    path: str

    def __call__(self, document: Document) -> Review:
        """The review of one document."""
        name, folder = os.path.basename(self.path), os.path.dirname(self.path)
        value = self.values[id(document)]
        file: dict[str, Value] = {"name": name, "dir": folder}
        return Review(
            {DOCUMENT: value, FILE: file}, value if isinstance(value, dict) else None, None, None, document
        )


def plain_content(
    outcome: bytes | DocumentError | Skipped, shown: str, real: str
) -> tuple[FileContent, PlainReviews]:
    """The documents of one input."""
    if isinstance(outcome, DocumentError):
        return FileContent(b"", (), (outcome,), ()), PlainReviews({}, real)
    if isinstance(outcome, Skipped):
        return FileContent(b"", (), (), (outcome,)), PlainReviews({}, real)
    if shown != STDIN_SHOWN and not shown.lower().endswith(SUFFIXES):
        parser = parser_of(os.path.basename(real))
        if parser:
            # It is told under what is not evaluated, too.
            skipped = Skipped(shown, 1, f"a file for Conftest's parser {parser}, which is not built")
            return FileContent(b"", (), (), (skipped,)), PlainReviews({}, real)
        error = DocumentError(shown, 1, 1, "no parser for files of this name", "YAML and JSON are read")
        return FileContent(b"", (), (error,), ()), PlainReviews({}, real)
    reading = read_plain(outcome, shown)
    documents = [one.document for one in reading.documents]
    content = FileContent(outcome, documents, reading.errors, (), _secrets(outcome, shown))
    return content, PlainReviews({id(one.document): one.value for one in reading.documents}, real)


def _secrets(data: bytes, shown: str) -> Sequence[Document]:
    """The objects of a file whose Secrets are to be masked, also where they are items of a list."""
    return read_documents(data, shown, duplicates="last").documents if b"Secret" in data else ()


def combined_content(
    parts: Sequence[tuple[FileContent, PlainReviews, str]],
) -> tuple[FileContent, PlainReviews]:
    """One document of all: a list of each document's path and contents, in the order of the files."""
    documents: list[PlainDocument] = []
    named: list[Value] = []
    for content, reviews, shown in parts:
        for document in content.documents:
            value = reviews.values[id(document)]
            documents.append(PlainDocument(document, value))
            named.append({"path": shown, "contents": value})
    made = combine(named, COMBINED)
    errors = [error for content, _, _ in parts for error in content.errors]
    skipped = [entry for content, _, _ in parts for entry in content.skipped]
    beside = [one.document for one in documents]
    beside += [one for content, _, _ in parts for one in content.beside]
    reviews = PlainReviews({id(made.document): made.value}, os.path.abspath(COMBINED))
    return FileContent(b"", (made.document,), errors, skipped, beside), reviews
