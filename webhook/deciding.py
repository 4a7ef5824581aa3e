"""What decides a check: configuration, policies and exemptions, of the work tree or of a base revision."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from lockgate.engine.record import record
from lockgate.webhook.config import Config, ConfigPlace, find_config
from lockgate.webhook.policy_sources import LoadedPolicies, Loader, read_exemptions
from lockgate.webhook.walk import shown_path

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.gatekeeper.exemptions.resolver import Exemptions
    from lockgate.webhook.base import Base


@record
class Given:
    """What the command line names; empty where it leaves it to the configuration."""

    policies: tuple[str, ...]
    exemptions: tuple[str, ...]
    config: str | None
    cwd: str


@record
class Deciding:
    """What decides. base: the revision that it was taken from; None: the work tree."""

    settings: Config
    loaded: LoadedPolicies
    exemptions: "Exemptions | None"
    base: "Base | None" = None

    def differs(self, other: "Deciding") -> bool:
        """Would the other one decide otherwise, as far as can be told without judging?"""
        return self._digests() != other._digests()

    def _digests(self) -> tuple[str, str, str]:
        exemptions = "" if self.exemptions is None else self.exemptions.digest
        return self.loaded.policies.digest, exemptions, self.settings.digest


def read_settings(path: str | None, cwd: str) -> Config:
    """The configuration in the file, or in the nearest one there is."""
    place = find_config(cwd) if path is None else ConfigPlace(cwd, path, shown_path(path, cwd))
    if place.file is None:
        return Config(place.root)
    from lockgate.webhook.config_reader import read_config

    return read_config(place.file, place.shown)


def read_work_tree(given: Given, loader: Loader) -> Deciding:
    """What the work tree says."""
    settings = read_settings(given.config, given.cwd)
    policies = given.policies or _rooted(settings, settings.policies)
    exemptions = given.exemptions or _rooted(settings, settings.exemptions)
    return _load(settings, loader, policies, exemptions, given.cwd, None)


@contextmanager
def read_base(revision: str, given: Given, loader: Loader) -> Iterator[Deciding]:
    """What a base revision says; its files are there as long as the context is."""
    from lockgate.webhook.base import open_base

    with open_base(revision, given.cwd) as base:
        settings = base.config(given.config, given.cwd)
        policies = base.paths(given.policies or _rooted(settings, settings.policies), "policies")
        exemptions = base.paths(given.exemptions or _rooted(settings, settings.exemptions), "exemptions")
        if loader.conftest is not None:
            data = tuple(base.paths(loader.conftest.data, "data"))
            loader = replace(loader, conftest=replace(loader.conftest, data=data))
        yield _load(settings, loader, policies, exemptions, base.folder, base)


def _rooted(settings: Config, paths: Iterable[str]) -> tuple[str, ...]:
    return tuple([os.path.join(settings.root, path) for path in paths])


def _load(
    settings: Config,
    loader: Loader,
    policies: Sequence[str],
    exemptions: Sequence[str],
    cwd: str,
    base: "Base | None",
) -> Deciding:
    loaded = loader.given(policies, cwd) if policies else loader.baseline()
    named = read_exemptions(exemptions, cwd) if exemptions else []
    # The same file may be named as both.
    seen = {one.file for one in named}
    also = [one for one in loaded.about_exemptions if one.file not in seen]
    if not (named or also):
        return Deciding(settings, loaded, None, base)
    from lockgate.gatekeeper.exemptions.resolver import load_exemptions

    return Deciding(settings, loaded, load_exemptions([*named, *also]), base)
