"""A pipeline whose release waits for the gate: `python pipeline.py` compiles it to pipeline.yaml.

Written for kfp 2.17; the images are pinned, and no step installs anything when it runs.
"""

from kfp import compiler, dsl

# With Python, kfp and lockgate.
GATE_IMAGE = "registry.example.com/lockgate-kfp@sha256:6b0f2a7c9d4e1b3850f7a2c6d9e4b1f3a5c8d7e0f2b4a6c9d1e3f5a7b8c0d2e4"
STEP_IMAGE = (
    "registry.example.com/release@sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
)


@dsl.component(base_image=GATE_IMAGE, install_kfp_package=False)
def lockgate_gate(
    manifests: dsl.Input[dsl.Artifact],
    report: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    policies: str = "",
    fail_on: str = "deny",
) -> str:
    """Judges manifests. Fails where policies deny or something cannot be judged; else gives "pass".

    manifests: a file or a folder. policies: a path in the image; empty for the baseline. fail_on: what stops the pipeline beside
    what denies, with commas between. report: the JSON of `lockgate check`. metrics: how many violations.
    """
    import json
    import subprocess
    import tempfile

    command = ["lockgate", "check", "--format", "json", "--require-objects", "--fail-on", fail_on]
    command += ["--output", report.path]
    if policies:
        command += ["-p", policies]
    # From an empty folder, so that no lockgate.yaml of the manifests is read.
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run([*command, "--", manifests.path], cwd=empty, check=False)  # noqa: S603 - our own command
    if done.returncode in (0, 1):
        with open(report.path, encoding="utf-8") as stream:
            found = json.load(stream)
        for name in ("documents", "denied", "warned"):
            metrics.log_metric(name, found["summary"][name])
        for one in found["violations"]:
            print(f"{','.join(one['actions'])} {one['policy']} {one['file']}:{one['line']}: {one['message']}")
    if done.returncode != 0:
        raise RuntimeError(
            "policies deny it" if done.returncode == 1 else "it could not be judged; see the messages above"
        )
    return "pass"


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def render(model: str, privileged: bool, manifests: dsl.Output[dsl.Artifact]) -> None:
    """Writes what is to be released: a Deployment that serves a model."""
    import json

    container = {
        "name": "server",
        "image": model,
        "securityContext": {"privileged": privileged, "allowPrivilegeEscalation": privileged},
    }
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "fraud", "namespace": "ml-prod"},
        "spec": {
            "selector": {"matchLabels": {"app": "fraud"}},
            "template": {
                "metadata": {"labels": {"app": "fraud"}},
                "spec": {"serviceAccountName": "fraud", "containers": [container]},
            },
        },
    }
    with open(manifests.path, "w", encoding="utf-8") as stream:
        json.dump(made, stream)


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def release(manifests: dsl.Input[dsl.Artifact], verdict: str) -> str:
    """Stands for what releases: here it only says so."""
    return f"released {manifests.name}: {verdict}"


@dsl.pipeline(name="fraud-release", description="Renders, judges, and releases what nothing denies.")
def fraud_release(model: str, privileged: bool = False) -> str:
    """The release takes the gate's verdict, so it cannot run before, nor without."""
    rendered = render(model=model, privileged=privileged)
    rendered.set_cpu_limit("1").set_memory_limit("512M")
    judged = lockgate_gate(manifests=rendered.outputs["manifests"])
    judged.set_cpu_limit("1").set_memory_limit("512M")
    # A verdict of other policies is none of these.
    judged.set_caching_options(False)
    done = release(manifests=rendered.outputs["manifests"], verdict=judged.outputs["Output"])
    done.set_cpu_limit("1").set_memory_limit("512M")
    done.set_caching_options(False)
    return done.output


if __name__ == "__main__":
    from pathlib import Path

    compiler.Compiler().compile(fraud_release, str(Path(__file__).with_name("pipeline.yaml")))
