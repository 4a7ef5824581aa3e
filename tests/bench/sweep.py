"""What passes of the sweep cost in CPU time: the constraints of Gatekeeper's library, 10,000 Pods.

Run as `python -m tests.bench.sweep`. Judged in process: what listing costs is the API server's, and the reading of its JSON.
"""

import resource
import time
from typing import Any

from lockgate.engine.kinds import Kinds
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.sweep import LiveObject, Sweep

from tests.gatekeeper.workbench import manifest
from tests.shared_folder import shared_path
from tests.webhook.serving.builders import as_value, key_of, kinds, present
from tests.webhook.serving.test_live_gate import is_policy, read_all

PODS = 10_000
COVERED = kinds("v1/Service", "networking.k8s.io/v1/Ingress", "policy/v1/PodDisruptionBudget")
NOW = 1_780_272_000 * 10**9


def pod(number: int) -> Any:
    container = {
        "name": "c",
        "image": f"registry.example/team/app:{number}",
        "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}},
        "securityContext": {"privileged": number % 10 == 0},
    }
    made = manifest(name=f"p{number}", namespace=f"n{number % 50}", labels={"app": f"a{number}"})
    return as_value({**made, "spec": {"containers": [container]}})


def main() -> None:
    documents = read_all(shared_path("vectors", "gatekeeper-library"))
    policies = [*{key_of(one.value): one.value for one in documents if is_policy(one.value)}.values()]
    live = LiveGate(LiveSettings(point="audit.gatekeeper.sh"))
    live.apply(present(*policies, *[manifest("Namespace", f"n{i}") for i in range(50)]), COVERED)
    pods = [(key_of(value), value) for value in map(pod, range(PODS))]
    versions = ["1"] * PODS
    sweep = Sweep()
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def passed(name: str) -> None:
        state = live.state
        assert state is not None
        judged, started = sweep.counts.judged, time.process_time()
        sweep.begin(state, NOW, Kinds())
        for version, (key, value) in zip(versions, pods, strict=True):
            if sweep.look(LiveObject(key, version, value)) is not None:
                sweep.confirm(key)
        sweep.end_kind(pods[0][0].kind)
        seconds = time.process_time() - started
        print(f"{seconds * 1_000:10.1f} ms  {sweep.counts.judged - judged:6} judged  {name}")

    count = len(state.gate.policies.policies) if (state := live.state) else 0
    print(f"{count} constraints, {PODS} Pods")
    passed("the first pass")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    passed("nothing has changed")
    for number in range(100):
        versions[number] = "2"
    passed("100 Pods have changed")
    one = next(as_value(value) for value in policies if is_constraint(value))
    live.apply(present({**one, "spec": {**one.get("spec", {}), "enforcementAction": "warn"}}), COVERED)
    passed("a constraint has changed")
    live.apply(present(manifest("Namespace", "n0", labels={"a": "b"})), COVERED)
    passed("a Namespace has changed")
    live.apply(present(manifest("Service", "s", namespace="n0")), COVERED)
    passed("the inventory has changed")
    print(f"{grown / 1024:10.1f} MiB more at the peak")


if __name__ == "__main__":
    main()
