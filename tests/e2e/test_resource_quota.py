"""Kubernetes mode beside kube-apiserver's own ResourceQuota: generated claims and Pods are admitted and refused alike.

From 1.36 on a class that serves an extended resource is limited under that name too, and under that of its own: the newest server
is asked about these as well (LOCKGATE_KUBERNETES=newest).

There is no controller that counts: the test sets each quota's status as the controller would. Objects are created in a dry
run, which is checked against the quotas and changes none, so that each is judged by itself.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from tests.e2e.cluster import SERVER, Cluster, running_cluster
from tests.e2e.processes import START_SECONDS, STEP_SECONDS
from tests.policies.quota_charges import claim_of, said_of

pytestmark = pytest.mark.e2e

Json = dict[str, Any]

SEED = 20_261_127
CLAIMS = 240
PODS = 60
NAMESPACES = 8
CLASSES = ("a.example.com", "b.example.com", "c")
RESOURCE = "example.com/gpu"
COUNTED = "count/resourceclaims.resource.k8s.io"
VERSIONS = ("v1", "v1beta2", "v1beta1")
OPTIONS = ("--runtime-config=resource.k8s.io/v1beta1=true,resource.k8s.io/v1beta2=true",)
# Administrative access is for namespaces with it.
LABEL = {"resource.kubernetes.io/admin-access": "true"}
SERVING = CLASSES[0]
IMPLICIT = f"deviceclass.resource.kubernetes.io/{SERVING}"
IS_NEWEST = SERVER.endswith("newest")
NAME = {"objects/claims": COUNTED, f"resources/{RESOURCE}": f"requests.{RESOURCE}"} | {
    f"devices/{one}": f"{one}.deviceclass.resource.k8s.io/devices" for one in CLASSES
}
KNOWN: Json = {}
if IS_NEWEST:
    NAME[f"resources/{IMPLICIT}"] = f"requests.{IMPLICIT}"
    KNOWN["classes"] = {RESOURCE: SERVING}
CLASS: Json = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": SERVING},
    "spec": {"extendedResourceName": RESOURCE},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster(options=OPTIONS) as made:
        yield made


def _asked(chance: Random, may_administer: bool) -> Json:
    asked: Json = {"deviceClassName": chance.choice(CLASSES)}
    shape = chance.randrange(5)
    if shape == 0:
        asked["allocationMode"] = "All"
    elif shape < 4:
        asked["count"] = (
            chance.choice([1, 2, 5, 9, 31, 33, 2**63 - 1]) if shape == 1 else chance.randint(1, 9)
        )
    if may_administer and chance.random() < 0.3:
        asked["adminAccess"] = chance.random() < 0.7
    return asked


def _claim(chance: Random) -> Json:
    requests = [
        {"firstAvailable": [_asked(chance, False) for _ in range(chance.randint(1, 8))]}
        if chance.random() < 0.5
        else {"exactly": _asked(chance, True)}
        for _ in range(chance.randint(0, 4))
    ]
    return claim_of(chance.choice(VERSIONS), requests)


def _pod(chance: Random) -> Json:
    def container(name: str, **more: str) -> Json:
        amount = str(chance.randint(1, 4))
        return {"name": name, "image": "x", "resources": {"limits": {RESOURCE: amount}}, **more}

    starting = [
        container(f"i{n}", **({"restartPolicy": "Always"} if chance.random() < 0.5 else {}))
        for n in range(chance.randint(0, 3))
    ]
    spec: Json = {"containers": [container(f"c{n}") for n in range(chance.randint(1, 3))]}
    if starting:
        spec["initContainers"] = starting
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def _make_quota(cluster: Cluster, namespace: str, hard: dict[str, int], used: dict[str, int]) -> None:
    """A namespace with a quota, with its status; returns once admission knows that."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": LABEL}}
    assert cluster.ask("POST", "/api/v1/namespaces", body)[0] == 201
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    shown = {"hard": {name: str(n) for name, n in hard.items()}}
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": shown}
    status, made = cluster.ask("POST", path, body)
    assert status == 201, made
    made["status"] = {**shown, "used": {name: str(n) for name, n in used.items()}}
    status, said = cluster.ask("PUT", f"{path}/q/status", made)
    assert status == 200, said
    huge = claim_of("v1", [{"exactly": {"deviceClassName": one, "count": 10**9}} for one in CLASSES])
    if IS_NEWEST:
        # Which class serves a resource it learns after a moment.
        refusal = f"requests.{RESOURCE}=1G"
        end = time.monotonic() + START_SECONDS
        while refusal not in (told := _create(cluster, namespace, huge)):
            assert time.monotonic() < end, told
            time.sleep(STEP_SECONDS)
    known = f"used: a.example.com.deviceclass.resource.k8s.io/devices={used[NAME['devices/a.example.com']]},"
    end = time.monotonic() + START_SECONDS
    while known not in (told := _create(cluster, namespace, huge)):
        assert time.monotonic() < end, told
        time.sleep(STEP_SECONDS)


def _create(cluster: Cluster, namespace: str, value: Json) -> str:
    """What a dry run says: "" where the object is admitted, else which quota refuses it."""
    group = value["apiVersion"]
    place = f"apis/{group}" if "/" in group else f"api/{group}"
    made = {**value, "metadata": {"name": "x"}}
    path = f"/{place}/namespaces/{namespace}/{value['kind'].lower()}s?dryRun=All"
    status, answer = cluster.ask("POST", path, made)
    if status == 201:
        return ""
    said = str(answer["message"])
    assert (status == 403 and "exceeded quota: q" in said) or "status unknown" in said, (status, said, value)
    return said


def _refusing(charges: dict[str, int], hard: dict[str, int], used: dict[str, int]) -> dict[str, int]:
    """What would be exceeded, with what is asked of it."""
    asked = {NAME[dimension]: n for dimension, n in charges.items() if dimension in NAME}
    return {name: n for name, n in asked.items() if used[name] + n > hard[name]}


def _told(message: str) -> dict[str, int]:
    """What the server says is exceeded, with what it counts for the object."""
    if not message:
        return {}
    requested = message.partition("requested: ")[2].partition(", used: ")[0]
    return {name: _number(text) for name, _, text in [one.partition("=") for one in requested.split(",")]}


def _number(text: str) -> int:
    """A whole quantity, as the server writes it: thousands have a suffix."""
    thousands = "kMGTPE".find(text[-1]) + 1
    return int(text.rstrip("kMGTPE") + "000" * thousands)


def test_admits_and_refuses_the_same(cluster: Cluster) -> None:
    chance = Random(SEED)
    if IS_NEWEST:
        assert cluster.ask("POST", "/apis/resource.k8s.io/v1/deviceclasses", CLASS)[0] == 201
    quotas = {}
    for number in range(NAMESPACES):
        used = {name: chance.randint(0, 40) for name in NAME.values()}
        hard = {name: used[name] + chance.choice([0, 1, 4, 8, 16, 32, 64, 10**6]) for name in NAME.values()}
        # Most claims are to be judged by their devices.
        hard[COUNTED] = used[COUNTED] + (number > 0)
        quotas[f"team-{number}"] = (hard, used)
    for namespace, (hard, used) in quotas.items():
        _make_quota(cluster, namespace, hard, used)
    objects = [_claim(chance) for _ in range(CLAIMS)] + [_pod(chance) for _ in range(PODS)]

    def judge(value: Json) -> list[tuple[bool, str, str]]:
        said = said_of(value, {"known": KNOWN})
        assert said["refused"] == [], value
        found = []
        for namespace, (hard, used) in quotas.items():
            ours = _refusing(said["own"], hard, used)
            theirs = _create(cluster, namespace, value)
            assert ours == _told(theirs), (value, namespace, hard, used, theirs)
            found.append((bool(theirs), namespace, value["kind"]))
        return found

    with ThreadPoolExecutor(4) as threads:
        outcomes = [one for found in threads.map(judge, objects) for one in found]
    for kind, count in (("ResourceClaim", CLAIMS), ("Pod", PODS)):
        refused = sum(is_refused for is_refused, _, of in outcomes if of == kind)
        # Both happen often, else nothing is compared.
        assert count * NAMESPACES * 0.1 < refused < count * NAMESPACES * 0.9, (kind, refused)
