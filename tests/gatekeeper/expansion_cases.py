"""What objects imply: facts, each of which `make e2e` puts to the real gator too."""

from dataclasses import dataclass

from tests.gatekeeper.workbench import Json, manifest

POD: Json = {"group": "", "version": "v1", "kind": "Pod"}
JOB: Json = {"group": "batch", "version": "v1", "kind": "Job"}


def expansion_template(name: str = "expand", **spec: object) -> Json:
    """A template from Deployments to Pods, unless `spec` says otherwise."""
    applies = [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}]
    return {
        "apiVersion": "expansion.gatekeeper.sh/v1beta1",
        "kind": "ExpansionTemplate",
        "metadata": {"name": name},
        "spec": {"applyTo": applies, "templateSource": "spec.template", "generatedGVK": POD, **spec},
    }


def applies(group: str, kind: str, version: str = "v1") -> list[Json]:
    return [{"groups": [group], "versions": [version], "kinds": [kind]}]


CRON = [
    expansion_template(
        "cron", applyTo=applies("batch", "CronJob"), templateSource="spec.jobTemplate", generatedGVK=JOB
    ),
    expansion_template("job", applyTo=applies("batch", "Job")),
]
CONTAINERS: Json = {"containers": [{"name": "c", "image": "i:1", "ports": [{"containerPort": 8080}]}]}


def workload(template: object, name: str = "Web", kind: str = "Deployment", **metadata: object) -> Json:
    made = manifest(kind, name, group="apps/v1", **metadata)
    return {**made, "spec": {"replicas": 2, "template": template}}


def owner(**more: object) -> Json:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": "Web", "uid": "", **more}


@dataclass(frozen=True, slots=True)
class ExpansionCase:
    """A parent, templates, and the metadata and kind of what is implied; `error` is a part of what is said else."""

    name: str
    parent: Json
    templates: tuple[Json, ...]
    implied: tuple[tuple[str, Json], ...] = ()
    error: str = ""


ONE = (expansion_template(),)

EXPANSION_CASES: tuple[ExpansionCase, ...] = (
    ExpansionCase(
        "a Deployment",
        workload({"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS}, namespace="shop"),
        ONE,
        (
            (
                "v1/Pod",
                {
                    "labels": {"a": "b"},
                    "name": "web-pod",
                    "namespace": "shop",
                    "ownerReferences": [owner()],
                },
            ),
        ),
    ),
    ExpansionCase("another kind", workload({}, kind="StatefulSet"), ONE),
    ExpansionCase("another version", {**workload({}), "apiVersion": "apps/v1beta1"}, ONE),
    ExpansionCase(
        "no metadata in the template",
        workload({"spec": CONTAINERS}, namespace="shop"),
        ONE,
        (("v1/Pod", {"name": "web-pod", "namespace": "shop", "ownerReferences": [owner()]}),),
    ),
    ExpansionCase(
        "no namespace: that of the template is taken away",
        workload({"metadata": {"namespace": "other", "name": "mine"}, "spec": CONTAINERS}),
        ONE,
        (("v1/Pod", {"name": "web-pod", "ownerReferences": [owner()]}),),
    ),
    ExpansionCase(
        "owners are kept, and lose what owners do not have",
        workload(
            {
                "metadata": {
                    "ownerReferences": [
                        {
                            "apiVersion": "v1",
                            "kind": "A",
                            "name": "a",
                            "uid": "1",
                            "controller": True,
                            "x": "y",
                        },
                        {"apiVersion": "v1", "kind": "B", "name": "b"},
                    ]
                }
            }
        ),
        ONE,
        (
            (
                "v1/Pod",
                {
                    "name": "web-pod",
                    "ownerReferences": [
                        {"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1", "controller": True},
                        {"apiVersion": "v1", "kind": "B", "name": "b", "uid": ""},
                        owner(),
                    ],
                },
            ),
        ),
    ),
    ExpansionCase(
        "the parent is its owner already",
        workload({"metadata": {"ownerReferences": [owner(uid="7", x="y")]}}),
        ONE,
        (("v1/Pod", {"name": "web-pod", "ownerReferences": [owner(uid="7", x="y")]}),),
    ),
    ExpansionCase(
        "in two steps",
        {
            **manifest("CronJob", "tick", group="batch/v1", namespace="shop"),
            "spec": {"jobTemplate": {"spec": {"template": {"spec": CONTAINERS}}}},
        },
        tuple(CRON),
        (
            (
                "batch/v1/Job",
                {
                    "name": "tick-job",
                    "namespace": "shop",
                    "ownerReferences": [owner(apiVersion="batch/v1", kind="CronJob", name="tick")],
                },
            ),
            (
                "v1/Pod",
                {
                    "name": "tick-job-pod",
                    "namespace": "shop",
                    "ownerReferences": [owner(apiVersion="batch/v1", kind="Job", name="tick-job")],
                },
            ),
        ),
    ),
    ExpansionCase(
        "no source",
        {**workload({}), "spec": {"replicas": 1}},
        ONE,
        error='could not find source field "spec.template" in resource Web',
    ),
    ExpansionCase(
        "no spec at all",
        manifest("Deployment", "Web", group="apps/v1"),
        ONE,
        error='could not find source field "spec.template" in resource Web',
    ),
    ExpansionCase("a source that is text", workload("text"), ONE, error="could not extract source field"),
    ExpansionCase("a source that is a list", workload([{}]), ONE, error="could not extract source field"),
    ExpansionCase("a source that is null", workload(None), ONE, error="could not extract source field"),
    ExpansionCase(
        "a way that is text", {**workload({}), "spec": "text"}, ONE, error="could not extract source field"
    ),
    ExpansionCase(
        "two templates",
        workload({"spec": CONTAINERS}, namespace="shop"),
        (expansion_template("a"), expansion_template("b", generatedGVK={**POD, "kind": "Other"})),
        (
            ("v1/Pod", {"name": "web-pod", "namespace": "shop", "ownerReferences": [owner()]}),
            ("v1/Other", {"name": "web-other", "namespace": "shop", "ownerReferences": [owner()]}),
        ),
    ),
)
