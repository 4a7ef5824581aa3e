"""Stock gator reads the profiles as they are shipped, and says of every sample what `lockgate check` says."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.webhook.catalogue.entries import PROFILES

from tests.e2e.programs import run_program
from tests.policies.shipped import INTERNAL, POLICIES, load
from tests.shared_folder import ROOT

pytestmark = pytest.mark.e2e

TEMPLATES = {load(rule.template)["spec"]["crd"]["spec"]["names"]["kind"]: rule.template for rule in INTERNAL}
# What gator would take for its own configuration, it does not judge, nor a request.
SAMPLES = [
    path
    for rule in INTERNAL
    for sample in rule.samples()
    for path in (*sample.allowed, *sample.denied)
    if not any(one in path.read_text("utf-8") for one in ("gatekeeper.sh/", "admission.k8s.io/"))
]


def _told(command: list[str | Path]) -> Any:
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("profile", PROFILES)
def test_gator_says_the_same_of_every_sample(profile: str, tmp_path: Path) -> None:
    text = (POLICIES.root / "profiles" / f"{profile}.yaml").read_text("utf-8")
    # Those that ask external data gator cannot load.
    constraints = [one for one in yaml.safe_load_all(text) if one["kind"] in TEMPLATES]
    assert constraints
    chosen = tmp_path / "constraints.yaml"
    chosen.write_text(yaml.safe_dump_all(constraints), "utf-8")
    files = [chosen, *[TEMPLATES[one["kind"]] for one in constraints], *SAMPLES]
    done = run_program(
        "gator", "test", "-o", "json", *[word for path in files for word in ("-f", path)], cwd=ROOT
    )
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert done.stdout, done.stderr[-2000:]
    # It judges templates too.
    judged = [
        one for one in json.loads(done.stdout) if "gatekeeper.sh/" not in one["violatingObject"]["apiVersion"]
    ]
    theirs = Counter((one["constraint"]["metadata"]["name"], one["msg"]) for one in judged)
    command = [sys.executable, "-m", "lockgate.webhook", "check", "--no-defaults", "--format", "json"]
    report = _told([*command, "-p", chosen, *SAMPLES])
    ours = Counter((one["constraint"], one["message"]) for one in report["violations"])
    # Who asks is known to neither; gator evaluates as if nobody did.
    unknown = {one["constraint"] for one in report["notEvaluated"] if one["resource"] is not None}
    assert report["errors"] == []
    assert {key: count for key, count in theirs.items() if key[0] not in unknown} == ours
    assert len(ours) > len(constraints)
