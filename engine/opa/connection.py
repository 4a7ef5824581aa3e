"""One OPA server over HTTP, on opa-python-client: its session, address, token and TLS; bodies and bounds are ours.

The library's own calls write JSON anew, which changes numbers, rewrite Rego that a server refuses, and wait without an
end for an answer that trickles in.
"""

import time
from typing import Any, Final, Literal

import requests
from lockgate.engine.opa.servers import Access, Address
from lockgate.engine.record import record
from opa_client import OpaClient

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 64 * 1024

Method = Literal["GET", "PUT", "POST", "DELETE"]


class NoAnswerError(Exception):
    """A server gave no answer: the text says why, for people."""


@record
class Answer:
    """An HTTP status and the body."""

    status: int
    body: bytes


class Connection(OpaClient):  # type: ignore[misc]
    """A connection that is kept. For one thread of one process."""

    _session: requests.Session

    def __init__(self, address: Address, access: Access) -> None:
        verify: bool | str = (access.authorities or True) if address.is_tls else False
        super().__init__(
            address.host,
            address.port,
            ssl=verify,
            token=access.token or None,
            retries=0,
            timeout=access.answer_seconds,
        )
        self.address: Final = address
        self._access: Final = access
        # Proxies, passwords and authorities of the environment are for other things.
        self._session.trust_env = False
        self._session.max_redirects = 0
        if address.is_tls:
            self._session.verify = verify

    def ask(
        self, method: Method, path: str, body: bytes = b"", *, seconds: float, content: str = ""
    ) -> Answer:
        """The answer to a request. path: from the root, such as `/v1/data`. Raises NoAnswerError."""
        end = time.monotonic() + seconds
        url = f"{self.schema}{self.host}:{self.port}{path}"
        headers = {"Content-Type": content or "application/json"} if body else {}
        try:
            with self._session.request(
                method,
                url,
                data=body or None,
                headers=headers,
                stream=True,
                timeout=(self._access.connect_seconds, seconds),
                allow_redirects=False,
            ) as response:
                parts: list[bytes] = []
                size = 0
                for part in response.iter_content(_CHUNK):
                    size += len(part)
                    if size > MAX_ANSWER_BYTES:
                        raise NoAnswerError(f"its answer is larger than {MAX_ANSWER_BYTES >> 20} MiB")
                    if time.monotonic() > end:
                        raise NoAnswerError(f"its answer took longer than {seconds:g} s")
                    parts.append(part)
                return Answer(response.status_code, b"".join(parts))
        except requests.exceptions.RequestException as error:
            raise NoAnswerError(_why(error, seconds)) from None

    def is_healthy(self) -> bool:
        """Does the server say that it can answer?"""
        try:
            return self.ask("GET", "/health", seconds=self._access.connect_seconds).status == 200
        except NoAnswerError:
            return False

    def close(self) -> None:
        """Ends the connection."""
        self.close_connection()


def _why(error: requests.exceptions.RequestException, seconds: float) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return f"its certificate or its TLS is not accepted ({_innermost(error)})"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection was made in time"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer came within {seconds:g} s"
    return f"the connection failed ({_innermost(error)})"


def _innermost(error: BaseException) -> str:
    """The cause below what the libraries wrap it in."""
    found: Any = error
    for _ in range(10):
        below = getattr(found, "reason", None) or found.__cause__ or found.__context__
        if below is None and found.args and isinstance(found.args[0], BaseException):
            below = found.args[0]
        if not isinstance(below, BaseException):
            break
        found = below
    text = getattr(found, "strerror", None) or getattr(found, "verify_message", None) or type(found).__name__
    return str(text).lower()
