"""Keeps the rules of the webhook that judges by policies: what policies ask for is sent, and nothing else."""

from collections.abc import Iterable
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.errors import LockgateError
from lockgate.gatekeeper.webhook_scope import Rule
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.webhook_configurations import WebhookConfigurations
from lockgate.webhook.install.settings import CONFIGURATION
from lockgate.webhook.install.webhooks import POLICIES
from lockgate.webhook.serving.live_state import LiveState
from lockgate.webhook.serving.webhook_rules import (
    parent_demands,
    policy_demands,
    served_names,
    webhook_rules,
)

# Rules that somebody else has changed are mended after so many looks.
_REGULARLY: Final = 60


@final
class RulesKeeper:
    """Used by one thread, while this replica leads."""

    def __init__(self, api: ApiClient) -> None:
        self._configurations: Final = WebhookConfigurations(api, (CONFIGURATION,))
        self._written: tuple[Rule, ...] | None = None
        self._looks = 0

    def keep(self, state: LiveState, resources: Iterable[Resource]) -> str:
        """Writes the rules where they differ; what failed, in words, or nothing."""
        rules = rules_of(state, resources)
        self._looks += 1
        if rules == self._written and self._looks % _REGULARLY:
            return ""
        self._written = None
        try:
            if self._configurations.write_rules(POLICIES, rules):
                self._written = rules
        except LockgateError as error:
            return str(error)
        return ""

    def forget(self) -> None:
        """Another replica leads, and may write."""
        self._written = None


def rules_of(state: LiveState, resources: Iterable[Resource]) -> tuple[Rule, ...]:
    """The rules that what is in force asks for. resources: what the cluster serves."""
    served: dict[tuple[str, str], set[str]] = {}
    for one in resources:
        served.setdefault((one.kind.group, one.kind.kind), set()).add(one.path.rpartition("/")[2])
    gate = state.gate
    demands = policy_demands(gate.policies.policies, state.templates)
    if gate.expansion is not None:
        implied = [(one.applies_to, one.generates) for one in gate.expansion.templates]
        demands = parent_demands(demands, implied)
    return webhook_rules(demands, served_names(served))
