"""What the tests of scanners share: the facts of bytes."""

from lockgate.engine.facts.artifact import FileFacts, scan_source
from lockgate.engine.facts.budget import ScanLimits
from lockgate.engine.facts.source import BytesSource


def facts_of(data: bytes, limits: ScanLimits | None = None) -> FileFacts:
    """The facts of a file of these bytes."""
    return scan_source(BytesSource("m", data), limits)


def rules_of(data: bytes) -> set[str]:
    """The rules of the findings."""
    return {finding.rule for finding in facts_of(data).findings}
