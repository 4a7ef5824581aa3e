"""In which environment something runs: by what an administrator says of clusters and namespaces, and of folders before.

Of several that are said, the highest counts, so that nothing comes into a lower one by naming it. A label only raises: where
nobody else says anything, the environment stays unknown whatever the label is, and who judges fails closed.
"""

from collections.abc import Iterable
from typing import Final, final

from lockgate.engine.promotions.environments import Environments
from lockgate.engine.record import record

# On an object, and on its Namespace.
ENVIRONMENT_LABEL: Final = "lockgate.dev/environment"


@record
class EnvironmentRule:
    """Which clusters and namespaces are of an environment, by name; `*` stands for any characters."""

    name: str
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


@record
class Placed:
    """The environment, "" for an unknown one, with the reason why that is not known."""

    environment: str
    why: str = ""


@final
class EnvironmentMapping:
    """Places what runs. rules: one for each environment, the lowest first. Raises UsageError for names that are given twice."""

    def __init__(self, rules: tuple[EnvironmentRule, ...]) -> None:
        self.rules: Final = rules
        self.environments: Final = Environments(tuple([rule.name for rule in rules]))
        self._has_clusters: Final = any(rule.clusters for rule in rules)

    def place(
        self,
        clusters: Iterable[str] = (),
        namespaces: Iterable[str] = (),
        labels: Iterable[str] = (),
        said: Iterable[str] = (),
    ) -> Placed:
        """Where something runs. clusters, namespaces: it goes to, "" for one that is not named; said: environments by other means.

        labels: what its own and its Namespace's label says. A cluster that no rule names is unknown where rules name clusters.
        """
        ranks: list[int] = []
        for name in said:
            rank = self.environments.rank(name)
            if rank is None:
                return Placed("", f"{name} is none of the environments")
            ranks.append(rank)
        for cluster in filter(None, clusters):
            found = [rank for rank, rule in enumerate(self.rules) if _is_any(rule.clusters, cluster)]
            if self._has_clusters and not found:
                return Placed("", f"no environment has the cluster {cluster}")
            ranks += found
        for namespace in filter(None, namespaces):
            ranks += [rank for rank, rule in enumerate(self.rules) if _is_any(rule.namespaces, namespace)]
        if not ranks:
            return Placed("", "no folder, cluster or namespace says in which environment it runs")
        for label in labels:
            rank = self.environments.rank(label)
            if rank is None:
                return Placed("", f"the label {ENVIRONMENT_LABEL} says {label}, which is no environment")
            ranks.append(rank)
        return Placed(self.environments.names[max(ranks)])


def _is_any(patterns: tuple[str, ...], text: str) -> bool:
    return any(matches(pattern, text) for pattern in patterns)


def matches(pattern: str, text: str) -> bool:
    """Is the text as the pattern has it, in which `*` stands for any characters, also none? Upper case is not lower case."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
