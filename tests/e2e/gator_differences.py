"""`lockgate check` beside `gator test` on the same files: their results, and trees with one thing changed.

A result is what one constraint says of one object: a message with an action. A difference is a result that only one of
the two has. Each cause is shown by running one of them anew without what makes the difference, or by what the reports
themselves say; the differences that are then gone are its own.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.reading import read_documents
from lockgate.gatekeeper.target import Cluster, review_document

from tests.e2e.programs import run_program
from tests.webhook.helpers import run_lockgate

Json = dict[str, Any]

_GATEKEEPER = re.compile(rb"^\s*[\"']?apiVersion[\"']?\s*:\s*[\"']?\w+\.gatekeeper\.sh/", re.MULTILINE)
_MASK = "***"


class Judged(NamedTuple):
    """A constraint with an object; one that names no namespace counts as in `default`."""

    policy: str
    constraint: str
    api_version: str
    kind: str
    namespace: str
    name: str


class Result(NamedTuple):
    """What a constraint says of an object."""

    judged: Judged
    message: str
    action: str


@dataclass(frozen=True, slots=True)
class Ours:
    """What `lockgate check` reports. unjudged: by constraint and object, what is not known; left_out: files."""

    results: Counter[Result]
    unjudged: dict[Judged, str]
    left_out: frozenset[str]
    errors: tuple[Json, ...]
    documents: int


@dataclass(frozen=True, slots=True)
class Theirs:
    """What `gator test` reports; `of_policies` of the policies themselves, which it judges as objects."""

    results: Counter[Result]
    of_policies: Counter[Result]


def ours(policies: Path, objects: Path, *options: str) -> Ours:
    """Runs `lockgate check` in the folder of the objects."""
    ran = run_lockgate("check", "-p", str(policies), "--format", "json", *options, ".", cwd=objects)
    assert ran.code in (0, 1, 2) and ran.out, ran.err
    report = json.loads(ran.out)
    results: Counter[Result] = Counter()
    for one in report["violations"]:
        for action in one["actions"]:
            results[Result(_judged(one), one["message"], action)] += 1
    unjudged = {_judged(one): one["needs"] for one in report["notEvaluated"] if one["resource"]}
    left_out = frozenset(one["file"] for one in (*report["skipped"], *report["errors"]))
    return Ours(results, unjudged, left_out, tuple(report["errors"]), report["summary"]["documents"])


def _judged(one: Json) -> Judged:
    resource = one["resource"]
    return Judged(
        one["policy"],
        one["constraint"],
        resource["apiVersion"],
        resource["kind"],
        resource["namespace"] or "default",
        resource["name"],
    )


def theirs(policies: Path, objects: Path) -> Theirs:
    """Runs `gator test` on both folders."""
    ran = run_program("gator", "test", "-f", policies, "-f", objects, "-o", "json", cwd=objects)
    assert ran.returncode in (0, 1) and ran.stdout, ran.stderr[-2000:]
    results: Counter[Result] = Counter()
    of_policies: Counter[Result] = Counter()
    for one in json.loads(ran.stdout) or []:
        value, constraint, action = one["violatingObject"], one["constraint"], one["enforcementAction"]
        metadata = value.get("metadata") or {}
        judged = Judged(
            constraint["kind"],
            constraint["metadata"]["name"],
            value["apiVersion"],
            value["kind"],
            metadata.get("namespace") or "default",
            metadata.get("name") or metadata.get("generateName") or "",
        )
        into = of_policies if value["apiVersion"].split("/")[0].endswith("gatekeeper.sh") else results
        for each in one["scopedActions"] if action == "scoped" else [action]:
            into[Result(judged, one["msg"], each)] += 1
    return Theirs(results, of_policies)


def refused_by_gator(objects: Path, files: Iterable[str], beside: Path) -> dict[str, str]:
    """Which of the files `gator test` does not take, each given alone beside a policy, and what it says."""

    def ask(file: str) -> str:
        ran = run_program("gator", "test", "-f", beside, "-f", file, "-o", "json", cwd=objects)
        return "" if ran.returncode == 0 or ran.stdout else ran.stderr

    names = sorted(files)
    with ThreadPoolExecutor(2) as pool:
        return {name: said for name, said in zip(names, pool.map(ask, names), strict=True) if said}


def has_policies(file: Path) -> bool:
    """Is a kind of Gatekeeper in it, of which gator would make a policy?"""
    return _GATEKEEPER.search(file.read_bytes()) is not None


def files_below(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def copied(source: Path, target: Path, keep: Callable[[str], bool]) -> Path:
    """A copy of a tree with these files only."""
    for name in filter(keep, files_below(source)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    return target


def rewritten(source: Path, target: Path, change: Callable[[Json], Json | None]) -> Path:
    """A copy of a tree of policies in JSON, each changed, or left out for None."""
    for name in files_below(source):
        documents = read_documents((source / name).read_bytes(), name, duplicates="error").documents
        values = [made for document in documents if (made := change(document.value)) is not None]
        _write((target / name).with_suffix(".yaml"), values)
    return target


def listed(source: Path, target: Path) -> Path:
    """A copy of a tree with the items of Lists as objects of their own."""
    for name in files_below(source):
        documents = read_documents((source / name).read_bytes(), name, duplicates="last").documents
        _write((target / name).with_suffix(".yaml"), [document.value for document in documents])
    return target


def placed(source: Path, target: Path) -> Path:
    """A copy of a tree with the namespace written into the namespaced objects that name none."""
    for name in files_below(source):
        values: list[dict[str, Value]] = []
        for document in read_documents((source / name).read_bytes(), name, duplicates="last").documents:
            made = review_document(document, Cluster(namespace="default")).object
            assert made is not None
            values.append(made)
        _write((target / name).with_suffix(".yaml"), values)
    return target


def _write(file: Path, values: Sequence[dict[str, Value]]) -> None:
    if values:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n---\n".join(render_json(value) for value in values) + "\n")


@dataclass(frozen=True, slots=True)
class Differences:
    """What only one of the two says."""

    only_ours: Counter[Result]
    only_theirs: Counter[Result]
    masked: int = 0

    @classmethod
    def between(cls, mine: Counter[Result], their: Counter[Result]) -> "Differences":
        """Pairs what is equal, then texts of ours that are masked with those of theirs that fit."""
        only_ours, only_theirs = mine - their, their - mine
        by_judged: dict[tuple[Judged, str], list[Result]] = {}
        for result in only_theirs:
            by_judged.setdefault((result.judged, result.action), []).append(result)
        masked = 0
        # What shows most goes first, so that it does not find its own text taken by one that shows less.
        veiled = sorted(
            (one for one in only_ours if _MASK in one.message),
            key=lambda one: (one.message.count(_MASK), -len(one.message), one),
        )
        for result in veiled:
            pattern = re.compile(".*".join(map(re.escape, result.message.split(_MASK))), re.DOTALL)
            for other in sorted(by_judged.get((result.judged, result.action), [])):
                if pattern.fullmatch(other.message):
                    count = min(only_ours[result], only_theirs[other])
                    only_ours[result] -= count
                    only_theirs[other] -= count
                    masked += count
        return cls(+only_ours, +only_theirs, masked)


@dataclass
class Chain:
    """The causes in their order, with how many differences are gone by each; `mine` and `their` as they are now."""

    mine: Counter[Result]
    their: Counter[Result]
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    # Differences that were hidden by a cause: each is gone by a later one.
    uncovered: int = 0

    def left(self) -> Differences:
        return Differences.between(self.mine, self.their)

    def explain(
        self, cause: str, *, mine: Counter[Result] | None = None, their: Counter[Result] | None = None
    ) -> None:
        """Takes the results of a run without the cause, and counts what is gone."""
        before = self.left()
        self.mine = self.mine if mine is None else mine
        self.their = self.their if their is None else their
        after = self.left()
        self.counts[cause] = (
            (before.only_ours - after.only_ours).total(),
            (before.only_theirs - after.only_theirs).total(),
        )
        self.uncovered += (after.only_ours - before.only_ours).total()
        self.uncovered += (after.only_theirs - before.only_theirs).total()

    def take_out(self, cause: str, is_of: Callable[[Result], bool]) -> None:
        """Counts and takes out the differences that are the cause's by what the reports or the policies say."""
        left = self.left()
        gone_ours = Counter({one: count for one, count in left.only_ours.items() if is_of(one)})
        gone_theirs = Counter({one: count for one, count in left.only_theirs.items() if is_of(one)})
        self.counts[cause] = (gone_ours.total(), gone_theirs.total())
        self.mine, self.their = self.mine - gone_ours, self.their - gone_theirs
