"""References to models in the one spelling by which rules ask for facts: as `policies/lib/models.rego` writes them."""

from collections.abc import Iterable

from lockgate.webhook.references.reference import read_references


def spell(references: Iterable[str]) -> dict[str, str]:
    """The spelling of each reference. Raises EvaluationError for more than can be read."""
    return {text: one.uri for text, one in read_references(references).items()}
