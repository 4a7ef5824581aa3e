"""What `models/promoted_models` adds to an admission: `python -m tests.bench promoted`.

Two Gates of one process judge the same reviews in turns: one with the constraint, one without; both have what a server has
beside it, an EnvironmentMap, a PromotionPolicy and the promotions of 10,000 references. No two reviews are equal.
"""

import gc
import json
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

from lockgate.webhook.promoting.followed_promotions import KEY
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.objects import Change
from lockgate.webhook.serving.wire import CallReader

from tests.bench.request import NEVER
from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.policies.shipped import POLICIES, load
from tests.webhook.serving.builders import present
from tests.webhook.serving.server_processes import review_of

Json = dict[str, Any]

PROMOTED: Final = 10_000
WARM: Final = 500
REVIEWS: Final = 3_000
# The bar for what the check adds at p50, in milliseconds.
BAR: Final = 2.0
IMAGE: Final = "registry.example.com/server:3"
CONSTRAINT: Final[Json] = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "LockgatePromotedModels",
    "metadata": {"name": "promoted"},
    "spec": {},
}
NAMESPACE: Final[Json] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}
OTHERS: Final = (
    environment_map(
        {"name": "staging", "namespaces": ["ml-staging"]}, {"name": "prod", "namespaces": ["ml"]}
    ),
    promotion_policy({"to": "prod", "soakTime": "24h"}, environments=["staging", "prod"]),
    NAMESPACE,
)


def reference(number: int) -> str:
    """A model's."""
    return f"s3://models/model-{number}/7"


def promotion(number: int, entry: int) -> Json:
    """What is said of one."""
    return {
        "entry": entry,
        "state": "current",
        "model": f"s3:models/model-{number}",
        "version": "7",
        "subject": f"sha256:{number:064x}",
        "namespace": "ml",
        "cluster": "",
        "serving": [{"kind": "image", "key": "registry.example.com/server", "version": "3"}],
        "flags": [],
    }


def promotions(entry: int) -> bytes:
    """What a server publishes. entry: of the last one."""
    values = {reference(one): {"prod": [promotion(one, one)]} for one in range(PROMOTED)}
    values[reference(0)] = {"prod": [promotion(0, entry)]}
    provider = {
        "provider": "lockgate-promotions",
        "values": values,
        "otherwise": "no promotion of it is recorded",
    }
    return json.dumps(
        {"apiVersion": "externaldata.lockgate.dev/v1alpha1", "kind": "ExternalData", "providers": [provider]}
    ).encode()


def deployment(number: int, **container: Any) -> Json:
    """A server, of a model where its arguments say so."""
    metadata = {"name": f"server-{number}", "namespace": "ml"}
    labels = {"app": f"server-{number}"}
    pod = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "server", "image": IMAGE, **container}]},
    }
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def model_server(number: int, version: int = 7) -> Json:
    """KServe's."""
    model = {
        "modelFormat": {"name": "onnx"},
        "image": IMAGE,
        "storageUri": f"s3://models/model-{number % PROMOTED}/{version}",
    }
    metadata = {"name": f"server-{number}", "namespace": "ml"}
    spec = {"predictor": {"model": model}}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": spec,
    }


CASES: Final[dict[str, tuple[Callable[[int], Json], bool]]] = {
    "Deployment of a promoted model": (
        lambda number: deployment(number, args=[f"--model={reference(number % PROMOTED)}"]),
        True,
    ),
    "InferenceService of a promoted model": (model_server, True),
    "InferenceService of no promoted model": (lambda number: model_server(number, 8), False),
    "Deployment of no model": (lambda number: deployment(number, args=["--port=8080"]), True),
}


def made_gate(*more: Json) -> LiveGate:
    """A Gate with all that is there, and more."""
    live = LiveGate()
    changes = [*present(*OTHERS, *more), Change(KEY, promotions(0))]
    live.apply(changes, frozenset())
    assert not live.problems, live.problems
    return live


def times(gates: list[LiveGate], make: Callable[[int], Json], *, allowed: bool) -> list[list[float]]:
    """Processor seconds of each review, by Gate, each in turn."""
    admitting = [Admitting(live, LiveGrants(), Terms(namespaces="all"), time.time_ns) for live in gates]
    reader = CallReader()
    took: list[list[float]] = [[] for _ in gates]
    for number in range(WARM + REVIEWS):
        body = json.dumps(review_of(make(number), f"u-{number}")).encode()
        for one, spent in zip(admitting, took, strict=True):
            call = reader.read(body)
            began = time.thread_time()
            admitted = one.admit(call, NEVER)
            spent.append(time.thread_time() - began)
            if one is admitting[-1]:
                assert admitted.response.allowed is allowed, admitted.response
    return [spent[WARM:] for spent in took]


def print_section() -> None:
    """A line for each kind of object. Raises AssertionError where one is judged otherwise than it should be."""
    rule = load(POLICIES.root / "models" / "promoted_models" / "template.yaml")
    without, with_rule = made_gate(), made_gate(rule, CONSTRAINT)
    gc.collect()
    gc.freeze()
    print(f"Processor time of a review at p50, µs, over {REVIEWS} reviews; the check may add {BAR * 1000:g}")
    print(f"{'':40}{'without':>9}{'with':>9}{'adds':>9}{'adds p99':>9}")
    for name, (make, allowed) in CASES.items():
        before, after = times([without, with_rule], make, allowed=allowed)
        p50, p99 = [
            [statistics.quantiles(one, n=100)[cut] * 1e6 for one in (before, after)] for cut in (49, 98)
        ]
        print(f"{name:40}{p50[0]:9.1f}{p50[1]:9.1f}{p50[1] - p50[0]:9.1f}{p99[1] - p99[0]:9.1f}")
    published, data = [], b""
    for run in range(5):
        data = promotions(PROMOTED + run)
        began = time.thread_time()
        with_rule.apply([Change(KEY, data)], frozenset())
        published.append(time.thread_time() - began)
    print(
        f"One promotion more of {PROMOTED:,}: {len(data) / 1e6:.1f} MB told, {statistics.median(published):.2f} s in a process"
    )
