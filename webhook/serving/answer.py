"""Answers as bytes: AdmissionReviews within the API server's limits, and what it is told when a body is none."""

import json
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from lockgate.engine.record import light_record
from lockgate.gatekeeper.admission import KIND
from lockgate.webhook.render_admission import AdmissionResponse

# Of k8s.io/apiserver pkg/endpoints/filters/warning.go, in characters.
MAX_WARNING: Final = 256
MAX_WARNINGS: Final = 4 * 1024
# Longer messages help nobody; the API server stops reading an answer at some megabytes.
MAX_MESSAGE: Final = 64 * 1024
_CUT: Final = "…"
# Room for the line that says how many there are more.
_MORE: Final = 40
# A surrogate that stands alone is none of UTF-8: escaped, it is JSON.
_JSON: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


@light_record
class HttpAnswer:
    """An HTTP answer. after: what is left to do once it is on its way, which nobody waits for; raises nothing."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    after: Callable[[], None] | None = None


def render_review(
    response: AdmissionResponse,
    api_version: str,
    uid: str,
    annotations: Mapping[str, str],
    after: Callable[[], None] | None = None,
) -> HttpAnswer:
    """The AdmissionReview that answers the request of this uid; annotations: for the API server's audit log.

    after: as in `HttpAnswer`.
    """
    message = response.message
    if len(message) > MAX_MESSAGE:
        message = f"{message[:MAX_MESSAGE]}{_CUT} ({len(message) - MAX_MESSAGE} more characters)"
    # Without what is empty. As text: a value and its JSON take three times as long.
    said = f',"message":{quoted(message)}' if message else ""
    if response.reason:
        said += f',"reason":{quoted(response.reason)}'
    rest = ""
    if response.warnings:
        rest = f',"warnings":{_JSON.encode(bounded_warnings(response.warnings))}'
    if annotations:
        listed = ",".join([f"{quoted(name)}:{quoted(text)}" for name, text in annotations.items()])
        rest += f',"auditAnnotations":{{{listed}}}'
    body = (
        f'{{"apiVersion":{quoted(api_version)},"kind":"{KIND}","response":{{"uid":{quoted(uid)},'
        f'"allowed":{"true" if response.allowed else "false"},'
        f'"status":{{"metadata":{{}}{said},"code":{response.code}}}{rest}}}}}'
    )
    return HttpAnswer(200, body.encode(), after=after)


def render_status(code: int, reason: str, message: str) -> HttpAnswer:
    """A `Status`, which the API server reads from answers that are no AdmissionReview."""
    value = {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "message": message[:MAX_MESSAGE],
        "reason": reason,
        "code": code,
    }
    return HttpAnswer(code, _encode(value))


def bounded_warnings(warnings: Sequence[str]) -> tuple[str, ...]:
    """The warnings as the API server passes them on: each once, on one line, none too long, and not too many.

    It drops one that has a control character.
    """
    lines = [line for line in dict.fromkeys(map(_one_line, warnings)) if line]
    made: list[str] = []
    length = 0
    for index, line in enumerate(lines):
        is_last = index == len(lines) - 1
        if length + len(line) + (0 if is_last else _MORE) > MAX_WARNINGS:
            made.append(f"{_CUT} and {len(lines) - index} more warnings")
            break
        made.append(line)
        length += len(line)
    return tuple(made)


def _one_line(text: str) -> str:
    line = " ".join("".join([one if one.isprintable() else " " for one in text]).split())
    return line if len(line) <= MAX_WARNING else _cut(line)


def _cut(line: str) -> str:
    """The line cut behind a word, if there is one near."""
    short = line[: MAX_WARNING - len(_CUT)]
    at = short.rfind(" ", MAX_WARNING // 2)
    return f"{short[:at] if at > 0 else short}{_CUT}"


def _encode(value: object) -> bytes:
    return _JSON.encode(value).encode()
