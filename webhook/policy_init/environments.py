"""Which folders of a repository are environments, by their names: envs/prod, overlays/staging, clusters/prod-eu, dev/."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.engine.record import record
from lockgate.gatekeeper.labels import is_subdomain
from lockgate.webhook.config_reader import MAX_ENVIRONMENTS, MAX_PATTERNS

# How high the environment is that a word stands for.
_RANKS: Final = {
    **dict.fromkeys(("dev", "develop", "development", "sandbox"), 0),
    **dict.fromkeys(("int", "integration", "qa", "test", "testing"), 1),
    **dict.fromkeys(("preprod", "preproduction", "stage", "staging", "stg", "uat"), 2),
    **dict.fromkeys(("live", "prd", "prod", "production"), 3),
}
_PRODUCTION: Final = 3
# Folders of which each folder inside is an environment, and folders of which some are.
_OF_ENVIRONMENTS: Final = frozenset(("environments", "envs"))
_OF_SOME: Final = frozenset(("cluster", "clusters", "env", "environment", "overlay", "overlays"))
_OVERLAYS: Final = frozenset(("overlay", "overlays"))
# Words that say so wherever they stand; a folder called `test` is mostly no environment.
_ANYWHERE: Final = frozenset(("dev", "development", "prod", "production", "stage", "staging"))
_PARTS: Final = re.compile(r"[-_.]+")


@record
class FoundEnvironment:
    """An environment with the folders that are of it, from the root of the repository. rank: None for a name nobody knows.

    paths, overlays: patterns for `lockgate.yaml`, which these folders fit.
    """

    name: str
    rank: int | None
    folders: tuple[str, ...]
    paths: tuple[str, ...]
    overlays: tuple[str, ...]

    @property
    def is_production(self) -> bool:
        """Is it what others lead to?"""
        return self.rank == _PRODUCTION


def find_environments(folders: Iterable[str]) -> tuple[FoundEnvironment, ...]:
    """The environments that folders (of files, from the root) lie in, the lowest first. Names that nobody knows come first of all."""
    places: dict[str, tuple[int | None, str]] = {}
    for folder in folders:
        found = _place(folder)
        if found is not None:
            place, rank, word = found
            places[place] = (rank, word)
    ranked: dict[int, list[tuple[str, str]]] = {}
    others: dict[str, list[str]] = {}
    for place, (rank, word) in sorted(places.items()):
        if rank is None:
            others.setdefault(word, []).append(place)
        else:
            ranked.setdefault(rank, []).append((place, word))
    made = [_environment(name, None, found) for name, found in sorted(others.items())]
    # More are customers or teams rather than environments.
    made = made if len(made) <= MAX_ENVIRONMENTS - len(ranked) else []
    for rank, found_here in sorted(ranked.items()):
        words = Counter([word for _, word in found_here])
        name = min(words, key=lambda word: (-words[word], word))
        made.append(_environment(name, rank, [place for place, _ in found_here]))
    return tuple(made)


def environment_of(folder: str, environments: Sequence[FoundEnvironment]) -> FoundEnvironment | None:
    """The environment of a folder, if it lies in one."""
    found = _place(folder)
    if found is None:
        return None
    return next((one for one in environments if found[0] in one.folders), None)


def rank_of(name: str) -> tuple[int, str] | None:
    """How high the environment is that a name has a word of, with the word; None where it has none, or says that it is none."""
    words = [word for word in _PARTS.split(name.lower()) if word]
    if "non" in words or "no" in words:
        return None
    if "pre" in words:
        return 2, "preprod"
    ranks = [(_RANKS[word], word) for word in words if word in _RANKS]
    return max(ranks, default=None)


def _place(folder: str) -> tuple[str, int | None, str] | None:
    """The folder at or above that is an environment, with its rank and name: the one that stands highest in the tree."""
    parts = folder.split("/") if folder else []
    for index, part in enumerate(parts):
        lower = part.lower()
        if lower in _OF_ENVIRONMENTS | _OF_SOME and index + 1 < len(parts):
            name = parts[index + 1]
            known = rank_of(name)
            place = "/".join(parts[: index + 2])
            if known is not None:
                return place, *known
            if lower in _OF_ENVIRONMENTS and is_subdomain(name.lower()):
                return place, None, name.lower()
        if lower in _ANYWHERE:
            return "/".join(parts[: index + 1]), _RANKS[lower], lower
    return None


def _environment(name: str, rank: int | None, places: Sequence[str]) -> FoundEnvironment:
    paths: dict[str, list[str]] = {}
    overlays: dict[str, list[str]] = {}
    for place in places:
        parent = place.split("/")[-2] if "/" in place else ""
        into = overlays if parent.lower() in _OVERLAYS else paths
        # What there are several of is told by its name, with that of the folder around it where that says something.
        tail = (
            "/".join(place.split("/")[-2:])
            if parent.lower() in _OF_ENVIRONMENTS | _OF_SOME
            else place.split("/")[-1]
        )
        into.setdefault(tail, []).append(place)
    return FoundEnvironment(name, rank, tuple(places), _patterns(paths), _patterns(overlays))


def _patterns(places: dict[str, list[str]]) -> tuple[str, ...]:
    made = [found[0] if len(found) == 1 else f"**/{tail}" for tail, found in sorted(places.items())]
    return tuple(made[:MAX_PATTERNS])
