"""Which profile judges what: one for all, and others for environments whose objects their namespaces tell."""

from collections.abc import Mapping, Sequence
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.catalogue.entries import PROFILES
from lockgate.webhook.policy_init.environments import FoundEnvironment, environment_of, find_environments
from lockgate.webhook.policy_init.looking import Looked

# Of namespaces that a constraint names; more are better told by a label.
MOST_NAMESPACES: Final = 200
_DEFAULT: Final = "baseline"
_OF_PRODUCTION: Final = "production"


@record
class Part:
    """A profile with the namespaces that it is for; none: for all that no other part names."""

    profile: str
    namespaces: tuple[str, ...]


@record
class Plan:
    """What is to be judged by what. parts: the one for the rest first. folders: the namespace of objects that name none, by folder.

    remarks: what could not be told apart.
    """

    environments: tuple[FoundEnvironment, ...]
    parts: tuple[Part, ...]
    folders: Mapping[str, str]
    remarks: tuple[str, ...]


def parse_profiles(given: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The profile for all and those of environments, from NAME and ENVIRONMENT=NAME. Raises UsageError."""
    default = ""
    named: dict[str, str] = {}
    for text in given:
        environment, equals, profile = text.rpartition("=")
        if profile not in PROFILES:
            raise UsageError(f"there is no profile {profile!r}", hint=f"profiles are {', '.join(PROFILES)}")
        if equals:
            named[environment] = profile
        elif default and default != profile:
            raise UsageError(
                f"--profile says {default} and {profile}", hint="one for all, and ENVIRONMENT=NAME for others"
            )
        else:
            default = profile
    return default, named


def make_plan(looked: Looked, given: Sequence[str]) -> Plan:
    """What judges what, by what was found and by --profile. Raises UsageError for an environment that is not there."""
    default, named = parse_profiles(given)
    environments = find_environments(looked.folders)
    known = [one.name for one in environments]
    for name in named:
        if name not in known:
            raise UsageError(
                f"no folder is of an environment {name!r}",
                hint=f"environments here are {', '.join(known) or 'none'}",
            )
    if not named and not default:
        # Chosen by nobody: what leads to nothing higher is judged by the stricter profile.
        named = {one.name: _OF_PRODUCTION for one in environments if one.is_production}
    folders = _folders(looked, environments)
    spaces = _namespaces(looked, environments, folders)
    remarks: list[str] = []
    parts: dict[str, set[str]] = {}
    for name, profile in named.items():
        if profile == (default or _DEFAULT):
            continue
        found = spaces[name]
        shared = {one for one in found for other, theirs in spaces.items() if other != name and one in theirs}
        own = {one for one in found - shared if one is not None}
        if None in found:
            remarks.append(
                f"some objects of {name} name no namespace, so that {profile} does not judge them: "
                "name it in them, or give their folder one under `folders`"
            )
        if shared - {None}:
            remarks.append(
                f"{_listed(shared)} is of {name} and of another environment, so that {profile} does not judge it"
            )
        if own:
            parts.setdefault(profile, set()).update(own)
    for profile, names in parts.items():
        if len(names) > MOST_NAMESPACES:
            raise UsageError(
                f"{profile} would be for {len(names)} namespaces, and may be for {MOST_NAMESPACES}",
                hint="use one profile for all: --profile NAME",
            )
    rest = Part(default or _DEFAULT, ())
    chosen = [Part(profile, tuple(sorted(names))) for profile, names in sorted(parts.items())]
    return Plan(environments, (rest, *chosen), folders, tuple(remarks))


def _folders(looked: Looked, environments: Sequence[FoundEnvironment]) -> dict[str, str]:
    """The namespace that kustomizations give, of folders of environments with objects that name none."""
    return {
        folder: namespace
        for folder, namespace in sorted(looked.kustomized.items())
        if environment_of(folder, environments) is not None and None in looked.namespaces.get(folder, ())
    }


def _namespaces(
    looked: Looked, environments: Sequence[FoundEnvironment], folders: Mapping[str, str]
) -> dict[str, set[str | None]]:
    """The namespaces of each environment's objects; None where some name none, and "" for objects of no environment."""
    made: dict[str, set[str | None]] = {one.name: set() for one in environments}
    made[""] = set()
    for folder, found in looked.namespaces.items():
        environment = environment_of(folder, environments)
        given = {one if one is not None else folders.get(folder) for one in found}
        made["" if environment is None else environment.name] |= given
    return made


def _listed(names: set[str | None]) -> str:
    return ", ".join(sorted([one for one in names if one is not None]))
