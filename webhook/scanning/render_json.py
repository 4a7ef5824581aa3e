"""`scan --format json`: an object a line for each artefact, a summary before what `schemas/model-facts.schema.json` describes."""

import json
from typing import Any

from lockgate.engine.facts.artifact import ArtifactFacts
from lockgate.engine.facts.document import facts_document
from lockgate.webhook.scanning.scanned import Artefact


def scan_value(artefact: Artefact, facts: ArtifactFacts) -> dict[str, Any]:
    """What was found in an artefact: a summary, and the model-facts document.

    `sha256` is a file's own, and the canonical digest of a folder, which `artifact.digest` has of both.
    """
    one = None if artefact.is_folder else facts.files[0]
    return {
        "artefact": artefact.shown,
        "sha256": facts.digest if one is None else one.sha256,
        "size": facts.size,
        "format": "folder" if one is None else one.format,
        "tier": facts.tier,
        **facts_document(facts),
    }


def render_scan(value: dict[str, Any]) -> str:
    """The object on one line, in ASCII."""
    return json.dumps(value) + "\n"
