"""The provider `lockgate-environments` in a check: in which environment an object is, by its file, its namespace and labels.

What `lockgate.yaml` says of folders and namespaces counts, else an EnvironmentMap among the policies. Where neither says
anything the policy that asks is not evaluated: a base that several environments take in is in none by itself.
"""

from collections.abc import Mapping
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Reply
from lockgate.engine.external_data import Providers, UnansweredError
from lockgate.engine.promotions.mapping import ENVIRONMENT_LABEL, EnvironmentMapping, Placed
from lockgate.gatekeeper.external_data.environments import EnvironmentProviders, KnownEnvironments
from lockgate.gatekeeper.external_data.kinds import ENVIRONMENTS_PROVIDER
from lockgate.gatekeeper.promotions.loading import Promotions
from lockgate.webhook.config import Config
from lockgate.webhook.promotions.folders import EnvironmentFolders
from lockgate.webhook.promotions.policies import environment_mapping
from lockgate.webhook.terminal import printable

Namespaces = Mapping[str, Mapping[str, Value]]


@final
class FileEnvironments:
    """Answers for the file that is judged: `begin` says which. Used by one thread."""

    def __init__(
        self,
        config: Config,
        mapping: EnvironmentMapping,
        required: frozenset[str],
        namespaces: Namespaces,
    ) -> None:
        self._mapping: Final = mapping
        self._folders: Final = EnvironmentFolders(config)
        self._namespaces: Final = namespaces
        self._required: Final = required
        self._others: Providers | None = None
        self._said = ""
        self._answering = self._answers(None)

    def answer_before(self, others: Providers | None) -> None:
        """Others answer for all other providers."""
        self._others, self._answering = others, self._answers(others)

    def begin(self, path: str) -> None:
        """What is asked from now on is asked of objects of this file (a real path)."""
        said = self._folders.find(path)
        if said != self._said:
            self._said, self._answering = said, self._answers(self._others)

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer. Raises UnansweredError where nobody says in which environment it is."""
        reply = self._answering.ask(provider, keys, seconds)
        if provider == ENVIRONMENTS_PROVIDER:
            for item in reply.items or ():
                if item.error:
                    raise UnansweredError(f"in which environment it runs: {printable(item.error)}")
        return reply

    def _answers(self, others: Providers | None) -> EnvironmentProviders:
        known = KnownEnvironments("", self._place, self._required)
        return EnvironmentProviders(known, others)

    def _place(self, namespace: str, label: str) -> Placed:
        # A Namespace that is not among the files may have a label in the cluster, where it is judged again.
        found = self._namespaces.get(namespace, {}).get("metadata")
        labels = found.get("labels") if isinstance(found, dict) else None
        own = labels.get(ENVIRONMENT_LABEL) if isinstance(labels, dict) else None
        told = [text for text in (own, label) if isinstance(text, str) and text]
        said = [self._said] if self._said else []
        return self._mapping.place([], [namespace], told, said)


def file_environments(
    config: Config, promotions: Promotions | None, namespaces: Namespaces
) -> FileEnvironments | None:
    """Who answers; None where nobody says what is of which environment. Raises UsageError for orders that contradict each other."""
    has_map = promotions is not None and promotions.map is not None
    has_folders = any(one.environment is not None for one in config.folders)
    mapping = environment_mapping(config, promotions)
    if mapping is None or not (config.environments or has_map or has_folders):
        return None
    policies = () if promotions is None else promotions.policies
    required = frozenset([step.to for policy in policies for step in policy.steps])
    return FileEnvironments(config, mapping, required, namespaces)
