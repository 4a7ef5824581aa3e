"""What a rule is in each profile, as its `profiles.yaml` says.

The file names the objects that the rule is for, once for all profiles, and for each profile that has the rule what is
done about a violation, with which parameters::

    why: replicas in one zone end with it, and run
    match:
      kinds: pods
    baseline: {enforcementAction: warn}
    production: {enforcementAction: deny, parameters: {maxSkew: 1}}
    notConfigured: {zones: how many zones the nodes are in}

`kinds` is a list as in a constraint, in which `pods` stands for every kind that is known to hold pods; `kinds: pods` is
that alone. What else a constraint's match takes may stand beside it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from lockgate.engine.errors import Location, PolicyError
from lockgate.webhook.catalogue.entries import PROFILES
from lockgate.webhook.policy_folder import PolicyFolder, Rule, parse_yaml, read_text
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

FILE_NAME: Final = "profiles.yaml"
Action = Literal["deny", "warn", "dryrun"]
# A file of a whole list of kinds takes 4 KB.
MAX_BYTES: Final = 64 * 1024
# Group and kind as the helper writes each kind that it knows.
_KIND_OF_PODS: Final = re.compile(r'"([a-z0-9.-]*)/([A-Z][A-Za-z0-9]*)"')
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\r\n]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Kinds(_Strict):
    api_groups: Annotated[list[str], Field(alias="apiGroups", min_length=1)]
    kinds: Annotated[list[str], Field(min_length=1)]


class _Match(BaseModel):
    # The schema of constraints knows what else may stand here.
    model_config = ConfigDict(extra="allow", strict=True)

    kinds: Literal["pods"] | Annotated[list[Literal["pods"] | _Kinds], Field(min_length=1)]


class _Setting(_Strict):
    action: Annotated[Action, Field(alias="enforcementAction")]
    parameters: dict[str, Any] = {}


class _File(_Strict):
    why: _Line
    match: _Match
    baseline: _Setting | None = None
    production: _Setting | None = None
    regulated: _Setting | None = None
    not_configured: Annotated[dict[str, _Line], Field(alias="notConfigured")] = {}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rule is in one profile."""

    action: Action
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What a rule is in the profiles that have it. kinds: names of kinds by group; match: what else its match says.

    not_configured: parameters that are held open, with what belongs there. places: line and column of each path in
    the file, counted from 1.
    """

    file: Path
    why: str
    kinds: Mapping[str, frozenset[str]]
    match: Mapping[str, Any]
    settings: Mapping[str, Setting]
    not_configured: Mapping[str, str]
    places: Mapping[tuple[str | int, ...], tuple[int, int]]

    def location(self, path: Sequence[str | int]) -> Location:
        """The place of a path, or of what holds it where the file does not have it."""
        return _place(self.places, str(self.file), path)


def read_settings(rule: Rule, pods: Mapping[str, frozenset[str]]) -> RuleSettings | None:
    """What `profiles.yaml` says of a rule; None where there is none. `pods`: what `pods` stands for, kinds by group.

    Raises PolicyError with line and column for a file that is wrong.
    """
    path = rule.folder / FILE_NAME
    if not path.is_file():
        return None
    text = read_text(path)
    if len(text) > MAX_BYTES:
        raise PolicyError(f"{path} is larger than {MAX_BYTES // 1024} KiB")
    value = parse_yaml(text, path, 1)
    # Before anything goes through the value: an alias may stand for a value without end.
    places = dict(_walk(yaml.compose(text, Loader=yaml.CSafeLoader), (), path, set()))
    try:
        made = _File.model_validate(value)
    except ValidationError as error:
        # What stands for a choice of types is told for each of them: the deepest is what was meant.
        known = _known(places)
        found = [
            (tuple([part for part in one["loc"] if type(part) is int or str(part) in known]), one["msg"])
            for one in error.errors(include_url=False, include_input=False)
        ]
        loc, message = max(found, key=lambda one: len(one[0]))
        name = ".".join(map(str, loc))
        said = f"{name}: {message}" if name else message
        raise PolicyError(said, location=_place(places, str(path), loc), hint=_HINT) from None
    settings = {
        name: Setting(one.action, one.parameters)
        for name in PROFILES
        for one in [getattr(made, name)]
        if one is not None
    }
    if not settings:
        raise PolicyError("no profile has the rule", location=Location(str(path), 1, 1), hint=_HINT)
    return RuleSettings(
        file=path,
        why=made.why,
        kinds=_kinds(made.match.kinds, pods),
        match=made.match.__pydantic_extra__ or {},
        settings=settings,
        not_configured=made.not_configured,
        places=places,
    )


_HINT: Final = "it has why, match with kinds, and baseline, production or regulated with enforcementAction and parameters"


def kinds_of_pods(folder: PolicyFolder, shipped: Path) -> Mapping[str, frozenset[str]]:
    """Every kind that `lib/workloads.rego` knows, by group: that of the folder, or the shipped one in `shipped`."""
    own = folder.root / "lib" / "workloads.rego"
    text = read_text(own if own.is_file() else shipped / "lib" / "workloads.rego")
    return _grouped(_KIND_OF_PODS.findall(text))


def _kinds(
    given: Literal["pods"] | list[Literal["pods"] | _Kinds], pods: Mapping[str, frozenset[str]]
) -> Mapping[str, frozenset[str]]:
    of_pods = [(group, kind) for group, kinds in pods.items() for kind in kinds]
    pairs: list[tuple[str, str]] = []
    for entry in [given] if given == "pods" else given:
        if isinstance(entry, _Kinds):
            pairs += [(group, kind) for group in entry.api_groups for kind in entry.kinds]
        else:
            pairs += of_pods
    return _grouped(pairs)


def _grouped(pairs: Sequence[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    groups = sorted({group for group, _ in pairs})
    return {one: frozenset([kind for group, kind in pairs if group == one]) for one in groups}


def _walk(
    node: yaml.Node | None, path: tuple[str | int, ...], file: Path, met: set[int]
) -> Iterator[tuple[tuple[str | int, ...], tuple[int, int]]]:
    """Every path with its place. Raises PolicyError for an alias, and for a key given twice, which YAML readers let pass."""
    if node is None:
        return
    if id(node) in met:
        raise PolicyError(
            "an alias stands for what is written elsewhere",
            location=Location(str(file), node.start_mark.line + 1, node.start_mark.column + 1),
            hint="write it out where it is used",
        )
    met.add(id(node))
    yield path, (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*path, index), file, met)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, item in node.value:
            mark = key.start_mark
            if key.value in seen:
                raise PolicyError(
                    f"{key.value} is given twice",
                    location=Location(str(file), mark.line + 1, mark.column + 1),
                    hint="leave one of them",
                )
            seen.add(str(key.value))
            yield from _walk(item, (*path, str(key.value)), file, met)
            yield (*path, str(key.value)), (mark.line + 1, mark.column + 1)


def _known(places: Mapping[tuple[str | int, ...], tuple[int, int]]) -> set[str]:
    """Every key of the file, and every field that may be missing: what pydantic names beside are its own types."""
    fields = {"why", "match", "kinds", "apiGroups", "enforcementAction", *PROFILES}
    return fields | {str(part) for path in places for part in path if type(part) is str}


def _place(
    places: Mapping[tuple[str | int, ...], tuple[int, int]], file: str, path: Sequence[str | int]
) -> Location:
    for length in range(len(path), -1, -1):
        found = places.get(tuple(path[:length]))
        if found is not None:
            return Location(file, *found)
    return Location(file, 1, 1)
