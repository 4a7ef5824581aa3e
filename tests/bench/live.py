"""What changes of a running server's state cost: policies of Gatekeeper's library, 20,000 Services, 2,000 Namespaces.

`python -m tests.bench.live` prints the median of some runs of each, in milliseconds; the first two are done once.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from lockgate.webhook.serving.live_gate import LiveGate

from tests.gatekeeper.workbench import manifest
from tests.shared_folder import shared_path
from tests.webhook.serving.builders import as_value, key_of, kinds, present
from tests.webhook.serving.test_live_gate import is_policy, read_all

SERVICES = 20_000
NAMESPACES = 2_000
RUNS = 9
COVERED = kinds("v1/Service", "networking.k8s.io/v1/Ingress", "policy/v1/PodDisruptionBudget")


def milliseconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1_000


def main() -> None:
    documents = read_all(shared_path("vectors", "gatekeeper-library"))
    policies = [*{key_of(one.value): one.value for one in documents if is_policy(one.value)}.values()]
    services = [
        {**manifest("Service", f"s{i}", namespace=f"n{i % 50}"), "spec": {"selector": {"app": f"s{i}"}}}
        for i in range(SERVICES)
    ]
    namespaces = [manifest("Namespace", f"n{i}") for i in range(NAMESPACES)]
    live = LiveGate()

    def cost(*values: Any) -> float:
        changes = present(*values)
        return milliseconds(lambda: live.apply(changes, COVERED))

    print(f"{cost(*policies):10.2f} ms  {len(policies)} templates and constraints, without a cache")
    print(f"{cost(*services):10.2f} ms  {SERVICES} Services")
    print(f"{cost(*namespaces):10.2f} ms  {NAMESPACES} Namespaces")
    constraints = [one for one in policies if one["kind"] != "ConstraintTemplate"]
    templates = [one for one in policies if one["kind"] == "ConstraintTemplate"]

    def changed(value: Any, run: int) -> Any:
        made = as_value(value)
        made["metadata"]["annotations"] = {"run": str(run)}
        return made

    for name, values in (
        ("one constraint", constraints),
        ("one template", templates),
        ("one Service", services),
        ("one Namespace", namespaces),
    ):
        found = statistics.median([cost(changed(values[run], run)) for run in range(RUNS)])
        print(f"{found:10.2f} ms  {name} changes")


if __name__ == "__main__":
    main()
