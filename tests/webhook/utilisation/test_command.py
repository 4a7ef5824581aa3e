"""Measurements of what workloads use: read, summed up, and told to the rule that compares them with what is asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.errors import InputError
from lockgate.webhook.utilisation.samples import Container, Labels, read_samples
from lockgate.webhook.utilisation.summary import external_data, key_of, summarise

from tests.policies.shipped import POLICIES
from tests.webhook.helpers import run_here, run_lockgate

SERVER = Container("shop", "fraud", "server")
LABELS = {"namespace": "shop", "workload": "fraud", "container": "server"}
KEY = '{"name":"fraud","namespace":"shop"}'


def matrix(*series: tuple[dict[str, Any], list[Any]]) -> bytes:
    """An answer of query_range."""
    result = [{"metric": metric, "values": values} for metric, values in series]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


def test_pods_of_a_workload_are_taken_together() -> None:
    data = matrix(
        ({**LABELS, "pod": "fraud-1"}, [[10, "0.5"], [20, "NaN"]]),
        ({**LABELS, "pod": "fraud-2"}, [[10, "1"], [20, "+Inf"]]),
        ({**LABELS, "container": "proxy"}, [[10.5, "2e-1"]]),
    )
    assert read_samples(data, "f", Labels()) == {
        SERVER: [(10.0, 0.5), (10.0, 1.0)],
        Container("shop", "fraud", "proxy"): [(10.5, 0.2)],
    }


def test_labels_are_chosen() -> None:
    data = matrix(({"ns": "a", "owner": "b", "c": "d"}, [[1, "1"]]))
    assert list(read_samples(data, "f", Labels("ns", "owner", "c"))) == [Container("a", "b", "d")]


def test_a_table() -> None:
    text = "value,time,container,workload,namespace,pod\n0.5,10,server,fraud,shop,x\n\n1,1970-01-01T00:00:20Z,server,fraud,shop,y\n"
    for data in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode()):
        assert read_samples(data, "f", Labels()) == {SERVER: [(10.0, 0.5), (20.0, 1.0)]}


HEADER = "namespace,workload,container,time,value\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "f is no JSON"),
        (b'{"status": "error"}', "status of f is not success"),
        (b'{"status": "success", "data": {"resultType": "vector", "result": []}}', "ask query_range"),
        (matrix(({"namespace": "a"}, [])), "has no workload"),
        (matrix(({**LABELS, "container": ""}, [])), "container of f is empty"),
        (matrix(({**LABELS, "workload": 7}, [])), "is no text"),
        (matrix((LABELS, [[1]])), r"result\[0\].values\[0\] of f is no time with a number"),
        (matrix((LABELS, [[True, "1"]])), "is no time with a number"),
        (matrix((LABELS, [[1, 1]])), "is no time with a number"),
        (matrix((LABELS, [[1, "-1"]])), "is no time with a number"),
        (matrix((LABELS, [[1, "1_0"]])), "is no time with a number"),
        (matrix((LABELS, [[1e300, "1"]])), "is no time with a number"),
        (b"\xff\xfe", "neither JSON nor UTF-8"),
        (b"", "no one column|neither an answer"),
        (b"namespace,workload,container,time\n", "'value'"),
        (b"namespace,namespace,workload,container,time,value\n", "'namespace'"),
        (f"{HEADER}a,b,c,1\n".encode(), "line 2 of f has 4 columns, and the header 5"),
        (f"{HEADER}a,,c,1,1\n".encode(), "line 2 of f does not say of which container it is"),
        (f"{HEADER}a,b,c,1,much\n".encode(), "line 2 of f has no number as value: 'much'"),
        (f"{HEADER}a,b,c,noon,1\n".encode(), "no time in seconds"),
        (f"{HEADER}a,b,c,2026-01-01T00:00:00,1\n".encode(), "no time in seconds"),
        (f"{HEADER}a,b,c,nan,1\n".encode(), "a time that is none"),
        (f'{HEADER}a,b,"c"d,1,1\n'.encode(), "line 2 of f is no row of a table"),
    ],
)
def test_what_cannot_be_read(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_samples(data, "f", Labels())


def test_more_than_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.webhook.utilisation.samples.MAX_SAMPLES", 2)
    data = matrix((LABELS, [[1, "1"], [2, "1"], [3, "1"]]))
    with pytest.raises(InputError, match="more than 2 measurements"):
        read_samples(data, "f", Labels())


def test_the_percentile() -> None:
    use = summarise([(float(second), float(second)) for second in range(1, 101)])
    assert (use.p95, use.maximum, use.samples) == (95.0, 100.0, 100)
    assert (use.since, use.until) == ("1970-01-01T00:00:01Z", "1970-01-01T00:01:40Z")
    assert summarise([(0.0, 3.0)]).p95 == 3.0


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=300))
def test_the_percentile_is_the_least_that_95_of_100_do_not_exceed(values: list[float]) -> None:
    use = summarise([(0.0, value) for value in values])
    assert use.p95 in values
    assert sum(value <= use.p95 for value in values) * 100 >= 95 * len(values)
    assert sum(value < use.p95 for value in values) * 100 < 95 * len(values)


def test_what_rules_are_told() -> None:
    told = external_data({"cpu": {SERVER: [(0.0, 0.5)]}, "memory": {SERVER: [(0.0, 1024.0)]}})
    [provider] = told["providers"]
    assert key_of("shop", "fraud") == KEY
    use = {"samples": 1, "since": "1970-01-01T00:00:00Z", "until": "1970-01-01T00:00:00Z"}
    assert provider["values"] == {
        KEY: {
            "containers": {
                "server": {
                    "cpu": {"p95": 0.5, "maximum": 0.5, **use},
                    "memory": {"p95": 1024, "maximum": 1024, **use},
                }
            }
        }
    }
    assert provider["otherwise"] == "nothing was measured of it"


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: fraud, namespace: shop}
spec:
  selector: {matchLabels: {app: fraud}}
  template:
    metadata: {labels: {app: fraud}}
    spec:
      containers:
      - name: server
        image: registry.example.com/ml/fraud:1
        resources:
          requests: {cpu: "8"}
"""
CONSTRAINT = """
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: LockgateRightSizing
metadata: {name: sizes}
spec:
  match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}
  parameters: {maximumAgeDays: 3650, minimumSamples: 2}
"""


def test_from_measurements_to_a_verdict(tmp_path: Path) -> None:
    week = 7 * 86_400
    (tmp_path / "cpu.json").write_bytes(
        matrix((LABELS, [[1_767_225_600, "0.5"], [1_767_225_600 + week, "1"]]))
    )
    (tmp_path / "app.yaml").write_text(DEPLOYMENT)
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "constraint.yaml").write_text(CONSTRAINT)
    template = POLICIES.root / "cost" / "right_sizing" / "template.yaml"
    (policies / "template.yaml").write_text(template.read_text())
    ran = run_here("utilisation", "--cpu", "cpu.json", "--output", "use.json", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, "", "1 workloads were measured\n")
    checked = run_here("check", "-p", "policies", "--external-data", "use.json", "app.yaml", cwd=tmp_path)
    assert checked.code == 1
    assert "container asks for more cpu than it uses" in checked.out
    assert "set it to 1300m" in checked.out
    unknown = run_here("check", "-p", "policies", "app.yaml", cwd=tmp_path)
    assert unknown.code == 0
    assert "lockgate-utilisation" in unknown.out


def test_standard_input_and_wrong_usage(tmp_path: Path) -> None:
    ran = run_lockgate(
        "utilisation", "--devices", "-", cwd=tmp_path, stdin=f"{HEADER}a,b,c,1,0.25\n".encode()
    )
    assert ran.code == 0
    [provider] = json.loads(ran.out)["providers"]
    assert provider["values"]['{"name":"b","namespace":"a"}']["containers"]["c"]["devices"]["p95"] == 0.25
    for arguments, message in (
        ((), "there are no measurements"),
        (("--cpu", "-", "--memory", "-"), "standard input can be one file only"),
        (("--cpu", "missing.json"), "cannot read missing.json"),
    ):
        wrong = run_here("utilisation", *arguments, cwd=tmp_path)
        assert wrong.code == 2
        assert message in wrong.err
