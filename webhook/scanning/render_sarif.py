"""`scan --format sarif`: SARIF 2.1.0. Places are offsets in bytes, since artefacts have no lines (section 3.30.2)."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final

from lockgate.engine.facts.artifact import ArtifactFacts, FileFacts
from lockgate.engine.facts.document import RULES_VERSION
from lockgate.engine.facts.findings import Finding
from lockgate.engine.masking.masker import Masker
from lockgate.webhook.render_sarif import SCHEMA, file_uri
from lockgate.webhook.scanning.scanned import Artefact
from lockgate.webhook.version import VERSION

_LEVELS: Final = {"unsafe": "error", "unreadable": "error", "unvetted": "warning", "note": "note"}


def _result(artefact: Artefact, file: FileFacts, one: Finding, index: int, masker: Masker) -> dict[str, Any]:
    place = PurePath(artefact.shown, file.path) if artefact.is_folder else PurePath(artefact.shown)
    location: dict[str, Any] = {"artifactLocation": {"uri": file_uri(str(place))}}
    if one.offset is not None and one.path == file.path:
        location["region"] = {"byteOffset": one.offset, "byteLength": 0}
    where = f" at byte {one.offset}" if one.offset is not None else ""
    nested = f" (in {one.path}{where})" if one.path != file.path else ""
    identity = json.dumps([one.rule, str(place), one.path, one.detail])
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": _LEVELS[one.tier],
        "message": {"text": masker.text(f"{one.detail}{nested}")},
        "locations": [
            {
                "physicalLocation": location,
                "logicalLocations": [{"fullyQualifiedName": one.path, "kind": "member"}],
            }
        ],
        "partialFingerprints": {"lockgate/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {"tier": one.tier, "sha256": file.sha256},
    }


def render_scan_sarif(found: Sequence[tuple[Artefact, ArtifactFacts]], exit_code: int) -> str:
    """One run over all artefacts, as JSON text in ASCII."""
    masker = Masker()
    listed = [
        (artefact, file, one) for artefact, facts in found for file in facts.files for one in file.findings
    ]
    rules = sorted({one.rule for _, _, one in listed})
    indexes = {name: place for place, name in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "lockgate scan",
                "version": VERSION,
                "semanticVersion": VERSION,
                "rules": [{"id": name} for name in rules],
                "properties": {"rules": RULES_VERSION},
            }
        },
        "invocations": [{"executionSuccessful": exit_code != 2, "exitCode": exit_code}],
        "artifacts": [
            {
                "location": {"uri": file_uri(str(PurePath(artefact.shown)))},
                "hashes": {"sha-256": facts.digest if artefact.is_folder else facts.files[0].sha256},
                "length": facts.size,
                "properties": {"tier": facts.tier},
            }
            for artefact, facts in found
        ],
        "results": [
            _result(artefact, file, one, indexes[one.rule], masker) for artefact, file, one in listed
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"
