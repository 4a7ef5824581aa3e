"""Branches and tags of models on a Hugging Face hub: the commit that they are now (https://huggingface.co/docs/hub/api)."""

import re
from collections.abc import Mapping
from typing import Final, final

from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import parse_foreign_json
from lockgate.webhook.references.client import MAX_ANSWER, AskingError, Client, refused
from lockgate.webhook.references.reference import Reference
from lockgate.webhook.references.resolution import GIT_COMMIT, Digest, Outcome, Resolved, Unresolved
from lockgate.webhook.terminal import printable

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_FIX: Final = "write the commit (hf://owner/model:COMMIT)"


@final
class HuggingFaceResolver:
    """One hub. headers: who asks, if that is said."""

    def __init__(self, client: Client, headers: Mapping[str, str]) -> None:
        self._client = client
        self._headers = headers

    @property
    def name(self) -> str:
        """What it is called."""
        return "hugging-face"

    def resolve(self, reference: Reference) -> Outcome | None:
        """The commit of a branch or a tag, `main` where none is named."""
        try:
            commit = self._commit(reference)
        except AskingError as error:
            return Unresolved(error.message, _FIX)
        uri = f"hf://{reference.location}:{commit}"
        return Resolved(Digest(GIT_COMMIT, commit), uri, "asked", f"it may move: {_FIX}")

    def _commit(self, reference: Reference) -> str:
        revision = reference.version or "main"
        segments = ["api", "models", *reference.location.split("/"), "revision", revision]
        answer = self._client.get(segments, {}, {"Accept": "application/json", **self._headers})
        if answer.status != 200:
            raise refused(self._client, answer)
        try:
            told = parse_foreign_json(answer.body, "the answer", MAX_ANSWER)
            commit = told.get("sha").text(64)
            name = told.maybe("id") or told.maybe("modelId")
            named = reference.location if name is None else name.text(256)
        except InputError as error:
            raise AskingError(f"{self._client.base.shown}: {printable(error.message)}") from None
        if named != reference.location:
            raise AskingError(f"{self._client.base.shown} calls it {printable(named)}")
        if not _COMMIT.fullmatch(commit):
            raise AskingError(f"{self._client.base.shown} answers with no commit")
        return commit
