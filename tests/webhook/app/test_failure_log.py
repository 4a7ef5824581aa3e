"""Failures are told once, and once more when they are over."""

import json

from lockgate.webhook.app.failure_log import MAX_TOLD, FailureLog
from lockgate.webhook.app.logs import Log


class Sink:
    def __init__(self) -> None:
        self.lines: list[list[str]] = []

    def write(self, line: bytes) -> bool:
        told = json.loads(line)
        self.lines.append([told["level"], told["event"], told["what"], told.get("reason", "")])
        return True

    def take(self) -> list[list[str]]:
        taken, self.lines = self.lines, []
        return taken


def test_each_is_told_once() -> None:
    sink = Sink()
    log = Log(sink, format="json", level="info", process="main", now_ns=lambda: 0)
    failures = FailureLog(log, "broken", "whole")
    failures.tell({"a": "away", "b": "away"})
    assert sink.take() == [["error", "broken", "a", "away"], ["error", "broken", "b", "away"]]
    failures.tell({"a": "away", "b": "refused"})
    assert sink.take() == [["error", "broken", "b", "refused"]]
    failures.tell({"a": "away"})
    assert sink.take() == [["info", "whole", "b", ""]]
    failures.tell({"a": "away"})
    assert sink.take() == []
    failures.tell({})
    assert sink.take() == [["info", "whole", "a", ""]]


def test_many_are_counted() -> None:
    sink = Sink()
    log = Log(sink, format="json", level="info", process="main", now_ns=lambda: 0)
    FailureLog(log, "broken", "whole").tell({f"{number:03}": "away" for number in range(MAX_TOLD + 7)})
    told = sink.take()
    assert len(told) == MAX_TOLD + 1
    assert told[-1] == ["error", "broken", "7 more", ""]
