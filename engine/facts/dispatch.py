"""Tells what a source is and walks it: the boundary at which every failure becomes a finding."""

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.formats import format_of
from lockgate.engine.facts.polyglot import check_polyglot
from lockgate.engine.facts.scan import Part, Scan
from lockgate.engine.facts.scanners import SCANNERS
from lockgate.engine.facts.source import Source


def dispatch(source: Source, scan: Scan) -> str:
    """Walks a source and all that is nested in it. Answers its format; raises nothing."""
    name = "unknown"
    complete = False
    try:
        name = format_of(source)
        check_polyglot(source, scan, source.read(0, 4), name)
        scanner = SCANNERS.get(name)
        if scanner:
            scanner(source, scan)
            complete = True
        elif name == "empty":
            complete = True
        elif name == "unknown":
            scan.find("format-unknown", "unvetted", "of no format that is known", 0)
        else:
            scan.find("format-unvetted", "unvetted", f"{name} is not walked", 0)
    except UnreadableError as error:
        scan.fail(name, error)
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not make a file safe
        scan.find("scanner-mistake", "unreadable", f"{type(error).__name__} while {name} was walked", None)
    scan.recorded.parts.append(Part(scan.path, source.size, name, complete))
    return name
