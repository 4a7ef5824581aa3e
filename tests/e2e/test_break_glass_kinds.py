"""The kinds of break-glass in a real cluster: what is signed comes back as it was signed, and nobody alters it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.gatekeeper.break_glass.policy import valid_signer
from lockgate.webhook.break_glass_definitions import break_glass_definitions

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.gatekeeper.break_glass.making import make_grant, make_policy, policy_value, sign, unsigned

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        for definition in break_glass_definitions():
            done = kubectl(made, "apply", "-f", "-", given=json.dumps(definition))
            assert done.returncode == 0, done.stderr
        names = [
            str(one["metadata"]["name"])
            for one in break_glass_definitions()
            if isinstance(one["metadata"], dict)
        ]
        done = kubectl(
            made, "wait", "--for=condition=Established", "--timeout=30s", *[f"crd/{name}" for name in names]
        )
        assert done.returncode == 0, done.stderr
        yield made


def test_what_is_applied_comes_back_as_it_was_signed(cluster: Cluster) -> None:
    value = sign(unsigned("full", namespaces=["ml"], policies=[{"kind": "K", "name": "n"}, {"kind": "L"}]))
    done = kubectl(cluster, "apply", "-f", "-", given=json.dumps(value))
    assert done.returncode == 0, done.stderr
    shown = kubectl(cluster, "get", "breakglass", "full", "-o", "json")
    grant = make_grant(json.loads(shown.stdout))
    assert valid_signer(make_policy(), grant) == "ada"
    table = kubectl(cluster, "get", "breakglass", "full")
    assert table.stdout.split() == [
        *["NAME", "TICKET", "UNTIL", "SIGNER", "REASON"],
        *["full", "OPS-1", "2026-06-01T00:30:00Z", "ada", "the", "registry", "is", "down"],
    ]


def test_a_policy_is_taken(cluster: Cluster) -> None:
    done = kubectl(cluster, "apply", "-f", "-", given=json.dumps(policy_value(revoked=["x"])))
    assert done.returncode == 0, done.stderr


def test_a_grant_cannot_be_altered(cluster: Cluster) -> None:
    assert kubectl(cluster, "apply", "-f", "-", given=json.dumps(sign(unsigned("fixed")))).returncode == 0
    done = kubectl(cluster, "apply", "-f", "-", given=json.dumps(sign(unsigned("fixed", reason="another"))))
    assert done.returncode == 1
    assert "a BreakGlass cannot be altered: make a new one" in done.stderr


@pytest.mark.parametrize(
    "spec",
    [
        {"reason": None},
        {"ticket": ""},
        {"nonce": "x"},
        {"until": "soon"},
        {"namespaces": "ml"},
        {"extra": "x"},
    ],
)
def test_a_malformed_one_is_refused_at_once(cluster: Cluster, spec: dict[str, Any]) -> None:
    done = kubectl(cluster, "create", "-f", "-", given=json.dumps(sign(unsigned("wrong", **spec))))
    assert done.returncode == 1, done.stdout
