"""The promotion that a rollback goes back to."""

from lockgate.audit.errors import TrailError
from lockgate.audit.promotions.history import Promotion
from lockgate.audit.promotions.statement import PromotionStatement
from lockgate.webhook.promoting.promotion_log import PromotionLog
from lockgate.webhook.promoting.requesting import Found, Wish
from lockgate.webhook.terminal import printable


def find_target(log: PromotionLog, found: Found, wish: Wish, entry: int | None) -> Promotion:
    """The last promotion of a version into an environment, for the place that is wished, or the one of an entry.

    Raises TrailError where there is none that stands, or where it would bring back more than was there.
    """
    model, environment = found.use.identity, wish.to
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
    if same[-1].revoked is not None:
        raise TrailError(
            f"{model.shown} was revoked in {environment}, by entry {same[-1].revoked}",
            hint="go back to another version",
        )
    said = [(one, log.made(one).statement) for one in same if one.revoked is None]
    there = [(one, statement) for one, statement in said if _is_for(statement, found, wish)]
    if not there:
        place = said[-1][1].to
        raise TrailError(
            f"{model.shown} was promoted into {environment} for another place: entry {said[-1][0].index} is for"
            + "".join(
                [
                    f" {name} {printable(value)}"
                    for name, value in (("cluster", place.cluster), ("namespace", place.namespace))
                    if value
                ]
            ),
            hint="where it was not, it enters by lockgate promote",
        )
    target, statement = there[-1]
    more = sorted(set(found.use.flags) - set(statement.flags))
    if more:
        raise TrailError(
            f"what was there, by entry {target.index}, let no code come by {printable(', '.join(more))[:200]}",
            hint="go back to the manifest of then, or ask by lockgate promote",
        )
    return target


def _is_for(statement: PromotionStatement, found: Found, wish: Wish) -> bool:
    """Was it promoted for the place that is wished, or for any?"""
    return statement.to.covers(wish.cluster, wish.namespace or found.namespace)
