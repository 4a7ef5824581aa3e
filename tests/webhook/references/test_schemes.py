"""Every scheme by which workloads name models: how it is read, who resolves it, and to what, or why not. Nobody is asked."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.references.reference import Reference, read_references
from lockgate.webhook.references.resolution import Digest, Leads, Outcome, Resolved, Unresolved
from lockgate.webhook.references.resolving import MAX_STEPS, Resolvers, offline_resolvers, resolve

from tests.webhook.helpers import run_here

SHA = "0123456789abcdef" * 4
COMMIT = "0123456789abcdef0123456789abcdef01234567"
RUN = "0123456789abcdef0123456789abcdef"
S3 = "S3 does not name objects by their bytes"
GS = "Google Cloud Storage does not name objects by their bytes"
HDFS = "HDFS does not name files by their bytes"
WEB = "what a web server sends is its own choice each time"
KEPT = "; the version keeps them the same, and names no digest"
MOVES = "a branch or a tag moves, and nobody was asked"
TAG = "a tag moves, and nobody was asked"
MLFLOW = "MLflow's registry knows where the model lies, and nobody was asked"
REGISTRY = "the registry knows where the model lies, and nobody was asked"
WANDB = "W&B is not asked here, and its digests are none of the bytes by SHA-256"
GIT = "which commit of the git repository is fetched is not said"

# Reference; scheme and pin as rules read them; resolver; digest, or the reason.
TABLE = [
    ("hf://org/model", "hf", "moving", "reasons", MOVES),
    ("hf://org/model:main", "hf", "moving", "reasons", MOVES),
    (f"hf://org/model:{COMMIT}", "hf", "content", "content", f"gitCommit:{COMMIT}"),
    (f"hf://org/model:{COMMIT.upper()}", "hf", "moving", "reasons", MOVES),
    (f"hf://org/model:{COMMIT[:12]}", "hf", "moving", "reasons", MOVES),
    ("org/model", "hf", "moving", "reasons", MOVES),
    (
        f"https://huggingface.co/org/model/resolve/{COMMIT}/w",
        "hf",
        "content",
        "content",
        f"gitCommit:{COMMIT}",
    ),
    ("https://huggingface.co/org/model/resolve/main/w", "hf", "moving", "reasons", MOVES),
    ("hf://org", "hf", "unreadable", "reasons", "it cannot be read"),
    (f"modelscope://org/model:{COMMIT}", "modelscope", "content", "content", f"gitCommit:{COMMIT}"),
    ("modelscope://org/model:v1", "modelscope", "moving", "reasons", "a branch or a tag moves"),
    (f"oci://r.example.com/m@sha256:{SHA}", "oci", "content", "content", f"sha256:{SHA}"),
    (f"oci+native://r.example.com/m:1@sha256:{SHA}", "oci", "content", "content", f"sha256:{SHA}"),
    (f"oci+fetch://r.example.com/m@sha256:{SHA}", "oci", "content", "content", f"sha256:{SHA}"),
    (f"docker://m@sha256:{SHA}", "oci", "content", "content", f"sha256:{SHA}"),
    ("oci://r.example.com/m:1", "oci", "moving", "reasons", TAG),
    ("oci+native://r.example.com/m", "oci", "moving", "reasons", TAG),
    ("oci+fetch://r.example.com/m:latest", "oci", "moving", "reasons", TAG),
    ("oci://r.example.com/m@sha256:12", "oci", "unreadable", "reasons", "it cannot be read"),
    ("s3://bucket/m", "s3", "moving", "reasons", S3),
    ("s3a://bucket/m", "s3a", "moving", "reasons", S3),
    ("s3n://bucket/m", "s3n", "moving", "reasons", S3),
    ("s3://bucket/m?versionId=7", "s3", "version", "reasons", S3 + KEPT),
    (f"s3://bucket/sha256-{SHA}/m", "s3", "name", "content", f"sha256:{SHA}"),
    (f"s3://bucket/sha256-{SHA.upper()}/m", "s3", "moving", "reasons", S3),
    ("gs://bucket/m", "gs", "moving", "reasons", GS),
    ("gs://bucket/m#7", "gs", "version", "reasons", GS + KEPT),
    (f"gs://bucket/{SHA}", "gs", "name", "content", f"sha256:{SHA}"),
    ("pvc://claim/m", "pvc", "moving", "reasons", "a volume holds what was last written to it"),
    (f"pvc://claim/sha256:{SHA}", "pvc", "name", "content", f"sha256:{SHA}"),
    ("file:///mnt/m", "file", "moving", "reasons", "it is a path of the machine that loads it"),
    ("hdfs://name/m", "hdfs", "moving", "reasons", HDFS),
    ("webhdfs://name/m", "webhdfs", "moving", "reasons", HDFS),
    ("https://example.com/m.onnx", "https", "moving", "reasons", WEB),
    ("http://example.com/m.onnx", "http", "moving", "reasons", WEB + ", and on the way anybody's"),
    ("https://acc.blob.core.windows.net/c/m", "https", "moving", "reasons", WEB),
    ("https://acc.blob.core.windows.net/c/m?versionid=7", "https", "version", "reasons", WEB + KEPT),
    ("https://example.com/org/model.git", "https", "moving", "reasons", GIT),
    ("model-registry://fraud/v3", "model-registry", "version", "reasons", REGISTRY),
    ("model-registry://fraud", "model-registry", "moving", "reasons", REGISTRY),
    ("models:/fraud/3", "models", "version", "reasons", MLFLOW),
    ("models:/fraud@champion", "models", "moving", "reasons", MLFLOW),
    ("models:/fraud/Production", "models", "moving", "reasons", MLFLOW),
    (f"runs:/{RUN}/model", "runs", "version", "reasons", "MLflow knows where the run's artefacts lie"),
    ("wandb-artifact:///team/project/m:v3", "wandb-artifact", "version", "reasons", WANDB),
    ("team/project/m:v3", "wandb-artifact", "moving", "reasons", WANDB),
    ("team/project/m:latest", "wandb-artifact", "moving", "reasons", WANDB),
    ("storage://key/m", "storage", "moving", "reasons", "it is a path in a store that a secret"),
    ("arn:aws:sagemaker:eu-west-1:1:model-package/m/3", "arn", "version", "reasons", "a model package of"),
    ("new-store://a/b", "new-store", "moving", "reasons", "no resolver knows the scheme new-store"),
    ("model", "name", "moving", "reasons", "only what serves it knows this name"),
    ("s3://$BUCKET/m", "s3", "unknown", "reasons", "it is known only when it runs"),
    ("{{model}}", "", "unknown", "reasons", "it is known only when it runs"),
    ("hf://org/model main", "hf", "unreadable", "reasons", "it cannot be read"),
]


@pytest.mark.parametrize(("text", "scheme", "pin", "resolver", "end"), TABLE, ids=[one[0] for one in TABLE])
def test_every_scheme(text: str, scheme: str, pin: str, resolver: str, end: str) -> None:
    reference = read_references([text])[text]
    assert (reference.scheme, reference.pin) == (scheme, pin)
    resolution = resolve(reference, offline_resolvers())
    assert [one.resolver for one in resolution.steps] == [resolver]
    if isinstance(resolution.end, Resolved):
        assert resolution.end.digest.shown == end
        assert resolution.end.uri == reference.uri
        # What no store compares is never told as if one did.
        assert (resolution.end.how, bool(resolution.end.note)) == (pin, pin == "name")
    else:
        assert resolution.end.reason.startswith(end)
        assert resolution.end.fix


class Leading:
    """Leads from one reference to the next."""

    def __init__(self, ways: dict[str, str]) -> None:
        self._ways = ways

    @property
    def name(self) -> str:
        return "leading"

    def resolve(self, reference: Reference) -> Outcome | None:
        found = self._ways.get(reference.uri)
        return None if found is None else Leads(found)


def lead(ways: dict[str, str]) -> Resolvers:
    offline = offline_resolvers()
    leading = Leading(ways)
    schemes = {"models": [leading], "runs": [leading]}
    return Resolvers(offline.any_scheme, schemes, offline.last)


def test_a_name_leads_to_a_digest() -> None:
    pinned = f"oci://r.example.com/m@sha256:{SHA}"
    ways = {"models:/fraud@champion": "models:/fraud/3", "models:/fraud/3": pinned}
    start = read_references(["models:/fraud@champion"])["models:/fraud@champion"]
    resolution = resolve(start, lead(ways))
    assert resolution.end == Resolved(Digest("sha256", SHA), pinned, "content")
    assert [one.uri for one in resolution.steps] == [*ways, pinned]


@pytest.mark.parametrize(
    ("ways", "reason"),
    [
        ({"models:/a/1": "models:/b/1", "models:/b/1": "models:/a/1"}, "it leads back to itself"),
        (
            {f"models:/a/{number}": f"models:/a/{number + 1}" for number in range(1, 20)},
            f"it leads on {MAX_STEPS} times",
        ),
    ],
    ids=["circle", "long"],
)
def test_a_way_without_an_end(ways: dict[str, str], reason: str) -> None:
    start = read_references(["models:/a/1"])["models:/a/1"]
    end = resolve(start, lead(ways)).end
    assert isinstance(end, Unresolved)
    assert end.reason == reason


@given(st.text(max_size=60))
def test_whatever_the_text_there_is_an_answer(text: str) -> None:
    reference = Reference(text, "", text, "", "moving", text)
    end = resolve(reference, offline_resolvers()).end
    assert isinstance(end, Unresolved) and end.fix


def test_the_command(tmp_path: Path) -> None:
    pinned = f"hf://org/model@{COMMIT}"
    ran = run_here("scan", "resolve", pinned, cwd=tmp_path)
    assert ran.code == 0
    assert f"gitCommit:{COMMIT} (content)" in ran.out
    ran = run_here("scan", "resolve", pinned, "s3://b/m", pinned, "--format", "json", cwd=tmp_path)
    assert ran.code == 1
    first, second = json.loads(ran.out)["references"]
    assert (first["digest"], first["resolved"]) == (f"gitCommit:{COMMIT}", f"hf://org/model:{COMMIT}")
    assert (second["digest"], second["resolved"], second["reason"]) == (None, None, S3)
    assert "lockgate scan verify FACTS --at PATH" in second["fix"]


def test_what_is_told_has_no_control_characters(tmp_path: Path) -> None:
    ran = run_here("scan", "resolve", "hf://org/\x1b[31mmodel", cwd=tmp_path)
    assert ran.code == 1
    assert "\x1b" not in ran.out


def test_too_many_references(tmp_path: Path) -> None:
    ran = run_here("scan", "resolve", *[f"s3://b/{number}" for number in range(1001)], cwd=tmp_path)
    assert (ran.code, "more than 1000 references" in ran.err) == (2, True)


MANIFESTS = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: fraud}
spec:
  predictor:
    model: {modelFormat: {name: onnx}, storageUri: "s3://models/fraud"}
---
apiVersion: v1
kind: Pod
metadata: {name: llm}
spec:
  containers:
  - name: server
    image: vllm/vllm-openai
    command: [vllm, serve, org/model, --revision, "0123456789abcdef0123456789abcdef01234567"]
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: other}
spec:
  predictor:
    model: {modelFormat: {name: onnx}, storageUri: "s3://models/fraud/"}
"""


def test_the_models_of_manifests(tmp_path: Path) -> None:
    (tmp_path / "rendered.yaml").write_text(MANIFESTS)
    command = ["scan", "resolve", "--manifests", "rendered.yaml"]
    ran = run_here(*command, "hf://org/other", "--format", "json", cwd=tmp_path)
    assert ran.code == 1, ran.err
    found = [(one["uri"], one["digest"], one["usedIn"]) for one in json.loads(ran.out)["references"]]
    assert found == [
        ("hf://org/other", None, []),
        ("s3://models/fraud", None, ["rendered.yaml:6", "rendered.yaml:22"]),
        (f"hf://org/model:{COMMIT}", f"gitCommit:{COMMIT}", ["rendered.yaml:15"]),
    ]
    assert "  in rendered.yaml:6\n" in run_here(*command, cwd=tmp_path).out


def test_manifests_that_load_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    (tmp_path / "b.yaml").write_text("a: [")
    for options, why in (
        ((), "no reference is given"),
        (("--manifests", "a.yaml"), "no object of these files loads a model"),
        (("--manifests", "b.yaml"), "b.yaml:"),
        (("--manifests", "absent.yaml"), "cannot read absent.yaml"),
    ):
        ran = run_here("scan", "resolve", *options, cwd=tmp_path)
        assert (ran.code, why in ran.err) == (2, True), ran.err
