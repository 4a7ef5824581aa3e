"""What objects say about promotions, read together: PromotionPolicies and the EnvironmentMap."""

from collections.abc import Iterable

from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.engine.record import record
from lockgate.gatekeeper.problems import PolicyErrors, Problem, flatten, policy_error
from lockgate.gatekeeper.promotions.environment_map import EnvironmentMap, parse_environment_map
from lockgate.gatekeeper.promotions.kinds import (
    ENVIRONMENT_MAP,
    PROMOTION_POLICY,
    is_about_promotions,
    is_environment_map,
)
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy


@record
class Promotions:
    """What is said about promotions. policies: by name; map: None where there is none.

    digests: names and digests of all of them, sorted, as a set of policies tells what else decides.
    """

    policies: tuple[PromotionPolicy, ...]
    map: EnvironmentMap | None
    digests: tuple[tuple[str, str], ...]


def load_promotions(documents: Iterable[Document]) -> Promotions:
    """What the documents say; others are left alone. Raises PolicyErrors with everything that is wrong."""
    policies: dict[str, tuple[PromotionPolicy, Document]] = {}
    found: EnvironmentMap | None = None
    first = ""
    errors: list[PolicyError] = []
    for document in sorted(documents, key=lambda one: one.file):
        if not is_about_promotions(document.value):
            continue
        try:
            if is_environment_map(document.value):
                made = parse_environment_map(document)
                if found is not None:
                    raise policy_error(
                        document, _twice(f"the EnvironmentMap is defined twice; the other is in {first}")
                    )
                found, first = made, document.file
                continue
            policy = parse_promotion_policy(document)
            _, other = policies.setdefault(policy.name, (policy, document))
            if other is not document:
                raise policy_error(
                    document,
                    _twice(
                        f"the PromotionPolicy {policy.name} is defined twice; the other is in {other.file}"
                    ),
                )
        except PolicyError as error:
            errors.extend(flatten(error))
    for policy, document in policies.values():
        against = contradiction(policy, document, found)
        if against is not None:
            errors.append(against)
    if errors:
        raise PolicyErrors(errors)
    digests = [(f"{PROMOTION_POLICY}/{name}", policy.digest) for name, (policy, _) in policies.items()]
    if found is not None:
        digests.append((f"{ENVIRONMENT_MAP}/{found.name}", found.digest))
    return Promotions(
        tuple([policy for _, (policy, _) in sorted(policies.items())]), found, tuple(sorted(digests))
    )


def contradiction(
    policy: PromotionPolicy, document: Document, known: EnvironmentMap | None
) -> PolicyError | None:
    """What is wrong with a policy whose environments stand in another order than in the map; None where they do not."""
    if known is None:
        return None
    # Of what the map does not have nothing in this cluster is.
    found = known.mapping.environments.inversion(policy.environments.names)
    if found is None:
        return None
    place, below, name = found
    message = f"spec.environments has {below} below {name}, and the EnvironmentMap has it above"
    problem = Problem(("spec", "environments", place), message, "write them in the same order")
    return policy_error(document, problem)


def _twice(message: str) -> Problem:
    return Problem(("metadata", "name"), message, "rename or remove one")
