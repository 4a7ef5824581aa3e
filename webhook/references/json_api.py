"""A server's API of JSON, below one path: what it says is bounded, and what it refuses is told."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

from lockgate.engine.foreign_documents import Part, parse_foreign_json
from lockgate.webhook.references.client import MAX_ANSWER, Answer, Client, refused

_JSON: Final = "application/json"


@final
class JsonApi:
    """One server. headers: who asks, if that is said; prefix: the parts of the path that all of it is below."""

    def __init__(self, client: Client, headers: Mapping[str, str], prefix: Sequence[str]) -> None:
        self._client: Final = client
        self._headers: Final = {"Accept": _JSON, **headers}
        self._prefix: Final = (*prefix,)

    @property
    def shown(self) -> str:
        """The server, as people write it."""
        return self._client.base.shown

    def get(self, segments: Sequence[str], query: Mapping[str, str]) -> Part:
        """What is there. Raises AskingError or InputError."""
        return self._read(self._client.get([*self._prefix, *segments], query, self._headers))

    def send(self, method: str, segments: Sequence[str], value: Mapping[str, Any]) -> Part:
        """What comes of a change. Raises AskingError or InputError."""
        headers = {"Content-Type": _JSON, **self._headers}
        body = json.dumps(value).encode()
        return self._read(self._client.send(method, [*self._prefix, *segments], headers, body))

    def _read(self, answer: Answer) -> Part:
        if answer.status != 200:
            raise refused(self._client, answer)
        return parse_foreign_json(answer.body, "the answer", MAX_ANSWER)
