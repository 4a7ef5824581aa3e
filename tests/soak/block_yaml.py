"""Documents read without a tree beside LibYAML's tree, for a time: of the corpus with changes, and made up."""

import time
from pathlib import Path

from lockgate.engine.documents.source_text import decode
from lockgate.engine.errors import InputError

from tests.differential.block_yaml import Comparison, compare

# Longer texts take most of the time, and are made of the same.
LONGEST = 20_000
BATCH = 1_000


def run_block_yaml(seed: int, end: float, corpora: list[Path], most_shown: int) -> int:
    """Compares the corpus, then changed and made texts until the time is over; 1 when something differs."""
    texts = _texts(corpora)
    as_it_is = Comparison()
    for text in texts:
        as_it_is.add(text)
    print(f"corpus: {dict(as_it_is.counts)}", flush=True)
    short = [text for text in texts if len(text) <= LONGEST]
    run = Comparison()
    first = seed
    while time.monotonic() < end:
        for one in range(seed, seed + BATCH):
            compare(one, short, run)
        seed += BATCH
    print(f"{seed - first} seeds: {dict(run.counts)}")
    found = sorted([*as_it_is.found, *run.found], key=lambda one: len(one[1]))
    for difference, text in found[:most_shown]:
        print(f"-----\n{text!r}\n{difference}")
    print(f"{len(found)} differences")
    return 1 if found else 0


def _texts(corpora: list[Path]) -> list[str]:
    texts: list[str] = []
    for path in [path for corpus in corpora for path in sorted(corpus.rglob("*")) if path.is_file()]:
        if path.suffix in (".yaml", ".yml"):
            try:
                texts.append(decode(path.read_bytes(), str(path)))
            except InputError:
                continue
    return texts
