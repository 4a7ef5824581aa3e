"""The model-facts document: JSON of the same bytes for the same artefact, on every host and at every time.

Its JSON Schema is `schemas/model-facts.schema.json` of the webhook. It can be hashed, signed and cited.
"""

import json
from typing import Any

from lockgate.engine.facts.artifact import ArtifactFacts, FileFacts
from lockgate.engine.facts.findings import Finding
from lockgate.engine.facts.scan import Named

SCHEMA_VERSION = 1
# Raised with every change of what is found or how it is weighed: facts of different versions are not to be compared.
RULES_VERSION = 1


def facts_document(facts: ArtifactFacts) -> dict[str, Any]:
    """The document of an artefact, as values of JSON."""
    files = facts.files
    return {
        "schemaVersion": SCHEMA_VERSION,
        "artifact": {
            "name": facts.name,
            "digest": f"sha256:{facts.digest}",
            "size": facts.size,
            "tier": facts.tier,
            "files": [_file(file) for file in files],
        },
        "formats": sorted({part.format for file in files for part in file.parts}),
        "findings": [_finding(finding) for file in files for finding in file.findings],
        "code": {
            "pickleGlobals": [
                {
                    "module": use.module,
                    "name": use.name,
                    "class": use.tier,
                    "call": use.call,
                    "path": use.path,
                    "offset": use.offset,
                }
                for file in files
                for use in file.globals
            ],
            "remoteCode": [
                {"path": one.path, "key": one.key, "target": one.target}
                for file in files
                for one in file.remote_code
            ],
            "templates": [
                {"path": one.path, "name": one.name, "unsafe": one.unsafe, "reasons": list(one.reasons)}
                for file in files
                for one in file.templates
            ],
            "lambdas": _named([one for file in files for one in file.lambdas]),
            "customOps": _named([one for file in files for one in file.custom_ops]),
            "externalRefs": _named([one for file in files for one in file.external_refs]),
            "executables": _named([one for file in files for one in file.executables]),
            "carried": _named([one for file in files for one in file.code]),
        },
        "limits": {"hit": sorted({limit for file in files for limit in file.limits})},
        "engines": [{"name": "lockgate", "version": str(RULES_VERSION), "verdict": facts.tier}],
    }


def render_document(facts: ArtifactFacts) -> bytes:
    """The document as bytes: keys sorted, no spaces, ASCII alone."""
    return json.dumps(facts_document(facts), sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def _file(file: FileFacts) -> dict[str, Any]:
    return {
        "path": file.path,
        "sha256": file.sha256,
        "size": file.size,
        "format": file.format,
        "tier": file.tier,
        "complete": bool(file.parts) and all(part.complete for part in file.parts),
        "parts": [
            {"path": part.path, "size": part.size, "format": part.format, "complete": part.complete}
            for part in file.parts
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.tier,
        "detail": finding.detail,
        "path": finding.path,
        "offset": finding.offset,
        "name": finding.name,
    }


def _named(named: list[Named]) -> list[dict[str, Any]]:
    return [{"path": one.path, "name": one.name, "detail": one.detail} for one in named]
