"""Asks a scanner of models about files: `PYTHON model_peer.py NAME`, with a path a line on standard input.

Runs in the scanner's own environment. Prints a verdict and a path a line (`flagged`, `clean`, `skipped`
for what it did not look at, `error` for what it could not read), then the processor seconds and the peak of memory in MB. Each
scanner is asked as its documentation does, with its defaults.
"""

import contextlib
import io
import sys
import time
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def _picklescan() -> Callable[[str], str]:
    scanner = import_module("picklescan.scanner")

    def ask(path: str) -> str:
        found = scanner.scan_file_path(path)
        if found.issues_count or found.infected_files:
            return "flagged"
        if found.scan_err:
            return "error"
        return "clean" if found.scanned_files else "skipped"

    return ask


def _modelscan() -> Callable[[str], str]:
    modelscan = import_module("modelscan.modelscan")

    def ask(path: str) -> str:
        found = modelscan.ModelScan().scan(path)
        if found["summary"]["total_issues"]:
            return "flagged"
        if found["errors"]:
            return "error"
        return "clean" if found["summary"]["scanned"]["total_scanned"] else "skipped"

    return ask


def _fickling() -> Callable[[str], str]:
    fickling = import_module("fickling")
    safe = import_module("fickling.analysis").Severity.LIKELY_SAFE

    def ask(path: str) -> str:
        if zipfile.is_zipfile(path):
            found = list(fickling.scan_zip_archive(path).values())
        else:
            found = [fickling.scan_file(path)]
        if any(one.severity > safe for one in found):
            return "flagged"
        if any(one.errors for one in found):
            return "error"
        return "clean" if found else "skipped"

    return ask


def _modelaudit_picklescan() -> Callable[[str], str]:
    scanner = import_module("modelaudit_picklescan")

    def ask(path: str) -> str:
        found = scanner.scan_file(path)
        verdict = str(getattr(found.verdict, "value", found.verdict)).lower()
        if verdict in ("malicious", "suspicious"):
            return "flagged"
        return "clean" if verdict == "clean" else "error"

    return ask


def _lockgate() -> Callable[[str], str]:
    scan = import_module("lockgate.engine.facts.artifact").scan_file

    def ask(path: str) -> str:
        place = Path(path)
        return "clean" if scan(place, place.name).tier == "safe" else "flagged"

    return ask


PEERS = {
    "lockgate": _lockgate,
    "picklescan": _picklescan,
    "modelscan": _modelscan,
    "fickling": _fickling,
    "modelaudit-picklescan": _modelaudit_picklescan,
}


def main(name: str) -> None:
    """Asks about each file; an exception is an error of that file."""
    ask = PEERS[name]()
    answers = []
    started = time.process_time()
    for line in sys.stdin:
        path = line.rstrip("\n")
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                answer = ask(path)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it raises is its answer
            answer = f"error {type(error).__name__}"
        answers.append((answer, path))
    used = time.process_time() - started
    for answer, path in answers:
        print(f"{answer}\t{path}")
    # Of this program alone: what getrusage tells begins with the process that started it.
    with open("/proc/self/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    print(f"{used}\t{peak / 1024}")


if __name__ == "__main__":
    main(sys.argv[1])
