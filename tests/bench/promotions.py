"""Recognition of what a change moves, over a repository of 3,000 manifests: `python -m tests.bench promotions`.

A thousand applications in three environments, each a file with a Deployment, its Service and a model server, in production a
version behind. The change promotes fifty. Measured are recognition, with looking at all files and at the base, and whole
commands in one process, with environments and a PromotionPolicy and without both.
"""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from lockgate.engine.codegen.cache import open_cache
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.deciding import Given, read_base
from lockgate.webhook.first_pass import Request, learn
from lockgate.webhook.inputs import Inputs, find_inputs
from lockgate.webhook.policy_sources import SHIPPED, Loader
from lockgate.webhook.promotions.changes import Change, Told, tell_change
from lockgate.webhook.promotions.knowing import GivenKnowledge
from lockgate.webhook.promotions.naming import ModelNames

from tests.bench.commands import LOCKGATE, Run, run_once, user_environment

APPLICATIONS: Final = 1_000
PROMOTED: Final = 50
ENVIRONMENTS: Final = ("dev", "staging", "prod")
RUNS: Final = 5
# The bar for recognition in all, in seconds.
RECOGNITION: Final = 3.0

MANIFEST: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  namespace: ml-{environment}
  labels: {{app: app-{number}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: app-{number}}}
  template:
    metadata:
      labels: {{app: app-{number}}}
    spec:
      containers:
      - name: server
        image: registry.example.com/ml/app-{number}:v{version}
        args: ["--port=8080", "--log-level=info"]
        resources:
          requests: {{cpu: "1", memory: 1Gi}}
          limits: {{memory: 1Gi}}
        env:
        - name: REGION
          value: eu
---
apiVersion: v1
kind: Service
metadata:
  name: app-{number}
  namespace: ml-{environment}
spec:
  selector: {{app: app-{number}}}
  ports:
  - port: 80
    targetPort: 8080
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: model-{number}
  namespace: ml-{environment}
spec:
  predictor:
    model:
      modelFormat: {{name: onnx}}
      storageUri: hf://ml/model-{number}:v{version}
"""
SETTINGS: Final = "paths: [deploy]\n"
LISTED: Final = "policies: [policies, constraints]\nenvironments:\n" + "".join(
    [f"- {{name: {name}, paths: [deploy/{name}]}}\n" for name in ENVIRONMENTS]
)
# Something to judge by in both.
CONSTRAINT: Final = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: LockgateUndeclaredDeviceAccess
metadata: {name: devices}
spec:
  match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}
"""
POLICY: Final = """\
apiVersion: promotion.lockgate.dev/v1alpha1
kind: PromotionPolicy
metadata: {name: models}
spec:
  environments: [dev, staging, prod]
  steps:
  - to: prod
    evidence: [{kind: facts}]
    approvals: [{group: leads, count: 2}]
"""


def git(root: Path, *arguments: str) -> None:
    """Runs git there."""
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def write(root: Path, environment: str, number: int, version: int) -> None:
    """One application."""
    place = root / "deploy" / environment / f"app-{number}.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(MANIFEST.format(number=number, environment=environment, version=version))


def make_repository(root: Path, settings: str) -> None:
    """The repository, with the change in its work tree."""
    git(root.parent, "init", "-q", "-b", "main", str(root))
    for number in range(APPLICATIONS):
        for rank, environment in enumerate(reversed(ENVIRONMENTS)):
            write(root, environment, number, rank + 1)
    (root / "policies").mkdir()
    (root / "policies" / "promotion.yaml").write_text(POLICY)
    (root / "constraints").mkdir()
    (root / "constraints" / "owned.yaml").write_text(CONSTRAINT)
    (root / "lockgate.yaml").write_text(settings)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "base")
    for number in range(PROMOTED):
        write(root, "prod", number, 2)


def recognised(root: Path) -> tuple[float, float, float, Told]:
    """How long it takes to look at the files, and then to recognise; the processor's time for both; and what was."""
    cache = open_cache(None, user_environment())
    names = ModelNames(open_library(SHIPPED, cache, "named_models"))
    loader = Loader("default", cache)
    with read_base("HEAD", Given((), (), None, str(root)), loader) as deciding:
        inputs = Inputs((str(root / "deploy"),), str(root), (), None, deciding.settings)
        start, used = time.perf_counter(), time.process_time()
        walk = find_inputs(inputs)
        learned = learn(inputs, walk, Request(base=deciding.base))
        looked = time.perf_counter()
        assert learned.old is not None
        change = Change(inputs, walk, learned, learned.old)
        told = tell_change(change, deciding.loaded.promotions, lambda: GivenKnowledge(0, "", names))
        done, used = time.perf_counter(), time.process_time() - used
    assert told is not None
    return looked - start, done - looked, used, told


def whole(root: Path, code: int) -> Run:
    """The fastest of some runs of the command."""
    command = ["env", "-C", str(root), *LOCKGATE, "check", "--base", "HEAD", "--no-progress", "--jobs", "1"]
    runs = [run_once(command, user_environment(), (code,)) for _ in range(RUNS)]
    return min(runs, key=lambda run: run.wall)


def print_section() -> None:
    """The table. Raises AssertionError where something else is recognised."""
    with tempfile.TemporaryDirectory() as folder:
        root, plain = Path(folder) / "promotions", Path(folder) / "plain"
        make_repository(root, SETTINGS + LISTED)
        make_repository(plain, SETTINGS + "policies: [constraints]\n")
        found = [recognised(root) for _ in range(RUNS)]
        looked, took, used, told = min(found, key=lambda one: one[0] + one[1])
        assert [one.happening for one in told.moved] == ["promotion"] * 2 * PROMOTED
        files = APPLICATIONS * len(ENVIRONMENTS)
        print(
            f"A change of {PROMOTED} of {files} manifests, of three objects each; seconds, the fastest of {RUNS}"
        )
        print(f"{'looking at the files and the base':45} {looked:6.2f}")
        print(f"{'recognising, judging, finding lines':45} {took:6.2f}")
        print(f"{'both, which may take ' + str(RECOGNITION):45} {looked + took:6.2f}")
        print(f"{'processor, of both':45} {used:6.2f}")
        print(f"{'check --base, with environments':45} {whole(root, 1).wall:6.2f}")
        print(f"{'check --base, without':45} {whole(plain, 0).wall:6.2f}")
        print(f"{len(told.moved)} promotions recognised, {len(told.findings)} things found missing")
