"""What files say about promotions, read together."""

from collections.abc import Iterable

from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.gatekeeper.problems import PolicyErrors, Problem, flatten, policy_error
from lockgate.gatekeeper.promotions.kinds import is_promotion_policy
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy


def load_promotion_policies(documents: Iterable[Document]) -> tuple[PromotionPolicy, ...]:
    """The PromotionPolicies among the documents, by name. Raises PolicyErrors with everything that is wrong."""
    policies: dict[str, tuple[PromotionPolicy, Document]] = {}
    errors: list[PolicyError] = []
    for document in sorted(documents, key=lambda one: one.file):
        if not is_promotion_policy(document.value):
            continue
        try:
            made = parse_promotion_policy(document)
            _, other = policies.setdefault(made.name, (made, document))
            if other is not document:
                message = f"the PromotionPolicy {made.name} is defined twice; the other is in {other.file}"
                raise policy_error(document, Problem(("metadata", "name"), message, "rename one"))
        except PolicyError as error:
            errors.extend(flatten(error))
    if errors:
        raise PolicyErrors(errors)
    return tuple([made for _, (made, _) in sorted(policies.items())])
