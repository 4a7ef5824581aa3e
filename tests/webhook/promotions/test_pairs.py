"""Pairs of states with what happened between them, labelled by hand: no direction is told falsely."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.promotions.environments import Environments
from lockgate.engine.promotions.recognising import Earlier, Event, NothingEarlier, Slot, recognise
from lockgate.engine.promotions.subjects import Holder
from lockgate.engine.record import record
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.reading import HolderReader

from tests.webhook.promotions.making import (
    COMMIT_A,
    COMMIT_B,
    HEX_A,
    HEX_B,
    Json,
    application,
    chart,
    deployment,
    flux_kustomization,
    git_repository,
    kustomization,
    llm,
    ray_service,
    release,
    root_sync,
    service,
    thing,
    train_job,
)

ENVIRONMENTS: Final = Environments(("dev", "staging", "prod"))
State = Mapping[str, Sequence[Json]]
# What happened, in which environment, to which kind; from which version to which; from which environment.
Told = tuple[str, str, str, str, str, str]
IMAGE_A: Final = f"registry.example.com/ml/server@sha256:{HEX_A}"
IMAGE_B: Final = f"registry.example.com/ml/server@sha256:{HEX_B}"


@record
class Pair:
    """Two states, and what is to be recognised. ran: what environments had before, as (environment, kind, key, version)."""

    name: str
    before: State
    after: State
    expected: tuple[Told, ...] = ()
    ran: tuple[tuple[str, str, str, str], ...] = ()


class Ran:
    """What environments had before."""

    def __init__(self, ran: Sequence[tuple[str, str, str, str]]) -> None:
        self._ran = ran

    def versions(self, slot: Slot) -> frozenset[str]:
        """Of one subject."""
        return frozenset([version for *where, version in self._ran if tuple(where) == slot])


def entered(kind: str, old: str, new: str, source: str = "staging") -> Told:
    """It came to production."""
    return ("promotion", "prod", kind, old, new, source)


V1, V2 = f"hf://ml/fraud:{COMMIT_A}", f"hf://ml/fraud:{COMMIT_B}"
PAIRS: Final = (
    # --- Models
    Pair("nothing changes", {"prod": [service(V1)]}, {"prod": [service(V1)]}),
    Pair(
        "a model's commit goes from staging to production",
        {"staging": [service(V2)], "prod": [service(V1)]},
        {"staging": [service(V2)], "prod": [service(V2)]},
        (entered("model", COMMIT_A, COMMIT_B),),
    ),
    Pair(
        "both environments change at once",
        {"staging": [service(V1)], "prod": [service(V1)]},
        {"staging": [service(V2)], "prod": [service(V2)]},
        (
            ("promotion", "staging", "model", COMMIT_A, COMMIT_B, ""),
            entered("model", COMMIT_A, COMMIT_B),
        ),
    ),
    Pair(
        "production takes what was nowhere",
        {"staging": [service(V1)], "prod": [service(V1)]},
        {"staging": [service(V1)], "prod": [service(V2)]},
        (entered("model", COMMIT_A, COMMIT_B, ""),),
    ),
    Pair(
        "an environment is passed over",
        {"dev": [service(V2)], "staging": [service(V1)], "prod": [service(V1)]},
        {"dev": [service(V2)], "staging": [service(V1)], "prod": [service(V2)]},
        (entered("model", COMMIT_A, COMMIT_B, "dev"),),
    ),
    Pair(
        "a first model in development",
        {},
        {"dev": [service(V1)]},
        (("introduction", "dev", "model", "", COMMIT_A, ""),),
    ),
    Pair("a first model in production", {}, {"prod": [service(V1)]}, (entered("model", "", COMMIT_A, ""),)),
    Pair(
        "a model leaves production",
        {"prod": [service(V1)]},
        {"prod": []},
        (("removal", "prod", "model", COMMIT_A, COMMIT_A, ""),),
    ),
    Pair(
        "production goes back to what it had",
        {"prod": [service(V2)]},
        {"prod": [service(V1)]},
        (("rollback", "prod", "model", COMMIT_B, COMMIT_A, ""),),
        (("prod", "model", "hf:ml/fraud", COMMIT_A),),
    ),
    Pair(
        "what staging had once comes to production",
        {"prod": [service(V1)]},
        {"prod": [service(V2)]},
        (entered("model", COMMIT_A, COMMIT_B),),
        (("staging", "model", "hf:ml/fraud", COMMIT_B),),
    ),
    Pair("it is renamed", {"prod": [service(V1, "a")]}, {"prod": [service(V1, "b")]}),
    Pair("it runs twice", {"prod": [service(V1, "a")]}, {"prod": [service(V1, "a"), service(V1, "b")]}),
    Pair(
        "it is deleted and created again with another version",
        {"staging": [service(V2)], "prod": [service(V1, "a")]},
        {"staging": [service(V2)], "prod": [service(V2, "b")]},
        (entered("model", "", COMMIT_B),),
    ),
    Pair(
        "its namespace is labelled as production",
        {"staging": [service(V1)], "prod": []},
        {"staging": [], "prod": [service(V1)]},
        (entered("model", "", COMMIT_A), ("removal", "staging", "model", COMMIT_A, COMMIT_A, "")),
    ),
    Pair(
        "its namespace has no environment",
        {"": [service(V1)]},
        {"": [service(V2)]},
        (("unknown", "", "model", COMMIT_A, COMMIT_B, ""),),
    ),
    Pair(
        "an environment that is not known",
        {"eu": [service(V1)]},
        {"eu": [service(V2)]},
        (("unknown", "eu", "model", COMMIT_A, COMMIT_B, ""),),
    ),
    Pair("what has no environment stays", {"": [service(V1)]}, {"": [service(V1)]}),
    Pair(
        "a placeholder comes",
        {"prod": [service(V1)]},
        {"prod": [service("hf://ml/fraud:${VERSION}")]},
        (("unknown", "prod", "model", "hf:ml/fraud", "hf://ml/fraud:${VERSION}", ""),),
    ),
    Pair("a placeholder stays", {"prod": [service("${MODEL}")]}, {"prod": [service("${MODEL}")]}),
    Pair(
        "a tag of an image with a model",
        {
            "staging": [service("oci://registry.example.com/m:0.2")],
            "prod": [service("oci://registry.example.com/m:0.1")],
        },
        {
            "staging": [service("oci://registry.example.com/m:0.2")],
            "prod": [service("oci://registry.example.com/m:0.2")],
        },
        (entered("model", "0.1", "0.2"),),
    ),
    Pair(
        "a lower tag is a step back",
        {"prod": [service("oci://registry.example.com/m:0.2")]},
        {"prod": [service("oci://registry.example.com/m:0.1")]},
        (("rollback", "prod", "model", "0.2", "0.1", ""),),
    ),
    Pair(
        "0.10 is no step back from 0.9",
        {"prod": [service("oci://registry.example.com/m:0.9")]},
        {"prod": [service("oci://registry.example.com/m:0.10")]},
        (entered("model", "0.9", "0.10", ""),),
    ),
    Pair(
        "a path that ends with a version",
        {"staging": [service("s3://models/fraud/8")], "prod": [service("s3://models/fraud/7")]},
        {"staging": [service("s3://models/fraud/8")], "prod": [service("s3://models/fraud/8")]},
        (entered("model", "s3:models/fraud/7", "s3:models/fraud/8"),),
    ),
    Pair(
        "a path that goes back",
        {"prod": [service("s3://models/fraud/8")]},
        {"prod": [service("s3://models/fraud/7")]},
        (("rollback", "prod", "model", "s3:models/fraud/8", "s3:models/fraud/7", ""),),
    ),
    Pair(
        "another model in its place",
        {"prod": [service("s3://models/fraud/8")]},
        {"prod": [service("s3://models/churn/3")]},
        (entered("model", "s3:models/fraud/8", "s3:models/churn/3", ""),),
    ),
    Pair(
        "a version of an object in a store",
        {"staging": [service("s3://m/fraud?versionId=b")], "prod": [service("s3://m/fraud?versionId=a")]},
        {"staging": [service("s3://m/fraud?versionId=b")], "prod": [service("s3://m/fraud?versionId=b")]},
        (entered("model", "a", "b"),),
    ),
    Pair(
        "a version number of MLflow",
        {"staging": [service("models:/fraud/8")], "prod": [service("models:/fraud/7")]},
        {"staging": [service("models:/fraud/8")], "prod": [service("models:/fraud/8")]},
        (entered("model", "7", "8"),),
    ),
    Pair(
        "a model registry's version",
        {"staging": [service("model-registry://fraud/v2")], "prod": [service("model-registry://fraud/v1")]},
        {"staging": [service("model-registry://fraud/v2")], "prod": [service("model-registry://fraud/v2")]},
        (entered("model", "v1", "v2"),),
    ),
    Pair(
        "an alias stays",
        {"prod": [service("models:/fraud@champion")]},
        {"prod": [service("models:/fraud@champion")]},
    ),
    Pair(
        "a language model and its adapter",
        {"staging": [llm(V2, "hf://ml/a:x")], "prod": [llm(V1, "hf://ml/a:w")]},
        {"staging": [llm(V2, "hf://ml/a:x")], "prod": [llm(V2, "hf://ml/a:x")]},
        (entered("model", COMMIT_A, COMMIT_B), entered("adapter", "w", "x")),
    ),
    Pair(
        "only the adapter",
        {"staging": [llm(V1, "hf://ml/a:x")], "prod": [llm(V1, "hf://ml/a:w")]},
        {"staging": [llm(V1, "hf://ml/a:x")], "prod": [llm(V1, "hf://ml/a:x")]},
        (entered("adapter", "w", "x"),),
    ),
    Pair(
        "a model by arguments",
        {
            "staging": [deployment(IMAGE_A, "s", "--model", "ml/fraud", "--revision", COMMIT_B)],
            "prod": [deployment(IMAGE_A, "s", "--model", "ml/fraud", "--revision", COMMIT_A)],
        },
        {
            "staging": [deployment(IMAGE_A, "s", "--model", "ml/fraud", "--revision", COMMIT_B)],
            "prod": [deployment(IMAGE_A, "s", "--model", "ml/fraud", "--revision", COMMIT_B)],
        },
        (entered("model", COMMIT_A, COMMIT_B),),
    ),
    Pair(
        "Ray's string",
        {"staging": [ray_service(V2)], "prod": [ray_service(V1)]},
        {"staging": [ray_service(V2)], "prod": [ray_service(V2)]},
        (entered("model", COMMIT_A, COMMIT_B),),
    ),
    Pair(
        "what is trained on",
        {"staging": [train_job(V1, "hf://ml/d:b")], "prod": [train_job(V1, "hf://ml/d:a")]},
        {"staging": [train_job(V1, "hf://ml/d:b")], "prod": [train_job(V1, "hf://ml/d:b")]},
        (entered("dataset", "a", "b"),),
    ),
    Pair(
        "a runtime of training",
        {
            "staging": [train_job(V1, "hf://ml/d:a", "torch-2")],
            "prod": [train_job(V1, "hf://ml/d:a", "torch-1")],
        },
        {
            "staging": [train_job(V1, "hf://ml/d:a", "torch-2")],
            "prod": [train_job(V1, "hf://ml/d:a", "torch-2")],
        },
        (entered("runtime", "torch-1", "torch-2"),),
    ),
    Pair(
        "traffic moves to a canary",
        {"prod": [service(V1, canaryTrafficPercent=10)]},
        {"prod": [service(V1, canaryTrafficPercent=100)]},
        (("traffic", "prod", "traffic", "10", "100", ""),),
    ),
    Pair(
        "a canary comes with a model",
        {"staging": [service(V2)], "prod": [service(V1)]},
        {"staging": [service(V2)], "prod": [service(V2, canaryTrafficPercent=10)]},
        (entered("model", COMMIT_A, COMMIT_B), ("traffic", "prod", "traffic", "", "10", "")),
    ),
    # --- Images
    Pair(
        "an image by digest",
        {"staging": [deployment(IMAGE_B)], "prod": [deployment(IMAGE_A)]},
        {"staging": [deployment(IMAGE_B)], "prod": [deployment(IMAGE_B)]},
        (entered("image", f"sha256:{HEX_A}", f"sha256:{HEX_B}"),),
    ),
    Pair(
        "an image by tag",
        {"staging": [deployment("r.example.com/s:v1.3.0")], "prod": [deployment("r.example.com/s:v1.2.0")]},
        {"staging": [deployment("r.example.com/s:v1.3.0")], "prod": [deployment("r.example.com/s:v1.3.0")]},
        (entered("image", "v1.2.0", "v1.3.0"),),
    ),
    Pair(
        "a release candidate is below its release",
        {"prod": [deployment("r.example.com/s:1.3.0")]},
        {"prod": [deployment("r.example.com/s:1.3.0-rc.2")]},
        (("rollback", "prod", "image", "1.3.0", "1.3.0-rc.2", ""),),
    ),
    Pair(
        "another registry with the same tag is another subject",
        {"prod": [deployment("a.example.com/s:1")]},
        {"prod": [deployment("b.example.com/s:1")]},
        (entered("image", "1", "1", ""),),
    ),
    Pair(
        "a tag is pinned",
        {"staging": [deployment(IMAGE_A)], "prod": [deployment("registry.example.com/ml/server:1")]},
        {"staging": [deployment(IMAGE_A)], "prod": [deployment(IMAGE_A)]},
        (entered("image", "1", f"sha256:{HEX_A}"),),
    ),
    Pair(
        "a sidecar joins",
        {"prod": [deployment(IMAGE_A)]},
        {"prod": [deployment(IMAGE_A), deployment("r.example.com/other:1", "other")]},
        (entered("image", "", "1", ""),),
    ),
    Pair(
        "one image in two workloads is one promotion",
        {"staging": [deployment(IMAGE_B)], "prod": [deployment(IMAGE_A, "a"), deployment(IMAGE_A, "b")]},
        {"staging": [deployment(IMAGE_B)], "prod": [deployment(IMAGE_B, "a"), deployment(IMAGE_B, "b")]},
        (entered("image", f"sha256:{HEX_A}", f"sha256:{HEX_B}"),),
    ),
    Pair(
        "only replicas change",
        {
            "prod": [
                thing(
                    "Deployment",
                    "apps/v1",
                    {"replicas": 1, "template": {"spec": {"containers": [{"image": IMAGE_A}]}}},
                )
            ]
        },
        {
            "prod": [
                thing(
                    "Deployment",
                    "apps/v1",
                    {"replicas": 9, "template": {"spec": {"containers": [{"image": IMAGE_A}]}}},
                )
            ]
        },
    ),
    Pair(
        "a Deployment becomes a Rollout",
        {"prod": [deployment(IMAGE_A)]},
        {
            "prod": [
                thing(
                    "Rollout",
                    "argoproj.io/v1alpha1",
                    {"template": {"spec": {"containers": [{"image": IMAGE_A}]}}},
                )
            ]
        },
    ),
    # --- GitOps
    Pair(
        "a revision of git",
        {"staging": [application(COMMIT_B)], "prod": [application(COMMIT_A)]},
        {"staging": [application(COMMIT_B)], "prod": [application(COMMIT_B)]},
        (entered("revision", COMMIT_A, COMMIT_B),),
    ),
    Pair(
        "a tag of git that goes back",
        {"prod": [application("v1.4.0")]},
        {"prod": [application("v1.3.0")]},
        (("rollback", "prod", "revision", "v1.4.0", "v1.3.0", ""),),
    ),
    Pair(
        "a target revision is left out",
        {"staging": [application(None)], "prod": [application("v1")]},
        {"staging": [application(None)], "prod": [application(None)]},
        (entered("revision", "v1", "HEAD"),),
    ),
    Pair(
        "a chart",
        {"staging": [chart("2.1.0")], "prod": [chart("2.0.0")]},
        {"staging": [chart("2.1.0")], "prod": [chart("2.1.0")]},
        (entered("chart", "2.0.0", "2.1.0"),),
    ),
    Pair(
        "a tag by Helm's parameter",
        {
            "staging": [application("v1", helm={"parameters": [{"name": "image.tag", "value": "8"}]})],
            "prod": [application("v1", helm={"parameters": [{"name": "image.tag", "value": "7"}]})],
        },
        {
            "staging": [application("v1", helm={"parameters": [{"name": "image.tag", "value": "8"}]})],
            "prod": [application("v1", helm={"parameters": [{"name": "image.tag", "value": "8"}]})],
        },
        (entered("parameter", "7", "8"),),
    ),
    Pair(
        "an image by Argo CD's kustomize",
        {
            "staging": [application("v1", kustomize={"images": ["r.example.com/s:8"]})],
            "prod": [application("v1", kustomize={"images": ["r.example.com/s:7"]})],
        },
        {
            "staging": [application("v1", kustomize={"images": ["r.example.com/s:8"]})],
            "prod": [application("v1", kustomize={"images": ["r.example.com/s:8"]})],
        },
        (entered("image", "7", "8"),),
    ),
    Pair(
        "another folder",
        {"staging": [application("v1", "apps/b")], "prod": [application("v1", "apps/a")]},
        {"staging": [application("v1", "apps/b")], "prod": [application("v1", "apps/b")]},
        (entered("folder", "apps/a", "apps/b"),),
    ),
    Pair(
        "Flux: a tag of git",
        {"staging": [git_repository(tag="v2")], "prod": [git_repository(tag="v1")]},
        {"staging": [git_repository(tag="v2")], "prod": [git_repository(tag="v2")]},
        (entered("revision", "v1", "v2"),),
    ),
    Pair(
        "Flux: from a branch to a commit",
        {"staging": [git_repository(commit=COMMIT_A)], "prod": [git_repository(branch="main")]},
        {"staging": [git_repository(commit=COMMIT_A)], "prod": [git_repository(commit=COMMIT_A)]},
        (entered("revision", "main", COMMIT_A),),
    ),
    Pair(
        "Flux: a chart",
        {"staging": [release("1.3.0")], "prod": [release("1.2.0")]},
        {"staging": [release("1.3.0")], "prod": [release("1.3.0")]},
        (entered("chart", "1.2.0", "1.3.0"),),
    ),
    Pair(
        "Flux: an image in values",
        {
            "staging": [release("1.2.0", image={"repository": "r.example.com/s", "tag": "8"})],
            "prod": [release("1.2.0", image={"repository": "r.example.com/s", "tag": "7"})],
        },
        {
            "staging": [release("1.2.0", image={"repository": "r.example.com/s", "tag": "8"})],
            "prod": [release("1.2.0", image={"repository": "r.example.com/s", "tag": "8"})],
        },
        (entered("image", "7", "8"),),
    ),
    Pair(
        "Flux: an image of a Kustomization",
        {
            "staging": [flux_kustomization(images=[{"name": "r.example.com/s", "newTag": "8"}])],
            "prod": [flux_kustomization(images=[{"name": "r.example.com/s", "newTag": "7"}])],
        },
        {
            "staging": [flux_kustomization(images=[{"name": "r.example.com/s", "newTag": "8"}])],
            "prod": [flux_kustomization(images=[{"name": "r.example.com/s", "newTag": "8"}])],
        },
        (entered("image", "7", "8"),),
    ),
    Pair(
        "Flux: a variable",
        {
            "staging": [flux_kustomization(postBuild={"substitute": {"MODEL_VERSION": "8"}})],
            "prod": [flux_kustomization(postBuild={"substitute": {"MODEL_VERSION": "7"}})],
        },
        {
            "staging": [flux_kustomization(postBuild={"substitute": {"MODEL_VERSION": "8"}})],
            "prod": [flux_kustomization(postBuild={"substitute": {"MODEL_VERSION": "8"}})],
        },
        (entered("parameter", "7", "8"),),
    ),
    Pair(
        "kustomize: an image",
        {
            "staging": [kustomization(images=[{"name": "s", "newName": "r.example.com/s", "newTag": "8"}])],
            "prod": [kustomization(images=[{"name": "s", "newName": "r.example.com/s", "newTag": "7"}])],
        },
        {
            "staging": [kustomization(images=[{"name": "s", "newName": "r.example.com/s", "newTag": "8"}])],
            "prod": [kustomization(images=[{"name": "s", "newName": "r.example.com/s", "newTag": "8"}])],
        },
        (entered("image", "7", "8"),),
    ),
    Pair(
        "kustomize: a base elsewhere",
        {
            "staging": [kustomization(resources=["https://git.example.com/b?ref=v2"])],
            "prod": [kustomization(resources=["https://git.example.com/b?ref=v1"])],
        },
        {
            "staging": [kustomization(resources=["https://git.example.com/b?ref=v2"])],
            "prod": [kustomization(resources=["https://git.example.com/b?ref=v2"])],
        },
        (entered("revision", "v1", "v2"),),
    ),
    Pair(
        "Config Sync: a revision",
        {"staging": [root_sync(revision="v2", dir="d")], "prod": [root_sync(revision="v1", dir="d")]},
        {"staging": [root_sync(revision="v2", dir="d")], "prod": [root_sync(revision="v2", dir="d")]},
        (entered("revision", "v1", "v2"),),
    ),
    Pair(
        "Config Sync: a folder an environment is no promotion",
        {
            "staging": [root_sync(branch="main", dir="staging")],
            "prod": [root_sync(branch="main", dir="prod")],
        },
        {
            "staging": [root_sync(branch="main", dir="staging")],
            "prod": [root_sync(branch="main", dir="prod")],
        },
    ),
    # --- Others
    Pair(
        "a function's code",
        {
            "staging": [
                thing(
                    "Function",
                    "lambda.services.k8s.aws/v1alpha1",
                    {"code": {"s3Bucket": "b", "s3Key": "k", "s3ObjectVersion": "v2"}},
                )
            ],
            "prod": [
                thing(
                    "Function",
                    "lambda.services.k8s.aws/v1alpha1",
                    {"code": {"s3Bucket": "b", "s3Key": "k", "s3ObjectVersion": "v1"}},
                )
            ],
        },
        {
            "staging": [
                thing(
                    "Function",
                    "lambda.services.k8s.aws/v1alpha1",
                    {"code": {"s3Bucket": "b", "s3Key": "k", "s3ObjectVersion": "v2"}},
                )
            ],
            "prod": [
                thing(
                    "Function",
                    "lambda.services.k8s.aws/v1alpha1",
                    {"code": {"s3Bucket": "b", "s3Key": "k", "s3ObjectVersion": "v2"}},
                )
            ],
        },
        (entered("code", "v1", "v2"),),
    ),
    Pair(
        "a workflow's parameter",
        {
            "staging": [
                thing(
                    "WorkflowTemplate",
                    "argoproj.io/v1alpha1",
                    {"arguments": {"parameters": [{"name": "model-version", "value": "8"}]}},
                )
            ],
            "prod": [
                thing(
                    "WorkflowTemplate",
                    "argoproj.io/v1alpha1",
                    {"arguments": {"parameters": [{"name": "model-version", "value": "7"}]}},
                )
            ],
        },
        {
            "staging": [
                thing(
                    "WorkflowTemplate",
                    "argoproj.io/v1alpha1",
                    {"arguments": {"parameters": [{"name": "model-version", "value": "8"}]}},
                )
            ],
            "prod": [
                thing(
                    "WorkflowTemplate",
                    "argoproj.io/v1alpha1",
                    {"arguments": {"parameters": [{"name": "model-version", "value": "8"}]}},
                )
            ],
        },
        (entered("parameter", "7", "8"),),
    ),
    Pair(
        "traffic of revisions",
        {
            "prod": [
                thing(
                    "Service", "serving.knative.dev/v1", {"traffic": [{"revisionName": "a", "percent": 100}]}
                )
            ]
        },
        {
            "prod": [
                thing(
                    "Service", "serving.knative.dev/v1", {"traffic": [{"revisionName": "b", "percent": 100}]}
                )
            ]
        },
        (("traffic", "prod", "traffic", "a=100", "b=100", ""),),
    ),
    Pair(
        "a version by label",
        {
            "staging": [
                thing(
                    "Deployment",
                    "apps/v1",
                    {},
                    labels={
                        "modelregistry.kubeflow.org/registered-model-id": "3",
                        "modelregistry.kubeflow.org/model-version-id": "8",
                    },
                )
            ],
            "prod": [
                thing(
                    "Deployment",
                    "apps/v1",
                    {},
                    labels={
                        "modelregistry.kubeflow.org/registered-model-id": "3",
                        "modelregistry.kubeflow.org/model-version-id": "7",
                    },
                )
            ],
        },
        {
            "staging": [
                thing(
                    "Deployment",
                    "apps/v1",
                    {},
                    labels={
                        "modelregistry.kubeflow.org/registered-model-id": "3",
                        "modelregistry.kubeflow.org/model-version-id": "8",
                    },
                )
            ],
            "prod": [
                thing(
                    "Deployment",
                    "apps/v1",
                    {},
                    labels={
                        "modelregistry.kubeflow.org/registered-model-id": "3",
                        "modelregistry.kubeflow.org/model-version-id": "8",
                    },
                )
            ],
        },
        (entered("registry", "7", "8"),),
    ),
    Pair(
        "a ConfigMap says nothing",
        {"prod": [thing("ConfigMap", "v1", {"a": 1})]},
        {"prod": [thing("ConfigMap", "v1", {"a": 2})]},
    ),
)


@pytest.fixture(scope="module")
def reader() -> HolderReader:
    """Compiled once: it takes a second."""
    return HolderReader(open_library(SHIPPED, open_cache(True, os.environ), "subjects"))


def holders(reader: HolderReader, state: State) -> list[Holder]:
    """The objects of a state, each in the namespace of its environment."""
    return [
        reader.read(one, environment, f"ml-{environment}", "")
        for environment, objects in state.items()
        for one in objects
    ]


def told(event: Event) -> Told:
    """As pairs say it. What came in the place of another subject is told by keys."""
    former, subject = event.former, event.subject
    moved = former is not None and former.key != subject.key and not subject.version
    old = "" if former is None else former.key if moved else former.version
    new = subject.key if moved else subject.version
    return (event.happening, event.environment, subject.kind, old, new, event.source)


def test_there_are_enough() -> None:
    assert len(PAIRS) == len({pair.name for pair in PAIRS}) >= 60


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_what_happened_is_recognised(reader: HolderReader, pair: Pair) -> None:
    earlier: Earlier = Ran(pair.ran) if pair.ran else NothingEarlier()
    events = recognise(holders(reader, pair.before), holders(reader, pair.after), ENVIRONMENTS, earlier)
    assert sorted(told(event) for event in events) == sorted(pair.expected)
