"""What workloads of every kind are predicted to ask for at one time: pods times what each of their claims asks for."""

from typing import Any

import pytest

from tests.gatekeeper.quotas.making import quota
from tests.webhook.quota.making import deployment, template
from tests.webhook.quota.test_prediction import judge, messages

Json = dict[str, Any]
# Two devices to each claim, one claim to each pod: amounts are twice the pods. The limit is 8.
AROUND = (template(2),)
POD: Json = deployment()["spec"]["template"]
BATCH, RAY = "batch/v1", "ray.io/v1"
UNBOUNDED = "nothing in it says how many there will be at most"
UNKNOWN = "how many there will be cannot be read from it"


def workload(version: str, kind: str, spec: Json) -> Json:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "w", "namespace": "ml"}, "spec": spec}


def job(**spec: Any) -> Json:
    return {"template": POD, **spec}


def cron(policy: str | None = None, **spec: Any) -> Json:
    concurrency = {} if policy is None else {"concurrencyPolicy": policy}
    return workload(
        BATCH, "CronJob", {"schedule": "0 * * * *", **concurrency, "jobTemplate": {"spec": job(**spec)}}
    )


def ray(**group: Any) -> Json:
    autoscaling = {"enableInTreeAutoscaling": True} if "maxReplicas" in group else {}
    return {
        **autoscaling,
        "headGroupSpec": {"template": {"spec": {"containers": []}}},
        "workerGroupSpecs": [{"groupName": "w", "template": POD, **group}],
    }


def asked_of(decision: Any) -> int:
    (message,) = messages(decision)
    return int(message.partition("asked ")[2].partition(";")[0])


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (workload(BATCH, "Job", job(parallelism=5)), 10),
        (workload(BATCH, "Job", job(parallelism=50, completions=6)), 12),
        (workload(BATCH, "Job", job(parallelism=5, completions=60)), 10),
        # One that is suspended asks for nothing now, and for all of it once it is resumed, with no change of its template.
        (workload(BATCH, "Job", job(parallelism=5, suspend=True)), 10),
        (cron("Forbid", parallelism=5), 10),
        (cron("Replace", parallelism=5), 10),
        (workload("apps/v1", "StatefulSet", {"replicas": 5, "template": POD}), 10),
        (workload("apps/v1", "ReplicaSet", {"replicas": 5, "template": POD}), 10),
        (workload("apps/v1", "Deployment", {"replicas": 4, "template": POD}), 10),
        (
            workload(
                "apps/v1",
                "Deployment",
                {"replicas": 4, "template": POD, "strategy": {"rollingUpdate": {"maxSurge": "100%"}}},
            ),
            16,
        ),
        (
            workload(
                "jobset.x-k8s.io/v1alpha2",
                "JobSet",
                {"replicatedJobs": [{"name": "a", "replicas": 3, "template": {"spec": job(parallelism=2)}}]},
            ),
            12,
        ),
        (
            workload(
                "jobset.x-k8s.io/v1alpha2",
                "JobSet",
                {
                    "replicatedJobs": [
                        {"name": "a", "replicas": 3, "template": {"spec": job()}},
                        {"name": "b", "replicas": 2, "template": {"spec": job()}},
                    ]
                },
            ),
            10,
        ),
        (
            workload(
                "leaderworkerset.x-k8s.io/v1",
                "LeaderWorkerSet",
                {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "workerTemplate": POD}},
            ),
            16,
        ),
        (workload(RAY, "RayCluster", ray(replicas=5)), 10),
        (workload(RAY, "RayCluster", ray(replicas=1, minReplicas=1, maxReplicas=6)), 12),
        (workload(RAY, "RayCluster", ray(replicas=2, numOfHosts=3)), 12),
        (workload(RAY, "RayJob", {"rayClusterSpec": ray(replicas=5)}), 10),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_as_many_as_there_may_be_at_one_time(value: Json, asked: int) -> None:
    found = judge(value, around=AROUND)
    assert found.verdict == "deny"
    assert asked_of(found) == asked


@pytest.mark.parametrize(
    ("value", "verdict", "said"),
    [
        (cron(None, parallelism=1), "warn", UNBOUNDED),
        (cron("Allow", parallelism=1), "warn", UNBOUNDED),
        (
            workload(RAY, "RayCronJob", {"jobTemplate": {"rayClusterSpec": ray(replicas=1)}}),
            "warn",
            UNBOUNDED,
        ),
        (workload("apps/v1", "DaemonSet", {"template": POD}), "allow", UNKNOWN),
        (workload("apps/v1", "Deployment", {"replicas": "many", "template": POD}), "allow", UNKNOWN),
        (workload(BATCH, "Job", job(parallelism={"a": 1})), "allow", UNKNOWN),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_what_cannot_be_told_is_said(value: Json, verdict: str, said: str) -> None:
    found = judge(value, around=AROUND)
    assert found.verdict == verdict
    told = [*messages(found), *[one.needs for one in found.not_evaluated]]
    assert len(told) == 1
    assert said in told[0]


def test_no_pods_ask_for_nothing() -> None:
    assert judge(workload(BATCH, "Job", job(parallelism=0)), around=AROUND).verdict == "allow"
    assert (
        judge(workload("apps/v1", "StatefulSet", {"replicas": 0, "template": POD}), around=AROUND).violations
        == ()
    )


def autoscaler(most: Any, kind: str = "Deployment") -> Json:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "d"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": most}
    return workload("autoscaling/v2", "HorizontalPodAutoscaler", spec)


def test_autoscalers_ask_for_what_they_may_add() -> None:
    around = (*AROUND, deployment(2))
    assert judge(autoscaler(2), around=around).violations == ()
    assert judge(autoscaler(6), around=around).verdict == "allow"
    found = judge(autoscaler(7), around=around)
    assert (found.verdict, asked_of(found), found.violations[0].path) == ("deny", 10, ("spec", "maxReplicas"))
    # Beside what it might have added before.
    assert judge(autoscaler(7), old=autoscaler(3), around=around).verdict == "allow"
    assert asked_of(judge(autoscaler(8), old=autoscaler(3), around=around)) == 10


def test_autoscalers_of_what_nobody_knows_are_told() -> None:
    found = judge(autoscaler(7, "StatefulSet"), around=(*AROUND, deployment(2)))
    assert [one.needs for one in found.not_evaluated] == ["the StatefulSet ml/d, which it scales"]
    unreadable = judge(autoscaler("many"), around=(*AROUND, deployment(2)))
    assert UNKNOWN in unreadable.not_evaluated[0].needs


def test_a_trainer_counts_its_nodes() -> None:
    resources = {"limits": {"example.com/gpu": 2}}
    train = workload(
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        {"trainer": {"numNodes": 5, "resourcesPerNode": resources}},
    )
    assert asked_of(judge(train, quota(limits=[{"resource": "example.com/gpu", "hard": 8}]))) == 10
