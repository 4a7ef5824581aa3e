"""SLSA provenance 1 (https://slsa.dev/spec/v1.0/provenance): who built the model, from what. Only as good as its signature."""

from typing import Any, Final

from lockgate.engine.evidence.evidence import MAX_NAMES, Evidence, moment, text_of
from lockgate.engine.foreign_documents import Part

PREDICATE: Final = "https://slsa.dev/provenance/v1"


def is_provenance(whole: Part) -> bool:
    """Is it an in-toto statement with SLSA's provenance?"""
    return bool(whole.value.get("predicateType") == PREDICATE)


def read_provenance(whole: Part) -> Evidence:
    """What a statement says of the build; its subjects are what was built."""
    subjects: set[str] = set()
    for one in whole.get("subject").items(MAX_NAMES):
        digest = one.at("digest", "sha256")
        if digest is not None:
            subjects.add(digest.text(64).lower())
    predicate = whole.get("predicate")
    definition = predicate.get("buildDefinition")
    details = predicate.get("runDetails")
    listed = definition.maybe("resolvedDependencies")
    fields: dict[str, Any] = {
        "builder": details.get("builder").get("id").text(),
        "buildType": definition.get("buildType").text(),
        "dependencies": [
            {"uri": text_of(one.maybe("uri")), "sha256": text_of(one.at("digest", "sha256"))}
            for one in (() if listed is None else listed.items(MAX_NAMES))
        ],
        "invocation": text_of(details.at("metadata", "invocationId")),
    }
    return Evidence(
        "provenance",
        fields["builder"],
        moment(details.at("metadata", "finishedOn")),
        tuple(sorted(subjects)),
        fields,
    )
