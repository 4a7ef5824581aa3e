"""What is written for Zabbix, Google Cloud Monitoring and Node Problem Detector names what there is, and is what those read."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import re2
import yaml
from lockgate.engine.promotions.pool_health import FATAL_CONDITIONS
from lockgate.webhook.cli import run
from lockgate.webhook.monitoring.alerts import ALERTS
from lockgate.webhook.monitoring.cloud_alerts import alert_policies
from lockgate.webhook.monitoring.gpu_health import CONDITION, gpu_monitor
from lockgate.webhook.monitoring.zabbix_template import MASTER, TEMPLATE, WATCHES, Watch
from lockgate.webhook.monitoring_command import FORMATS

from tests.policies.shipped import POLICIES
from tests.shared_folder import shared_path
from tests.webhook.monitoring.expressions import parse_expression
from tests.webhook.monitoring.test_monitoring import REGISTERED, VALUES


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command says."""
    assert run(["monitoring", *arguments]) == 0
    return capsys.readouterr().out


def template(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    export = yaml.safe_load(printed(capsys, "zabbix"))["zabbix_export"]
    (found,) = export["templates"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("watch", WATCHES, ids=[one.key for one in WATCHES])
def test_an_item_selects_series_that_there_are(watch: Watch) -> None:
    (selector,) = parse_expression(watch.pattern.replace("!=", "=")).selectors
    kind, labels = REGISTERED[selector.name]
    assert set(selector.matchers) <= labels
    for label, value in selector.matchers.items():
        assert value in VALUES[selector.name, label]
    # What only grows is told as a rate, or by its change.
    assert (kind == "counter") == (watch.rate or "change(" in watch.condition)


def test_each_alert_that_takes_no_quantile_has_one_trigger() -> None:
    triggers = Counter(one.alert for one in WATCHES if one.alert)
    assert set(triggers.values()) == {1}
    quantiles = {one.name for one in ALERTS if "histogram_quantile" in one.expression}
    assert quantiles == {"LockgateRecordsSlow", "LockgateSlow"}
    assert set(triggers) == {one.name for one in ALERTS} - quantiles


def test_the_template_fits_together(capsys: pytest.CaptureFixture[str]) -> None:
    made = template(capsys)
    items = {one["key"]: one for one in made["items"]}
    assert len(items) == len(made["items"]) == len(WATCHES) + 1
    triggers = [trigger for item in items.values() for trigger in item.get("triggers", [])]
    identities = [one["uuid"] for one in [made, *items.values(), *triggers]]
    assert len(set(identities)) == len(identities)
    # Zabbix refuses others (RFC 9562, version 4).
    assert all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", one) for one in identities)
    for key, item in items.items():
        for trigger in item.get("triggers", []):
            assert set(re.findall(r"/([^/]*)/([a-z_.]+)", trigger["expression"])) == {(TEMPLATE, key)}
            assert not re.search(r"\{\{|ITEM", trigger["name"] + trigger["expression"])
        assert (key == MASTER) == ("master_item" not in item)
    assert len({one["name"] for one in triggers}) == len(triggers)
    assert template(capsys) == made


def test_the_template_has_fields_that_public_exports_have(capsys: pytest.CaptureFixture[str]) -> None:
    known: set[str] = set()

    def gather(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*[gather(one) for one in value.values()])
        return set().union(*[gather(one) for one in value]) if isinstance(value, list) else set()

    for path in shared_path("corpus", "systems", "zabbix").rglob("*.y*ml"):
        try:
            value = yaml.safe_load(path.read_text("utf-8"))
        except yaml.YAMLError:
            continue
        if isinstance(value, dict) and "zabbix_export" in value:
            known |= gather(value)
    # Of Prometheus' items, which none of these has.
    known |= {"error_handler", "error_handler_params", "master_item", "url"}
    assert gather({"zabbix_export": {"templates": [template(capsys)]}}) <= known


def test_each_alert_is_a_policy_of_cloud_monitoring() -> None:
    channels = ["projects/p/notificationChannels/1"]
    made = alert_policies(channels)
    assert list(made) == [one.name for one in ALERTS]
    for alert in ALERTS:
        policy: Any = made[alert.name]
        (condition,) = policy["conditions"]
        asked = condition["conditionPrometheusQueryLanguage"]
        assert asked["query"] == alert.expression
        # In whole minutes, as the API takes it.
        assert int(asked["duration"].removesuffix("s")) % 60 == 0
        assert policy["notificationChannels"] == channels
        assert "{{" not in json.dumps(policy)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
            "GPUFellOffBus",
        ),
        (
            "NVRM: Xid (PCI:0000:17:00): 48, pid=1423, name=python, DBE (double bit error) ECC Error",
            "GPUDoubleBitECCError",
        ),
        ("NVRM: Xid (PCI:0000:17:00): 64, Row remapper error", "GPURowRemapFailure"),
        ("NVRM: Xid (PCI:0000:17:00): 63, Row Remapper: New row marked for remapping", "GPURowRemapPending"),
        ("NVRM: Xid (PCI:0000:17:00): 74, NVLink: fatal error detected on link 3", "GPUNVLinkError"),
        ("NVRM: Xid (PCI:0000:17:00): 94, Contained: CE User Channel (0x9)", "GPUContainedECCError"),
        ("NVRM: Xid (PCI:0000:17:00): 95, Uncontained: LTC TAG", "GPUUncontainedECCError"),
        (
            "NVRM: Xid (PCI:0000:17:00): 119, pid=7, Timeout after 6s of waiting for RPC response from GPU0 GSP!",
            "GPUSystemProcessorFailure",
        ),
        (
            "amdgpu 0000:83:00.0: amdgpu: 2 uncorrectable hardware errors detected in umc block",
            "GPUUncorrectableErrors",
        ),
        # An application's own fault, and what only looks like one.
        ("NVRM: Xid (PCI:0000:17:00): 13, pid=7, Graphics SM Warp Exception", None),
        ("NVRM: Xid (PCI:0000:17:00): 31, pid=7, MMU Fault", None),
        ("NVRM: Xid (PCI:0000:17:00): 43, pid=7, Ch 00000008", None),
        ("NVRM: Xid (PCI:0000:17:00): 480, pid=7", None),
        ("NVRM: GPU at PCI:0000:17:00: GPU-7", None),
        ("amdgpu 0000:83:00.0: amdgpu: 0 uncorrectable hardware errors detected in umc block", None),
        ("usb 1-1: 79, new device", None),
    ],
)
def test_lines_of_the_kernel(line: str, reason: str | None) -> None:
    rules: Any = gpu_monitor()["rules"]
    found = [one["reason"] for one in rules if re2.search(one["pattern"], line)]
    assert found == ([] if reason is None else [reason])


def test_the_monitor_is_read_by_the_detector_and_by_us() -> None:
    made: Any = gpu_monitor()
    kinds = {one["type"] for one in made["conditions"]}
    assert kinds == {CONDITION}
    assert kinds <= FATAL_CONDITIONS
    assert {one["condition"] for one in made["rules"] if one["type"] == "permanent"} == kinds
    assert all("condition" not in one for one in made["rules"] if one["type"] == "temporary")
    folder = shared_path("corpus", "systems", "node-problem-detector")
    (path,) = folder.rglob("config/kernel-monitor.json")
    theirs = json.loads(path.read_text("utf-8"))
    assert set(made) <= set(theirs)
    assert {key for one in made["rules"] for key in one} <= {key for one in theirs["rules"] for key in one}


def test_what_is_written_passes_our_own_production_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for system in FORMATS:
        channels = ["--channel", "projects/p/notificationChannels/1"] if system == "cloud-monitoring" else []
        assert run(["monitoring", system, "--output", str(tmp_path / system), *channels]) == 0
        assert [*(tmp_path / system).iterdir()]
    profile = str(POLICIES.root / "profiles" / "production.yaml")
    code = run(["check", "--no-defaults", "--format", "json", "-p", profile, str(tmp_path)])
    said = json.loads(capsys.readouterr().out)
    assert (code, said["violations"], said["errors"]) == (0, [], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zabbix", "--channel", "projects/p/notificationChannels/1"], "for cloud-monitoring alone"),
        (["cloud-monitoring", "--channel", "mail"], "is no notification channel"),
        (["nagios"], "nagios"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["monitoring", *arguments]) == 2
    assert said in capsys.readouterr().err
