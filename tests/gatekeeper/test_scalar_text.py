"""Where a policy's code begins in its file: found when it is asked for, and named by a key that needs no tree."""

import pytest
from lockgate.engine.documents.reading import read_documents
from lockgate.gatekeeper.scalar_text import ScalarText

TEXT = "apiVersion: v1\nkind: Policy\nspec:\n  rego: |\n    package a\n    p := 1\n  other: package b\n"
PATH = ("spec", "rego")


def scalar(text: str, path: tuple[str | int, ...] = PATH, file: str = "policy.yaml") -> ScalarText:
    (document,) = read_documents(text.encode(), file, duplicates="error").documents
    return ScalarText("package a\np := 1\n", document, path)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (TEXT, (5, 5)),
        (f"---\n{TEXT}", (6, 5)),
        (f"# first\n\n{TEXT}", (7, 5)),
        (TEXT.replace("    p", "     p"), (5, 6)),
        ('{"apiVersion": "v1", "kind": "Policy", "spec": {"rego": "package a"}}', (1, 58)),
    ],
)
def test_the_key_tells_places_apart(text: str, start: tuple[int, int]) -> None:
    found = scalar(text)
    key = found.key()
    assert found.start == start
    # It is the same before and after somebody asked, and the same for the same text.
    assert found.key() == key == scalar(text).key()
    assert (key == scalar(TEXT).key()) == (text == TEXT)


def test_the_key_names_file_and_scalar() -> None:
    keys = {
        scalar(TEXT).key(),
        scalar(TEXT, file="other.yaml").key(),
        scalar(TEXT, path=("spec", "other")).key(),
    }
    assert len(keys) == 3
