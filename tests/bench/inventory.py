"""The inventory at 100,000 objects: read, hashed and asked, beside `gator test` with the same objects.

Each figure is one process; its memory is the most that it had (maximum resident set size).
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COUNT = 100_000
# A file stays below what a check reads.
IN_A_FILE = 2_000
RUNS = 200
ITERATIONS = 3

Json = dict[str, Any]

BY_KEY = """package probe

violation[{"msg": "taken"}] {
  data.inventory.namespace.ns1.v1.Service[input.review.object.metadata.name]
}
"""
THROUGH_ALL = """package probe

violation[{"msg": msg}] {
  host := input.review.object.spec.rules[_].host
  other := data.inventory.namespace[ns][version].Ingress[name]
  other.spec.rules[_].host == host
  name != input.review.object.metadata.name
  msg := sprintf("%v/%v has it", [ns, name])
}
"""


def objects(count: int) -> Iterator[Json]:
    """Services, Ingresses and Pods in 50 namespaces, of about 1 KB each."""
    for number in range(count):
        metadata: Json = {
            "name": f"o{number}",
            "namespace": f"ns{number % 50}",
            "labels": {"app": f"app{number % 997}", "tier": "backend", "team": f"team{number % 31}"},
            "annotations": {"example.com/description": "something that somebody wrote about it " * 4},
            "uid": f"00000000-0000-0000-0000-{number:012}",
            "resourceVersion": str(number),
        }
        kind = number % 3
        if kind == 0:
            ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "m", "port": 9090}]
            spec: Json = {"selector": {"app": f"app{number % 997}"}, "ports": ports, "clusterIP": "10.0.0.1"}
            yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        elif kind == 1:
            backend = {"service": {"name": f"o{number}", "port": {"number": 80}}}
            paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
            spec = {"rules": [{"host": f"h{number}.example.com", "http": {"paths": paths}}]}
            yield {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": metadata,
                "spec": spec,
            }
        else:
            container = {
                "name": "c",
                "image": f"registry.example.com/app{number % 997}:1",
                "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                "env": [{"name": f"E{n}", "value": f"v{n}"} for n in range(4)],
            }
            spec = {"containers": [container], "nodeName": f"node{number % 200}"}
            yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def subject() -> Json:
    """The object that is judged: an Ingress with a host that no other has."""
    metadata = {"name": "mine", "namespace": "ns1"}
    spec = {"rules": [{"host": "mine.example.com"}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def write(folder: Path, count: int) -> None:
    """A snapshot, the same objects as a tree, and the policies."""
    made = list(objects(count))
    (folder / "snapshot.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
    (folder / "tree").mkdir()
    for start in range(0, count, IN_A_FILE):
        part = {"apiVersion": "v1", "kind": "List", "items": made[start : start + IN_A_FILE]}
        (folder / "tree" / f"{start:06}.json").write_text(json.dumps(part))
    (folder / "mine.json").write_text(json.dumps(subject()))
    match = {"kinds": [{"apiGroups": ["networking.k8s.io"], "kinds": ["Ingress"]}], "namespaces": ["ns1"]}
    for name, rego, more in (("key", BY_KEY, {}), ("all", THROUGH_ALL, {"name": "mine"})):
        target = {"target": "admission.k8s.gatekeeper.sh", "rego": rego}
        template = {
            "apiVersion": "templates.gatekeeper.sh/v1",
            "kind": "ConstraintTemplate",
            "metadata": {"name": "probe"},
            "spec": {"crd": {"spec": {"names": {"kind": "Probe"}}}, "targets": [target]},
        }
        constraint = {
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": "Probe",
            "metadata": {"name": "probe"},
            "spec": {"match": {**match, **more}},
        }
        (folder / f"{name}.yaml").write_text(f"{json.dumps(template)}\n---\n{json.dumps(constraint)}\n")


def steps(folder: Path) -> None:
    """One process: reads the snapshot, hashes it, and evaluates each policy; prints a line a step."""
    from lockgate.engine.codegen.budget import Limits
    from lockgate.engine.documents.reading import read_documents
    from lockgate.engine.evaluate import evaluate
    from lockgate.gatekeeper.inventory import InventoryBuilder, inventory_digest
    from lockgate.gatekeeper.loader import load_policies
    from lockgate.gatekeeper.target import Cluster, review_document
    from lockgate.webhook.cli import GC_THRESHOLD
    from lockgate.webhook.inventory_files import read_snapshot
    from lockgate.webhook.inventory_objects import Present

    # As the command does.
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    before = time.perf_counter()
    builder = InventoryBuilder()
    for told in read_snapshot(str(folder / "snapshot.json"), str(folder)):
        if isinstance(told, Present):
            builder.add(told.value)
    print(json.dumps(["read a snapshot", time.perf_counter() - before]))
    before = time.perf_counter()
    inventory_digest(builder.inventory, None)
    print(json.dumps(["its digest", time.perf_counter() - before]))
    (document,) = read_documents(
        (folder / "mine.json").read_bytes(), "mine.json", duplicates="last"
    ).documents
    facts = builder.facts()
    for name, runs in (("key", RUNS), ("all", ITERATIONS)):
        text = (folder / f"{name}.yaml").read_bytes()
        loaded = load_policies(read_documents(text, "policy.yaml", duplicates="last").documents)
        review = review_document(document, Cluster())

        def judge(policies: Any = loaded.policies, review: Any = review) -> None:
            limits = Limits()
            decision = evaluate(review, policies, facts, now_ns=0, limits=limits)
            assert decision.matched == 1 and not decision.failures, decision

        judge()
        before = time.perf_counter()
        for _ in range(runs):
            judge()
        label = "one evaluation by a key" if name == "key" else "one evaluation through 33,333 Ingresses"
        print(json.dumps([label, (time.perf_counter() - before) / runs]))


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds, and the most memory in MiB."""

    seconds: float
    memory: float
    out: str


def run(command: Sequence[str | Path], folder: Path, allowed: Sequence[int]) -> Ran:
    """Runs a command in the folder; any other exit code ends the bench."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        before = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        said, complaint = [(stream.seek(0), stream.read().decode())[1] for stream in (out, err)]
    if process.returncode not in allowed:
        raise SystemExit(f"{command}: exit code {process.returncode}\n{complaint[-2000:]}")
    return Ran(seconds, usage.ru_maxrss / 1024, said)


def print_section(gator: Path) -> None:
    """The steps in one process, then whole commands beside gator's."""
    lockgate = [sys.executable, "-m", "lockgate.webhook", "check", "--no-progress"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: the memory that this one has at a start counts as the child's.
        run([sys.executable, "-c", _WRITE, folder, str(COUNT)], Path.cwd(), (0,))
        size = (folder / "snapshot.json").stat().st_size / 1e6
        print(f"{COUNT:,} objects, {size:.0f} MB of JSON\n")
        ours = run([sys.executable, "-c", _STEPS, folder], Path.cwd(), (0,))
        print(f"{'step':56}{'seconds':>12}")
        for line in ours.out.splitlines():
            step, seconds = json.loads(line)
            print(f"{step:56}{seconds:>12.6f}")
        print(f"{'the process, MiB':56}{ours.memory:>12.0f}\n")
        print(f"{'command':56}{'seconds':>12}{'MiB':>8}")
        for policy, kinds in (("key", "the Services"), ("all", "the Ingresses")):
            rows: tuple[tuple[str, list[str | Path]], ...] = (
                (
                    f"check one object, snapshot, keeping {kinds}",
                    [*lockgate, "-p", f"{policy}.yaml", "--inventory", "snapshot.json", "mine.json"],
                ),
                (
                    f"check the tree as its own inventory, keeping {kinds}",
                    [*lockgate, "-p", f"{policy}.yaml", "--inventory", "tree", "tree", "mine.json"],
                ),
                (
                    "gator test on the same tree",
                    [gator, "test", "-f", f"{policy}.yaml", "-f", "tree", "-f", "mine.json"],
                ),
            )
            for label, command in rows:
                ran = run(command, folder, (0, 1))
                print(f"{label:56}{ran.seconds:>12.2f}{ran.memory:>8.0f}")
                sys.stdout.flush()
    print()


_CALL = "import sys; from pathlib import Path; from tests.bench import inventory; inventory."
_WRITE = _CALL + "write(Path(sys.argv[1]), int(sys.argv[2]))"
_STEPS = _CALL + "steps(Path(sys.argv[1]))"
