"""A step that is blocked while devices are unhealthy: what the cluster says is handed in, and judged."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from tests.engine.promotions.test_pool_health import READY, devices, node
from tests.webhook.promoting.office import BYTES, Office

BROKEN = {
    "type": "GPUUnhealthy",
    "status": "True",
    "reason": "Xid79",
    "lastTransitionTime": "2026-11-27T10:00:00Z",
}


UID = "5f1c2f7e-0a4b-4c1f-9a55-1d2f00c0ffee"


def at(**ago: int) -> str:
    """A moment before now, as Kubernetes spells it."""
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(*objects: dict[str, Any], heard: str = "") -> str:
    """What kubectl prints."""
    beat = {**READY, "lastHeartbeatTime": heard or at()}
    system = {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": UID}}
    other = {"kind": "Namespace", "metadata": {"name": "ml", "uid": "other"}}
    return json.dumps({"kind": "List", "items": [other, system, *objects, node("last", beat)]})


def observed(
    office: Office,
    *objects: dict[str, Any],
    heard: str = "",
    cluster: str = "eu-1",
    more: tuple[str, ...] = (),
) -> Any:
    """Runs `promotions health`, which writes health.json."""
    office.write("objects.json", listed(*objects, heard=heard))
    return office.run(
        "promotions", "health", "objects.json", "--cluster", cluster, "--output", "health.json", *more
    )


def asked(office: Office, *more: str, cluster: str = "eu-1", **health: Any) -> Any:
    """A promotion that lacks nothing but healthy devices. health: of the step's deviceHealth."""
    told = {"deviceHealth": health} if health else {}
    office.write_policy_of({"to": "prod", "blockedWhileUnhealthy": True, **told})
    place = ("--cluster", cluster) if cluster else ()
    return office.promote("prod", "--digest", BYTES, *place, *more)


def test_devices_that_are_well_let_it_in(office: Office) -> None:
    ran = observed(office, node("a", gpus="8"), devices("a", "gpu-0"))
    assert ran.code == 0, ran.err
    assert "  healthy    gpu.nvidia.com: 0 of 1 nodes are struck\n" in ran.out
    assert "--pool-health" in asked(office).out
    assert "missing: prod takes nothing while" not in asked(office, "--pool-health", "health.json").out


def test_who_is_struck_is_told_with_the_reason_and_since_when(office: Office) -> None:
    ran = observed(office, node("a", READY, BROKEN, gpus="8"))
    assert "             a: GPUUnhealthy is True (Xid79) since 2026-11-27T10:00:00Z\n" in ran.out
    ran = asked(office, "--pool-health", "health.json")
    told = "nvidia.com/gpu in eu-1, 1 of 1 nodes: a (GPUUnhealthy is True (Xid79) since 2026-11-27T10:00:00Z)"
    assert (
        f"missing: prod takes nothing while a pool of devices is not known to be healthy: {told}" in ran.out
    )
    # What stands is judged anew with what is known by then.
    pending = office.run("promotions", "pending", *office.desk(), "--pool-health", "health.json")
    assert told in pending.out
    assert "nobody knows" in office.pending().out


@pytest.mark.parametrize(("health", "is_let_in"), [({}, True), ({"maximumShare": 0}, False)])
def test_the_policy_says_which_share_may_be_out_for_repair(
    office: Office, health: dict[str, Any], is_let_in: bool
) -> None:
    nodes = [node(f"n{number}", gpus="8") for number in range(9)]
    # What whoever writes the file would let pass decides nothing.
    ran = observed(office, *nodes, node("a", READY, BROKEN, gpus="8"), more=("--share", "0.9"))
    assert "  healthy    nvidia.com/gpu: 1 of 10 nodes are struck\n" in ran.out
    ran = asked(office, "--pool-health", "health.json", **health)
    assert ("missing: prod takes nothing while" not in ran.out) is is_let_in


LISTED = {"clusters": [{"name": "eu-1", "uid": UID}]}


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ({"pools": ["gpu.nvidia.com"]}, ""),
        ({"pools": ["nvidia.com/gpu"]}, "nvidia.com/gpu in eu-1, 1 of 1 nodes"),
        ({"pools": ["amd.com/gpu"]}, "amd.com/gpu in eu-1, the cluster tells of no such devices"),
        ({**LISTED, "pools": ["gpu.nvidia.com"]}, ""),
        (
            {"clusters": [{"name": "eu-1", "uid": "9"}]},
            f"the devices of eu-1, the file is of the cluster {UID}, and the PromotionPolicy has 9 by that name",
        ),
        (
            {"clusters": [{"name": "us-1", "uid": UID}]},
            "the devices of eu-1, the PromotionPolicy does not list this cluster",
        ),
        (
            {"signers": ["risk-1"]},
            "the devices of eu-1, the file is not signed by risk-1, with a key that counts",
        ),
    ],
    ids=["pool", "struck pool", "no such pool", "listed", "another cluster", "not listed", "not signed"],
)
def test_the_policy_says_which_devices_of_which_cluster_count(
    office: Office, health: dict[str, Any], told: str
) -> None:
    observed(office, node("b", READY, BROKEN, gpus="8"), node("a"), devices("a", "gpu-0"))
    ran = asked(office, "--pool-health", "health.json", **health)
    assert ran.code == 0, ran.err
    if told:
        assert f"not known to be healthy: {told}" in ran.out
    else:
        assert "missing: prod takes nothing while" not in ran.out


def test_one_clusters_file_is_nothing_for_any_cluster(office: Office) -> None:
    observed(office, node("a", gpus="8"))
    assert "nobody knows" in asked(office, "--pool-health", "health.json", cluster="").out
    both = {"clusters": [*LISTED["clusters"], {"name": "us-1", "uid": "2"}]}
    ran = asked(office, "--pool-health", "health.json", cluster="", **both)
    assert "the devices of us-1, no file of --pool-health tells of it" in ran.out
    ran = asked(office, "--pool-health", "health.json", cluster="", **LISTED)
    assert "missing: prod takes nothing while" not in ran.out


def signed(office: Office, by: str) -> Any:
    ran = observed(office, node("a", gpus="8"), more=("--sign", f"{by}.pem"))
    assert ran.code == 0, ran.err
    return asked(office, "--pool-health", "health.json", signers=["risk-1", "risk-3"])


def test_a_signed_file_is_whose_it_has_to_be(office: Office) -> None:
    assert "missing: prod takes nothing while" not in signed(office, "risk-1").out
    assert "is not signed by risk-1, risk-3" in signed(office, "risk-2").out
    ran = signed(office, "stranger")
    assert (ran.code, "health.json: 0 of the given keys signed the envelope" in ran.err) == (2, True)
    envelope = json.loads((office.folder / "health.json").read_text())
    envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
    office.write("health.json", json.dumps(envelope))
    assert asked(office, "--pool-health", "health.json").code == 2


def test_a_key_that_was_given_up_signs_nothing(office: Office) -> None:
    assert office.give_up("risk-1").code == 0
    assert "is not signed by risk-1, risk-3" in signed(office, "risk-1").out


def test_another_statement_by_the_same_key_is_none(office: Office) -> None:
    office.write_policy_of({"to": "prod", "blockedWhileUnhealthy": True})
    facts = "facts/fraud.facts.dsse.json"
    office.write_people("[[person]]\nname = 'ci'\nkeys = ['ci.pub.pem']\n")
    ran = office.promote("prod", "--digest", BYTES, "--cluster", "eu-1", "--pool-health", facts)
    assert (ran.code, "is a statement of another kind" in ran.err) == (2, True), ran.err


def test_the_log_has_what_was_known_of_the_devices(office: Office) -> None:
    """When it was asked for, in what was signed; and when it was made, which may be another file."""
    signed(office, "risk-1")
    first = f"sha256:{sha256((office.folder / 'health.json').read_bytes()).hexdigest()}"
    (evidence,) = [one for one in office.statement()["predicate"]["evidence"] if one["kind"] == "health"]
    assert (evidence["envelope"], evidence["passed"], evidence["values"]) == (first, True, {})
    observed(office, node("a", READY, BROKEN, gpus="8"))
    ran = asked(office, "--pool-health", "health.json")
    (evidence,) = [one for one in office.statement()["predicate"]["evidence"] if one["kind"] == "health"]
    assert evidence["passed"] is False
    observed(office, node("a", gpus="8"))
    second = f"sha256:{sha256((office.folder / 'health.json').read_bytes()).hexdigest()}"
    ran = office.approve("--require", "--pool-health", "health.json")
    assert ran.code == 0, ran.out + ran.err
    with office.open() as desk:
        made = desk.log.history.promotions("s3:models/fraud", "prod")[-1]
        told = desk.log.details(made.index)["poolHealth"]
    assert [(one["file"], one["cluster"], one["clusterUid"], one["healthy"]) for one in told] == [
        (second, "eu-1", UID, True)
    ]


def test_another_clusters_devices_say_nothing(office: Office) -> None:
    observed(office, node("a", gpus="8"), cluster="us-1")
    ran = asked(office, "--pool-health", "health.json")
    assert "the devices of eu-1, no file of --pool-health tells of it" in ran.out


@pytest.mark.parametrize(("minutes", "told"), [(40, "longer ago than 30 minutes"), (-20, "still to come")])
def test_what_was_true_once_is_no_fact_now(office: Office, minutes: int, told: str) -> None:
    # Writing the file again does not make what it tells any younger.
    observed(office, node("a", gpus="8"), heard=at(minutes=minutes))
    ran = asked(office, "--pool-health", "health.json")
    assert ran.code == 2
    assert told in ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "health.json"),
        ("[]", "health.json is no object"),
        ('{"schemaVersion": 1}', "schemaVersion of health.json is not 2"),
        ('{"schemaVersion": 2, "observed": "yesterday"}', "is no time as RFC 3339 has it"),
        ('{"schemaVersion": 2, "observed": "2026-11-27T10:00:00"}', "is a time without its zone"),
        ('{"schemaVersion": 2, "observed": "NOW", "pools": []}', "tells of no devices"),
        (
            '{"schemaVersion": 2, "observed": "NOW", "pools": [{"name": "p", "nodes": 0, "unhealthy": []}]}',
            "is fewer than",
        ),
        ('{"payloadType": "x", "payload": "", "signatures": []}', "health.json"),
        ('{"schemaVersion": 1, "schemaVersion": 1}', "health.json"),
    ],
)
def test_a_file_that_is_none(office: Office, text: str, told: str) -> None:
    office.write("health.json", text.replace("NOW", at()))
    ran = asked(office, "--pool-health", "health.json")
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "objects.json"),
        ('{"kind": "List", "items": []}', "has no Node that tells when it was heard of last"),
        ('{"kind": "List", "items": [{"kind": "Node", "metadata": {}}]}', "objects.json"),
        (listed(), "tells of no devices"),
        (
            listed(node("a", gpus="8")).replace("kube-system", "kube-other"),
            "has no Namespace kube-system with its UID",
        ),
        (listed({"kind": "ResourceSlice", "spec": {}}), "spec of objects.json"),
    ],
)
def test_what_no_cluster_says(office: Office, text: str, told: str) -> None:
    office.write("objects.json", text)
    ran = office.run("promotions", "health", "objects.json", "--cluster", "eu-1")
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err
