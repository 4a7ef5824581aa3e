"""What went wrong, as RFC 9457 has it: `application/problem+json`, with a cursor's fault as RFC 9865 names it."""

import json
from typing import Any, Final

from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.query.errors import CursorError, QuestionError
from lockgate.audit.web.caller import NotKnownError
from lockgate.engine.errors import LockgateError

MEDIA: Final = "application/problem+json"
_BASE: Final = "https://lockgate.dev/problems/"


class ProblemError(LockgateError):
    """An answer that says what is wrong. kind: the end of its type; more: further members."""

    def __init__(self, status: int, kind: str, title: str, detail: str = "", **more: str) -> None:
        super().__init__(detail or title)
        self.status: Final = status
        self.kind: Final = kind
        self.title: Final = title
        self.more: Final = more

    def body(self) -> bytes:
        """The document."""
        value: dict[str, Any] = {"type": f"{_BASE}{self.kind}", "title": self.title, "status": self.status}
        if self.message != self.title:
            value["detail"] = self.message
        return json.dumps({**value, **self.more}).encode() + b"\n"


def problem_of(error: LockgateError) -> ProblemError:
    """The problem that an error is."""
    detail = error.message + (f" ({error.hint})" if error.hint else "")
    match error:
        case ProblemError():
            return error
        case CursorError():
            return ProblemError(400, "cursor", "the cursor or count is refused", detail, fault=error.fault)
        case QuestionError():
            return ProblemError(400, "question", "that cannot be asked", detail, field=error.field)
        case NotKnownError():
            return ProblemError(401, "unknown-caller", "who asks is not known", detail)
        case VerificationError():
            return ProblemError(
                500, "tampering", "the log is not as it was signed", detail, where=error.where
            )
        case UnverifiableError():
            return ProblemError(503, "unverifiable", "there is nothing to verify by", detail)
        case TrailError():
            return ProblemError(422, "unanswered", "it cannot be answered so", detail)
        case _:
            return ProblemError(400, "request", "the request is not as it should be", detail)


def forbidden(resource: str, namespace: str) -> ProblemError:
    """What a caller may not."""
    where = f"in the namespace {namespace[:80]!r}" if namespace else "in all namespaces"
    return ProblemError(
        403, "forbidden", "that is not allowed to you", f"it needs the right to {resource} {where}"
    )


def not_found(what: str) -> ProblemError:
    """What is not there."""
    return ProblemError(404, "not-found", "there is no such thing", what)
