"""The environments of a check in their order, by its configuration and by what its policies say about promotions."""

from lockgate.engine.errors import UsageError
from lockgate.engine.promotions.environments import Environments
from lockgate.engine.promotions.mapping import EnvironmentMapping, EnvironmentRule
from lockgate.gatekeeper.promotions.loading import Promotions
from lockgate.webhook.config import FILE_NAME, Config


def environment_mapping(config: Config, promotions: Promotions | None) -> EnvironmentMapping | None:
    """What is of which environment; None where nobody knows any. The configuration's come before those of an EnvironmentMap.

    Raises UsageError where they stand in another order elsewhere.
    """
    policies = () if promotions is None else promotions.policies
    others = [(f"the PromotionPolicy {one.name}", one.environments) for one in policies]
    if promotions is not None and promotions.map is not None:
        others.insert(0, ("the EnvironmentMap", promotions.map.mapping.environments))
    if config.environments:
        first, made = config.file or FILE_NAME, _configured(config)
    elif promotions is not None and promotions.map is not None:
        first, made = others[0][0], promotions.map.mapping
    elif others:
        first = others[0][0]
        made = EnvironmentMapping(tuple([EnvironmentRule(name) for name in others[0][1].names]))
    else:
        return None
    for second, other in others:
        _refuse_other_order(first, made.environments, second, other)
    return made


def _configured(config: Config) -> EnvironmentMapping:
    return EnvironmentMapping(
        tuple([EnvironmentRule(one.name, one.clusters, one.namespaces) for one in config.environments])
    )


def _refuse_other_order(first: str, known: Environments, second: str, other: Environments) -> None:
    """Environments that one of both does not have do not matter: what is of them is refused."""
    if known.inversion(other.names) is not None:
        raise UsageError(
            f"{second} has the environments {', '.join(other.names)}, and {first} has {', '.join(known.names)}",
            hint="write them in the same order in both",
        )
