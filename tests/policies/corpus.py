"""The objects of public manifests as PyYAML reads them: another reader than ours, which takes placeholders for text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """YAML whose dates stay strings."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def values_in(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings in a file, each with its number among the documents; none where the file does not parse."""
    try:
        read = list(yaml.load_all(path.read_text("utf-8"), _Loader))
    except (yaml.YAMLError, ValueError):
        return
    for number, value in enumerate(read):
        if isinstance(value, dict):
            yield number, json.loads(json.dumps(value, default=str))


def documents_in(folder: Path) -> dict[str, Any]:
    """Every Kubernetes object of every file of a folder, by file and number."""
    return {
        f"{path.relative_to(folder)}#{number}": value
        for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")])
        for number, value in values_in(path)
        if "kind" in value and "apiVersion" in value
    }
