"""What the entry of a Decision says, as much of it as a replay goes by.

`parse_entry` looks at every field, which takes longer than to judge: here the entry is proven to be one that the log has
signed, and the log has looked at it then.
"""

import json
from typing import Any, Final

from lockgate.audit.errors import FormatError
from lockgate.audit.times import parse_time
from lockgate.engine.record import light_record

_DECISION: Final = b'"kind":"decision"'


@light_record
class LoggedDecision:
    """An entry of kind `decision`. body: the commitment to its body. streams: by name."""

    index: int
    time_ms: int
    outcome: str
    operation: str
    body: str
    streams: frozenset[str]


def is_decision(entry: bytes) -> bool:
    """Is an entry of the log a Decision's? In canonical JSON nothing else has these bytes."""
    return _DECISION in entry


def parse_logged(index: int, entry: bytes) -> LoggedDecision:
    """The Decision of a proven entry. Raises FormatError for what no log of this format holds."""
    try:
        value: dict[str, Any] = json.loads(entry)
        streams = frozenset([link["k"] for link in value["streams"]])
        time, body = value["time"], value["commitments"].get("body", "")
        texts = (time, value["outcome"], value["operation"], body)
        if not all(type(one) is str for one in texts):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError(f"entry {index} is not as its kind demands") from None
    return LoggedDecision(index, parse_time(time), value["outcome"], value["operation"], body, streams)
