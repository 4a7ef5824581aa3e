"""Tells Gatekeeper whom to trust: Providers of the cluster that the server answers itself get the `caBundle` that its webhooks have.

They are written behind the webhooks, and hold up no rotation: an authority issues nothing before every webhook has
trusted it for an hour, in which a Provider is written many times over.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final, final
from urllib.parse import urlsplit

from kubernetes import client
from lockgate.webhook.cluster.calls import Json, call, refused, segment

PATH: Final = "/apis/externaldata.gatekeeper.sh/v1beta1/providers"
# What the server answers to.
_PLACE: Final = "/providers/"
_PAGE: Final = 500


@final
class ProviderBundles:
    """The Providers whose URL is one of the server's, by its names."""

    def __init__(self, api: client.ApiClient, names: Sequence[str]) -> None:
        self._api: Final = api
        self._names: Final = frozenset(names)

    def keep(self, bundle: str) -> tuple[str, ...]:
        """Writes the bundle (PEM) where another one is; the names of those that were written. Raises ClusterError."""
        encoded = base64.b64encode(bundle.encode()).decode()
        written: list[str] = []
        for value in self._all():
            spec = value.get("spec")
            if not isinstance(spec, dict) or not self._is_own(spec.get("url")):
                continue
            if _plain(spec.get("caBundle")) != encoded:
                name = str(value["metadata"]["name"])
                changed = {**value, "spec": {**spec, "caBundle": encoded}}
                answer = call(self._api, "PUT", f"{PATH}/{segment(name)}", changed)
                # Gone, or changed by somebody meanwhile: the next look sees it.
                if answer.status not in (200, 404, 409):
                    raise refused(answer, f"cannot write Provider {name}")
                if answer.status == 200:
                    written.append(name)
        return tuple(written)

    def _all(self) -> list[Json]:
        found: list[Json] = []
        query = {"limit": str(_PAGE)}
        while True:
            answer = call(self._api, "GET", PATH, query=query)
            if answer.status == 404:
                # Nobody has made the kind.
                return []
            if answer.status != 200:
                raise refused(answer, "cannot list Providers")
            found += [one for one in answer.value.get("items") or () if isinstance(one, dict)]
            more = (answer.value.get("metadata") or {}).get("continue")
            if not more:
                return found
            query = {"limit": str(_PAGE), "continue": str(more)}

    def _is_own(self, url: Any) -> bool:
        if not isinstance(url, str):
            return False
        try:
            parts = urlsplit(url)
            return parts.scheme == "https" and parts.hostname in self._names and parts.path.startswith(_PLACE)
        except ValueError:
            return False


def _plain(text: Any) -> str:
    """A bundle as we write it: whoever writes one by hand may break its lines."""
    return "".join(text.split()) if isinstance(text, str) else ""
