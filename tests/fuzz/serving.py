"""Fuzzes a running server: whatever arrives, answers are whole and its own, and who asks properly is answered.

A finding is an answer that is no HTTP or has a status of 5xx, one to nothing that was asked, an error of ours in the
log, a worker that died, or a server that does not answer any more.
"""

import json
import random
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lockgate.webhook.cli import run

from tests.fuzz.http_requests import Sent, fuzzed_requests
from tests.webhook.serving.hostile_policies import CONFLICT, CONFLICTING
from tests.webhook.serving.server_processes import (
    ADDRESS,
    CONSTRAINT,
    SECONDS,
    TEMPLATE,
    Server,
    config_map,
    log_lines,
    review_of,
    running_server,
    write_policies,
)

# What is not framed as it should be may have no answer: the server waits for the rest.
PATIENCE_S: Final = 0.05
_PROPER_EACH: Final = 25
# Reasons that no request may bring about.
_OURS: Final = ("an internal error", "the decision could not be recorded")
_STATUSES: Final = frozenset({100, 200, 400, 401, 404, 405, 413, 417, 429, 431})


@dataclass(frozen=True)
class Finding:
    """What is wrong, and what was sent before."""

    seed: int
    wrong: str
    sent: bytes

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.wrong}\n{self.sent[:3_000]!r}"


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    body: bytes


class ServeFuzzer:
    """Sends to a running server what seeds decide."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._context = ssl.create_default_context(cafile=str(server.identity.certificate))
        self.counts: Counter[str] = Counter()
        self.findings: list[Finding] = []

    def once(self, seed: int) -> None:
        """One connection."""
        decide = random.Random(seed)
        sent = fuzzed_requests(decide, f"uid-{seed}")
        try:
            received = self._exchange(sent)
            answers = [*answers_in(received)]
        except (OSError, ValueError) as error:
            self._find(seed, f"{type(error).__name__}: {error}", sent)
            return
        for answer in answers:
            self.counts[str(answer.status)] += 1
            wrong = _wrong(answer, b"".join(sent.bodies))
            if wrong:
                self._find(seed, wrong, sent)
        count = len([one for one in answers if one.status != 100])
        # What is none at all ends the connection with one more.
        most = len(sent.bodies) + (0 if sent.is_whole else 1)
        if count > most or (sent.is_whole and count < most):
            self._find(seed, f"{count} answers to {len(sent.bodies)} requests", sent)
        if seed % _PROPER_EACH == 0:
            self.ask_properly(seed)

    def ask_properly(self, seed: int) -> None:
        """Who asks as one should is answered as ever."""
        said = self._server.admit(review_of(config_map(), f"proper-{seed}"))
        if said["uid"] != f"proper-{seed}" or said["status"]["message"] != "[owners] settings has no owner":
            self.findings.append(Finding(seed, f"a proper review is answered {said}", b""))

    def look_at_log(self) -> None:
        """What the log has that it should not."""
        text = self._server.log.read_text(errors="replace")
        for line in text.splitlines():
            if not line.startswith("{"):
                self.findings.append(Finding(-1, f"a line that is none of the log's: {line[:300]}", b""))
                break
        for told in log_lines(self._server.log):
            if told["level"] != "error":
                continue
            reason = told.get("reason", "")
            if told["event"] != "request" or reason.startswith(_OURS):
                self.findings.append(Finding(-1, f"the log has {told}", b""))
            self.counts[f"failed: {reason[:60]}"] += 1

    def _find(self, seed: int, wrong: str, sent: Sent) -> None:
        self.findings.append(Finding(seed, wrong, b"".join(sent.parts)))

    def _exchange(self, sent: Sent) -> bytes:
        """What comes back until the server closes, every whole request is answered, or it seems to wait."""
        received = bytearray()
        with socket.create_connection((ADDRESS, self._server.port), timeout=SECONDS) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._context.wrap_socket(plain, server_hostname=ADDRESS) as peer:
                try:
                    for part in sent.parts:
                        peer.sendall(part)
                    peer.settimeout(SECONDS if sent.is_whole else PATIENCE_S)
                    while data := peer.recv(1 << 16):
                        received += data
                        if sent.is_whole and _count(received) >= len(sent.bodies):
                            break
                except TimeoutError:
                    if sent.is_whole:
                        raise
                except (ConnectionError, ssl.SSLError):
                    # It closed with the rest of what was sent unread.
                    pass
        return bytes(received)


def _count(received: bytearray) -> int:
    try:
        return len([*answers_in(bytes(received))])
    except ValueError:
        # The last of them is still on its way.
        return 0


def answers_in(received: bytes) -> Iterator[Answer]:
    """The answers, one after the other. Raises ValueError for what is none, or not whole."""
    rest = received
    while rest:
        head, mark, rest = rest.partition(b"\r\n\r\n")
        if not mark:
            raise ValueError(f"an answer that does not end: {head[:200]!r}")
        first, *lines = head.split(b"\r\n")
        version, code, _ = first.split(b" ", 2)
        if version != b"HTTP/1.1":
            raise ValueError(f"an answer in {version!r}")
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or name.lower() in headers:
                raise ValueError(f"a header of an answer: {line[:200]!r}")
            headers[name.lower()] = value.strip()
        size = 0 if code == b"100" else int(headers[b"content-length"])
        if size > len(rest):
            raise ValueError("an answer with less than it says")
        yield Answer(int(code), rest[:size])
        rest = rest[size:]


def _wrong(answer: Answer, bodies: bytes) -> str:
    """What is wrong with an answer; empty when nothing is."""
    if answer.status not in _STATUSES:
        return f"status {answer.status}: {answer.body[:300]!r}"
    if not answer.body.startswith(b"{"):
        return ""
    value: Any = json.loads(answer.body)
    if answer.status != 200:
        return "" if value["kind"] == "Status" and value["code"] == answer.status else f"said {value}"
    said = value["response"]
    if value["kind"] != "AdmissionReview" or not isinstance(said["allowed"], bool):
        return f"an answer that is no review: {value}"
    if "internal error" in str(said.get("status", {}).get("message", "")):
        return f"said {said}"
    is_plain = said["uid"].isascii() and said["uid"].isprintable() and b"\\" not in bodies
    if is_plain and said["uid"].encode() not in bodies:
        return f"the uid of somebody else: {said['uid']}"
    return ""


@contextmanager
def fuzzed_server(folder: Path) -> Iterator[Server]:
    """A server with a trail, and with a policy that fails."""
    home = folder / "trail"
    assert run(["audit", "init", str(home), "--origin", "example.com/lockgate/fuzz"]) == 0
    policies = write_policies(folder, TEMPLATE, CONSTRAINT, CONFLICTING, CONFLICT)
    with running_server(folder, policies, ["--trail", str(home)]) as server:
        yield server
