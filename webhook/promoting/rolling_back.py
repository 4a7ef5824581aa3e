"""The promotion that a rollback goes back to."""

from lockgate.audit.errors import TrailError
from lockgate.audit.promotions.history import Promotion
from lockgate.engine.promotions.model_identity import ModelIdentity
from lockgate.webhook.promoting.promotion_log import PromotionLog


def find_target(log: PromotionLog, model: ModelIdentity, environment: str, entry: int | None) -> Promotion:
    """The last promotion of a version into an environment, or the one of an entry. Raises TrailError where there is none that stands."""
    made = log.history.promotions(model.model, environment)
    same = [one for one in made if one.promoted.version == model.version]
    if entry is not None:
        same = [one for one in same if one.index == entry]
    if not same:
        raise TrailError(
            f"{model.shown} was never promoted into {environment}"
            + ("" if entry is None else f" by entry {entry}"),
            hint="lockgate promotions history shows what was"
            if made
            else "a version that was not there enters by lockgate promote",
        )
    found = same[-1]
    if found.revoked is not None:
        raise TrailError(
            f"{model.shown} was revoked in {environment}, by entry {found.revoked}",
            hint="go back to another version",
        )
    return found
