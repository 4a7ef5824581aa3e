"""What decides a check: configuration, policies and exemptions, of the work tree or of a base revision."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.config import Config, ConfigPlace, find_config
from lockgate.webhook.policy_sources import LoadedPolicies, Loader, names_bundle, read_exemptions
from lockgate.webhook.walk import shown_path

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.gatekeeper.exemptions.resolver import Exemptions
    from lockgate.webhook.base import Base
    from lockgate.webhook.policy_bundle.bundle import PolicyBundle
    from lockgate.webhook.policy_bundle.trusted_keys import PolicyKeys


@record
class Given:
    """What the command line names; empty where it leaves it to the configuration.

    keys: files of the public keys that PolicyBundles have to be signed with. judged: the paths that are.
    """

    policies: tuple[str, ...]
    exemptions: tuple[str, ...]
    config: str | None
    cwd: str
    keys: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()


@record
class Deciding:
    """What decides. base: the revision that it was taken from; None: the work tree. keys: who has to have signed it."""

    settings: Config
    loaded: LoadedPolicies
    exemptions: "Exemptions | None"
    base: "Base | None" = None
    keys: "PolicyKeys | None" = None

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


def read_work_tree(given: Given, loader: Loader, keys: "PolicyKeys | None" = None) -> Deciding:
    """What the work tree says. keys: those of a base, which the change cannot choose; else what `given` names."""
    settings = read_settings(given.config, given.cwd)
    keys = _keys(given, settings, None) if keys is None else keys
    named = given.policies or _rooted(settings, settings.policies)
    policies = _opened(named, given.cwd, keys, None)
    exemptions = given.exemptions or _rooted(settings, settings.exemptions)
    return _load(settings, loader, policies, exemptions, given.cwd, None, keys)


@contextmanager
def read_base(revision: str, given: Given, loader: Loader) -> Iterator[Deciding]:
    """What a base revision says; its files are there as long as the context is."""
    from lockgate.webhook.base import open_base

    with open_base(revision, given.cwd) as base:
        settings = base.config(given.config, given.cwd)
        keys = _keys(given, settings, base)
        named = given.policies or _rooted(settings, settings.policies)
        policies = _opened(named, given.cwd, keys, base)
        exemptions = base.paths(given.exemptions or _rooted(settings, settings.exemptions), "exemptions")
        if loader.conftest is not None:
            data = tuple(base.paths(loader.conftest.data, "data"))
            loader = replace(loader, conftest=replace(loader.conftest, data=data))
        yield _load(settings, loader, policies, exemptions, base.folder, base, keys)


def _keys(given: Given, settings: Config, base: "Base | None") -> "PolicyKeys | None":
    if not given.keys:
        return None
    from lockgate.webhook.policy_bundle.trusted_keys import read_policy_keys

    judged = given.judged or _rooted(settings, settings.paths)
    return read_policy_keys(given.keys, given.cwd, judged, base)


def _opened(
    paths: Sequence[str], cwd: str, keys: "PolicyKeys | None", base: "Base | None"
) -> "Sequence[str | PolicyBundle]":
    """The paths, with the PolicyBundles among them read and checked."""
    if keys is not None and not paths:
        raise UsageError(
            "policies have to be signed, and none are named",
            hint="name a signed PolicyBundle with -p, or in lockgate.yaml",
        )
    if keys is None and base is None and not any(map(names_bundle, paths)):
        return paths
    from lockgate.webhook.policy_bundle.opening import Opening

    return Opening(cwd, keys, base).open(paths)


def _rooted(settings: Config, paths: Iterable[str]) -> tuple[str, ...]:
    return tuple([os.path.join(settings.root, path) for path in paths])


def _load(
    settings: Config,
    loader: Loader,
    policies: "Sequence[str | PolicyBundle]",
    exemptions: Sequence[str],
    cwd: str,
    base: "Base | None",
    keys: "PolicyKeys | None",
) -> Deciding:
    loaded = loader.given(policies, cwd) if policies else loader.baseline()
    named = read_exemptions(exemptions, cwd) if exemptions else []
    # The same file may be named as both.
    seen = {one.file for one in named}
    also = [one for one in loaded.about_exemptions if one.file not in seen]
    if not (named or also):
        return Deciding(settings, loaded, None, base, keys)
    from lockgate.gatekeeper.exemptions.resolver import load_exemptions

    return Deciding(settings, loaded, load_exemptions([*named, *also]), base, keys)
