"""Every shared template's constraint on every sample object: the time of a review under the whole library."""

from pathlib import Path

from tests.bench.evaluation import Row, compare, print_rows
from tests.bench.library import judge, load, samples
from tests.bench.variants import find_edits, settle

ROUNDS = 30


def measure(library: Path, program: Path) -> Row:
    """The one row; `objects` are those of all samples, which are the inventory as well."""
    found = samples(library)
    paths = [path for sample in found for path in (sample.template, sample.constraint)]
    policies = load(paths)
    documents = [document for sample in found for document in sample.objects]
    edits = [one for sample in found for one in find_edits(sample.objects, sample.judge)]
    return compare(
        f"{len(policies.policies)} constraints",
        paths,
        documents,
        settle(documents, edits, lambda given: judge(policies, given)),
        rounds=ROUNDS,
        same_objects=False,
        program=program,
    )


def print_section(library: Path, program: Path) -> None:
    """The library as a whole."""
    print(f"Every constraint on every sample object, µs a review over {ROUNDS} rounds")
    print_rows([measure(library, program)])
