"""The pipeline that kfp compiled: nothing of it runs before the gate's verdict. `tests/e2e/test_kfp_gate.py` runs it."""

from typing import Any

import yaml

from tests.shared_folder import ROOT

EXAMPLE = ROOT / "examples" / "kubeflow-pipelines"


def compiled_pipeline() -> Any:
    return yaml.safe_load((EXAMPLE / "pipeline.yaml").read_text())


def test_the_release_takes_the_verdict() -> None:
    tasks = compiled_pipeline()["root"]["dag"]["tasks"]
    verdict = tasks["release"]["inputs"]["parameters"]["verdict"]["taskOutputParameter"]
    assert verdict == {"outputParameterKey": "Output", "producerTask": "lockgate-gate"}
    assert "lockgate-gate" in tasks["release"]["dependentTasks"]
    # What is judged is what is released, and it is judged in every run.
    manifests = [tasks[name]["inputs"]["artifacts"]["manifests"] for name in ("lockgate-gate", "release")]
    assert manifests[0] == manifests[1]
    assert not tasks["lockgate-gate"]["cachingOptions"].get("enableCache")


def test_no_step_installs_anything() -> None:
    executors = compiled_pipeline()["deploymentSpec"]["executors"].values()
    assert len(executors) == 3
    for executor in executors:
        container = executor["container"]
        assert "pip install" not in " ".join(container["command"])
        assert "@sha256:" in container["image"]
