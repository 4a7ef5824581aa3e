"""What `lockgate check` decides about each object of the shared corpus, under given policies."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from lockgate.engine.decision import Decision
from lockgate.webhook.check import run_check
from lockgate.webhook.check_command import make_loader
from lockgate.webhook.deciding import Given, read_work_tree
from lockgate.webhook.first_pass import Request, learn
from lockgate.webhook.gate import Judged, Record
from lockgate.webhook.inputs import Inputs, find_inputs
from lockgate.webhook.inventory_options import ExternalRequest, GateMaker
from lockgate.webhook.judging import Findings
from lockgate.webhook.progress import Progress

from tests.shared_folder import shared_path


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object that was judged, in a file of the corpus (`systems/kserve/…`), with the Decision."""

    file: str
    group: str
    kind: str
    name: str
    decision: Decision

    @property
    def is_denied(self) -> bool:
        return self.decision.verdict in ("deny", "error")


@dataclass
class _Recorder:
    """Takes every Decision as it is made, as a trail does."""

    root: str
    found: list[Manifest] = field(default_factory=list)
    file: str = ""

    def begin(self, real: str) -> None:
        self.file = os.path.relpath(real, self.root)

    def of_file(self, environment: str | None) -> Record:
        return self.take

    def take(self, judged: Judged) -> None:
        value = judged.review.object or {}
        metadata = value.get("metadata")
        names = metadata if isinstance(metadata, dict) else {}
        name = str(names.get("name") or names.get("generateName") or "")
        group = str(value.get("apiVersion")).rpartition("/")[0]
        self.found.append(Manifest(self.file, group, str(value.get("kind")), name, judged.decision))


def corpus_folders() -> list[Path]:
    """The folders of real manifests."""
    return [shared_path("corpus", name) for name in ("systems", "dra")]


def judge_corpus(policies: Path, folders: Sequence[Path]) -> list[Manifest]:
    """Every object of the folders with the Decision on it, in the order of the files."""
    cwd = os.path.realpath(shared_path("corpus"))
    with ExitStack() as stack:
        given = Given((str(policies),), (), None, cwd)
        deciding = read_work_tree(given, make_loader(None, None))
        inputs = Inputs(
            tuple([os.path.realpath(folder) for folder in folders]), cwd, (), None, deciding.settings
        )
        walk = find_inputs(inputs)
        learned = learn(inputs, walk, Request())
        maker = GateMaker((), (), walk, time.time_ns(), ExternalRequest(), stack)
        gate, _ = maker.make(deciding, inputs, learned.view)
        recorder = _Recorder(cwd)
        progress = Progress(len(walk.files), None)
        run_check(
            inputs,
            walk,
            gate,
            (),
            Request(),
            learned,
            Findings(gate, allow_unrendered=True),
            progress,
            recorder,
            begin=recorder.begin,
        )
    return recorder.found
