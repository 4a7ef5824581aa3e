"""QuotaSnapshots: read strictly, and written so that they are read."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import lockgate.webhook
import pytest
from lockgate.engine.errors import PolicyError, UsageError
from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.telling import HeldBy
from lockgate.webhook.quota.snapshot import NOTHING, Use, parse_snapshot, read_snapshot, render_snapshot

from tests.gatekeeper.exemptions.making import NOW_NS, read
from tests.gatekeeper.quotas.making import quota
from tests.webhook.quota.making import DEVICES, parsed, snapshot, use

SCHEMA = json.loads(
    (Path(lockgate.webhook.__file__).parent / "schemas" / "quota-snapshot.schema.json").read_text()
)
HELD = [{"object": "pods ml/a", "amount": 3}]


def test_what_is_read() -> None:
    found = parsed(usage=(use("gpus", 5, reserved=1, holders=HELD),), namespaces={"ml": {"team": "fraud"}})
    assert (found.cluster, found.taken_ns, [one.name for one in found.quotas]) == ("prod", NOW_NS, ["gpus"])
    assert found.use_of("gpus", DEVICES, 0) == Use(5, 1, 0, (HeldBy("pods ml/a", 3),))
    assert found.use_of("gpus", "devices/other", 0) is NOTHING
    assert found.namespaces["ml"]["metadata"] == {"name": "ml", "labels": {"team": "fraud"}}


def test_what_is_written_is_read() -> None:
    key = QuotaKey("prod", "gpus", DEVICES)
    held = {
        key: Use(5, 1, 0, (HeldBy("pods ml/a", 3),)),
        QuotaKey("prod", "gpus", "gpu-seconds/x", 7): Use(1, 2, 3),
    }
    text = render_snapshot("prod", NOW_NS, [quota()], {"ml": {"b": "1", "a": "2"}}, held)
    jsonschema.validate(json.loads(text), SCHEMA)
    found = parse_snapshot(read(json.loads(text)))
    assert found.use == held
    again = render_snapshot(
        "prod", NOW_NS, [quota()], {"ml": {"a": "2", "b": "1"}}, dict(reversed(held.items()))
    )
    assert text == again


WRONG: list[tuple[dict[str, Any], str]] = [
    (snapshot(apiVersion="quota.lockgate.dev/v9"), "unsupported version"),
    (snapshot(cluster=""), "cluster is empty"),
    (snapshot(taken="yesterday"), "taken is no time"),
    (snapshot(limits=[]), "unknown field limits"),
    (snapshot(quota(), quota()), "there are two quotas of the name gpus"),
    (
        snapshot(quota(limits=[{"class": "a", "hard": -1}])),
        "quotas[0].spec.limits[0].hard is no whole number",
    ),
    (snapshot({"kind": "Pod"}), "unsupported version ''"),
    (snapshot(usage=(use("gpus", -1),)), "usage[0].used is no whole number"),
    (snapshot(usage=(use("gpus", 2**63),)), "usage[0].used is no whole number"),
    (
        snapshot(usage=(use("gpus", 1), use("gpus", 2))),
        "usage[1] tells of gpus devices/gpu.example.com again",
    ),
    (snapshot(usage=(use("", 1),)), "usage[0].scope is empty"),
    (snapshot(usage=(use("gpus", 1, window=-1),)), "usage[0].window is no whole number"),
    (
        snapshot(usage=(use("gpus", 1, holders=[{"object": "a"}]),)),
        "usage[0].holders[0].amount is no whole number",
    ),
    (snapshot(namespaces={"ml": {"a": 1}}), "must be a string"),
]


@pytest.mark.parametrize(("value", "said"), WRONG, ids=[said for _, said in WRONG])
def test_refused_with_the_place(value: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_snapshot(read(value, "quotas.json"))
    assert said in str(caught.value)
    assert caught.value.location is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no QuotaSnapshot"),
        ("kind: ConfigMap\napiVersion: v1\n", "holds no QuotaSnapshot"),
        (
            json.dumps(snapshot()) + "\n---\n" + json.dumps(snapshot()),
            "holds no QuotaSnapshot, or more than one",
        ),
    ],
)
def test_files_without_one(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "q.json").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_snapshot(str(tmp_path / "q.json"), "q.json")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the quota snapshot q\.json: no such file"):
        read_snapshot(str(tmp_path / "q.json"), "q.json")
    (tmp_path / "q.json").write_text("{")
    with pytest.raises(PolicyError):
        read_snapshot(str(tmp_path / "q.json"), "q.json")
