"""`lockgate fn`: what goes in comes out, with what policies say of each item; and what a hostile list may not do."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.webhook.cli import run
from lockgate.webhook.krm.resource_list import MOST_BYTES, place_of

from tests.webhook.test_check import TEMPLATE, constraint

BAD = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "bad",
        "annotations": {"config.kubernetes.io/path": "deploy/bad.yaml", "config.kubernetes.io/index": "2"},
    },
}
GOOD = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "good", "labels": {"owner": "me"}}}
POLICIES = [yaml.safe_load(TEMPLATE), yaml.safe_load(constraint())]


def resource_list(items: list[Any], config: Any = None, **more: Any) -> dict[str, Any]:
    made = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, **more}
    return made if config is None else {**made, "functionConfig": config}


def validator(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "fn.lockgate.dev/v1alpha1",
        "kind": "LockgateValidator",
        "metadata": {"name": "gate"},
        "spec": spec,
    }


def config_map(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gate"}, "data": data}


class Function:
    """Runs the function in a working folder that has the policies in `policies/`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, given: Any, *arguments: str) -> tuple[int, str, str]:
        data = given if isinstance(given, bytes) else json.dumps(given).encode()
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        code = run(["fn", *arguments])
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], compiled: str
) -> Function:
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    work = tmp_path / "work"
    (work / "policies").mkdir(parents=True)
    (work / "policies" / "all.yaml").write_text(TEMPLATE + "\n---\n" + constraint())
    (tmp_path / "outside.yaml").write_text(TEMPLATE + "\n---\n" + constraint())
    monkeypatch.chdir(work)
    return Function(monkeypatch, capsys)


def test_a_violation_is_a_result_at_its_field_and_file(function: Function) -> None:
    code, out, err = function(resource_list([GOOD, BAD]), "-p", "policies")
    made = yaml.safe_load(out)
    assert code == 1
    assert made["items"] == [GOOD, BAD]
    first = made["results"][0]
    assert first["severity"] == "error"
    assert first["resourceRef"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "bad",
        "namespace": "default",
    }
    assert first["file"] == {"path": "deploy/bad.yaml", "index": 2}
    assert first["tags"]["policy"] == "NeededLabels"
    assert err.startswith("error: deploy/bad.yaml[2] ConfigMap bad")
    assert [one["severity"] for one in made["results"]].count("error") == 1


def test_comments_and_order_stay(function: Function) -> None:
    given = (
        b"# top\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- kind: ConfigMap # here\n"
        b'  apiVersion: v1\n  metadata: {name: bad}\n  data:\n    number: "1.0"\n    text: |+\n      a\n\n'
    )
    code, out, _ = function(given, "-p", "policies")
    assert code == 1
    assert out.startswith(given.decode())
    assert yaml.safe_load(out)["items"] == yaml.safe_load(given)["items"]


NUMBERS = b"""apiVersion: config.kubernetes.io/v1
kind: ResourceList
results: [{message: before, severity: error}]
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {owner: me}}, big: 9007199254740993, real: 1.50}
"""


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(NUMBERS, id="results of another function"),
        pytest.param(json.dumps(yaml.safe_load(NUMBERS)).encode(), id="json"),
        pytest.param(b"---\n" + NUMBERS + b"...\n", id="end marker"),
    ],
)
def test_what_cannot_be_added_to_is_written_anew_and_means_the_same(function: Function, given: bytes) -> None:
    code, out, _ = function(given, "-p", "policies")
    made, before = yaml.safe_load(out), yaml.safe_load(given)
    assert code == 0
    assert made["items"] == before["items"]
    assert "before" not in json.dumps(made.get("results", []))


@pytest.mark.parametrize(
    ("config", "code"),
    [
        (validator(policies=["policies"]), 1),
        (config_map(policies="policies"), 1),
        (config_map(policies="policies/all.yaml, policies"), 1),
        (validator(policiesInItems=True), 1),
        (config_map(policiesInItems="true"), 1),
    ],
    ids=["list", "text", "texts", "in items", "in items, as text"],
)
def test_policies_are_named_by_the_config(function: Function, config: dict[str, Any], code: int) -> None:
    given = resource_list([*POLICIES, BAD], config)
    assert function(given)[0] == code


def test_a_config_adds_to_the_command_line_and_takes_nothing_away(function: Function) -> None:
    lenient = yaml.safe_load(constraint())
    lenient["metadata"]["name"] = "lenient"
    lenient["spec"]["enforcementAction"] = "dryrun"
    given = resource_list([lenient, BAD], validator(policiesInItems=True, failOn=[]))
    code, out, _ = function(given, "-p", "policies")
    assert code == 1
    found = [one["severity"] for one in yaml.safe_load(out)["results"] if "bad.yaml" in json.dumps(one)]
    assert found == ["error", "info"]


def test_what_warns_is_a_warning_unless_it_fails(function: Function) -> None:
    Path("warn.yaml").write_text(TEMPLATE + "\n---\n" + constraint(action="warn"))
    code, out, _ = function(resource_list([BAD]), "-p", "warn.yaml")
    assert (code, yaml.safe_load(out)["results"][0]["severity"]) == (0, "warning")
    for config, arguments in ((validator(failOn=["warn"]), ()), (None, ("--fail-on", "warn"))):
        code, out, _ = function(resource_list([BAD], config), "-p", "warn.yaml", *arguments)
        assert (code, yaml.safe_load(out)["results"][0]["severity"]) == (1, "error")


def test_exemptions_among_the_items_exempt_nothing(function: Function) -> None:
    exemption = {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": "mine"},
        "spec": {
            "policies": [{"kind": "NeededLabels", "name": "owner"}],
            "match": {"namespaces": ["default"]},
            "reason": "because",
            "owner": "me",
            "issuedAt": "2020-01-01T00:00:00Z",
            "expiresAt": "2999-01-01T00:00:00Z",
        },
    }
    given = resource_list([*POLICIES, exemption, BAD], validator(policiesInItems=True))
    assert function(given)[0] == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "standard input is empty"),
        (b"\n", "standard input is empty"),
        (b"apiVersion: v1\nkind: List\nitems: []\n", "no ResourceList"),
        (b"apiVersion: config.kubernetes.io/v9\nkind: ResourceList\nitems: []\n", "no ResourceList"),
        (b"[]", "no ResourceList"),
        (json.dumps(resource_list([])).encode() + b"\n---\n" + json.dumps(GOOD).encode(), "no ResourceList"),
        (b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {}\n", "no list"),
        (json.dumps(resource_list([1])).encode(), "no Kubernetes object"),
        (json.dumps(resource_list([BAD, {"a": 1}])).encode(), "no Kubernetes object"),
        (b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [\n", "error: "),
        (b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nkind: ResourceList\n", "already set"),
        (b"a: &a [1]\nb: &b [*a,*a]\nc: &c [*b,*b]\xff", "error: "),
        (json.dumps(resource_list([], [1])).encode(), "functionConfig"),
        (json.dumps(resource_list([], config_map(profil="baseline"))).encode(), "'profil'"),
        (json.dumps(resource_list([], config_map(profile="../../x"))).encode(), "profile"),
        (json.dumps(resource_list([], config_map(failOn="never"))).encode(), "failOn"),
        (json.dumps(resource_list([], config_map(namespace="A/B"))).encode(), "namespace"),
        (json.dumps(resource_list([], config_map(policiesInItems="yes"))).encode(), "true nor false"),
        (json.dumps(resource_list([], validator(policies="policies " * 101))).encode(), "at most 100"),
        (json.dumps(resource_list([], validator(policies=["../outside.yaml"]))).encode(), "working folder"),
        (json.dumps(resource_list([], validator(policies=["/etc/passwd"]))).encode(), "working folder"),
        (json.dumps(resource_list([], validator(policies=["link.yaml"]))).encode(), "working folder"),
        (
            json.dumps(resource_list([GOOD], validator(policiesInItems=True))).encode(),
            "no item is a constraint",
        ),
        (json.dumps(resource_list([], {"apiVersion": "v1", "kind": "Secret"})).encode(), "Secret"),
        (b" " * (MOST_BYTES + 1), "larger than 32 MiB"),
    ],
    ids=lambda one: one if isinstance(one, str) else "given",
)
def test_what_cannot_be_judged_fails(function: Function, given: bytes, said: str) -> None:
    Path("link.yaml").symlink_to("../outside.yaml")
    code, out, err = function(given)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_an_item_that_calls_itself_a_patch_or_local_is_judged(function: Function) -> None:
    """What a package says of its own objects takes none of them out."""
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "metadata": {"name": "k", "annotations": {"config.kubernetes.io/path": "deploy/kustomization.yaml"}},
        "patches": [{"path": "bad.yaml"}],
    }
    code, out, _ = function(resource_list([kustomization, BAD]), "-p", "policies")
    assert code == 1
    assert '"deploy/bad.yaml"' in out


def test_texts_of_items_cannot_break_the_results(function: Function) -> None:
    name = "x\n- {message: fine}\n\u2028\x7f\x1b[0m\N{GRINNING FACE}"
    bad = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    code, out, err = function(resource_list([bad]), "-p", "policies")
    assert code == 1
    made = yaml.safe_load(out)
    assert made["items"] == [bad]
    (one,) = [one for one in made["results"] if one["severity"] == "error"]
    assert "\n" not in one["resourceRef"]["name"]
    assert "\x1b" not in err
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1


@pytest.mark.parametrize(
    ("annotations", "path", "index"),
    [
        ({"config.kubernetes.io/path": "a/b.yaml", "config.kubernetes.io/index": "3"}, "a/b.yaml", 3),
        (
            {"internal.config.kubernetes.io/path": "new.yaml", "config.kubernetes.io/path": "old.yaml"},
            "new.yaml",
            0,
        ),
        ({"config.kubernetes.io/path": "a.yaml", "config.kubernetes.io/index": "9" * 50}, "a.yaml", 0),
        ({"config.kubernetes.io/path": "a.yaml", "config.kubernetes.io/index": 7}, "a.yaml", 0),
        ({"config.kubernetes.io/path": "../a.yaml"}, None, 0),
        ({"config.kubernetes.io/path": "/a.yaml"}, None, 0),
        ({"config.kubernetes.io/path": "a" * 5000}, None, 0),
        ({"config.kubernetes.io/path": 1}, None, 0),
        ({}, None, 0),
    ],
    ids=lambda one: str(one)[:60],
)
def test_places(annotations: dict[str, Any], path: str | None, index: int) -> None:
    place = place_of({"metadata": {"annotations": annotations}})
    assert (None if place is None else place.path) == path
    assert place is None or place.index == index
