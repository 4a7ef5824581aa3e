"""Google's own library reads the alerting policies that `lockgate monitoring` writes, field by field."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from lockgate.webhook.cli import run
from lockgate.webhook.monitoring.alerts import ALERTS

from tests.e2e.environments import environment

pytestmark = pytest.mark.e2e

# A name or a value that the API does not have is an error of ParseDict.
READER = """
import json, sys
from google.cloud.monitoring_v3 import AlertPolicy
from google.protobuf.json_format import ParseDict
for policy in json.load(sys.stdin):
    read = AlertPolicy.wrap(ParseDict(policy, AlertPolicy.pb()()))
    (condition,) = read.conditions
    print(json.dumps([read.display_name, condition.condition_prometheus_query_language.query, read.severity.name]))
"""


def read(policies: list[object]) -> "subprocess.CompletedProcess[str]":
    command = [str(environment("google-cloud-monitoring-2.32.0")), "-c", READER]
    return subprocess.run(command, input=json.dumps(policies), capture_output=True, text=True, check=False)


def test_the_library_reads_every_policy(tmp_path: Path) -> None:
    channel = "projects/p/notificationChannels/1"
    assert run(["monitoring", "cloud-monitoring", "--output", str(tmp_path), "--channel", channel]) == 0
    policies = [yaml.safe_load((tmp_path / f"{one.name}.yaml").read_text("utf-8")) for one in ALERTS]
    done = read(policies)
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(name, query) for name, query, _ in told] == [(one.name, one.expression) for one in ALERTS]
    assert {severity for _, _, severity in told} == {"CRITICAL", "WARNING"}


def test_the_library_refuses_what_is_none() -> None:
    assert read([{"displayName": "x", "conditionz": []}]).returncode != 0
