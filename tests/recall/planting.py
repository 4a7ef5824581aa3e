"""Makes the set: plants each defect in manifests of the corpus, the same ones each time."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

import yaml
from lockgate.engine.documents.unrendered import marks_of, of_object

from tests.bench.corpus_run import corpus_folders, judge_corpus
from tests.policies.shipped import POLICIES
from tests.recall.defects import DEFECTS, Defect, Place
from tests.recall.more_defects import MORE

SEED: Final = "lockgate-recall-1"
# Each defect goes into at most so many manifests.
MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Planted:
    """A defect in a manifest of the corpus. origin: the file and the document's number in it."""

    defect: Defect
    origin: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def plant(value: Mapping[str, Any], defect: Defect) -> dict[str, Any] | None:
    """A copy with the defect; None where the object is of another kind, lacks the place, has it already or is not harmed."""
    group = str(value.get("apiVersion")).rpartition("/")[0]
    if group != defect.group or value.get("kind") not in defect.kinds:
        return None
    if defect.unless and _at(value, defect.unless) is not None:
        return None
    copied = copy.deepcopy(dict(value))
    parent = _at(copied, defect.place[: -defect.fresh])
    key = defect.place[-1]
    if not isinstance(parent, dict) or parent.get(str(key)) == defect.value:
        return None
    parent[str(key)] = defect.value
    return copied


def _at(value: object, place: Place) -> object:
    for step in place:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of the corpus by origin. Templates and the like, which are no YAML or which `check` refuses as not
    rendered, are passed over: nothing is judged in them."""
    for folder in corpus_folders():
        for path in sorted(folder.rglob("*.y*ml")):
            try:
                text = path.read_text("utf-8")
                found = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
            except (yaml.YAMLError, ValueError):
                continue
            marks = marks_of(text)
            for number, value in enumerate(found):
                if isinstance(value, dict) and of_object(value, marks) is None:
                    yield f"{path.relative_to(folder.parent)}#{number}", value


@cache
def _by_kind() -> Mapping[tuple[str, str], Sequence[tuple[str, dict[str, Any]]]]:
    """The objects of the corpus by group and kind. Nobody changes them."""
    found: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}
    for origin, value in documents():
        group = str(value.get("apiVersion")).rpartition("/")[0]
        found.setdefault((group, str(value.get("kind"))), []).append((origin, value))
    return found


def make_set(most: int = MOST) -> list[Planted]:
    """The pairs, by defect, at most so many of each; which manifests are taken is decided by a hash of the seed, defect and
    origin."""
    return [pair for defect in (*DEFECTS, *MORE) for pair in islice(_planted(defect), most)]


def _planted(defect: Defect) -> Iterator[Planted]:
    fit = [one for kind in defect.kinds for one in _by_kind().get((defect.group, kind), ())]
    fit.sort(key=lambda one: sha256(f"{SEED} {defect.name} {one[0]}".encode()).digest())
    for origin, value in fit:
        after = plant(value, defect)
        if after is not None:
            yield Planted(defect, origin, value, after)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a profile says of a defect and did not say before it: the kinds of the constraints that deny and that warn."""

    denying: frozenset[str]
    warning: frozenset[str]


def outcomes(pairs: list[Planted], profile: str, folder: Path) -> list[Outcome]:
    """What the profile says of each pair. folder: an empty one."""
    for number, pair in enumerate(pairs):
        for side, value in (("before", pair.before), ("after", pair.after)):
            place = folder / f"{number}-{side}"
            place.mkdir(parents=True)
            (place / "object.yaml").write_text(json.dumps(value, default=str), "utf-8")
    found: dict[str, set[tuple[bool, str, str]]] = {}
    for one in judge_corpus(POLICIES.root / "profiles" / f"{profile}.yaml", [folder]):
        said = found.setdefault(Path(one.file).parent.name, set())
        said.update(
            ("deny" in each.actions, each.policy.kind, each.message) for each in one.decision.violations
        )
    made: list[Outcome] = []
    for number in range(len(pairs)):
        new = found.get(f"{number}-after", set()) - found.get(f"{number}-before", set())
        denying = frozenset(kind for denies, kind, _ in new if denies)
        made.append(Outcome(denying, frozenset(kind for denies, kind, _ in new if not denies)))
    return made
