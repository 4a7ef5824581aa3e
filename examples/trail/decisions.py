"""Decisions of the made-up year: objects as CI and the cluster send them, and what policies said of them."""

from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Action, Decision, Exempted, Failure, PolicyKey, Verdict, Violation
from lockgate.engine.review import Review

MODELS: Final = ("fraud", "churn", "ranking", "pricing", "vision-inspect", "support-llm")
ENVIRONMENTS: Final = ("dev", "staging", "prod")

_BREACHES: Final = (
    ("LockgateImmutableImages", "baseline-immutable-images", "the image {image} has no digest", 9),
    (
        "LockgateDeviceCounts",
        "baseline-device-counts",
        "the object asks for 16 devices, and 8 are allowed",
        4,
    ),
    ("LockgateApprovedDeviceClasses", "approved-classes", "the DeviceClass gpu-h200 is not on the list", 3),
    ("LockgatePinnedModels", "pinned-models", "the model {model} is named by a tag", 5),
    ("LockgateScannedModels", "scanned-models", "nothing is known of the bytes of {model}", 4),
    ("LockgateModelEvaluation", "evaluation", "the drift report of {model} is too old", 3),
    ("LockgateZoneSpread", "baseline-zone-spread", "the replicas may all run in one zone", 3),
    ("LockgateQueueName", "queue-name", "the label kueue.x-k8s.io/queue-name is missing", 6),
)
# name, policies, granted and expiring on which day of the year, revoked on which; the year ends with day 365.
EXEMPTIONS: Final = (
    ("fraud-legacy-image", "baseline-immutable-images", 20, 380, None),
    ("support-llm-tags", "pinned-models", 60, 120, None),
    ("churn-spread", "baseline-zone-spread", 100, 190, None),
    ("pricing-tag", "pinned-models", 150, 240, 170),
    ("vision-classes", "approved-classes", 300, 485, None),
    ("ranking-devices", "baseline-device-counts", 340, 390, None),
)
_KINDS: Final = (
    ("apps", "v1", "Deployment", 30),
    ("batch", "v1", "Job", 25),
    ("serving.kserve.io", "v1beta1", "InferenceService", 20),
    ("", "v1", "Pod", 10),
    ("resource.k8s.io", "v1", "ResourceClaimTemplate", 8),
    ("resource.k8s.io", "v1", "ResourceClaim", 7),
)


@dataclass(frozen=True, slots=True)
class Object:
    """What is judged. kind: group, version and kind."""

    kind: tuple[str, str, str]
    namespace: str
    name: str
    model: str
    environment: str
    labels: tuple[tuple[str, str], ...] = ()


def digest_of(text: str) -> str:
    """A digest in hex, of what only has to have one."""
    return sha256(text.encode()).hexdigest()


def some_object(random: Random) -> Object:
    """An object of a model in an environment."""
    model = random.choice(MODELS)
    environment = random.choices(ENVIRONMENTS, (5, 3, 2))[0]
    kind = random.choices([one[:3] for one in _KINDS], [one[3] for one in _KINDS])[0]
    name = f"{model}-{kind[2].lower()}-{random.randrange(10_000):04d}"
    return Object(kind, f"{model}-{environment}", name, model, environment)


def review_of(made: Object, user: str, operation: str, uid: str) -> Review:
    """The request about it."""
    group, version, kind = made.kind
    image = f"registry.example/{made.model}/server"
    body: dict[str, Value] = {
        "apiVersion": f"{group}/{version}" if group else version,
        "kind": kind,
        "metadata": {
            "name": made.name,
            "namespace": made.namespace,
            "uid": uid,
            "labels": {"app": made.model, **dict(made.labels)},
        },
        "spec": {"containers": [{"name": "server", "image": image, "args": [f"s3://models/{made.model}"]}]},
    }
    request: dict[str, Value] = {
        "uid": uid,
        "kind": {"group": group, "version": version, "kind": kind},
        "operation": operation,
        "name": made.name,
        "namespace": made.namespace,
        "userInfo": {"username": user},
        "object": body,
    }
    return Review(request, body, None, None)


def violation(random: Random, made: Object, action: Action, only: str = "") -> Violation:
    """A breach of one of the policies, or of the named one."""
    listed = [one for one in _BREACHES if not only or one[1] == only]
    kind, name, message, _ = random.choices(listed, [one[3] for one in listed])[0]
    told = message.format(model=made.model, image=f"registry.example/{made.model}/server")
    return Violation(
        PolicyKey(kind, name), told, (action,), {"fix": "see the policy's page"}, ("spec", "containers", 0)
    )


def decide(
    verdict: Verdict,
    policies: str,
    violations: tuple[Violation, ...] = (),
    exempted: tuple[Exempted, ...] = (),
    failures: tuple[Failure, ...] = (),
) -> Decision:
    """What policies said. policies: the digest of the set, in hex."""
    return Decision(verdict, violations, failures, (), policies, "", matched=9, exempted=exempted)


FAILURE: Final = Failure(
    PolicyKey("LockgateScannedModels", "scanned-models"),
    "the provider lockgate-models did not answer in time",
)
