"""Speed of reading documents beside PyYAML's C loader, in one run: `python -m tests.bench.documents FOLDER…`.

Ours gives objects and keeps the positions of their values; PyYAML's CSafeLoader gives objects alone.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from lockgate.engine.documents.reading import read_documents

ROUNDS = 3
LOOKUPS = 20_000


def _ours(data: bytes) -> None:
    read_documents(data, "a.yaml", duplicates="error")


def _pyyaml(data: bytes) -> None:
    for _ in yaml.load_all(data, Loader=yaml.CSafeLoader):
        pass


def _readable(data: bytes) -> bool:
    """Whether both read it to the end, so that they do the same work."""
    try:
        _pyyaml(data)
    except (yaml.YAMLError, ValueError, TypeError):
        return False
    return not read_documents(data, "a.yaml", duplicates="error").errors


def _seconds(read: Callable[[bytes], None], files: Sequence[bytes]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for data in files:
            read(data)
        best = min(best, time.perf_counter() - start)
    return best


def _lookup_microseconds(files: Sequence[bytes]) -> float:
    documents = [
        d for data in files[:500] for d in read_documents(data, "a.yaml", duplicates="error").documents
    ]
    start = time.perf_counter()
    for index in range(LOOKUPS):
        documents[index % len(documents)].locate(("metadata", "name"))
    return (time.perf_counter() - start) / LOOKUPS * 1e6


def main(folders: Sequence[str]) -> None:
    """Prints one row for each reader."""
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.y*ml") if path.is_file())
    files = [data for data in (path.read_bytes() for path in paths) if _readable(data)]
    if not files:
        sys.exit("no YAML file that both readers can read")
    size = sum(map(len, files)) / 1e6
    ours, peer = _seconds(_ours, files), _seconds(_pyyaml, files)
    print(f"{len(files)} files, {size:.2f} MB, best of {ROUNDS}")
    print("| reader | s | MB/s |\n|---|---|---|")
    print(f"| lockgate: objects and positions | {ours:.2f} | {size / ours:.1f} |")
    print(f"| PyYAML CSafeLoader: objects | {peer:.2f} | {size / peer:.1f} |")
    print(f"| ratio | | {peer / ours:.2f}x |")
    print(f"position lookup: {_lookup_microseconds(files):.1f} µs")


if __name__ == "__main__":
    main(sys.argv[1:])
