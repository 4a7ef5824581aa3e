"""What the server writes into its webhook configurations: whom to trust, and which requests to send.

A write takes the object as it was read, with its resourceVersion, so that the API server refuses what comes too late.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kubernetes import client
from lockgate.gatekeeper.webhook_scope import Rule
from lockgate.webhook.certificates.tending import Published
from lockgate.webhook.cluster.calls import Json, call, refused, segment
from lockgate.webhook.serving.webhook_rules import render_rule

PATH: Final = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


class WebhookConfigurations:
    """Some ValidatingWebhookConfigurations, by their names; those that are not there are left out."""

    def __init__(self, api: client.ApiClient, names: Sequence[str]) -> None:
        self._api: Final = api
        self._names: Final = tuple(names)
        self._seen: dict[str, Json] = {}

    def read(self) -> Published:
        """The `caBundle` of each of their webhooks. Raises ClusterError."""
        found = {}
        for name in self._names:
            value = self.get(name)
            if value is not None:
                found[name] = value
        self._seen = found
        bundles = [bundle_of(webhook) for value in found.values() for webhook in webhooks_of(value)]
        marks = [(name, value["metadata"]["resourceVersion"]) for name, value in found.items()]
        return Published(tuple(bundles), tuple(marks))

    def write(self, before: Published, bundle: str) -> bool:
        """Writes a bundle into each webhook; False when a configuration has changed. Raises ClusterError."""
        encoded = base64.b64encode(bundle.encode()).decode()
        for name, mark in before.marks:
            value = self._seen.get(name)
            if value is None or value["metadata"]["resourceVersion"] != mark:
                return False
            if not self._put(name, with_webhooks(value, lambda one: with_bundle(one, encoded))):
                return False
        return True

    def write_rules(self, rules: Mapping[str, Sequence[Rule]]) -> bool:
        """Gives webhooks, by their names, these rules where they differ; False when it has to be tried again.

        So it has where a configuration is not there: whoever applies it soon gets it without rules. Raises ClusterError.
        """
        wanted = {name: [render_rule(rule) for rule in some] for name, some in rules.items()}
        for name in self._names:
            value = self.get(name)
            if value is None:
                return False
            changed = with_webhooks(
                value, lambda one: {**one, "rules": wanted[one["name"]]} if one["name"] in wanted else one
            )
            if changed != value and not self._put(name, changed):
                return False
        return True

    def get(self, name: str) -> Json | None:
        """A configuration; None where there is none. Raises ClusterError."""
        answer = call(self._api, "GET", f"{PATH}/{segment(name)}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refused(answer, f"cannot read ValidatingWebhookConfiguration {name}")
        return answer.value

    def _put(self, name: str, value: Json) -> bool:
        answer = call(self._api, "PUT", f"{PATH}/{segment(name)}", value)
        if answer.status in (404, 409):
            return False
        if answer.status != 200:
            raise refused(answer, f"cannot write ValidatingWebhookConfiguration {name}")
        return True


def webhooks_of(configuration: Mapping[str, Any]) -> list[Json]:
    """The webhooks of a configuration."""
    return [one for one in configuration.get("webhooks") or () if isinstance(one, dict)]


def bundle_of(webhook: Mapping[str, Any]) -> str:
    """A webhook's `caBundle`, as PEM; empty where there is none or it is no base64."""
    encoded = (webhook.get("clientConfig") or {}).get("caBundle") or ""
    try:
        return base64.b64decode(encoded, validate=True).decode("ascii", "replace")
    except (binascii.Error, ValueError, TypeError):
        return ""


def with_bundle(webhook: Json, encoded: str) -> Json:
    """The webhook with another `caBundle` (base64)."""
    return {**webhook, "clientConfig": {**(webhook.get("clientConfig") or {}), "caBundle": encoded}}


def with_webhooks(configuration: Json, change: Callable[[Json], Json]) -> Json:
    """The configuration with each of its webhooks changed."""
    return {**configuration, "webhooks": [change(one) for one in webhooks_of(configuration)]}
