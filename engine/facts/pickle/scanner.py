"""Walks files that are pickles: one, or several one after the other."""

from lockgate.engine.facts.pickle.judge import Judge, Loader
from lockgate.engine.facts.pickle.machine import Machine
from lockgate.engine.facts.pickle.sniff import is_pickle
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source


def scan_pickle(source: Source, scan: Scan) -> None:
    """Walks a file that is loaded by `pickle` or `joblib`."""
    walk_pickles(source, scan, Loader.FILE, 0)


def scan_torch_pickle(source: Source, scan: Scan) -> None:
    """Walks a pickle that is loaded by `torch`, with storages beside it."""
    walk_pickles(source, scan, Loader.TORCH, 0)


def walk_pickles(source: Source, scan: Scan, loader: Loader, start: int) -> None:
    """Walks pickles to the end of a source: what follows a STOP is read by who loads once more."""
    offset = start
    while offset < source.size:
        offset = Machine(source, Judge(source, scan, loader), scan.budget).walk(offset)
        rest = source.size - offset
        if rest and not is_pickle(SliceSource(source.name, source, offset, rest)):
            scan.find("pickle-trailing", "unvetted", f"{rest} bytes follow the pickle", offset)
            scan.nested(SliceSource(f"{source.name}!{offset}", source, offset, rest))
            return
