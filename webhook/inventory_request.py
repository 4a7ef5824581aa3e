"""Where the inventory comes from, as the command line or the configuration says it."""

import os
from collections.abc import Iterable
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind, parse_gvk
from lockgate.webhook.config import Config, InventoryRequest

# Sources that are no paths; a folder of that name is `./tree`.
TREE: Final = "tree"
CLUSTER: Final = "cluster"


def parse_kinds(texts: Iterable[str]) -> tuple[GroupVersionKind, ...]:
    """The kinds that texts such as `v1/Service` name. Raises UsageError for one that names none."""
    made: list[GroupVersionKind] = []
    for text in texts:
        kind = parse_gvk(text)
        if kind is None:
            raise UsageError(
                f"{text!r} is no kind", hint="such as v1/Service or networking.k8s.io/v1/Ingress"
            )
        made.append(kind)
    return tuple(made)


def choose_inventory(sources: tuple[str, ...], kinds: tuple[str, ...], settings: Config) -> InventoryRequest:
    """The request of the options; without a source, the configuration's, with the kinds of both.

    Raises UsageError for kinds without any source.
    """
    named, configured = parse_kinds(kinds), settings.inventory
    if sources:
        return InventoryRequest(sources, named)
    if named and not configured.sources:
        raise UsageError(
            "--inventory-kind names a kind, and there is no inventory",
            hint="--inventory tree, --inventory PATH or --inventory cluster",
        )
    rooted = [one if one == TREE else os.path.join(settings.root, one) for one in configured.sources]
    return InventoryRequest(tuple(rooted), (*configured.kinds, *named))
