"""Which version a trail has in an environment, and whether a registry's alias is that one."""

from lockgate.audit.errors import RuleError
from lockgate.audit.promotions.statement import PromotionStatement
from lockgate.engine.record import record
from lockgate.webhook.promoting.promotion_log import PromotionLog
from lockgate.webhook.registries.registry import RegisteredVersion


@record
class Standing:
    """What is in an environment: the entry that promoted it, and its statement."""

    entry: int
    statement: PromotionStatement
    digest: str


def standing_version(
    log: PromotionLog, model: str, environment: str, cluster: str = "", namespace: str = ""
) -> Standing:
    """The last promotion of a model for a place, or for any. Raises RuleError where there is none that counts."""
    for made in reversed(log.history.promotions(model, environment)):
        statement = log.made(made).statement
        if not statement.to.covers(cluster, namespace):
            continue
        # As at admission: what stood before something that was taken back does not stand again by itself.
        log.history.standing(made.index, "latest promotion")
        return Standing(made.index, statement, made.promoted.statement)
    raise RuleError(
        f"no version of {model} was promoted to {environment} for this place",
        hint="lockgate registry request asks for one; lockgate promotions pending says what is missing",
    )


def differences(standing: Standing, version: RegisteredVersion) -> list[str]:
    """Why what a registry has under the version's name is not what was promoted; empty where it is."""
    statement, found = standing.statement, []
    if version.reference != statement.reference:
        found.append(f"it is {version.reference}, and {statement.reference} was promoted")
    source = statement.change.get("source", "")
    if source and version.source != source:
        found.append(
            f"its artefacts lie at {version.source or 'no place'}, and it was promoted from {source}"
        )
    if version.digest and f"sha256:{version.digest}" != statement.subject:
        found.append(f"it is said to be sha256:{version.digest}, and {statement.subject} was promoted")
    if version.unfit:
        found.append(version.unfit)
    return found
