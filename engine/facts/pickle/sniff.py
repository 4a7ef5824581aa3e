"""Whether bytes without a protocol before them are a pickle: walked for a while, does anything come of it?

Prose and lists of words begin as pickles of protocol 0 too: `c` and two lines are an import, `C` a few bytes.
"""

from lockgate.engine.facts.budget import Budget, ScanLimits
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.pickle.judge import Judge, Loader
from lockgate.engine.facts.pickle.machine import Machine
from lockgate.engine.facts.pickle.opcodes import LAST_PROTOCOL
from lockgate.engine.facts.scan import Recorded, Scan
from lockgate.engine.facts.source import Source

# A pickle whose first call comes later begins with its protocol.
_OPCODES = 5_000


def is_pickle(source: Source) -> bool:
    """Whether it begins with a protocol, calls something, or ends with a STOP."""
    head = source.read(0, 2)
    if len(head) == 2 and head[0] == 0x80 and head[1] <= LAST_PROTOCOL:
        return True
    recorded = Recorded()
    scan = Scan(source, Budget(ScanLimits(opcodes=_OPCODES)), recorded, lambda _, __: "unknown")
    offset = 0
    try:
        while offset < source.size:
            offset = Machine(source, Judge(source, scan, Loader.PART), scan.budget).walk(offset)
    except LimitError:
        return True
    except UnreadableError:
        acts = any(use.call for use in recorded.globals.values())
        return acts or any(finding.tier == "unsafe" for finding in recorded.findings.values())
    return True
