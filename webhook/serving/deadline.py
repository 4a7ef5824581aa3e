"""How long a request may take: what the API server gives it, less what its answer needs on the way.

The API server names its patience as `?timeout=10s`, rounded up to seconds (k8s.io/client-go rest.Request.Timeout); from
1 to 30 of them can be configured.
"""

import re
from typing import Final
from urllib.parse import parse_qs

from lockgate.engine.record import light_record

DEFAULT_S: Final = 10.0
LONGEST_S: Final = 30.0
# What an answer needs on its way, and the time since the API server began to count.
_MARGIN: Final = 0.25
_MOST_MARGIN_S: Final = 1.5
# Of what is left, for the record behind the decision.
_RECORDING: Final = 0.2
_MOST_RECORDING_S: Final = 1.5
# A duration as Go writes it, without the units that no time-out has.
_DURATION: Final = re.compile(r"(?:([0-9]{1,3})m)?(?:([0-9]{1,5}(?:\.[0-9]{1,9})?)s)?", re.ASCII)
# What an API server asks: the way through `parse_qs` takes twenty times as long.
_COMMON: Final = {
    b"": DEFAULT_S,
    **{b"timeout=%ds" % seconds: float(seconds) for seconds in range(1, int(LONGEST_S) + 1)},
}


@light_record
class Deadline:
    """Moments of `time.monotonic`. evaluate_by: policies end here; answer_by: there has to be an answer."""

    evaluate_by: float
    answer_by: float


def parse_timeout(query: bytes) -> float:
    """The seconds that a request's query names; what the API server takes by default where it names none that is one."""
    common = _COMMON.get(query)
    if common is not None:
        return common
    try:
        values = parse_qs(query.decode("ascii"), max_num_fields=16).get("timeout", [])
    except ValueError:
        return DEFAULT_S
    found = _DURATION.fullmatch(values[-1]) if values else None
    if found is None or not found[0]:
        return DEFAULT_S
    seconds = int(found[1] or 0) * 60 + float(found[2] or 0)
    return min(seconds, LONGEST_S) if seconds > 0 else DEFAULT_S


def deadline_of(began: float, seconds: float) -> Deadline:
    """The deadline of a request that began at a moment and has so many seconds."""
    left = seconds - min(seconds * _MARGIN, _MOST_MARGIN_S)
    return Deadline(began + left - min(left * _RECORDING, _MOST_RECORDING_S), began + left)
