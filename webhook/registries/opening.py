"""A model of a registry, as a command names it, and the server that is asked about it."""

import os
from collections.abc import Callable, Mapping
from typing import Final

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.naming import ModelNames
from lockgate.webhook.references.client import Client
from lockgate.webhook.references.config import read_model_registries
from lockgate.webhook.references.reference import read_references
from lockgate.webhook.registries.kubeflow import KubeflowRegistry
from lockgate.webhook.registries.mlflow import MlflowRegistry
from lockgate.webhook.registries.registry import Mark, Registry
from lockgate.webhook.terminal import printable

_KINDS: Final[Mapping[str, tuple[str, Callable[[Client, Mapping[str, str]], Registry]]]] = {
    "models": ("mlflow", MlflowRegistry),
    "model-registry": ("model-registry", KubeflowRegistry),
}
_PREFIXES: Final = {"models": "models:/", "model-registry": "model-registry://"}


@record
class NamedModel:
    """registry: where it is. mark: which version the name itself says, if it says one."""

    registry: Registry
    name: str
    mark: Mark | None


def open_named(text: str, configuration: str) -> NamedModel:
    """The model of `models:/NAME` or `model-registry://NAME`, with a version or `@ALIAS` behind it or without. Raises LockgateError."""
    shown = printable(text[:200])
    read = read_references([text])[text]
    if read.scheme not in _KINDS or read.pin not in ("version", "moving"):
        raise UsageError(
            f"{shown} is no model of a registry", hint="such as models:/fraud or model-registry://fraud"
        )
    rest = text.removeprefix(_PREFIXES[read.scheme])
    name, at, alias = rest.partition("@")
    mark = Mark("alias", alias) if at else None
    if read.pin == "version":
        name, mark = read.location, Mark("version", read.version)
    if not name or "/" in name or (at and not alias):
        raise UsageError(
            f"{shown} names no version and no alias", hint="such as models:/fraud/7 or models:/fraud@next"
        )
    section, made = _KINDS[read.scheme]
    servers = read_model_registries(configuration)
    if read.scheme not in servers:
        raise UsageError(
            f"{printable(configuration)} names no server for {shown}",
            hint=f"add [{section}] with its url: docs/models.md",
        )
    return NamedModel(made(*servers[read.scheme]), name, mark)


def subject_of(text: str) -> str:
    """The model's name in statements and the log, such as `models:fraud`."""
    library = open_library(SHIPPED, open_cache(None, os.environ), "named_models")
    return ModelNames(library).of([text])[text][0]
