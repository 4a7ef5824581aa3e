"""References to models in the one spelling by which rules ask for facts: as `policies/lib/models.rego` writes them."""

import os
from collections.abc import Iterable

from lockgate.engine.codegen.cache import open_cache
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.policy_sources import SHIPPED


def spell(references: Iterable[str]) -> dict[str, str]:
    """The spelling of each reference. Raises EvaluationError for more than can be read."""
    given = sorted(set(references))
    if not given:
        return {}
    library = open_library(SHIPPED, open_cache(None, os.environ), "models")
    answer = library.ask({}, {"references": [*given]})["uris"]
    spelled = answer if type(answer) is dict else {}
    return {one: spelling if type(spelling := spelled.get(one)) is str else one for one in given}
